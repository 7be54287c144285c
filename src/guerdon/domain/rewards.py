"""Rewards: what they say, who may have them and when, and what a coupon of theirs is worth.

A reward is read from its definition's body, which keeps Open Loyalty's names. Numbers in a body are
whole: points in hundredths (`costInPoints`), money, rates and percentages in ten-thousandths
(`pointValue`, `transactionPercentageValue`), times in microseconds UTC. Coupon codes are not in the
body: there may be a hundred thousand, so they are a stock of their own.

A reward with levels or segments is for a member who has one of the levels or is in one of the
segments; a reward with neither is for everybody.

Source: Open Loyalty 4.3, "Reward campaigns", "Customer campaigns"; what it leaves open is decided
        here.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import tzinfo
from typing import Any, Literal

import msgspec

from guerdon.clock import from_datetime, to_local
from guerdon.domain.amounts import RATE, rounded

TYPES = (
    "discount_code",
    "value_code",
    "free_delivery_code",
    "gift_code",
    "event_code",
    "cashback",
    "percentage_discount_code",
    "custom_campaign_code",
)
CASHBACK = "cashback"
PERCENTAGE = "percentage_discount_code"
CUSTOM = "custom_campaign_code"
WITHOUT_STOCK = (CASHBACK, PERCENTAGE)
"""Types whose coupons are made when they are bought."""
NOT_FOR_SALE = (CASHBACK, CUSTOM)
"""Types that members do not buy themselves: points are redeemed, or somebody hands them out."""

DELIVERY_STATUSES = ("ordered", "canceled", "shipped", "delivered")
LANGUAGES = ("en", "pl")
"""Languages a reward is described in; the first is the one decisions name it in."""

_HUNDRED = 100

Problem = Literal[
    "",
    "unknown_reward",
    "reward_not_for_sale",
    "missing_transaction",
    "no_coupon_value",
    "no_coupons",
    "reward_limit",
    "member_limit",
    "member_status",
    "insufficient_points",
]
"""Why a reward cannot be had; empty when it can."""


class Activity(msgspec.Struct, frozen=True, rename="camel"):
    """When a reward can be had; ends are inclusive."""

    all_time_active: bool = True
    active_from: int | None = None
    active_to: int | None = None


class Visibility(msgspec.Struct, frozen=True, rename="camel"):
    """When a reward is shown; ends are inclusive."""

    all_time_visible: bool = True
    visible_from: int | None = None
    visible_to: int | None = None


class Reward(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One reward; units are those of its body, see above.

    reward:        its type, one of `TYPES`.
    single_coupon: everybody gets the first code of the stock.
    limit:         how many may be bought in all, `limit_per_user` by each; 0: any number.
    days_inactive: until a bought coupon can be used; `days_valid` from then on, 0: for good.
    """

    reward_id: str = ""
    active: bool = True
    reward: str = ""
    translations: dict[str, dict[str, str]] = {}
    cost_in_points: int = 0
    point_value: int = 0
    transaction_percentage_value: int = 0
    levels: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    unlimited: bool = False
    single_coupon: bool = False
    limit: int = 0
    limit_per_user: int = 0
    days_inactive: int = 0
    days_valid: int = 0
    campaign_activity: Activity = Activity()
    campaign_visibility: Visibility = Visibility()

    @property
    def name(self) -> str:
        """What decisions call it."""
        return self.translations.get(LANGUAGES[0], {}).get("name", "")

    def is_active(self, moment: int) -> bool:
        """Whether it can be had at a moment."""
        when = self.campaign_activity
        return self.active and (
            when.all_time_active or _is_within(moment, when.active_from, when.active_to)
        )

    def is_shown(self, moment: int) -> bool:
        """Whether it is shown at a moment; percentage codes only come with purchases."""
        when = self.campaign_visibility
        return self.reward != PERCENTAGE and (
            when.all_time_visible or _is_within(moment, when.visible_from, when.visible_to)
        )

    def is_for(self, level_id: str | None, segment_ids: Iterable[str]) -> bool:
        """Whether a member with this level, in these segments, may have it."""
        if not self.levels and not self.segments:
            return True
        return level_id in self.levels or any(each in self.segments for each in segment_ids)


class Sold(msgspec.Struct, frozen=True):
    """What has been sold of a reward, and what is left.

    bought:    coupons bought and not cancelled; `by_member` those of the member concerned.
    free:      codes in stock that were never sold.
    stocked:   codes in stock, sold or not.
    used:      coupons used; `buyers` members who ever bought one.
    """

    bought: int = 0
    by_member: int = 0
    free: int = 0
    stocked: int = 0
    used: int = 0
    buyers: int = 0


def parse(reward_id: str, body: dict[str, Any], *, active: bool) -> Reward:
    """The reward a definition's body describes."""
    return msgspec.convert({**body, "rewardId": reward_id, "active": active}, Reward)


def usage_left(reward: Reward, sold: Sold) -> int | None:
    """How many more can be bought in all; None without an end."""
    codes: int | None = sold.free
    if reward.reward in WITHOUT_STOCK or (reward.single_coupon and sold.stocked):
        codes = None
    left = None if reward.unlimited or not reward.limit else reward.limit - sold.bought
    return _least(codes, left)


def usage_left_for_member(reward: Reward, sold: Sold) -> int | None:
    """How many more the member concerned can buy; None without an end."""
    limited = not reward.unlimited and reward.limit_per_user
    own = reward.limit_per_user - sold.by_member if limited else None
    return _least(usage_left(reward, sold), own)


def shortage(reward: Reward, sold: Sold, quantity: int) -> Problem:
    """What there is too little of for `quantity` coupons: codes, or what the limits allow."""
    has_stock = reward.reward not in WITHOUT_STOCK
    codes = min(sold.stocked, 1) * quantity if reward.single_coupon else sold.free
    if has_stock and codes < quantity:
        return "no_coupons"
    if reward.unlimited:
        return ""
    if reward.limit and sold.bought + quantity > reward.limit:
        return "reward_limit"
    if reward.limit_per_user and sold.by_member + quantity > reward.limit_per_user:
        return "member_limit"
    return ""


def percentage_value(reward: Reward, gross: int) -> int:
    """What a percentage code is worth, in whole units of money, for a gross value in 1/10,000."""
    return rounded(gross * reward.transaction_percentage_value, RATE * RATE * _HUNDRED)


def cashback(reward: Reward, points: int) -> int:
    """What points (hundredths) are worth as money in hundredths."""
    return rounded(points * reward.point_value, RATE)


def share(value: int, part: int, whole: int) -> int:
    """The share of a value that goes with a part of a whole, never more than the value."""
    if whole <= 0:
        return 0
    return min(value, max(0, rounded(value * part, whole)))


def validity(
    reward: Reward, moment: int, timezone: tzinfo
) -> tuple[Literal["active", "inactive"], int | None, int | None]:
    """A new coupon's status, and since when and until when it can be used (None: now; for good).

    Days are calendar days of the programme: the hour on the clock stays the same.
    """
    since = later(moment, reward.days_inactive, timezone) if reward.days_inactive else None
    until = None
    if reward.days_valid:
        until = later(moment, reward.days_inactive + reward.days_valid, timezone)
    return ("active" if since is None else "inactive"), since, until


def later(moment: int, days: int, timezone: tzinfo) -> int:
    """The same hour of the day so many days later."""
    return from_datetime(to_local(moment, timezone, days))


def day_start(moment: int, timezone: tzinfo) -> int:
    """The first microsecond of the programme's day."""
    local = to_local(moment, timezone)
    # Where clocks are put back to midnight there are two, and the day begins with the first.
    return from_datetime(local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0))


def _is_within(moment: int, low: int | None, high: int | None) -> bool:
    return (low is None or low <= moment) and (high is None or moment <= high)


def _least(*counts: int | None) -> int | None:
    known = [max(0, count) for count in counts if count is not None]
    return min(known) if known else None
