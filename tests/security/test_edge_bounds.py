"""Too much of anything is refused at the bound, and the others are served meanwhile."""

from __future__ import annotations

import gzip
import json

import pytest

from guerdon import limits
from guerdon.web.rules import Bounds
from security import edge
from security.edge import request


@pytest.fixture(scope="module")
def server():
    with edge.serving() as running:
        yield running


@pytest.fixture(autouse=True)
def _fresh(server):
    server.seen.clear()


def with_headers(*lines: bytes) -> bytes:
    return request("/x/ignore", b"", *lines, method="GET")


SMUGGLED = request("/x/smug", method="GET")


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (with_headers(b"X-A: " + b"a" * 17_000), 431),
        (with_headers(b"X-A: " + b"a" * 70_000), 431),
        (with_headers(b"X-A: " + b"a" * 1_000_000), 431),
        (with_headers(b"X" * 70_000 + b": a"), 431),
        (with_headers(*[b"X-%d: a" % number for number in range(101)]), 431),
        (with_headers(*[b"X-%d: a" % number for number in range(2_000)]), 431),
        (with_headers(*[b"X-%d: " % number + b"a" * 2_000 for number in range(9)]), 431),
        (request("/x/" + "a" * 8_200, method="GET"), 414),
        (request("/x/ignore?" + "a" * 9_000, method="GET"), 414),
        (request("/x/" + "a" * 1_000_000, method="GET"), 414),
    ],
)
def test_a_header_or_url_that_is_too_long_is_refused_and_closed(server, data, status):
    [answer] = server.send(data + SMUGGLED, then_close=False)
    assert answer.status == status
    assert answer.headers["connection"] == "close"
    assert server.seen == []


def test_a_header_that_never_ends_is_refused_before_it_does(server):
    with server.connect() as connection:
        connection.sendall(b"GET /x/ignore HTTP/1.1\r\nHost: a\r\nX-A: ")
        connection.sendall(b"a" * 3 * limits.header_bytes_max)
        [answer] = edge.replies(edge.rest(connection))
    assert answer.status == 431


def test_a_long_header_behind_a_good_request_is_refused_too(server):
    data = with_headers() + with_headers(b"X-A: " + b"a" * 70_000)
    assert [answer.status for answer in server.send(data, then_close=False)] == [200, 431]


def test_as_much_as_allowed_is_served(server):
    many = with_headers(*[b"X-%d: a" % number for number in range(limits.headers_max - 1)])
    long = with_headers(b"X-A: " + b"a" * (limits.header_bytes_max - 100))
    url = request("/x/ignore?" + "a" * 8_000, method="GET")
    for data in (many, long, url):
        assert [answer.status for answer in server.send(data)] == [200]


def test_trailers_are_bounded(server):
    trailers = b"".join(b"X-%d: a\r\n" % number for number in range(101))
    data = request("/x/echo", b"", b"Transfer-Encoding: chunked") + b"0\r\n" + trailers + b"\r\n"
    assert [answer.status for answer in server.send(data, then_close=False)] == [431]
    assert server.seen == []


def refused(server, data: bytes) -> edge.Reply:
    [answer] = server.send(data, then_close=False)
    assert answer.headers["connection"] == "close"
    assert server.seen == []
    return answer


def test_a_declared_body_that_is_too_large_is_refused_before_it_is_sent(server):
    data = request("/x/echo", b"", b"Content-Length: 1000000000000")
    assert refused(server, data).status == 413


def test_a_body_one_byte_too_large_is_refused_and_the_sender_can_read_why(server):
    data = request("/x/echo", b"a" * (limits.body_bytes_max + 1))
    answer = refused(server, data)
    assert answer.status == 413
    assert json.loads(answer.body)["code"] == "too_large"


def test_a_body_of_the_bound_is_served(server):
    [answer] = server.send(request("/x/echo", b"a" * limits.body_bytes_max))
    assert len(answer.body) == limits.body_bytes_max


def test_an_endless_chunked_body_is_refused_at_the_bound(server):
    data = request("/x/echo", b"", b"Transfer-Encoding: chunked")
    chunks = (b"10000\r\n" + b"a" * 65_536 + b"\r\n") * 17
    assert refused(server, data + chunks).status == 413


def test_a_body_nobody_reads_does_not_become_a_request(server):
    data = request("/x/ignore", b"", b"Content-Length: 100000") + SMUGGLED
    [answer] = server.send(data, then_close=False)
    assert answer.headers["connection"] == "close"
    assert server.seen == [("/x/ignore", b"")]


def test_an_unread_body_that_has_come_does_not_end_the_connection(server):
    data = request("/x/ignore", b"hello") * 2
    assert [answer.status for answer in server.send(data)] == [200, 200]


def test_a_gzip_bomb_is_refused(server):
    bomb = gzip.compress(b"\0" * 200_000_000, 9)
    answers = server.send(request("/x/echo", bomb, b"Content-Encoding: gzip"))
    assert [answer.status for answer in answers] == [413]
    assert server.seen == []


@pytest.mark.parametrize("coding", [b"br", b"zstd", b"gzip, gzip"])
def test_other_content_codings_are_415(server, coding):
    data = request("/x/echo", gzip.compress(b"hello"), b"Content-Encoding: " + coding)
    assert [answer.status for answer in server.send(data)] == [415]


def test_above_the_bound_connections_are_answered_503():
    with edge.serving(Bounds(connections_max=2)) as server:
        held = [server.connect(), server.connect()]
        for connection in held:
            connection.sendall(request("/x/echo", b"hello"))
            assert edge.one_reply(connection).status == 200
        [answer] = server.send(request("/x/echo", b"hello"), then_close=False)
        assert answer.status == 503
        assert int(answer.headers["retry-after"]) >= 1
        held[0].sendall(request("/x/echo", b"again"))
        assert edge.one_reply(held[0]).body == b"again"
        for connection in held:
            connection.close()


def test_many_large_bodies_at_once_are_all_answered(server):
    connections = [server.connect() for _ in range(50)]
    data = request("/x/echo", b"a" * 1_000_000)
    for connection in connections:
        connection.sendall(data[:-1])
    for connection in connections:
        connection.sendall(data[-1:])
        assert edge.one_reply(connection).status == 200
        connection.close()
