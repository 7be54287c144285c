"""An empty handler on the product's own server: reads the body, answers, does nothing.

The server is built as the product's workers build theirs: same loop, parser, bounds and deadlines.
Run as `python -m bench.empty OPTIONS`: {"port", "status", "body"}.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from bench.process import LOCAL
from guerdon.web import server
from guerdon.web.asgi import Receive, Scope, Send


class Empty:
    """An ASGI application that answers every request alike."""

    def __init__(self, status: int, body: bytes) -> None:
        headers = [(b"content-type", b"application/json")] if body else []
        if status != 204:
            headers.append((b"content-length", str(len(body)).encode()))
        self.head = {"type": "http.response.start", "status": status, "headers": headers}
        self.tail = {"type": "http.response.body", "body": body}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the whole body, then answer."""
        if scope["type"] == "lifespan":
            await live(receive, send)
            return
        while (await receive()).get("more_body"):
            pass
        await send(self.head)
        await send(self.tail)


async def live(receive: Receive, send: Send) -> None:
    """Start and stop: there is nothing to do."""
    for event in ("startup", "shutdown"):
        await receive()
        await send({"type": f"lifespan.{event}.complete"})


def serve(options: dict[str, Any]) -> int:
    """Serve until told to stop."""
    (listener,) = server.listen(LOCAL, options["port"])
    app = Empty(options["status"], options["body"].encode())
    return server.serve(server.build(app), [listener])


if __name__ == "__main__":
    sys.exit(serve(json.loads(sys.argv[1])))
