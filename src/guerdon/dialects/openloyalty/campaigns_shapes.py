"""How rewards are shown, each to whom it concerns.

Codes in stock are shown to administrators and sellers only, who can hand them over. Whom a reward
is for is shown by the names of levels and segments; their ids only to those who may look them up.
What is not known is left out.

Source: Open Loyalty 4.3, "Reward campaigns", "Customer campaigns": the documented answers, their
        oddities included (an empty map of names is `[]`).
"""

from __future__ import annotations

from datetime import tzinfo
from typing import Any, Literal

import msgspec

from guerdon import limits
from guerdon.clock import to_local
from guerdon.dialects.openloyalty import campaigns_audience, markdown, pictures
from guerdon.dialects.openloyalty.campaigns_audience import Counter
from guerdon.domain import moments
from guerdon.domain.purchases import money_number
from guerdon.domain.registration import points_number
from guerdon.domain.rewards import (
    LANGUAGES,
    NOT_FOR_SALE,
    Reward,
    Sold,
    parse,
    usage_left,
    usage_left_for_member,
)
from guerdon.store import definitions, rewards
from guerdon.store.definitions import Definition
from guerdon.store.port import Rows

Audience = Literal["admin", "seller", "customer", "public"]
Shape = dict[str, Any]
TEXTS = ("shortDescription", "conditionsDescription", "usageInstruction", "brandDescription")
TRANSLATED = ("name", *TEXTS, "brandName")
_MONEY = ("pointValue", "transactionPercentageValue", "rewardValue", "tax", "taxPriceValue")
_PLAIN = ("cashbackProvider", "pushNotificationText", "moreInformationLink", "target")
_SWITCHES = ("featured", "public", "fulfillmentTracking")
_IDS_PER_DEFINITION = 100


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
        shown = known(
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
                **self._pictures(reward),
                "createdAt": self.date(defined.created_at),
                **self._names(reward),
                "usageLeft": _count(usage_left(reward, sold), sold.free or 1),
                "visibleForCustomersCount": campaigns_audience.size(
                    self.rows, self.tenant_id, self.counter, reward
                ),
                "usersWhoUsedThisCampaignCount": sold.buyers,
            }
        )
        return {**blank, **shown}

    def available(self, defined: Definition, spendable: int | None) -> Shape:
        """One reward as the member whose counts these are may buy it.

        spendable: their points in hundredths; None where their status lets them spend none.
        """
        reward = parse(defined.definition_id, defined.body, active=defined.active)
        sold = self.sold(reward)
        left = usage_left_for_member(reward, sold)
        is_bought = reward.reward not in NOT_FOR_SALE and left != 0
        return {
            **self.reward(defined),
            "usageLeftForCustomer": _count(left, sold.free or 1),
            "canBeBoughtByCustomer": (
                is_bought and spendable is not None and spendable >= reward.cost_in_points
            ),
        }

    def sold(self, reward: Reward) -> Sold:
        """What was sold of a reward."""
        return self.counter.sold.get(reward.reward_id, Sold())

    def date(self, moment: int | None) -> str | None:
        """A moment as ordinary answers show it."""
        if moment is None:
            return None
        return moments.render_offset(to_local(moment, self.timezone))

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
        texts = spoken(defined, self.locale)
        shown: Shape = {name: self._rendered(name, texts.get(name)) for name in TRANSLATED}
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
            "campaignActivity": known(
                {
                    "allTimeActive": active.all_time_active,
                    "activeFrom": self.date(active.active_from),
                    "activeTo": self.date(active.active_to),
                }
            ),
            "campaignVisibility": known(
                {
                    "allTimeVisible": visible.all_time_visible,
                    "visibleFrom": self.date(visible.visible_from),
                    "visibleTo": self.date(visible.visible_to),
                }
            ),
            "will_be_active_from": begins,
            "will_be_active_to": ends,
        }

    def _pictures(self, reward: Reward) -> Shape:
        found = self.counter.pictures.get(reward.reward_id, [])
        photos = [pictures.shown(each) for each in found if each.is_photo]
        has_icon = any(each.place == pictures.BRAND_ICON for each in found)
        return {"brandIcon": has_icon, "photos": photos, "hasPhoto": bool(photos)}

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


def spoken(defined: Definition, locale: str) -> dict[str, Any]:
    """A reward's texts in a language; in the first where it says nothing."""
    translations = defined.body.get("translations") or {}
    return {**translations.get(LANGUAGES[0], {}), **translations.get(locale, {})}


def name_of(defined: Definition, locale: str) -> str:
    """What a level, segment, category or reward is called."""
    translations = defined.body.get("translations")
    if isinstance(translations, dict):
        texts = translations.get(locale) or translations.get(LANGUAGES[0]) or {}
        return str(texts.get("name") or "")
    return str(defined.body.get("name") or "")


def _count(left: int | None, endless: int) -> int:
    """A count; without an end it is shown as what there is in stock."""
    return endless if left is None else left


def _money(amount: int | None) -> Any:
    return None if amount is None else money_number(amount)


def known(shape: Shape) -> Shape:
    """What is known of a shape: the rest is left out."""
    return {name: value for name, value in shape.items() if value is not None}
