"""Points' use cases: the functions every part of a programme moves points with, and their commands.

Each function decides inside the caller's transaction, under the tenant's lock, so what it reads is
the truth and nothing can be spent twice. Points are whole hundredths.

Errors: NotFound `unknown_member`; Refused `invalid_points`, `insufficient_points`, `balance_limit`,
        all of them before anything is written.
"""

from __future__ import annotations

from typing import Any

import msgspec

from guerdon import limits
from guerdon.domain import lots, points
from guerdon.domain.lots import FOREVER, Piece
from guerdon.domain.points import Slip, Terms
from guerdon.domain.registration import Issuer, local
from guerdon.engine.commands import Handlers
from guerdon.engine.commands.points import (
    AddPoints,
    BlockPoints,
    CancelPointsTransfer,
    ResetPoints,
    ReturnPoints,
    SpendPoints,
    Transferred,
    TransferPoints,
)
from guerdon.engine.consequences import follow
from guerdon.engine.programme import settings, timezone
from guerdon.engine.record import record
from guerdon.errors import NotFound, Refused
from guerdon.store import points as ledger
from guerdon.store.points import Account, Transfer
from guerdon.store.transaction import Transaction

Explanation = list[dict[str, Any]]
"""What each rule contributed, in the order of the rules."""


def account(tx: Transaction, tenant_id: int, number: int) -> Account:
    """A member's account as it is now. Errors: NotFound `unknown_member`."""
    found = ledger.account(tx.rows, tenant_id, number, tx.moment(tenant_id))
    if found is None:
        raise NotFound("user not found", code="unknown_member")
    return found


def balance(tx: Transaction, tenant_id: int, number: int) -> int:
    """What a member can spend now."""
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
    _require_amount(amount)
    to = account(tx, tenant_id, number)
    _require_room(tx, tenant_id, to, amount)
    terms = _terms(tx, tenant_id, to, amount, validity_days)
    slip = _slip(tx, tenant_id, to, amount, issuer, comment, transaction_id)
    made = _record(tx, tenant_id, slip, points.added(slip, terms))
    if explain:
        told = points.explained(to.account_id, number, made.transfer_id, explain)
        record(tx, tenant_id, told)
    if terms.locked_until is None:
        follow(tx, tenant_id, "points_changed", number, change=terms.available)
    return made


def spend(  # noqa: PLR0913 - a spend is about this many things
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
    of = _covering(tx, tenant_id, number, amount)
    slip = _slip(tx, tenant_id, of, amount, issuer, comment, transaction_id)
    made = _record(tx, tenant_id, slip, points.spent(slip))
    follow(tx, tenant_id, "points_changed", number, change=-amount)
    return made


def revoke(  # noqa: PLR0913 - a return is about this many things
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
    _require_amount(amount)
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
    of = _covering(tx, tenant_id, sender, amount, field="sender")
    to = _named_account(tx, tenant_id, receiver, "receiver")
    _require_room(tx, tenant_id, to, amount)
    pieces = lots.take(_live_lots(tx, tenant_id, sender), amount)
    slip = _slip(tx, tenant_id, of, amount, issuer)
    made = _record(tx, tenant_id, slip, points.transferred(slip, to.account_id))
    received = sum(_receive(tx, tenant_id, of, to, pieces))
    follow(tx, tenant_id, "points_changed", sender, change=-amount)
    follow(tx, tenant_id, "points_changed", receiver, change=received)
    return made


def block(  # noqa: PLR0913 - a block is about this many things
    tx: Transaction,
    tenant_id: int,
    number: int,
    amount: int,
    *,
    comment: str | None = None,
    issuer: Issuer = "system",
) -> Transferred:
    """Put points aside until the transfer is canceled."""
    of = _covering(tx, tenant_id, number, amount)
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
    _require_amount(amount)
    to = account(tx, tenant_id, number)
    _require_room(tx, tenant_id, to, amount)
    available = amount - min(to.debt, amount)
    terms = Terms(available, _expiry(tx, tenant_id, tx.moment(tenant_id)))
    slip = _slip(tx, tenant_id, to, amount, "system", comment)
    made = _record(tx, tenant_id, slip, points.returned(slip, terms, coupon_id))
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
    change = balance(tx, tenant_id, transfer.number) - of.available
    if change:
        follow(tx, tenant_id, "points_changed", transfer.number, change=change)


def reset(tx: Transaction, tenant_id: int, number: int) -> None:
    """Let everything available and locked expire at once."""
    of = account(tx, tenant_id, number)
    date = local(tx.moment(tenant_id), timezone(tx, tenant_id))
    record(tx, tenant_id, points.reset(of.account_id, number, date))
    if of.available:
        follow(tx, tenant_id, "points_changed", number, change=-of.available)


def fall_due(tx: Transaction, tenant_id: int, now: int, limit: int) -> int:
    """Unlock and expire the lots whose time has come, at most `limit`; how many there were.

    Each is done in the transaction that records it, so it is done once, whatever happens between.
    """
    if not ledger.due(tx.rows, tenant_id, now, 1):
        return 0
    # Whoever else writes waits from here on, so that what is read now stays true.
    moment = tx.moment(tenant_id)
    overdue = ledger.due(tx.rows, tenant_id, moment, limit)
    for lot in overdue:
        _settle(tx, tenant_id, lot)
    return len(overdue)


def _settle(tx: Transaction, tenant_id: int, lot: ledger.Due) -> None:
    of = account(tx, tenant_id, lot.number)
    is_locked = lot.state == "pending"
    kind = points.TRANSFER_WAS_UNLOCKED if is_locked else points.TRANSFER_WAS_EXPIRED
    record(tx, tenant_id, points.changed(kind, of.account_id, lot.number, lot.transfer_id))
    change = lot.remaining - min(of.debt, lot.remaining) if is_locked else -lot.remaining
    if change:
        follow(tx, tenant_id, "points_changed", lot.number, change=change)


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
        terms = Terms(available[-1], _shown(piece.lot.expires_at))
        _record(tx, tenant_id, slip, points.added(slip, terms, sender_id=of.account_id))
    return available


def _terms(
    tx: Transaction, tenant_id: int, to: Account, amount: int, validity_days: int | None
) -> Terms:
    named = settings(tx, tenant_id)
    moment = tx.moment(tenant_id)
    days = 0 if named["points.all_time_not_locked"] else named["points.days_locked"]
    if days:
        until = lots.locked_until(moment, days)
        return Terms(amount, _expiry(tx, tenant_id, until, validity_days), until)
    return Terms(amount - min(to.debt, amount), _expiry(tx, tenant_id, moment, validity_days))


def _expiry(
    tx: Transaction, tenant_id: int, base: int, validity_days: int | None = None
) -> int | None:
    named = settings(tx, tenant_id)
    kind, days = named["points.expiry"], named["points.days_active"]
    if validity_days is not None:
        kind, days = "after_x_days", validity_days
    return _shown(lots.expires_at(base, kind, days, timezone(tx, tenant_id)))


def _shown(expires_at: int) -> int | None:
    return None if expires_at == FOREVER else expires_at


def _slip(  # noqa: PLR0913, PLR0917 - what every transfer says
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


def _live_lots(tx: Transaction, tenant_id: int, number: int) -> Any:
    order = settings(tx, tenant_id)["points.spend_order"]
    return ledger.live_lots(tx.rows, tenant_id, number, moment=tx.moment(tenant_id), order=order)


def _covering(
    tx: Transaction, tenant_id: int, number: int, amount: int, field: str | None = None
) -> Account:
    """The account, if it covers the amount."""
    _require_amount(amount)
    of = _named_account(tx, tenant_id, number, field)
    if of.available < amount:
        raise Refused("not enough points", code="insufficient_points", field="points")
    return of


def _named_account(tx: Transaction, tenant_id: int, number: int, field: str | None) -> Account:
    try:
        return account(tx, tenant_id, number)
    except NotFound as unknown:
        unknown.field = field
        raise


def _require_amount(amount: int) -> None:
    if not 0 < amount <= limits.points_hundredths_max:
        raise Refused("points must be above zero", code="invalid_points", field="points")


def _require_room(tx: Transaction, tenant_id: int, to: Account, amount: int) -> None:
    """A balance that JavaScript reads exactly, and sums that the database can hold."""
    issued = -tx.total(tenant_id, ledger.PREFIX + points.ISSUED)
    if (
        to.total + amount > limits.points_hundredths_max
        or issued + amount > limits.points_issued_hundredths_max
    ):
        raise Refused("the balance would be too large", code="balance_limit", field="points")


def _require_cancelable(transfer: Transfer, moment: int) -> None:
    if transfer.state == "canceled":
        raise Refused("this transfer is canceled already", code="already_cancelled")
    is_block = transfer.kind == "blocking"
    has_lapsed = transfer.expires_at is not None and transfer.expires_at <= moment
    is_lot = transfer.kind == "adding" and transfer.state in ("active", "pending")
    if not (is_block or (is_lot and not has_lapsed)):
        raise Refused("this transfer cannot be canceled", code="not_cancelable")


def _add(tx: Transaction, command: AddPoints) -> Transferred:
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
    return send(
        tx, command.tenant_id, command.sender, command.receiver, command.points, command.issuer
    )


def _block(tx: Transaction, command: BlockPoints) -> Transferred:
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
