"""The access log: one line for each answer, and never a query."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from typing import Any

import structlog

from guerdon.clock import SystemClock
from guerdon.web import access, logs


async def app(scope: Any, _receive: Any, send: Any) -> None:
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})


def lines(scope: dict[str, Any]) -> list[dict[str, Any]]:
    stream = io.StringIO()
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    logs.install(stream=stream)
    sent = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {}

    try:
        asyncio.run(access.logged(app, SystemClock())(scope, receive, send))
    finally:
        root.handlers, root.level = handlers, level
        structlog.reset_defaults()
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_answer_is_a_line_without_its_query() -> None:
    scope = {
        "type": "http",
        "method": "GET",
        "raw_path": b"/livez",
        "query_string": b"apikey=gk_secret",
        "client": ("203.0.113.9", 1),
    }
    (line,) = lines(scope)
    assert (line["method"], line["path"], line["status"]) == ("GET", "/livez", 204)
    assert line["client"] == "203.0.113.9"
    assert line["milliseconds"] >= 0
    assert "gk_secret" not in json.dumps(line)


def test_what_is_no_request_is_no_line() -> None:
    assert lines({"type": "lifespan"}) == []
