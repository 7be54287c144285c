"""Earning rules: how often each was used."""

from __future__ import annotations

from guerdon.domain import rules_decisions
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


FOLDS: dict[str, Fold] = {rules_decisions.RULES_WERE_USED: _used}
CLEARED = ("clear_rule_uses",)
