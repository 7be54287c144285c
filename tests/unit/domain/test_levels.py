from __future__ import annotations

from datetime import timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guerdon.clock import DAY
from guerdon.domain import levels
from guerdon.domain.levels import Holdings, Level, Move, Place, Policy

UNIT = 10_000
BRONZE = Level("bronze", 0, 100, active=True, age=1)
SILVER = Level("silver", 20 * UNIT, 500, active=True, age=2)
GOLD = Level("gold", 200 * UNIT, 1_500, active=True, age=3)
RETIRED = Level("retired", 100 * UNIT, 9_000, active=False, age=4)
LEVELS = {each.level_id: each for each in (GOLD, RETIRED, BRONZE, SILVER)}


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        (-1, None),
        (0, "bronze"),
        (20 * UNIT - 1, "bronze"),
        (20 * UNIT, "silver"),
        (150 * UNIT, "silver"),  # the level between is not active
        (200 * UNIT, "gold"),
        (2**62, "gold"),
    ],
)
def test_an_amount_earns_the_active_level_with_the_greatest_condition_within_it(amount, expected):
    found = levels.best(LEVELS, amount)
    assert (found.level_id if found else None) == expected


def test_of_two_levels_alike_the_one_set_by_hand_stays():
    twin = Level("twin", SILVER.condition, SILVER.reward, active=True, age=9)
    known = {**LEVELS, "twin": twin}
    assert levels.goal(known, SILVER.condition, "twin") == twin
    assert levels.goal(known, SILVER.condition, None) == SILVER


def test_of_levels_with_one_condition_the_better_rewarded_and_then_the_older_is_earned():
    twin = Level("twin", SILVER.condition, SILVER.reward, active=True, age=9)
    better = Level("better", SILVER.condition, SILVER.reward + 1, active=True, age=10)
    assert levels.best({"twin": twin, **LEVELS}, 50 * UNIT) == SILVER
    assert levels.best({"better": better, "twin": twin, **LEVELS}, 50 * UNIT) == better
    assert levels.following({"better": better, "twin": twin, **LEVELS}, 0) == better


def test_the_next_level_is_the_active_one_with_the_least_condition_above():
    assert levels.following(LEVELS, 0) == SILVER
    assert levels.following(LEVELS, SILVER.condition) == GOLD
    assert levels.following(LEVELS, GOLD.condition) is None
    assert levels.first(LEVELS) == BRONZE
    assert levels.first({"gold": GOLD}) is None


@pytest.mark.parametrize(
    ("place", "amount", "may_fall", "expected"),
    [
        # Up, at once, in every mode.
        (Place(None), 0, False, Move("bronze", None)),
        (Place("bronze"), 20, False, Move("silver", "bronze")),
        (Place("bronze"), 200, False, Move("gold", "bronze")),
        (Place("silver"), 20, False, None),
        # Down only when that is allowed.
        (Place("gold"), 20, False, None),
        (Place("gold"), 20, True, Move("silver", "gold")),
        (Place("gold"), -1, False, None),
        (Place("gold"), -1, True, Move(None, "gold")),
        # A floor set by hand holds, and what is better than it is earned all the same.
        (Place("silver", "silver"), 0, True, None),
        (Place("bronze", "silver"), 0, True, Move("silver", "bronze")),
        (Place("silver", "silver"), 200, False, Move("gold", "silver")),
        (Place("gold", "silver"), 0, True, Move("silver", "gold")),
        (Place("gold", "silver"), 0, False, None),
        (Place("gold", "gold"), 20, True, None),
        # What is no level any more is nobody's, whatever the mode; as a floor it is none.
        (Place("retired"), 50, False, Move("silver", "retired")),
        (Place("retired"), 0, False, Move("bronze", "retired")),
        (Place("removed"), 0, False, Move("bronze", "removed")),
        (Place("removed"), -1, False, Move(None, "removed")),
        (Place("gold", "retired"), 0, True, Move("bronze", "gold")),
    ],
)
def test_who_moves_where(place, amount, may_fall, expected):
    assert levels.move(LEVELS, place, amount * UNIT, may_fall=may_fall) == expected


def test_better_is_said_by_the_reward_and_not_by_the_condition():
    poor = Level("poor", 300 * UNIT, 50, active=True, age=5)
    known = {"poor": poor, **LEVELS}
    assert levels.move(known, Place("gold"), 300 * UNIT, may_fall=False) is None
    assert levels.move(known, Place("gold"), 300 * UNIT, may_fall=True) == Move("poor", "gold")
    assert levels.goal(known, 300 * UNIT, "silver") == SILVER


LOW = Level("low", 0, 0, active=True, age=1)
HIGH = Level("high", 100 * UNIT, 0, active=True, age=2)
TOP = Level("top", 200 * UNIT, 0, active=True, age=3)
EQUALS = {each.level_id: each for each in (LOW, HIGH, TOP)}


@pytest.mark.parametrize(
    ("place", "amount", "may_fall", "expected"),
    [
        (Place("low"), 100, False, Move("high", "low")),
        (Place("high"), 50, False, None),
        (Place("high"), 50, True, Move("low", "high")),
        # A floor, too, is left for the better of equals and for no other.
        (Place("high", "high"), 200, False, Move("top", "high")),
        (Place("high", "high"), 50, True, None),
        (Place("top", "high"), 50, True, Move("high", "top")),
        (Place("top", "high"), 50, False, None),
    ],
)
def test_of_levels_with_one_reward_that_with_the_greater_condition_is_better(
    place, amount, may_fall, expected
):
    assert levels.move(EQUALS, place, amount * UNIT, may_fall=may_fall) == expected


def test_between_levels_that_are_equal_in_everything_members_move_at_once():
    twin = Level("twin", HIGH.condition, HIGH.reward, active=True, age=9)
    known = {**EQUALS, "twin": twin}
    moved = levels.move(known, Place("twin"), 100 * UNIT, may_fall=False)
    assert moved == Move("high", "twin")


@pytest.mark.parametrize(
    ("policy", "at_once", "reviewed", "restarts"),
    [
        (Policy(), True, False, False),
        (Policy(mode="none"), True, False, False),  # purchases: a return always counts
        (Policy(mode="after_x_days"), True, False, False),
        (Policy(tier="points"), True, False, False),
        (Policy(tier="points", mode="none"), False, False, False),
        (Policy(tier="points", mode="after_x_days"), False, True, False),
        (Policy(tier="points", mode="after_x_days", base="earned_points"), False, True, False),
        (
            Policy(
                tier="points", mode="after_x_days", base="earned_points_since_last_level_change"
            ),
            False,
            True,
            True,
        ),
        (
            Policy(tier="points", mode="none", base="earned_points_since_last_level_change"),
            False,
            False,
            False,
        ),
    ],
)
def test_when_a_member_may_fall_is_reviewed_and_begins_anew(policy, at_once, reviewed, restarts):
    assert policy.may_fall_at_once is at_once
    assert policy.is_reviewed is reviewed
    assert policy.restarts_when_moved is restarts


HOLDINGS = Holdings(
    available=30_00,
    earned=90_00,
    earned_before=40_00,
    gross=500 * UNIT,
    gross_without_delivery=480 * UNIT,
    excluded=100 * UNIT,
    excluded_delivery=15 * UNIT,
)


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (Policy(), 400),
        (Policy(without_delivery=True), 395),  # what is excluded as delivery is taken off once
        (Policy(tier="points"), 30),
        (Policy(tier="points", base="none"), 30),
        (Policy(tier="points", base="earned_points"), 50),
        (Policy(tier="points", base="earned_points_since_last_level_change"), 50),
    ],
)
def test_what_an_amount_is_made_of(policy, expected):
    assert levels.amount(policy, HOLDINGS) == expected * UNIT


def test_an_amount_is_never_below_zero():
    for policy in (Policy(), Policy(tier="points"), Policy(tier="points", base="earned_points")):
        assert levels.amount(policy, Holdings(-1, 0, 5, 0, 0, 9)) == 0


def test_a_period_of_review_is_over_after_its_days():
    assert Policy(days=30).due_before(100 * DAY) == 70 * DAY


def test_a_level_is_read_from_its_definition():
    body = {"conditionValue": 20.5, "reward": {"name": "r", "value": 0.15, "code": "c"}}
    found = levels.level("x", active=True, age=7, body=body)
    assert found == Level("x", 205_000, 1_500, active=True, age=7)
    assert levels.percent(found.reward) == "15.00%"
    assert levels.percent(0) == "0.00%"
    assert levels.level("x", active=False, age=7, body={}) == Level("x", 0, 0, active=False, age=7)


ANY_LEVELS = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 9), st.booleans()), max_size=6
).map(
    lambda found: {
        str(age): Level(str(age), condition, reward, active=active, age=age)
        for age, (condition, reward, active) in enumerate(found)
    }
)
ANY_ID = st.none() | st.integers(0, 6).map(str)


@given(ANY_LEVELS, ANY_ID, ANY_ID, st.integers(0, 10), st.booleans())
def test_a_move_leads_to_rest_and_never_below_a_floor(known, level_id, manual, amount, may_fall):
    change = levels.move(known, Place(level_id, manual), amount, may_fall=may_fall)
    place = Place(change.level_id if change else level_id, manual)
    assert levels.move(known, place, amount, may_fall=may_fall) is None
    floor = known.get(manual) if manual else None
    if floor and floor.active and may_fall:
        assert known[place.level_id].reward >= floor.reward
    if change and change.level_id is not None:
        assert known[change.level_id].active


def test_decisions_say_what_is_documented():
    clock = timezone(timedelta(hours=2))
    change = Move("new", "old")
    decision = levels.moved(
        member_id="c", number=7, change=change, moment=1_602_756_398_000_000, timezone=clock
    )
    assert decision.type == "OpenLoyalty.Domain.User.Event.CustomerWasMovedToLevel"
    assert decision.render()[0] == (
        '{"customerId":{"customerId":"c"},"levelId":{"levelId":"new"},"oldLevelId":{"levelId":"old"}'
        ',"updateAt":"2020-10-15T12:06:38+02:00","manually":false,"removeLevelManually":false}'
    )
    first = levels.moved(
        member_id="c", number=7, change=Move("new", None), moment=0, timezone=clock, manually=True
    )
    assert list(first.payload) == [
        "customerId",
        "levelId",
        "oldLevelId",
        "updateAt",
        "manually",
        "removeLevelManually",
    ]
    assert "oldLevelId" not in first.render()[0]
    again = levels.recalculated(member_id="c", number=7, moment=0, timezone=clock)
    assert again.type == "OpenLoyalty.Domain.User.Event.CustomerLevelWasRecalculated"
    assert again.render()[0] == (
        '{"customerId":{"customerId":"c"},"date":"1970-01-01T02:00:00+02:00"}'
    )
