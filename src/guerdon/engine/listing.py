"""Who was forgotten gets on the list beside the database, also when that fails at first.

That somebody is forgotten is committed before their line is written: a line of somebody who then is
not would forget them at the next start. So a line that cannot be written is owed, whoever asked is
not told that it is done, and it is tried again until it is. What a process still owes at its end is
written by the next start, which compares the list with the database.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import structlog

from guerdon import limits
from guerdon.errors import GuerdonError, NotListed
from guerdon.store import forgotten
from guerdon.store.forgotten import Forgotten, Register
from guerdon.store.port import Rows

Whose = tuple[int, int]
"""A tenant, and a member's number."""


class Listing:
    """Writes lines, and remembers which it owes."""

    def __init__(
        self, read: Callable[[Callable[[Rows], Any]], Awaitable[Any]], register: Register | None
    ) -> None:
        self._read = read
        self._register = register
        self._owed: set[Whose] = set()
        self._task: asyncio.Task[None] | None = None

    async def put(self, whose: Whose) -> None:
        """A member's line; none for one who was not forgotten.

        Errors: NotListed - the line is owed.
        """
        try:
            await self._write([whose])
        except GuerdonError as error:
            self.owe(whose)
            raise NotListed from error
        except asyncio.CancelledError:
            self.owe(whose)
            raise

    def owe(self, whose: Whose) -> None:
        """Write a member's line soon, if they were forgotten."""
        self._owed.add(whose)
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._keep_trying())

    async def close(self) -> None:
        """Try once more what is owed."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._try_again()

    async def _keep_trying(self) -> None:
        while self._owed:
            await asyncio.sleep(limits.forgotten_retry_seconds)
            await self._try_again()

    async def _try_again(self) -> None:
        owed, self._owed = self._owed, set()
        try:
            await self._write(owed)
        except GuerdonError as error:
            self._owed |= owed
            structlog.get_logger().error("forgotten_not_listed", code=error.code, members=len(owed))
        except asyncio.CancelledError:
            self._owed |= owed
            raise

    async def _write(self, several: Iterable[Whose]) -> None:
        if self._register is None:
            return
        found = [await self._read(_line(*whose)) for whose in several]
        lines: list[Forgotten] = [line for line in found if line is not None]
        await asyncio.to_thread(self._register.add, lines)


def _line(tenant_id: int, number: int) -> Callable[[Rows], Forgotten | None]:
    return lambda rows: forgotten.of_member(rows, tenant_id, number)
