"""What is decided about a member after the first moment, and what an edit changes.

Details are kept in *parts*, and each part has its own documented decision: the details proper, the
address, the company, the loyalty card. An edit decides something about a part only when the part
differs afterwards.

Units:  moments are microseconds UTC; `birthDate` is a day, `YYYY-MM-DD`.
Source: Open Loyalty 4.3, "Customers" and "Event API"; what was stored in 3.2.
"""

from __future__ import annotations

from datetime import tzinfo
from typing import Any

import msgspec

from guerdon.domain.decisions import Decision
from guerdon.domain.openloyalty_types import USER
from guerdon.domain.registration import local

ADDRESS_WAS_UPDATED = USER + "CustomerAddressWasUpdated"
COMPANY_WAS_UPDATED = USER + "CustomerCompanyDetailsWereUpdated"
CARD_WAS_UPDATED = USER + "CustomerLoyaltyCardNumberWasUpdated"
AVATAR_WAS_SET = USER + "CustomerAvatarWasSet"
AVATAR_WAS_REMOVED = USER + "CustomerAvatarWasRemoved"
WAS_ACTIVATED = USER + "CustomerWasActivated"
WAS_DEACTIVATED = USER + "CustomerWasDeactivated"
POS_WAS_ASSIGNED = USER + "PosWasAssignedToCustomer"
SELLER_WAS_ASSIGNED = USER + "SellerWasAssignedToCustomer"

NEWSLETTER_WAS_SUBSCRIBED = "Guerdon.Member.Event.NewsletterWasSubscribed"
LOGGED_IN = "Guerdon.Member.Event.MemberLoggedIn"
PASSWORD_WAS_CHANGED = "Guerdon.Member.Event.PasswordWasChanged"  # noqa: S105 - a decision's name
TOKEN_WAS_ISSUED = "Guerdon.Member.Event.TokenWasIssued"  # noqa: S105 - a decision's name
TOKEN_WAS_USED = "Guerdon.Member.Event.TokenWasUsed"  # noqa: S105 - a decision's name
AVATAR_WAS_STORED = "Guerdon.Member.Event.AvatarWasStored"
PUSH_TOKEN_WAS_ADDED = "Guerdon.Member.Event.PushTokenWasAdded"  # noqa: S105 - a decision's name
PUSH_TOKEN_WAS_REMOVED = "Guerdon.Member.Event.PushTokenWasRemoved"  # noqa: S105 - the same

DETAILS = (
    "firstName",
    "lastName",
    "gender",
    "email",
    "phone",
    "birthDate",
    "createdAt",
    "labels",
    "agreement1",
    "agreement2",
    "agreement3",
)
ADDRESS = ("street", "address1", "address2", "postal", "city", "province", "country")
COMPANY = ("name", "nip")
NEWSLETTER = "agreement2"

Payload = dict[str, Any]


class Who(msgspec.Struct, frozen=True):
    """The member a decision is about, and when it is made."""

    member_id: str
    number: int
    moment: int
    timezone: tzinfo

    @property
    def now(self) -> str:
        """The moment as payloads show it."""
        return local(self.moment, self.timezone)


class Changes(msgspec.Struct, frozen=True):
    """What an edit changes; a part that stays as it is is None.

    details: every submitted name, new value or None; address, company: the whole part as it is
    from now on (an empty company is none); card: the number, or "" for none.
    """

    details: Payload | None = None
    address: Payload | None = None
    company: Payload | None = None
    card: str | None = None


def changes(before: Payload, submitted: Payload) -> Changes:
    """What submitted details change in those there are. Names not submitted are kept."""
    details = {name: submitted[name] for name in DETAILS if name in submitted}
    differs = any(_plain(before.get(name)) != _plain(value) for name, value in details.items())
    card = submitted.get("loyaltyCardNumber")
    is_card = "loyaltyCardNumber" in submitted and (card or "") != (
        before.get("loyaltyCardNumber") or ""
    )
    return Changes(
        details=details if differs else None,
        address=_part(before, submitted, "address"),
        company=_part(before, submitted, "company"),
        card=(card or "") if is_card else None,
    )


def _part(before: Payload, submitted: Payload, name: str) -> Payload | None:
    """The part as it is from now on, or None when it stays as it is."""
    if name not in submitted:
        return None
    old = before.get(name) or {}
    merged = {**old, **(submitted[name] or {})}
    new = {key: value for key, value in merged.items() if value not in (None, "")}
    return None if new == old else new


def _plain(value: Any) -> Any:
    """What counts as nothing compares as nothing."""
    return None if value in ("", False, []) else value


def of_member(who: Who, type: str, /, personal: str | None = None, **parts: Any) -> Decision:
    """A decision about a member: the member first, then its parts."""
    return Decision(
        type=type,
        aggregate=who.member_id,
        number=who.number,
        payload={"customerId": {"customerId": who.member_id}, **parts},
        personal=personal,
    )


def secret_of_member(who: Who, type: str, secret: Payload, **parts: Any) -> Decision:
    """A decision whose `secret` nobody is shown, for it is sealed under the tenant's own key.

    What is personal in the secret has to be sealed under the member's key before it is put there.
    """
    return Decision(
        type=type,
        aggregate=who.member_id,
        payload={"customerId": {"customerId": who.member_id}, **parts, "secret": secret},
        personal="secret",
    )


def updated(who: Who, changed: Changes) -> list[Decision]:
    """The decisions of an edit, in the documented order."""
    found = []
    if changed.address is not None:
        found.append(
            of_member(
                who,
                ADDRESS_WAS_UPDATED,
                personal="addressData",
                addressData=changed.address,
                updateAt=who.now,
            )
        )
    if changed.company is not None:
        found.append(
            of_member(
                who,
                COMPANY_WAS_UPDATED,
                personal="companyData" if changed.company else None,
                companyData=changed.company or [],
                updateAt=who.now,
            )
        )
    if changed.card is not None:
        found.append(
            of_member(
                who,
                CARD_WAS_UPDATED,
                personal="cardNumber",
                cardNumber=changed.card,
                updateAt=who.now,
            )
        )
    return found


def activated(who: Who) -> Decision:
    """The member may take part from now on."""
    return of_member(who, WAS_ACTIVATED, activatedAt=who.now)


def deactivated(who: Who) -> Decision:
    """The member may not take part any more."""
    return of_member(who, WAS_DEACTIVATED, deactivatedAt=who.now)


def pos_assigned(who: Who, pos_id: str) -> Decision:
    """The member belongs to a point of sale."""
    return of_member(who, POS_WAS_ASSIGNED, posId={"posId": pos_id}, updateAt=who.now)


def seller_assigned(who: Who, seller_id: str) -> Decision:
    """A seller looks after the member."""
    return of_member(who, SELLER_WAS_ASSIGNED, sellerId={"sellerId": seller_id}, updateAt=who.now)


def avatar_set(who: Who, path: str, original_name: str, mime: str) -> Decision:
    """The member has a new picture. What the file was called is theirs."""
    return of_member(
        who,
        AVATAR_WAS_SET,
        personal="originalName",
        path=path,
        originalName=original_name,
        mime=mime,
    )
