"""Members' lots: the terms on which points come in, the order in which they go, and their end."""

from __future__ import annotations

from collections.abc import Generator, Iterator

from guerdon.domain import lots, points
from guerdon.domain.lots import FOREVER, Lot
from guerdon.domain.points import Terms
from guerdon.engine import purses
from guerdon.engine.accounts import books, learn
from guerdon.engine.consequences import follow
from guerdon.engine.programme import settings, timezone
from guerdon.engine.record import record
from guerdon.store import points as ledger
from guerdon.store.points import Account, Transfer
from guerdon.store.transaction import Transaction


def terms(
    tx: Transaction, tenant_id: int, to: Account, amount: int, validity_days: int | None
) -> Terms:
    """The terms on which points come in now, unless `validity_days` says how long they last."""
    named = settings(tx, tenant_id)
    base, until, available = tx.moment(tenant_id), None, amount
    if named["points.days_locked"] and not named["points.all_time_not_locked"]:
        base = until = lots.locked_until(base, named["points.days_locked"])
    elif to.debt:
        available -= min(to.debt, amount)
    return Terms(available, expiry(tx, tenant_id, base, validity_days), until)


def live(tx: Transaction, tenant_id: int, number: int) -> Iterator[Lot]:
    """The lots a member can spend now, in the programme's order of spending."""
    return purses.live(tx, tenant_id, number, tx.moment(tenant_id))


def expiry(
    tx: Transaction, tenant_id: int, base: int, validity_days: int | None = None
) -> int | None:
    """From when on points cannot be spent that can be from `base` on; None for never."""
    named = settings(tx, tenant_id)
    kind, days = named["points.expiry"], named["points.days_active"]
    if validity_days is not None:
        kind, days = "after_x_days", validity_days
    return shown(lots.expires_at(base, kind, days, timezone(tx, tenant_id)))


def shown(expires_at: int) -> int | None:
    """An expiry as decisions show it: none is not shown."""
    return None if expires_at == FOREVER else expires_at


def fall_due(tx: Transaction, tenant_id: int, now: int, limit: int) -> Generator[None, None, int]:
    """Unlock and expire the lots whose time has come, at most `limit`; returns how many there were.

    Each is done in the transaction that records it, so it is done once, whatever happens between.
    """
    if not ledger.is_due(tx.rows, tenant_id, now):
        return 0
    # Whoever else writes waits from here on, so that what is read now stays true.
    moment = tx.moment(tenant_id)
    overdue = ledger.due(tx.rows, tenant_id, moment, limit)
    yield
    tx.lots.update({(tenant_id, lot.position): lot for lot in overdue})
    learn(tx, tenant_id, {lot.number for lot in overdue}, books_only=True)
    for lot in overdue:
        yield
        _settle(tx, tenant_id, lot)
    return len(overdue)


def _settle(tx: Transaction, tenant_id: int, lot: Transfer) -> None:
    if not _is_untouched(tx, tenant_id, lot):
        return  # what followed from the lots before has taken it
    of = books(tx, tenant_id, lot.number)
    is_locked = lot.state == "pending"
    kind = points.TRANSFER_WAS_UNLOCKED if is_locked else points.TRANSFER_WAS_EXPIRED
    record(tx, tenant_id, points.changed(kind, of.account_id, lot.number, lot.transfer_id))
    remaining = lot.remaining or 0
    change = remaining - min(of.debt, remaining) if is_locked else -remaining
    # Points that a debt takes at once are earned all the same.
    if change or is_locked:
        follow(tx, tenant_id, "points_changed", lot.number, change=change)


def _is_untouched(tx: Transaction, tenant_id: int, lot: Transfer) -> bool:
    if (tenant_id, lot.position) in tx.lots:
        return True
    now = ledger.at(tx.rows, tenant_id, lot.position)
    return now is not None and (now.state, now.remaining) == (lot.state, lot.remaining)
