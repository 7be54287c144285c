"""What dialects, console and command line hold in their hands.

`execute` changes something and answers after it is durable; `read` asks a question of one
consistent view; `directory` answers what every request needs to know (keys, settings) from a
cache that is at most `limits.auth_cache_seconds` old.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar

from guerdon.clock import Clock
from guerdon.engine.commands import Append, Command, Ingest, Ingested
from guerdon.engine.commands.erasure import Forgetting
from guerdon.engine.directory import Directory
from guerdon.engine.listing import Listing
from guerdon.engine.names import Memory
from guerdon.errors import NotFound, OutcomeUnknown, Stale
from guerdon.faults import fault
from guerdon.store.forgotten import Register
from guerdon.store.port import Rows
from guerdon.store.vault import Vault

T = TypeVar("T")
Done = Callable[[Any], None]
"""Called with a command's answer, or the GuerdonError that came instead."""


class Submitter(Protocol):
    """The way to the committer: through a socket, or in this process."""

    def submit(self, command: Command) -> asyncio.Future[Any]:
        """The command's answer, once it is durable. Raises what its handler raised."""

    def tell(self, command: Command, done: Done) -> None:
        """The same without a future: `done` is called with the answer or the error."""

    async def close(self) -> None:
        """Wait for what is under way and let go."""


class Asker(Protocol):
    """The way to the store for questions."""

    async def ask(self, question: Callable[[Rows], T]) -> T:
        """The answer over one consistent view."""

    async def ask_long(self, question: Callable[[Rows], T]) -> T:
        """The same for a question that takes its time: nobody else waits for it."""

    async def close(self) -> None:
        """Let go of the connections."""


class Engine:
    """The use cases' front door."""

    def __init__(
        self,
        submitter: Submitter,
        asker: Asker,
        clock: Clock,
        vault: Vault,
        register: Register | None = None,
    ) -> None:
        self.clock = clock
        self.vault = vault
        self.read = asker.ask
        self.read_long = asker.ask_long
        self.directory = Directory(asker.ask, clock)
        self._submitter = submitter
        self._submit = submitter.submit
        self.tell = submitter.tell
        self._asker = asker
        self._listing = Listing(asker.ask, register)
        self._names = Memory()

    def execute(self, command: Command) -> Awaitable[Any]:
        """Change something; the command's answer, once it is durable.

        Errors: what the command's handler refuses with; StoreError when the store could not do it.
        """
        if type(command) is Ingest:
            return self._ingest(command)
        return self._forget(command) if isinstance(command, Forgetting) else self._submit(command)

    def quick(self, command: Ingest) -> Append | None:
        """What to `tell` so that activities are stored all of whose names are remembered.

        None when one is not. Errors, besides those of `Ingest`: Stale.
        """
        fault("after_validate")
        return self._names.append(command)

    async def _ingest(self, command: Ingest) -> Ingested:
        fault("after_validate")
        quick = self._names.append(command)
        if quick is not None:
            try:
                stored: Ingested = await self._submit(quick)
            except Stale:
                self._names.forget(command)
            else:
                return stored
        answer: Ingested = await self._submit(command)
        self._names.learn(command, answer)
        return answer

    async def _forget(self, command: Forgetting) -> None:
        """Forget a member, and have it on the list beside the database before anybody is told."""
        whose = (command.tenant_id, command.number)
        try:
            await self._submit(command)
        except NotFound:
            # They may have been deleted by an earlier request, whose line could not be written.
            await self._listing.put(whose)
            raise
        except (OutcomeUnknown, asyncio.CancelledError):
            self._listing.owe(whose)
            raise
        await self._listing.put(whose)

    async def close(self) -> None:
        """Finish what is under way and let go of the store."""
        await self._listing.close()
        await self._submitter.close()
        await self._asker.close()
