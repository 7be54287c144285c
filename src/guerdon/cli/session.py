"""A command's way to the store, whether or not a server runs.

Questions are answered by a read-only connection, which asks nobody. A change needs the committer:
it is opened here if nobody holds the store, and reached through the socket in the data folder if a
server does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from guerdon import bootstrap, limits
from guerdon.cli.patience import patiently
from guerdon.clock import Clock, SystemClock
from guerdon.config import Config
from guerdon.engine.commands import Command
from guerdon.engine.engine import Engine, Submitter
from guerdon.errors import GuerdonError, Locked, NotFound
from guerdon.store.port import Rows, Store

T = TypeVar("T")


def run(config: Config, work: Callable[[Engine], Awaitable[T]]) -> T:
    """What `work` gives, done with an engine for one command.

    A database that holds nothing yet gets all migrations.
    Errors: Locked - another process holds the store and cannot be reached; Misconfigured - the
            schema is not current, or the secret key is not the database's.
    """
    return asyncio.run(_run(config, work))


def tenant_id(rows: Rows, code: str) -> int:
    """A tenant's id by its code. Errors: NotFound."""
    row = rows.one("tenant_by_code", code=code)
    if row is None:
        raise NotFound(f"there is no tenant {code}", code="unknown_tenant", field="tenant")
    return int(row[0])


async def _run(config: Config, work: Callable[[Engine], Awaitable[T]]) -> T:
    clock = SystemClock()
    store = bootstrap.open_store(config, clock, _unheard)
    bootstrap.require_key(store, config, clock)
    if bootstrap.is_unfinished(store, config):
        patiently(store.migrate, clock, lambda error: isinstance(error, Locked))
    bootstrap.require_migrated(store)
    front = bootstrap.engine(config, store, _WhenNeeded(config, store, clock), clock)
    try:
        return await work(front)
    finally:
        await front.close()


def _unheard(_: str) -> None:
    """A command is over before an alarm about the log's size means anything."""


class _WhenNeeded:
    """A submitter that looks for the committer when there is something to submit."""

    def __init__(self, config: Config, store: Store, clock: Clock) -> None:
        self._config = config
        self._store = store
        self._clock = clock
        self._found: Submitter | None = None

    def submit(self, command: Command) -> asyncio.Future[Any]:
        """The command's answer, once it is durable."""
        return asyncio.ensure_future(self._submit(command))

    def tell(self, command: Command, done: Callable[[Any], None]) -> None:
        """The same without a future; commands of an operator wait anyway."""
        self.submit(command).add_done_callback(lambda settled: done(_outcome(settled)))

    async def _submit(self, command: Command) -> Any:
        if self._found is None:
            self._found = await self._find()
        return await self._found.submit(command)

    async def close(self) -> None:
        """Let go of the committer."""
        if self._found is not None:
            await self._found.close()

    async def _find(self) -> Submitter:
        deadline = self._clock.monotonic() + limits.lock_wait_seconds
        while True:
            try:
                return bootstrap.inline_committer(
                    self._config, self._store, self._clock, background=False
                )
            except Locked as locked:
                # By a server, which listens, or by another command for a moment.
                try:
                    return await bootstrap.linked(self._config, _unheard_end)
                except OSError:
                    if self._clock.monotonic() > deadline:
                        raise locked from None
            await asyncio.sleep(limits.lock_retry_seconds)


def _outcome(settled: asyncio.Future[Any]) -> Any:
    error = settled.exception()
    if error is not None and not isinstance(error, GuerdonError):
        raise error
    return error or settled.result()


def _unheard_end() -> None:
    """Whoever waits for an answer is told by its error."""
