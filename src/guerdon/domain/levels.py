"""Levels: which one an amount earns, when a member may fall, and the decisions about it.

A level is reached with an amount (`condition`) and is as good as its reward. The level of an amount
is the active one with the greatest condition within it; of equals the one with the better reward,
then the older. A level set by hand is a floor: the member has it, or an earned one that is better.

Whether one level is better than another is said by their rewards, and where those are equal by
their conditions. A member rises, and moves between equals, at once; when they fall depends on the
programme:

* by purchases (`transactions`): at once, since a return takes back what was bought;
* by points, `automatic`: at once; `none`: never; `after_x_days`: only when their period of review
  ends, and then the next one begins.

A level that was removed or put out of use is nobody's any longer, whatever the mode.

Units:  amounts and conditions are 1/10,000 of a point or of the currency, rewards too (of 1).
Source: Open Loyalty 4.3, "Levels", "Settings"; what 3.2 did.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from decimal import Decimal
from typing import Any

import msgspec

from guerdon.clock import DAY
from guerdon.domain.decisions import Decision
from guerdon.domain.openloyalty_types import USER
from guerdon.domain.purchases import Purchase, money_amount
from guerdon.domain.registration import local

CUSTOMER_WAS_MOVED_TO_LEVEL = USER + "CustomerWasMovedToLevel"
CUSTOMER_LEVEL_WAS_RECALCULATED = USER + "CustomerLevelWasRecalculated"

TRANSACTIONS, POINTS = "transactions", "points"
NONE, AUTOMATIC, AFTER_X_DAYS = "none", "automatic", "after_x_days"
ACTIVE_POINTS, EARNED_POINTS = "active_points", "earned_points"
EARNED_SINCE_CHANGE = "earned_points_since_last_level_change"

_PER_HUNDREDTH = 100
_PERCENT_PLACES = Decimal("0.01")


class Level(msgspec.Struct, frozen=True):
    """A level as far as it decides anything. `age` is its place in the order of creation."""

    level_id: str
    condition: int
    reward: int
    active: bool
    age: int


Levels = Mapping[str, Level]


class Policy(msgspec.Struct, frozen=True):
    """What a programme's settings say about levels.

    tier:          `transactions` or `points`: what an amount is made of.
    mode:          `none`, `automatic` or `after_x_days`: when points may let a member fall.
    base:          `active_points`, `earned_points` or `earned_points_since_last_level_change`.
    days:          how long a period of review is.
    resets_points: whether a review of active points ends with none left.
    without_delivery: whether delivery costs are left out of what was bought.
    """

    tier: str = TRANSACTIONS
    mode: str = AUTOMATIC
    base: str = ACTIVE_POINTS
    days: int = 365
    resets_points: bool = False
    without_delivery: bool = False

    @property
    def is_reviewed(self) -> bool:
        """Whether members are reviewed when their period ends."""
        return self.tier == POINTS and self.mode == AFTER_X_DAYS

    @property
    def may_fall_at_once(self) -> bool:
        """Whether a smaller amount lets a member fall between reviews."""
        return self.tier == TRANSACTIONS or self.mode == AUTOMATIC

    @property
    def restarts_when_moved(self) -> bool:
        """Whether a move begins a new period of review."""
        return self.is_reviewed and self.base == EARNED_SINCE_CHANGE

    def due_before(self, now: int) -> int:
        """A period that began at this moment, or before it, is over at `now`."""
        return now - self.days * DAY


class Holdings(msgspec.Struct, frozen=True):
    """What a member's level is decided by.

    available:     points that can be spent, in hundredths.
    earned:        points earned since the member joined; `earned_before` of them before the
                   present period of review began, but for those that were canceled since.
    gross:         of purchases less returns, in 1/10,000, with delivery and without; `excluded`
                   is how much of it does not count for levels, `excluded_delivery` how much of
                   that is delivery.
    """

    available: int = 0
    earned: int = 0
    earned_before: int = 0
    gross: int = 0
    gross_without_delivery: int = 0
    excluded: int = 0
    excluded_delivery: int = 0

    def after(self, purchase: Purchase) -> Holdings:
        """The same once a purchase counts."""
        return msgspec.structs.replace(
            self,
            gross=self.gross + purchase.gross,
            gross_without_delivery=self.gross_without_delivery + purchase.gross_without_delivery,
            excluded=self.excluded + purchase.excluded_for_level,
            excluded_delivery=self.excluded_delivery + purchase.excluded_delivery,
        )


class Place(msgspec.Struct, frozen=True):
    """Where a member stands: their level and the one set by hand, or None."""

    level_id: str | None = None
    manual_level_id: str | None = None


class Move(msgspec.Struct, frozen=True):
    """From one level to another; None is no level at all."""

    level_id: str | None
    old_level_id: str | None


def level(level_id: str, *, active: bool, age: int, body: Mapping[str, Any]) -> Level:
    """A level from its definition's body."""
    reward = body.get("reward") or {}
    return Level(
        level_id,
        money_amount(body.get("conditionValue") or 0),
        money_amount(reward.get("value") or 0),
        active,
        age,
    )


def percent(reward: int) -> str:
    """A reward as a percentage, `15.00%` for 0.15."""
    return f"{Decimal(reward).scaleb(-2).quantize(_PERCENT_PLACES)}%"


def amount(policy: Policy, holdings: Holdings) -> int:
    """What a member's level is decided by; never below zero."""
    if policy.tier == TRANSACTIONS:
        if not policy.without_delivery:
            return max(0, holdings.gross - holdings.excluded)
        # Delivery that is excluded is gone already.
        excluded = holdings.excluded - holdings.excluded_delivery
        return max(0, holdings.gross_without_delivery - excluded)
    if policy.base in (EARNED_POINTS, EARNED_SINCE_CHANGE):
        return max(0, holdings.earned - holdings.earned_before) * _PER_HUNDREDTH
    return max(0, holdings.available) * _PER_HUNDREDTH


def best(levels: Levels, amount: int) -> Level | None:
    """The level an amount earns; None when it is too small for any."""
    reached = [each for each in levels.values() if each.active and each.condition <= amount]
    return max(reached, key=lambda each: (each.condition, each.reward, -each.age), default=None)


def first(levels: Levels) -> Level | None:
    """The level of somebody who has nothing yet."""
    return best(levels, 0)


def following(levels: Levels, condition: int) -> Level | None:
    """The next level above a condition; of equals the one with the better reward."""
    above = [each for each in levels.values() if each.active and each.condition > condition]
    return min(above, key=lambda each: (each.condition, -each.reward, each.age), default=None)


def _rank(level: Level) -> tuple[int, int]:
    """How good a level is. In many programmes no level has a reward of its own."""
    return level.reward, level.condition


def goal(levels: Levels, amount: int, manual_level_id: str | None) -> Level | None:
    """The level an amount earns, or the floor if that is at least as good."""
    earned = best(levels, amount)
    floor = _active(levels, manual_level_id)
    if floor is None or (earned is not None and _rank(earned) > _rank(floor)):
        return earned
    return floor


def move(levels: Levels, place: Place, amount: int, *, may_fall: bool) -> Move | None:
    """The move that an amount makes due, if any."""
    present = _active(levels, place.level_id)
    aim = goal(levels, amount, place.manual_level_id)
    aim_id = aim.level_id if aim else None
    if aim_id == place.level_id:
        return None
    falls = present is not None and (aim is None or _rank(aim) < _rank(present))
    if falls and not may_fall:
        return None
    return Move(aim_id, place.level_id)


def _active(levels: Levels, level_id: str | None) -> Level | None:
    found = levels.get(level_id) if level_id else None
    return found if found and found.active else None


def moved(
    *,
    member_id: str,
    number: int,
    change: Move,
    moment: int,
    timezone: tzinfo,
    manually: bool = False,
    removes_manual: bool = False,
) -> Decision:
    """A member has another level; or the same, which is set by hand from now on or no longer."""
    return _about_customer(
        CUSTOMER_WAS_MOVED_TO_LEVEL,
        member_id,
        number,
        levelId=_id(change.level_id),
        oldLevelId=_id(change.old_level_id),
        updateAt=local(moment, timezone),
        manually=manually,
        removeLevelManually=removes_manual,
    )


def recalculated(*, member_id: str, number: int, moment: int, timezone: tzinfo) -> Decision:
    """A member was reviewed: a new period begins."""
    date = local(moment, timezone)
    return _about_customer(CUSTOMER_LEVEL_WAS_RECALCULATED, member_id, number, date=date)


def _about_customer(type: str, member_id: str, number: int, **parts: Any) -> Decision:
    payload = {"customerId": {"customerId": member_id}, **parts}
    return Decision(type=type, aggregate=member_id, number=number, payload=payload)


def _id(level_id: str | None) -> dict[str, str] | None:
    return {"levelId": level_id} if level_id else None
