"""A receiver can neither hold us nor fill us (W7). Real sockets on loopback."""

import asyncio
import gzip

import pytest

from guerdon import limits
from guerdon.outbound import webhook
from unit.outbound.network import SECRET, START, Names, listening, read_request

OK = b"HTTP/1.1 200 OK\r\n"


def delivered_to(handle, *, seconds_max):
    """The attempt, and whether the receiver saw us hang up."""

    async def run():
        gone = asyncio.Event()

        async def receiver(reader, writer):
            await read_request(reader)
            await handle(writer)
            # Nothing more is ever sent to it: the read ends when the connection does.
            try:
                await reader.read()
            finally:
                gone.set()

        async with listening(receiver) as port:
            request = webhook.Outgoing(
                url=f"http://127.0.0.1:{port}/",
                message_id="msg_1",
                timestamp_seconds=START // 1_000_000,
                body=b"{}",
                secrets=(SECRET,),
                allow_private=True,
            )
            attempt = await webhook.send(request, Names([]), seconds_max=seconds_max)
            await gone.wait()
            return attempt

    return asyncio.run(asyncio.wait_for(run(), 20))


def saying(*pieces):
    async def handle(writer):
        for piece in pieces:
            writer.write(piece)
            await writer.drain()

    return handle


@pytest.mark.parametrize(
    "pieces",
    [
        (),
        (b"HTTP/1.1 2",),
        (OK, b"a: b\r\n", b"c: d\r\n"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 102 Processing\r\n\r\n"),
    ],
)
def test_a_receiver_that_never_answers_is_left_at_the_deadline(pieces):
    assert delivered_to(saying(*pieces), seconds_max=0.1).error == "timeout"


def test_a_body_that_trickles_is_left_at_the_deadline_and_the_status_stands():
    head = OK + b"content-length: 1000000\r\n\r\n"
    attempt = delivered_to(saying(head, b"o", b"k"), seconds_max=0.5)
    assert (attempt.status, attempt.error, attempt.detail) == (200, None, "ok")
    refused = delivered_to(saying(b"HTTP/1.1 500 X\r\n\r\n", b"o"), seconds_max=0.5)
    assert refused.error == "http_500"


def test_an_endless_body_is_read_to_its_bound_and_no_further():
    written = 0

    async def endless(writer):
        nonlocal written
        writer.write(OK + b"content-length: 1000000000\r\n\r\n")
        try:
            while True:
                writer.write(b"x" * 65_536)
                await writer.drain()
                written += 65_536
        except ConnectionError:
            return

    attempt = delivered_to(endless, seconds_max=15.0)
    assert (attempt.status, attempt.error) == (200, None)
    assert len(attempt.detail) == limits.delivery_detail_chars_max
    # What we did not read still fits into the buffers of two sockets.
    assert written < 20 * 1_048_576


def test_a_bomb_is_not_inflated():
    bomb = gzip.compress(b"A" * 10_000_000)
    head = OK + b"content-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(bomb)
    attempt = delivered_to(saying(head, bomb), seconds_max=15.0)
    assert attempt.error is None
    assert len(attempt.detail) <= limits.delivery_detail_chars_max
    assert "A" * 100 not in attempt.detail


def test_a_chunked_body_without_end_is_read_to_its_bound():
    chunk = b"8000\r\n" + b"x" * 0x8000 + b"\r\n"
    attempt = delivered_to(
        saying(OK + b"transfer-encoding: chunked\r\n\r\n", *[chunk] * 4), seconds_max=15.0
    )
    assert (attempt.status, attempt.error) == (200, None)


def test_endless_headers_are_a_fault_of_the_receiver():
    attempt = delivered_to(
        saying(OK, *[b"x-%d: y\r\n" % n for n in range(3_000)]), seconds_max=15.0
    )
    assert attempt.error == "protocol_error"


def test_an_answer_that_is_kept_open_after_its_end_holds_nobody():
    attempt = delivered_to(saying(OK + b"content-length: 2\r\n\r\nok"), seconds_max=15.0)
    assert (attempt.status, attempt.error, attempt.detail) == (200, None, "ok")
