"""The worker processes: started, watched, started again when one dies, stopped together.

A worker is a child in a process group of its own, so that Ctrl-C reaches the parent alone and the
parent decides the order of the end. Its standard output says when it is ready and, by ending, when
it has died; its standard input is the parent's life line.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import IO, cast

import msgspec
import structlog

from guerdon import limits
from guerdon.cli import handover, tallies
from guerdon.clock import Clock
from guerdon.config import Config
from guerdon.errors import Defect

# -P: what lies in the working folder must not be taken for one of our modules.
_COMMAND = (sys.executable, "-P", "-m", "guerdon.cli.worker")


class Supervisor:
    """Keeps a worker alive on each listening socket, of which there are `config.workers`."""

    def __init__(
        self,
        config: Config,
        listeners: Sequence[socket.socket],
        clock: Clock,
        *,
        risks: list[str],
        on_ready: Callable[[], None],
    ) -> None:
        self._config = config
        self._listeners = listeners
        self._clock = clock
        self._risks = risks
        self._on_ready = on_ready
        self._settings = handover.as_texts(config)
        self._tally_fd = tallies.create(config.workers)
        self._workers: dict[int, subprocess.Popen[bytes]] = {}
        self._ready: set[int] = set()
        self._deaths: collections.deque[float] = collections.deque()
        self._stopping = asyncio.Event()
        self._failed = False
        self._log = structlog.get_logger()

    def stop(self, asked_by: int = signal.SIGTERM) -> None:
        """Begin to stop; a second time, without waiting for the requests in flight.

        asked_by: the signal. A closed terminal is told more than once: by the system and the shell.
        """
        if self._stopping.is_set() and asked_by == signal.SIGHUP:
            return
        number = signal.SIGINT if self._stopping.is_set() else signal.SIGTERM
        self._stopping.set()
        # While anybody has it open, the port goes on taking connections.
        for listener in self._listeners:
            listener.close()
        for process in self._workers.values():
            process.send_signal(number)

    async def run(self) -> None:
        """Serve until stopped. Errors: Defect when workers fail."""
        keepers = [asyncio.create_task(self._keep(index)) for index in range(self._config.workers)]
        everything = asyncio.gather(*keepers)
        try:
            await self._stopping.wait()
            done, _ = await asyncio.wait((everything,), timeout=limits.shutdown_seconds_max)
            if not done:
                self._log.error("workers_killed", after_seconds=limits.shutdown_seconds_max)
                self._failed = True
        finally:
            self._stopping.set()
            for process in self._workers.values():
                process.kill()
            await everything
        if self._failed:
            raise Defect("a worker could not be started, stopped or kept alive; the log says why")

    async def _keep(self, index: int) -> None:
        """Have a worker at this place until everything stops."""
        try:
            while not self._stopping.is_set():
                await self._one_life(index)
                if not self._stopping.is_set() and not self._may_restart(index):
                    self._fail()
        except OSError as error:
            self._log.error("worker_not_started", worker=index, reason=str(error))
            self._fail()

    async def _one_life(self, index: int) -> None:
        process = self._start(index)
        self._workers[index] = process
        voice = _Voice(process)
        try:
            async with asyncio.timeout(limits.worker_start_seconds_max):
                await voice.is_ready
        except TimeoutError:
            process.kill()
        if voice.has_said_ready:
            self._announce(index)
        await voice.is_silent
        self._reap(index, process)

    def _start(self, index: int) -> subprocess.Popen[bytes]:
        order = handover.Order(
            index=index,
            workers=self._config.workers,
            listener_fd=self._listeners[index].fileno(),
            tally_fd=self._tally_fd,
            risks=self._risks,
            settings=self._settings,
        )
        process = subprocess.Popen(  # noqa: S603 - this interpreter and a module of ours
            _COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=(order.listener_fd, order.tally_fd),
            process_group=0,
        )
        if process.stdin is not None:
            process.stdin.write(msgspec.json.encode(order) + b"\n")
            process.stdin.flush()
        return process

    def _announce(self, index: int) -> None:
        is_first_time = index not in self._ready
        self._ready.add(index)
        if is_first_time and len(self._ready) == self._config.workers:
            self._on_ready()

    def _reap(self, index: int, process: subprocess.Popen[bytes]) -> None:
        """The worker's output has ended, so it is dead or dying."""
        code = process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        del self._workers[index]
        if not self._stopping.is_set():
            self._log.error("worker_died", worker=index, pid=process.pid, code=code)

    def _may_restart(self, index: int) -> bool:
        """Whether a worker that died is worth another try: one that never served is not."""
        now = self._clock.monotonic()
        self._deaths.append(now)
        while self._deaths[0] < now - limits.worker_restart_seconds:
            self._deaths.popleft()
        return index in self._ready and len(self._deaths) <= limits.worker_restarts_max

    def _fail(self) -> None:
        self._failed = True
        if not self._stopping.is_set():
            self.stop()


class _Voice:
    """A worker's standard output: `is_ready` is done when it has spoken, `is_silent` when it ended.

    Read by hand: a pipe transport closes the descriptor and the file around it at different times,
    and the next worker's pipes may be given that number in between.
    """

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.has_said_ready = False
        self._loop = asyncio.get_running_loop()
        self.is_ready: asyncio.Future[None] = self._loop.create_future()
        self.is_silent: asyncio.Future[None] = self._loop.create_future()
        self._descriptor = cast("IO[bytes]", process.stdout).fileno()
        os.set_blocking(self._descriptor, False)
        self._loop.add_reader(self._descriptor, self._hear)

    def _hear(self) -> None:
        with contextlib.suppress(BlockingIOError):
            said = os.read(self._descriptor, len(handover.READY))
            self.has_said_ready |= said == handover.READY
            if not said:
                self._loop.remove_reader(self._descriptor)
                self.is_silent.set_result(None)
            if not self.is_ready.done():
                self.is_ready.set_result(None)
