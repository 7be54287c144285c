"""Segments through the engine: members come and go as they and time change."""

from __future__ import annotations

import json
from typing import Any

import pytest

from conformance.stores import Bench
from guerdon import limits
from guerdon.clock import DAY
from guerdon.domain.purchases import Item
from guerdon.engine import commands
from guerdon.engine.commands.definitions import Define, Undefine
from guerdon.engine.commands.purchases import RegisterPurchase
from guerdon.store import segments
from guerdon.store.segments import SegmentTotal

ADDED = "Guerdon.Segment.Event.MemberWasAddedToSegment"
REMOVED = "Guerdon.Segment.Event.MemberWasRemovedFromSegment"
MONEY = 10_000


class Programme:
    """A tenant with segments, and short words for what happens in it."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.tenant_id = bench.tenant_id

    def segment(self, *criteria: dict[str, Any], segment_id: str = "", active: bool = True) -> str:
        """A segment whose parts have a criterion each."""
        body = {"parts": [{"criteria": [criterion]} for criterion in criteria]}
        define = Define(self.tenant_id, 0, "Segment", json.dumps(body), segment_id, active)
        return self.bench.do(define).definition_id

    def joins(self, card: str, **profile: Any) -> int:
        text = json.dumps(profile)
        command = commands.RegisterMember(self.tenant_id, 0, (("card", card),), text)
        return self.bench.do(command).number

    def changes(self, number: int, **profile: Any) -> None:
        self.bench.do(commands.UpdateMember(self.tenant_id, 0, number, json.dumps(profile)))

    def buys(self, number: int, document: str, whole: int, **more: Any) -> None:
        item = Item(more.pop("sku", "A"), "thing", 1, whole * MONEY, "c", more.pop("maker", "ACME"))
        at = more.pop("at", self.bench.clock.moment)
        self.bench.do(
            RegisterPurchase(self.tenant_id, 0, document, at, (item,), number=number, **more)
        )

    def of(self, number: int) -> list[str]:
        return self.bench.ask(lambda rows: segments.of_member(rows, self.tenant_id, number))

    def total(self, segment_id: str) -> SegmentTotal:
        totals = self.bench.ask(lambda rows: segments.totals(rows, self.tenant_id))
        return totals.get(segment_id, SegmentTotal())

    def decided(self) -> list[tuple[str, str]]:
        rows = self.bench.ask(
            lambda rows: rows.all(
                "decisions_from", **{"tenant_id": self.tenant_id, "from": 1, "limit": 10_000}
            )
        )
        return [
            (row[1], json.loads(row[5])["segmentId"]["segmentId"])
            for row in rows
            if row[1] in (ADDED, REMOVED)
        ]

    def plans(self) -> int:
        due = self.bench.ask(
            lambda rows: rows.all(
                "segment_reviews_due", tenant_id=self.tenant_id, now=2**62, limit=100
            )
        )
        return len(due)

    def later(self, days: int) -> None:
        self.bench.clock.moment += days * DAY
        self.bench.settle()


def test_what_a_member_does_decides_where_they_belong_at_once(bench: Bench) -> None:
    programme = Programme(bench)
    buyers = programme.segment({"type": "transaction_count", "min": 2})
    fans = programme.segment(
        {"type": "bought_skus", "skuIds": ["SKU-7"]}, {"type": "bought_makers", "makers": ["Zed"]}
    )
    recent = programme.segment(
        {
            "type": "purchase_period",
            "fromDate": bench.clock.moment - DAY,
            "toDate": bench.clock.moment + DAY,
        }
    )
    number, other = programme.joins("1"), programme.joins("2")
    assert programme.of(number) == []
    programme.buys(number, "d-1", 10, at=bench.clock.moment - 2 * DAY)
    assert programme.of(number) == []
    programme.buys(number, "d-2", 30, sku="SKU-7", maker="Zed")
    assert programme.of(number) == [buyers, fans, recent]
    assert programme.of(other) == []
    assert programme.total(buyers) == SegmentTotal(1, 2, 40 * MONEY)
    programme.buys(number, "d-3", 2)
    programme.buys(other, "d-4", 1)
    programme.buys(other, "d-5", 1)
    assert programme.total(buyers) == SegmentTotal(2, 5, 44 * MONEY)
    programme.buys(other, "r-5", 1, is_return=True, revised_document="d-5")
    assert programme.of(other) == [recent]
    assert programme.total(buyers) == SegmentTotal(1, 3, 42 * MONEY)
    assert programme.decided()[:3] == [(ADDED, buyers), (ADDED, fans), (ADDED, recent)]
    assert (REMOVED, buyers) in programme.decided()
    members = bench.ask(
        lambda rows: segments.members(rows, programme.tenant_id, recent, limit=9, after=number)
    )
    assert members == [other]
    # Nothing here depends on the hour, so nothing is planned.
    assert programme.plans() == 0


def test_details_decide_as_soon_as_they_change(bench: Bench) -> None:
    programme = Programme(bench)
    labelled = {"type": "customer_has_labels", "labels": [{"key": "vip", "value": None}]}
    vips = programme.segment(labelled)
    number = programme.joins("1", labels=[{"key": "vip", "value": "1"}])
    assert programme.of(number) == [vips]
    programme.changes(number, labels=[{"key": "other", "value": "1"}])
    assert programme.of(number) == []
    # What another dialect keeps under that name is no label.
    programme.changes(number, labels="vip", birthDate=None)
    assert programme.of(number) == []


def test_time_alone_moves_whom_it_concerns_and_when(bench: Bench) -> None:
    programme = Programme(bench)
    bench.settle()
    lost = programme.segment({"type": "last_purchase_n_days_before", "days": 30})
    birthday = programme.segment({"type": "anniversary", "anniversaryType": "birthday", "days": 2})
    # The clock stands at 2023-11-14 22:13 UTC.
    number = programme.joins("1", birthDate="1980-11-20")
    programme.buys(number, "d-1", 5)
    programme.joins("2")
    assert programme.of(number) == []
    assert programme.plans() == 1
    programme.later(4)  # the 18th, two days ahead
    assert programme.of(number) == [birthday]
    programme.later(2)
    assert programme.of(number) == [birthday]
    programme.later(1)
    assert programme.of(number) == []
    programme.later(23)
    assert programme.of(number) == [lost]
    programme.buys(number, "d-2", 5)
    assert programme.of(number) == []
    programme.later(400)
    assert programme.of(number) == [lost]
    # A birthday that passed while nobody looked is over.
    assert programme.decided().count((ADDED, birthday)) == 1
    decided = len(programme.decided())
    bench.settle()
    assert len(programme.decided()) == decided


def test_a_new_changed_or_removed_segment_is_carried_to_everybody_in_slices(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "sweep_members_max", 3)
    programme = Programme(bench)
    numbers = [programme.joins(str(at)) for at in range(7)]
    for at, number in enumerate(numbers):
        programme.buys(number, f"d-{at}", at)
    wanted = {"type": "transaction_amount", "fromAmount": 3, "toAmount": 5}
    segment_id = programme.segment(wanted)
    assert programme.of(numbers[3]) == []
    bench.settle()
    assert [bool(programme.of(number)) for number in numbers] == [False] * 3 + [True] * 3 + [False]
    assert programme.total(segment_id) == SegmentTotal(3, 3, 12 * MONEY)
    programme.segment({**wanted, "fromAmount": 5}, segment_id=segment_id)
    bench.settle()
    assert programme.total(segment_id) == SegmentTotal(1, 1, 5 * MONEY)
    # Out of use it has nobody: at once for whoever asks, and soon for the counts.
    programme.segment(wanted, segment_id=segment_id, active=False)
    assert programme.of(numbers[5]) == []
    bench.settle()
    assert programme.total(segment_id) == SegmentTotal(0, 0, 0)
    programme.segment(wanted, segment_id=segment_id)
    bench.settle()
    assert programme.total(segment_id).members == 3
    bench.do(Undefine(programme.tenant_id, 0, "Segment", segment_id))
    bench.settle()
    assert programme.total(segment_id) == SegmentTotal(0, 0, 0)
    decided = programme.decided()
    assert decided.count((ADDED, segment_id)) == decided.count((REMOVED, segment_id)) == 6


def test_a_rebuild_gives_the_same_members_and_counts(bench: Bench) -> None:
    programme = Programme(bench)
    buyers = programme.segment({"type": "transaction_count", "min": 1})
    numbers = [programme.joins(str(at), birthDate="1980-11-15") for at in range(3)]
    programme.segment({"type": "anniversary", "anniversaryType": "birthday", "days": 9})
    for at, number in enumerate(numbers[:2]):
        programme.buys(number, f"d-{at}", 7)
    programme.buys(numbers[0], "d-9", 1)
    programme.buys(numbers[1], "r-1", 7, is_return=True, revised_document="d-1")
    bench.settle()

    def state() -> Any:
        return [programme.of(number) for number in numbers], programme.total(buyers)

    before = state()
    assert programme.total(buyers) == SegmentTotal(1, 2, 8 * MONEY)
    bench.do(commands.RebuildState(programme.tenant_id, 0))
    assert state() == before
    bench.settle()
    assert state() == before
