"""The access log, for those who switch it on: one line for each request that was answered.

The path is logged without its query, which may carry a credential, and without what may name a
member. Without the setting nothing of this runs.
"""

from __future__ import annotations

import structlog

from guerdon.clock import Clock
from guerdon.web import logs
from guerdon.web.asgi import App, Message, Receive, Scope, Send

_MILLISECONDS = 1_000


def logged(app: App, clock: Clock) -> App:
    """`app`, with a line for each of its answers."""

    async def logging(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        status = 0

        async def watched(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        started = clock.monotonic()
        try:
            await app(scope, receive, watched)
        finally:
            client = scope["client"]
            structlog.get_logger().info(
                "request_answered",
                method=scope["method"],
                path=logs.shown_path(scope["raw_path"], scope.get("path_params")),
                status=status,
                client=client[0] if client else None,
                milliseconds=round((clock.monotonic() - started) * _MILLISECONDS, 1),
            )

    return logging
