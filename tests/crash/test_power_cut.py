"""Power cuts at any moment: what was acknowledged is there, and nothing is there by halves."""

from __future__ import annotations

import asyncio
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from crash import oracle, powercut, small
from crash.workload import SECRET_KEY, TickingClock, Workload, ingests
from guerdon import limits
from guerdon.engine.committer import Committer
from guerdon.engine.engine import Engine
from guerdon.engine.inline import InlineAsker, InlineCommitter
from guerdon.store.sqlite.store import SqliteStore
from guerdon.store.vault import Vault

RUNS, CUTS = 10, 20
TRUNCATED_BYTES = 20_480
STEP_BYTES = 512


@pytest.fixture(autouse=True)
def _small_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    small.shrink(monkeypatch.setattr)


@pytest.fixture
def disk() -> Iterator[powercut.Disk]:
    with powercut.recording() as recorded:
        yield recorded


class HurriedStore(SqliteStore):
    """What SQLite's documentation calls enough for WAL: no sync before the answer."""

    def _connect(self) -> apsw.Connection:
        connection = super()._connect()
        connection.pragma("synchronous", "normal")
        return connection


def worked(
    folder: Path, disk: powercut.Disk, seed: int, kind: type[SqliteStore] = SqliteStore
) -> Workload:
    """A store that has seen some commands, and what was sent to it."""
    store = kind(folder / "guerdon.db", TickingClock(seed), vfs=disk.vfs)
    store.migrate()
    workload = Workload(store, seed, disk=disk)
    workload.make_tenants(3)
    workload.run(10)
    return workload


def cuts(disk: powercut.Disk, seed: int, folder: Path, count: int) -> Iterator[tuple[int, Path]]:
    """Seeded moments, and the database as the power cut leaves it."""
    chance = random.Random(seed)
    for cut in range(count):
        at = chance.randint(0, len(disk))
        left = disk.left_at(at, random.Random(f"{seed}/{cut}"))
        yield at, powercut.write(left, folder / f"cut{cut}") / "guerdon.db"


@pytest.fixture
def _rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Checkpoints are made beside the commits."""
    monkeypatch.setattr(limits, "wal_pages_round", 20)
    monkeypatch.setattr(limits, "wal_pages_at_once_max", 5)
    monkeypatch.setattr(limits, "wal_pages_anew", 60)


@pytest.mark.parametrize("seed", range(RUNS))
def test_a_power_cut_takes_no_acknowledged_batch_and_leaves_none_by_halves(tmp_path, disk, seed):
    workload = worked(tmp_path / "live", disk, seed)
    for at, path in cuts(disk, seed, tmp_path, CUTS):
        oracle.examine_reopened(path, workload.ledger, at=at)
    workload.committer.close()


@pytest.mark.usefixtures("_rounds")
@pytest.mark.parametrize("seed", range(RUNS))
def test_a_power_cut_while_pages_are_moved_beside_the_commits(tmp_path, disk, seed):
    workload = worked(tmp_path / "live", disk, seed)
    workload.committer.close()
    for at, path in cuts(disk, seed, tmp_path, CUTS):
        oracle.examine_reopened(path, workload.ledger, at=at)


def test_without_a_sync_before_the_answer_the_same_cuts_lose_acknowledged_batches(tmp_path, disk):
    workload = worked(tmp_path / "live", disk, 1, HurriedStore)
    lost = []
    for at, path in cuts(disk, 1, tmp_path, CUTS):
        SqliteStore(path, TickingClock(0)).migrate()
        assert oracle.integrity(path) == "ok"
        lost.append(len(oracle.lost(path, workload.ledger, at=at)))
    assert max(lost) > 0
    workload.committer.close()


def test_a_cut_while_the_schema_is_made_leaves_it_to_be_made_again(tmp_path, disk):
    whole = tmp_path / "live" / "guerdon.db"
    SqliteStore(whole, TickingClock(0), vfs=disk.vfs).migrate()
    for at, path in cuts(disk, 2, tmp_path, CUTS):
        SqliteStore(path, TickingClock(0)).migrate()
        assert schema(path) == schema(whole), at
        assert oracle.integrity(path) == "ok"


def schema(path: Path) -> list[tuple[str, str]]:
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    tables = connection.execute("SELECT name, sql FROM sqlite_schema ORDER BY name").fetchall()
    applied = connection.execute("SELECT name, '' FROM schema_migration ORDER BY name").fetchall()
    connection.close()
    return [*tables, *applied]


def test_every_answer_leaves_after_a_sync_of_all_that_was_written(tmp_path, disk):
    clock = TickingClock(3)
    store = SqliteStore(tmp_path / "guerdon.db", clock, vfs=disk.vfs)
    store.migrate()
    prepared = Workload(store, 3, disk=disk)
    prepared.make_tenants(1)
    batches = [prepared.batch(prepared.tenants[0], size) for size in (1, 100) * 25]
    prepared.committer.close()

    async def answered() -> list[tuple[int, int]]:
        vault = Vault(SECRET_KEY, clock)
        submitter = InlineCommitter(Committer(store, clock, vault))
        engine = Engine(submitter, InlineAsker(store), clock, vault)
        spans = []
        for batch in batches:
            began = len(disk)
            await engine.execute(batch)
            spans.append((began, len(disk)))
        await engine.close()
        return spans

    for began, ended in asyncio.run(answered()):
        log = [
            operation.kind
            for operation in disk.operations[began:ended]
            if operation.file == "guerdon.db-wal"
        ]
        assert "write" in log
        assert log[-1] == "sync"


def test_a_log_cut_short_anywhere_opens_at_the_end_of_a_batch(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "wal_pages_round", 1_000_000)
    store = SqliteStore(tmp_path / "live" / "guerdon.db", TickingClock(4))
    store.migrate()
    workload = Workload(store, 4)
    workload.make_tenants(1)
    for size in (1, 3, 100, 2, 7, 1, 1):
        workload.send([workload.batch(workload.tenants[0], size, has_key=True)])
    found = powercut.copy_live(tmp_path / "live", tmp_path / "found")
    workload.committer.close()
    size_bytes = (found / "guerdon.db-wal").stat().st_size
    counts = []
    for cut_bytes in range(0, TRUNCATED_BYTES + 1, STEP_BYTES):
        folder = tmp_path / f"short{cut_bytes}"
        shutil.copytree(found, folder)
        with (folder / "guerdon.db-wal").open("r+b") as log:
            log.truncate(size_bytes - cut_bytes)
        counts.append(prefix_stored(folder / "guerdon.db", workload))
        oracle.examine_reopened(folder / "guerdon.db", workload.ledger, at=oracle.NOTHING)
    assert counts[0] == len(list(ingests(workload.ledger)))
    assert counts == sorted(counts, reverse=True)
    assert counts[-1] < counts[0]


def prefix_stored(path: Path, workload: Workload) -> int:
    """How many of the batches are stored, having checked that they are the first ones."""
    missing = oracle.lost(path, workload.ledger, at=oracle.EVERYTHING)
    sent = [each.tag for each, _ in ingests(workload.ledger)]
    stored = len(sent) - len(missing)
    assert missing == sent[stored:]
    return stored
