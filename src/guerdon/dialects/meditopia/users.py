"""What `user-check` tells about the member behind a token.

Three shapes were published: camelCase with dates, camelCase before it, and snake_case before that.
One object with all their fields satisfies each of them; only the format of the date of the latest
action differs, and follows the spelling of its name.
Source: the page "User Check" in its revisions of February 2025.
"""

from __future__ import annotations

from typing import Any

import msgspec

from guerdon import limits
from guerdon.domain import moments, status_message
from guerdon.errors import NotFound, Refused
from guerdon.store import activities, catalogue, members
from guerdon.store.port import Rows


class Latest(msgspec.Struct, frozen=True):
    """What a member did last, or what last happened to the subscription."""

    action: str
    moment: int


class Status(msgspec.Struct, frozen=True):
    """What is known of a member; `now` decides whether the subscription is active."""

    partner_user_id: str | None
    subscription: status_message.Subscription
    latest: Latest | None
    now: int


def readable(token: str | None) -> str:
    """The token, if it can be one. Errors: Refused `invalid_field`, `unreadable_token`."""
    if not token:
        raise Refused("token is missing.", code="invalid_field", field="token")
    if len(token) > limits.token_chars_max or not token.isprintable():
        raise Refused(code="unreadable_token")
    return token


def status(rows: Rows, tenant_id: int, token: str, now: int) -> Status:
    """The member behind a token. Errors: NotFound `unknown_member`."""
    number = members.find(rows, tenant_id, "token", token)
    member = None if number is None else members.by_number(rows, tenant_id, number)
    if member is None:
        raise NotFound(code="unknown_member")
    names = members.identities(rows, tenant_id, member.number)
    external = next((value for kind, value in names if kind == "external"), None)
    subscription = member.subscription or status_message.NOTHING
    latest = _latest(rows, tenant_id, member.number, subscription)
    return Status(external, subscription, latest, now)


def body(status: Status) -> dict[str, Any]:
    """The answer's `data`."""
    subscription = status.subscription
    is_active = status_message.is_active(subscription, status.now)
    word = "active" if is_active else "inactive"
    plan_type = subscription.get("plan_type")
    latest = status.latest
    action = latest.action if latest else None
    return {
        "userStatus": word,
        "country": subscription.get("country"),
        "planType": plan_type,
        "partnerUserID": status.partner_user_id,
        "latestAction": action,
        "latestActionDate": moments.render(latest.moment) if latest else None,
        **status_message.dates(subscription),
        "user_status": word,
        "plan_type": plan_type,
        "partner_user_id": status.partner_user_id,
        "latest_action": action,
        "latest_action_date": moments.render_iso(latest.moment) if latest else None,
    }


def _latest(
    rows: Rows, tenant_id: int, number: int, subscription: status_message.Subscription
) -> Latest | None:
    """The later of the latest activity and the last change of the subscription."""
    found: list[Latest] = []
    activity = activities.latest(rows, tenant_id, number)
    if activity is not None:
        kind = catalogue.by_id(rows, tenant_id, activity.type_id)
        if kind is not None:
            found.append(Latest(kind.name, activity.occurred_at))
    if subscription.get("acted_at") is not None:
        found.append(Latest(subscription["action"], subscription["acted_at"]))
    return max(found, key=lambda latest: latest.moment, default=None)
