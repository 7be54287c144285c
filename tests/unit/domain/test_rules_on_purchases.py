"""What each type of rule gives for a purchase, and why it gives nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guerdon.clock import DAY
from guerdon.domain import rules, rules_on_purchases
from guerdon.domain.purchases import Exclusions, Item, Purchase
from guerdon.domain.rules import Facts, Rule

NOON = 1_700_000_000_000_000
MONEY = 10_000
POINTS = 100
ANYBODY = Facts()


def item(sku: str, gross: float, *labels: tuple[str, str], quantity: int = 1) -> Item:
    return Item(sku, sku, quantity, round(gross * MONEY), "any", labels=labels)


def purchase(*items: Item, pos_id: str = "", delivery: tuple[str, ...] = ()) -> Purchase:
    return Purchase(
        position=1,
        purchase_id="t",
        document_number="1",
        is_return=False,
        purchased_at=NOON,
        place="",
        pos_id=pos_id,
        revised_document="",
        number=1,
        registered_at=NOON,
        assigned_at=NOON,
        returned=0,
        items=items,
        labels=(),
        exclusions=Exclusions(delivery),
        customer={},
    )


def rule(type: str, ordinal: int = 1, **body: Any) -> Rule:
    return rules.parse(f"{type}-{ordinal}", ordinal, {"name": type, "type": type, **body})


def general(ordinal: int = 1, **body: Any) -> Rule:
    return rule("points", ordinal, **{"pointValue": 1 * MONEY, **body})


def given_by(these: list[Rule], bought: Purchase, facts: Facts = ANYBODY) -> list[Any]:
    """Each rule's points, or its reason, in the order they were asked."""
    found = rules_on_purchases.evaluate(these, bought, facts)
    return [each.points if not each.reason else each.reason for each in found]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, 30_00),
        ({"pointValue": 23_000}, 69_00),
        ({"pointValue": 33}, 10),  # 0.0033 a unit: 0.033, 0.066
        ({"excludedSKUs": ["A"]}, 20_00),
        ({"excludedSKUs": ["A", "B"]}, "no_matching_item"),
        ({"minOrderValue": 30 * MONEY}, 30_00),
        ({"minOrderValue": 30 * MONEY + 1}, "below_min_order_value"),
        ({"minOrderValue": 30 * MONEY, "excludeDeliveryCost": True}, "below_min_order_value"),
        ({"excludeDeliveryCost": True}, 10_00),
        ({"inclusionType": "include_labels", "includedLabels": [{"key": "k", "value": "v"}]}, 1000),
        ({"inclusionType": "exclude_labels", "excludedLabels": [{"key": "k", "value": "v"}]}, 2000),
        ({"excludedLabels": [{"key": "k", "value": "v"}]}, 30_00),
        ({"startAt": NOON, "endAt": NOON}, 30_00),
        ({"startAt": NOON + 1}, "not_at_this_time"),
        ({"endAt": NOON - 1}, "not_at_this_time"),
        ({"endAt": NOON - 1, "allTimeActive": True}, 30_00),
        ({"pos": ["p"]}, 30_00),
        ({"pos": ["q"]}, "not_at_this_place"),
        ({"levels": ["gold"]}, 30_00),
        ({"levels": ["silver"]}, "not_in_target"),
        ({"levels": ["silver"], "segments": ["s"]}, 30_00),
        ({"segments": ["t"]}, "not_in_target"),
    ],
)
def test_a_general_rule_gives_points_for_what_each_item_cost(
    body: dict[str, Any], expected: object
) -> None:
    bought = purchase(item("A", 10, ("k", "v")), item("B", 20), pos_id="p", delivery=("B",))
    facts = Facts(level_id="gold", segment_ids=("s",))
    assert given_by([general(**body)], bought, facts) == [expected]


def test_a_rule_for_a_level_holds_for_nobody_who_has_neither_level_nor_segment() -> None:
    assert given_by([general(levels=["gold"])], purchase(item("A", 1))) == ["not_in_target"]


def test_a_member_whose_status_does_not_earn_earns_nothing() -> None:
    bought = purchase(item("A", 1))
    assert given_by([general()], bought, Facts(earns=False)) == ["member_status"]


def test_multipliers_multiply_what_their_items_have_so_far() -> None:
    bought = purchase(item("A", 10, ("k", "v"), ("x", "y")), item("B", 20))
    twice = rule("multiply_for_product", 2, multiplier=20_000, skuIds=["A"])
    by_label = rule(
        "multiply_for_product", 3, multiplier=15_000, labels=[{"key": "k", "value": "v"}]
    )
    both = rule(
        "multiply_by_product_labels",
        4,
        labelMultipliers=[
            {"key": "k", "value": "v", "multiplier": 20_000},
            {"key": "x", "value": "y", "multiplier": 30_000},
            {"key": "no", "value": "no", "multiplier": 90_000},
        ],
    )
    assert given_by([general(), twice], bought) == [30_00, 10_00]
    assert given_by([general(), by_label], bought) == [30_00, 5_00]
    assert given_by([general(), both], bought) == [30_00, 50_00]
    assert given_by([general(), twice, by_label, both], bought) == [30_00, 10_00, 10_00, 150_00]
    assert given_by([twice], bought) == ["nothing_to_multiply"]
    nobody = rule("multiply_for_product", 5, multiplier=20_000, skuIds=["C"])
    assert given_by([general(), nobody], bought) == [30_00, "no_matching_item"]
    half = rule("multiply_for_product", 6, multiplier=5_000, skuIds=["A"])
    assert given_by([general(), half], bought) == [30_00, -5_00]


def test_two_lines_of_one_product_are_each_multiplied_once() -> None:
    bought = purchase(item("A", 10), item("A", 10))
    twice = rule("multiply_for_product", 2, multiplier=20_000, skuIds=["A"])
    assert given_by([general(), twice], bought) == [20_00, 20_00]


def test_a_product_rule_adds_its_points_for_each_line_whatever_the_quantity() -> None:
    bought = purchase(item("A", 10, quantity=7), item("A", 1), item("B", 1))
    per_line = rule("product_purchase", pointsAmount=5 * POINTS, skuIds=["A", "C"])
    assert given_by([per_line], bought) == [10_00]
    assert given_by([per_line], purchase(item("B", 1))) == ["no_matching_item"]


def test_rules_are_asked_by_priority_and_then_by_creation() -> None:
    these = [
        rule("product_purchase", 1, pointsAmount=1_00, skuIds=["A"]),
        rule("instant_reward", 2, rewardCampaignId="r"),
        rule("multiply_for_product", 4, multiplier=20_000, skuIds=["A"]),
        rule("multiply_by_product_labels", 3),
        general(6),
        general(5),
    ]
    found = rules_on_purchases.evaluate(these, purchase(item("A", 10)), Facts())
    assert [each.rule.ordinal for each in found] == [5, 6, 2, 3, 4, 1]
    assert sum(each.points for each in found) == 41_00
    assert rules.names(found) == "points, points, multiply_for_product, product_purchase"


def test_the_last_executed_rule_stops_those_after_it_only_when_it_applied() -> None:
    after = rule("product_purchase", 9, pointsAmount=1_00, skuIds=["A"])
    bought = purchase(item("A", 10))
    assert given_by([general(lastExecutedRule=True), after], bought) == [10_00, "stopped"]
    idle = general(lastExecutedRule=True, excludedSKUs=["A"])
    assert given_by([idle, after], bought) == ["no_matching_item", 1_00]


def test_an_instant_reward_is_due_without_points() -> None:
    (found,) = rules_on_purchases.evaluate(
        [rule("instant_reward", rewardCampaignId="r")], purchase(item("A", 1)), Facts()
    )
    assert (found.points, found.reason, found.rule.reward_id) == (0, "", "r")


@given(
    st.lists(st.integers(-(10**9), 10**12), min_size=1, max_size=6),
    st.lists(st.integers(0, 10**6), min_size=1, max_size=4),
)
def test_the_shares_of_all_rules_are_whole_and_close_to_the_exact_sum(
    gross: list[int], values: list[int]
) -> None:
    bought = purchase(*(Item(f"s{at}", "", 1, each, "") for at, each in enumerate(gross)))
    these = [general(at, pointValue=value) for at, value in enumerate(values)]
    found = rules_on_purchases.evaluate(these, bought, Facts())
    shares = [each.points for each in found if not each.reason]
    assert all(type(each) is int for each in shares)
    if len(shares) == len(values):
        exact_millionths = sum(gross) * sum(values)
        assert abs(sum(shares) * 1_000_000 - exact_millionths) <= (
            500_000 * len(gross) * len(values)
        )


def test_a_rule_is_asked_what_it_says_of_time_in_microseconds() -> None:
    day = general(startAt=NOON - DAY, endAt=NOON + DAY)
    assert rules.objection(day, Facts(), NOON, None) == ""
    assert rules.objection(day, Facts(), NOON + DAY + 1, None) == "not_at_this_time"
