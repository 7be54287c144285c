"""Points: the accounts they move between, and the decisions that move them.

Every decision about points moves them from one account to another, so nothing is created or lost:
what a member's accounts hold and what the programme's accounts hold add up to zero. A decision that
a debt is part of is two such movements.

Units:  points are whole hundredths, moments microseconds UTC.
Source: Open Loyalty 4.3, "Event API"; what was stored in 3.2.
"""

from __future__ import annotations

import re
from datetime import tzinfo
from typing import Any

import msgspec

from guerdon.domain.decisions import Decision
from guerdon.domain.openloyalty_types import ACCOUNT
from guerdon.domain.registration import Issuer, local, points_number

POINTS_WERE_ADDED = ACCOUNT + "PointsWereAdded"
POINTS_WERE_SPENT = ACCOUNT + "PointsWereSpent"
POINTS_WERE_TRANSFERRED = ACCOUNT + "PointsWereTransferred"
POINTS_WERE_BLOCKED = ACCOUNT + "PointsWereBlocked"
POINTS_WERE_RETURNED = ACCOUNT + "PointsWereReturned"
TRANSFER_WAS_CANCELED = ACCOUNT + "PointsTransferHasBeenCanceled"
TRANSFER_WAS_EXPIRED = ACCOUNT + "PointsTransferHasBeenExpired"
TRANSFER_WAS_UNLOCKED = ACCOUNT + "PointsTransferHasBeenUnlocked"
POINTS_WERE_RESET = ACCOUNT + "PointsHasBeenReset"
POINTS_WERE_EXPLAINED = "Guerdon.Points.Event.PointsWereExplained"

AVAILABLE, LOCKED, BLOCKED, DEBT = "available", "locked", "blocked", "debt"
OF_MEMBER = (AVAILABLE, LOCKED, BLOCKED, DEBT)
"""A member's accounts. The last holds, below zero, what is owed."""
ISSUED, SPENT, EXPIRED, CANCELED, TRANSIT = "issued", "spent", "expired", "canceled", "transit"
OF_PROGRAMME = (ISSUED, SPENT, EXPIRED, CANCELED, TRANSIT)
"""The programme's. The last holds what is on its way between two members: zero at every commit."""

_POSITION_DIGITS = 12
_POSITION = re.compile(rf"[0-9a-f]{{{_POSITION_DIGITS}}}")


class Slip(msgspec.Struct, frozen=True, kw_only=True):
    """What every transfer says. `points` are above zero."""

    account_id: str
    number: int
    transfer_id: str
    points: int
    issuer: Issuer
    moment: int
    timezone: tzinfo
    comment: str | None = None
    transaction_id: str | None = None


class Terms(msgspec.Struct, frozen=True):
    """How points that come in may be used.

    available:    what is left of them at once; less than came in when a debt was paid from them.
    expires_at:   from when on they cannot be spent, or None.
    locked_until: before which they cannot be spent, or None.
    """

    available: int
    expires_at: int | None = None
    locked_until: int | None = None


def transfer_id(random_uuid: str, position: int) -> str:
    """A transfer's uuid: random, but for its last twelve digits, which are its position.

    So a transfer is found by its uuid without an index of uuids, whose random order would slow the
    ledger down the longer it gets.
    """
    return f"{random_uuid[:-_POSITION_DIGITS]}{position:0{_POSITION_DIGITS}x}"


def position_of(transfer_id: str) -> int | None:
    """The position that a transfer's uuid ends in; None when it cannot be one of ours."""
    digits = transfer_id[-_POSITION_DIGITS:]
    return int(digits, 16) if _POSITION.fullmatch(digits) else None


def added(slip: Slip, terms: Terms, *, sender_id: str | None = None) -> Decision:
    """Points came to an account, from the programme or from the sender's account."""
    transfer = _incoming(slip, terms)
    if sender_id is not None:
        transfer["senderId"] = {"accountId": sender_id}
    return _about_transfer(POINTS_WERE_ADDED, slip, transfer)


def returned(slip: Slip, terms: Terms, coupon_id: str | None) -> Decision:
    """Points that had been spent came back, for the reward was not given after all."""
    transfer = _incoming(slip, terms)
    return _about_transfer(POINTS_WERE_RETURNED, slip, transfer, couponId=coupon_id)


def spent(slip: Slip, *, revised_id: str | None = None) -> Decision:
    """Points left an account. `revised_id` names the purchase that a return takes them back for."""
    transfer = _base(slip)
    _name(transfer, "transactionId", slip.transaction_id)
    if revised_id is not None:
        transfer["revisedTransactionId"] = {"transactionId": revised_id}
    return _about_transfer(POINTS_WERE_SPENT, slip, transfer)


def transferred(slip: Slip, receiver_id: str) -> Decision:
    """Points were sent to another account, which is told so in decisions of its own."""
    transfer = {**_base(slip), "receiverId": {"accountId": receiver_id}}
    return _about_transfer(POINTS_WERE_TRANSFERRED, slip, transfer)


def blocked(slip: Slip) -> Decision:
    """Points were put aside; canceling the transfer releases them."""
    return _about_transfer(POINTS_WERE_BLOCKED, slip, _base(slip))


def changed(type: str, account_id: str, number: int, transfer_id: str) -> Decision:
    """A transfer was canceled, expired or unlocked."""
    payload = {
        "accountId": {"accountId": account_id},
        "pointsTransferId": {"pointsTransferId": transfer_id},
    }
    return Decision(type=type, aggregate=account_id, number=number, payload=payload)


def reset(account_id: str, number: int, date: str) -> Decision:
    """All available and locked points of an account expired at once."""
    payload = {"accountId": {"accountId": account_id}, "date": date}
    return Decision(type=POINTS_WERE_RESET, aggregate=account_id, number=number, payload=payload)


def explained(
    account_id: str, number: int, transfer_id: str, explanation: list[dict[str, Any]]
) -> Decision:
    """Why an account was given points: what each rule contributed."""
    payload = {
        "accountId": {"accountId": account_id},
        "pointsTransferId": {"pointsTransferId": transfer_id},
        "explanation": explanation,
    }
    return Decision(
        type=POINTS_WERE_EXPLAINED, aggregate=account_id, number=number, payload=payload
    )


def hundredths(value: Any) -> int:
    """A JSON number of points as whole hundredths, without passing through a binary fraction."""
    if type(value) is int:
        return value * 100
    written = bytes(value).decode() if isinstance(value, msgspec.Raw) else str(value)
    whole, _, fraction = written.partition(".")
    return int(whole) * 100 + int((fraction + "00")[:2])


def _incoming(slip: Slip, terms: Terms) -> dict[str, Any]:
    transfer = _base(slip)
    transfer.update(availableAmount=points_number(terms.available), expired=False)
    if terms.expires_at is not None:
        transfer["expiresAt"] = local(terms.expires_at, slip.timezone)
    _name(transfer, "transactionId", slip.transaction_id)
    if terms.locked_until is not None:
        transfer["lockedUntil"] = local(terms.locked_until, slip.timezone)
    transfer["locked"] = terms.locked_until is not None
    return transfer


def _base(slip: Slip) -> dict[str, Any]:
    transfer: dict[str, Any] = {"id": {"pointsTransferId": slip.transfer_id}}
    if slip.comment is not None:
        transfer["comment"] = slip.comment
    transfer["createdAt"] = local(slip.moment, slip.timezone)
    transfer["value"] = points_number(slip.points)
    transfer["canceled"] = False
    transfer["issuer"] = slip.issuer
    return transfer


def _name(transfer: dict[str, Any], name: str, value: str | None) -> None:
    if value is not None:
        transfer[name] = {name: value}


def _about_transfer(
    type: str, slip: Slip, transfer: dict[str, Any], **parts: str | None
) -> Decision:
    payload = {"accountId": {"accountId": slip.account_id}, "pointsTransfer": transfer, **parts}
    return Decision(type=type, aggregate=slip.account_id, number=slip.number, payload=payload)
