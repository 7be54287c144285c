"""The committer behind a socket, and the way to it.

One process holds the store; HTTP workers and the operator's commands reach it over a Unix socket in
the data folder (mode 600). Frames that arrive while a commit is under way wait in the kernel and
form the next group: the busier it is, the larger the groups.
"""

from __future__ import annotations

import asyncio
import functools
import select
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

import structlog

from guerdon import limits
from guerdon.engine import wire
from guerdon.engine.commands import Command
from guerdon.engine.committer import Committer
from guerdon.errors import (
    GuerdonError,
    OutcomeUnknown,
    StoreBusy,
    StoreError,
    StoreUnavailable,
)

_IDLE_SECONDS = 0.05


class Background(Protocol):
    """Work the committer does between groups."""

    def slice(self, committer: Committer, *, busy: bool) -> bool:
        """One short piece of work; `busy` means commands are waiting. True while there is more."""

    def settle(self, committer: Committer) -> None:
        """All that is due, and what that makes due in its turn, to the end."""


class Chores:
    """What is done between two groups: upkeep of the store and a slice of background work.

    Trouble is logged when it begins and keeps nobody from being answered: the next command meets
    the store's own trouble and reports it to whoever sent it.
    """

    def __init__(self, committer: Committer, background: Background | None) -> None:
        self._background = background
        self._committer = committer
        self._trouble = ""

    def do(self, *, busy: bool) -> bool:
        """Do a little; True while there is more."""
        if self._committer.is_broken:
            return False
        try:
            more = self._committer.maintain(busy=busy)
            if self._background is not None:
                more |= self._background.slice(self._committer, busy=busy)
        except StoreError as error:
            self._log(error.code, error)
            return False
        except Exception as defect:  # senders must not wait for who mends the background work
            self._log(type(defect).__name__, defect)
            return False
        self._trouble = ""
        return more

    def _log(self, trouble: str, error: Exception) -> None:
        if trouble != self._trouble:
            self._trouble = trouble
            where = getattr(error, "__notes__", [])
            structlog.get_logger().error(
                "upkeep_failed", code=trouble, error=str(error), where=where, exc_info=error
            )


class CommitterServer:
    """Serves the committer on a Unix socket, in an event loop that does nothing else."""

    def __init__(
        self,
        committer: Committer,
        background: Background | None,
        on_broken: Callable[[], None],
    ) -> None:
        self._committer = committer
        self._chores = Chores(committer, background)
        self._on_broken = on_broken
        self._waiting: deque[tuple[_Connection, int, Command]] = deque()
        self._scheduled = False
        self._loop = asyncio.get_running_loop()
        self._idle: asyncio.TimerHandle | None = None
        self._arrivals = select.poll()
        committer.is_awaited = self._is_awaited
        self._plan_idle_work()

    def watch(self, connection: _Connection) -> None:
        """Look at a client's socket while background work is done."""
        self._arrivals.register(connection.socket, select.POLLIN)

    def unwatch(self, connection: _Connection) -> None:
        """A client has gone."""
        self._arrivals.unregister(connection.socket)

    def _is_awaited(self) -> bool:
        return bool(self._waiting or self._arrivals.poll(0))

    def connection(self) -> asyncio.Protocol:
        """A protocol for one client; the factory for `loop.create_unix_server`."""
        return _Connection(self)

    def receive(self, connection: _Connection, request_id: int, command: Command) -> None:
        """A command arrived: it joins the next group."""
        if len(self._waiting) >= limits.queue_units_max:
            connection.answer(request_id, StoreBusy())
            connection.flush()
            return
        self._waiting.append((connection, request_id, command))
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._run_group)

    def close(self) -> None:
        """Finish what is waiting and stop."""
        while self._waiting:
            self._run_group()
        if self._idle is not None:
            self._idle.cancel()

    def _run_group(self) -> None:
        group = self._take_group()
        outcomes = self._committer.run([command for _, _, command in group])
        touched = {}
        for (connection, request_id, _), outcome in zip(group, outcomes, strict=True):
            connection.answer(request_id, outcome)
            touched[id(connection)] = connection
        for connection in touched.values():
            connection.flush()
        more = self._between(busy=True)
        if self._waiting:
            self._loop.call_soon(self._run_group)
            return
        self._scheduled = False
        if more:
            self._hasten_idle_work()

    def _take_group(self) -> list[tuple[_Connection, int, Command]]:
        group: list[tuple[_Connection, int, Command]] = []
        events = 0
        while self._waiting and len(group) < limits.group_units_max:
            command = self._waiting[0][2]
            events += command.weight
            if group and events > limits.group_events_max:
                break
            group.append(self._waiting.popleft())
        return group

    def _plan_idle_work(self, *, soon: bool = False) -> None:
        self._idle = self._loop.call_later(0 if soon else _IDLE_SECONDS, self._idle_work)

    def _hasten_idle_work(self) -> None:
        """Go on at once, not only when the next command comes."""
        if self._idle is not None:
            self._idle.cancel()
        self._plan_idle_work(soon=True)

    def _idle_work(self) -> None:
        more = False
        if not self._scheduled:
            more = self._between(busy=False)
        self._plan_idle_work(soon=more)

    def _between(self, *, busy: bool) -> bool:
        more = self._chores.do(busy=busy)
        if self._committer.is_broken:
            self._on_broken()
        return more


class _Connection(asyncio.Protocol):
    """One client of the committer's socket."""

    def __init__(self, server: CommitterServer) -> None:
        self._server = server
        self._frames = wire.Frames()
        self._transport: asyncio.Transport | None = None
        self._out: list[bytes] = []
        self.socket = -1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        self.socket = transport.get_extra_info("socket").fileno()
        self._server.watch(self)

    def connection_lost(self, _exc: Exception | None) -> None:
        self._transport = None
        self._server.unwatch(self)

    def data_received(self, data: bytes) -> None:
        for frame in self._frames.feed(data):
            request_id, command = wire.read_request(frame)
            self._server.receive(self, request_id, command)

    def answer(self, request_id: int, outcome: Any) -> None:
        """Queue an answer; a client that went away costs the others nothing."""
        self._out.append(wire.answer_frame(request_id, outcome))

    def flush(self) -> None:
        """Send the queued answers in one write."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(b"".join(self._out))
        self._out.clear()


class CommitterClient(asyncio.Protocol):
    """Submits commands over the socket; many at once share a write.

    Errors: StoreUnavailable when there is no connection; OutcomeUnknown when it breaks while a
            command is under way.
    """

    def __init__(self, on_lost: Callable[[], None]) -> None:
        self._on_lost = on_lost
        self._frames = wire.Frames()
        self._transport: asyncio.Transport | None = None
        self._loop = asyncio.get_running_loop()
        self._out: list[bytes] = []
        self._pending: dict[int, tuple[Callable[[Any], None], Any]] = {}
        self._next_id = 0
        self._finished: asyncio.Future[None] | None = None
        self._closing = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def submit(self, command: Command) -> asyncio.Future[Any]:
        """The command's answer, once it is durable."""
        future: asyncio.Future[Any] = self._loop.create_future()
        self.tell(command, functools.partial(resolve, future))
        return future

    def tell(self, command: Command, done: Callable[[Any], None]) -> None:
        """The same without a future: `done` is called with the answer or the error."""
        if self._transport is None:
            self._loop.call_soon(done, StoreUnavailable())
            return
        if len(self._pending) >= limits.queue_units_max:
            self._loop.call_soon(done, StoreBusy())
            return
        self._next_id = request_id = self._next_id + 1
        self._pending[request_id] = (done, command.Answer)
        if not self._out:
            self._loop.call_soon(self._flush)
        self._out.append(wire.request_frame(request_id, command))

    def _flush(self) -> None:
        if self._transport is not None:
            self._transport.write(b"".join(self._out))
        self._out.clear()

    def data_received(self, data: bytes) -> None:
        for frame in self._frames.feed(data):
            request_id, raw, error = wire.read_answer(frame)
            done, kind = self._pending.pop(request_id)
            try:
                done(error or (None if kind is None else wire.decode(kind, raw)))
            except Exception as defect:  # one who cannot take an answer must not cost the others'
                context = {"message": "an answer could not be taken", "exception": defect}
                self._loop.call_exception_handler(context)
        self._finish()

    def connection_lost(self, _exc: Exception | None) -> None:
        self._transport = None
        pending, self._pending = self._pending, {}
        for done, _ in pending.values():
            done(OutcomeUnknown("the store's process went away"))
        self._finish()
        if not self._closing:
            self._on_lost()

    async def close(self) -> None:
        """Wait for what is under way, then hang up."""
        if self._pending:
            self._finished = self._loop.create_future()
            await self._finished
        self._closing = True
        if self._transport is not None:
            self._transport.close()

    def _finish(self) -> None:
        """Whoever closes waits for the last answer."""
        if self._finished is not None and not self._pending and not self._finished.done():
            self._finished.set_result(None)


def resolve(future: asyncio.Future[Any], outcome: Any) -> None:
    """Give a future its outcome, unless whoever waited has gone."""
    if future.done():
        return
    if isinstance(outcome, GuerdonError):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
