"""Segments: who belongs to them."""

from __future__ import annotations

from guerdon.domain import segments
from guerdon.domain.purchases import ASSIGNED_TO_CUSTOMER
from guerdon.engine.folds.fact import Fact, Fold
from guerdon.store.purchases import total_of
from guerdon.store.transaction import Transaction


def _added(tx: Transaction, fact: Fact) -> None:
    total = total_of(tx.rows, fact.tenant_id, fact.number)
    segment_id = _segment_id(fact)
    tx.rows.run(
        "add_to_segment",
        tenant_id=fact.tenant_id,
        segment_id=segment_id,
        number=fact.number,
        added_at=fact.recorded_at,
        purchases=total.purchases,
        gross=total.gross,
    )
    _change_total(tx, fact.tenant_id, segment_id, 1, (total.purchases, total.gross))


def _removed(tx: Transaction, fact: Fact) -> None:
    segment_id = _segment_id(fact)
    for each, purchases, gross in _memberships(tx, fact):
        if each == segment_id:
            tx.rows.run(
                "remove_from_segment",
                tenant_id=fact.tenant_id,
                segment_id=segment_id,
                number=fact.number,
            )
            _change_total(tx, fact.tenant_id, segment_id, -1, (-purchases, -gross))


def _bought(tx: Transaction, fact: Fact) -> None:
    """A member bought something: what all members of their segments bought grows by as much."""
    memberships = _memberships(tx, fact)
    if not memberships:
        return
    total = total_of(tx.rows, fact.tenant_id, fact.number)
    for segment_id, purchases, gross in memberships:
        tx.rows.run(
            "recount_segment_member",
            tenant_id=fact.tenant_id,
            segment_id=segment_id,
            number=fact.number,
            purchases=total.purchases,
            gross=total.gross,
        )
        more = (total.purchases - purchases, total.gross - gross)
        _change_total(tx, fact.tenant_id, segment_id, 0, more)


def _change_total(
    tx: Transaction, tenant_id: int, segment_id: str, members: int, bought: tuple[int, int]
) -> None:
    tx.rows.run(
        "change_segment_total",
        tenant_id=tenant_id,
        segment_id=segment_id,
        members=members,
        purchases=bought[0],
        gross=bought[1],
    )


def _memberships(tx: Transaction, fact: Fact) -> list[tuple[str, int, int]]:
    rows = tx.rows.all("memberships", tenant_id=fact.tenant_id, number=fact.number)
    return [(segment_id, purchases, gross) for segment_id, purchases, gross in rows]


def _segment_id(fact: Fact) -> str:
    return str(fact.payload["segmentId"]["segmentId"])


FOLDS: dict[str, Fold] = {
    segments.MEMBER_WAS_ADDED: _added,
    segments.MEMBER_WAS_REMOVED: _removed,
    ASSIGNED_TO_CUSTOMER: _bought,
}
CLEARED = ("clear_segment_members", "clear_segment_totals")
