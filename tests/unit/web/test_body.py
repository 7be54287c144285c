"""A body is handed on whole, in time and inside its bound, or not at all."""

from __future__ import annotations

import asyncio
import gzip
import zlib

import pytest

from guerdon import errors, limits
from guerdon.web.body import content_type, read_body, require_json

BODY = b'{"eventType":"ORDER_PLACED"}'


def whole(body: bytes) -> list[dict]:
    return [{"type": "http.request", "body": body, "more_body": False}]


def pieces(*parts: bytes) -> list[dict]:
    messages = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    messages[-1]["more_body"] = False
    return messages


DISCONNECT = {"type": "http.disconnect"}


def read(messages, headers=(), bytes_max=limits.body_bytes_max, seconds_max=10.0, *, waits=False):
    """Read what a server would deliver; `waits` makes every message come after a pause."""

    async def reading() -> bytes:
        left = list(messages)

        async def receive():
            if waits:
                await asyncio.sleep(0)
            if not left:
                await asyncio.Event().wait()
            return left.pop(0)

        scope = {"headers": list(headers)}
        return await read_body(scope, receive, bytes_max, seconds_max=seconds_max)

    return asyncio.run(reading())


@pytest.mark.parametrize("waits", [False, True])
@pytest.mark.parametrize(
    "messages", [whole(BODY), pieces(BODY[:5], b"", BODY[5:]), pieces(BODY, b"")]
)
def test_a_body_arrives_whole_in_one_piece_or_many(messages, waits):
    assert read(messages, waits=waits) == BODY


def test_no_body_is_an_empty_body():
    assert read([{"type": "http.request"}]) == b""


@pytest.mark.parametrize("waits", [False, True])
def test_a_disconnect_is_never_taken_for_the_end_of_a_body(waits):
    half = {"type": "http.request", "body": BODY[:9], "more_body": True}
    for messages in ([DISCONNECT], [half, DISCONNECT]):
        with pytest.raises(errors.Disconnected):
            read(messages, waits=waits)


def test_a_body_shorter_than_declared_is_not_handed_on():
    with pytest.raises(errors.Disconnected):
        read(whole(BODY), [(b"content-length", b"99")])


@pytest.mark.parametrize(
    "declared", [b"11", b"1000000000000", b"9" * 5_000, b"0" * 4_300 + b"9" * 30]
)
def test_a_declared_length_above_the_bound_is_refused_before_anything_is_read(declared):
    with pytest.raises(errors.TooLarge):
        read([], [(b"content-length", declared)], bytes_max=10)


@pytest.mark.parametrize("declared", [b"+5", b"-1", b"5, 5", b"0x5", b"", b"5_0", "٣".encode()])
def test_a_declared_length_that_is_no_number_is_refused(declared):
    with pytest.raises(errors.Refused) as refused:
        read(whole(b"12345"), [(b"content-length", declared)])
    assert refused.value.code == "invalid_length"


def test_an_endless_chunked_body_is_refused_at_the_bound():
    endless = [{"type": "http.request", "body": b"x" * 10, "more_body": True}] * 3
    with pytest.raises(errors.TooLarge):
        read(endless, bytes_max=25)


def test_a_body_of_exactly_the_bound_is_read():
    assert read(whole(b"x" * 10), [(b"content-length", b"0010")], bytes_max=10) == b"x" * 10
    with pytest.raises(errors.TooLarge):
        read(whole(b"x" * 11), bytes_max=10)


@pytest.mark.parametrize(
    "messages", [[], [{"type": "http.request", "body": b"1", "more_body": True}]]
)
def test_a_sender_that_stops_is_refused_at_the_deadline(messages):
    with pytest.raises(errors.Refused) as refused:
        read(messages, seconds_max=0.001)
    assert refused.value.code == "body_timeout"


def test_cancelling_a_read_reaches_the_server():
    seen = []

    async def reading():
        started = asyncio.Event()

        async def receive():
            started.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                seen.append("cancelled")
                raise

        task = asyncio.create_task(read_body({"headers": []}, receive))
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(reading())
    assert seen == ["cancelled"]


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        (b"gzip", gzip.compress(BODY, mtime=0)),
        (b"X-GZIP", gzip.compress(BODY, mtime=0)),
        (b"deflate", zlib.compress(BODY)),
        (b" identity ", BODY),
        (b"", BODY),
    ],
)
def test_gzip_deflate_and_identity_are_understood(coding, packed):
    headers = [(b"content-encoding", coding), (b"content-length", b"%d" % len(packed))]
    assert read(whole(packed), headers) == BODY


@pytest.mark.parametrize("coding", [b"br", b"zstd", b"gzip, gzip", b"compress", b"gzip;q=1"])
def test_other_codings_are_refused_by_name(coding):
    with pytest.raises(errors.Refused) as refused:
        read(whole(gzip.compress(BODY, mtime=0)), [(b"content-encoding", coding)])
    assert refused.value.code == "unsupported_encoding"


def test_two_coding_headers_are_two_codings():
    twice = gzip.compress(gzip.compress(BODY, mtime=0))
    headers = [(b"content-encoding", b"gzip")] * 2
    with pytest.raises(errors.Refused) as refused:
        read(whole(twice), headers)
    assert refused.value.code == "unsupported_encoding"


@pytest.mark.parametrize(
    "packed",
    [
        b"",
        b"not gzip",
        gzip.compress(BODY, mtime=0)[:-3],
        gzip.compress(BODY, mtime=0) + b"x",
        gzip.compress(BODY, mtime=0) + gzip.compress(BODY, mtime=0),
        zlib.compress(BODY),
    ],
)
def test_a_broken_or_double_stream_is_refused(packed):
    with pytest.raises(errors.Refused) as refused:
        read(whole(packed), [(b"content-encoding", b"gzip")])
    assert refused.value.code == "invalid_encoding"


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
def test_a_bomb_is_refused_at_the_bound(pack):
    bomb = pack(b"\0" * 50_000_000)
    coding = b"gzip" if pack is gzip.compress else b"deflate"
    with pytest.raises(errors.TooLarge):
        read(whole(bomb), [(b"content-encoding", coding)])


def test_a_ratio_no_honest_text_has_is_refused_below_the_byte_bound():
    packed = gzip.compress(b"\0" * 500_000)
    with pytest.raises(errors.TooLarge):
        read(whole(packed), [(b"content-encoding", b"gzip")])
    small = b"\0" * limits.inflated_bytes_free
    assert read(whole(gzip.compress(small, mtime=0)), [(b"content-encoding", b"gzip")]) == small


def test_a_handler_s_own_bound_holds_for_inflated_bodies():
    with pytest.raises(errors.TooLarge):
        read(whole(gzip.compress(b"\0" * 101)), [(b"content-encoding", b"gzip")], bytes_max=100)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (b"application/json", ("application/json", "")),
        (b'Application/JSON; Charset="UTF-8"', ("application/json", "utf-8")),
        (b"", ("", "")),
    ],
)
def test_a_content_type_is_a_media_type_and_a_charset(header, expected):
    assert content_type({b"content-type": header}) == expected


@pytest.mark.parametrize(
    "header", [b"application/json", b"application/json;charset=utf8", b"application/x+json"]
)
def test_json_in_utf_8_passes(header):
    require_json({b"content-type": header})


@pytest.mark.parametrize(
    "header",
    [b"", b"text/plain", b"application/json; charset=utf-16", b"text/x+json", b"application/xml"],
)
def test_anything_else_does_not(header):
    with pytest.raises(errors.Refused) as refused:
        require_json({b"content-type": header})
    assert refused.value.code == "unsupported_media_type"
