"""Coupons' use cases: using them, delivering what they stand for, and what time and returns do.

What is due is done under the tenant's lock in the transaction that records it: so it is done once.
"""

from __future__ import annotations

from collections.abc import Generator

from guerdon.domain import coupons as decide
from guerdon.domain import rewards as of_rewards
from guerdon.domain.coupons import Coupon, DeliveryStatus, Sale, Status
from guerdon.domain.purchases import Purchase
from guerdon.engine import points, rewards
from guerdon.engine.commands import Handlers
from guerdon.engine.commands.rewards import ChangeCouponUsage, ChangeDeliveryStatus, UsageChange
from guerdon.engine.programme import timezone
from guerdon.engine.record import record
from guerdon.errors import NotFound, Refused
from guerdon.store import purchases
from guerdon.store import rewards as stored
from guerdon.store.rewards import BoughtCoupon
from guerdon.store.transaction import Transaction

_CANCELED: DeliveryStatus = "canceled"
_CANCELLED: Status = "cancelled"


def required(tx: Transaction, tenant_id: int, number: int, coupon_id: str) -> BoughtCoupon:
    """A coupon of a member. Errors: NotFound `unknown_coupon`."""
    coupon = stored.required_coupon(tx.rows, tenant_id, coupon_id)
    if coupon.number != number:
        raise NotFound(code="unknown_coupon")
    return coupon


def change_usage(tx: Transaction, command: ChangeCouponUsage) -> None:
    """See `ChangeCouponUsage`."""
    tenant_id = command.tenant_id
    seen: set[str] = set()
    found = []
    for index, row in enumerate(command.rows):
        try:
            if row.coupon_id in seen:
                raise _not_usable()
            found.append(_checked(tx, tenant_id, row))
        except Refused as wrong:
            wrong.index = index
            raise
        seen.add(row.coupon_id)
    for row, coupon in zip(command.rows, found, strict=True):
        _change_usage(tx, tenant_id, row, coupon)


def change_delivery(tx: Transaction, command: ChangeDeliveryStatus) -> None:
    """See `ChangeDeliveryStatus`."""
    tenant_id = command.tenant_id
    coupon = required(tx, tenant_id, command.number, command.coupon_id)
    if coupon.delivery_status == command.status:
        return
    if coupon.delivery_status == _CANCELED:
        raise Refused("The delivery was canceled", code="delivery_canceled", field="status")
    if command.status == _CANCELED:
        _require_cancelable(coupon)
    record(tx, tenant_id, decide.delivery_changed(coupon.named, command.status))
    if command.status == _CANCELED:
        cancel(tx, tenant_id, coupon)


def cancel(tx: Transaction, tenant_id: int, coupon: BoughtCoupon) -> None:
    """Take a purchase back, unless it was before: the coupon is worthless, its cost returned."""
    if coupon.status == _CANCELLED:
        return
    record(tx, tenant_id, decide.status_changed(coupon.named, _CANCELLED))
    if coupon.cost:
        points.give_back(
            tx,
            tenant_id,
            coupon.number,
            coupon.cost,
            coupon_id=coupon.coupon_id,
            comment=f"{coupon.name}, {_CANCELLED}",
        )


def fall_due(tx: Transaction, tenant_id: int, now: int, limit: int) -> Generator[None, None, int]:
    """Activate and expire the coupons whose time has come, at most `limit`; returns how many."""
    if not stored.due(tx.rows, tenant_id, now, 1):
        return 0
    # Whoever else writes waits from here on, so that what is read now stays true.
    moment = tx.moment(tenant_id)
    overdue = stored.due(tx.rows, tenant_id, moment, limit)
    for coupon in overdue:
        yield
        if coupon.status == "inactive":
            record(tx, tenant_id, decide.status_changed(coupon.named, "active"))
        if coupon.active_to is not None and coupon.active_to <= moment:
            record(tx, tenant_id, decide.status_changed(coupon.named, "expired"))
    return len(overdue)


def on_return(
    tx: Transaction,
    tenant_id: int,
    _number: int,
    *,
    purchase: Purchase,
    original: Purchase | None,
) -> None:
    """A purchase came back, in part or whole: so does what was paid with percentage codes.

    A code that came with the purchase is worth less, or nothing, unless it was used already.
    original: None when nobody registered it.
    """
    if original is None:
        return
    purchase_id = original.purchase_id
    present = purchases.by_id(tx.rows, tenant_id, purchase_id) or original
    gross = abs(original.gross)
    came_back = min(gross, present.returned)
    for coupon in stored.used_with(tx.rows, tenant_id, purchase_id):
        if coupon.reward == of_rewards.PERCENTAGE and coupon.status != _CANCELLED:
            owed = of_rewards.share(int(coupon.code), came_back, gross) - coupon.returned
            if owed > 0:
                _give_back(tx, tenant_id, coupon, owed, purchase)
    for coupon in stored.granted_with(tx.rows, tenant_id, purchase_id):
        if coupon.is_unspent(tx.moment(tenant_id)):
            sold_for = gross - _returned_before(tx, tenant_id, original, coupon)
            _lessen(tx, tenant_id, coupon, gross - came_back, sold_for)


def _require_cancelable(coupon: BoughtCoupon) -> None:
    """What was paid out, or given back already, is not taken back."""
    if coupon.cashback_status == "success":
        raise Refused("The cashback is settled", code="cashback_settled", field="status")
    if coupon.returned:
        raise _given_back("status")


def _checked(tx: Transaction, tenant_id: int, row: UsageChange) -> BoughtCoupon:
    coupon = required(tx, tenant_id, row.number, row.coupon_id)
    if coupon.reward_id != row.reward_id or coupon.code != row.code:
        raise NotFound(code="unknown_coupon")
    if row.used and not coupon.can_be_used(tx.moment(tenant_id)):
        raise _not_usable()
    if not row.used and not coupon.used:
        raise Refused("The coupon was not used", code="coupon_not_used")
    if not row.used and coupon.returned:
        raise _given_back()
    if row.transaction_id is not None:
        paid = purchases.by_id(tx.rows, tenant_id, row.transaction_id)
        if paid is None or paid.is_return or paid.number != row.number:
            raise NotFound("no such transaction of this customer", code="unknown_transaction")
    return coupon


def _not_usable() -> Refused:
    return Refused("The coupon cannot be used", code="coupon_not_usable")


def _given_back(field: str | None = None) -> Refused:
    return Refused("What the coupon paid was given back", code="coupon_given_back", field=field)


def _change_usage(tx: Transaction, tenant_id: int, row: UsageChange, coupon: BoughtCoupon) -> None:
    if row.used and coupon.status == "inactive":
        # Its time has come, only the clockwork has not come by yet.
        record(tx, tenant_id, decide.status_changed(coupon.named, "active"))
    for decision in decide.usage_changed(
        coupon.named,
        used=row.used,
        moment=tx.moment(tenant_id),
        timezone=timezone(tx, tenant_id),
        transaction_id=row.transaction_id,
    ):
        record(tx, tenant_id, decision)
    if row.used and not coupon.delivery_status:
        record(tx, tenant_id, decide.delivery_changed(coupon.named, "ordered"))


def _give_back(
    tx: Transaction, tenant_id: int, coupon: BoughtCoupon, value: int, back: Purchase
) -> None:
    """A new coupon for what a used one had paid of the goods that came back."""
    moment, zone = tx.moment(tenant_id), timezone(tx, tenant_id)
    reward = rewards.offered(tx, tenant_id, coupon.reward_id)
    days = reward.days_valid if reward else 0
    sale = Sale(
        cost=0,
        name=coupon.name,
        reward=coupon.reward,
        status="active",
        active_to=of_rewards.later(moment, days, zone) if days else None,
    )
    fresh = decide.Bought(
        member_id=coupon.member_id,
        number=coupon.number,
        reward_id=coupon.reward_id,
        coupon=Coupon(tx.uuid(), str(value)),
        transaction_id=back.purchase_id,
    )
    record(tx, tenant_id, decide.bought(fresh, sale, moment, zone))
    record(tx, tenant_id, decide.returned(coupon.named, str(value)))


def _returned_before(
    tx: Transaction, tenant_id: int, original: Purchase, coupon: BoughtCoupon
) -> int:
    """What of a purchase had come back when a coupon was bought for it.

    As in `Purchase.returned`, what came back before the purchase was on record is none of it.
    """
    on_record = (original.registered_at, original.position)
    bought = (coupon.bought_at, coupon.ordinal)
    return sum(
        abs(back.gross)
        for back in purchases.returns_of(tx.rows, tenant_id, original)
        if on_record < (back.assigned_at or 0, back.position) < bought
    )


def _lessen(
    tx: Transaction, tenant_id: int, coupon: BoughtCoupon, remaining: int, sold_for: int
) -> None:
    """What came with a purchase of which only so much (1/10,000) remains, of so much by then.

    It keeps its share of what it was sold with, whatever has become of its reward since.
    """
    if remaining <= 0:
        cancel(tx, tenant_id, coupon)
        return
    if coupon.reward != of_rewards.PERCENTAGE:
        return
    value = of_rewards.share(coupon.worth, remaining, sold_for)
    if value <= 0:
        cancel(tx, tenant_id, coupon)
    elif value < int(coupon.code):
        moment, zone = tx.moment(tenant_id), timezone(tx, tenant_id)
        record(tx, tenant_id, decide.code_changed(coupon.named, str(value), moment, zone))


HANDLERS: Handlers = {ChangeCouponUsage: change_usage, ChangeDeliveryStatus: change_delivery}
