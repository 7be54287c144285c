"""The HTTP server: uvicorn with httptools and uvloop, and the bounds it lacks.

One worker process runs one `Server` on sockets that were bound before. It reads no forwarding
headers (see `peers`), writes no access log and does not name itself. A stop (SIGTERM, SIGINT,
SIGHUP) closes the listening sockets at once, lets requests in flight finish for at most
`limits.shutdown_seconds_max`, and ends with exit code 0; a second SIGINT ends it without waiting.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import resource
import signal
import socket
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from types import FrameType
from typing import cast

import uvicorn
from uvicorn._types import ASGIApplication

from guerdon import errors, limits
from guerdon.clock import SystemClock
from guerdon.web import logs
from guerdon.web.asgi import App
from guerdon.web.connection import Connection
from guerdon.web.rules import Bounds, Rules

_UNCACHED = ("cache-control", "no-store")
"""On every answer: hardly one is not about a person, or a token.

A key in a header of its own, or in the query, does not tell a cache that the answer is private, as
`Authorization` does. Source: RFC 9111 3.5 and 5.2.2.5; RFC 6749 5.1.
"""


def stop_signals() -> tuple[signal.Signals, ...]:
    """What asks a process to stop: a closed terminal as well, unless it was told not to mind."""
    minds = signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN
    return (signal.SIGINT, signal.SIGTERM, *((signal.SIGHUP,) if minds else ()))


class Server(uvicorn.Server):
    """uvicorn's server with one sweep over all deadlines, and a stop that ends with 0."""

    def __init__(
        self,
        config: uvicorn.Config,
        rules: Rules,
        *,
        on_started: Callable[[], None] | None = None,
        sweep_seconds: float = limits.sweep_seconds,
    ) -> None:
        super().__init__(config)
        self.rules = rules
        self._loop: asyncio.AbstractEventLoop | None = None
        self._on_started = on_started
        self._sweep_seconds = sweep_seconds
        self._timer: asyncio.TimerHandle | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        self._sweep()
        if self._on_started is not None:
            self._on_started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().shutdown(sockets)
        finally:
            if self._timer is not None:
                self._timer.cancel()

    def stop(self) -> None:
        """Begin to stop, from any thread or signal handler."""
        self.should_exit = True
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stop_listening)

    def handle_exit(self, sig: int, _frame: FrameType | None) -> None:
        """A signal: the second SIGINT does not wait for the requests in flight."""
        if self.should_exit and sig == signal.SIGINT:
            self.force_exit = True
        self.stop()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handle signals, and do not raise them again: being asked to stop is no failure."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in stop_signals()}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _stop_listening(self) -> None:
        for server in getattr(self, "servers", ()):
            server.close()

    def _sweep(self) -> None:
        """End every connection whose deadline has passed."""
        loop = cast("asyncio.AbstractEventLoop", self._loop)
        now = loop.time()
        for connection in tuple(self.server_state.connections):
            if isinstance(connection, Connection) and connection.deadline <= now:
                connection.late()
        self._timer = loop.call_later(self._sweep_seconds, self._sweep)


def listen(host: str, port: int, shares: int = 1) -> list[socket.socket]:
    """Bound, listening sockets on one port, one for each process; port 0 takes a free one.

    Several share the port evenly: the kernel gives each connection to one of them by its address.
    Of one socket listened to by several processes, the first to wake would take them all.

    Errors: Misconfigured, also when anybody else listens there.
    Source: socket(7), SO_REUSEPORT.
    """
    with contextlib.ExitStack() as undo:
        try:
            listeners = [undo.enter_context(_bound(host, port))]
            if shares > 1:
                # Bound alone first: who asks to share a port would share a stranger's as well.
                port = listeners.pop().getsockname()[1]
                undo.close()
                listeners = [
                    undo.enter_context(_bound(host, port, is_shared=True)) for _ in range(shares)
                ]
            for listener in listeners:
                listener.listen(limits.port_backlog)
        except (OSError, UnicodeError) as refused:
            # A name that cannot be looked up, as one with an empty label, is a UnicodeError.
            raise errors.Misconfigured(f"Cannot listen on {host}:{port}: {refused}.") from refused
        undo.pop_all()
    return listeners


def _bound(host: str, port: int, *, is_shared: bool = False) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, is_shared)
        listener.bind(address)
    except OSError:
        listener.close()
        raise
    listener.setblocking(False)
    listener.set_inheritable(True)
    return listener


def build(
    app: App,
    *,
    bounds: Bounds | None = None,
    hosts: Collection[str] = (),
    log: logs.RequestLog | None = None,
    on_started: Callable[[], None] | None = None,
    shutdown_seconds: float = limits.shutdown_seconds_max,
    sweep_seconds: float = limits.sweep_seconds,
) -> Server:
    """A server for `app` (ASGI with lifespan). `hosts`: the names it answers to; empty: any."""
    bounds = bounds or Bounds(connections_max=connections_possible())
    rules = Rules(bounds, hosts, log or logs.RequestLog(SystemClock()))
    config = uvicorn.Config(
        cast("ASGIApplication", app),
        access_log=False,
        backlog=limits.port_backlog,
        headers=[_UNCACHED],
        http=cast("type[asyncio.Protocol]", functools.partial(Connection, rules=rules)),
        lifespan="on",
        log_config=None,
        loop="uvloop",
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=cast("int", shutdown_seconds),
        ws="none",
    )
    return Server(config, rules, on_started=on_started, sweep_seconds=sweep_seconds)


def serve(server: Server, sockets: Sequence[socket.socket]) -> int:
    """Serve until stopped; the process's exit code. Blocks, and runs its own event loop."""
    try:
        server.run(sockets=list(sockets))
    except SystemExit as failed:
        # uvicorn exits when the application could not start; the reason is in the log.
        return failed.code if isinstance(failed.code, int) else 1
    return 0


def connections_possible() -> int:
    """How many connections the process's file descriptors allow, at most the usual bound."""
    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if descriptors == resource.RLIM_INFINITY:
        return limits.connections_max
    free = descriptors - limits.descriptors_reserved
    return max(limits.connections_min, min(limits.connections_max, free))
