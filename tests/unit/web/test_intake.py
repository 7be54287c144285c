from __future__ import annotations

import asyncio

import pytest

from guerdon import errors, limits
from guerdon.engine.directory import Key
from guerdon.web import intake
from guerdon.web.answers import NO_CONTENT
from guerdon.web.request import Request


@pytest.fixture
def key(house) -> Key:
    secret = house.key("woowup")
    return house.run(house.engine.directory.key(secret.encode()))


def request(**more: object) -> Request:
    scope = {
        "method": "POST",
        "raw_path": b"/apiv3/user-events",
        "query_string": b"apikey=secret",
        "headers": [],
        **more,
    }
    return Request(scope, asyncio.Queue().get, {})


async def read() -> bytes:
    return b"{}"


def test_what_succeeds_leaves_no_outcome(house, key) -> None:
    async def work(_body):
        return NO_CONTENT

    answer = house.run(intake.recorded(house.engine, key, "woowup", request(), read, work))
    assert answer is NO_CONTENT
    assert not house.outcomes()


@pytest.mark.parametrize(
    ("refusal", "kind", "code", "reason"),
    [
        (errors.Refused("No."), "refused", "invalid", "No."),
        (errors.NotFound("Who?", code="unknown_member"), "refused", "unknown_member", "Who?"),
        (errors.Duplicate("Again.", code="twice"), "duplicate", "twice", "Again."),
        (errors.KeyReused("Other."), "refused", "idempotency_key_reused", "Other."),
        (
            errors.Refused("Bad.", code="bad", field="token", index=57),
            "refused",
            "bad",
            "Bad. (event 57, field token)",
        ),
        (errors.Refused("x" * 9_000), "refused", "invalid", "x" * limits.log_field_chars_max),
    ],
)
def test_a_refusal_is_kept_before_it_goes_on(house, key, refusal, kind, code, reason) -> None:
    async def work(_body):
        raise refusal

    with pytest.raises(errors.Refused) as caught:
        house.run(intake.recorded(house.engine, key, "woowup", request(), read, work))
    assert caught.value is refusal
    [row] = house.outcomes()
    assert row[2:9] == (
        kind, code, reason, "woowup", key.key_id, "POST", "/apiv3/user-events",
    )  # fmt: skip
    assert (bytes(row[9]), row[10]) == (b"{}", 2)


def test_a_body_that_cannot_be_read_is_kept_without_it(house, key) -> None:
    async def refused():
        raise errors.TooLarge("Too large.")

    async def work(_body):
        return NO_CONTENT

    with pytest.raises(errors.TooLarge):
        house.run(intake.recorded(house.engine, key, "woowup", request(), refused, work))
    [row] = house.outcomes()
    assert row[2:5] == ("refused", "too_large", "Too large.")
    assert (bytes(row[9]), row[10]) == (b"", 0)


def test_a_long_body_is_cut_and_its_size_is_told(house, key) -> None:
    body = b"x" * (limits.outcome_body_bytes_max + 1)
    refusal = errors.Refused()
    house.run(intake.keep(house.engine, key, "woowup", request(), body, refusal))
    [row] = house.outcomes()
    assert (bytes(row[9]), row[10]) == (body[:-1], len(body))


def test_what_was_stored_before_is_kept_as_a_duplicate(house, key) -> None:
    house.run(intake.keep_replayed(house.engine, key, "woowup", request(), b"{}", 17))
    [row] = house.outcomes()
    assert row[2:5] == ("duplicate", "replayed", "Stored before, at position 17.")


def test_a_kept_body_sent_again_leaves_no_second_outcome(house, key) -> None:
    again = request(**{"guerdon.key": key})
    house.run(intake.keep(house.engine, key, "woowup", again, b"{}", errors.Refused()))
    house.run(intake.keep_replayed(house.engine, key, "woowup", again, b"{}", 17))
    assert not house.outcomes()


def test_a_failure_of_the_store_is_not_a_refusal(house, key) -> None:
    async def work(_body):
        raise errors.StoreFull

    with pytest.raises(errors.StoreFull):
        house.run(intake.recorded(house.engine, key, "woowup", request(), read, work))
    assert not house.outcomes()


def test_data_is_compact_and_bounded() -> None:
    assert intake.activity_data({"a": [1, None, "ü"]}, "metadata") == '{"a":[1,null,"ü"]}'
    fits = "x" * (limits.data_bytes_max - 2)
    assert len(intake.activity_data(fits, "metadata")) == limits.data_bytes_max
    for value in (fits + "x", "ü" * (limits.data_bytes_max // 2)):
        with pytest.raises(errors.Refused) as caught:
            intake.activity_data(value, "metadata")
        assert (caught.value.code, caught.value.field) == ("too_large", "metadata")
