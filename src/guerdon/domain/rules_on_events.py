"""What rules give when something happens that is no purchase.

Of the rules for an event only the one that gives most pays; of codes and places every matching one.
A referral pays one rule for each kind of reward: to who invited, to who came, or to both.

Source: Open Loyalty 4.3, "Earning rules".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec

from guerdon.domain import geography
from guerdon.domain.rules import REWARD_TYPES, Facts, Outcome, Rule, objection

Uses = Callable[[Rule], tuple[str, int]]
"""For a rule: the window in which this use would count (empty: it is not limited), and how often
the member has used the rule in that window."""


class Payment(msgspec.Struct, frozen=True):
    """What a referral rule pays, and whether to the referrer, the referred, or both."""

    rule: Rule
    to_referrer: bool
    to_referred: bool


def highest(rules: Sequence[Rule], facts: Facts, moment: int, uses: Uses) -> tuple[Outcome, ...]:
    """Every rule's outcome: the one that gives most pays, of equals the first."""
    judged = [_judge(rule, facts, moment, uses) for rule in rules]
    best = max((each.points for each in judged if not each.reason), default=0)
    found = False
    outcomes = []
    for each in judged:
        if each.reason:
            outcomes.append(each)
        elif found or each.points < best:
            outcomes.append(Outcome(each.rule, reason="not_the_highest"))
        else:
            found = True
            outcomes.append(each)
    return tuple(outcomes)


def raising(rules: Sequence[Rule], outcomes: Iterable[Outcome]) -> str:
    """The comment of an event's transfer: each rule that raised what the ones before would give."""
    held = {each.rule.rule_id for each in outcomes if each.reason in ("", "not_the_highest")}
    best, told = 0, []
    for rule in rules:
        if rule.rule_id in held and rule.points_amount > best:
            best = rule.points_amount
            told.append(rule.name)
    return ", ".join(told)


def every(rules: Sequence[Rule], facts: Facts, moment: int, uses: Uses) -> tuple[Outcome, ...]:
    """Every rule's outcome, where each one that holds pays."""
    return tuple(_judge(rule, facts, moment, uses) for rule in rules)


def with_code(rules: Iterable[Rule], code: str) -> list[Rule]:
    """The `qrcode` rules of a code."""
    return [rule for rule in rules if rule.code == code]


def at_place(rules: Iterable[Rule], latitude: int, longitude: int) -> list[Rule]:
    """The `geolocation` rules around a place."""
    return [
        rule
        for rule in rules
        if geography.is_within((latitude, longitude), (rule.latitude, rule.longitude), rule.radius)
    ]


def referrals(
    rules: Sequence[Rule], referrer: Facts, referred: Facts, moment: int
) -> list[Payment]:
    """Which referral rules pay whom: the highest of each kind of reward.

    A rule's conditions are those of who would be paid; a rule for both may so pay only one.
    """
    payments = []
    for reward_type in REWARD_TYPES:
        found = [
            payment
            for rule in rules
            if rule.reward_type == reward_type
            for payment in [_payment(rule, referrer, referred, moment)]
            if payment.to_referrer or payment.to_referred
        ]
        if found:
            payments.append(max(found, key=lambda each: each.rule.points_amount))
    return payments


def _payment(rule: Rule, referrer: Facts, referred: Facts, moment: int) -> Payment:
    return Payment(
        rule,
        rule.reward_type != "referred" and not objection(rule, referrer, moment, referrer.pos_id),
        rule.reward_type != "referrer" and not objection(rule, referred, moment, referred.pos_id),
    )


def _judge(rule: Rule, facts: Facts, moment: int, uses: Uses) -> Outcome:
    reason = objection(rule, facts, moment, facts.pos_id)
    if reason:
        return Outcome(rule, reason=reason)
    window, used = uses(rule)
    if window and used >= rule.limit.limit:
        return Outcome(rule, reason="limit_reached")
    return Outcome(rule, rule.points_amount, window=window)
