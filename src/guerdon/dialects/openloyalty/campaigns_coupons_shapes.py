"""How bought coupons are shown: in the list of all, and in their owner's.

Source: Open Loyalty 4.3, "Reward campaigns", "Customer campaigns": the documented answers, and the
        rest of what is known of a coupon beside them.
"""

from __future__ import annotations

from guerdon.dialects.openloyalty.campaigns_shapes import Shape, Shower, known
from guerdon.domain import identities
from guerdon.domain.registration import points_number
from guerdon.store import members, points
from guerdon.store.definitions import Definition
from guerdon.store.port import Rows
from guerdon.store.rewards import BoughtCoupon


def bought(shower: Shower, coupon: BoughtCoupon) -> Shape:
    """A coupon in the list of all that were bought."""
    details = person(shower.rows, shower.tenant_id, coupon.number)
    account = points.account(shower.rows, shower.tenant_id, coupon.number, shower.now)
    return known(
        {
            "canBeUsed": coupon.can_be_used(shower.now),
            "rewardCampaignId": coupon.reward_id,
            "campaignId": coupon.reward_id,
            "customerId": coupon.member_id,
            "purchasedAt": shower.date(coupon.bought_at),
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
            **_state(shower, coupon),
        }
    )


def owned(shower: Shower, coupon: BoughtCoupon, defined: Definition | None) -> Shape:
    """A coupon in its owner's list, with its reward where that is asked for."""
    return known(
        {
            "purchaseAt": shower.date(coupon.bought_at),
            "costInPoints": points_number(coupon.cost),
            "campaignId": {"campaignId": coupon.reward_id},
            "campaign": shower.reward(defined) if defined else None,
            "coupon": {"id": coupon.coupon_id, "code": coupon.code},
            "canBeUsed": coupon.can_be_used(shower.now),
            **_state(shower, coupon),
        }
    )


def _state(shower: Shower, coupon: BoughtCoupon) -> Shape:
    granted, spent = coupon.transaction_id, coupon.used_transaction_id
    return {
        "used": coupon.used,
        "usageDate": shower.date(coupon.used_at),
        "status": coupon.status,
        "activeSince": shower.date(coupon.active_since),
        "activeTo": shower.date(coupon.active_to),
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
