"""A request whose end is in doubt is refused, and nothing after it is taken for a request."""

from __future__ import annotations

import random

import pytest

from security import edge
from security.edge import request

SMUGGLED = b"GET /x/smug HTTP/1.1\r\nHost: a\r\n\r\n"
CHUNKED = b"Transfer-Encoding: chunked"


@pytest.fixture(scope="module")
def server():
    with edge.serving() as running:
        yield running


@pytest.fixture(autouse=True)
def _fresh(server):
    server.seen.clear()


def head(*lines: bytes, body: bytes = b"") -> bytes:
    return b"\r\n".join([b"POST /x/echo HTTP/1.1", *lines]) + b"\r\n\r\n" + body


HOST = b"Host: a"
IN_DOUBT = {
    "length and chunked": head(HOST, b"Content-Length: 5", CHUNKED, body=b"0\r\n\r\n"),
    "chunked and length": head(HOST, CHUNKED, b"Content-Length: 5", body=b"0\r\n\r\n"),
    "two lengths": head(HOST, b"Content-Length: 5", b"Content-Length: 6", body=b"hello"),
    "one length twice": head(HOST, b"Content-Length: 5", b"Content-Length: 5", body=b"hello"),
    "two lengths in one header": head(HOST, b"Content-Length: 5, 5", body=b"hello"),
    "length with a sign": head(HOST, b"Content-Length: +5", body=b"hello"),
    "negative length": head(HOST, b"Content-Length: -5", body=b"hello"),
    "hexadecimal length": head(HOST, b"Content-Length: 0x5", body=b"hello"),
    "empty length": head(HOST, b"Content-Length: ", body=b"hello"),
    "endless length": head(HOST, b"Content-Length: " + b"9" * 40, body=b"hello"),
    "xchunked": head(HOST, b"Transfer-Encoding: xchunked", body=b"5\r\nhello\r\n0\r\n\r\n"),
    "chunked, identity": head(
        HOST, b"Transfer-Encoding: chunked, identity", body=b"5\r\nhello\r\n0\r\n\r\n"
    ),
    "gzip": head(HOST, b"Transfer-Encoding: gzip", body=b"hello"),
    "space before the colon": head(HOST, b"Content-Length : 5", body=b"hello"),
    "space before chunked's colon": head(
        HOST, b"Transfer-Encoding : chunked", body=b"5\r\nhello\r\n0\r\n\r\n"
    ),
    "NUL in a header": head(HOST, b"X-A: b\0c", b"Content-Length: 5", body=b"hello"),
    "NUL in a name": head(HOST, b"X-\0A: b", b"Content-Length: 5", body=b"hello"),
    "carriage return in a header": head(HOST, b"X-A: b\rc", b"Content-Length: 5", body=b"hello"),
    "folded header": head(HOST, b"X-A: b", b" c", b"Content-Length: 5", body=b"hello"),
    "folded length": head(HOST, b"Content-Length:", b" 5", body=b"hello"),
    "bare line feeds": b"POST /x/echo HTTP/1.1\nHost: a\nContent-Length: 5\n\nhello",
    "no Host": head(b"Content-Length: 5", body=b"hello"),
    "two Hosts": head(HOST, b"Host: b", b"Content-Length: 5", body=b"hello"),
    "one Host twice": head(HOST, HOST, b"Content-Length: 5", body=b"hello"),
    "chunk size 0x5": head(HOST, CHUNKED, body=b"0x5\r\nhello\r\n0\r\n\r\n"),
    "chunk size +5": head(HOST, CHUNKED, body=b"+5\r\nhello\r\n0\r\n\r\n"),
    "endless chunk size": head(HOST, CHUNKED, body=b"f" * 17 + b"\r\nhello\r\n0\r\n\r\n"),
    "chunk longer than its size": head(HOST, CHUNKED, body=b"5\r\nhelloX\r\n0\r\n\r\n"),
    "chunk without its end": head(HOST, CHUNKED, body=b"5\r\nhello0\r\n\r\n"),
    "chunk after a bare line feed": head(HOST, CHUNKED, body=b"5\nhello\r\n0\r\n\r\n"),
    "chunked in HTTP/1.0": b"POST /x/echo HTTP/1.0\r\nHost: a\r\n"
    + CHUNKED
    + b"\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "no request at all": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 TLS\r\n\r\n",
}


@pytest.mark.parametrize("data", IN_DOUBT.values(), ids=IN_DOUBT)
def test_a_request_in_doubt_is_refused_and_ends_the_connection(server, data):
    answers = server.send(data + SMUGGLED, then_close=False)
    assert [answer.status for answer in answers] in ([400], [405])
    assert answers[0].headers["connection"] == "close"
    assert server.seen == []


@pytest.mark.parametrize("data", IN_DOUBT.values(), ids=IN_DOUBT)
def test_it_is_refused_when_it_comes_byte_by_byte_too(server, data):
    with server.connect() as connection:
        connection.setsockopt(edge.socket.IPPROTO_TCP, edge.socket.TCP_NODELAY, 1)
        for index in range(len(data)):
            try:
                connection.send(data[index : index + 1])
            except ConnectionError:
                break
        answers = edge.replies(edge.rest(connection))
    assert [answer.status for answer in answers] in ([400], [405])
    assert server.seen == []


VERSIONS = [
    b"",
    b" HTTP/0.9",
    b" HTTP/2.0",
    b" HTTP/1.2",
    b" HTTP/3.0",
    b" http/1.1",
    b" HTCPCP/1.0",
]


@pytest.mark.parametrize("version", VERSIONS)
def test_other_versions_are_refused(server, version):
    answers = server.send(b"GET /x/echo" + version + b"\r\nHost: a\r\n\r\n", then_close=False)
    assert [answer.status for answer in answers] in ([400], [505])
    assert server.seen == []


def test_the_http_2_preface_is_refused(server):
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    assert [answer.status for answer in server.send(preface, then_close=False)] == [400]


INCOMPLETE = {
    "less than declared": head(HOST, b"Content-Length: 50", body=b"hello"),
    "no last chunk": head(HOST, CHUNKED, body=b"5\r\nhello\r\n"),
    "half a chunk": head(HOST, CHUNKED, body=b"50\r\nhello"),
    "no end of trailers": head(HOST, CHUNKED, body=b"5\r\nhello\r\n0\r\nX-A: b\r\n"),
}


@pytest.mark.parametrize("data", INCOMPLETE.values(), ids=INCOMPLETE)
def test_a_body_cut_short_reaches_nobody_and_is_not_answered_with_success(server, data):
    assert [answer.status for answer in server.send(data) if answer.status < 400] == []
    assert server.seen == []


def test_a_chunked_body_is_read_to_its_end(server):
    body = b"5;note=x\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"
    [answer] = server.send(head(HOST, CHUNKED, body=body))
    assert (answer.status, answer.body) == (200, b"hello world")


def test_a_trailer_never_becomes_a_header(server):
    body = b"5\r\nhello\r\n0\r\nAuthorization: Bearer x\r\nHost: b\r\n\r\n"
    [first, second] = server.send(head(HOST, CHUNKED, body=body) + request("/x/echo", b"again"))
    assert (first.status, first.body) == (200, b"hello")
    assert (second.status, second.body) == (200, b"again")


def test_pipelined_requests_are_answered_in_order(server):
    bodies = [b"%04d" % number for number in range(1_000)]
    answers = server.send(b"".join(request("/x/echo", body) for body in bodies))
    assert [answer.body for answer in answers] == bodies


def test_a_malformed_request_behind_good_ones_is_refused_after_their_answers(server):
    good = request("/x/echo", b"1") + request("/x/echo", b"2")
    answers = server.send(good + IN_DOUBT["two lengths"] + SMUGGLED, then_close=False)
    assert [(answer.status, answer.body) for answer in answers[:2]] == [(200, b"1"), (200, b"2")]
    assert [answer.status for answer in answers[2:]] == [400]
    assert [body for _, body in server.seen] == [b"1", b"2"]


def test_a_broken_body_behind_a_good_request_reaches_nobody(server):
    answers = server.send(
        request("/x/echo", b"1") + IN_DOUBT["chunk size 0x5"] + SMUGGLED, then_close=False
    )
    assert [answer.status for answer in answers] == [200, 400]
    assert [body for _, body in server.seen] == [b"1"]


def test_nothing_is_served_after_a_connection_s_last_request(server):
    answers = server.send(request("/x/echo", b"1", b"Connection: close") + SMUGGLED)
    assert [answer.status for answer in answers] == [200]
    assert [path for path, _ in server.seen] == ["/x/echo"]


def test_http_1_0_is_answered_once_and_closed(server):
    answers = server.send(b"GET /x/ignore HTTP/1.0\r\n\r\n" + SMUGGLED, then_close=False)
    assert [answer.status for answer in answers] == [200]


def test_100_continue_is_sent_when_the_body_is_wanted(server):
    with server.connect() as connection:
        connection.sendall(head(HOST, b"Expect: 100-continue", b"Content-Length: 5"))
        assert edge.one_reply(connection).status == 100
        connection.sendall(b"hello")
        assert edge.one_reply(connection).body == b"hello"


def test_100_continue_is_not_sent_to_http_1_0(server):
    for data in (b"hello", b""):
        lines = b"Host: a\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(data)
        answers = server.send(b"POST /x/echo HTTP/1.0\r\n" + lines + data)
        assert [(answer.status, answer.body) for answer in answers] == [(200, data)]


def test_another_coding_below_the_chunks_is_not_understood(server):
    body = b"5\r\nhello\r\n0\r\n\r\n"
    for lines in (
        [b"Transfer-Encoding: gzip, chunked"],
        [b"Transfer-Encoding: x;q=1 ,\tChunked"],
        [b"Transfer-Encoding: gzip", CHUNKED],
    ):
        answers = server.send(head(HOST, *lines, body=body) + SMUGGLED, then_close=False)
        assert [answer.status for answer in answers] == [501], lines
        assert answers[0].headers["connection"] == "close"
    twice = head(HOST, b"Transfer-Encoding: chunked, chunked", body=body)
    assert [answer.status for answer in server.send(twice, then_close=False)] == [400]
    assert server.seen == []


def test_100_continue_is_not_sent_for_a_body_that_is_refused(server):
    huge = head(HOST, b"Expect: 100-continue", b"Content-Length: 1000000000000")
    answers = server.send(huge, then_close=False)
    assert [answer.status for answer in answers] == [413]
    assert answers[0].headers["connection"] == "close"


def test_an_offer_of_another_protocol_is_ignored(server):
    offer = request("/x/ignore", b"", b"Upgrade: h2c", b"Connection: Upgrade", method="GET")
    assert [answer.status for answer in server.send(offer + SMUGGLED)] == [200]
    assert server.seen == [("/x/ignore", b"")]


OFFER = (HOST, b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAM")
OFFERS = {
    "length": head(*OFFER, b"Content-Length: 5", body=b"hello"),
    "chunks": head(*OFFER, CHUNKED, body=b"2\r\nhe\r\n3\r\nllo\r\n0\r\nX-A: b\r\n\r\n"),
}


@pytest.mark.parametrize("size", [7, 4_096])
@pytest.mark.parametrize("offer", OFFERS.values(), ids=OFFERS)
def test_an_offer_with_a_body_is_ignored_and_its_request_is_the_last(server, offer, size):
    sent = request("/x/echo", b"first") + offer + SMUGGLED
    with server.connect() as connection:
        for start in range(0, len(sent), size):
            connection.sendall(sent[start : start + size])
        answers = edge.replies(edge.rest(connection))
    assert [answer.status for answer in answers] == [200, 200]
    assert answers[1].headers["connection"] == "close"
    assert server.seen == [("/x/echo", b"first"), ("/x/echo", b"hello")]


@pytest.mark.parametrize(
    "body", [b"5\r\nhelloX\r\n0\r\n\r\n", b"0x5\r\nhello\r\n0\r\n\r\n"], ids=["long", "hex"]
)
def test_a_body_in_doubt_behind_an_offer_is_refused(server, body):
    [answer] = server.send(head(*OFFER, CHUNKED, body=body), then_close=False)
    assert answer.status == 400
    assert server.seen == []


def test_websockets_are_not_spoken(server):
    offer = request(
        "/x/ignore",
        b"",
        b"Upgrade: websocket",
        b"Connection: Upgrade",
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        b"Sec-WebSocket-Version: 13",
        method="GET",
    )
    assert [answer.status for answer in server.send(offer)] == [200]


def mutated(data: bytes, chance: random.Random) -> bytes:
    """The bytes with a few flipped, dropped, doubled or replaced by telling ones."""
    mutant = bytearray(data)
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(mutant))
        kind = chance.randrange(4)
        if kind == 0:
            mutant[at] ^= 1 << chance.randrange(8)
        elif kind == 1:
            del mutant[at : at + chance.randint(1, 20)]
        elif kind == 2:
            mutant[at:at] = mutant[at : at + chance.randint(1, 60)]
        else:
            mutant[at:at] = chance.choice([b"\r\n", b"\r\n\r\n", b"\0", b": ", b"0", b" ", b"\xff"])
    return bytes(mutant)


def test_no_mutation_of_a_request_is_a_defect(server, caplog):
    chance = random.Random(9_112)
    plain = request("/x/echo?a=b", b"hello", b"Expect: 100-continue", b"Connection: keep-alive")
    chunked = head(HOST, CHUNKED, b"Upgrade: h2c", body=b"5\r\nhello\r\n0\r\nX-A: b\r\n\r\n")
    whole = plain + chunked + request("/x/v1/%2F", method="GET") + request("/x/ignore", b"12345")
    for _ in range(1_000):
        answers = [answer for answer in server.send(mutated(whole, chance)) if answer.status != 100]
        assert len(answers) <= 8
        assert {answer.status for answer in answers} <= {
            200,
            400,
            404,
            405,
            414,
            415,
            431,
            501,
            505,
        }
    assert [answer.status for answer in server.send(request("/x/echo", b"alive"))] == [200]
    assert caplog.records == []
