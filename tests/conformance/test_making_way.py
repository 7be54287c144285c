"""Background work that makes way for commands: nobody waits for it, and it comes to the same."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from conformance.history import exported, journal_heads, make_again
from conformance.stores import Bench, ingest
from guerdon import limits
from guerdon.clock import DAY
from guerdon.domain.points import TRANSFER_WAS_EXPIRED
from guerdon.engine import commands
from guerdon.engine.commands.definitions import Define
from guerdon.engine.commands.points import AddPoints, ResetPoints
from guerdon.engine.committer import Steps
from guerdon.errors import Refused, StoreFull
from guerdon.followers.background import Chore, Upkeep
from guerdon.store import activities, decisions, points
from guerdon.store.port import Rows
from guerdon.store.transaction import Transaction

MEMBERS = 4
LOTS = 3
SLICES_MAX = 500


@pytest.fixture(params=[(), (0, 4)], ids=["plain", "levels"])
def busy(bench: Bench, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Bench:
    """Members with lots that are due, perhaps levels that hang on them; somebody always waits."""
    tenant_id = bench.tenant_id
    setting = commands.ChangeSetting(tenant_id, 0, "levels.tier_assign_type", json.dumps("points"))
    bench.do(setting)
    for least in request.param:
        body = {"conditionValue": least, "reward": {"value": 0}}
        bench.do(Define(tenant_id, 0, "Level", json.dumps(body)))
    for at in range(MEMBERS):
        number = bench.member(("external", f"m{at}"))
        for _ in range(LOTS):
            bench.do(AddPoints(tenant_id, 0, number, 5_00, validity_days=1))
    bench.do(ingest(tenant_id, ["m0"]))
    bench.settle()
    bench.clock.moment += 2 * DAY
    monkeypatch.setattr(bench.committer, "is_awaited", lambda: True)
    monkeypatch.setattr(limits, "upkeep_way_seconds", math.inf)
    return bench


def turns(bench: Bench) -> Iterator[bool]:
    """After each slice of background work: whether it was put aside. Ends when all is done."""
    bench.upkeep.refresh()
    for _ in range(SLICES_MAX):
        more = bench.upkeep.slice(bench.committer, busy=True)
        yield bench.committer.has_put_aside
        if not more:
            return
    raise AssertionError("the background work comes to no end")


def expired(rows: Rows, tenant_id: int) -> int:
    """How many lots have expired, by the books of all members."""
    return (
        sum(points.account(rows, tenant_id, number, 0).expired for number in range(1, MEMBERS + 1))
        // 5_00
    )


def recorded(bench: Bench) -> list[tuple[int, str, int]]:
    """Each decision's position, type and moment."""
    page = {"tenant_id": bench.tenant_id, "from": 1, "limit": 10_000}
    return [
        (row[0], row[1], row[4]) for row in bench.ask(lambda r: r.all("decisions_from", **page))
    ]


def require_sound(bench: Bench) -> None:
    """The chain holds, no moment goes back, and the state follows from the decisions."""
    verdict = bench.ask(lambda rows: decisions.verify(rows, bench.tenant_id))
    assert verdict.bad_position is None
    moments = [moment for _, _, moment in recorded(bench)]
    assert moments == sorted(moments)
    before = exported(bench)
    make_again(bench)
    after = exported(bench)
    assert {name for name in before if before[name] != after[name]} <= {"head"}
    assert journal_heads(before) == journal_heads(after)


def test_events_that_come_between_are_stored_at_once_and_each_lot_expires_once(
    busy: Bench,
) -> None:
    sent, asides = 1, 0
    for is_aside in turns(busy):
        asides += is_aside
        busy.clock.moment += 1
        if sent <= 2 * MEMBERS * LOTS:
            sent += 1
            assert busy.do(ingest(busy.tenant_id, ["m0"])).first_position == sent
    has_levels = busy.ask(lambda rows: rows.one("level_totals", tenant_id=busy.tenant_id))
    if not busy.committer.is_only_one:
        assert asides == 0
    elif has_levels:
        assert asides > 1  # until changes are made since levels ask for what was changed
    else:
        assert asides > MEMBERS * LOTS  # each lot is a step, and so is what is read before
    assert busy.ask(lambda rows: activities.last_position(rows, busy.tenant_id)) == sent
    assert busy.ask(lambda rows: expired(rows, busy.tenant_id)) == MEMBERS * LOTS
    assert Counter(name for _, name, _ in recorded(busy))[TRANSFER_WAS_EXPIRED] == MEMBERS * LOTS
    require_sound(busy)


def test_a_slice_that_has_made_way_for_long_goes_on_to_its_end(
    busy: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "upkeep_way_seconds", 10 * busy.clock.pace)
    asides = sum(turns(busy))
    assert busy.ask(lambda rows: expired(rows, busy.tenant_id)) == MEMBERS * LOTS
    # Each look at the clock is a step of it.
    assert 0 < asides < 10 if busy.committer.is_only_one else asides == 0


def test_an_event_is_no_older_than_those_before_it_though_the_clock_goes_back(busy: Bench) -> None:
    latest = 0
    for is_aside in turns(busy):
        if is_aside:
            busy.clock.moment += 1
            busy.do(ingest(busy.tenant_id, ["m0"]))
            latest = busy.clock.moment
    busy.clock.moment -= 10
    busy.do(ingest(busy.tenant_id, ["m0"]))
    last = busy.ask(lambda rows: activities.latest(rows, busy.tenant_id, 1))
    assert last.recorded_at >= latest


def test_nothing_of_a_slice_is_seen_before_its_end(busy: Bench) -> None:
    seen = set()
    for is_aside in turns(busy):
        if is_aside:
            seen.add((len(recorded(busy)), busy.ask(lambda rows: expired(rows, busy.tenant_id))))
    done = [count for _, count in seen]
    assert set(done) <= {0, MEMBERS * LOTS}
    assert busy.ask(lambda rows: expired(rows, busy.tenant_id)) == MEMBERS * LOTS


def full() -> None:
    raise StoreFull


def reset(bench: Bench) -> None:
    bench.do(ResetPoints(bench.tenant_id, 0, 1))


def change_settings(bench: Bench) -> None:
    value = json.dumps("after_x_days")
    bench.do(commands.ChangeSetting(bench.tenant_id, 0, "levels.downgrade_mode", value))


def take_somebody_in(bench: Bench) -> None:
    bench.do(ingest(bench.tenant_id, [f"new at {bench.clock.passed}"]))


@pytest.mark.parametrize("decide", [reset, change_settings, take_somebody_in])
def test_what_was_decided_between_is_seen_and_the_work_still_comes_to_its_end(
    busy: Bench, decide: Callable[[Bench], None]
) -> None:
    by_reset = LOTS if decide is reset else 0
    left = 3
    for is_aside in turns(busy):
        if left and (is_aside or not busy.committer.is_only_one):
            decide(busy)
            left -= 1
            if is_aside:
                # It begins anew, and this time it goes on to its end, whoever waits.
                assert busy.upkeep.slice(busy.committer, busy=True)
                assert not busy.committer.has_put_aside
                busy.upkeep.slice(busy.committer, busy=True)
                assert not busy.committer.has_put_aside
    assert busy.ask(lambda rows: expired(rows, busy.tenant_id)) == MEMBERS * LOTS
    by_itself = Counter(name for _, name, _ in recorded(busy))[TRANSFER_WAS_EXPIRED]
    assert MEMBERS * LOTS - by_reset <= by_itself <= MEMBERS * LOTS
    require_sound(busy)


def test_who_comes_between_needs_no_transaction_of_its_own(
    busy: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = busy.committer.writer
    begun: list[None] = []
    begin_really, between = writer.begin, 0

    def begin() -> None:
        begun.append(None)
        begin_really()

    monkeypatch.setattr(writer, "begin", begin)
    for is_aside in turns(busy):
        if is_aside:
            before = len(begun)
            busy.do(ingest(busy.tenant_id, ["m0"]))
            assert len(begun) == before
            between += 1
    assert between or not busy.committer.is_only_one
    assert busy.ask(lambda rows: expired(rows, busy.tenant_id)) == MEMBERS * LOTS
    require_sound(busy)


def test_a_slice_that_made_way_for_nobody_goes_on(busy: Bench) -> None:
    asides = list(turns(busy))
    assert any(asides) or not busy.committer.is_only_one
    assert busy.ask(lambda rows: expired(rows, busy.tenant_id)) == MEMBERS * LOTS
    require_sound(busy)


def test_trouble_between_costs_the_slice_and_no_more(
    busy: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    for is_aside in turns(busy):
        if is_aside:
            with monkeypatch.context() as patch:
                patch.setattr(busy.committer.writer, "commit", full)
                (outcome,) = busy.together(ingest(busy.tenant_id, ["m0"]))
            assert isinstance(outcome, StoreFull)
            assert not busy.committer.has_put_aside
            # The next one goes on to its end, lest there is trouble again.
            while not busy.ask(lambda rows: expired(rows, busy.tenant_id)):
                assert busy.upkeep.slice(busy.committer, busy=True)
                assert not busy.committer.has_put_aside
            break
    busy.settle()
    assert busy.ask(lambda rows: expired(rows, busy.tenant_id)) == MEMBERS * LOTS
    require_sound(busy)


def written(bench: Bench) -> bool:
    """Go on until a slice is written, and to be joined; False where others write as well."""
    return any(bench.committer.gives_way and not is_aside for is_aside in turns(bench))


def count_commits(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """One more entry for each commit from now on."""
    commits: list[None] = []
    commit = bench.committer.writer.commit

    def counted() -> None:
        commits.append(None)
        commit()

    monkeypatch.setattr(bench.committer.writer, "commit", counted)
    return commits


def test_who_comes_while_a_slice_is_written_waits_for_the_same_commit(
    busy: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert written(busy) is busy.committer.is_only_one
    if busy.committer.is_only_one:
        commits = count_commits(busy, monkeypatch)
        assert busy.ask(lambda rows: expired(rows, busy.tenant_id)) == 0
        answer, refused = busy.together(
            ingest(busy.tenant_id, ["m0"]), AddPoints(busy.tenant_id, 0, 99, 1_00)
        )
        assert answer.first_position == 2
        assert isinstance(refused, Refused)
        assert len(commits) == 1
        assert not busy.committer.gives_way
    assert busy.ask(lambda rows: expired(rows, busy.tenant_id)) == MEMBERS * LOTS
    assert Counter(name for _, name, _ in recorded(busy))[TRANSFER_WAS_EXPIRED] == MEMBERS * LOTS
    require_sound(busy)


def go_on_with_the_work(bench: Bench) -> None:
    bench.upkeep.slice(bench.committer, busy=True)


def look_after_the_store(bench: Bench) -> None:
    bench.committer.maintain(busy=True)


@pytest.mark.parametrize("act", [go_on_with_the_work, look_after_the_store])
def test_a_slice_that_nobody_joins_is_committed_all_the_same(
    busy: Bench, act: Callable[[Bench], None]
) -> None:
    if written(busy):
        act(busy)
    assert busy.ask(lambda rows: expired(rows, busy.tenant_id)) == MEMBERS * LOTS
    require_sound(busy)


def join(bench: Bench) -> None:
    (outcome,) = bench.together(ingest(bench.tenant_id, ["m0"]))
    assert isinstance(outcome, StoreFull)


def commit_by_itself(bench: Bench) -> None:
    with pytest.raises(StoreFull):
        bench.committer.maintain()


@pytest.mark.parametrize("act", [join, commit_by_itself])
def test_a_commit_that_fails_costs_the_slice_and_no_more(
    busy: Bench, monkeypatch: pytest.MonkeyPatch, act: Callable[[Bench], None]
) -> None:
    if written(busy):
        with monkeypatch.context() as patch:
            patch.setattr(busy.committer.writer, "commit", full)
            act(busy)
        assert busy.ask(lambda rows: expired(rows, busy.tenant_id)) == 0
        # The next one is committed by itself, lest there is trouble again.
        while not busy.ask(lambda rows: expired(rows, busy.tenant_id)):
            assert busy.upkeep.slice(busy.committer, busy=True)
            assert not busy.committer.gives_way
        busy.settle()
    assert busy.ask(lambda rows: expired(rows, busy.tenant_id)) == MEMBERS * LOTS
    require_sound(busy)


def test_trouble_after_making_way_is_told_with_the_place_it_happened_at(busy: Bench) -> None:
    def fails(_tx: Transaction, _tenant_id: int) -> Steps:
        yield
        raise ArithmeticError

    upkeep = Upkeep([Chore("broken", "activities", fails)])
    with pytest.raises(ArithmeticError) as told:
        upkeep.settle(busy.committer)
    assert told.value.__notes__ == [f"broken of tenant {busy.tenant_id}"]


def purges(tx: Transaction, _tenant_id: int) -> None:
    tx.rows.purge()


def gives_a_number(tx: Transaction, tenant_id: int) -> None:
    tx.next_row(tenant_id)


def adds_an_activity(tx: Transaction, tenant_id: int) -> None:
    tx.append_activities(tx.head(tenant_id), 0, [(1, 1, None, None)])


def writes(tx: Transaction, tenant_id: int) -> None:
    tx.rows.run_many("set_counter", [(tenant_id, "written", 1)])


@pytest.mark.parametrize("act", [purges, gives_a_number, adds_an_activity, writes])
def test_work_that_does_more_than_decide_does_not_make_way(
    busy: Bench, act: Callable[[Transaction, int], None]
) -> None:
    def task(tx: Transaction) -> Steps:
        act(tx, busy.tenant_id)
        yield
        return False

    busy.committer.work(task)
    assert not busy.committer.has_put_aside
    assert busy.committer.go_on() is False


def test_work_without_steps_is_done_in_one_go(busy: Bench) -> None:
    assert busy.committer.work(lambda tx: tx.moment(busy.tenant_id) > 0) is True
    assert not busy.committer.has_put_aside
