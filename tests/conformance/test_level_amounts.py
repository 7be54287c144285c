"""What a level is made of: purchases, less what came back of them and what does not count."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.history import exported
from conformance.stores import Bench
from conformance.test_levels import Programme
from guerdon.domain.purchases import Item
from guerdon.engine import commands
from guerdon.engine.commands.purchases import RegisterPurchase
from guerdon.store import purchases


@pytest.mark.parametrize("without_delivery", [False, True])
def test_what_came_back_whole_in_other_lines_takes_nothing_from_other_purchases(
    bench: Bench, without_delivery: bool
) -> None:
    programme = Programme(bench, exclude_delivery_costs=without_delivery)
    for name, skus in (("delivery", '["DEL"]'), ("level", '["DEL", "GIFT"]')):
        setting = f"purchases.excluded_{name}_skus"
        bench.do(commands.ChangeSetting(programme.tenant_id, 0, setting, skus))
    _, silver, _ = programme.three()
    number = bench.member(("card", "1"))

    def documents(document: str, prices: dict[str, int], **more: Any) -> None:
        items = tuple(Item(sku, sku, 1, price * 10_000, "c") for sku, price in prices.items())
        now = bench.clock.moment
        bench.do(
            RegisterPurchase(programme.tenant_id, 0, document, now, items, number=number, **more)
        )

    documents("d-1", {"A": 80, "GIFT": 20, "DEL": 10})
    back = {"is_return": True, "revised_document": "d-1"}
    documents("r-1", {"REFUND": 60}, **back)
    documents("r-2", {"REFUND": 50}, **back)
    total = bench.ask(lambda rows: purchases.total_of(rows, programme.tenant_id, number))
    assert (total.gross, total.gross_without_delivery, total.excluded_for_level) == (0, 0, 0)
    documents("d-2", {"A": 100})
    assert programme.of(number) == silver
    before = exported(bench)
    bench.do(commands.RebuildState(programme.tenant_id, 0))
    assert exported(bench)["purchase_total"] == before["purchase_total"]
