"""What rules give when something happens: the highest, every one, or one for each reward type."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guerdon.clock import from_datetime
from guerdon.domain import geography, rules, rules_decisions, rules_limits, rules_on_events
from guerdon.domain.rules import Facts, Rule
from guerdon.domain.rules_decisions import Occasion

NOW = 1_700_000_000_000_000
ANYBODY = Facts()


def rule(ordinal: int, points: int, **body: Any) -> Rule:
    whole = {"name": f"r{ordinal}", "type": "custom_event", "pointsAmount": points, **body}
    return rules.parse(f"r{ordinal}", ordinal, whole)


def unlimited(_rule: Rule) -> tuple[str, int]:
    return "", 0


def summary(outcomes: Any) -> list[Any]:
    return [each.points if not each.reason else each.reason for each in outcomes]


def test_only_the_highest_rule_pays_and_of_equals_the_first() -> None:
    these = [rule(1, 5), rule(2, 9), rule(3, 9), rule(4, 7)]
    found = rules_on_events.highest(these, ANYBODY, NOW, unlimited)
    assert summary(found) == ["not_the_highest", 9, "not_the_highest", "not_the_highest"]
    assert rules.names(found) == "r2"
    assert rules_on_events.raising(these, found) == "r1, r2"


def test_a_rule_that_does_not_hold_is_neither_the_highest_nor_told_of() -> None:
    these = [rule(1, 5), rule(2, 9, levels=["gold"]), rule(3, 7)]
    found = rules_on_events.highest(these, ANYBODY, NOW, unlimited)
    assert summary(found) == ["not_the_highest", "not_in_target", 7]
    assert rules_on_events.raising(these, found) == "r1, r3"
    assert rules_on_events.highest([], ANYBODY, NOW, unlimited) == ()


def test_a_used_up_rule_leaves_its_place_to_the_next() -> None:
    limit = {"active": True, "period": "day", "limit": 2}
    these = [rule(1, 5), rule(2, 9, limit=limit)]
    uses = {"r1": ("", 0), "r2": ("day 2026-11-21", 1)}
    found = rules_on_events.highest(these, ANYBODY, NOW, lambda each: uses[each.rule_id])
    assert summary(found) == ["not_the_highest", 9]
    assert found[1].window == "day 2026-11-21"
    uses["r2"] = ("day 2026-11-21", 2)
    found = rules_on_events.highest(these, ANYBODY, NOW, lambda each: uses[each.rule_id])
    assert summary(found) == [5, "limit_reached"]


def test_every_matching_code_or_place_pays() -> None:
    these = [
        rule(1, 5, type="qrcode", code="abc"),
        rule(2, 7, type="qrcode", code="abc"),
        rule(3, 9, type="qrcode", code="xyz"),
    ]
    matching = rules_on_events.with_code(these, "abc")
    found = rules_on_events.every(matching, ANYBODY, NOW, unlimited)
    assert summary(found) == [5, 7]
    assert rules.names(found) == "r1, r2"


def test_a_referral_pays_one_rule_of_each_reward_type() -> None:
    def referral(ordinal: int, points: int, reward_type: str, **more: Any) -> Rule:
        return rule(ordinal, points, type="referral", rewardType=reward_type, **more)

    these = [
        referral(1, 5, "referrer"),
        referral(2, 9, "referrer"),
        referral(3, 4, "both"),
        referral(4, 6, "referred"),
        referral(5, 8, "referred", levels=["gold"]),
    ]
    paid = rules_on_events.referrals(these, ANYBODY, ANYBODY, NOW)
    assert [(each.rule.ordinal, each.to_referrer, each.to_referred) for each in paid] == [
        (2, True, False),
        (4, False, True),
        (3, True, True),
    ]
    blocked = Facts(earns=False)
    paid = rules_on_events.referrals(these, blocked, Facts(level_id="gold"), NOW)
    assert [(each.rule.ordinal, each.to_referrer, each.to_referred) for each in paid] == [
        (5, False, True),
        (3, False, True),
    ]


@pytest.mark.parametrize(
    ("period", "expected"),
    [
        ("day", "day 2026-11-22"),
        ("week", "week 2026-11-16"),
        ("month", "month 2026-11-01"),
        ("3 months", "3 months 2026-10-01"),
        ("6 months", "6 months 2026-07-01"),
        ("1 year", "1 year 2026-01-01"),
        ("forever", "forever"),
    ],
)
def test_uses_are_counted_in_calendar_windows_of_the_programmes_days(
    period: str, expected: str
) -> None:
    limit = {"active": True, "period": period, "limit": 1}
    late = from_datetime(datetime(2026, 11, 21, 23, 30, tzinfo=UTC))
    assert rules_limits.window(rule(1, 1, limit=limit), late, ZoneInfo("Europe/Madrid")) == expected


def test_other_types_and_inactive_limits_are_not_counted() -> None:
    limit = {"active": True, "period": "day", "limit": 1}
    assert rules_limits.window(rule(1, 1, type="event", limit=limit), NOW, UTC) == ""
    limit["active"] = False
    assert rules_limits.window(rule(1, 1, limit=limit), NOW, UTC) == ""


def test_an_explanation_names_the_occasion_and_every_rule() -> None:
    these = [rule(1, 5), rule(2, 9_50)]
    found = rules_on_events.highest(these, ANYBODY, NOW, unlimited)
    first, second = rules_decisions.explanation(
        Occasion(activity=7, event="seen"), rules_decisions.verdict(found)
    )
    assert first == {
        "earningRuleId": "r1",
        "name": "r1",
        "type": "custom_event",
        "value": 0,
        "reason": "not_the_highest",
        "activity": 7,
        "event": "seen",
    }
    assert bytes(second["value"]) == b"9.5"
    assert "reason" not in second
    assert rules_decisions.verdict(found).uses == ()


def degrees(latitude: float, longitude: float) -> tuple[int, int]:
    return round(latitude * geography.DEGREE), round(longitude * geography.DEGREE)


def great_circle(here: tuple[int, int], there: tuple[int, int]) -> float:
    """The same in floating point, in decimetres."""
    (a, b), (c, d) = (tuple(math.radians(x / geography.DEGREE) for x in p) for p in (here, there))
    square = math.sin((c - a) / 2) ** 2 + math.cos(a) * math.cos(c) * math.sin((d - b) / 2) ** 2
    return 2 * 63_710_000 * math.asin(math.sqrt(min(1.0, square)))


@pytest.mark.parametrize(
    ("here", "there", "kilometres"),
    [
        (degrees(52.2297, 21.0122), degrees(50.0647, 19.945), 252),
        (degrees(0, 179.9), degrees(0, -179.9), 23),
        (degrees(90, 0), degrees(-90, 77), 20_016),
        (degrees(-33.8688, 151.2093), degrees(51.5074, -0.1278), 16_994),
    ],
)
def test_places_are_within_their_distance_and_not_within_less(
    here: tuple[int, int], there: tuple[int, int], kilometres: int
) -> None:
    assert geography.is_within(here, there, (kilometres + 1) * 10_000)
    assert not geography.is_within(here, there, (kilometres - 1) * 10_000)


place = st.tuples(st.integers(-900_000_000, 900_000_000), st.integers(-(18 * 10**8), 18 * 10**8))


@given(place, place)
def test_nearness_is_what_floating_point_says_and_the_same_both_ways(
    here: tuple[int, int], there: tuple[int, int]
) -> None:
    exact = great_circle(here, there)
    margin = 10 + exact / 10**6
    assert geography.is_within(here, there, round(exact + margin))
    assert geography.is_within(there, here, round(exact + margin))
    if exact > 2 * margin:
        assert not geography.is_within(here, there, round(exact - margin))


@given(place)
def test_every_place_is_within_nothing_of_itself(here: tuple[int, int]) -> None:
    assert geography.is_within(here, here, 0)
