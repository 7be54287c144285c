"""A programme and the naive one, side by side: what is done in one is done in the other as well.

Commands are sent in groups that share a commit; what each must be answered is known beforehand.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import books
import naive_programme as naive
from conformance.moves import Moves
from conformance.stores import Bench, ingest
from guerdon.clock import SECOND
from guerdon.domain.purchases import Item
from guerdon.engine import commands
from guerdon.engine.commands.definitions import Define
from guerdon.engine.commands.levels import MoveToLevel, RemoveManualLevel
from guerdon.engine.commands.points import (
    AddPoints,
    BlockPoints,
    CancelPointsTransfer,
    ResetPoints,
    SpendPoints,
    TransferPoints,
)
from guerdon.engine.commands.purchases import RegisterPurchase
from guerdon.store import levels, points, purchases

MONEY = 10_000


class Game(Moves):
    """What a few members of a tenant of their own do, and what the programme makes of it."""

    def __init__(self, bench: Bench, code: str, members: int, policy: naive.Policy) -> None:
        super().__init__(bench)
        self.code = code
        self.tenant_id = bench.tenant(code)
        known = [naive.Level(least, Fraction(least, 1_000)) for least in (0, 30, 100)]
        self.naive = naive.Programme(members, policy, known)
        self.numbers = list(self.naive.purses)
        self.documents: list[tuple[str, naive.Document]] = []
        self.blocks: list[tuple[str, int, Any]] = []
        self._set_up(policy)
        self.levels = [self._define("Level", **_level(each)) for each in known]
        self._make_rules()
        self.naive.now = bench.clock.now()
        for number in self.numbers:
            name = (("external", f"{code}-{number}"),)
            self._do(commands.RegisterMember(self.tenant_id, 0, name), "")
        self.naive.join()
        self.send_moves()
        bench.settle()

    def _set_up(self, policy: naive.Policy) -> None:
        for name, value in {
            "levels.tier_assign_type": policy.tier,
            "levels.downgrade_mode": policy.mode,
            "levels.downgrade_base": policy.base,
            "levels.downgrade_days": policy.days,
            "levels.reset_points_on_downgrade": policy.resets,
            "points.expiry": "after_x_days",
            "points.days_active": policy.days_active,
            "points.all_time_not_locked": not policy.days_locked,
            "points.days_locked": policy.days_locked,
            "purchases.excluded_level_skus": [naive.OUTSIDE],
        }.items():
            self._do(commands.ChangeSetting(self.tenant_id, 0, name, json.dumps(value)), "")
        self.send_moves()

    def _define(self, kind: str, definition_id: str = "", *, on: bool = True, **body: Any) -> str:
        define = Define(self.tenant_id, 0, kind, json.dumps(body), definition_id, on)
        return str(self.bench.do(define).definition_id)

    def _rule(self, type: str, **body: Any) -> str:
        return self._define("Rule", type=type, name=type, allTimeActive=True, **body)

    def _make_rules(self) -> None:
        label = {"key": "k", "value": "v"}
        self._rule(
            "points",
            pointValue=int(naive.RATE * MONEY),
            minOrderValue=naive.LEAST * MONEY,
            excludedSKUs=[naive.OUTSIDE],
        )
        self._rule("multiply_for_product", multiplier=2 * MONEY, skuIds=[naive.DOUBLED])
        multiplier = int(naive.LABELLED * MONEY)
        self._rule(
            "multiply_by_product_labels", labelMultipliers=[{**label, "multiplier": multiplier}]
        )
        second = [self.levels[1]]
        preferred = {"pointsAmount": naive.FOR_PREFERRED, "skuIds": [naive.PREFERRED]}
        self._rule("product_purchase", levels=second, **preferred)
        first = "oloy.transaction.customer_first_transaction"
        self._rule("event", eventName=first, pointsAmount=naive.FIRST)
        limit = {"active": True, "period": "day", "limit": naive.SEEN_A_DAY}
        self._rule("custom_event", eventName="seen", pointsAmount=naive.SEEN, limit=limit)
        self._special = {
            "type": "custom_event",
            "name": "special",
            "allTimeActive": True,
            "eventName": "seen",
            "pointsAmount": naive.SPECIAL,
            "levels": second,
        }
        self._special_id = self._define("Rule", **self._special)

    # --- moves ------------------------------------------------------------------------------------

    def buy(self, number: int, lines: tuple[naive.Line, ...]) -> None:
        document = f"{self.code}-d{len(self.documents)}"
        self.documents.append((document, self.naive.buy(number, lines)))
        self._do(self._document(number, document, lines), "")

    def bring_back(self, which: int, lines: tuple[naive.Line, ...]) -> None:
        if self.documents:
            document, original = self.documents[which % len(self.documents)]
            name = f"{document}-r{len(original.returns)}"
            self.naive.bring_back(original, lines)
            more = {"is_return": True, "revised_document": document}
            self._do(self._document(original.number, name, lines, **more), "")

    def _document(
        self, number: int, document: str, lines: Sequence[naive.Line], **more: Any
    ) -> commands.Command:
        at = self.bench.clock.now()
        items = tuple(map(_item, lines))
        return RegisterPurchase(self.tenant_id, 0, document, at, items, number=number, **more)

    def add(self, number: int, amount: int) -> None:
        self.naive.give(number, amount)
        self._do(AddPoints(self.tenant_id, 0, number, amount), "")

    def spend(self, number: int, amount: int) -> None:
        expected = self.naive.spend(number, amount)
        self._look(expected, number)
        self._do(SpendPoints(self.tenant_id, 0, number, amount), expected)

    def send(self, sender: int, receiver: int, amount: int) -> None:
        expected = self.naive.send(sender, receiver, amount)
        self._look(expected, sender, receiver)
        self._do(TransferPoints(self.tenant_id, 0, sender, receiver, amount), expected)

    def block(self, number: int, amount: int) -> None:
        block = self.naive.block(number, amount)
        expected = block if isinstance(block, str) else ""
        self._look(expected, number)
        self._do(
            BlockPoints(self.tenant_id, 0, number, amount),
            expected,
            lambda transfer_id: self.blocks.append((transfer_id, number, block)),
        )

    def release(self, which: int) -> None:
        self.send_moves()
        if self.blocks:
            transfer_id, number, block = self.blocks[which % len(self.blocks)]
            before = self._worth(number)
            expected = self.naive.release(number, block)
            self._look_if_changed(number, before)
            self._do(CancelPointsTransfer(self.tenant_id, 0, transfer_id), expected)

    def cancel(self, number: int, which: int) -> None:
        """Cancel what came in, in whatever way."""
        self.send_moves()
        lots = [lot for lot in self.naive.purses[number].lots if lot.kind == "added"]
        found = self.bench.ask(
            lambda rows: points.of_member(rows, self.tenant_id, number, limit=10_000)
        )
        transfers = [each.transfer_id for each in found if each.kind == "adding"]
        assert len(transfers) == len(lots)
        if lots:
            before = self._worth(number)
            expected = self.naive.cancel(lots[which % len(lots)])
            self._look_if_changed(number, before)
            transfer_id = transfers[which % len(lots)]
            self._do(CancelPointsTransfer(self.tenant_id, 0, transfer_id), expected)

    def reset(self, number: int) -> None:
        before = self._worth(number)
        self.naive.reset(number)
        self._look_if_changed(number, before)
        self._do(ResetPoints(self.tenant_id, 0, number), "")

    def set_level(self, number: int, level: int) -> None:
        self.naive.set_by_hand(number, level)
        self._do(MoveToLevel(self.tenant_id, 0, number, self.levels[level]), "")

    def unset_level(self, number: int) -> None:
        expected = self.naive.unset_by_hand(number)
        self._do(RemoveManualLevel(self.tenant_id, 0, number), expected)

    def see(self, number: int) -> None:
        self.naive.see(number)
        self._do(ingest(self.tenant_id, [f"{self.code}-{number}"]), "")

    def switch_special(self) -> None:
        self.naive.is_special = on = not self.naive.is_special
        body = json.dumps(self._special)
        self._do(Define(self.tenant_id, 0, "Rule", body, self._special_id, on), "")

    def wait(self, hours: int, *, is_noticed: bool) -> None:
        """Time passes; the clockwork comes by, or has not yet."""
        self.send_moves()
        self.bench.clock.moment += hours * 3_600 * SECOND
        self.naive.now = self.bench.clock.now()
        if is_noticed:
            self.bench.settle()
            self.naive.come_by()

    def _look(self, refused: str, *numbers: int) -> None:
        for number in () if refused else numbers:
            self.naive.look_at_points(number)

    def _look_if_changed(self, number: int, before: tuple[int, int]) -> None:
        if self._worth(number) != before:
            self.naive.look_at_points(number)

    def _worth(self, number: int) -> tuple[int, int]:
        return self.naive.available(number), self.naive.earned(number)

    # --- both -------------------------------------------------------------------------------------

    def agree(self) -> None:
        """Both programmes hold the same, and the books of the real one add up."""
        self.send_moves()
        for number in self.numbers:
            held = self.bench.ask(lambda rows, of=number: self._held(rows, of))
            assert held == self._naive(number), (number, held, self._naive(number))
        self.bench.ask(lambda rows: books.balance(rows, self.tenant_id))

    def _held(self, rows: Any, number: int) -> dict[str, Any]:
        account = points.account(rows, self.tenant_id, number, self.bench.clock.now())
        place = levels.of_member(rows, self.tenant_id, number)
        bought = purchases.total_of(rows, self.tenant_id, number)
        assert account is not None
        assert place is not None
        return {
            "available": account.available,
            "locked": account.locked,
            "blocked": account.blocked,
            "debt": account.debt,
            "earned": account.earned,
            "level": self.levels.index(place.level_id or ""),
            "manual": place.manual_level_id,
            "purchases": bought.purchases,
            "gross": Fraction(bought.gross, MONEY),
        }

    def _naive(self, number: int) -> dict[str, Any]:
        ledger, place = self.naive, self.naive.places[number]
        bought = ledger.bought[number]
        return {
            "available": ledger.available(number),
            "locked": ledger.locked(number),
            "blocked": ledger.blocked(number),
            "debt": ledger.purses[number].owed,
            "earned": ledger.earned(number),
            "level": place.level,
            "manual": None if place.manual is None else self.levels[place.manual],
            "purchases": sum(each.left() > 0 for each in bought),
            "gross": sum((each.left() for each in bought), Fraction()),
        }


def _level(level: naive.Level) -> dict[str, Any]:
    return {"conditionValue": level.condition, "reward": {"value": float(level.reward)}}


def _item(line: naive.Line) -> Item:
    labels = (("k", "v"),) if line.is_labelled else ()
    return Item(line.sku, line.sku, 1, int(line.gross * MONEY), "c", labels=labels)
