"""How rewards and bought coupons are shown, each to whom it concerns.

Codes in stock are shown to administrators and sellers only, who can hand them over. Whom a reward
is for is shown by the names of levels and segments; their ids only to those who may look them up.
What is not known is left out.

Source: Open Loyalty 4.3, "Reward campaigns", "Customer campaigns": the documented answers, their
        oddities included (an empty map of names is `[]`).
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from datetime import tzinfo
from itertools import islice
from typing import Any, Literal

import msgspec

from guerdon import limits
from guerdon.clock import to_datetime
from guerdon.dialects.openloyalty import markdown
from guerdon.domain import identities
from guerdon.domain.purchases import money_number
from guerdon.domain.registration import CUSTOMER_WAS_REGISTERED, points_number
from guerdon.domain.rewards import LANGUAGES, Reward, Sold, parse, usage_left, usage_left_for_member
from guerdon.store import definitions, levels, members, points, rewards, segments, standing
from guerdon.store.definitions import Definition
from guerdon.store.port import Rows
from guerdon.store.rewards import BoughtCoupon

Audience = Literal["admin", "seller", "customer", "public"]
Shape = dict[str, Any]
TEXTS = ("shortDescription", "conditionsDescription", "usageInstruction", "brandDescription")
TRANSLATED = ("name", *TEXTS, "brandName")
_MONEY = ("pointValue", "transactionPercentageValue", "rewardValue", "tax", "taxPriceValue")
_PLAIN = ("cashbackProvider", "pushNotificationText", "moreInformationLink", "target")
_SWITCHES = ("featured", "public", "fulfillmentTracking")
_IDS_PER_DEFINITION = 100
_PAGE_ROWS = 500


class Counter(msgspec.Struct, frozen=True):
    """What sells coupons knows of a tenant: read once for a whole list."""

    sold: dict[str, Sold]
    level_members: dict[str, int]
    segment_members: dict[str, int]
    everybody: int

    @classmethod
    def of(cls, rows: Rows, tenant_id: int, number: int = 0) -> Counter:
        """The counts as they are now; `number` is the member whose coupons count as theirs."""
        name = "decision:" + CUSTOMER_WAS_REGISTERED
        registered = rows.one("counter_total", tenant_id=tenant_id, name=name)
        gone = len(standing.deleted(rows, tenant_id))
        totals = segments.totals(rows, tenant_id)
        return cls(
            rewards.all_sold(rows, tenant_id, number),
            levels.totals(rows, tenant_id),
            {segment_id: total.members for segment_id, total in totals.items()},
            (registered[0] if registered else 0) - gone,
        )


class Shower(msgspec.Struct, frozen=True):
    """Shows the rewards of one tenant to somebody, in a language.

    as_html: descriptions are Markdown, and rendered where that is asked for.
    """

    rows: Rows
    tenant_id: int
    timezone: tzinfo
    now: int
    audience: Audience
    locale: str
    as_html: bool
    counter: Counter

    def reward(self, defined: Definition, *, is_whole: bool = False) -> Shape:
        """One reward; `is_whole` shows every code of its stock."""
        reward = parse(defined.definition_id, defined.body, active=defined.active)
        sold = self.sold(reward)
        blank = dict.fromkeys(TEXTS) if self.audience == "public" else {}
        shown = _known(
            {
                **self._inner(defined, reward, is_whole=is_whole),
                **self._texts(defined),
                "campaignId": reward.reward_id,
                "rewardCampaignId": reward.reward_id,
                "reward": reward.reward,
                "active": reward.active,
                "costInPoints": points_number(reward.cost_in_points),
                "singleCoupon": reward.single_coupon,
                "unlimited": reward.unlimited,
                "limit": None if reward.unlimited else reward.limit,
                "limitPerUser": None if reward.unlimited else reward.limit_per_user,
                "daysValid": reward.days_valid,
                "daysInactive": reward.days_inactive,
                **self._times(reward),
                "labels": defined.body.get("labels") or [],
                **{name: bool(defined.body.get(name)) for name in _SWITCHES},
                **{name: _money(defined.body.get(name)) for name in _MONEY},
                "brandIcon": False,
                "photos": [],
                "hasPhoto": False,
                "createdAt": self.date(defined.created_at),
                **self._names(reward),
                "usageLeft": _count(usage_left(reward, sold), sold.free or 1),
                "visibleForCustomersCount": self.audience_size(reward),
                "usersWhoUsedThisCampaignCount": sold.buyers,
            }
        )
        return {**blank, **shown}

    def available(self, defined: Definition) -> Shape:
        """One reward as the member whose counts these are may buy it."""
        reward = parse(defined.definition_id, defined.body, active=defined.active)
        sold = self.sold(reward)
        left = usage_left_for_member(reward, sold)
        return {
            **self.reward(defined),
            "usageLeftForCustomer": _count(left, sold.free or 1),
            "canBeBoughtByCustomer": left is None or left > 0,
        }

    def sold(self, reward: Reward) -> Sold:
        """What was sold of a reward."""
        return self.counter.sold.get(reward.reward_id, Sold())

    def audience_size(self, reward: Reward) -> int:
        """How many members a reward is for.

        Members of several segments at once are counted once as long as there are not too many.
        """
        if not reward.levels and not reward.segments:
            return self.counter.everybody
        several = [self.counter.level_members.get(each, 0) for each in reward.levels]
        belonging = [self.counter.segment_members.get(each, 0) for each in reward.segments]
        total = sum(several) + sum(belonging)
        overlaps = len(reward.segments) + bool(reward.levels) > 1
        if overlaps and 0 < total <= limits.reward_audience_counted_max:
            return sum(1 for _ in numbers_for(self.rows, self.tenant_id, reward))
        return min(total, self.counter.everybody)

    def date(self, moment: int | None) -> str | None:
        """A moment as ordinary answers show it."""
        if moment is None:
            return None
        return to_datetime(moment).astimezone(self.timezone).strftime("%Y-%m-%dT%H:%M:%S%z")

    def _inner(self, defined: Definition, reward: Reward, *, is_whole: bool) -> Shape:
        """What only those see who work for the programme."""
        if self.audience not in ("admin", "seller"):
            return {}
        count = limits.codes_max if is_whole else limits.codes_shown_max
        codes = rewards.codes(self.rows, self.tenant_id, reward.reward_id, count)
        return {
            "levels": list(reward.levels),
            "segments": list(reward.segments),
            "coupons": [code for code, _ in codes],
            "categories": list(reward.categories),
            **{name: defined.body.get(name) for name in _PLAIN},
        }

    def _texts(self, defined: Definition) -> Shape:
        """What it is called and what is said about it, in one language and in all."""
        translations = defined.body.get("translations") or {}
        fallback = translations.get(LANGUAGES[0], {})
        spoken = {**fallback, **translations.get(self.locale, {})}
        shown: Shape = {name: self._rendered(name, spoken.get(name)) for name in TRANSLATED}
        shown["translations"] = [
            {
                **{name: self._rendered(name, text) for name, text in texts.items()},
                "id": defined.ordinal * _IDS_PER_DEFINITION + LANGUAGES.index(locale),
                "locale": locale,
            }
            for locale, texts in translations.items()
            if texts and locale in LANGUAGES
        ]
        return shown

    def _rendered(self, name: str, text: str | None) -> str | None:
        return markdown.html(text) if text and self.as_html and name in TEXTS else text

    def _times(self, reward: Reward) -> Shape:
        active, visible = reward.campaign_activity, reward.campaign_visibility
        is_ahead = active.active_from is not None and self.now < active.active_from
        begins = self.date(active.active_from) if is_ahead else None
        ends = self.date(active.active_to) if is_ahead else None
        return {
            "campaignActivity": _known(
                {
                    "allTimeActive": active.all_time_active,
                    "activeFrom": self.date(active.active_from),
                    "activeTo": self.date(active.active_to),
                }
            ),
            "campaignVisibility": _known(
                {
                    "allTimeVisible": visible.all_time_visible,
                    "visibleFrom": self.date(visible.visible_from),
                    "visibleTo": self.date(visible.visible_to),
                }
            ),
            "will_be_active_from": begins,
            "will_be_active_to": ends,
        }

    def _names(self, reward: Reward) -> Shape:
        empty: Any = {} if self.audience == "public" else []
        return {
            "segmentNames": self._named("Segment", reward.segments) or empty,
            "levelNames": self._named("Level", reward.levels) or empty,
            "categoryNames": self._named("RewardCategory", reward.categories) or [],
        }

    def _named(self, kind: str, ids: tuple[str, ...]) -> dict[str, str]:
        found = (definitions.get(self.rows, self.tenant_id, kind, each) for each in ids)
        return {each.definition_id: name_of(each, self.locale) for each in found if each}

    def bought(self, coupon: BoughtCoupon) -> Shape:
        """A coupon in the list of all that were bought."""
        details = person(self.rows, self.tenant_id, coupon.number)
        account = points.account(self.rows, self.tenant_id, coupon.number, self.now)
        return _known(
            {
                "canBeUsed": coupon.can_be_used(self.now),
                "rewardCampaignId": coupon.reward_id,
                "campaignId": coupon.reward_id,
                "customerId": coupon.member_id,
                "purchasedAt": self.date(coupon.bought_at),
                "coupon": {"code": coupon.code, "id": coupon.coupon_id},
                "campaignType": coupon.reward,
                "campaignName": coupon.name,
                "customerEmail": details.get("email"),
                "customerPhone": details.get("phone"),
                "customerName": details.get("firstName"),
                "customerLastname": details.get("lastName"),
                "campaignShippingAddress": details.get("address") or {},
                "costInPoints": points_number(coupon.cost),
                "currentPointsAmount": points_number(account.available if account else 0),
                **self._state(coupon),
            }
        )

    def owned(self, coupon: BoughtCoupon, defined: Definition | None) -> Shape:
        """A coupon in its owner's list, with its reward where that is asked for."""
        return _known(
            {
                "purchaseAt": self.date(coupon.bought_at),
                "costInPoints": points_number(coupon.cost),
                "campaignId": {"campaignId": coupon.reward_id},
                "campaign": self.reward(defined) if defined else None,
                "coupon": {"id": coupon.coupon_id, "code": coupon.code},
                "canBeUsed": coupon.can_be_used(self.now),
                **self._state(coupon),
            }
        )

    def _state(self, coupon: BoughtCoupon) -> Shape:
        granted, spent = coupon.transaction_id, coupon.used_transaction_id
        return {
            "used": coupon.used,
            "usageDate": self.date(coupon.used_at),
            "status": coupon.status,
            "activeSince": self.date(coupon.active_since),
            "activeTo": self.date(coupon.active_to),
            "transactionId": {"transactionId": granted} if granted else None,
            "usedForTransactionId": {"transactionId": spent} if spent else None,
            "returnedAmount": coupon.returned,
            "deliveryStatus": {"status": coupon.delivery_status},
        }


def person(rows: Rows, tenant_id: int, number: int) -> Shape:
    """A member's details, with what they are reached by."""
    member = members.by_number(rows, tenant_id, number)
    names = dict(reversed(members.identities(rows, tenant_id, number)))
    reached = {
        "email": names.get(identities.EMAIL),
        "phone": names.get(identities.PHONE),
    }
    return {**reached, **(member.profile if member else {})}


def name_of(defined: Definition, locale: str) -> str:
    """What a level, segment, category or reward is called."""
    translations = defined.body.get("translations")
    if isinstance(translations, dict):
        texts = translations.get(locale) or translations.get(LANGUAGES[0]) or {}
        return str(texts.get("name") or "")
    return str(defined.body.get("name") or "")


def numbers_for(rows: Rows, tenant_id: int, reward: Reward) -> Iterator[int]:
    """The members a reward is for, ascending, each once; read a slice at a time."""
    if not reward.levels and not reward.segments:
        gone = set(standing.deleted(rows, tenant_id))
        return (number for number in _walk(_numbers(rows, tenant_id)) if number not in gone)
    several = [_walk(_members(levels.members, rows, tenant_id, each)) for each in reward.levels]
    several += [
        _walk(_members(segments.members, rows, tenant_id, each)) for each in reward.segments
    ]
    return _distinct(heapq.merge(*several))


def page_of(numbers: Iterator[int], offset: int, limit: int) -> list[int]:
    """A page of numbers."""
    return list(islice(numbers, offset, offset + limit))


def _numbers(rows: Rows, tenant_id: int) -> Callable[[int], list[int]]:
    return lambda after: [each.number for each in members.after(rows, tenant_id, after, _PAGE_ROWS)]


def _members(
    ask: Callable[..., list[int]], rows: Rows, tenant_id: int, group_id: str
) -> Callable[[int], list[int]]:
    return lambda after: ask(rows, tenant_id, group_id, after=after, limit=_PAGE_ROWS)


def _walk(page: Callable[[int], list[int]]) -> Iterator[int]:
    after = 0
    while found := page(after):
        yield from found
        after = found[-1]


def _distinct(numbers: Iterator[int]) -> Iterator[int]:
    last = None
    for number in numbers:
        if number != last:
            yield number
        last = number


def _count(left: int | None, endless: int) -> int:
    """A count; without an end it is shown as what there is in stock."""
    return endless if left is None else left


def _money(amount: int | None) -> Any:
    return None if amount is None else money_number(amount)


def _known(shape: Shape) -> Shape:
    return {name: value for name, value in shape.items() if value is not None}
