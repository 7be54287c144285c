"""Invitations: members invite, administrators see what became of it; members see their own.

Source: Open Loyalty 4.3, "Invitations"; inviting is a route of release 3.2.
"""

from __future__ import annotations

from typing import Any

from guerdon import limits
from guerdon.dialects.openloyalty import refusals
from guerdon.dialects.openloyalty.desk import Answer, Endpoint, Visit
from guerdon.dialects.openloyalty.forms import WRONG
from guerdon.domain.invitations import STATUSES
from guerdon.engine.commands.invitations import Invite
from guerdon.errors import Refused
from guerdon.outbound.mail import is_address
from guerdon.store import invitations
from guerdon.store.invitations import Listed, Wanted, email_of, name_of, phone_of

_CREATED = "createdAt"
_FILTERS = {
    "referrerId": "referrer_id",
    "referrerEmail": "referrer_email",
    "referrerName": "referrer_name",
    "recipientId": "recipient_id",
    "recipientEmail": "recipient_email",
    "recipientPhone": "recipient_phone",
    "recipientName": "recipient_name",
    "status": "status",
}


def endpoints() -> list[Endpoint]:
    """Everything about invitations."""
    return [
        Endpoint("GET", "/invitations", list_all, ("admin", "customer"), "INVITATION:VIEW"),
        Endpoint("POST", "/invitations/invite", invite, "customer"),
    ]


async def list_all(visit: Visit) -> Answer:
    """`GET /invitations`, in the order they were made, or the latest first; or sorted.

    By anything else than their age as many are sorted as a list may be deep. A customer is shown
    whom they invited, and no address besides the one they wrote to.
    """
    page = visit.page((_CREATED, *_FILTERS))
    is_sorted = page.sort not in ("", _CREATED)
    asked = {field: visit.asked(name) for name, field in _FILTERS.items()}
    if asked["status"] not in ("", *STATUSES):
        message = f"status must be one of {', '.join(STATUSES)}."
        raise Refused(message, code="invalid_parameter", field="status")
    is_own = visit.caller.kind == "customer"
    if is_own:
        asked["referrer_id"] = visit.caller.id
    found, total = await (visit.read_long if is_sorted else visit.read)(
        lambda rows: invitations.search(
            rows,
            visit.tenant_id,
            Wanted(**asked, as_invited=is_own),
            offset=0 if is_sorted else page.offset,
            limit=limits.openloyalty_rows_deep_max if is_sorted else page.limit,
            latest_first=page.descending and not is_sorted,
        )
    )
    items = [_shown(each, is_own=is_own) for each in found]
    return visit.listed("invitations", page.cut(items, _key) if is_sorted else items, total)


async def invite(visit: Visit) -> Answer:
    """`POST /invitations/invite`: by mail, or by SMS with the type `mobile`."""
    form = await visit.form("invitation")
    kind = form.choice("type", ("email", "mobile"), required=False) or "email"
    email = form.text("recipientEmail", required=kind == "email")
    phone = form.text("recipientPhone", required=kind == "mobile")
    if kind == "email" and email and not is_address(email):
        form.fail("recipientEmail", WRONG)
    form.check()
    await visit.execute(
        Invite(
            visit.tenant_id,
            visit.key_id,
            visit.caller.number or 0,
            email=(email or "") if kind == "email" else "",
            phone=(phone or "") if kind == "mobile" else "",
            actor=visit.actor,
        )
    )
    return Answer(200, refusals.JSON, b"null")


def _key(item: dict[str, Any], sort: str) -> str | None:
    return str(item.get(sort) or "").lower() or None


def _shown(listed: Listed, *, is_own: bool) -> dict[str, Any]:
    invitation, recipient = listed.invitation, listed.recipient
    registered = None if is_own else recipient
    shape = {
        "referrerId": listed.referrer.member_id if listed.referrer else "",
        "recipientId": recipient.member_id if recipient else "",
        "invitationId": invitation.invitation_id,
        "referrerEmail": email_of(listed.referrer),
        "referrerName": name_of(listed.referrer),
        "recipientEmail": invitation.recipient_email or email_of(registered),
    }
    known = {
        "recipientPhone": invitation.recipient_phone or phone_of(registered),
        "recipientName": name_of(recipient),
    }
    shape.update({name: value for name, value in known.items() if value})
    return {**shape, "status": invitation.status, "token": invitation.token}
