"""Levels: where members stand and when they are reviewed."""

from __future__ import annotations

from guerdon.domain import levels
from guerdon.domain.lots import FOREVER
from guerdon.engine import newcomers
from guerdon.engine.folds.fact import Fact, Fold
from guerdon.store import movements
from guerdon.store.levels import MemberLevel, of_member
from guerdon.store.points import Transfer
from guerdon.store.transaction import Transaction


def _moved(tx: Transaction, fact: Fact) -> None:
    new = newcomers.of(tx, fact.tenant_id, fact.number)
    before = new.level if new else of_member(tx.rows, fact.tenant_id, fact.number)
    payload = fact.payload
    level_id = (payload.get("levelId") or {}).get("levelId")
    manual_level_id = before.manual_level_id if before else None
    if payload["manually"]:
        manual_level_id = level_id
    elif payload["removeLevelManually"]:
        manual_level_id = None
    tx.rows.run(
        "set_member_level",
        tenant_id=fact.tenant_id,
        number=fact.number,
        level_id=level_id,
        manual_level_id=manual_level_id,
        moved_at=fact.recorded_at,
        window_from=_joined_at(tx, fact),
    )
    if new:
        # The period and what was earned before are of no use to the next move.
        new.level = MemberLevel(level_id, manual_level_id, fact.recorded_at, 0, 0, None)
    old_level_id = before.level_id if before else None
    if old_level_id != level_id:
        _count(tx, fact.tenant_id, old_level_id, -1)
        _count(tx, fact.tenant_id, level_id, 1)


def _joined_at(tx: Transaction, fact: Fact) -> int:
    """When a member's first period of review began: when they joined."""
    new = newcomers.of(tx, fact.tenant_id, fact.number)
    if new is not None:
        return new.member.registered_at
    row = tx.rows.one("registered_at", tenant_id=fact.tenant_id, number=fact.number)
    return int(row[0]) if row else fact.recorded_at


def _count(tx: Transaction, tenant_id: int, level_id: str | None, change: int) -> None:
    if level_id is not None:
        tx.rows.run("change_level_total", tenant_id=tenant_id, level_id=level_id, change=change)


def _recalculated(tx: Transaction, fact: Fact) -> None:
    row = tx.rows.one("points_earned", tenant_id=fact.tenant_id, number=fact.number)
    tx.rows.run(
        "begin_level_window",
        tenant_id=fact.tenant_id,
        number=fact.number,
        window_from=fact.recorded_at,
        earned_before=row[0] if row else 0,
        window_position=fact.position,
    )


def unearn(tx: Transaction, tenant_id: int, transfer: Transfer) -> None:
    """Points were canceled: those from before the present period are not taken from its own."""
    earned_by = transfer.position
    if transfer.locked_until is not None:
        earned_by = movements.unlocked_by(tx.rows, tenant_id, transfer.number, transfer.position)
    tx.rows.run(
        "lower_earned_before",
        tenant_id=tenant_id,
        number=transfer.number,
        points=transfer.value,
        earned_by=earned_by,
    )


def end_reviews(tx: Transaction, tenant_id: int, number: int) -> None:
    """A member is gone: no review of theirs is due again, so that nobody looks past them."""
    tx.rows.run("end_level_reviews", tenant_id=tenant_id, number=number, never=FOREVER)


FOLDS: dict[str, Fold] = {
    levels.CUSTOMER_WAS_MOVED_TO_LEVEL: _moved,
    levels.CUSTOMER_LEVEL_WAS_RECALCULATED: _recalculated,
}
CLEARED = ("clear_member_levels", "clear_level_totals")
