"""Background work by several processes is done once, whoever's turn it is."""

from __future__ import annotations

import contextlib
import hashlib
import json
import random
from typing import Any

import pytest

from conformance.stores import Bench, committers, ingest, only_on_postgres, only_on_sqlite
from conformance.test_activities import History
from guerdon import limits
from guerdon.clock import DAY, SECOND
from guerdon.domain.points import POINTS_WERE_EXPLAINED
from guerdon.engine import commands
from guerdon.engine.commands.definitions import Define
from guerdon.engine.committer import Committer
from guerdon.errors import StoreBusy
from guerdon.followers import index
from guerdon.followers.background import Chore, Upkeep
from guerdon.followers.lease import Lease
from guerdon.store import activities, books, decisions
from guerdon.store.port import Rows
from guerdon.store.transaction import Transaction

LEASE = limits.upkeep_lease_seconds * SECOND


class Shared(History):
    """A history whose background work is done by two processes, each when it comes by."""

    def __init__(self, bench: Bench, seed: int, other: Committer) -> None:
        super().__init__(bench, seed, batch_max=40)
        self._processes = [(bench.committer, Upkeep()), (other, Upkeep())]

    def pack(self) -> None:
        if self.random.random() < 0.1:
            # The one who holds the lease falls silent, perhaps in the middle of a batch.
            self.bench.clock.moment += LEASE + 1
        for committer, upkeep in self.random.choices(self._processes, k=6):
            upkeep.refresh()
            upkeep.slice(committer, busy=False)

    remove = pack


@pytest.mark.usefixtures("small_blocks")
def test_the_index_keeps_up_with_whatever_comes(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One slice after each group, of fewer rows than the group has while little is left."""
    monkeypatch.setattr(index, "_SLICES_BEHIND", 4)
    monkeypatch.setattr(limits, "index_batch_rows_max", 256)

    def behind(rows: Rows) -> int:
        last = activities.last_position(rows, bench.tenant_id)
        return last - activities.indexed(rows, bench.tenant_id)

    left = []
    for _ in range(300):
        bench.do(ingest(bench.tenant_id, ["ann"] * 12))
        bench.upkeep.slice(bench.committer, busy=True)
        left.append(bench.ask(behind))
    assert 48 < max(left) < 250


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("settled", [0, 40], ids=["first-batch", "later-batch"])
def test_a_journal_packed_anew_amid_a_batch_lacks_and_doubles_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, settled: int
) -> None:
    monkeypatch.setattr(index, "_MERGE_EVERY", 1_000)
    names = [f"m{number}" for number in range(200)]
    bench.do(ingest(bench.tenant_id, names))
    for _ in range(settled):
        bench.do(ingest(bench.tenant_id, names[:20]))
    if settled:
        bench.settle()
    written = 0

    def noted(point: str) -> None:
        nonlocal written
        written += point == "in_index_batch"

    monkeypatch.setattr(index, "fault", noted)
    bench.do(ingest(bench.tenant_id, names[::-1]))
    bench.upkeep.refresh()
    while not written:
        bench.upkeep.slice(bench.committer, busy=True)
    bench.do(commands.RebuildState(bench.tenant_id, 0, index=True))
    bench.do(ingest(bench.tenant_id, names[:7]))
    bench.settle()

    def found(rows: Rows) -> list[int]:
        every = range(1, len(names) + 1)
        mine = (activities.positions(rows, bench.tenant_id, number, 0) for number in every)
        return sorted(position for each in mine for position in each)

    assert bench.ask(found) == list(range(1, 2 * len(names) + 20 * settled + 8))


@pytest.mark.usefixtures("small_blocks")
def test_a_journal_to_be_packed_anew_is_packed_though_nothing_comes(bench: Bench) -> None:
    bench.do(ingest(bench.tenant_id, ["ann"] * 100))
    bench.settle()
    before = bench.ask(lambda rows: activities.indexed(rows, bench.tenant_id))
    bench.do(commands.RebuildState(bench.tenant_id, 0, index=True))
    assert bench.ask(lambda rows: activities.indexed(rows, bench.tenant_id)) == 0
    bench.clock.passed += limits.clockwork_seconds
    while bench.upkeep.slice(bench.committer, busy=False):
        pass
    assert bench.ask(lambda rows: activities.indexed(rows, bench.tenant_id)) == before > 0


@only_on_postgres
@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize(
    "seed", [0, pytest.param(1, marks=pytest.mark.slow), pytest.param(2, marks=pytest.mark.slow)]
)
def test_two_processes_that_take_turns_lose_and_double_nothing(bench: Bench, seed: int) -> None:
    with committers(bench, 1) as (other,):
        history = Shared(bench, seed, other)
        for _ in range(100):
            history.step()
            history.check()
        assert bench.ask(lambda rows: activities.indexed(rows, bench.tenant_id)) > 100


@only_on_postgres
def test_two_processes_that_take_turns_let_every_activity_earn_once_and_in_order(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "rules_slice_activities", 5)
    rule = {"type": "custom_event", "eventName": "seen", "pointsAmount": 1, "allTimeActive": True}
    bench.do(Define(bench.tenant_id, 0, "Rule", json.dumps(rule)))
    chance = random.Random(7)
    sent = [chance.choice("abc") for _ in range(120)]
    for at in range(0, len(sent), 10):
        bench.do(ingest(bench.tenant_id, sent[at : at + 10]))
    with committers(bench, 1) as (other,):
        processes = [(bench.committer, Upkeep()), (other, Upkeep())]
        for _ in range(80):
            if chance.random() < 0.3:
                # The one who holds the lease falls silent.
                bench.clock.moment += LEASE + 1
            committer, upkeep = chance.choice(processes)
            upkeep.refresh()
            upkeep.slice(committer, busy=False)
    rows = bench.ask(lambda rows: list(decisions.of_type(rows, 1, POINTS_WERE_EXPLAINED)))
    earned = [json.loads(row[5])["explanation"][0]["activity"] for row in rows]
    assert earned == list(range(1, len(sent) + 1))
    assert bench.ask(lambda rows: books.faults(rows, 1)) == []


@only_on_postgres
def test_one_process_at_a_time_holds_a_tenants_lease(bench: Bench) -> None:
    first, second = Lease(bench.tenant_id), Lease(bench.tenant_id)
    with committers(bench, 1) as (other,):
        assert bench.committer.work(first.take)
        assert not other.work(second.take)
        bench.clock.moment += LEASE - 1
        assert bench.committer.work(first.keep)
        bench.clock.moment += LEASE - 1
        assert not other.work(second.take)
        bench.clock.moment += 2
        assert other.work(second.take)
        assert not bench.committer.work(first.keep)
        assert not first.held
        assert not bench.committer.work(first.take)
        assert other.work(second.keep)


@only_on_postgres
def test_a_lease_of_which_it_is_not_known_whether_it_was_stored_is_left_alone(
    bench: Bench,
) -> None:
    lease = Lease(bench.tenant_id)
    bench.committer.work(lease.take)

    def fails(tx: Transaction) -> bool:
        lease.keep(tx)
        raise StoreBusy

    with pytest.raises(StoreBusy):
        bench.committer.work(fails)
    lease.let_go()
    assert not bench.committer.work(lease.take)
    bench.clock.moment += LEASE
    assert bench.committer.work(lease.take)
    assert bench.committer.work(lease.keep)


@only_on_postgres
def test_a_lease_by_a_clock_that_was_wrong_is_taken_over(bench: Bench) -> None:
    first, second = Lease(bench.tenant_id), Lease(bench.tenant_id)
    with committers(bench, 1) as (other,):
        bench.clock.moment += 3_650 * DAY
        assert bench.committer.work(first.take)
        assert not other.work(second.take)
        bench.clock.moment -= 3_650 * DAY
        assert other.work(second.take)
        assert not bench.committer.work(first.keep)
        bench.clock.moment += LEASE + 1
        assert bench.committer.work(first.take)
        # Whoever only is some minutes ahead is believed.
        bench.clock.moment -= limits.clock_skew_seconds_max * SECOND
        assert not other.work(second.take)
        assert bench.committer.work(first.keep)


def test_one_mail_is_owed_for_a_deletion(bench: Bench) -> None:
    bench.do(ingest(bench.tenant_id, ["m"] * 10))
    moment = bench.clock.moment
    bench.do(
        commands.DeleteActivities(
            bench.tenant_id, 0, "seen", moment, moment, notify_to="a@example.com"
        )
    )
    bench.settle()
    bench.settle()
    owed = bench.ask(lambda rows: rows.all("due_deliveries", now=2**62, limit=9))
    assert [row[2:4] for row in owed] == [("mail", "a@example.com")]


class Diary:
    """Chores that note who they were done for, each so many slices long."""

    def __init__(self, **slices: int) -> None:
        self.done: list[tuple[str, int]] = []
        self._slices = slices

    def chore(self, name: str, when: Any, **more: Any) -> Chore:
        def run(_tx: Transaction, tenant_id: int) -> bool:
            self.done.append((name, tenant_id))
            return self.done.count((name, tenant_id)) % self._slices.get(name, 1) != 0

        return Chore(name, when, run, **more)


def test_only_who_has_something_to_do_is_asked(bench: Bench) -> None:
    second = bench.tenant("b")
    diary = Diary(rules=2)
    upkeep = Upkeep(
        [diary.chore(when, when) for when in ("decisions", "time", "idle")]
        + [
            diary.chore("rules", "activities"),
            diary.chore("never", "time", wants=lambda _rows, _tenant_id: False),
        ]
    )
    bench.clock.pace = 0.0

    def done(seconds: float = 1.0, *, busy: bool = False) -> list[tuple[str, int]]:
        diary.done.clear()
        bench.clock.passed += seconds
        while upkeep.slice(bench.committer, busy=busy):
            pass
        return sorted(diary.done)

    first = bench.tenant_id
    once = ("decisions", "idle", "rules", "rules", "time")
    assert done() == sorted((name, each) for name in once for each in (first, second))
    assert done() == []
    bench.do(ingest(second, ["m"]))
    # A new member is decided, too.
    assert done(busy=True) == [("decisions", second), ("rules", second), ("rules", second)]
    bench.do(ingest(second, ["m"]))
    assert done() == [("rules", second), ("rules", second)]
    late = [("time", first), ("time", second)]
    assert done(limits.clockwork_seconds, busy=True) == late
    assert done() == [("idle", first), ("idle", second)]


def test_a_tenant_with_much_to_do_keeps_nobody_waiting(bench: Bench) -> None:
    others = [bench.tenant(code) for code in "bcd"]
    diary = Diary(long=100)
    upkeep = Upkeep([diary.chore("long", "activities")])
    # One tenant's turn takes all the time a slice has.
    for _ in range(12):
        assert upkeep.slice(bench.committer, busy=True)
    everybody = [("long", each) for each in (bench.tenant_id, *others)]
    assert diary.done[-8:] == everybody * 2


@only_on_sqlite  # on PostgreSQL its lease has to run out first
def test_a_chore_that_fails_does_not_keep_the_others_from_being_done(bench: Bench) -> None:
    diary = Diary()

    def fails(_tx: Transaction, _tenant_id: int) -> bool:
        raise StoreBusy

    upkeep = Upkeep([Chore("broken", "activities", fails), diary.chore("sound", "activities")])
    bench.clock.pace = 0.0
    for _ in range(2):
        with pytest.raises(StoreBusy):
            upkeep.slice(bench.committer, busy=True)
    assert diary.done == [("sound", bench.tenant_id)]


def test_a_chore_that_meets_a_defect_again_and_again_gives_no_other_a_rest(bench: Bench) -> None:
    turns = []

    def fail(_tx: Transaction, _tenant_id: int) -> bool:
        turns.append("defect")
        raise ZeroDivisionError

    def go_on(tx: Transaction, tenant_id: int) -> bool:
        turns.append("other")
        tx.rows.run("add_follower", tenant_id=tenant_id, name="other")
        return True

    upkeep = Upkeep((Chore("fails", "time", fail), Chore("goes on", "time", go_on)))
    for _ in range(24):
        with contextlib.suppress(ZeroDivisionError):
            upkeep.slice(bench.committer, busy=True)
    assert turns.count("defect") > 8
    assert turns.count("other") > 8


def test_looking_in_vain_writes_nothing(bench: Bench) -> None:
    bench.settle()
    writes = bench.committer.writer.writes
    assert not bench.committer.work(lambda tx: bool(tx.moment(bench.tenant_id)) and False)
    assert bench.committer.writer.writes == writes


def test_answers_to_keys_that_count_no_more_are_forgotten(bench: Bench) -> None:
    def sent(key: bytes) -> commands.Ingested:
        replay = commands.ReplayKey(key, b"content", limits.idempotency_days * 86_400)
        stored: commands.Ingested = bench.do(ingest(bench.tenant_id, ["m"], replay=replay))
        return stored

    def kept() -> int:
        windows = range(bench.clock.moment // (limits.idempotency_window_days * DAY) + 1)
        return sum(
            bench.committer.writer.one(
                "idempotent_answer", tenant_id=bench.tenant_id, key_window=window, key_hash=key
            )
            is not None
            for window in windows[-20:]
            for key in hashes
        )

    hashes = [hashlib.sha256(b"%d" % at).digest() for at in range(3)]
    for at in range(3):
        assert not sent(b"%d" % at).replayed
    bench.clock.moment += limits.idempotency_days * DAY
    bench.settle()
    assert (kept(), sent(b"0").replayed) == (3, True)
    bench.clock.moment += limits.idempotency_window_days * DAY
    bench.settle()
    assert kept() == 0
    assert not sent(b"0").replayed


def test_background_work_is_short_a_moment_after_a_command(bench: Bench) -> None:
    portions: list[int] = []

    def run(tx: Transaction, _tenant_id: int) -> bool:
        portions.append(tx.portion(1_000))
        return True

    bench.clock.pace = 0.0
    upkeep = Upkeep([Chore("due", "time", run)])
    while not portions:
        upkeep.slice(bench.committer, busy=False)
    bench.do(ingest(bench.tenant_id, ["m"]))
    upkeep.slice(bench.committer, busy=False)
    bench.clock.passed += 2 * limits.upkeep_hurried_seconds
    upkeep.slice(bench.committer, busy=False)
    assert portions[-2:] == [limits.upkeep_hurried_items_max, 1_000]
