"""What a partner is told when a member's subscription changes.

A subscription is a mapping, as a member's state holds it: `action`, `acted_at`, `country`,
`plan_type`, `starts_at`, `ends_at`; times are microseconds UTC, None is unknown.

Source: Meditopia's page on the user-status webhook in both its revisions: camelCase with dates, and
        snake_case before it. Receivers are told to ignore what they do not know, so one body
        carries the fields of both; only the value of `action` cannot be spelled in two ways.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from guerdon.domain import moments

Naming = Literal["camel", "snake"]
Subscription = Mapping[str, Any]

ACTIONS = ("initial", "renewed", "canceled", "reactivated", "planTypeChanged")
NOTHING: Subscription = {}
_SNAKE_ACTIONS = {"planTypeChanged": "plan_type_changed"}
_MICROSECONDS = 1_000  # in a millisecond


def body(
    token: str,
    action: str,
    partner_id: str,
    subscription: Subscription | None,
    naming: Naming,
) -> dict[str, Any]:
    """The message for one token. `action` is one of `ACTIONS`; `naming` says how it is spelled."""
    known = subscription or NOTHING
    plan_type = known.get("plan_type")
    return {
        "token": token,
        "action": spell(action, naming),
        "partnerID": partner_id,
        "partner_id": partner_id,
        "country": known.get("country"),
        "planType": plan_type,
        "plan_type": plan_type,
        **dates(known),
    }


def spell(action: str, naming: Naming) -> str:
    """The action as one of the two revisions writes it."""
    return _SNAKE_ACTIONS.get(action, action) if naming == "snake" else action


def dates(subscription: Subscription) -> dict[str, str | None]:
    """When it starts and ends: `YYYY-MM-DD HH:MM:SS` UTC, and Unix milliseconds as strings."""
    starts_at = subscription.get("starts_at")
    ends_at = subscription.get("ends_at")
    return {
        "subStartDate": None if starts_at is None else moments.render(starts_at),
        "subEndDate": None if ends_at is None else moments.render(ends_at),
        "subStartDateMs": None if starts_at is None else str(starts_at // _MICROSECONDS),
        "subEndDateMs": None if ends_at is None else str(ends_at // _MICROSECONDS),
    }


def is_active(subscription: Subscription | None, now: int) -> bool:
    """Whether it covers this moment; a canceled one does until its end, if it has one."""
    if not subscription:
        return False
    starts_at = subscription.get("starts_at")
    ends_at = subscription.get("ends_at")
    if starts_at is not None and now < starts_at:
        return False
    if ends_at is None:
        return bool(subscription.get("action") != "canceled")
    return bool(now < ends_at)
