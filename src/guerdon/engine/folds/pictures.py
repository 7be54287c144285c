"""Pictures of what a programme shows."""

from __future__ import annotations

from guerdon.domain import definitions, pictures
from guerdon.engine.folds.fact import Fact, Fold
from guerdon.store.transaction import Transaction


def _put(tx: Transaction, fact: Fact) -> None:
    payload = fact.payload
    tx.rows.run(
        "set_picture",
        tenant_id=fact.tenant_id,
        kind=payload["kind"],
        owner_id=payload["ownerId"],
        place=payload["place"],
        ordinal=fact.position,
        picture_id=fact.aggregate,
        path=payload["path"],
        original_name=payload["originalName"],
        mime=payload["mime"],
        digest=payload["sha256"],
    )


def _removed(tx: Transaction, fact: Fact) -> None:
    tx.rows.run(
        "remove_picture",
        tenant_id=fact.tenant_id,
        kind=fact.payload["kind"],
        owner_id=fact.payload["ownerId"],
        place=fact.payload["place"],
    )


def _owner_removed(tx: Transaction, fact: Fact) -> None:
    tx.rows.run(
        "remove_pictures_of",
        tenant_id=fact.tenant_id,
        kind=fact.payload["kind"],
        owner_id=fact.aggregate,
    )


FOLDS: dict[str, Fold] = {
    pictures.WAS_PUT: _put,
    pictures.WAS_REMOVED: _removed,
    **dict.fromkeys(map(definitions.was_removed, pictures.KINDS), _owner_removed),
}
CLEARED = ("clear_pictures",)
