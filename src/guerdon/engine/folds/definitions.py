"""Definitions: levels, rewards, rules, places and whatever else a programme is made of."""

from __future__ import annotations

from guerdon.domain import definitions
from guerdon.engine.folds.fact import Fact, Fold, text
from guerdon.store.transaction import Transaction


def _defined(tx: Transaction, fact: Fact) -> None:
    changed = tx.rows.run(
        "change_definition",
        tenant_id=fact.tenant_id,
        kind=fact.payload["kind"],
        definition_id=fact.aggregate,
        active=int(fact.payload["active"]),
        changed_at=fact.recorded_at,
        body=text(fact.payload["body"]),
    )
    if not changed:
        tx.rows.run(
            "add_definition",
            tenant_id=fact.tenant_id,
            kind=fact.payload["kind"],
            definition_id=fact.aggregate,
            ordinal=fact.position,
            active=int(fact.payload["active"]),
            created_at=fact.recorded_at,
            body=text(fact.payload["body"]),
        )
    tx.redefine(fact.tenant_id)


def _removed(tx: Transaction, fact: Fact) -> None:
    tx.rows.run(
        "remove_definition",
        tenant_id=fact.tenant_id,
        kind=fact.payload["kind"],
        definition_id=fact.aggregate,
    )
    tx.redefine(fact.tenant_id)


FOLDS: dict[str, Fold] = {
    **dict.fromkeys(map(definitions.was_defined, definitions.KINDS), _defined),
    **dict.fromkeys(map(definitions.was_removed, definitions.KINDS), _removed),
}
CLEARED = ("clear_definitions",)
