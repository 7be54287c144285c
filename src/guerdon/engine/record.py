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
    pictures,
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
    pictures,
    rules,
    invitations,
    segments,
    erasure,
)


def _both(first: Fold, then: Fold) -> Fold:
    """What two nouns make of one decision, in the order of `_NOUNS`."""

    def fold(tx: Transaction, fact: Fact) -> None:
        first(tx, fact)
        then(tx, fact)

    return fold


FOLDS: dict[str, Fold] = {}
for _noun in _NOUNS:
    for _name, _fold in _noun.FOLDS.items():
        FOLDS[_name] = _both(FOLDS[_name], _fold) if _name in FOLDS else _fold
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
