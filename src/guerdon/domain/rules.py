"""Earning rules: what they say, and for whom, where and when they hold.

A rule is read from its definition's body, which keeps Open Loyalty's names. Numbers in a body are
whole: points in hundredths (`pointsAmount`), money and rates in ten-thousandths (`minOrderValue`,
`pointValue`, `multiplier`), times in microseconds UTC (`startAt`, `endAt`), coordinates in
ten-millionths of a degree, `radius` in decimetres.

A rule with levels or segments holds for a member who has one of the levels or is in one of the
segments; a rule with neither holds for everybody. Rules are asked in the order of their type's
priority, then of their creation.

Source: Open Loyalty 4.3, "Earning rules"; what it leaves open is decided here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import msgspec

from guerdon import limits
from guerdon.domain.amounts import RATE

TYPES = (
    "points",
    "multiply_for_product",
    "multiply_by_product_labels",
    "instant_reward",
    "product_purchase",
    "event",
    "custom_event",
    "referral",
    "geolocation",
    "qrcode",
)
ON_PURCHASE = TYPES[:5]
LIMITED = ("custom_event", "qrcode", "geolocation")
"""Types whose use can be limited for each member."""

PERIODS = ("day", "week", "month", "3 months", "6 months", "1 year", "forever")
ACCOUNT_CREATED = "oloy.account.created"
FIRST_PURCHASE = "oloy.transaction.customer_first_transaction"
LOGGED_IN = "oloy.customer.logged_in"
NEWSLETTER_SUBSCRIPTION = "oloy.customer.newsletter_subscription"
REFERRAL_EVENTS = ("register", "first_purchase", "every_purchase")
REWARD_TYPES = ("referrer", "referred", "both")

_PRIORITIES = {
    "points": 1,
    "multiply_for_product": 2,
    "multiply_by_product_labels": 2,
    "instant_reward": 2,
    "product_purchase": 3,
}

Reason = Literal[
    "",
    "not_at_this_time",
    "member_status",
    "not_in_target",
    "not_at_this_place",
    "limit_reached",
    "below_min_order_value",
    "no_matching_item",
    "nothing_to_multiply",
    "stopped",
    "not_the_highest",
    "reward_unavailable",
    "balance_limit",
]
"""Why a rule gave nothing; empty when it gave."""


class Label(msgspec.Struct, frozen=True):
    """A purchased item's label."""

    key: str
    value: str


class LabelMultiplier(msgspec.Struct, frozen=True):
    """What the points of items with a label are multiplied by, in ten-thousandths."""

    key: str
    value: str
    multiplier: int


class Limit(msgspec.Struct, frozen=True):
    """How often a member may use a rule in one calendar window."""

    active: bool = False
    period: str = ""
    limit: int = 0


_NAMES = {
    "excluded_skus": "excludedSKUs",
    "is_last": "lastExecutedRule",
    "reward_id": "rewardCampaignId",
}


def _name_in_body(field: str) -> str:
    first, *rest = field.split("_")
    return _NAMES.get(field) or first + "".join(map(str.capitalize, rest))


class Rule(msgspec.Struct, frozen=True, kw_only=True, rename=_name_in_body):
    """One earning rule; units are those of its body, see above.

    is_last: no rule is asked after this one has applied (purchases only).
    pos:     the places it holds at; empty: everywhere.
    """

    rule_id: str = ""
    ordinal: int = 0
    name: str = ""
    type: str = ""
    start_at: int | None = None
    end_at: int | None = None
    all_time_active: bool = False
    levels: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    pos: tuple[str, ...] = ()
    is_last: bool = False
    points_amount: int = 0
    point_value: int = 0
    min_order_value: int = 0
    exclude_delivery_cost: bool = False
    excluded_skus: tuple[str, ...] = ()
    inclusion_type: str = ""
    included_labels: tuple[Label, ...] = ()
    excluded_labels: tuple[Label, ...] = ()
    multiplier: int = RATE
    sku_ids: tuple[str, ...] = ()
    labels: tuple[Label, ...] = ()
    label_multipliers: tuple[LabelMultiplier, ...] = ()
    reward_id: str = ""
    event_name: str = ""
    reward_type: str = ""
    limit: Limit = Limit()
    code: str = ""
    latitude: int = 0
    longitude: int = 0
    radius: int = 0

    def holds_at(self, moment: int) -> bool:
        """Whether a moment is in the rule's time; both ends are."""
        if self.all_time_active:
            return True
        has_begun = self.start_at is None or self.start_at <= moment
        return has_begun and (self.end_at is None or moment <= self.end_at)


class Facts(msgspec.Struct, frozen=True):
    """What rules ask about a member.

    earns: whether the member's status is one that earns points.
    """

    earns: bool = True
    level_id: str | None = None
    segment_ids: tuple[str, ...] = ()
    pos_id: str | None = None


class Outcome(msgspec.Struct, frozen=True):
    """What became of one rule: points in hundredths, or why there were none.

    window: the calendar window in which its use counts, for a rule that is limited.
    """

    rule: Rule
    points: int = 0
    reason: Reason = ""
    window: str = ""


def parse(rule_id: str, ordinal: int, body: dict[str, Any]) -> Rule:
    """The rule a definition's body describes."""
    return msgspec.convert({**body, "ruleId": rule_id, "ordinal": ordinal}, Rule)


def in_order(rules: Iterable[Rule]) -> list[Rule]:
    """Rules in the order in which they are asked."""
    return sorted(rules, key=lambda rule: (_PRIORITIES.get(rule.type, 0), rule.ordinal))


def objection(rule: Rule, facts: Facts, moment: int, pos_id: str | None) -> Reason:
    """Why the rule does not hold for this member, moment and place; empty when it does."""
    if not rule.holds_at(moment):
        return "not_at_this_time"
    if not facts.earns:
        return "member_status"
    if rule.levels or rule.segments:
        is_target = facts.level_id in rule.levels or any(
            segment_id in rule.segments for segment_id in facts.segment_ids
        )
        if not is_target:
            return "not_in_target"
    if rule.pos and pos_id not in rule.pos:
        return "not_at_this_place"
    return ""


def bounded(points: int) -> int:
    """What one rule can give for one item; more than an account holds is as good as that."""
    return max(-limits.points_hundredths_max, min(points, limits.points_hundredths_max))


def withheld(outcome: Outcome) -> Outcome:
    """The same rule's outcome for an account that cannot take any more; a reward is no points."""
    if outcome.reason or outcome.rule.type == "instant_reward":
        return outcome
    return Outcome(outcome.rule, reason="balance_limit")


def names(outcomes: Iterable[Outcome]) -> str:
    """The comment of a transfer: the names of the rules that gave something."""
    return ", ".join(outcome.rule.name for outcome in outcomes if outcome.points)
