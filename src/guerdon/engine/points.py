"""Points' use cases: the functions every part of a programme moves points with, and their commands.

Each function decides inside the caller's transaction, under the tenant's lock, so what it reads is
the truth and nothing can be spent twice. Points are whole hundredths.

Errors: NotFound `unknown_member`; Refused `invalid_points`, `insufficient_points`, `balance_limit`,
        all of them before anything is written.
"""

from __future__ import annotations

from typing import Any

import msgspec

from guerdon.domain import lots, points
from guerdon.domain.lots import Piece
from guerdon.domain.points import Slip, Terms
from guerdon.domain.registration import Issuer, local
from guerdon.engine.accounts import (
    account,
    covering,
    named,
    require_amount,
    require_present,
    require_room,
)
from guerdon.engine.commands import Handlers
from guerdon.engine.commands.points import (
    AddPoints,
    BlockPoints,
    CancelPointsTransfer,
    ResetPoints,
    ReturnPoints,
    SpendPoints,
    TransferPoints,
    Transferred,
)
from guerdon.engine.consequences import follow
from guerdon.engine.lots import expiry, live, shown, terms
from guerdon.engine.programme import timezone
from guerdon.engine.record import record
from guerdon.errors import NotFound, Refused, Stale
from guerdon.store import points as ledger
from guerdon.store.points import Account, Transfer
from guerdon.store.transaction import Transaction

Explanation = list[dict[str, Any]]
"""What each rule contributed, in the order of the rules."""


def balance(tx: Transaction, tenant_id: int, number: int) -> int:
    """What a member can spend now. Errors: NotFound `unknown_member`."""
    return account(tx, tenant_id, number).available


def add(  # noqa: PLR0913 - points come with about this many things
    tx: Transaction,
    tenant_id: int,
    number: int,
    amount: int,
    *,
    comment: str | None = None,
    issuer: Issuer = "system",
    validity_days: int | None = None,
    transaction_id: str | None = None,
    explain: Explanation | None = None,
) -> Transferred:
    """Give points; a debt is paid from them first. Settings say whether and when they are locked.

    validity_days: how long they last instead of what the settings say.
    """
    require_amount(amount)
    to = account(tx, tenant_id, number)
    require_room(tx, tenant_id, to, amount)
    granted = terms(tx, tenant_id, to, amount, validity_days)
    slip = _slip(tx, tenant_id, to, amount, issuer, comment, transaction_id)
    made = _record(tx, tenant_id, slip, points.added(slip, granted))
    if explain:
        told = points.explained(to.account_id, number, made.transfer_id, explain)
        record(tx, tenant_id, told)
    if granted.locked_until is None:
        follow(tx, tenant_id, "points_changed", number, change=granted.available)
    return made


def spend(
    tx: Transaction,
    tenant_id: int,
    number: int,
    amount: int,
    *,
    comment: str | None = None,
    issuer: Issuer = "system",
    transaction_id: str | None = None,
) -> Transferred:
    """Take points that are there."""
    of = covering(tx, tenant_id, number, amount)
    slip = _slip(tx, tenant_id, of, amount, issuer, comment, transaction_id)
    made = _record(tx, tenant_id, slip, points.spent(slip))
    follow(tx, tenant_id, "points_changed", number, change=-amount)
    return made


def revoke(
    tx: Transaction,
    tenant_id: int,
    number: int,
    amount: int,
    *,
    transaction_id: str,
    revised_id: str,
    comment: str | None = None,
) -> Transferred:
    """Take back what a returned purchase earned; what is not there any more becomes a debt.

    transaction_id: the return. revised_id: the purchase.
    """
    require_amount(amount)
    of = account(tx, tenant_id, number)
    slip = _slip(tx, tenant_id, of, amount, "system", comment, transaction_id)
    made = _record(tx, tenant_id, slip, points.spent(slip, revised_id=revised_id))
    follow(tx, tenant_id, "points_changed", number, change=-min(amount, of.available))
    return made


def earned_with(tx: Transaction, tenant_id: int, transaction_id: str) -> int:
    """What a purchase earned and still counts."""
    return ledger.earned_with(tx.rows, tenant_id, transaction_id)


def revoked_for(tx: Transaction, tenant_id: int, revised_id: str) -> int:
    """What returns of a purchase took back already."""
    return ledger.revoked_for(tx.rows, tenant_id, revised_id)


def send(
    tx: Transaction, tenant_id: int, sender: int, receiver: int, amount: int, issuer: Issuer
) -> Transferred:
    """Send points to another member; each piece keeps the expiry of the lot it came from."""
    if sender == receiver:
        raise Refused("points cannot be sent to oneself", code="same_member", field="receiver")
    of = covering(tx, tenant_id, sender, amount, field="sender")
    to = named(tx, tenant_id, receiver, "receiver")
    require_room(tx, tenant_id, to, amount)
    pieces = lots.take(live(tx, tenant_id, sender), amount)
    slip = _slip(tx, tenant_id, of, amount, issuer)
    made = _record(tx, tenant_id, slip, points.transferred(slip, to.account_id))
    received = sum(_receive(tx, tenant_id, of, to, pieces))
    follow(tx, tenant_id, "points_changed", sender, change=-amount)
    follow(tx, tenant_id, "points_changed", receiver, change=received)
    return made


def block(
    tx: Transaction,
    tenant_id: int,
    number: int,
    amount: int,
    *,
    comment: str | None = None,
    issuer: Issuer = "system",
) -> Transferred:
    """Put points aside until the transfer is canceled."""
    of = covering(tx, tenant_id, number, amount)
    slip = _slip(tx, tenant_id, of, amount, issuer, comment)
    made = _record(tx, tenant_id, slip, points.blocked(slip))
    follow(tx, tenant_id, "points_changed", number, change=-amount)
    return made


def give_back(
    tx: Transaction,
    tenant_id: int,
    number: int,
    amount: int,
    *,
    coupon_id: str | None = None,
    comment: str | None = None,
) -> Transferred:
    """Return spent points as a fresh lot that is open at once."""
    require_amount(amount)
    require_present(tx, tenant_id, number)
    to = account(tx, tenant_id, number)
    require_room(tx, tenant_id, to, amount)
    available = amount - min(to.debt, amount)
    granted = Terms(available, expiry(tx, tenant_id, tx.moment(tenant_id)))
    slip = _slip(tx, tenant_id, to, amount, "system", comment)
    made = _record(tx, tenant_id, slip, points.returned(slip, granted, coupon_id))
    follow(tx, tenant_id, "points_changed", number, change=available)
    return made


def cancel(tx: Transaction, tenant_id: int, transfer_id: str) -> None:
    """Take back what was added, or release what was blocked.

    Errors: NotFound `unknown_transfer`; Refused `not_cancelable`, `already_cancelled`.
    """
    transfer = ledger.transfer(tx.rows, tenant_id, transfer_id)
    if transfer is None:
        raise NotFound("no such transfer", code="unknown_transfer")
    _require_cancelable(transfer, tx.moment(tenant_id))
    of = account(tx, tenant_id, transfer.number)
    record(
        tx,
        tenant_id,
        points.changed(points.TRANSFER_WAS_CANCELED, of.account_id, transfer.number, transfer_id),
    )
    left = account(tx, tenant_id, transfer.number)
    # What was spent already is no longer there to be taken back, but it counts as earned no more.
    if (left.available, left.earned) != (of.available, of.earned):
        change = left.available - of.available
        follow(tx, tenant_id, "points_changed", transfer.number, change=change)


def reset(tx: Transaction, tenant_id: int, number: int) -> None:
    """Let everything available and locked expire at once."""
    of = account(tx, tenant_id, number)
    date = local(tx.moment(tenant_id), timezone(tx, tenant_id))
    record(tx, tenant_id, points.reset(of.account_id, number, date))
    if of.available:
        follow(tx, tenant_id, "points_changed", number, change=-of.available)


def _receive(
    tx: Transaction, tenant_id: int, of: Account, to: Account, pieces: list[Piece]
) -> list[int]:
    """Add each piece to the receiver's account; what became available of each."""
    debt, available = to.debt, []
    for piece in pieces:
        settled = min(debt, piece.points)
        debt -= settled
        available.append(piece.points - settled)
        slip = _slip(tx, tenant_id, to, piece.points, "api")
        granted = Terms(available[-1], shown(piece.lot.expires_at))
        _record(tx, tenant_id, slip, points.added(slip, granted, sender_id=of.account_id))
    return available


def _slip(  # noqa: PLR0917 - what every transfer says
    tx: Transaction,
    tenant_id: int,
    of: Account,
    amount: int,
    issuer: Issuer,
    comment: str | None = None,
    transaction_id: str | None = None,
) -> Slip:
    """The next decision's transfer: its uuid ends in that decision's position."""
    return Slip(
        account_id=of.account_id,
        number=of.number,
        transfer_id=points.transfer_id(tx.uuid(), tx.head(tenant_id).decision_position + 1),
        points=amount,
        issuer=issuer,
        moment=tx.moment(tenant_id),
        timezone=timezone(tx, tenant_id),
        comment=comment,
        transaction_id=transaction_id,
    )


def _record(tx: Transaction, tenant_id: int, slip: Slip, decision: Any) -> Transferred:
    return Transferred(slip.transfer_id, record(tx, tenant_id, decision))


def _require_cancelable(transfer: Transfer, moment: int) -> None:
    if transfer.state == "canceled":
        raise Refused("this transfer is canceled already", code="already_cancelled")
    is_block = transfer.kind == "blocking"
    has_lapsed = transfer.expires_at is not None and transfer.expires_at <= moment
    is_lot = transfer.kind == "adding" and transfer.state in ("active", "pending")
    if not (is_block or (is_lot and not has_lapsed)):
        raise Refused("this transfer cannot be canceled", code="not_cancelable")


def _require_current(tx: Transaction, command: AddPoints | SpendPoints) -> None:
    """Who sends a version has seen that the member was not deleted, which would have raised it."""
    if not command.version:
        require_present(tx, command.tenant_id, command.number)
    elif command.version != tx.head(command.tenant_id).identity_version:
        raise Stale


def _add(tx: Transaction, command: AddPoints) -> Transferred:
    _require_current(tx, command)
    return add(
        tx,
        command.tenant_id,
        command.number,
        command.points,
        comment=command.comment,
        issuer=command.issuer,
        validity_days=command.validity_days,
        transaction_id=command.transaction_id,
        explain=msgspec.json.decode(command.explain) if command.explain else None,
    )


def _spend(tx: Transaction, command: SpendPoints) -> Transferred:
    _require_current(tx, command)
    return spend(
        tx,
        command.tenant_id,
        command.number,
        command.points,
        comment=command.comment,
        issuer=command.issuer,
        transaction_id=command.transaction_id,
    )


def _send(tx: Transaction, command: TransferPoints) -> Transferred:
    require_present(tx, command.tenant_id, command.sender, "sender")
    require_present(tx, command.tenant_id, command.receiver, "receiver")
    return send(
        tx, command.tenant_id, command.sender, command.receiver, command.points, command.issuer
    )


def _block(tx: Transaction, command: BlockPoints) -> Transferred:
    require_present(tx, command.tenant_id, command.number)
    return block(
        tx,
        command.tenant_id,
        command.number,
        command.points,
        comment=command.comment,
        issuer=command.issuer,
    )


def _cancel(tx: Transaction, command: CancelPointsTransfer) -> None:
    cancel(tx, command.tenant_id, command.transfer_id)


def _return(tx: Transaction, command: ReturnPoints) -> Transferred:
    return give_back(
        tx,
        command.tenant_id,
        command.number,
        command.points,
        coupon_id=command.coupon_id,
        comment=command.comment,
    )


def _reset(tx: Transaction, command: ResetPoints) -> None:
    reset(tx, command.tenant_id, command.number)


HANDLERS: Handlers = {
    AddPoints: _add,
    SpendPoints: _spend,
    TransferPoints: _send,
    BlockPoints: _block,
    CancelPointsTransfer: _cancel,
    ReturnPoints: _return,
    ResetPoints: _reset,
}
