"""One HTTP worker: `python -m guerdon.cli.worker`, started by `guerdon serve` and nobody else.

It serves every room on the socket it inherits, reaches the store's committer as its engine asks
for, and delivers what is owed if it is worker 0. It ends when it is told to (SIGTERM: requests in
flight finish first), and at once when its parent has gone: what is in flight then is answered 503,
outcome unknown, and the port is free.
"""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import sys
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec
import structlog
import uvloop

from guerdon import bootstrap, limits, scheduling
from guerdon.cli import outgoing, probes
from guerdon.cli.handover import READY, Order
from guerdon.cli.tallies import Counts, Tallies
from guerdon.clock import SystemClock
from guerdon.engine.engine import Engine
from guerdon.errors import GuerdonError
from guerdon.store.port import Store
from guerdon.web import access, logs, server
from guerdon.web.app import Application

_STDIN, _STDOUT = 0, 1


def main() -> None:
    """Serve as ordered on standard input; the process's exit code says how it ended."""
    order = msgspec.json.decode(sys.stdin.buffer.readline(), type=Order)
    logs.install()
    threading.excepthook = _thread_died
    try:
        code = uvloop.run(_Worker(order).run())
    except GuerdonError as error:
        structlog.get_logger().error("worker_failed", code=error.code, reason=error.message)
        code = 1
    sys.stderr.flush()
    # A look-up of a name may still hang in a thread, and nothing waits for its answer.
    os._exit(code)


class _Worker:
    """A worker and what it holds."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._config = order.config()
        self._clock = SystemClock(_clock_alarm)
        self._server: server.Server | None = None
        self._trouble: str | None = None

    async def run(self) -> int:
        """Serve until stopped; the exit code."""
        asyncio.get_running_loop().add_reader(_STDIN, self._parent_gone)
        store = bootstrap.open_store(self._config, self._clock, _alarm)
        submitter = await bootstrap.submitter(
            self._config,
            store,
            self._clock,
            on_lost=self._lose_committer,
            background=self._order.index == 0,
        )
        front = bootstrap.engine(self._config, store, submitter, self._clock)
        app = self._application(front, store)
        self._server = server.build(
            access.logged(app, self._clock) if self._config.access_log else app,
            hosts=self._config.allowed_hosts,
            on_started=self._started,
            shutdown_seconds=limits.worker_stop_seconds,
        )
        await self._server.serve(sockets=[socket.socket(fileno=self._order.listener_fd)])
        return 0 if self._server.started and self._trouble is None else 1

    def _application(self, front: Engine, store: Store) -> Application:
        order = self._order
        tallies = Tallies(order.tally_fd, order.index, order.workers)
        chores: list[_Chore] = []
        if order.index == 0:
            sender = outgoing.deliverer(front, self._config)
            chores.append(_Chore(sender.run(), self._fail_chore, sender.stop))

        def publish() -> None:
            tallies.publish(app.counts)

        def answered() -> Counts:
            publish()
            return tallies.total()

        async def stop() -> None:
            for chore in chores:
                await chore.stop()
            publish()
            await front.close()

        asked = probes.probes(
            front,
            store,
            self._config,
            risks=order.risks,
            answered=answered,
            unready=lambda: self._trouble or app.trouble,
        )
        app = bootstrap.application(front, self._config, asked, self._clock, on_shutdown=[stop])
        chores.append(_Chore(_every(limits.tally_seconds, publish), self._fail_chore))
        return app

    def _started(self) -> None:
        # What was made at start lives as long as the worker: no collection need look at it.
        gc.collect()
        gc.freeze()
        gc.set_threshold(limits.collector_allocations)
        scheduling.take_short_turns()
        os.write(_STDOUT, READY)

    def _parent_gone(self) -> None:
        """Standard input has ended."""
        asyncio.get_running_loop().remove_reader(_STDIN)
        self._abandon("parent_gone")

    def _lose_committer(self) -> None:
        self._abandon("committer_gone")

    def _fail_chore(self, error: BaseException) -> None:
        self._abandon(f"{type(error).__name__}: {error}")

    def _abandon(self, reason: str) -> None:
        """This worker is of no use any more: refuse what is in flight, and end soon."""
        if self._trouble is None:
            structlog.get_logger().error("worker_abandoned", reason=reason)
            self._trouble = reason
            asyncio.get_running_loop().call_later(limits.orphan_seconds_max, os._exit, 1)
        if self._server is None:
            os._exit(1)
        self._server.stop()


class _Chore:
    """Work beside the requests, and how it is stopped. It must not end by itself with an error."""

    def __init__(
        self,
        work: Coroutine[Any, Any, None],
        on_failed: Callable[[BaseException], None],
        ask_to_stop: Callable[[], None] | None = None,
    ) -> None:
        self._task = asyncio.create_task(work)
        self._task.add_done_callback(self._ended)
        self._on_failed = on_failed
        self._ask_to_stop = ask_to_stop or self._task.cancel

    async def stop(self) -> None:
        """Let it end by itself for a moment, then end it."""
        self._ask_to_stop()
        await asyncio.wait((self._task,), timeout=limits.delivery_stop_seconds)
        self._task.cancel()

    def _ended(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._on_failed(error)


async def _every(seconds: float, act: Callable[[], None]) -> None:
    while True:
        await asyncio.sleep(seconds)
        act()


def _thread_died(fatal: threading.ExceptHookArgs) -> None:
    """The committer's thread has met a defect: without it every request would wait for ever."""
    structlog.get_logger().critical("thread_died", error=repr(fatal.exc_value))
    sys.stderr.flush()
    os._exit(1)


def _alarm(message: str) -> None:
    structlog.get_logger().warning("store_alarm", reason=message)


def _clock_alarm(message: str) -> None:
    structlog.get_logger().warning("clock_alarm", reason=message)


if __name__ == "__main__":
    main()
