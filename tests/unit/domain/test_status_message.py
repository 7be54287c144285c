from __future__ import annotations

import pytest

from guerdon.clock import DAY
from guerdon.domain import moments, status_message

START = moments.parse("2025-01-01 00:00:00")
END = moments.parse("2026-01-01 00:00:00")
YEARLY = {
    "action": "initial",
    "acted_at": START,
    "country": "TR",
    "plan_type": "yearly",
    "starts_at": START,
    "ends_at": END,
}


def test_one_body_satisfies_both_published_revisions() -> None:
    assert status_message.body("t-1", "initial", "acme", YEARLY, "camel") == {
        "token": "t-1",
        "action": "initial",
        "partnerID": "acme",
        "partner_id": "acme",
        "country": "TR",
        "planType": "yearly",
        "plan_type": "yearly",
        "subStartDate": "2025-01-01 00:00:00",
        "subEndDate": "2026-01-01 00:00:00",
        "subStartDateMs": "1735689600000",
        "subEndDateMs": "1767225600000",
    }


@pytest.mark.parametrize("action", status_message.ACTIONS)
def test_only_the_plan_change_is_spelled_in_two_ways(action: str) -> None:
    camel = status_message.body("t", action, "p", YEARLY, "camel")["action"]
    snake = status_message.body("t", action, "p", YEARLY, "snake")["action"]
    assert camel == action
    assert snake == ("plan_type_changed" if action == "planTypeChanged" else action)


@pytest.mark.parametrize("subscription", [None, {}, {"country": None, "starts_at": None}])
def test_what_is_unknown_is_null(subscription: dict[str, object] | None) -> None:
    message = status_message.body("t", "initial", "", subscription, "camel")
    assert {message[name] for name in message if name.startswith(("sub", "plan"))} == {None}
    assert message["country"] is None
    assert set(message) == set(status_message.body("t", "initial", "", YEARLY, "camel"))


def test_a_subscription_is_active_from_its_start_to_its_end() -> None:
    assert not status_message.is_active(None, START)
    assert not status_message.is_active(YEARLY, START - 1)
    assert status_message.is_active(YEARLY, START)
    assert status_message.is_active(YEARLY, END - 1)
    assert not status_message.is_active(YEARLY, END)


def test_a_canceled_subscription_ends_when_it_was_to_end() -> None:
    canceled = {**YEARLY, "action": "canceled"}
    assert status_message.is_active(canceled, END - DAY)
    assert not status_message.is_active({**canceled, "ends_at": None}, END - DAY)
    assert status_message.is_active({**YEARLY, "ends_at": None}, END + DAY)
