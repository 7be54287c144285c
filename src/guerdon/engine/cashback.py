"""Cashback: points that become money, and what whoever pays it out reports."""

from __future__ import annotations

from collections.abc import Iterable

from guerdon.domain import coupons as decide
from guerdon.domain import rewards as of_rewards
from guerdon.domain.coupons import Coupon
from guerdon.domain.rewards import Reward
from guerdon.engine import coupons, members, rewards, sales
from guerdon.engine.commands import Handlers
from guerdon.engine.commands.rewards import RedeemCashback, Redeemed, ReportCashback
from guerdon.engine.definitions import known
from guerdon.engine.programme import settings, timezone
from guerdon.engine.record import record
from guerdon.engine.sales import Deal
from guerdon.errors import Refused
from guerdon.store import levels, segments
from guerdon.store import rewards as stored
from guerdon.store.port import Rows
from guerdon.store.transaction import Transaction

_HUNDRED = 100
_SETTLED = ("success", "failed")


def best(
    rows: Rows, tenant_id: int, number: int, among: Iterable[Reward], moment: int
) -> Reward | None:
    """The cashback a member gets most by, of those that are active and meant for them."""
    place = levels.of_member(rows, tenant_id, number)
    belongs = segments.of_member(rows, tenant_id, number)
    open_to = [
        reward
        for reward in among
        if reward.reward == of_rewards.CASHBACK
        and reward.is_active(moment)
        and reward.is_for(place.level_id if place else None, belongs)
    ]
    return max(open_to, key=lambda reward: reward.point_value, default=None)


def redeem(tx: Transaction, command: RedeemCashback) -> Redeemed:
    """See `RedeemCashback`."""
    tenant_id, number = command.tenant_id, command.number
    member = members.required(tx, tenant_id, number)
    listed = [command.reward_id] if command.reward_id else known(tx, tenant_id, rewards.REWARD)
    found = (rewards.offered(tx, tenant_id, each) for each in listed)
    among = [reward for reward in found if reward is not None]
    reward = best(tx.rows, tenant_id, number, among, tx.moment(tenant_id))
    if reward is None:
        raise rewards.unknown_reward()
    if command.points <= 0:
        raise Refused("points must be above zero", code="invalid_points", field="pointsAmount")
    deal = Deal(tenant_id, member, reward, 1, command.points)
    sales.require(sales.problem(tx, deal))
    _require_within_day(tx, tenant_id, number, command.points)
    coupon = Coupon(tx.uuid(), "")
    sales.sell(tx, deal, coupon)
    amount = of_rewards.cashback(reward, command.points)
    return Redeemed(reward.reward_id, coupon.id, reward.point_value, amount)


def report(tx: Transaction, command: ReportCashback) -> None:
    """See `ReportCashback`."""
    tenant_id = command.tenant_id
    coupon = coupons.required(tx, tenant_id, command.number, command.coupon_id)
    if coupon.reward != of_rewards.CASHBACK:
        raise Refused("This is no cashback", code="cashback_settled", field="couponId")
    if coupon.cashback_status == command.status:
        return
    is_void = coupon.status == "cancelled" and command.status != "failed"
    if is_void or coupon.cashback_status in _SETTLED:
        raise Refused("The cashback is settled", code="cashback_settled", field="code")
    decision = decide.cashback_changed(
        coupon.named, command.status, command.provider, command.message
    )
    record(tx, tenant_id, decision)
    if command.status == "failed":
        coupons.cancel(tx, tenant_id, coupon)


def _require_within_day(tx: Transaction, tenant_id: int, number: int, amount: int) -> None:
    most = settings(tx, tenant_id)["rewards.cashback_points_max"] * _HUNDRED
    if not most:
        return
    today = of_rewards.day_start(tx.moment(tenant_id), timezone(tx, tenant_id))
    if stored.cashback_since(tx.rows, tenant_id, number, today) + amount > most:
        message = f"No more than {most // _HUNDRED} points can be redeemed a day"
        raise Refused(message, code="cashback_limit", field="pointsAmount")


HANDLERS: Handlers = {RedeemCashback: redeem, ReportCashback: report}
