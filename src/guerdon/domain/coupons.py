"""Coupons: the decisions about codes in stock, and about what members bought.

Units:  points are whole hundredths, moments microseconds UTC.
Source: Open Loyalty 4.3, "Event API": decisions about a member name ids as objects, those about a
        campaign as plain text; what was stored in 3.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import Any, Literal

import msgspec

from guerdon.domain.decisions import Decision
from guerdon.domain.openloyalty_types import CAMPAIGN, USER
from guerdon.domain.registration import local, points_number

WAS_BOUGHT = USER + "CampaignWasBoughtByCustomer"
USAGE_WAS_CHANGED = USER + "CampaignUsageWasChanged"
STATUS_WAS_CHANGED = USER + "CampaignStatusWasChanged"
COUPON_WAS_CHANGED = USER + "CampaignCouponWasChanged"
WAS_RETURNED = USER + "CampaignWasReturned"
REWARD_USAGE_WAS_CHANGED = CAMPAIGN + "CampaignUsageWasChanged"
DELIVERY_STATUS_WAS_CHANGED = CAMPAIGN + "CampaignBoughtDeliveryStatusWasChanged"
CASHBACK_STATUS_WAS_CHANGED = CAMPAIGN + "CampaignBoughtCashbackStatusWasChanged"
CODES_WERE_STOCKED = "Guerdon.Reward.Event.CouponsWereStocked"
CODES_WERE_WITHDRAWN = "Guerdon.Reward.Event.CouponsWereWithdrawn"

Status = Literal["inactive", "active", "expired", "cancelled"]
DeliveryStatus = Literal["ordered", "canceled", "shipped", "delivered"]
CashbackStatus = Literal["accepted", "success", "failed"]


class Coupon(msgspec.Struct, frozen=True):
    """What a member has bought: its own id, and the code that is handed over."""

    id: str
    code: str


class Bought(msgspec.Struct, frozen=True, kw_only=True):
    """A coupon as far as decisions name it.

    transaction_id: the purchase it came with, or None.
    """

    member_id: str
    number: int
    reward_id: str
    coupon: Coupon
    transaction_id: str | None = None


class Sale(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of a coupon only when it is bought. `cost` is in hundredths of a point."""

    cost: int
    name: str
    reward: str
    status: Status
    active_since: int | None = None
    active_to: int | None = None


def stocked(reward_id: str, codes: Sequence[str]) -> Decision:
    """Codes that can be bought from now on. They are worth something, so they are sealed."""
    return _about_stock(CODES_WERE_STOCKED, reward_id, codes)


def withdrawn(reward_id: str, codes: Sequence[str]) -> Decision:
    """Codes that will not be sold any more; only a single one that everybody got ever was."""
    return _about_stock(CODES_WERE_WITHDRAWN, reward_id, codes)


def bought(coupon: Bought, sale: Sale, moment: int, timezone: tzinfo) -> Decision:
    """A member has a new coupon."""
    return _about_customer(
        WAS_BOUGHT,
        coupon,
        campaignId={"campaignId": coupon.reward_id},
        createdAt=local(moment, timezone),
        costInPoints=points_number(sale.cost),
        coupon=_coupon(coupon.coupon),
        campaignName=sale.name,
        reward=sale.reward,
        status=sale.status,
        activeSince=_local(sale.active_since, timezone),
        activeTo=_local(sale.active_to, timezone),
        transactionId=_transaction(coupon.transaction_id),
    )


def usage_changed(
    coupon: Bought, *, used: bool, moment: int, timezone: tzinfo, transaction_id: str | None
) -> list[Decision]:
    """A coupon was used (with a purchase, perhaps), or was not after all: told twice."""
    of_reward = {
        "campaignId": coupon.reward_id,
        "customerId": coupon.member_id,
        "couponId": coupon.coupon.id,
        "couponCode": coupon.coupon.code,
        "used": used,
        "transactionId": transaction_id,
    }
    return [
        _about_customer(
            USAGE_WAS_CHANGED,
            coupon,
            campaignId={"campaignId": coupon.reward_id},
            coupon=_coupon(coupon.coupon),
            used=used,
            transactionId=_transaction(transaction_id),
            usageDate=local(moment, timezone) if used else None,
        ),
        Decision(
            type=REWARD_USAGE_WAS_CHANGED,
            aggregate=coupon.reward_id,
            number=coupon.number,
            payload=of_reward,
        ),
    ]


def status_changed(coupon: Bought, status: Status) -> Decision:
    """A coupon can be used from now on, or no longer."""
    return _about_customer(
        STATUS_WAS_CHANGED,
        coupon,
        campaignId={"campaignId": coupon.reward_id},
        coupon=_coupon(coupon.coupon),
        status=status,
        transactionId=_transaction(coupon.transaction_id),
    )


def code_changed(coupon: Bought, code: str, moment: int, timezone: tzinfo) -> Decision:
    """A coupon has another code from now on: what it is worth has changed."""
    return _about_customer(
        COUPON_WAS_CHANGED,
        coupon,
        campaignId={"campaignId": coupon.reward_id},
        transactionId=_transaction(coupon.transaction_id),
        createdAt=local(moment, timezone),
        newCoupon={"id": coupon.coupon.id, "code": code},
    )


def returned(coupon: Bought, value: str) -> Decision:
    """Part of what a used coupon was worth was given back: its id, with that value as the code."""
    return _about_customer(
        WAS_RETURNED,
        coupon,
        purchaseId=purchase_id(coupon),
        coupon={"id": coupon.coupon.id, "code": value},
    )


def purchase_id(coupon: Bought) -> str:
    """What a bought coupon is called where one text must name it."""
    parts = [coupon.reward_id, coupon.member_id, coupon.coupon.code]
    return "_".join([*parts, coupon.transaction_id] if coupon.transaction_id else parts)


def delivery_changed(coupon: Bought, status: DeliveryStatus) -> Decision:
    """What was bought is on its way, has come, or will not."""
    payload = {
        "couponId": coupon.coupon.id,
        "status": status,
        "customerId": coupon.member_id,
    }
    return _about_delivery(DELIVERY_STATUS_WAS_CHANGED, coupon, payload)


def cashback_changed(
    coupon: Bought, status: CashbackStatus, provider: str, message: str | None
) -> Decision:
    """What whoever pays cashback out says has become of it."""
    payload = {
        "couponId": coupon.coupon.id,
        "status": status,
        "customerId": coupon.member_id,
        "provider": provider,
        "message": message,
    }
    return _about_delivery(CASHBACK_STATUS_WAS_CHANGED, coupon, payload)


def _about_stock(type: str, reward_id: str, codes: Sequence[str]) -> Decision:
    payload = {"campaignId": reward_id, "count": len(codes), "codes": list(codes)}
    return Decision(type=type, aggregate=reward_id, payload=payload, personal="codes")


def _about_customer(type: str, coupon: Bought, /, **parts: Any) -> Decision:
    payload = {"customerId": {"customerId": coupon.member_id}, **parts}
    return Decision(type=type, aggregate=coupon.member_id, number=coupon.number, payload=payload)


def _about_delivery(type: str, coupon: Bought, payload: dict[str, Any]) -> Decision:
    return Decision(type=type, aggregate=coupon.member_id, number=coupon.number, payload=payload)


def _coupon(coupon: Coupon) -> dict[str, str]:
    return {"id": coupon.id, "code": coupon.code}


def _transaction(transaction_id: str | None) -> dict[str, str] | None:
    return {"transactionId": transaction_id} if transaction_id else None


def _local(moment: int | None, timezone: tzinfo) -> str | None:
    return None if moment is None else local(moment, timezone)
