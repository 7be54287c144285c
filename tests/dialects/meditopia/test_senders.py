from __future__ import annotations

import pytest

from dialects.meditopia import samples
from dialects.meditopia.samples import EVENTS, USER_CHECK, batch, camel

CALLS = [("POST", EVENTS, samples.DOCUMENTED), ("GET", USER_CHECK + "?token=user-token-1", b"")]
calls = pytest.mark.parametrize(("method", "target", "body"), CALLS, ids=["events", "user-check"])


@calls
def test_each_wrong_credential_has_its_documented_code(house, method, target, body) -> None:
    key = house.key("meditopia")
    for value, code in (
        (None, "A_1000"),
        ("", "A_1001"),
        ("Bearer", "A_1001"),
        ("Bearer ", "A_1001"),
        (f"Basic {key}", "A_1001"),
        (key, "A_1001"),
        (f"Bearer {key} {key}", "A_1001"),
        (f"Bearer {key}, Bearer {key}", "A_1001"),
        ("Bearer nobody", "A_1002"),
        (f"Bearer {key}x", "A_1002"),
        (f"Bearer {house.key('woowup')}", "A_1002"),
    ):
        headers = {} if value is None else {"authorization": value}
        headers["content-type"] = "application/json"
        reply = house.call(method, target, headers=headers, body=body)
        assert reply.status == 401, value
        assert reply.json()["success"] is False
        assert [error["code"] for error in reply.json()["errors"]] == [code], value
    assert not house.activities()
    assert not house.outcomes()


@calls
def test_a_foreign_address_is_told_what_the_page_says(house, method, target, body) -> None:
    samples.members(house)
    headers = samples.headers(house.key("meditopia", allow_ip=("203.0.113.7/32",)))
    reply = house.call(method, target, headers=headers, body=body, peer="203.0.113.8")
    assert reply.status == 401
    assert reply.body == b'{"success":false,"errors":[{"code":"A_1004","message":"Bad request."}]}'
    for peer in ("203.0.113.7", "::ffff:203.0.113.7"):
        good = house.call(method, target, headers=headers, body=body, peer=peer)
        assert good.status in (200, 204)


def test_a_forwarding_header_from_anybody_is_not_believed(house) -> None:
    samples.members(house)
    headers = samples.headers(house.key("meditopia", allow_ip=("203.0.113.7/32",)))
    for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP"):
        value = "for=203.0.113.7" if name == "Forwarded" else "203.0.113.7"
        reply = house.call(
            "POST", EVENTS, headers={**headers, name: value}, body=samples.DOCUMENTED
        )
        assert (reply.status, reply.json()["errors"][0]["code"]) == (401, "A_1004"), name
    assert not house.activities()


def test_the_scheme_is_read_in_any_case(house) -> None:
    samples.members(house)
    key = house.key("meditopia")
    for at, scheme in enumerate(("bearer", "BEARER", "Bearer ")):
        headers = {**samples.headers(key), "Authorization": f"{scheme} {key}"}
        body = batch(camel(eventValue=at))
        assert house.call("POST", EVENTS, headers=headers, body=body).status == 204, scheme


def test_a_token_of_one_tenant_says_nothing_about_users_of_another(house) -> None:
    samples.members(house)
    other = house.tenant("other")
    headers = samples.headers(house.key("meditopia", tenant_id=other))
    reply = house.call("POST", EVENTS, headers=headers, body=samples.DOCUMENTED)
    assert (reply.status, reply.json()["errors"][0]["code"]) == (404, "E_1404")
    stranger = house.call("GET", USER_CHECK + "?token=user-token-9", headers=headers)
    reply = house.call("GET", USER_CHECK + "?token=user-token-1", headers=headers)
    assert (reply.status, reply.body) == (404, stranger.body)
    assert (house.activities(), house.activities(other), house.outcomes()) == ([], [], [])
    assert len(house.outcomes(other)) == 1


def test_too_many_requests_are_told_when_to_come_back(house) -> None:
    samples.members(house)
    house.setting("rate_limit.per_minute", 1)
    headers = samples.headers(house.key("meditopia"))
    replies = []
    # A minute may end in between, which lets one more in.
    while len(replies) < 4 and (not replies or replies[-1].status == 204):
        body = batch(camel(eventValue=len(replies)))
        replies.append(house.call("POST", EVENTS, headers=headers, body=body))
    assert (replies[0].status, replies[-1].status) == (204, 429)
    assert replies[-1].json()["errors"][0]["code"] == "E_1429"
    assert int(replies[-1].headers["retry-after"]) >= 1


def test_wrong_tokens_are_slowed_down_by_address(house) -> None:
    statuses = []
    headers = samples.headers("wrong")
    while len(statuses) < 205 and (not statuses or statuses[-1] == 401):
        statuses.append(house.call("GET", USER_CHECK + "?token=x", headers=headers).status)
    assert len(statuses) > 100
    assert statuses[-1] == 429
