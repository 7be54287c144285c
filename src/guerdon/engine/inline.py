"""The committer in this process: on a thread of its own, fed through a queue.

PostgreSQL commits while other threads run, so each HTTP worker has one of these. The operator's
commands use it on a store nobody else holds, and so do tests.
"""

from __future__ import annotations

import asyncio
import functools
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from guerdon import limits
from guerdon.engine.commands import Command
from guerdon.engine.committer import Committer
from guerdon.engine.link import Background, Chores, resolve
from guerdon.errors import StoreBusy, StoreError
from guerdon.store.port import Reader, Rows, Store

T = TypeVar("T")
_IDLE_SECONDS = 0.05
_Done = Callable[[Any], None]
_Unit = tuple[Command, _Done, asyncio.AbstractEventLoop]


class InlineCommitter:
    """Submits commands to a committer on its own thread."""

    def __init__(self, committer: Committer, background: Background | None = None) -> None:
        self._committer = committer
        self._background = background
        self._chores = Chores(committer, background)
        self._queue: queue.Queue[_Unit | Callable[[], None] | None] = queue.Queue(
            limits.queue_units_max
        )
        committer.is_awaited = lambda: not self._queue.empty()
        self._thread = threading.Thread(target=self._run, name="committer", daemon=True)
        self._thread.start()

    def submit(self, command: Command) -> asyncio.Future[Any]:
        """The command's answer, once it is durable."""
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.tell(command, functools.partial(resolve, future))
        return future

    def tell(self, command: Command, done: _Done) -> None:
        """The same without a future: `done` is called with the answer or the error."""
        loop = asyncio.get_running_loop()
        try:
            self._queue.put_nowait((command, done, loop))
        except queue.Full:
            loop.call_soon(done, StoreBusy())

    def settle(self) -> None:
        """Do all background work there is, now; returns when nothing is left."""
        done: Future[None] = Future()

        def drain() -> None:
            try:
                if self._background is not None:
                    self._background.settle(self._committer)
                while self._committer.maintain():
                    pass
            except Exception as error:  # told to whoever waits, instead of ending the thread
                done.set_exception(error)
            else:
                done.set_result(None)

        self._queue.put(drain)
        done.result()

    async def close(self) -> None:
        """Finish what is waiting and let go of the store."""
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)
        self._committer.close()

    def _run(self) -> None:
        more = False
        while True:
            try:
                first = self._queue.get(timeout=0 if more else _IDLE_SECONDS)
            except queue.Empty:
                more = self._chores.do(busy=False)
                continue
            if first is None:
                return
            if not isinstance(first, tuple):
                first()
                continue
            stop = self._run_group(self._take_group(first))
            if stop:
                return
            more = self._chores.do(busy=True)

    def _take_group(self, first: _Unit) -> list[_Unit | Callable[[], None] | None]:
        group: list[_Unit | Callable[[], None] | None] = [first]
        events = _events(first)
        while len(group) < limits.group_units_max and events < limits.group_events_max:
            try:
                unit = self._queue.get_nowait()
            except queue.Empty:
                break
            group.append(unit)
            if not isinstance(unit, tuple):
                break
            events += _events(unit)
        return group

    def _run_group(self, group: list[_Unit | Callable[[], None] | None]) -> bool:
        """Commit a group; True when the queue was asked to end."""
        units = [unit for unit in group if isinstance(unit, tuple)]
        last = group[-1]
        outcomes = self._committer.run([command for command, _, _ in units])
        answers: dict[asyncio.AbstractEventLoop, list[tuple[_Done, Any]]] = {}
        for (_, done, loop), outcome in zip(units, outcomes, strict=True):
            answers.setdefault(loop, []).append((done, outcome))
        for loop, settled in answers.items():
            if not loop.is_closed():
                loop.call_soon_threadsafe(_tell_all, settled)
        if last is not None and not isinstance(last, tuple):
            last()
        return last is None


def _events(unit: _Unit) -> int:
    return unit[0].weight


def _tell_all(settled: list[tuple[_Done, Any]]) -> None:
    for done, outcome in settled:
        try:
            done(outcome)
        except Exception as defect:  # one who cannot take an answer must not cost the others'
            context = {"message": "an answer could not be taken", "exception": defect}
            asyncio.get_running_loop().call_exception_handler(context)


class InlineAsker:
    """Asks in the caller's thread: right where reads take microseconds (SQLite)."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._reader: Reader | None = None
        self._long = ThreadedAsker(store, readers_max=1)
        self.ask_long = self._long.ask

    async def ask(self, question: Callable[[Rows], T]) -> T:
        """The answer over one consistent view."""
        if self._reader is None:
            self._reader = self._store.reader()
        return self._reader.ask(question)

    async def close(self) -> None:
        """Let go of the connection."""
        await self._long.close()
        if self._reader is not None:
            self._reader.close()


class ThreadedAsker:
    """Asks on threads, each with a connection of its own: right where reads cross a network."""

    def __init__(self, store: Store, readers_max: int = 4) -> None:
        self._store = store
        self._free: asyncio.Queue[Reader | None] = asyncio.Queue()
        for _ in range(readers_max):
            self._free.put_nowait(None)
        self._open: list[Reader] = []
        self.ask_long = self.ask

    async def ask(self, question: Callable[[Rows], T]) -> T:
        """The answer over one consistent view."""
        reader = await self._free.get()
        try:
            if reader is None:
                reader = await asyncio.to_thread(self._store.reader)
                self._open.append(reader)
            return await asyncio.to_thread(reader.ask, question)
        except StoreError:
            if reader is not None:
                self._open.remove(reader)
                reader.close()
                reader = None
            raise
        finally:
            self._free.put_nowait(reader)

    async def close(self) -> None:
        """Let go of the connections."""
        for reader in self._open:
            reader.close()
        self._open.clear()
