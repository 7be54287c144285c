"""Recording a decision: into the journal, and folded into the state tables, in one transaction.

State tables are nothing but folds of the decision journal (`folds/`). So `guerdon rebuild` can
throw them away and get the same bytes again.
"""

from __future__ import annotations

from guerdon.domain.decisions import Decision
from guerdon.engine.folds import (
    definitions,
    erasure,
    invitations,
    levels,
    members,
    points,
    purchases,
    rewards,
    rules,
    segments,
    standing,
    tenants,
)
from guerdon.engine.folds.fact import Fact, Fold
from guerdon.store.transaction import Transaction

_NOUNS = (
    tenants,
    definitions,
    members,
    standing,
    points,
    purchases,
    levels,
    rewards,
    rules,
    invitations,
    segments,
    erasure,
)
FOLDS: dict[str, Fold] = {name: fold for noun in _NOUNS for name, fold in noun.FOLDS.items()}
CLEARED: tuple[str, ...] = tuple(query for noun in _NOUNS for query in noun.CLEARED)


def record(tx: Transaction, tenant_id: int, decision: Decision) -> int:
    """Append a decision and fold it into the state; its position."""
    position = tx.append_decision(tenant_id, decision)
    fold = FOLDS.get(decision.type)
    if fold is not None:
        fact = Fact(
            tenant_id,
            position,
            decision.aggregate,
            decision.number or 0,
            tx.moment(tenant_id),
            decision.payload,
        )
        fold(tx, fact)
    return position
