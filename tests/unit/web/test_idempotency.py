from __future__ import annotations

import asyncio

import pytest

from guerdon import errors
from guerdon.web import idempotency
from guerdon.web.request import Request


def request(*keys: bytes) -> Request:
    headers = [(b"host", b"a"), *[(b"idempotency-key", key) for key in keys]]
    return Request({"headers": headers}, asyncio.Queue().get, {})


def test_without_the_header_nothing_is_recognised() -> None:
    assert idempotency.replay_key(request(), "conscent", b"{}") is None


def test_the_same_key_and_body_are_recognised_within_one_dialect() -> None:
    first = idempotency.replay_key(request(b"k-1"), "conscent", b"{}")
    assert first is not None
    assert first.seconds == 30 * 86_400
    assert first == idempotency.replay_key(request(b"k-1"), "conscent", b"{}")
    other_body = idempotency.replay_key(request(b"k-1"), "conscent", b"{ }")
    other_dialect = idempotency.replay_key(request(b"k-1"), "meditopia", b"{}")
    assert other_body is not None
    assert other_dialect is not None
    assert (other_body.key, other_body.fingerprint != first.fingerprint) == (first.key, True)
    assert (other_dialect.key != first.key, other_dialect.fingerprint) == (True, first.fingerprint)


@pytest.mark.parametrize("key", [b"x", b"x" * 255, b'"quoted"', b"a b", b"~!"])
def test_a_key_is_printable_text(key: bytes) -> None:
    assert idempotency.replay_key(request(key), "conscent", b"{}") is not None


@pytest.mark.parametrize(
    "keys", [(b"",), (b" ",), (b"x" * 256,), (b"\xc3\xbc",), (b"a\0",), (b"a\tb",), (b"a", b"a")]
)
def test_anything_else_is_refused(keys: tuple[bytes, ...]) -> None:
    with pytest.raises(errors.Refused) as caught:
        idempotency.replay_key(request(*keys), "conscent", b"{}")
    assert caught.value.code == "invalid_idempotency_key"
