"""Processes killed at named points: the next one finds all of a batch or nothing, and goes on."""

from __future__ import annotations

import random
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

import guerdon
from crash import child, oracle, small
from crash.test_power_cut import schema
from crash.workload import DOOMED, Sent, TickingClock, Workload, deletion, tag_of
from guerdon import faults
from guerdon.engine.commands import Ingested, LeaseDeliveries, SettleDelivery
from guerdon.store import activities, migrations
from guerdon.store.sqlite.store import SqliteStore

KILLS = 20
COMMITTER_POINTS = ("after_first_row", "before_commit", "after_commit")


@pytest.fixture(autouse=True)
def _small_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    small.shrink(monkeypatch.setattr)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store with one tenant, held by nobody."""
    made = tmp_path / "guerdon.db"
    child.prepare(made)
    return made


def test_every_named_point_stands_in_the_code() -> None:
    source = Path(guerdon.__file__).parent
    text = "".join(file.read_text() for file in source.rglob("*.py"))
    assert set(re.findall(r'\bfault\("(\w+)"\)', text)) == set(faults.POINTS)


@pytest.mark.slow
def test_killed_twenty_times_no_acknowledged_batch_is_lost_and_none_is_there_by_halves(path):
    chance = random.Random(4)
    ledger: list[Sent] = []
    for kill in range(KILLS):
        fault = f"{chance.choice(COMMITTER_POINTS)}:{chance.randint(1, 12)}"
        ended = child.run("send", path, fault=fault, seed=kill + 1, count=12)
        assert ended.was_killed
        sent = [Sent(tag_of(batch), batch, 0) for batch in child.batches(kill + 1, 12)]
        for each, (first, count) in zip(sent, ended.said, strict=False):
            each.answered, each.answer = 0, Ingested(first, count)
        ledger += sent[: len(ended.said) + 1]
        oracle.examine(SqliteStore(path, TickingClock(0)), ledger)
    oracle.examine_reopened(path, ledger, at=oracle.EVERYTHING)


@pytest.mark.parametrize("point", COMMITTER_POINTS)
def test_a_batch_whose_answer_was_lost_is_stored_once_when_it_is_sent_again(path, point):
    ended = child.run("send", path, fault=point, seed=1, count=1)
    assert ended.was_killed
    assert not ended.said
    batch = next(child.batches(1, 1))
    store = SqliteStore(path, TickingClock(0))
    reader = store.reader()
    stored = reader.ask(lambda rows: oracle.stored_tags(rows, child.TENANT))
    reader.close()
    whole = len(batch.items) if point == "after_commit" else 0
    assert stored[tag_of(batch)] == whole
    committer = child.committer(path)
    first, second = (committer.run([batch])[0] for _ in range(2))
    committer.close()
    assert (first.replayed, second.replayed) == (bool(whole), True)
    assert (first.first_position, first.count) == (second.first_position, second.count)
    oracle.examine(store, [Sent(tag_of(batch), batch, 0, 0, first)])


# --- background work -----------------------------------------------------------------------------


def filled(path: Path, *, doomed: bool) -> list[Sent]:
    """Seven hundred activities, a third of them doomed if wanted."""
    workload = Workload(SqliteStore(path, TickingClock(1)), 1)
    for number in range(14):
        kind = DOOMED if doomed and number % 3 == 0 else None
        workload.send([workload.batch(child.TENANT, 50, type=kind)])
    workload.committer.close()
    return workload.ledger


def final_tables(path: Path) -> list[object]:
    """What background work is to bring about, however often it was interrupted."""
    reader = SqliteStore(path, TickingClock(0)).reader()

    def question(rows) -> list[object]:
        tenant_id = child.TENANT
        kept = rows.all("rows_to_pack", tenant_id=tenant_id, after=0, until=oracle.EVERYTHING)
        pages = [
            activities.after(rows, tenant_id, position=0, limit=oracle.EVERYTHING, number=number)
            for number in sorted({row[0] for row in kept})
        ]
        owed = rows.all("due_deliveries", now=2**62, limit=10)
        return [
            kept,
            pages,
            activities.indexed(rows, tenant_id),
            activities.count(rows, tenant_id),
            [row[2:6] for row in owed],
        ]

    found = reader.ask(question)
    reader.close()
    return found


def killed_until_done(work: str, path: Path, point: str, passes: int, **options: Any) -> int:
    """Kill the work each time it has passed the point so often; how often it took."""
    for kills in range(100):
        if not child.run(work, path, fault=f"{point}:{passes}", **options).was_killed:
            return kills
    raise AssertionError("it does not get on")


@pytest.mark.slow
def test_an_index_killed_over_and_over_ends_as_one_that_was_left_in_peace(path, tmp_path):
    ledger = filled(path, doomed=False)
    peaceful = Path(shutil.copytree(path.parent, tmp_path / "peace")) / path.name
    assert not child.run("index", peaceful).was_killed
    for passes in (1, 2, 4):
        assert child.run("index", path, fault=f"in_index_batch:{passes}").was_killed
        oracle.examine(SqliteStore(path, TickingClock(0)), ledger)
    assert not child.run("index", path).was_killed
    assert final_tables(path) == final_tables(peaceful)


@pytest.mark.slow
def test_a_deletion_killed_over_and_over_ends_once_and_owes_one_mail(path, tmp_path):
    filled(path, doomed=True)
    peaceful = Path(shutil.copytree(path.parent, tmp_path / "peace")) / path.name
    assert not child.run("delete", peaceful).was_killed
    assert child.run("delete", path, fault="in_deletion").said == ["started"]
    kills = killed_until_done("index", path, "in_deletion", 2)
    assert kills > 0
    found = final_tables(path)
    assert found == final_tables(peaceful)
    assert [row[0] for row in found[-1]] == ["mail"]


@pytest.mark.slow
def test_a_migration_killed_half_way_is_made_again_from_its_beginning(tmp_path):
    whole = tmp_path / "whole.db"
    SqliteStore(whole, TickingClock(0)).migrate()
    names = [migration.name for migration in migrations.known("sqlite")]
    for number in (1, len(names) // 2, len(names)):
        name = names[number - 1]
        path = tmp_path / f"{name}.db"
        assert child.run("migrate", path, fault=f"in_migration:{number}").was_killed
        assert SqliteStore(path, TickingClock(0)).pending_migrations() == names[number - 1 :]
        assert child.run("migrate", path).said == [names[number - 1 :]]
        assert schema(path) == schema(whole)


def test_a_delivery_leased_by_a_dead_process_is_taken_again_and_only_the_second_counts(path):
    workload = Workload(SqliteStore(path, TickingClock(1)), 1)
    workload.send([workload.batch(child.TENANT, 3, type=DOOMED)])
    workload.send([deletion(child.TENANT)])
    workload.settle()
    workload.committer.close()
    ((lost,),) = child.run("lease", path, later_seconds=10).said
    delivery_id, attempt, fence = lost
    assert attempt == 1
    assert child.run("lease", path, later_seconds=20).said == [[]]
    committer = child.committer(path, later_seconds=1_000)
    (again,) = committer.run([LeaseDeliveries(0, 0, 10)])[0]
    assert (again.delivery_id, again.attempt) == (delivery_id, 1)
    late, counted = (
        SettleDelivery(child.TENANT, 0, delivery_id, each, "delivered")
        for each in (fence, again.fence)
    )
    assert committer.run([late]) == [False]
    assert committer.run([counted]) == [True]
    committer.close()
