"""An exchange keeps ASGI's order and HTTP's framing, whatever the application does."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from guerdon.web.exchange import Exchange

START = {"type": "http.response.start", "status": 200, "headers": []}


def body(data: bytes = b"", *, more: bool = False):
    return {"type": "http.response.body", "body": data, "more_body": more}


class Wire:
    """A connection that only writes down what happens to it; it is its own transport."""

    def __init__(self):
        self.done: list[Exchange] = []
        self.is_aborted = False
        self.is_ending = False
        self.is_write_paused = False
        self.parts: list[bytes] = []
        self.released: asyncio.Event | None = None
        self.transport = self
        self.wanted = 0

    @property
    def written(self) -> bytes:
        return b"".join(self.parts)

    def write(self, data):
        self.parts.append(data)

    def writelines(self, parts):
        self.parts.extend(parts)

    def abort(self):
        self.is_aborted = True

    def answered(self, exchange):
        self.done.append(exchange)

    def common_headers(self):
        return b"date: today\r\n"

    def finished(self, exchange):
        exchange.task = None

    async def writable(self):
        await self.released.wait()

    def wanting(self):
        self.wanted += 1


def exchange_on(wire: Wire, method: str = "POST", **options) -> Exchange:
    settings = {"keep_alive": True, "wants_continue": False} | options
    return Exchange(wire, {"type": "http", "method": method}, **settings)


def run(app, *, method="POST", whole=True, **options):
    """Let an application answer one request with the body `hello`."""
    wire = Wire()

    async def running():
        exchange = exchange_on(wire, method, **options)
        if whole:
            exchange.feed(b"hello")
            exchange.feed_end()
        await exchange.run(app)

    asyncio.run(running())
    return wire


def app_sending(*messages):
    async def app(scope, receive, send):
        for message in messages:
            await send(message)

    return app


def test_head_and_body_leave_in_one_write():
    wire = run(app_sending({**START, "headers": [(b"content-length", b"2")]}, body(b"ok")))
    assert wire.parts == [b"HTTP/1.1 200 OK\r\ndate: today\r\ncontent-length: 2\r\n\r\nok"]
    assert len(wire.done) == 1


def test_a_body_of_unknown_length_goes_in_chunks():
    wire = run(app_sending(START, body(b"hello", more=True), body(b"", more=True), body(b"you")))
    assert b"transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n" in wire.parts[0]
    assert wire.written.endswith(b"3\r\nyou\r\n0\r\n\r\n")


def test_a_large_body_is_written_behind_its_head():
    data = b"x" * 1_000_000
    wire = run(app_sending({**START, "headers": [(b"content-length", b"1000000")]}, body(data)))
    assert wire.parts[1] is data


@pytest.mark.parametrize("status", [204, 304])
def test_a_status_without_body_has_no_framing(status):
    wire = run(app_sending({**START, "status": status}, body()))
    assert wire.written.endswith(b"date: today\r\n\r\n")


def test_head_is_answered_without_a_body():
    headers = [(b"content-length", b"5")]
    wire = run(app_sending({**START, "headers": headers}, body(b"hello")), method="HEAD")
    assert wire.written.endswith(b"content-length: 5\r\n\r\n")


@pytest.mark.parametrize(
    "header", [(b"x-a", b"b\r\nx-c: d"), (b"x-a", b"b\nc"), (b"x-a", b"b\rc"), (b"x\r\na", b"b")]
)
def test_a_line_end_in_a_header_is_our_defect_and_not_an_answer(header):
    with capture_logs() as lines:
        wire = run(app_sending({**START, "headers": [header]}, body()))
    assert wire.written.startswith(b"HTTP/1.1 500 ")
    assert b"x-c" not in wire.written
    assert lines[0]["event"] == "application_failed"


OUT_OF_ORDER = [
    [body(b"x")],
    [START, START],
    [START, body(b"x"), body(b"y")],
    [{"type": "http.response.trailers"}],
    [{**START, "headers": [(b"content-length", b"1")]}, body(b"too long")],
    [{**START, "headers": [(b"content-length", b"9")]}, body(b"short")],
]


@pytest.mark.parametrize("messages", OUT_OF_ORDER)
def test_an_application_that_breaks_the_order_does_not_break_the_framing(messages):
    with capture_logs() as lines:
        wire = run(app_sending(*messages))
    assert lines[0]["event"] == "application_failed"
    assert wire.written.count(b"HTTP/1.1 ") == 1


async def crashing(scope, receive, send):
    raise ZeroDivisionError


async def silent(scope, receive, send):
    await receive()


@pytest.mark.parametrize("app", [crashing, silent])
def test_an_application_without_an_answer_is_a_500_that_ends_the_connection(app):
    with capture_logs():
        wire = run(app)
    assert wire.written.startswith(b"HTTP/1.1 500 ")
    assert b"connection: close\r\n" in wire.written


def test_an_application_that_fails_inside_its_answer_cuts_it_visibly():
    async def app(scope, receive, send):
        await send(START)
        await send(body(b"half", more=True))
        raise ZeroDivisionError

    with capture_logs():
        wire = run(app)
    assert wire.is_aborted
    assert not wire.written.endswith(b"0\r\n\r\n")


def test_a_cancelled_application_is_answered_too():
    async def app(scope, receive, send):
        raise asyncio.CancelledError

    assert run(app).written.startswith(b"HTTP/1.1 500 ")


@pytest.mark.parametrize(
    ("options", "says_close"),
    [({}, False), ({"keep_alive": False}, True), ({"whole": False}, True)],
)
def test_the_last_answer_says_so(options, says_close):
    wire = run(app_sending(START, body()), **options)
    assert (b"connection: close\r\n" in wire.written) is says_close
    assert wire.done[0].keep_alive is not says_close


def test_an_application_may_ask_for_the_end():
    wire = run(app_sending({**START, "headers": [(b"connection", b"Close")]}, body()))
    assert wire.written.count(b"connection: close") == 1
    assert not wire.done[0].keep_alive


def received(*steps):
    """What the application receives when these things happen while it waits."""
    wire = Wire()

    async def running():
        exchange = exchange_on(wire, wants_continue=True)
        messages = []
        for step in steps:
            waiting = asyncio.ensure_future(exchange.receive())
            await asyncio.sleep(0)
            step(exchange)
            messages.append(await waiting)
        return messages

    return asyncio.run(running()), wire


def end_with(data):
    def step(exchange):
        exchange.feed(data)
        exchange.feed_end()

    return step


def test_a_body_is_received_in_the_pieces_it_comes_in():
    messages, wire = received(lambda exchange: exchange.feed(b"he"), end_with(b"llo"))
    assert [(message["body"], message["more_body"]) for message in messages] == [
        (b"he", True),
        (b"llo", False),
    ]
    assert wire.parts == [b"HTTP/1.1 100 Continue\r\n\r\n"]
    assert wire.wanted == 2


def test_an_empty_end_is_received():
    messages, _ = received(lambda exchange: exchange.feed_end())
    assert messages == [{"type": "http.request", "body": b"", "more_body": False}]


def test_a_cut_body_is_a_disconnect_even_when_part_of_it_has_come():
    messages, _ = received(lambda exchange: (exchange.feed(b"half"), exchange.cut()))
    assert messages == [{"type": "http.disconnect"}]


def test_after_the_body_only_the_end_is_received():
    messages, _ = received(end_with(b"hello"), lambda exchange: exchange.cut())
    assert [message["type"] for message in messages] == ["http.request", "http.disconnect"]


def test_nothing_is_written_to_a_sender_that_is_gone():
    async def app(scope, receive, send):
        exchange.cut()
        await send(START)
        await send(body(b"late"))

    wire = Wire()
    exchange = exchange_on(wire)
    asyncio.run(exchange.run(app))
    assert wire.parts == []


def test_writing_waits_for_a_sender_that_reads_slowly():
    async def running():
        wire = Wire()
        wire.is_write_paused = True
        wire.released = asyncio.Event()
        exchange = exchange_on(wire)
        task = asyncio.ensure_future(exchange.run(app_sending(START, body(b"x"))))
        await asyncio.sleep(0)
        before = list(wire.parts)
        wire.is_write_paused = False
        wire.released.set()
        await task
        return before, wire.written

    before, after = asyncio.run(running())
    assert before == []
    assert after.startswith(b"HTTP/1.1 200 OK")
