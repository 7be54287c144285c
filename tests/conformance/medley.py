"""Commands of every noun in a random order that a seed repeats; what they refuse is no trouble."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

from conformance.stores import Bench, ingest
from guerdon.clock import DAY, SECOND
from guerdon.domain.purchases import Item
from guerdon.engine import commands
from guerdon.engine.commands import credentials, standing
from guerdon.engine.commands.definitions import Define, Undefine
from guerdon.engine.commands.erasure import AnonymizeMember, DeleteMember
from guerdon.engine.commands.invitations import Invite
from guerdon.engine.commands.levels import MoveToLevel, RemoveManualLevel
from guerdon.engine.commands.members import EditMember, EnrolMember
from guerdon.engine.commands.points import (
    AddPoints,
    BlockPoints,
    CancelPointsTransfer,
    ResetPoints,
    ReturnPoints,
    SpendPoints,
    TransferPoints,
)
from guerdon.engine.commands.purchases import AssignPurchase, LabelPurchase, RegisterPurchase
from guerdon.engine.commands.rewards import (
    BuyReward,
    ChangeCouponUsage,
    ChangeDeliveryStatus,
    DefineReward,
    Purchased,
    RedeemCashback,
    ReportCashback,
    StockCodes,
    SwitchReward,
    UsageChange,
)
from guerdon.engine.commands.rules import ReportEvent, UseCode
from guerdon.errors import Defect, GuerdonError, StoreError

SKUS = ("A", "B", "C")
TYPES = ("seen", "grüßen", "buy")
PEOPLE = 12
_GROUP = 6


class Medley:
    """One tenant's programme, and somebody who does anything with it.

    beside:    whoever has made the programme already. together: who carries commands out.
    """

    def __init__(
        self,
        bench: Bench,
        seed: int,
        *,
        beside: Medley | None = None,
        together: Callable[..., list[Any]] | None = None,
    ) -> None:
        self.bench = bench
        self.seed = seed
        self._together = together or bench.together
        self.tenant_id = bench.tenant_id
        self.chance = random.Random(seed)
        self.coupons: list[tuple[int, str, Purchased]] = []
        self.transfers: list[str] = []
        self.documents: list[str] = []
        self.purchases: list[str] = [""]
        self.answered = self.refused = 0
        self._enrolled = 0
        self._waiting: list[tuple[commands.Command, Callable[[Any], None]]] = []
        if beside is None:
            self._define()
        else:
            self.levels, self.rewards = beside.levels, beside.rewards
        self._ways = [
            *[self._add] * 4,
            *[self._spend] * 3,
            *[self._purchase] * 4,
            *[self._buy] * 4,
            *[self._coupon] * 3,
            *[self._act] * 3,
            self._move,
            self._return,
            self._assign,
            self._earn,
            self._join,
            self._edit,
            self._stand,
            self._level,
            self._invite,
            self._redefine,
            self._cancel,
        ]

    def play(self, moves: int, *, is_alone: bool = True) -> None:
        """Do so many things, some together; the clockwork comes by now and then."""
        for move in range(moves):
            self.chance.choice(self._ways)()
            if len(self._waiting) >= _GROUP:
                self.send()
            if is_alone and move % 40 == 39:
                self._pass()
            if move % 100 == 99:
                self._forget()
        if is_alone:
            self._pass()
        self.send()

    def send(self) -> None:
        waiting, self._waiting = self._waiting, []
        self.bench.clock.moment += SECOND
        outcomes = self._together(*(command for command, _ in waiting))
        for (command, keep), outcome in zip(waiting, outcomes, strict=True):
            assert not isinstance(outcome, (StoreError, Defect)), (command, outcome)
            if isinstance(outcome, GuerdonError):
                self.refused += 1
            else:
                self.answered += 1
                keep(outcome)

    # --- the programme ----------------------------------------------------------------------------

    def _one(self, make: type[commands.Command], *values: Any, **more: Any) -> Any:
        return self.bench.do(make(self.tenant_id, 0, *values, **more))

    def _defined(self, kind: str, **body: Any) -> str:
        return str(self._one(Define, kind, json.dumps(body)).definition_id)

    def _define(self) -> None:
        for name, value in (("programme.timezone", "Europe/Madrid"), ("points.days_active", 30)):
            self._one(commands.ChangeSetting, name, json.dumps(value))
        self._one(commands.ChangeSetting, "points.expiry", '"after_x_days"')
        self.levels = [
            self._defined("Level", conditionValue=least, reward={"value": least / 1_000})
            for least in (0, 50, 200)
        ]
        for criterion in (
            {"type": "bought_skus", "skuIds": ["A"]},
            {"type": "last_purchase_n_days_before", "days": 5},
            {"type": "transaction_amount", "fromAmount": 100},
        ):
            self._defined("Segment", parts=[{"criteria": [criterion]}])
        limit = {"active": True, "period": "day", "limit": 2}
        always = {"name": "Ω", "allTimeActive": True}
        greeting = {"eventName": "grüßen", "pointsAmount": 1_50, "limit": limit}
        self._defined("Rule", type="custom_event", **greeting, **always)
        self._defined("Rule", type="points", pointValue=1_0000, **always)
        self._defined("Rule", type="qrcode", code="Q", pointsAmount=50, **always)
        register = {"eventName": "register", "rewardType": "both", "pointsAmount": 2_00}
        self._defined("Rule", type="referral", **register, **always)
        days = {"daysInactive": 1, "daysValid": 4}
        self.rewards = [
            self._reward(tuple("abcdefghij"), reward="gift_code", costInPoints=3_00, **days),
            self._reward(tuple("kl"), reward="gift_code", limit=3, limitPerUser=1),
            self._reward(None, reward="cashback", pointValue=2_0000),
            self._reward(
                None, reward="percentage_discount_code", transactionPercentageValue=10_0000
            ),
        ]
        for at in range(PEOPLE):
            profile = json.dumps({"firstName": f"P{at}", "email": f"p{at}@example.com"})
            names = (("external", f"p{at}"), ("email", f"p{at}@example.com"))
            self._one(commands.RegisterMember, names, profile)
        self.bench.settle()

    def _reward(self, codes: tuple[str, ...] | None, **body: Any) -> str:
        whole = {"translations": {"en": {"name": "R"}}, "unlimited": "limit" not in body, **body}
        return str(self._one(DefineReward, json.dumps(whole), codes=codes).definition_id)

    # --- what is done with it ---------------------------------------------------------------------

    def _do(
        self,
        make: type[commands.Command],
        *values: Any,
        keep: Callable[[Any], None] = lambda _: None,
        **more: Any,
    ) -> None:
        self._waiting.append((make(self.tenant_id, 0, *values, **more), keep))

    def _who(self) -> int:
        return self.chance.randint(1, PEOPLE)

    def _amount(self) -> int:
        return self.chance.choice((1, 99, 1_00, self.chance.randint(1, 20_00)))

    def _add(self) -> None:
        days = self.chance.choice((None, None, 2, 9))
        self._do(
            AddPoints,
            self._who(),
            self._amount(),
            validity_days=days,
            keep=lambda made: self.transfers.append(made.transfer_id),
        )

    def _spend(self) -> None:
        kind = self.chance.choice((SpendPoints, SpendPoints, BlockPoints, ReturnPoints))
        keep = lambda made: self.transfers.append(getattr(made, "transfer_id", ""))  # noqa: E731
        self._do(kind, self._who(), self._amount(), keep=keep)

    def _move(self) -> None:
        self._do(TransferPoints, self._who(), self._who(), self._amount())

    def _cancel(self) -> None:
        if self.chance.random() < 0.2:
            self._do(ResetPoints, self._who())
        elif self.transfers:
            self._do(CancelPointsTransfer, self.chance.choice(self.transfers))

    def _items(self) -> tuple[Item, ...]:
        picked = self.chance.sample(SKUS, self.chance.randint(1, 2))
        return tuple(
            Item(sku, sku, 1, self.chance.randint(1, 90) * 10_000, "c", "M", (("k", sku),))
            for sku in picked
        )

    def _purchase(self) -> None:
        document = f"d{self.seed}-{len(self.documents)}"
        self.documents.append(document)
        buyer = self.chance.choice(({}, {"email": f"p{self._who()}@example.com", "name": "N"}))
        number = self._who() if self.chance.random() < 0.5 else 0
        at = self.bench.clock.moment - self.chance.randint(0, 3) * DAY
        self._do(
            RegisterPurchase,
            document,
            at,
            self._items(),
            json.dumps(buyer),
            number=number,
            labels=(("l", "1"),),
            keep=lambda made: self.purchases.append(made.purchase_id),
        )

    def _return(self) -> None:
        if self.documents:
            original = self.chance.choice(self.documents)
            name = f"r{self.seed}-{len(self.documents)}"
            self.documents.append(name)
            more = {"is_return": True, "revised_document": original}
            self._do(RegisterPurchase, name, self.bench.clock.moment, self._items(), **more)

    def _assign(self) -> None:
        if self.documents:
            document = self.chance.choice(self.documents)
            self._do(AssignPurchase, document, self._who())
            self._do(LabelPurchase, (("n", "ü"),), document_number=document, is_added=True)

    def _buy(self) -> None:
        reward_id, number = self.chance.choice(self.rewards), self._who()
        if reward_id == self.rewards[2]:
            self._do(RedeemCashback, number, self._amount(), reward_id)
            return
        percentage = reward_id == self.rewards[3]
        purchase = self.chance.choice(self.purchases) or None
        self._do(
            BuyReward,
            number,
            reward_id,
            self.chance.choice((1, 1, 2)),
            "admin" if percentage else "customer",
            transaction_id=purchase if percentage else None,
            keep=lambda made: self.coupons.extend((number, reward_id, each) for each in made),
        )

    def _coupon(self) -> None:
        if not self.coupons:
            return
        number, reward_id, coupon = self.chance.choice(self.coupons)
        way = self.chance.random()
        if way < 0.6:
            used = self.chance.random() < 0.7
            purchase = self.chance.choice(self.purchases) or None if used else None
            row = UsageChange(number, reward_id, coupon.coupon_id, coupon.code, used, purchase)
            self._do(ChangeCouponUsage, (row,))
        elif way < 0.9:
            status = self.chance.choice(("ordered", "canceled", "shipped", "delivered"))
            self._do(ChangeDeliveryStatus, number, coupon.coupon_id, status)
        else:
            self._do(ReportCashback, number, coupon.coupon_id, "paytm", "failed")

    def _act(self) -> None:
        names = [f"p{self._who()}" for _ in range(self.chance.randint(1, 4))]
        command = ingest(self.tenant_id, names, type=self.chance.choice(TYPES))
        self._waiting.append((command, lambda _: None))

    def _earn(self) -> None:
        self._do(ReportEvent, self._who(), "grüßen")
        self._do(UseCode, self._who(), self.chance.choice("QX"))

    def _join(self) -> None:
        self._enrolled += 1
        profile = {"firstName": "Ü", "email": f"new{self._enrolled}@example.com"}
        by = self.chance.choice(("admin", "self"))
        referrer = self.chance.choice(("", f"p{self._who()}@example.com"))
        self._do(EnrolMember, by, json.dumps(profile), password_hash="h", referrer_email=referrer)

    def _edit(self) -> None:
        number = self._who()
        changes = self.chance.choice(
            (
                {"lastName": "Ł"},
                {"lastName": None, "agreement2": True},
                {"address": {"city": "Łódź"}, "birthDate": "1990-02-28"},
                {"email": f"p{self.chance.randint(0, PEOPLE)}@example.com"},
            )
        )
        self._do(EditMember, number, json.dumps(changes))
        self._do(credentials.ChangeMemberPassword, number, "hash")

    def _stand(self) -> None:
        kind = self.chance.choice(
            (standing.ActivateMember, standing.ActivateMember, standing.DeactivateMember)
        )
        self._do(kind, self._who())
        self._do(standing.AddPushToken, self._who(), f"t{self.chance.randint(0, 9)}")
        self._do(credentials.RecordMemberLogin, self._who())

    def _level(self) -> None:
        if self.chance.random() < 0.6:
            self._do(MoveToLevel, self._who(), self.chance.choice(self.levels))
        else:
            self._do(RemoveManualLevel, self._who())

    def _invite(self) -> None:
        self._do(Invite, self._who(), f"new{self.chance.randint(1, 20)}@example.com")

    def _redefine(self) -> None:
        way = self.chance.randrange(4)
        if way == 0:
            code = f"more{self.chance.randint(0, 99)}"
            self._do(StockCodes, self.rewards[self.chance.randrange(2)], (code,))
        elif way == 1:
            self._do(SwitchReward, self.rewards[1], self.chance.random() < 0.7)
        elif way == 2:
            body = {"conditionValue": self.chance.choice((20, 50, 80)), "reward": {"value": 0.05}}
            self._do(Define, "Level", json.dumps(body), self.levels[1])
        else:
            self._do(Undefine, "Rule", "no such rule")

    def _pass(self) -> None:
        """Time passes, and what is due is done."""
        self.send()
        self.bench.clock.moment += self.chance.choice((1, 1, 3)) * DAY
        self.bench.settle()

    def _forget(self) -> None:
        kind = self.chance.choice((AnonymizeMember, DeleteMember))
        self._do(kind, self._who())
        self.send()
