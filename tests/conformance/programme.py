"""Rules and members for tests of earning: defined and told apart in a line each."""

from __future__ import annotations

import json
from typing import Any

from guerdon.domain.purchases import Item
from guerdon.engine import commands
from guerdon.engine.commands.definitions import Define
from guerdon.engine.commands.purchases import RegisterPurchase
from guerdon.store import decisions, points

MONEY = 10_000
AT = 1_700_000_000_000_000


class Programme:
    """One tenant's programme in a house."""

    def __init__(self, house: Any, tenant_id: int = 0) -> None:
        self.house = house
        self.tenant_id = tenant_id or house.tenant_id

    def rule(self, type: str, name: str = "", *, rule_id: str = "", on: bool = True, **body: Any):
        """A rule's id. Points are given in whole ones."""
        whole = {"type": type, "name": name or type, "allTimeActive": True, **body}
        if "points" in whole:
            whole["pointsAmount"] = whole.pop("points") * 100
        define = Define(self.tenant_id, 0, "Rule", json.dumps(whole), rule_id, on)
        return self.house.execute(define).definition_id

    def member(self, name: str) -> int:
        """An active member's number."""
        identity = (("external", name),)
        return self.house.execute(commands.RegisterMember(self.tenant_id, 0, identity)).number

    def does(self, name: str, *types: str, **more: Any) -> None:
        """A member's activities, of types that may be new."""
        items = tuple(commands.Item(each, (("external", name),), **more) for each in types)
        self.house.execute(
            commands.Ingest(self.tenant_id, 0, "conscent", items, unknown_type="add")
        )

    def buys(self, number: int, document: str, *items: Item, **more: Any) -> str:
        bought = RegisterPurchase(
            self.tenant_id, 0, document, more.pop("at", AT), items, number=number, **more
        )
        return self.house.execute(bought).purchase_id

    def balance(self, number: int) -> float:
        """In whole points."""
        now = self.house.clock.now()
        account = self.house.read(lambda rows: points.account(rows, self.tenant_id, number, now))
        return account.available / 100

    def transfers(self, number: int) -> list[Any]:
        """What a member was given, oldest first: points, comment, explanation."""
        found = [
            each["pointsTransfer"]
            for each in self.decided("OpenLoyalty.Domain.Account.Event.PointsWereAdded", number)
        ]
        return [(each["value"], each.get("comment")) for each in found]

    def decided(self, type: str, number: int | None = None) -> list[Any]:
        """The payloads of a type's decisions, oldest first."""
        found = self.house.read(
            lambda rows: decisions.page(
                rows, self.house.engine.vault, self.tenant_id, start=1, limit=1_000, type=type
            )
        )
        return [json.loads(e.payload) for e in found if number is None or e.number == number]

    def explained(self, number: int) -> list[list[Any]]:
        """Of each transfer: what each rule gave or why not."""
        found = self.decided("Guerdon.Points.Event.PointsWereExplained", number)
        return [
            [(each["name"], each.get("reason") or each["value"]) for each in told["explanation"]]
            for told in found
        ]


def item(sku: str, gross: int, *labels: tuple[str, str], quantity: int = 1) -> Item:
    return Item(sku, sku, quantity, gross * MONEY, "any", labels=labels)
