"""Others who hold the file, and a clock that is set while events come in."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from crash import oracle, small
from crash.workload import TickingClock, Workload
from guerdon import errors, limits
from guerdon.clock import SECOND
from guerdon.store import activities
from guerdon.store.sqlite.store import SqliteStore

HOUR = 3_600 * SECOND
YEAR = 365 * 24 * HOUR
HOLD_WRITE_LOCK = """
import sys, apsw
connection = apsw.Connection(sys.argv[1])
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.readline()
"""
HOLD_STORE = """
import os, sys
from pathlib import Path
from guerdon.clock import SystemClock
from guerdon.store.sqlite.store import SqliteStore
writer = SqliteStore(Path(sys.argv[1]), SystemClock()).writer()
print(os.getpid(), flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def store(tmp_path: Path) -> SqliteStore:
    made = SqliteStore(tmp_path / "guerdon.db", TickingClock(0))
    made.migrate()
    return made


@pytest.fixture
def workload(store: SqliteStore) -> Iterator[Workload]:
    made = Workload(store, 6)
    made.make_tenants(2)
    yield made
    made.committer.close()


class Holder:
    """Another process that holds something until it is told to let go."""

    def __init__(self, program: str, path: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", program, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.says = self._process.stdout.readline().strip()

    def let_go(self) -> None:
        self._process.communicate("\n")


def test_a_write_lock_held_by_another_process_is_a_busy_store(store, monkeypatch):
    monkeypatch.setattr(limits, "busy_milliseconds_max", 50)
    workload = Workload(store, 6)
    workload.make_tenants(1)
    batches = [workload.batch(workload.tenants[0], size, has_key=True) for size in (1, 5, 100)]
    holder = Holder(HOLD_WRITE_LOCK, store.path)
    refused = [workload.send([batch])[0].answer for batch in batches]
    assert [type(each) for each in refused] == [errors.StoreBusy] * 3
    workload.ledger.clear()
    holder.let_go()
    assert [sent.is_acknowledged for sent in workload.send(batches)] == [True] * 3
    oracle.examine(store, workload.ledger)
    workload.committer.close()


def test_whoever_looks_waits_for_who_has_the_file_alone_for_a_moment(store, tmp_path, monkeypatch):
    plain, alone = apsw.Connection, []

    class Waiting(apsw.Connection):
        """Where the others would wait for a while, who has the file lets it go."""

        def set_busy_timeout(self, milliseconds):
            self.set_busy_handler(lambda _: bool(alone) and alone.pop().close() is None)

    def look():
        with contextlib.closing(store.reader()) as reader:
            return reader.ask(lambda rows: rows.all("tenants"))

    monkeypatch.setattr(apsw, "Connection", Waiting)
    for ask in (store.pending_migrations, look, lambda: store.backup(str(tmp_path / "copy.db"))):
        alone.append(plain(str(store.path)))
        alone[0].pragma("locking_mode", "exclusive")
        alone[0].execute("BEGIN IMMEDIATE; COMMIT")
        assert not ask()
        assert not alone


def test_a_second_process_is_told_who_holds_the_store(store):
    holder = Holder(HOLD_STORE, store.path)
    with pytest.raises(errors.Locked, match=holder.says):
        store.writer()
    holder.let_go()
    store.writer().close()


def test_a_clock_that_is_set_breaks_no_order(store, workload):
    for jump in (0, -HOUR, 2 * HOUR, 10 * YEAR, -10 * YEAR, -YEAR):
        workload.clock.jump(jump)
        workload.run(3, batch_max=20)
    oracle.examine(store, workload.ledger)
    reader = store.reader()
    for tenant_id in workload.tenants:
        seen = reader.ask(
            lambda rows, tenant_id=tenant_id: activities.after(
                rows, tenant_id, position=0, limit=oracle.EVERYTHING
            )
        )
        positions = [each.position for each in seen]
        recorded = [each.recorded_at for each in seen]
        assert positions == sorted(set(positions))
        assert recorded == sorted(recorded)
    reader.close()


def test_a_reader_that_keeps_the_log_alive_is_told_of_and_then_the_log_is_used_again(
    tmp_path, monkeypatch
):
    small.shrink(monkeypatch.setattr, checkpoint_pages=20)
    monkeypatch.setattr(limits, "wal_bytes_max", 200_000)
    alarms: list[str] = []
    store = SqliteStore(tmp_path / "guerdon.db", TickingClock(0), alarm=alarms.append)
    store.migrate()
    workload = Workload(store, 6)
    workload.make_tenants(1)
    reader = store.reader()

    def question(rows) -> None:
        activities.last_position(rows, workload.tenants[0])
        workload.run(12)

    reader.ask(question)
    reader.close()
    assert alarms
    told = len(alarms)
    log = tmp_path / "guerdon.db-wal"
    workload.run(2)
    size_bytes = log.stat().st_size
    workload.run(12)
    assert log.stat().st_size == size_bytes
    assert len(alarms) == told
    workload.committer.close()
