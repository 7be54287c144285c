"""Rewards: what is offered, what members buy, and what becomes of it."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import msgspec

from guerdon.domain.coupons import CashbackStatus, DeliveryStatus
from guerdon.engine.commands import Command
from guerdon.engine.commands.definitions import Defined


class DefineReward(Command, frozen=True):
    """Offer a reward, or put a whole new body in place of its old one.

    body:      JSON text of an object, as already validated; see `domain.rewards`.
    reward_id: what is changed; empty: something new.
    codes:     the whole stock from now on. Codes that are new are added, codes that are missing and
               were never sold are withdrawn. Where everybody gets the first, those that were sold
               go as well. None leaves the stock alone.

    Errors: NotFound `unknown_definition`; TooLarge `too_many_codes`.
    """

    Answer: ClassVar[Any] = Defined
    body: str
    reward_id: str = ""
    active: bool = True
    codes: tuple[str, ...] | None = None
    actor: str = ""


class StockCodes(Command, frozen=True):
    """Add codes to a reward's stock; those it has, sold or not, are left out.

    The answer is how many were added.
    Errors: NotFound `unknown_definition`; TooLarge `too_many_codes`.
    """

    Answer: ClassVar[Any] = int
    reward_id: str
    codes: tuple[str, ...]
    actor: str = ""


class SwitchReward(Command, frozen=True):
    """Offer a reward again, or no longer. Errors: NotFound `unknown_definition`."""

    reward_id: str
    active: bool
    actor: str = ""


class Purchased(msgspec.Struct, frozen=True, array_like=True):
    """A new coupon: its id, and the code that is handed over."""

    coupon_id: str
    code: str


class BuyReward(Command, frozen=True):
    """Buy coupons of a reward for a member, all or none.

    channel:        who buys: the member, a seller or an administrator. An administrator may give
                    what is not shown to the member, and percentage codes with a purchase.
    without_points: it costs nothing (administrators only).
    transaction_id: the purchase it comes with.

    Errors: NotFound `unknown_member`, `unknown_reward`, `unknown_transaction`; Refused with a code
            of `domain.rewards.Problem`.
    """

    Answer: ClassVar[Any] = tuple[Purchased, ...]
    number: int
    reward_id: str
    quantity: int = 1
    channel: Literal["customer", "seller", "admin"] = "customer"
    without_points: bool = False
    transaction_id: str | None = None
    actor: str = ""


class UsageChange(msgspec.Struct, frozen=True, array_like=True):
    """One coupon that was used, or was not after all. `transaction_id` is the purchase it paid."""

    number: int
    reward_id: str
    coupon_id: str
    code: str
    used: bool
    transaction_id: str | None = None


class ChangeCouponUsage(Command, frozen=True):
    """Mark coupons as used or not used, all or none.

    Errors: NotFound `unknown_coupon`, `unknown_transaction`; Refused `coupon_not_usable`,
            `coupon_not_used`, `coupon_given_back`, each with the row's `index`.
    """

    rows: tuple[UsageChange, ...]
    actor: str = ""


class ChangeDeliveryStatus(Command, frozen=True):
    """Say how far a coupon's delivery is; `canceled` takes the purchase back, and the cost.

    Errors: NotFound `unknown_coupon`; Refused `delivery_canceled`, `cashback_settled`,
            `coupon_given_back`, `balance_limit`.
    """

    number: int
    coupon_id: str
    status: DeliveryStatus
    actor: str = ""


class Redeemed(msgspec.Struct, frozen=True, array_like=True):
    """What points became: `amount` is money in hundredths, `point_value` in 1/10,000 a point."""

    reward_id: str
    coupon_id: str
    point_value: int
    amount: int


class RedeemCashback(Command, frozen=True):
    """Turn a member's points (hundredths) into money, by a reward or by the best there is.

    Errors: NotFound `unknown_member`, `unknown_reward`; Refused `member_status`, `invalid_points`,
            `insufficient_points`, `cashback_limit`.
    """

    Answer: ClassVar[Any] = Redeemed
    number: int
    points: int
    reward_id: str = ""
    actor: str = ""


class ReportCashback(Command, frozen=True):
    """What whoever pays cashback out says; `failed` takes it back, and returns the points.

    Said again it changes nothing.
    Errors: NotFound `unknown_coupon`; Refused `cashback_settled`, `balance_limit`.
    """

    number: int
    coupon_id: str
    provider: str
    status: CashbackStatus
    message: str | None = None
    actor: str = ""
