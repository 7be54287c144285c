"""How rules earn: what they ask about a member, and the points that follow from their outcomes.

Rules decide in the transaction of what happened, so a limit is never passed however many do the
same at once. Every transfer carries its explanation, rule by rule; limited uses are counted by a
decision of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from guerdon.domain import rules, rules_decisions, rules_limits
from guerdon.domain.rules import Facts, Rule
from guerdon.domain.rules_decisions import Occasion, Verdict, verdict
from guerdon.engine import definitions, points
from guerdon.engine.programme import settings, timezone
from guerdon.engine.record import record
from guerdon.errors import Refused
from guerdon.store import rules as usage
from guerdon.store import segments
from guerdon.store.rules import Person
from guerdon.store.transaction import Transaction

KIND = "Rule"
_ACTIVE = "Rule:active"
_GONE = "deleted"


class Asked(msgspec.Struct, frozen=True):
    """A member, and what rules ask about them."""

    person: Person
    facts: Facts


def active(tx: Transaction, tenant_id: int, *types: str) -> list[Rule]:
    """The active rules of some types, in the order of their creation."""
    remembered = tx.memory(tenant_id).definitions
    found: list[Rule] | None = remembered.get(_ACTIVE)
    if found is None:
        known = definitions.known(tx, tenant_id, KIND).values()
        found = [rules.parse(it.definition_id, it.ordinal, it.body) for it in known if it.active]
        remembered[_ACTIVE] = found
    return [rule for rule in found if rule.type in types]


def ask_about(
    tx: Transaction, tenant_id: int, numbers: Sequence[int], these: Sequence[Rule]
) -> dict[int, Asked]:
    """What rules ask about members; whoever is gone is left out."""
    statuses = settings(tx, tenant_id)["earning.statuses"]
    has_segments = any(rule.segments for rule in these)
    belongs = segments.of_members(tx.rows, tenant_id, numbers) if has_segments else {}
    found = {}
    for number, person in usage.people(tx.rows, tenant_id, numbers).items():
        if person.status == _GONE:
            continue
        earns = (person.status or "new") in statuses
        facts = Facts(earns, person.level_id, belongs.get(number, ()), person.pos_id)
        found[number] = Asked(person, facts)
    return found


def pay(
    tx: Transaction,
    tenant_id: int,
    person: Person,
    occasion: Occasion,
    given: Verdict,
    comment: str = "",
) -> int:
    """Give what rules gave, in one transfer that is explained; what it came to, in hundredths.

    Only points for the purchase itself name it: those are taken back when it is returned.
    """
    if not given.outcomes:
        return 0
    total, number = given.points, person.number
    if total > 0:
        try:
            points.add(
                tx,
                tenant_id,
                number,
                total,
                comment=comment or given.names,
                transaction_id=None if occasion.event else occasion.transaction_id,
                explain=rules_decisions.explanation(occasion, given),
            )
        except Refused as refused:
            # An account that is full, or could never hold so much, is no reason to refuse what
            # happened.
            if refused.code not in ("balance_limit", "invalid_points"):
                raise
            given = verdict([rules.withheld(outcome) for outcome in given.outcomes])
            total = 0
    if total <= 0:
        told = rules_decisions.gave_no_points(person.member_id, number, occasion, given)
        record(tx, tenant_id, told)
        return 0
    if given.uses:
        record(tx, tenant_id, rules_decisions.used(person.member_id, number, given))
    return total


def asked_of(tx: Transaction, tenant_id: int, number: int, these: list[Rule]) -> Asked | None:
    """What some rules ask about a member; None for nobody, or when there is no rule to ask."""
    return ask_about(tx, tenant_id, (number,), these).get(number) if these else None


def uses_of(
    tx: Transaction, tenant_id: int, number: int, moment: int
) -> Callable[[Rule], tuple[str, int]]:
    """What `rules_on_events` asks of a rule: its window at a moment, and the uses in it."""
    zone = timezone(tx, tenant_id)

    def uses(rule: Rule) -> tuple[str, int]:
        window = rules_limits.window(rule, moment, zone)
        if not window:
            return "", 0
        return window, usage.uses(tx.rows, tenant_id, number, rule.rule_id, window)

    return uses
