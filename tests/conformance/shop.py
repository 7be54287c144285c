"""Rewards and coupons for tests: defined, bought and looked at in a line each."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from conformance.programme import Programme
from guerdon.engine.commands.points import AddPoints
from guerdon.engine.commands.rewards import (
    BuyReward,
    ChangeCouponUsage,
    ChangeDeliveryStatus,
    DefineReward,
    UsageChange,
)
from guerdon.store import rewards

USER = "OpenLoyalty.Domain.User.Event."
CAMPAIGN = "OpenLoyalty.Domain.Campaign.Event."
ACCOUNT = "OpenLoyalty.Domain.Account.Event."


class Shop(Programme):
    """A programme with rewards."""

    def reward(self, type: str = "discount_code", codes: Any = (), **body: Any) -> str:
        """A reward's id; it has no limits unless it is said to."""
        reward_id, active = body.pop("reward_id", ""), body.pop("active", True)
        cost = body.pop("cost", 0) * 100
        name = body.pop("name", type)
        whole = {
            "reward": type,
            "translations": {"en": {"name": name}},
            "costInPoints": cost,
            "unlimited": True,
            **body,
        }
        stock = None if codes is None else tuple(codes)
        define = DefineReward(self.tenant_id, 0, json.dumps(whole), reward_id, active, stock)
        return self.house.execute(define).definition_id

    def gives(self, number: int, points: int) -> None:
        self.house.execute(AddPoints(self.tenant_id, 0, number, points * 100))

    def buy(self, number: int, reward_id: str, **more: Any) -> list[tuple[str, str]]:
        """The (id, code) of each coupon."""
        bought = self.house.execute(BuyReward(self.tenant_id, 0, number, reward_id, **more))
        return [(each.coupon_id, each.code) for each in bought]

    def together(self, *several: Any) -> list[Any]:
        """What each of several commands was answered that all came at once."""

        async def submit() -> list[Any]:
            waiting = [self.house.engine.execute(each) for each in several]
            return await asyncio.gather(*waiting, return_exceptions=True)

        return self.house.run(submit())

    def coupon(self, coupon_id: str) -> Any:
        return self.house.read(lambda rows: rewards.coupon(rows, self.tenant_id, coupon_id))

    def sold(self, reward_id: str, number: int = 0) -> Any:
        return self.house.read(lambda rows: rewards.sold(rows, self.tenant_id, reward_id, number))

    def use(self, *coupon_ids: str, used: bool = True, **more: Any) -> None:
        found = [self.coupon(coupon_id) for coupon_id in coupon_ids]
        rows = tuple(
            UsageChange(each.number, each.reward_id, each.coupon_id, each.code, used, **more)
            for each in found
        )
        self.house.execute(ChangeCouponUsage(self.tenant_id, 0, rows))

    def deliver(self, coupon_id: str, status: str) -> None:
        number = self.coupon(coupon_id).number
        self.house.execute(ChangeDeliveryStatus(self.tenant_id, 0, number, coupon_id, status))

    def journal(self) -> list[str]:
        """The types of all decisions, shortened to their last word."""
        rows = self.house.read(
            lambda rows: rows.all(
                "decisions_from", **{"tenant_id": self.tenant_id, "from": 1, "limit": 10_000}
            )
        )
        return [row[1].split(".")[-1] for row in rows]

    def deliver_of(self, number: int, coupon_id: str, status: str) -> None:
        self.house.execute(ChangeDeliveryStatus(self.tenant_id, 0, number, coupon_id, status))
