from __future__ import annotations

import json

import pytest

from dialects.meditopia import samples
from dialects.meditopia.samples import EVENTS, camel, snake
from guerdon.store import catalogue


def names(house) -> list[str]:
    types = house.read(lambda rows: catalogue.all_types(rows, house.tenant_id))
    return [types[stored.type_id].name for stored in house.activities()]


def test_the_documented_batch_is_stored_and_answered_with_nothing(house) -> None:
    samples.members(house)
    headers = samples.headers(house.key("meditopia"))
    reply = house.call("POST", EVENTS, headers=headers, body=samples.DOCUMENTED)
    assert (reply.status, reply.body) == (204, b"")
    assert "content-type" not in reply.headers
    assert "content-length" not in reply.headers
    stored = house.activities()
    assert names(house) == ["video", "audio"]
    assert [each.number for each in stored] == [1, 2]
    assert {each.occurred_at for each in stored} == {samples.AUGUST}
    assert {each.data for each in stored} == {'{"event_value":null}'}


def test_both_spellings_and_any_mixture_mean_the_same(house) -> None:
    samples.members(house)
    headers = samples.headers(house.key("meditopia"))
    mixed = {**samples.without(camel(), "receivedAt"), "received_at": "2024-08-06T15:04:05Z"}
    both = camel(partner_user_id="nobody", received_at="never", event_value=["older"])
    body = samples.batch(camel(), snake(), mixed, both, camel(note="ignored", points=9))
    assert house.call("POST", EVENTS, headers=headers, body=body).status == 204
    stored = house.activities()
    assert len(stored) == 5
    assert {(each.number, each.occurred_at) for each in stored} == {(1, samples.AUGUST)}
    assert {each.data for each in stored} == {'{"event_value":null}'}


def test_all_five_events_are_known_without_a_catalogue(house) -> None:
    samples.members(house)
    headers = samples.headers(house.key("meditopia"))
    five = ["register", "signin", "audio", "video", "content"]
    body = samples.batch(*[camel(event=name) for name in five])
    assert house.call("POST", EVENTS, headers=headers, body=body).status == 204
    assert names(house) == five


def test_a_value_is_kept_as_it_came(house) -> None:
    samples.members(house)
    headers = samples.headers(house.key("meditopia"))
    values = ["a text", 12.5, True, {"id": 7, "tags": ["ü"]}, [], ""]
    body = samples.batch(*[camel(eventValue=value) for value in values])
    assert house.call("POST", EVENTS, headers=headers, body=body).status == 204
    kept = [json.loads(each.data)["event_value"] for each in house.activities()]
    assert kept == values


def test_a_missing_value_is_null(house) -> None:
    samples.members(house)
    headers = samples.headers(house.key("meditopia"))
    body = samples.batch(samples.without(camel(), "eventValue"))
    assert house.call("POST", EVENTS, headers=headers, body=body).status == 204
    assert [each.data for each in house.activities()] == ['{"event_value":null}']


def test_a_hundred_events_with_documented_tokens_are_one_batch(house) -> None:
    house.member(("token", samples.LONG_TOKEN), ("external", "user-1"))
    headers = samples.headers(house.key("meditopia"))
    body = samples.batch(*[camel(token=samples.LONG_TOKEN) for _ in range(100)])
    assert house.call("POST", EVENTS, headers=headers, body=body).status == 204
    assert [each.position for each in house.activities()] == list(range(1, 101))


def test_register_binds_the_partners_user_id_to_the_token(house) -> None:
    registered = house.member(("token", "user-token-1"))
    headers = samples.headers(house.key("meditopia"))
    early = house.call("POST", EVENTS, headers=headers, body=samples.batch(camel()))
    assert early.status == 404
    body = samples.batch(camel(event="register"))
    assert house.call("POST", EVENTS, headers=headers, body=body).status == 204
    assert house.call("POST", EVENTS, headers=headers, body=samples.batch(camel())).status == 204
    assert [each.number for each in house.activities()] == [registered.number] * 2


def test_register_may_be_followed_by_events_in_the_same_batch(house) -> None:
    house.member(("token", "user-token-1"))
    headers = samples.headers(house.key("meditopia"))
    body = samples.batch(camel(event="register"), camel(event="signin"), camel())
    assert house.call("POST", EVENTS, headers=headers, body=body).status == 204
    assert names(house) == ["register", "signin", "video"]


def test_unknown_tokens_can_be_taken_in(house) -> None:
    headers = samples.headers(house.key("meditopia"))
    house.setting("members.auto_create.meditopia", True)
    body = samples.batch(camel(event="register"), camel(), camel(token="t-9", partnerUserID="u-9"))
    assert house.call("POST", EVENTS, headers=headers, body=body).status == 204
    assert [each.number for each in house.activities()] == [1, 1, 2]


@pytest.mark.parametrize(
    "pairs",
    [
        (("t-1", "u-1", "audio"), ("t-2", "u-1", "audio")),
        (("t-1", "u-1", "audio"), ("t-1", "u-2", "audio")),
        (("t-1", "u-1", "audio"), ("t-2", "u-2", "audio"), ("t-1", "u-2", "register")),
        (("t-1", "u-1", "register"), ("t-2", "u-2", "audio"), ("t-2", "u-1", "register")),
    ],
)
def test_who_is_taken_in_is_held_to_the_pair_in_the_same_batch(house, pairs) -> None:
    headers = samples.headers(house.key("meditopia"))
    house.setting("members.auto_create.meditopia", True)
    events = [camel(token=token, partnerUserID=user, event=event) for token, user, event in pairs]
    reply = house.call("POST", EVENTS, headers=headers, body=samples.batch(*events))
    assert (reply.status, reply.json()["errors"][0]["code"]) == (404, "E_1404")
    assert reply.json()["errors"][0]["index"] == len(pairs) - 1
    assert not house.activities()
    first, wrong = samples.batch(events[0]), samples.batch(events[-1])
    statuses = [
        house.call("POST", EVENTS, headers=headers, body=body).status
        for body in (samples.batch(*events[:-1]), wrong, first, wrong)
    ]
    assert statuses == [204, 404, 204, 404]


def test_who_is_taken_in_is_known_to_later_events_of_the_batch(house) -> None:
    headers = samples.headers(house.key("meditopia"))
    house.setting("members.auto_create.meditopia", True)
    body = samples.batch(
        camel(),
        camel(token="t-2", partnerUserID="u-2"),
        camel(token="t-1", event="register"),
        camel(token="t-1"),
        camel(token="t-2", partnerUserID="u-2"),
    )
    assert house.call("POST", EVENTS, headers=headers, body=body).status == 204
    assert [each.number for each in house.activities()] == [1, 2, 1, 1, 2]


def test_a_member_known_by_the_partners_id_gets_the_token_taken_in(house) -> None:
    registered = house.member(("external", "user-1"))
    headers = samples.headers(house.key("meditopia"))
    house.setting("members.auto_create.meditopia", True)
    body = samples.batch(camel(event="register"), camel())
    assert house.call("POST", EVENTS, headers=headers, body=body).status == 204
    assert [each.number for each in house.activities()] == [registered.number] * 2


def test_two_tokens_cannot_claim_one_user_id_in_one_batch(house) -> None:
    house.member(("token", "t-1"))
    house.member(("token", "t-2"))
    headers = samples.headers(house.key("meditopia"))
    claims = [camel(event="register", token=token) for token in ("t-1", "t-2")]
    reply = house.call("POST", EVENTS, headers=headers, body=samples.batch(*claims))
    assert (reply.status, reply.json()["errors"][0]["index"]) == (404, 1)
    assert not house.activities()
    reply = house.call("POST", EVENTS, headers=headers, body=samples.batch(claims[1]))
    assert reply.status == 204
