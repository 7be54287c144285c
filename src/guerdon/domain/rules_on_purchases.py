"""What rules give for a purchase.

Each item gathers points of its own: general rules give them for what it cost, multipliers multiply
what it has so far, product rules add to it. Every rule's share of an item is rounded to a whole
hundredth, halves away from zero; so the shares of all rules add up to the transfer exactly.

Source: Open Loyalty 4.3, "Earning rules". Two lines of one product are two items here: a multiplier
counts once for each, where Open Loyalty 3.2 multiplied their common points twice.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import msgspec

from guerdon.domain.amounts import RATE, rounded
from guerdon.domain.purchases import Item, Purchase
from guerdon.domain.rules import (
    Facts,
    Label,
    Outcome,
    Reason,
    Rule,
    bounded,
    in_order,
    objection,
)

_HUNDREDTH = 1_000_000
"""Money times a rate, both in ten-thousandths, in a hundredth of a point."""


class _Basket(msgspec.Struct):
    """A purchase on its way through the rules: what each item has earned so far."""

    purchase: Purchase
    points: list[int]


def evaluate(
    rules: Sequence[Rule],
    purchase: Purchase,
    facts: Facts,
    reward: Callable[[Rule], Reason] = lambda _: "",
) -> tuple[Outcome, ...]:
    """Every rule's outcome, in the order in which they were asked.

    An instant reward's outcome has no points: an empty reason says that the reward was due.
    reward: gives what an instant reward's rule says, or says why not; nothing is given without it.
    """
    basket = _Basket(purchase, [0] * len(purchase.items))
    outcomes: list[Outcome] = []
    stopped = False
    for rule in in_order(rules):
        outcome = Outcome(rule, reason="stopped") if stopped else _ask(rule, basket, facts)
        if not outcome.reason and rule.type == "instant_reward":
            outcome = Outcome(rule, reason=reward(rule))
        stopped = stopped or (rule.is_last and not outcome.reason)
        outcomes.append(outcome)
    return tuple(outcomes)


def _ask(rule: Rule, basket: _Basket, facts: Facts) -> Outcome:
    purchase = basket.purchase
    reason = objection(rule, facts, purchase.purchased_at, purchase.pos_id or None)
    if reason:
        return Outcome(rule, reason=reason)
    if rule.type == "instant_reward":
        return Outcome(rule)
    before = sum(basket.points)
    reason = _APPLY[rule.type](rule, basket)
    return Outcome(rule, sum(basket.points) - before, reason)


def _by_amount(rule: Rule, basket: _Basket) -> Reason:
    purchase, without_delivery = basket.purchase, rule.exclude_delivery_cost
    total = purchase.gross_without_delivery if without_delivery else purchase.gross
    if total < rule.min_order_value:
        return "below_min_order_value"
    delivery = purchase.exclusions.delivery_skus if without_delivery else ()
    earning = [
        at
        for at, item in enumerate(purchase.items)
        if item.sku not in delivery and _is_included(rule, item)
    ]
    for at in earning:
        gross = purchase.items[at].gross
        basket.points[at] += bounded(rounded(gross * rule.point_value, _HUNDREDTH))
    return "" if earning else "no_matching_item"


def _is_included(rule: Rule, item: Item) -> bool:
    if item.sku in rule.excluded_skus:
        return False
    if rule.inclusion_type == "include_labels":
        return _has_one_of(item, rule.included_labels)
    if rule.inclusion_type == "exclude_labels":
        return not _has_one_of(item, rule.excluded_labels)
    return True


def _by_product(rule: Rule, basket: _Basket) -> Reason:
    factors = [
        (rule.multiplier,) if item.sku in rule.sku_ids or _has_one_of(item, rule.labels) else ()
        for item in basket.purchase.items
    ]
    return _multiply(basket, factors)


def _by_labels(rule: Rule, basket: _Basket) -> Reason:
    factors = [
        tuple(
            each.multiplier
            for each in rule.label_multipliers
            if (each.key, each.value) in item.labels
        )
        for item in basket.purchase.items
    ]
    return _multiply(basket, factors)


def _multiply(basket: _Basket, factors: Sequence[tuple[int, ...]]) -> Reason:
    """Multiply each item's points by all of its factors, rounding once."""
    if not any(factors):
        return "no_matching_item"
    if not any(basket.points[at] for at, each in enumerate(factors) if each):
        return "nothing_to_multiply"
    for at, each in enumerate(factors):
        product = math.prod(each)
        basket.points[at] = bounded(rounded(basket.points[at] * product, RATE ** len(each)))
    return ""


def _per_line(rule: Rule, basket: _Basket) -> Reason:
    lines = [at for at, item in enumerate(basket.purchase.items) if item.sku in rule.sku_ids]
    for at in lines:
        basket.points[at] += rule.points_amount
    return "" if lines else "no_matching_item"


def _has_one_of(item: Item, labels: Sequence[Label]) -> bool:
    return any((label.key, label.value) in item.labels for label in labels)


_APPLY = {
    "points": _by_amount,
    "multiply_for_product": _by_product,
    "multiply_by_product_labels": _by_labels,
    "product_purchase": _per_line,
}
