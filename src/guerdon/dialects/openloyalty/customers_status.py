"""A customer's status: points, level, the way to the next one, and what was bought.

Of the numbers about the next level there are those that the programme counts: money or points.
Those about a review are there when levels are reviewed.
Source: Open Loyalty 4.3, "Customers", "Customer status".
"""

from __future__ import annotations

from datetime import datetime, tzinfo
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from guerdon import limits
from guerdon.clock import DAY, from_datetime, to_local
from guerdon.dialects.openloyalty.customers_shapes import name_of
from guerdon.domain import levels as decide
from guerdon.domain.levels import Holdings, Level, Policy
from guerdon.domain.purchases import money_number
from guerdon.domain.registration import points_number
from guerdon.engine.levels import policy_of
from guerdon.store import definitions, levels, points, purchases
from guerdon.store.levels import MemberLevel
from guerdon.store.members import Member
from guerdon.store.points import Account
from guerdon.store.port import Rows
from guerdon.store.purchases import Total

_CENT = Decimal("0.01")
_PER_HUNDREDTH = 100

Shape = dict[str, Any]


def shown(
    rows: Rows,
    tenant_id: int,
    member: Member,
    settings: dict[str, Any],
    *,
    timezone: tzinfo,
    now: int,
) -> Shape:
    """The whole answer about one member."""
    number = member.number
    account = points.account(rows, tenant_id, number, now)
    held = account or Account.empty(number, member.account_id)
    bought = purchases.total_of(rows, tenant_id, number)
    shape = {
        "firstName": member.profile.get("firstName"),
        "lastName": member.profile.get("lastName"),
        "customerId": member.member_id,
        **_points(held),
        **_levels(rows, tenant_id, number, settings, held=held, bought=bought, now=now),
        **_bought(bought),
        "currency": str(settings["programme.currency"]).lower(),
        **_expiring(rows, tenant_id, number, timezone=timezone, now=now),
    }
    return {name: value for name, value in shape.items() if value is not None}


def next_month(now: int, timezone: tzinfo) -> tuple[int, int]:
    """The first moments of the next month and of the one after it."""
    today = to_local(now, timezone)
    return _month_after(today, 1, timezone), _month_after(today, 2, timezone)


def _month_after(today: datetime, count: int, timezone: tzinfo) -> int:
    months = today.year * 12 + today.month - 1 + count
    return from_datetime(datetime(months // 12, months % 12 + 1, 1, tzinfo=timezone))


def _points(held: Account) -> Shape:
    return {
        "points": points_number(held.available),
        "p2pPoints": points_number(held.received),
        "totalEarnedPoints": points_number(held.earned),
        "usedPoints": points_number(held.spent),
        "expiredPoints": points_number(held.expired + held.held - held.available),
        "lockedPoints": points_number(held.locked),
    }


def _bought(bought: Total) -> Shape:
    average = Decimal(bought.average).scaleb(-4).quantize(_CENT, ROUND_HALF_UP)
    return {
        "transactionsAmountWithoutDeliveryCosts": money_number(bought.gross_without_delivery),
        "averageTransactionsAmount": f"{average:f}",
        "transactionsCount": bought.purchases,
        "transactionsAmount": money_number(bought.gross),
    }


def _levels(
    rows: Rows,
    tenant_id: int,
    number: int,
    settings: dict[str, Any],
    *,
    held: Account,
    bought: Total,
    now: int,
) -> Shape:
    """The member's level, the next one, and what is missing on the way there."""
    defined = {each.definition_id: each for each in definitions.of_kind(rows, tenant_id, "Level")}
    known = {
        each.definition_id: decide.level(
            each.definition_id, active=each.active, age=each.ordinal, body=each.body
        )
        for each in defined.values()
    }
    place = levels.of_member(rows, tenant_id, number)
    present = known.get(place.level_id or "") if place else None
    following = decide.following(known, present.condition if present else -1)
    policy = policy_of(settings)
    twice = purchases.excluded_delivery_of(rows, tenant_id, number)
    amount = decide.amount(policy, _holdings(held, bought, place, twice))
    shape: Shape = {}
    if present is not None:
        shape["level"] = decide.percent(present.reward)
        shape["levelName"] = name_of(defined[present.level_id])
        shape["levelConditionValue"] = money_number(present.condition)
    if following is not None:
        shape["nextLevel"] = decide.percent(following.reward)
        shape["nextLevelName"] = name_of(defined[following.level_id])
        shape["nextLevelConditionValue"] = money_number(following.condition)
        shape.update(_to_next(policy, following, amount))
    if policy.is_reviewed and place is not None:
        shape.update(_review(policy, place, present, amount, now=now))
    return shape


def _holdings(
    held: Account, bought: Total, place: MemberLevel | None, excluded_delivery: int
) -> Holdings:
    return Holdings(
        available=held.available,
        earned=held.earned,
        earned_before=place.earned_before if place else 0,
        gross=bought.gross,
        gross_without_delivery=bought.gross_without_delivery,
        excluded=bought.excluded_for_level,
        excluded_delivery=excluded_delivery,
    )


def _to_next(policy: Policy, following: Level, amount: int) -> Shape:
    missing = max(0, following.condition - amount)
    if policy.tier == decide.POINTS:
        return {"pointsToNextLevel": points_number(_up(missing))}
    name = "transactionsAmountToNextLevel"
    if policy.without_delivery:
        name += "WithoutDeliveryCosts"
    return {name: money_number(missing)}


def _review(
    policy: Policy, place: MemberLevel, present: Level | None, amount: int, *, now: int
) -> Shape:
    """What the next review will look at, and when it is."""
    ends_at = place.window_from + policy.days * DAY
    required = max(0, present.condition - amount) if present else 0
    return {
        "levelWillExpireInDays": max(0, -((now - ends_at) // DAY)),
        "pointsSinceLastLevelRecalculation": points_number(amount // _PER_HUNDREDTH),
        "pointsRequiredToRetainLevel": points_number(_up(required)),
    }


def _up(amount: int) -> int:
    """1/10,000 as hundredths, rounded up: what is still missing is not there yet."""
    return -(-amount // _PER_HUNDREDTH)


def _expiring(rows: Rows, tenant_id: int, number: int, *, timezone: tzinfo, now: int) -> Shape:
    """What will expire in the next calendar month, and on which days."""
    start, end = next_month(now, timezone)
    lots = points.expiring(
        rows,
        tenant_id,
        number,
        after=start - 1,
        until=end - 1,
        limit=limits.expiring_lots_shown_max,
    )
    days: dict[str, int] = {}
    for moment, amount in lots:
        day = to_local(moment, timezone).date().isoformat()
        days[day] = days.get(day, 0) + amount
    return {
        "pointsExpiringNextMonth": points_number(sum(days.values())),
        "pointsExpiringBreakdown": {day: points_number(amount) for day, amount in days.items()},
    }
