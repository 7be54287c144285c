"""`guerdon serve`: this process, and the workers it starts.

With SQLite this process holds the store and runs the committer; with PostgreSQL it only watches its
workers, each of which commits for itself. Either way the port is bound here, before any worker
starts, so that port 0 works and a worker that is started again finds it.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import socket
from collections.abc import Callable
from ipaddress import ip_address

import structlog
import uvloop

from guerdon import bootstrap, limits
from guerdon.cli.holder import held
from guerdon.cli.patience import patiently
from guerdon.cli.supervisor import Supervisor
from guerdon.clock import Clock, SystemClock
from guerdon.config import Config
from guerdon.engine import forgotten, sockets
from guerdon.errors import GuerdonError, Locked
from guerdon.store.port import Store
from guerdon.web import logs, server

Announce = Callable[[str], None]
"""Told the URL when the first request can come."""


def serve(config: Config, announce: Announce) -> None:
    """Serve until told to stop.

    Errors: Locked, Misconfigured, Unsafe before anything is served; Defect when workers fail.
    """
    logs.install()
    gc.set_threshold(limits.collector_allocations)
    uvloop.run(_serve(config, announce))


def prepare(config: Config) -> None:
    """Refuse a database that could not be served here, and bring an older one up to this release.

    A new one waits until it is used.
    Errors: those of `serve` about the database.
    """
    clock = SystemClock(_clock_alarm)
    store = bootstrap.open_store(config, clock, _alarm)
    bootstrap.require_key(store, config, clock)
    patiently(lambda: store.writer().close(), clock, _lets_go(config))
    if not bootstrap.is_new(store, config):
        _migrate(config, store, clock)


async def _serve(config: Config, announce: Announce) -> None:
    clock = SystemClock(_clock_alarm)
    store = bootstrap.open_store(config, clock, _alarm)
    risks = bootstrap.require_safe(store, config)
    for risk in risks:
        structlog.get_logger().warning("unsafe_storage", risk=risk)
    bootstrap.require_key(store, config, clock)
    _migrate(config, store, clock)
    async with contextlib.AsyncExitStack() as stack:
        if config.engine == "sqlite":
            await stack.enter_async_context(held(config, store, clock))
        else:
            with contextlib.closing(bootstrap.committer(config, store, clock)) as committer:
                forgotten.agree(committer, bootstrap.register(config))
        listeners = _listeners(config, clock)
        for listener in listeners:
            stack.enter_context(listener)
        url = _url(listeners[0])
        supervisor = Supervisor(
            config, listeners, clock, risks=risks, on_ready=lambda: _tell(announce, url)
        )
        _stop_on_signals(supervisor)
        await supervisor.run()


def _tell(announce: Announce, url: str) -> None:
    try:
        announce(url)
    except OSError as error:
        # Whoever started it has stopped listening, which is no reason not to serve.
        structlog.get_logger().warning("not_announced", url=url, reason=str(error))


def _lets_go(config: Config) -> Callable[[GuerdonError], bool]:
    """Whether it is a command that holds the store, for a moment, and no server."""
    return lambda error: isinstance(error, Locked) and not sockets.is_served(config.socket_path)


def _migrate(config: Config, store: Store, clock: Clock) -> None:
    applied = patiently(
        lambda: bootstrap.migrate_for_serving(store, config), clock, _lets_go(config)
    )
    for name in applied:
        structlog.get_logger().info("migrated", migration=name)


def _listeners(config: Config, clock: Clock) -> list[socket.socket]:
    """One for each worker, all on the same port."""

    def listen() -> list[socket.socket]:
        return server.listen(config.host, config.port, config.workers)

    listeners = patiently(listen, clock, _is_port_in_use)
    address = ip_address(listeners[0].getsockname()[0])
    if not address.is_loopback:
        structlog.get_logger().warning(
            "plain_http_on_public_address",
            address=str(address),
            reason="credentials travel unencrypted: put a proxy that speaks TLS in front",
        )
    return listeners


def _is_port_in_use(error: GuerdonError) -> bool:
    return isinstance(error.__cause__, OSError) and error.__cause__.errno == errno.EADDRINUSE


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _stop_on_signals(supervisor: Supervisor) -> None:
    loop = asyncio.get_running_loop()
    for number in server.stop_signals():
        loop.add_signal_handler(number, supervisor.stop, number)


def _alarm(reason: str) -> None:
    structlog.get_logger().warning("store_alarm", reason=reason)


def _clock_alarm(reason: str) -> None:
    structlog.get_logger().warning("clock_alarm", reason=reason)
