"""Levels through the engine: who moves when, what is decided, and what is counted."""

from __future__ import annotations

import json
from typing import Any

import pytest

from conformance.history import exported
from conformance.stores import START, Bench
from guerdon import limits
from guerdon.clock import DAY
from guerdon.domain.purchases import Item
from guerdon.engine import commands
from guerdon.engine.commands.definitions import Define, Undefine
from guerdon.engine.commands.erasure import DeleteMember
from guerdon.engine.commands.levels import MoveToLevel, RemoveManualLevel
from guerdon.engine.commands.points import AddPoints, CancelPointsTransfer, SpendPoints
from guerdon.engine.commands.purchases import RegisterPurchase
from guerdon.errors import NotFound, Refused
from guerdon.store import levels, points, purchases

MOVED = "OpenLoyalty.Domain.User.Event.CustomerWasMovedToLevel"
RECALCULATED = "OpenLoyalty.Domain.User.Event.CustomerLevelWasRecalculated"
RESET = "OpenLoyalty.Domain.Account.Event.PointsHasBeenReset"


class Programme:
    """A tenant with levels, and short words for what happens in it."""

    def __init__(self, bench: Bench, **settings: Any) -> None:
        self.bench = bench
        self.tenant_id = bench.tenant_id
        for name, value in settings.items():
            self.set(name, value)

    def set(self, name: str, value: Any) -> None:
        name = f"levels.{name}"
        self.bench.do(commands.ChangeSetting(self.tenant_id, 0, name, json.dumps(value)))

    def level(
        self, condition: int, reward: float, *, level_id: str = "", active: bool = True
    ) -> str:
        body = {"conditionValue": condition, "reward": {"value": reward}}
        define = Define(self.tenant_id, 0, "Level", json.dumps(body), level_id, active)
        return self.bench.do(define).definition_id

    def three(self) -> tuple[str, str, str]:
        return self.level(0, 0), self.level(100, 0.05), self.level(500, 0.1)

    def adds(self, number: int, whole: int) -> str:
        return self.bench.do(AddPoints(self.tenant_id, 0, number, whole * 100)).transfer_id

    def spends(self, number: int, whole: int) -> None:
        self.bench.do(SpendPoints(self.tenant_id, 0, number, whole * 100))

    def buys(self, number: int, document: str, whole: int, **more: Any) -> None:
        items = (Item(more.pop("sku", "A"), "thing", 1, whole * 10_000, more.pop("category", "c")),)
        self.bench.do(
            RegisterPurchase(
                self.tenant_id, 0, document, self.bench.clock.moment, items, number=number, **more
            )
        )

    def moves_by_hand(self, number: int, level_id: str) -> None:
        self.bench.do(MoveToLevel(self.tenant_id, 0, number, level_id, "admin:1"))

    def of(self, number: int) -> str | None:
        found = self.place(number)
        return found.level_id if found else None

    def place(self, number: int) -> Any:
        return self.bench.ask(lambda rows: levels.of_member(rows, self.tenant_id, number))

    def totals(self) -> dict[str, int]:
        return self.bench.ask(lambda rows: levels.totals(rows, self.tenant_id))

    def available(self, number: int) -> int:
        now = self.bench.clock.moment
        return self.bench.ask(
            lambda rows: points.account(rows, self.tenant_id, number, now)
        ).available

    def decided(self, *types: str) -> list[Any]:
        rows = self.bench.ask(
            lambda rows: rows.all(
                "decisions_from", **{"tenant_id": self.tenant_id, "from": 1, "limit": 10_000}
            )
        )
        return [(row[1], json.loads(row[5])) for row in rows if row[1] in types]

    def later(self, days: int) -> None:
        self.bench.clock.moment += days * DAY
        self.bench.settle()


def test_whoever_joins_begins_at_the_level_of_nothing(bench: Bench) -> None:
    programme = Programme(bench)
    before = bench.member(("card", "1"))
    assert programme.place(before) is None
    _, silver, _ = programme.level(50, 0.5), programme.level(0, 0.1), programme.level(0, 0.05)
    number = bench.member(("card", "2"))
    assert programme.of(number) == silver
    ((_, first),) = programme.decided(MOVED)
    assert first["levelId"] == {"levelId": silver}
    assert "oldLevelId" not in first
    assert (first["manually"], first["removeLevelManually"]) == (False, False)
    place = programme.place(number)
    assert (place.window_from, place.manual_level_id, place.recalculated_at) == (START, None, None)
    # And whoever was there already is taken along in the background.
    bench.settle()
    assert programme.of(before) == silver
    assert programme.totals() == {silver: 2}


def test_purchases_raise_and_returns_lower_whatever_the_mode(bench: Bench) -> None:
    programme = Programme(bench, downgrade_mode="none")
    bronze, silver, gold = programme.three()
    number = bench.member(("card", "1"))
    programme.buys(number, "d-1", 99)
    assert programme.of(number) == bronze
    programme.buys(number, "d-2", 1)
    assert programme.of(number) == silver
    programme.buys(number, "d-3", 900)
    assert programme.of(number) == gold
    # Points have no say in it.
    programme.adds(number, 10_000)
    programme.spends(number, 10_000)
    programme.buys(number, "r-3", 900, is_return=True, revised_document="d-3")
    assert programme.of(number) == silver
    assert programme.totals() == {bronze: 0, silver: 1, gold: 0}
    assert [each["oldLevelId"]["levelId"] for _, each in programme.decided(MOVED)[1:]] == [
        bronze,
        silver,
        gold,
    ]


def test_delivery_that_is_excluded_for_levels_too_is_taken_off_once(bench: Bench) -> None:
    programme = Programme(bench, exclude_delivery_costs=True)
    for name in ("delivery", "level"):
        setting = f"purchases.excluded_{name}_skus"
        bench.do(commands.ChangeSetting(programme.tenant_id, 0, setting, '["DEL"]'))
    bronze, silver, _ = programme.three()
    number = bench.member(("card", "1"))
    goods, delivery = Item("A", "A", 1, 100 * 10_000, "c"), Item("DEL", "DEL", 1, 10 * 10_000, "c")

    def documents(document: str, *items: Item, **more: Any) -> None:
        now = bench.clock.moment
        bench.do(
            RegisterPurchase(programme.tenant_id, 0, document, now, items, number=number, **more)
        )

    documents("d-1", goods, delivery)
    assert programme.of(number) == silver
    bench.do(commands.RebuildState(programme.tenant_id, 0))
    documents("d-2", delivery)
    documents("r-2", delivery, is_return=True, revised_document="d-2")
    documents("s-2", delivery, is_return=True, revised_document="d-2")
    assert programme.of(number) == silver
    # The setting may change: with delivery counted, it is excluded for levels alone.
    programme.set("exclude_delivery_costs", False)
    bench.settle()
    assert programme.of(number) == silver
    documents("r-1", goods, delivery, is_return=True, revised_document="d-1")
    assert programme.of(number) == bronze


def test_a_counter_that_is_only_looked_at_is_not_written(bench: Bench) -> None:
    programme = Programme(bench, exclude_delivery_costs=True)
    programme.three()
    number = bench.member(("card", "1"))
    programme.buys(number, "d-1", 100)
    before = exported(bench)["counter"]
    assert purchases.excluded_delivery(number) not in {name for _, name, _ in before[1]}
    bench.do(commands.RebuildState(programme.tenant_id, 0))
    assert exported(bench)["counter"] == before


def test_points_raise_at_once_and_lower_only_where_the_programme_says_so(bench: Bench) -> None:
    programme = Programme(bench, tier_assign_type="points")
    bronze, silver, gold = programme.three()
    number = bench.member(("card", "1"))
    programme.adds(number, 100)
    assert programme.of(number) == silver
    programme.spends(number, 1)
    assert programme.of(number) == bronze
    programme.set("downgrade_mode", "none")
    programme.adds(number, 401)
    assert programme.of(number) == gold
    programme.spends(number, 500)
    assert programme.of(number) == gold
    # What was earned counts when that is the base, and a canceled transfer was not.
    programme.set("downgrade_base", "earned_points")
    programme.set("downgrade_mode", "automatic")
    other = bench.member(("card", "2"))
    transfer = programme.adds(other, 400)
    programme.adds(other, 100)
    programme.spends(other, 500)
    assert programme.of(other) == gold
    late = bench.member(("card", "3"))
    programme.adds(late, 100)
    canceled = programme.adds(late, 400)
    assert programme.of(late) == gold
    bench.do(CancelPointsTransfer(programme.tenant_id, 0, canceled))
    assert programme.of(late) == silver
    assert transfer != canceled


def test_nobody_falls_between_levels_with_one_reward_before_they_may(bench: Bench) -> None:
    programme = Programme(bench, tier_assign_type="points", downgrade_mode="none")
    low, high = programme.level(0, 0), programme.level(100, 0)
    number = bench.member(("card", "1"))
    programme.adds(number, 150)
    programme.spends(number, 100)
    assert programme.of(number) == high
    programme.set("downgrade_days", 30)
    programme.set("downgrade_mode", "after_x_days")
    programme.later(20)
    assert programme.of(number) == high
    programme.later(10)
    assert programme.of(number) == low


def test_a_level_set_by_hand_is_a_floor_until_it_is_taken_back(bench: Bench) -> None:
    programme = Programme(bench, tier_assign_type="points")
    bronze, silver, gold = programme.three()
    number = bench.member(("card", "1"))
    programme.moves_by_hand(number, silver)
    assert (programme.of(number), programme.place(number).manual_level_id) == (silver, silver)
    programme.adds(number, 50)
    programme.spends(number, 50)
    assert programme.of(number) == silver
    programme.adds(number, 500)
    assert (programme.of(number), programme.place(number).manual_level_id) == (gold, silver)
    programme.spends(number, 500)
    assert programme.of(number) == silver
    bench.do(RemoveManualLevel(programme.tenant_id, 0, number, "admin:1"))
    assert (programme.of(number), programme.place(number).manual_level_id) == (bronze, None)
    with pytest.raises(Refused, match="Customer is not assigned to level manually"):
        bench.do(RemoveManualLevel(programme.tenant_id, 0, number))
    said = [(each["manually"], each["removeLevelManually"]) for _, each in programme.decided(MOVED)]
    assert said == [(False, False), (True, False), (False, False), (False, False), (False, True)]
    programme.level(500, 0.1, level_id=gold, active=False)
    with pytest.raises(Refused, match="not active"):
        programme.moves_by_hand(number, gold)
    for wrong in ((number, "no-such"), (99, silver)):
        with pytest.raises(NotFound):
            programme.moves_by_hand(*wrong)


def test_members_are_reviewed_when_their_period_is_over(bench: Bench) -> None:
    programme = Programme(
        bench, tier_assign_type="points", downgrade_mode="after_x_days", downgrade_days=30
    )
    _, silver, gold = programme.three()
    early = bench.member(("card", "1"))
    programme.adds(early, 600)
    programme.spends(early, 450)
    assert programme.of(early) == gold
    programme.later(20)
    late = bench.member(("card", "2"))
    assert programme.decided(RECALCULATED) == []
    programme.later(10)
    assert programme.of(early) == silver
    place = programme.place(early)
    assert place.window_from == place.recalculated_at == bench.clock.moment
    ((_, reviewed),) = programme.decided(RECALCULATED)
    assert list(reviewed) == ["customerId", "date"]
    assert programme.place(late).recalculated_at is None
    order = [each for each, _ in programme.decided(MOVED, RECALCULATED)]
    assert order[-2:] == [MOVED, RECALCULATED]
    # Nobody is reviewed twice for one period, and everybody again when the next one is over.
    bench.settle()
    assert len(programme.decided(RECALCULATED)) == 1
    programme.later(30)
    assert len(programme.decided(RECALCULATED)) == 3
    assert programme.available(early) == 150_00


def test_whoever_was_deleted_is_not_reviewed_any_more(bench: Bench) -> None:
    programme = Programme(
        bench, tier_assign_type="points", downgrade_mode="after_x_days", downgrade_days=30
    )
    programme.three()
    stays, goes = bench.member(("card", "1")), bench.member(("card", "2"))
    programme.later(30)
    assert len(programme.decided(RECALCULATED)) == 2
    bench.do(DeleteMember(programme.tenant_id, 0, goes))
    programme.later(30)
    assert len(programme.decided(RECALCULATED)) == 3
    before = [programme.place(number) for number in (stays, goes)]
    bench.do(commands.RebuildState(programme.tenant_id, 0))
    assert [programme.place(number) for number in (stays, goes)] == before
    programme.later(30)
    assert len(programme.decided(RECALCULATED)) == 4


def test_a_review_of_active_points_may_end_with_none_left(bench: Bench) -> None:
    programme = Programme(
        bench,
        tier_assign_type="points",
        downgrade_mode="after_x_days",
        downgrade_days=30,
        reset_points_on_downgrade=True,
    )
    _, silver, _ = programme.three()
    number = bench.member(("card", "1"))
    programme.adds(number, 100)
    programme.later(30)
    # The level is decided before the points go, and their going does not let the member fall.
    assert programme.of(number) == silver
    assert programme.available(number) == 0
    assert [each for each, _ in programme.decided(RECALCULATED, RESET)] == [RECALCULATED, RESET]


@pytest.mark.parametrize(
    ("base", "windows"),
    [("earned_points", 1), ("earned_points_since_last_level_change", 3)],
)
def test_earned_points_count_since_the_period_began(bench: Bench, base: str, windows: int) -> None:
    programme = Programme(
        bench,
        tier_assign_type="points",
        downgrade_mode="after_x_days",
        downgrade_days=30,
        downgrade_base=base,
    )
    bronze, silver, gold = programme.three()
    number = bench.member(("card", "1"))
    programme.adds(number, 120)
    assert programme.of(number) == silver
    programme.spends(number, 120)
    assert programme.of(number) == silver
    # A move begins a new period only with the second base: there 400 more are not enough.
    programme.adds(number, 400)
    assert programme.of(number) == (gold if base == "earned_points" else silver)
    programme.later(30)
    assert len(programme.decided(RECALCULATED)) == windows
    assert programme.of(number) == (gold if base == "earned_points" else silver)
    programme.later(30)
    assert programme.of(number) == bronze


def test_canceling_old_points_takes_nothing_from_the_present_period(bench: Bench) -> None:
    programme = Programme(
        bench,
        tier_assign_type="points",
        downgrade_mode="after_x_days",
        downgrade_days=30,
        downgrade_base="earned_points",
    )
    bronze, silver, _ = programme.three()
    number = bench.member(("card", "1"))
    old, early = programme.adds(number, 100), programme.adds(number, 70)
    bench.do(CancelPointsTransfer(programme.tenant_id, 0, early))
    assert programme.place(number).earned_before == 0
    for name, value in (("points.all_time_not_locked", "false"), ("points.days_locked", "5")):
        bench.do(commands.ChangeSetting(programme.tenant_id, 0, name, value))
    programme.later(29)
    locked = programme.adds(number, 40)
    programme.later(1)
    assert programme.place(number).earned_before == 100_00
    bench.do(commands.ChangeSetting(programme.tenant_id, 0, "points.days_locked", "0"))
    new = programme.adds(number, 120)
    bench.clock.moment += 5 * DAY
    bench.settle()
    # Of what is canceled, only what was earned in the period is missing in it.
    bench.do(CancelPointsTransfer(programme.tenant_id, 0, old))
    bench.do(CancelPointsTransfer(programme.tenant_id, 0, locked))
    assert programme.place(number).earned_before == 0
    programme.later(25)
    assert programme.of(number) == silver
    assert programme.place(number).earned_before == 120_00
    before = programme.place(number)
    bench.do(CancelPointsTransfer(programme.tenant_id, 0, new))
    assert programme.place(number).earned_before == 0
    places = [programme.place(number)]
    bench.do(commands.RebuildState(programme.tenant_id, 0))
    assert [programme.place(number)] == places
    assert before.level_id == silver
    programme.later(30)
    assert programme.of(number) == bronze


def test_changed_levels_are_carried_to_everybody_in_slices(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "sweep_members_max", 3)
    programme = Programme(bench, tier_assign_type="points", downgrade_mode="none")
    bronze, silver, gold = programme.three()
    numbers = [bench.member(("card", str(at))) for at in range(7)]
    for number in numbers:
        programme.adds(number, 100)
    assert programme.totals() == {bronze: 0, silver: 7}
    bench.settle()
    # A level that is easier to reach raises; one that is gone is left, whatever the mode.
    programme.level(100, 0.1, level_id=gold)
    bench.settle()
    assert programme.totals() == {bronze: 0, silver: 0, gold: 7}
    bench.do(Undefine(programme.tenant_id, 0, "Level", gold))
    programme.level(100, 0.05, level_id=silver, active=False)
    bench.settle()
    assert programme.totals() == {bronze: 7, silver: 0, gold: 0}
    moves = len(programme.decided(MOVED))
    bench.settle()
    assert len(programme.decided(MOVED)) == moves
    # So does a setting that says otherwise what counts.
    programme.level(100, 0.05, level_id=silver)
    bench.settle()
    assert programme.totals()[silver] == 7
    programme.set("tier_assign_type", "transactions")
    bench.settle()
    assert programme.totals() == {bronze: 7, silver: 0, gold: 0}
    members = bench.ask(
        lambda rows: levels.members(rows, programme.tenant_id, bronze, limit=3, offset=2)
    )
    assert members == numbers[2:5]


def test_a_rebuild_gives_the_same_places_and_counts(bench: Bench) -> None:
    programme = Programme(
        bench,
        tier_assign_type="points",
        downgrade_mode="after_x_days",
        downgrade_base="earned_points_since_last_level_change",
        downgrade_days=30,
    )
    _, silver, _ = programme.three()
    numbers = [bench.member(("card", str(at))) for at in range(3)]
    programme.adds(numbers[0], 150)
    programme.moves_by_hand(numbers[1], silver)
    programme.later(40)

    def state() -> Any:
        return [programme.place(number) for number in numbers], programme.totals()

    before = state()
    bench.do(commands.RebuildState(programme.tenant_id, 0))
    assert state() == before
    assert before[0][0].earned_before == 150_00


def test_earned_points_count_whether_or_not_they_are_still_there(bench: Bench) -> None:
    programme = Programme(bench, tier_assign_type="points", downgrade_base="earned_points")
    bronze, silver, _ = programme.three()
    number = bench.member(("card", "1"))
    canceled = programme.adds(number, 150)
    programme.spends(number, 150)
    assert programme.of(number) == silver
    bench.do(CancelPointsTransfer(programme.tenant_id, 0, canceled))
    assert programme.of(number) == bronze


def test_points_that_a_debt_takes_when_they_are_unlocked_are_earned(bench: Bench) -> None:
    programme = Programme(bench, tier_assign_type="points", downgrade_base="earned_points")
    _, silver, _ = programme.three()
    number = bench.member(("card", "1"))
    rule = {"type": "points", "name": "r", "allTimeActive": True, "pointValue": 10_000}
    bench.do(Define(programme.tenant_id, 0, "Rule", json.dumps(rule), "", active=True))
    programme.buys(number, "d-1", 50)
    programme.spends(number, 50)
    programme.buys(number, "r-1", 50, is_return=True, revised_document="d-1")
    assert programme.of(number) != silver
    bench.settle()
    for name, value in (("points.all_time_not_locked", "false"), ("points.days_locked", "3")):
        bench.do(commands.ChangeSetting(programme.tenant_id, 0, name, value))
    programme.adds(number, 50)
    programme.later(3)
    assert programme.available(number) == 0
    assert programme.of(number) == silver
