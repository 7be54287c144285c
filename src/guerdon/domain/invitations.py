"""Invitations: who asked whom to come, and what became of it.

An invitation is made for one person, by mail or telephone, and its token counts once. A member also
has a token of their own, to be handed to anybody: whoever registers with it gets an invitation made
on the spot. Whom it was for is personal: it is sealed by itself until that person is a member.

Units:  moments are microseconds UTC.
Source: Open Loyalty 4.3, "Invitations" and "Event API"; a member's own token is described there by
        its name alone.
"""

from __future__ import annotations

from datetime import tzinfo
from typing import Any, Literal

from guerdon.domain.decisions import Decision
from guerdon.domain.openloyalty_types import USER
from guerdon.domain.registration import local

INVITATION_WAS_CREATED = USER + "InvitationWasCreated"
CUSTOMER_WAS_ATTACHED = USER + "CustomerWasAttachedToInvitation"
TOKEN_WAS_CREATED = USER + "CustomerInvitationTokenWasCreated"
PURCHASE_WAS_MADE = "Guerdon.Invitation.Event.PurchaseWasMadeForThisInvitation"
WAS_FORGOTTEN = "Guerdon.Invitation.Event.InvitationWasForgotten"

Status = Literal["invited", "registered", "made_purchase"]
STATUSES: tuple[Status, ...] = ("invited", "registered", "made_purchase")


def created(
    invitation_id: str,
    referrer_id: str,
    token: str,
    seal_number: int,
    *,
    email: str | None = None,
    phone: str | None = None,
) -> Decision:
    """Somebody was invited by a member.

    seal_number: under whose key the recipient's address is sealed: the recipient's, if they are a
                 member already, or a negative number of its own.
    """
    payload = {
        "invitationId": _id(invitation_id),
        "referrerId": {"customerId": referrer_id},
        "recipientEmail": email or None,
        "recipientPhone": phone or None,
        "status": "invited",
        "token": token,
    }
    return Decision(
        type=INVITATION_WAS_CREATED,
        aggregate=invitation_id,
        number=seal_number,
        payload=payload,
        personal=("recipientEmail", "recipientPhone"),
    )


def attached(invitation_id: str, member_id: str, number: int) -> Decision:
    """Whoever was invited is a member now."""
    payload = {"invitationId": _id(invitation_id), "customerId": {"customerId": member_id}}
    return _about(CUSTOMER_WAS_ATTACHED, invitation_id, number, payload)


def purchase_made(invitation_id: str, member_id: str, number: int) -> Decision:
    """Whoever was invited has bought something."""
    payload = {"invitationId": _id(invitation_id), "customerId": {"customerId": member_id}}
    return _about(PURCHASE_WAS_MADE, invitation_id, number, payload)


def forgotten(invitation_id: str) -> Decision:
    """Whom an invitation was for is not known any more."""
    return _about(WAS_FORGOTTEN, invitation_id, None, {"invitationId": _id(invitation_id)})


def token_created(
    member_id: str, number: int, token: str, moment: int, timezone: tzinfo
) -> Decision:
    """A member has a token to invite people with."""
    payload = {
        "customerId": {"customerId": member_id},
        "invitationToken": token,
        "createdAt": local(moment, timezone),
    }
    return _about(TOKEN_WAS_CREATED, member_id, number, payload)


def letter(referrer: str, token: str, link: str) -> tuple[str, str]:
    """An invitation's subject and text; `{token}` in a link becomes the token."""
    by = referrer or "A member"
    way = f"open {link.replace('{token}', token)}" if "{token}" in link else f"use the code {token}"
    return f"{by} invites you", f"{by} invites you to join. To register, {way}\n"


def _id(invitation_id: str) -> dict[str, str]:
    return {"invitationId": invitation_id}


def _about(type: str, aggregate: str, number: int | None, payload: dict[str, Any]) -> Decision:
    return Decision(type=type, aggregate=aggregate, number=number, payload=payload)
