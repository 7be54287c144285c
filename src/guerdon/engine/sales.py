"""Selling coupons of rewards: to members, through sellers and administrators, and with purchases.

A sale is looked at whole before anything is written, under the tenant's lock: so the last coupon is
sold once, a code is nobody else's, and nobody spends what they do not have.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from guerdon.domain import coupons
from guerdon.domain import rewards as decide
from guerdon.domain.coupons import Bought, Coupon, Sale
from guerdon.domain.purchases import Purchase
from guerdon.domain.rewards import Problem, Reward
from guerdon.engine import members, points
from guerdon.engine.commands import Handlers
from guerdon.engine.commands.rewards import BuyReward, Purchased
from guerdon.engine.programme import settings, timezone
from guerdon.engine.record import record
from guerdon.engine.rewards import offered, unknown_reward
from guerdon.errors import NotFound, Refused
from guerdon.store import levels, purchases, rewards, segments, standing
from guerdon.store.members import Member
from guerdon.store.transaction import Transaction

_MESSAGES: dict[Problem, str] = {
    "reward_not_for_sale": "This reward cannot be bought",
    "missing_transaction": "This reward comes with a transaction",
    "no_coupon_value": "The transaction is too small for this reward",
    "no_coupons": "No coupons left",
    "reward_limit": "The limit of this reward is reached",
    "member_limit": "The customer's limit of this reward is reached",
    "member_status": "The customer's status does not allow to spend points",
    "insufficient_points": "Not enough points",
}


class Deal(msgspec.Struct, frozen=True):
    """What somebody is about to get: coupons of a reward, each for a cost in hundredths."""

    tenant_id: int
    member: Member
    reward: Reward
    quantity: int
    cost: int
    purchase: Purchase | None = None

    @property
    def value(self) -> int:
        """What a percentage code is worth: a share of what did not come back of its purchase."""
        if self.purchase is None:
            return 0
        return decide.percentage_value(self.reward, self.purchase.gross - self.purchase.returned)


def buy(tx: Transaction, command: BuyReward) -> tuple[Purchased, ...]:
    """See `BuyReward`."""
    tenant_id = command.tenant_id
    member = members.required(tx, tenant_id, command.number)
    reward = offered(tx, tenant_id, command.reward_id)
    if reward is None:
        raise unknown_reward()
    _require_for_sale(tx, tenant_id, member, reward, command.channel)
    is_free = command.without_points and command.channel == "admin"
    deal = Deal(
        tenant_id,
        member,
        reward,
        1 if reward.reward in decide.WITHOUT_STOCK else command.quantity,
        0 if is_free else reward.cost_in_points,
        _purchase(tx, tenant_id, member, command.transaction_id),
    )
    require(problem(tx, deal))
    return carry_out(tx, deal)


def grant(tx: Transaction, tenant_id: int, number: int, reward_id: str, purchase: Purchase) -> bool:
    """Let a purchase buy its member a reward at once; whether it did.

    It is bought if it is active, meant for the member, and paid for by their points.
    """
    member = members.required(tx, tenant_id, number)
    reward = offered(tx, tenant_id, reward_id)
    if reward is None or reward.reward == decide.CASHBACK:
        return False
    if not reward.is_active(tx.moment(tenant_id)) or not _is_for(tx, tenant_id, number, reward):
        return False
    deal = Deal(tenant_id, member, reward, 1, reward.cost_in_points, purchase)
    if problem(tx, deal):
        return False
    carry_out(tx, deal)
    return True


def problem(tx: Transaction, deal: Deal) -> Problem:
    """Why a deal cannot be made; empty when it can. Nothing is written."""
    tenant_id, number, reward = deal.tenant_id, deal.member.number, deal.reward
    if reward.reward == decide.PERCENTAGE:
        if deal.purchase is None:
            return "missing_transaction"
        if deal.value <= 0:
            return "no_coupon_value"
    sold = rewards.sold(tx.rows, tenant_id, reward.reward_id, number)
    found = decide.shortage(reward, sold, deal.quantity)
    if not found and not may_spend(tx, tenant_id, number):
        found = "member_status"
    cost = deal.cost * deal.quantity
    if not found and cost and points.balance(tx, tenant_id, number) < cost:
        found = "insufficient_points"
    return found


def require(found: Problem) -> None:
    """Refuse what cannot be had."""
    if found:
        raise Refused(_MESSAGES[found], code=found)


def may_spend(tx: Transaction, tenant_id: int, number: int) -> bool:
    """Whether a member's status lets them spend points."""
    status = standing.of(tx.rows, tenant_id, number).status
    return status in settings(tx, tenant_id)["spending.statuses"]


def carry_out(tx: Transaction, deal: Deal) -> tuple[Purchased, ...]:
    """Hand the coupons over, and have each paid for."""
    made = []
    for code in _codes(tx, deal):
        coupon = Coupon(tx.uuid(), code)
        sell(tx, deal, coupon)
        made.append(Purchased(coupon.id, coupon.code))
    return tuple(made)


def sell(tx: Transaction, deal: Deal, coupon: Coupon) -> None:
    """Record one coupon, and the spending of its cost."""
    tenant_id, number, reward = deal.tenant_id, deal.member.number, deal.reward
    moment, zone = tx.moment(tenant_id), timezone(tx, tenant_id)
    status, since, until = decide.validity(reward, moment, zone)
    sale = Sale(
        cost=deal.cost,
        name=reward.name,
        reward=reward.reward,
        status=status,
        active_since=since,
        active_to=until,
    )
    bought = Bought(
        member_id=deal.member.member_id,
        number=number,
        reward_id=reward.reward_id,
        coupon=coupon,
        transaction_id=deal.purchase.purchase_id if deal.purchase else None,
    )
    record(tx, tenant_id, coupons.bought(bought, sale, moment, zone))
    if deal.cost:
        what = "cashback" if reward.reward == decide.CASHBACK else f"coupon: {coupon.code}"
        points.spend(tx, tenant_id, number, deal.cost, comment=f"{reward.name}, {what}")


def _codes(tx: Transaction, deal: Deal) -> list[str]:
    reward = deal.reward
    if reward.reward == decide.PERCENTAGE:
        return [str(deal.value)]
    if reward.single_coupon:
        code = rewards.first_code(tx.rows, deal.tenant_id, reward.reward_id)
        return [code or ""] * deal.quantity
    return rewards.free_codes(tx.rows, deal.tenant_id, reward.reward_id, deal.quantity)


def _require_for_sale(
    tx: Transaction,
    tenant_id: int,
    member: Member,
    reward: Reward,
    channel: Literal["customer", "seller", "admin"],
) -> None:
    moment = tx.moment(tenant_id)
    is_admin = channel == "admin"
    is_given = is_admin and reward.reward != decide.CASHBACK
    if reward.reward in decide.NOT_FOR_SALE and not is_given:
        require("reward_not_for_sale")
    is_shown = is_admin or (
        reward.is_shown(moment) and _is_for(tx, tenant_id, member.number, reward)
    )
    if not reward.is_active(moment) or not is_shown:
        raise unknown_reward()


def _is_for(tx: Transaction, tenant_id: int, number: int, reward: Reward) -> bool:
    if not reward.levels and not reward.segments:
        return True
    place = levels.of_member(tx.rows, tenant_id, number)
    belongs = segments.of_member(tx.rows, tenant_id, number) if reward.segments else []
    return reward.is_for(place.level_id if place else None, belongs)


def _purchase(
    tx: Transaction, tenant_id: int, member: Member, transaction_id: str | None
) -> Purchase | None:
    if transaction_id is None:
        return None
    found = purchases.by_id(tx.rows, tenant_id, transaction_id)
    if found is None or found.is_return or found.number != member.number:
        raise NotFound("no such transaction of this customer", code="unknown_transaction")
    return found


HANDLERS: Handlers = {BuyReward: buy}
