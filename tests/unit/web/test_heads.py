"""A head that was read before means the same again, and nothing else ever does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from guerdon import limits
from guerdon.clock import SystemClock
from guerdon.web import answers, logs
from guerdon.web.answers import Answer
from guerdon.web.app import Application, Probes
from guerdon.web.connection import Connection
from guerdon.web.request import Request
from guerdon.web.routing import Room, Route
from guerdon.web.rules import Bounds, Rules

BODY = b'{"a":1}'


class Wire(asyncio.Transport):
    """What a connection wrote, and whether it hung up."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.closed = False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return ("127.0.0.1", 1) if name in ("peername", "sockname") else default

    def write(self, data: Any) -> None:
        self.written += bytes(data)

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = True

    def can_write_eof(self) -> bool:
        return False

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


class Desk:
    """A server with one route whose quick way answers with what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[dict[bytes, bytes], bytes, str]] = []
        room = Room("echo", "/echo", (Route("POST", "/{who}", self._slow, self._quick),))
        app = Application((room,), Probes(_ready, _metrics, dict))
        self.config = uvicorn.Config(app, proxy_headers=False)
        self.config.load()
        self.state = ServerState()
        self.state.default_headers = []
        self.rules = Rules(Bounds(), (), logs.RequestLog(SystemClock()))

    async def _slow(self, request: Request) -> Answer:
        body = await request.body()
        self.asked.append((request.headers, body, request.params["who"]))
        return answers.json_answer(200, {"who": request.params["who"]})

    def _quick(self, request: Request, body: bytes) -> Any:
        self.asked.append((request.headers, body, request.params["who"]))

        def tell(_command: Any, done: Callable[[Any], None]) -> None:
            done(request.params["who"])

        return tell, None, lambda _request, who: answers.json_answer(200, {"who": who})

    def connect(self) -> tuple[Connection, Wire]:
        wire = Wire()
        connection = Connection(self.config, self.state, {}, rules=self.rules)
        connection.connection_made(wire)
        return connection, wire


async def _ready() -> tuple[bool, dict[str, Any]]:
    return True, {}


async def _metrics() -> bytes:
    return b""


@pytest.fixture
def desk() -> Iterator[Desk]:
    loop = asyncio.new_event_loop()
    # A connection asks for the running loop when it is made; what it begins ends afterwards.
    asyncio.events._set_running_loop(loop)
    try:
        yield Desk()
    finally:
        asyncio.events._set_running_loop(None)
        for task in asyncio.all_tasks(loop):
            loop.run_until_complete(task)
        loop.close()


def message(body: bytes = BODY, *, who: str = "me", lines: bytes = b"", length: int = -1) -> bytes:
    size = len(body) if length < 0 else length
    head = f"POST /echo/{who} HTTP/1.1\r\nHost: h\r\nContent-Length: {size}\r\n".encode()
    return head + lines + b"\r\n" + body


def test_the_second_request_is_read_like_the_first_on_any_connection(desk: Desk) -> None:
    first, wire = desk.connect()
    second, other = desk.connect()
    for connection in (first, first, second):
        connection.data_received(message())
    first.data_received(message(b'{"b":2}'))
    headers = {b"host": b"h", b"content-length": b"7"}
    assert desk.asked == [(headers, BODY, "me")] * 3 + [(headers, b'{"b":2}', "me")]
    assert wire.written.count(b"200 OK") == 3
    assert other.written.count(b"200 OK") == 1
    assert len(desk.rules.heads._known) == 1


def test_one_byte_of_difference_is_another_head(desk: Desk) -> None:
    connection, _ = desk.connect()
    for who in ("me", "you", "me", "mE"):
        connection.data_received(message(who=who, lines=b"X-Key: " + who.encode() + b"\r\n"))
    assert [who for _, _, who in desk.asked] == ["me", "you", "me", "mE"]
    assert [headers[b"x-key"] for headers, _, _ in desk.asked] == [b"me", b"you", b"me", b"mE"]


def test_a_known_head_with_a_body_that_is_not_all_there_waits_for_the_rest(desk: Desk) -> None:
    connection, wire = desk.connect()
    connection.data_received(message())
    connection.data_received(message()[:-1])
    assert wire.written.count(b"200 OK") == 1
    connection.data_received(message()[-1:])
    assert wire.written.count(b"200 OK") == 2
    assert [body for _, body, _ in desk.asked] == [BODY, BODY]


def test_two_messages_in_one_piece_are_two_requests(desk: Desk) -> None:
    connection, wire = desk.connect()
    connection.data_received(message())
    connection.data_received(message() + message(who="you"))
    assert wire.written.count(b"200 OK") == 3
    assert [who for _, _, who in desk.asked] == ["me", "me", "you"]


def test_bytes_before_a_message_teach_nothing(desk: Desk) -> None:
    """Line ends are skipped, so what follows them is no body, whatever length is named in it."""
    connection, _ = desk.connect()
    inner = message(b"")
    connection.data_received(b"\r\n\r\n" + message(b"", length=len(inner)))
    connection.data_received(inner)
    assert all(head.startswith(b"POST ") for head in desk.rules.heads._known)
    victim, wire = desk.connect()
    victim.data_received(message(who="victim"))
    assert b'"victim"' in wire.written


def test_a_message_that_ends_or_interrupts_its_connection_is_never_remembered(desk: Desk) -> None:
    for lines in (b"Connection: close\r\n", b"Expect: 100-continue\r\n"):
        connection, wire = desk.connect()
        connection.data_received(message(lines=lines))
    chunked = b"POST /echo/me HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    connection, wire = desk.connect()
    connection.data_received(chunked)
    assert b"200 OK" in wire.written
    assert not desk.rules.heads._known


def test_what_is_remembered_is_bounded(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "heads_known_max", 4)
    connection, _ = desk.connect()
    for number in range(20):
        connection.data_received(message(who=f"m{number}"))
        assert len(desk.rules.heads._known) <= 4
    connection.data_received(message(lines=b"X: " + b"x" * limits.head_known_bytes_max + b"\r\n"))
    assert all(len(head) <= limits.head_known_bytes_max for head in desk.rules.heads._known)
    assert len(desk.asked) == 21
