"""The process that holds a SQLite store: its committer, served on the socket in the data folder."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator
from typing import Any

import structlog

from guerdon import bootstrap
from guerdon.cli.patience import patiently
from guerdon.clock import Clock
from guerdon.config import Config
from guerdon.engine import forgotten, sockets
from guerdon.engine.link import CommitterServer
from guerdon.errors import GuerdonError, Locked
from guerdon.followers.background import Upkeep
from guerdon.store.port import Store


@contextlib.asynccontextmanager
async def held(config: Config, store: Store, clock: Clock) -> AsyncIterator[None]:
    """Serve the committer meanwhile; afterwards what was sent is committed and answered.

    Before anybody is served, a restored backup forgets whom it still knew.
    Letting go checkpoints the write-ahead log, since the last connection of all does.
    Errors: Locked when another process holds the store, unless it lets go within a moment.
    """

    def passes(error: GuerdonError) -> bool:
        return isinstance(error, Locked) and not sockets.is_served(config.socket_path)

    committer = patiently(lambda: bootstrap.committer(config, store, clock), clock, passes)
    try:
        forgotten.agree(committer, bootstrap.register(config))
        listener = sockets.bind(config.socket_path)
        served = CommitterServer(committer, Upkeep(), _end_broken)
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(_end_defective)
        server = await loop.create_unix_server(served.connection, sock=listener)
        try:
            yield
        finally:
            server.close()
            served.close()
            # One turn of the loop sends the last answers.
            await asyncio.sleep(0)
            config.socket_path.unlink(missing_ok=True)
    finally:
        committer.close()


def _end_defective(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """A callback of the committer's loop met a defect: without it requests would wait for ever.

    What goes wrong on one connection is that connection's own.
    """
    if "handle" not in context:
        loop.default_exception_handler(context)
        return
    structlog.get_logger().critical("committer_died", error=repr(context.get("exception")))
    sys.stderr.flush()
    os._exit(1)


def _end_broken() -> None:
    """A sync has failed: what the disk holds is unknown until the file is opened again.

    So nothing may touch the database any more, not even to close it. Whoever waits for an answer
    loses the connection, and says what is true: the outcome is unknown.
    Source: "Can Applications Recover from fsync Failures?" (USENIX ATC 2020).
    """
    structlog.get_logger().critical("sync_failed", reason="a sync failed; start again to recover")
    sys.stderr.flush()
    os._exit(1)
