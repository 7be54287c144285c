"""How members are shown: in lists, in details, and to a seller who searches.

What is not known is left out. Numbers of purchases and levels are as they stand in the store now.
Source: Open Loyalty 4.3, "Customers": the documented answers, oddities included (`id` beside
        `levelId`, the level's id as an object).
"""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import Any

import msgspec

from guerdon import limits
from guerdon.clock import from_datetime, to_local
from guerdon.domain import identities, moments
from guerdon.domain.levels import percent
from guerdon.domain.purchases import money_amount, money_number
from guerdon.domain.registration import points_number
from guerdon.store import definitions, levels, members, purchases, rewards, segments, standing
from guerdon.store.definitions import Definition
from guerdon.store.members import Member
from guerdon.store.port import Rows
from guerdon.store.rewards import BoughtCoupon
from guerdon.store.standing import Standing

TYPES = ("new", "active", "blocked", "deleted")
STATES = ("no-card", "card-sent", "with-card")
AGREEMENTS = ("agreement1", "agreement2", "agreement3")

Shape = dict[str, Any]


class Shower(msgspec.Struct, frozen=True):
    """Shows members of one tenant, in its time zone and currency."""

    rows: Rows
    tenant_id: int
    timezone: tzinfo
    currency: str
    now: int

    def brief(self, member: Member) -> Shape:
        """As lists show a member."""
        stands = standing.of(self.rows, self.tenant_id, member.number)
        return _known({**self._person(member, stands), **self._loyalty(member)})

    def whole(self, member: Member) -> Shape:
        """Everything about a member."""
        rows, tenant_id = self.rows, self.tenant_id
        stands = standing.of(rows, tenant_id, member.number)
        belongs = segments.of_member(rows, tenant_id, member.number)
        return _known(
            {
                **self._person(member, stands),
                **self._loyalty(member),
                **self._standing(member, stands),
                "version": member.updated_at,
                "segments": [self._segment(segment_id) for segment_id in belongs],
            }
        )

    def found(self, member: Member) -> Shape:
        """As a seller's search shows a member."""
        stands = standing.of(self.rows, self.tenant_id, member.number)
        return _known(
            {
                **self._person(member, stands),
                **self._loyalty(member),
                **self._standing(member, stands),
            }
        )

    def rewards_of(self, member: Member) -> list[Shape]:
        """The rewards a member has bought or was given, each with its name."""
        return [{"campaignName": each.name, **self._coupon(each)} for each in self._coupons(member)]

    def date(self, moment: int | None) -> str | None:
        """A moment as ordinary answers show it."""
        if not moment:
            return None
        return moments.render_offset(to_local(moment, self.timezone))

    def _person(self, member: Member, stands: Standing) -> Shape:
        details = member.profile
        names = dict(reversed(members.identities(self.rows, self.tenant_id, member.number)))
        return {
            "customerId": member.member_id,
            "active": stands.is_active,
            "posId": stands.pos_id,
            "sellerId": stands.seller_id,
            "firstName": details.get("firstName"),
            "lastName": details.get("lastName"),
            "gender": details.get("gender") or "not_disclosed",
            "email": details.get("email") or names.get(identities.EMAIL),
            "phone": details.get("phone") or names.get(identities.PHONE),
            "birthDate": self._birth(details.get("birthDate")),
            "address": details.get("address") or {},
            "company": details.get("company"),
            "loyaltyCardNumber": details.get("loyaltyCardNumber") or names.get(identities.CARD),
            "createdAt": self.date(created_at(member)),
            **{name: bool(details.get(name)) for name in AGREEMENTS},
            "updatedAt": self.date(member.updated_at),
        }

    def _loyalty(self, member: Member) -> Shape:
        rows, tenant_id, number = self.rows, self.tenant_id, member.number
        place = levels.of_member(rows, tenant_id, number)
        level = self._level_of(place.level_id if place else None)
        by_hand = self._level_of(place.manual_level_id if place else None)
        bought = purchases.total_of(rows, tenant_id, number)
        return {
            "levelId": level.definition_id if level else None,
            "manuallyAssignedLevelId": {"levelId": by_hand.definition_id} if by_hand else None,
            "campaignPurchases": [self._coupon(each) for each in self._coupons(member)],
            "transactionsCount": bought.purchases,
            "transactionsAmount": money_number(bought.gross),
            "transactionsAmountWithoutDeliveryCosts": money_number(bought.gross_without_delivery),
            "amountExcludedForLevel": money_number(bought.excluded_for_level),
            "averageTransactionAmount": money_number(bought.average),
            "lastTransactionDate": self.date(bought.last_at),
            "currency": self.currency.lower(),
            "levelPercent": percent(reward_of(level)) if level else None,
        }

    def _standing(self, member: Member, stands: Standing) -> Shape:
        place = levels.of_member(self.rows, self.tenant_id, member.number)
        level = self._level_of(place.level_id if place else None)
        recalculated_at = place.recalculated_at if place else None
        return {
            "lastLevelRecalculation": self.date(recalculated_at),
            "id": level.definition_id if level else None,
            "status": self._status(member, stands),
            "labels": member.profile.get("labels") or [],
            "level": _level(level) if level else None,
            "posIdentifier": self._pos_identifier(stands.pos_id),
        }

    def _status(self, member: Member, stands: Standing) -> Shape:
        has_card = bool(member.profile.get("loyaltyCardNumber"))
        state = STATES[2] if has_card else STATES[0]
        return _known(
            {
                "availableTypes": list(TYPES),
                "availableStates": list(STATES),
                "type": stands.status,
                "state": state if stands.is_active else None,
            }
        )

    def _level_of(self, level_id: str | None) -> Definition | None:
        if level_id is None:
            return None
        return definitions.get(self.rows, self.tenant_id, "Level", level_id)

    def _segment(self, segment_id: str) -> Shape:
        found = definitions.get(self.rows, self.tenant_id, "Segment", segment_id)
        return {"segmentId": segment_id, "name": found.body.get("name", "") if found else ""}

    def _pos_identifier(self, pos_id: str | None) -> str | None:
        if pos_id is None:
            return None
        pos = definitions.get(self.rows, self.tenant_id, "Pos", pos_id)
        return pos.body.get("identifier") if pos else None

    def _coupons(self, member: Member) -> list[BoughtCoupon]:
        """The newest coupons, oldest first."""
        found = rewards.of_member(
            self.rows,
            self.tenant_id,
            member.number,
            limit=limits.member_coupons_shown_max,
            offset=0,
            descending=True,
        )
        return found[::-1]

    def _coupon(self, coupon: BoughtCoupon) -> Shape:
        return _known(
            {
                "canBeUsed": coupon.can_be_used(self.now),
                "purchaseAt": self.date(coupon.bought_at),
                "costInPoints": points_number(coupon.cost),
                "campaignId": coupon.reward_id,
                "used": coupon.used,
                "coupon": {"id": coupon.coupon_id, "code": coupon.code},
                "status": coupon.status,
                "activeSince": self.date(coupon.active_since),
                "activeTo": self.date(coupon.active_to),
                "deliveryStatus": coupon.delivery_status or None,
                "usageDate": self.date(coupon.used_at),
                "transactionId": coupon.transaction_id,
            }
        )

    def _birth(self, day: str | None) -> str | None:
        if not day:
            return None
        midnight = datetime.fromisoformat(day).replace(tzinfo=self.timezone)
        return moments.render_offset(midnight)


def created_at(member: Member) -> int:
    """The day a form gave, otherwise when the member was registered."""
    given = member.profile.get("createdAt")
    return from_datetime(datetime.fromisoformat(given)) if given else member.registered_at


def reward_of(level: Definition) -> int:
    """What a level is worth, in 1/10,000."""
    return money_amount((level.body.get("reward") or {}).get("value") or 0)


def name_of(level: Definition) -> str:
    """What a level is called: its English name, or the one it has."""
    translations = level.body.get("translations") or {}
    english = (translations.get("en") or {}).get("name")
    return str(english or level.body.get("name") or "")


def _level(level: Definition) -> Shape:
    translations = level.body.get("translations") or {"en": {"name": name_of(level)}}
    return {
        "levelId": {"id": level.definition_id, "levelId": level.definition_id},
        "name": name_of(level),
        "translations": {
            locale: {"name": texts.get("name", "")} for locale, texts in translations.items()
        },
    }


def _known(shape: Shape) -> Shape:
    return {name: value for name, value in shape.items() if value is not None}
