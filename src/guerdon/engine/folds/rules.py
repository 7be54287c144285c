"""Earning rules: how often each was used, and what they are not asked about."""

from __future__ import annotations

from guerdon.domain import definitions, rules_decisions
from guerdon.engine.folds.fact import Fact, Fold
from guerdon.store.transaction import Transaction


def _used(tx: Transaction, fact: Fact) -> None:
    for use in fact.payload["uses"]:
        tx.rows.run(
            "count_rule_use",
            tenant_id=fact.tenant_id,
            number=fact.number,
            rule_id=use["earningRuleId"],
            span=use["window"],
        )


def _skipped(tx: Transaction, fact: Fact) -> None:
    # Whoever asks the rules reads in the journal what to pass by, and remembers it.
    tx.redefine(fact.tenant_id)


FOLDS: dict[str, Fold] = {
    rules_decisions.RULES_WERE_USED: _used,
    definitions.ACTIVITY_WAS_SKIPPED: _skipped,
}
CLEARED = ("clear_rule_uses",)
