"""Who is slow pays with the connection, and with nobody else's."""

from __future__ import annotations

import contextlib
import json

from guerdon.web.rules import Bounds
from security import edge
from security.edge import request

TINY = 0.05


def test_a_header_that_never_ends_ends_the_connection():
    with edge.serving(Bounds(header_seconds=TINY)) as server:
        [answer] = server.send(b"GET /x/ignore HTTP/1.1\r\nHost: a\r\nX-A:", then_close=False)
        assert answer.status == 408
        assert answer.headers["connection"] == "close"


def test_a_body_that_never_comes_ends_the_connection():
    with edge.serving(Bounds(body_seconds=TINY)) as server:
        [answer] = server.send(request("/x/echo", b"", b"Content-Length: 5"), then_close=False)
        assert answer.status == 408
        assert json.loads(answer.body)["code"] == "body_timeout"
        assert server.seen == []


def test_half_a_body_ends_the_connection_and_reaches_nobody():
    with edge.serving(Bounds(body_seconds=TINY)) as server:
        data = request("/x/echo", b"", b"Transfer-Encoding: chunked") + b"5\r\nhello\r\n"
        [answer] = server.send(data, then_close=False)
        assert answer.status == 408
        assert server.seen == []


def test_a_body_a_quick_way_waits_for_is_refused_by_the_room_itself():
    with edge.serving(Bounds(body_seconds=TINY)) as server:
        for data in (b"", b"he"):
            stalled = request("/x/quick", b"", b"Content-Length: 5") + data
            [answer] = server.send(stalled, then_close=False)
            assert answer.status == 408
            assert json.loads(answer.body)["code"] == "body_timeout"
            assert answer.headers["connection"] == "close"
        assert server.seen == [("/x/quick", b"")] * 2
        assert [a.body for a in server.send(request("/x/quick", b"hello"))] == [b"hello"]


def test_two_hundred_slow_senders_do_not_keep_a_good_one_waiting():
    with edge.serving(Bounds(header_seconds=60)) as server, contextlib.ExitStack() as slow:
        for _ in range(200):
            connection = slow.enter_context(server.connect())
            connection.sendall(b"POST /x/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx")
        assert [answer.body for answer in server.send(request("/x/echo", b"hello"))] == [b"hello"]


def test_an_idle_connection_is_closed_without_a_word():
    with edge.serving(Bounds(idle_seconds=TINY)) as server:
        assert server.send(b"", then_close=False) == []
        assert [a.status for a in server.send(request("/x/echo", b"1"), then_close=False)] == [200]


def test_a_slow_handler_is_not_an_idle_connection():
    bounds = Bounds(header_seconds=TINY, body_seconds=TINY, idle_seconds=TINY)
    with edge.serving(bounds) as server, server.connect() as connection:
        connection.sendall(request("/x/slow", b"hello"))
        assert server.entered.wait(edge.PATIENCE_SECONDS)
        # Others are timed out around it meanwhile.
        assert server.send(b"", then_close=False) == []
        server.leave()
        assert edge.one_reply(connection).body == b"done"


def test_a_header_that_stalls_behind_a_request_in_flight_is_refused_after_its_answer():
    with edge.serving(Bounds(header_seconds=TINY)) as server, server.connect() as connection:
        connection.sendall(request("/x/slow", b"hello") + b"GET /x/smug HTTP/1.1\r\n")
        assert server.entered.wait(edge.PATIENCE_SECONDS)
        assert [a.status for a in server.send(b"GET ", then_close=False)] == [408]
        server.leave()
        answers = edge.replies(edge.rest(connection))
        assert [answer.status for answer in answers] == [200, 408]


def test_a_sender_that_does_not_read_its_answer_is_cut_off():
    with edge.serving(Bounds(write_seconds=TINY, idle_seconds=TINY)) as server:
        with server.connect() as connection:
            connection.sendall(request("/x/large", method="GET"))
            assert connection.recv(1) == b"H"
            # One that came later and is closed for being idle shows that the time is over.
            with server.connect() as other:
                assert edge.rest(other) == b""
            received = edge.rest(connection)
        assert len(received) < 50_000_000


def test_lingering_after_a_refusal_is_bounded_in_time_and_bytes():
    bounds = Bounds(linger_seconds=TINY, linger_bytes_max=100_000)
    with edge.serving(bounds) as server:
        for flood in (b"", b"x" * 5_000_000):
            with server.connect() as connection, contextlib.suppress(ConnectionError):
                connection.sendall(b"BREW / HTTP/1.1\r\n\r\n" + flood)
            with server.connect() as connection:
                connection.sendall(b"BREW / HTTP/1.1\r\n\r\n")
                assert len(edge.replies(edge.rest(connection))) == 1
