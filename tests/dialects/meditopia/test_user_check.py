from __future__ import annotations

from urllib.parse import quote

import pytest

from dialects.meditopia import samples
from dialects.meditopia.samples import EVENTS, USER_CHECK, batch, camel
from guerdon import limits
from guerdon.clock import DAY
from guerdon.domain import moments
from guerdon.engine.commands import ChangeSubscription

START = moments.parse("2025-01-01 00:00:00")
NAMES = {
    "camelCase": {
        "userStatus", "country", "planType", "partnerUserID", "latestAction", "latestActionDate",
        "subStartDate", "subEndDate", "subStartDateMs", "subEndDateMs",
    },
    "snake_case": {
        "user_status", "country", "plan_type", "partner_user_id", "latest_action",
        "latest_action_date",
    },
}  # fmt: skip


def check(house, headers, token="user-token-1"):
    reply = house.call("GET", f"{USER_CHECK}?token={quote(token, safe='')}", headers=headers)
    assert reply.status == 200
    assert reply.json()["success"] is True
    return reply.json()["data"]


def subscribe(house, action: str, ends_at: int) -> None:
    number = 1
    house.execute(
        ChangeSubscription(house.tenant_id, 0, number, action, "TR", "yearly", START, ends_at)
    )


def test_all_published_shapes_are_in_one_object(house) -> None:
    samples.members(house)
    headers = samples.headers(house.key("meditopia"))
    data = check(house, headers)
    assert set(data) == NAMES["camelCase"] | NAMES["snake_case"]
    assert data["userStatus"] == data["user_status"] == "inactive"
    assert data["partnerUserID"] == data["partner_user_id"] == "user-1"
    assert data["latestAction"] is None
    assert data["latest_action_date"] is None


def test_the_latest_activity_is_shown_in_both_date_formats(house) -> None:
    samples.members(house)
    headers = samples.headers(house.key("meditopia"))
    body = batch(camel(event="video"), camel(event="audio", receivedAt="2025-01-01T02:00:00+02:00"))
    assert house.call("POST", EVENTS, headers=headers, body=body).status == 204
    data = check(house, headers)
    assert data["latestAction"] == data["latest_action"] == "audio"
    assert data["latestActionDate"] == "2025-01-01 00:00:00"
    assert data["latest_action_date"] == "2025-01-01T00:00:00Z"


def test_a_subscription_is_shown_with_its_dates(house) -> None:
    samples.members(house)
    headers = samples.headers(house.key("meditopia"))
    ends_at = house.clock.now() + DAY
    subscribe(house, "initial", ends_at)
    data = check(house, headers)
    assert data["userStatus"] == "active"
    assert (data["country"], data["planType"], data["plan_type"]) == ("TR", "yearly", "yearly")
    assert (data["subStartDate"], data["subStartDateMs"]) == (
        "2025-01-01 00:00:00",
        "1735689600000",
    )
    assert data["subEndDate"] == moments.render(ends_at)
    assert data["latestAction"] == "initial"


def test_the_later_of_activity_and_subscription_counts(house) -> None:
    samples.members(house)
    headers = samples.headers(house.key("meditopia"))
    house.call("POST", EVENTS, headers=headers, body=batch(camel()))
    subscribe(house, "canceled", START + DAY)
    data = check(house, headers)
    assert (data["userStatus"], data["latestAction"]) == ("inactive", "canceled")
    late = moments.render_iso(house.clock.now() + 60 * 1_000_000)
    house.call("POST", EVENTS, headers=headers, body=batch(camel(event="content", receivedAt=late)))
    assert check(house, headers)["latestAction"] == "content"


def test_the_latest_activity_is_found_after_indexing_too(house) -> None:
    samples.members(house)
    headers = samples.headers(house.key("meditopia"))
    for name in ("audio", "video", "content"):
        house.call("POST", EVENTS, headers=headers, body=batch(camel(event=name)))
        house.settle()
        assert check(house, headers)["latestAction"] == name


def test_an_old_activity_that_arrives_late_is_not_the_latest(
    house, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "latest_activities_looked_at", 3)
    samples.members(house)
    headers = samples.headers(house.key("meditopia"))

    def arrives(received: str, event: str) -> None:
        body = batch(camel(event=event, receivedAt=received))
        assert house.call("POST", EVENTS, headers=headers, body=body).status == 204

    arrives("2024-08-06 15:04:05", "audio")
    for day in (2, 1):
        arrives(f"2023-01-0{day} 00:00:00", "video")
        for _ in range(2):
            data = check(house, headers)
            shown = data["latestAction"], data["latestActionDate"]
            assert shown == ("audio", "2024-08-06 15:04:05")
            house.settle()
    arrives("2023-01-03 00:00:00", "content")
    assert check(house, headers)["latestAction"] == "content", "so many are looked at, no more"


def test_a_token_may_have_special_characters(house) -> None:
    token = "a+b/c=&d?é %41"
    house.member(("token", token))
    headers = samples.headers(house.key("meditopia"))
    assert check(house, headers, token)["partnerUserID"] is None


def test_an_unknown_token_is_not_found(house) -> None:
    headers = samples.headers(house.key("meditopia"))
    reply = house.call("GET", USER_CHECK + "?token=nobody", headers=headers)
    assert (reply.status, reply.json()["errors"][0]["code"]) == (404, "E_1404")


def test_a_token_that_cannot_be_one_is_refused(house) -> None:
    headers = samples.headers(house.key("meditopia"))
    for query, status, code in (
        ("", 422, "E_1003"),
        ("?token=", 422, "E_1003"),
        ("?token=a%00b", 422, "E_1003"),
        ("?token=a%0Ab", 422, "G_1005"),
        ("?token=" + "x" * 2_049, 422, "G_1005"),
        ("?token=a&token=b", 422, "E_1003"),
    ):
        reply = house.call("GET", USER_CHECK + query, headers=headers)
        assert (reply.status, reply.json()["errors"][0]["code"]) == (status, code), query[:40]
    assert not house.outcomes()
