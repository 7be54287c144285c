"""Erasure: members who were anonymised or deleted."""

from __future__ import annotations

from guerdon.domain import erasure
from guerdon.engine import newcomers
from guerdon.engine.folds import levels, standing
from guerdon.engine.folds.fact import Fact, Fold
from guerdon.store.transaction import Transaction


def _forgotten(tx: Transaction, fact: Fact) -> None:
    whose = {"tenant_id": fact.tenant_id, "number": fact.number}
    newcomers.forget(tx, fact.tenant_id, fact.number)
    tx.rows.run("remove_identities", **whose)
    tx.rows.run("remove_former_identities", **whose)
    tx.rows.run("forget_member", **whose, updated_at=fact.recorded_at)
    tx.rows.run("forget_purchase_customers", **whose)
    standing.forget(tx, fact.tenant_id, fact.number)
    # Names that were remembered are nobody's any more.
    tx.forget(fact.tenant_id)


def _deleted(tx: Transaction, fact: Fact) -> None:
    _forgotten(tx, fact)
    tx.rows.run("set_status", tenant_id=fact.tenant_id, number=fact.number, status="deleted")
    levels.end_reviews(tx, fact.tenant_id, fact.number)


FOLDS: dict[str, Fold] = {erasure.WAS_ANONYMIZED: _forgotten, erasure.WAS_DELETED: _deleted}
CLEARED: tuple[str, ...] = ()
