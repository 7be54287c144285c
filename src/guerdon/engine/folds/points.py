"""Points: what each account holds and how it came to that."""

from __future__ import annotations

from typing import Any

import msgspec

from guerdon.domain import registration
from guerdon.engine.folds.fact import Fact, Fold
from guerdon.store.transaction import Transaction


def _points_added(tx: Transaction, fact: Fact) -> None:
    _points_moved(tx, fact, 1)


def _points_spent(tx: Transaction, fact: Fact) -> None:
    _points_moved(tx, fact, -1)


def _points_moved(tx: Transaction, fact: Fact, sign: int) -> None:
    transfer = fact.payload["pointsTransfer"]
    points = sign * hundredths(transfer["value"])
    concept, _, description = str(transfer.get("comment", "")).partition(": ")
    row = tx.rows.one("member", tenant_id=fact.tenant_id, number=fact.number)
    balance = row[4] if row else 0
    tx.rows.run(
        "add_movement",
        tenant_id=fact.tenant_id,
        number=fact.number,
        movement_id=fact.position,
        transfer_id=transfer["id"]["pointsTransferId"],
        concept=concept,
        points=points,
        description=description,
        recorded_at=fact.recorded_at,
    )
    tx.rows.run(
        "set_balance",
        tenant_id=fact.tenant_id,
        number=fact.number,
        balance=balance + points,
    )


def hundredths(value: Any) -> int:
    """A JSON number of points as whole hundredths, without passing through a binary fraction."""
    written = bytes(value).decode() if isinstance(value, msgspec.Raw) else str(value)
    whole, _, fraction = written.partition(".")
    return int(whole) * 100 + int((fraction + "00")[:2])


FOLDS: dict[str, Fold] = {
    registration.POINTS_WERE_ADDED: _points_added,
    registration.POINTS_WERE_SPENT: _points_spent,
}
CLEARED = ("clear_movements",)
