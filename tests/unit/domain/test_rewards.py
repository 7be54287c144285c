"""Rewards by the numbers: windows, limits, what a coupon is worth and for how long."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from guerdon.clock import SECOND, from_datetime
from guerdon.domain import rewards
from guerdon.domain.rewards import Activity, Reward, Sold, Visibility

WARSAW = ZoneInfo("Europe/Warsaw")
MONEY, PERCENT = 10_000, 10_000
HOUR = 3_600 * SECOND


def at(text):
    return from_datetime(datetime.fromisoformat(text).replace(tzinfo=WARSAW))


@pytest.mark.parametrize(("moment", "held"), [(9, False), (10, True), (20, True), (21, False)])
def test_windows_include_their_ends(moment, held):
    when = Activity(all_time_active=False, active_from=10, active_to=20)
    seen = Visibility(all_time_visible=False, visible_from=10, visible_to=20)
    reward = Reward(active=True, campaign_activity=when, campaign_visibility=seen)
    assert (reward.is_active(moment), reward.is_shown(moment)) == (held, held)
    assert not Reward(active=False, campaign_activity=when).is_active(15)
    open_end = Activity(all_time_active=False, active_from=10)
    assert Reward(active=True, campaign_activity=open_end).is_active(moment) == (moment >= 10)


def test_a_reward_is_for_a_level_or_a_segment_or_everybody():
    assert Reward().is_for(None, [])
    chosen = Reward(levels=("gold",), segments=("fans",))
    assert chosen.is_for("gold", [])
    assert chosen.is_for(None, ["other", "fans"])
    assert not chosen.is_for("silver", ["other"])
    assert not chosen.is_for(None, [])


@pytest.mark.parametrize(
    ("fields", "sold", "left", "problems"),
    [
        ({}, Sold(free=2, stocked=2), 2, ["", "", "no_coupons"]),
        ({"limit": 3}, Sold(bought=2, free=9, stocked=11), 1, ["", "reward_limit"]),
        (
            {"limit": 3, "unlimited": True},
            Sold(bought=9, free=1, stocked=10),
            1,
            ["", "no_coupons"],
        ),
        ({"limit_per_user": 2}, Sold(by_member=1, free=9, stocked=9), 1, ["", "member_limit"]),
        ({"single_coupon": True}, Sold(bought=9, stocked=1), None, ["", "", ""]),
        ({"single_coupon": True}, Sold(), 0, ["no_coupons"]),
        ({"reward": "cashback", "limit": 1}, Sold(bought=1), 0, ["reward_limit"]),
        ({"reward": "percentage_discount_code"}, Sold(), None, ["", ""]),
        ({"limit": 1}, Sold(bought=5, free=1, stocked=6), 0, ["reward_limit"]),
    ],
)
def test_what_is_left_is_what_can_be_bought(fields, sold, left, problems):
    reward = Reward(**fields)
    found = [rewards.shortage(reward, sold, count) for count in range(1, len(problems) + 1)]
    assert found == problems
    assert rewards.usage_left_for_member(reward, sold) == left


def test_worth_is_rounded_once_halves_away_from_zero():
    tenth = Reward(transaction_percentage_value=10 * PERCENT)
    assert [rewards.percentage_value(tenth, gross * MONEY) for gross in (4, 5, 14, 15, 100)] == [
        0,
        1,
        1,
        2,
        10,
    ]
    eighth = Reward(transaction_percentage_value=125_000)
    assert rewards.percentage_value(eighth, 99_9900) == 12
    money = Reward(point_value=333)
    assert rewards.cashback(money, 1_50) == 5, "1.5 points of 0.0333 each are 0.04995"


def test_a_share_never_exceeds_its_whole():
    assert [rewards.share(10, part, 90) for part in (-9, 0, 30, 90, 900)] == [0, 0, 3, 10, 10]
    assert rewards.share(10, 1, 0) == 0
    parts = [rewards.share(10, part, 7) for part in range(8)]
    assert parts == sorted(parts)
    assert parts[-1] == 10


def test_validity_counts_days_of_the_calendar():
    bought = at("2024-03-30 12:00")
    assert rewards.validity(Reward(), bought, WARSAW) == ("active", None, None)
    waits = rewards.validity(Reward(days_inactive=1, days_valid=2), bought, WARSAW)
    assert waits == ("inactive", at("2024-03-31 12:00"), at("2024-04-02 12:00"))
    ends = rewards.validity(Reward(days_valid=1), bought, WARSAW)
    assert ends == ("active", None, at("2024-03-31 12:00")), "that day has 23 hours"
    assert rewards.day_start(at("2024-03-31 12:00"), WARSAW) == at("2024-03-31 00:00")


def test_a_day_with_two_midnights_begins_with_the_first():
    azores = ZoneInfo("Atlantic/Azores")
    first, second = (
        from_datetime(datetime(2024, 10, 27, hour, 30, fold=fold, tzinfo=azores))
        for hour, fold in ((0, 0), (0, 1))
    )
    assert second - first == HOUR
    begins = rewards.day_start(first, azores)
    assert begins == first - HOUR // 2
    assert rewards.day_start(second, azores) == begins
