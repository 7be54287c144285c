"""The write-ahead log goes back into the file while commits go on, and nothing is lost by it."""

from __future__ import annotations

import errno
import itertools
import os
import random
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from crash import powercut
from guerdon import errors, limits
from guerdon.clock import SystemClock
from guerdon.store.sqlite import mover
from guerdon.store.sqlite.connection import SqliteWriter
from guerdon.store.sqlite.store import SqliteStore

CHECKPOINT_PAGES = 20
WRITER = threading.current_thread()


@pytest.fixture(autouse=True)
def _small_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "wal_pages_round", CHECKPOINT_PAGES)
    monkeypatch.setattr(limits, "wal_pages_at_once_max", 4)
    monkeypatch.setattr(limits, "wal_pages_anew", CHECKPOINT_PAGES)
    monkeypatch.setattr(limits, "wal_pages_max", CHECKPOINT_PAGES)


class Threads:
    """Which threads write to the database itself; holds them up, or fails them, when told to."""

    def __init__(self) -> None:
        self.seen: set[bool] = set()
        self.arrived = threading.Event()
        self.may_write = threading.Event()
        self.may_write.set()
        self.syncing = threading.Event()
        self.may_sync = threading.Event()
        self.may_sync.set()
        self.failing: powercut.Failing | None = None

    def __call__(self, operation: powercut.Operation) -> None:
        if operation.file != "guerdon.db" or operation.kind not in ("write", "sync"):
            return
        is_writer = threading.current_thread() is WRITER
        self.seen.add(is_writer)
        if not is_writer:
            self.arrived.set()
            self.may_write.wait()
            if operation.kind == "sync":
                self.syncing.set()
                self.may_sync.wait()
        if self.failing is not None and operation.kind == "sync":
            raise self.failing


@pytest.fixture
def threads() -> Threads:
    return Threads()


@pytest.fixture
def disk() -> Iterator[powercut.Disk]:
    with powercut.recording() as recorded:
        yield recorded


@pytest.fixture
def store(tmp_path: Path, disk: powercut.Disk, threads: Threads) -> SqliteStore:
    made = SqliteStore(tmp_path / "guerdon.db", SystemClock(), vfs=disk.vfs)
    made.migrate()
    disk.hook = threads
    return made


@pytest.fixture
def writer(store: SqliteStore, threads: Threads) -> Iterator[SqliteWriter]:
    made = store.writer()
    threads.seen.clear()
    yield made
    threads.may_write.set()
    threads.may_sync.set()
    threads.failing = None
    made.close()


def commit(writer: SqliteWriter, tenants: range) -> None:
    for tenant_id in tenants:
        writer.begin()
        writer.run("set_counter", tenant_id=tenant_id, name="n", total=tenant_id)
        writer.commit()


def ended(writer: SqliteWriter) -> None:
    """Upkeep until no pages are on their way."""
    writer.maintain()
    while (under_way := writer._log._round) is not None:
        under_way.exception()
        writer.maintain()


def stored(store: SqliteStore) -> list[int]:
    reader = store.reader()
    rows = reader._connection.execute("SELECT total FROM counter ORDER BY tenant_id").fetchall()
    reader.close()
    return [total for (total,) in rows]


def log_bytes(store: SqliteStore) -> int:
    return store.path.with_name("guerdon.db-wal").stat().st_size


def test_few_pages_stay_where_they_are(store, writer, threads):
    commit(writer, range(1, 3))
    ended(writer)
    assert not threads.seen


def test_many_pages_are_moved_beside_the_commits_and_the_last_by_the_writer(store, writer, threads):
    threads.may_write.clear()
    commit(writer, range(1, CHECKPOINT_PAGES + 1))
    writer.maintain()
    threads.arrived.wait()
    # The thread is held up, and neither commits nor upkeep wait for it.
    commit(writer, range(CHECKPOINT_PAGES + 1, CHECKPOINT_PAGES + 4))
    writer.maintain()
    assert stored(store) == list(range(1, CHECKPOINT_PAGES + 4))
    threads.may_write.set()
    ended(writer)
    assert threads.seen == {True, False}


def test_the_log_grows_while_it_is_moved_and_the_writer_moves_nothing(
    store, writer, threads, monkeypatch
):
    monkeypatch.setattr(limits, "wal_pages_anew", 10 * CHECKPOINT_PAGES)
    for first in range(1, 4 * CHECKPOINT_PAGES, CHECKPOINT_PAGES):
        commit(writer, range(first, first + CHECKPOINT_PAGES))
        threads.arrived.clear()
        threads.may_write.clear()
        writer.maintain()
        threads.arrived.wait()
        commit(writer, range(1_000 + first, 1_001 + first))
        threads.may_write.set()
        writer._log._round.exception()
        writer.maintain()
    assert threads.seen == {False}
    assert writer._log._pages > 4 * CHECKPOINT_PAGES


@pytest.mark.skipif(sys.platform != "linux", reason="priorities of threads are Linux's")
@pytest.mark.parametrize(("pages_hasty", "gives_way"), [(10 * CHECKPOINT_PAGES, True), (1, False)])
def test_what_moves_pages_gives_way_unless_the_log_has_become_long(
    store, writer, monkeypatch, pages_hasty, gives_way
):
    monkeypatch.setattr(limits, "wal_pages_hasty", pages_hasty)
    seen: list[tuple[int, int]] = []
    really = mover.Mover.move

    def move(self: mover.Mover, pages: int) -> int:
        nice = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
        seen.append((nice - usual, os.sched_getscheduler(0)))
        return really(self, pages)

    usual = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    monkeypatch.setattr(mover.Mover, "move", move)
    commit(writer, range(1, CHECKPOINT_PAGES + 1))
    writer.maintain()
    ended(writer)
    last = (19 - usual, os.SCHED_BATCH) if gives_way else (0, os.sched_getscheduler(0))
    assert set(seen) == {last}
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == usual


def test_the_log_does_not_begin_anew_before_what_was_moved_is_synced(store, writer, threads):
    commit(writer, range(1, CHECKPOINT_PAGES + 1))
    threads.may_sync.clear()
    writer.maintain()
    threads.syncing.wait()
    # All pages are in the file, but not on the disk.
    commit(writer, range(101, 103))
    assert writer._log._pages > CHECKPOINT_PAGES
    threads.may_sync.set()
    ended(writer)
    commit(writer, range(103, 104))
    assert writer._log._pages < CHECKPOINT_PAGES


def test_the_disk_is_given_the_whole_file_part_by_part(store, writer, monkeypatch):
    parts: list[tuple[int, int]] = []

    def note(_descriptor: int, start: int, count: int, _flags: int) -> int:
        parts.append((start, start + count))
        return 0

    monkeypatch.setattr(mover, "_sync_file_range", note)
    monkeypatch.setattr(limits, "wal_part_pages", 5)
    commit(writer, range(1, CHECKPOINT_PAGES + 1))
    ended(writer)
    assert len(parts) > 1
    assert parts[0][0] == 0
    assert all(before[1] == after[0] for before, after in itertools.pairwise(parts))
    assert parts[-1][1] >= store.path.stat().st_size


def test_a_system_that_cannot_write_parts_syncs_all_at_once(store, writer, monkeypatch):
    monkeypatch.setattr(mover, "_sync_file_range", None)
    commit(writer, range(1, CHECKPOINT_PAGES + 1))
    ended(writer)
    assert stored(store) == list(range(1, CHECKPOINT_PAGES + 1))


def test_other_threads_run_while_the_file_is_synced(store, writer, threads, monkeypatch):
    """SQLite's own call would keep Python's lock: what it is left with is nothing."""
    synced: list[bool] = []

    def fsync(descriptor: int) -> None:
        assert Path(f"/proc/self/fd/{descriptor}").resolve() == store.path.resolve()
        synced.append(threads.syncing.is_set())

    monkeypatch.setattr(mover.os, "fsync", fsync)
    commit(writer, range(1, CHECKPOINT_PAGES + 1))
    ended(writer)
    assert synced[0] is False
    assert threads.syncing.is_set()


def test_a_sync_that_the_system_says_has_failed_is_the_end_of_the_writer(writer, monkeypatch):
    def fsync(_descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(mover.os, "fsync", fsync)
    commit(writer, range(1, CHECKPOINT_PAGES + 1))
    writer.maintain()
    writer._log._round.exception()
    with pytest.raises(errors.StoreError, match="Input/output error"):
        writer.maintain()
    assert writer.failed


@pytest.mark.parametrize("is_closed", [True, False], ids=["closed", "killed"])
def test_pages_whose_sync_failed_are_written_again_by_the_next_writer(
    store, disk, threads, tmp_path, is_closed
):
    writer, reader = store.writer(), None if is_closed else store.reader()
    commit(writer, range(1, CHECKPOINT_PAGES + 1))
    threads.failing = powercut.Failing(apsw.SQLITE_IOERR_FSYNC, 5)
    writer.maintain()
    assert writer._log._round.exception() is not None
    threads.failing = None
    if is_closed:
        writer.close()
    else:
        # The reader lives on in a process of its own, and knows the log as moved.
        store.path.with_name("guerdon.db.lock").unlink()
    later = store.writer()
    later.begin()
    later.run("add_seal", tenant_id=1, number=1, wrapped=b"on another page")
    later.commit()
    for cut in range(10):
        left = powercut.write(disk.left_at(len(disk), random.Random(cut)), tmp_path / f"cut{cut}")
        found = SqliteStore(left / "guerdon.db", SystemClock())
        found.writer().close()
        assert stored(found) == list(range(1, CHECKPOINT_PAGES + 1))
    later.close()
    if reader is not None:
        reader.close()
        writer.close()


def test_when_all_pages_are_moved_the_log_begins_anew(store, writer):
    sizes = []
    for first in range(1, 401, 40):
        commit(writer, range(first, first + 40))
        ended(writer)
        sizes.append(log_bytes(store))
    assert max(sizes) < 2 * sizes[0]
    assert stored(store) == list(range(1, 401))


def test_rounds_that_leave_no_less_come_to_an_end(store, writer, monkeypatch):
    moves = 0
    move = writer._log._move

    def outrun(pages: int) -> int:
        nonlocal moves
        moves += 1
        assert moves < 5
        return move(pages)

    monkeypatch.setattr(writer._log, "_move", outrun)
    commit(writer, range(1, CHECKPOINT_PAGES + 1))
    writer.maintain()
    first = CHECKPOINT_PAGES + 1
    while (under_way := writer._log._round) is not None:
        under_way.exception()
        # As much is committed during each round as the round moved.
        commit(writer, range(first, first + CHECKPOINT_PAGES))
        first += CHECKPOINT_PAGES
        writer.maintain()
    assert moves >= 1


def test_what_a_reader_holds_is_moved_after_it_has_gone(store, writer, monkeypatch):
    alarms: list[str] = []
    monkeypatch.setattr(limits, "wal_bytes_max", 4_096)
    monkeypatch.setattr(writer._log, "_alarm", alarms.append)
    reader = store.reader()
    reader._connection.execute("BEGIN")
    reader._connection.execute("SELECT count(*) FROM counter").fetchall()
    commit(writer, range(1, 2 * CHECKPOINT_PAGES))
    ended(writer)
    assert "a reader keeps alive" in alarms[0]
    reader._connection.execute("COMMIT")
    reader.close()
    sizes = []
    for first in range(100, 500, 50):
        commit(writer, range(first, first + 50))
        ended(writer)
        sizes.append(log_bytes(store))
    assert len(set(sizes)) == 1
    assert stored(store) == [*range(1, 2 * CHECKPOINT_PAGES), *range(100, 500)]


def test_a_failed_sync_on_the_thread_is_the_writers_end(store, writer, threads):
    threads.failing = powercut.Failing(apsw.SQLITE_IOERR_FSYNC, 5)
    commit(writer, range(1, CHECKPOINT_PAGES + 1))
    with pytest.raises(errors.StoreError):
        ended(writer)
    assert writer.failed
    with pytest.raises(errors.StoreUnavailable):
        writer.begin()


def test_what_had_no_room_is_tried_again_and_costs_no_commit(store, writer, threads):
    threads.failing = powercut.Failing(apsw.SQLITE_FULL, 28)
    commit(writer, range(1, CHECKPOINT_PAGES + 1))
    for _ in range(3):
        with pytest.raises(errors.StoreFull):
            ended(writer)
    threads.failing = None
    commit(writer, range(100, 102))
    ended(writer)
    assert threads.seen == {False}
    assert stored(store) == [*range(1, CHECKPOINT_PAGES + 1), 100, 101]


def test_to_empty_the_log_is_to_wait_for_what_is_under_way(store, writer, threads):
    threads.may_write.clear()
    commit(writer, range(1, CHECKPOINT_PAGES + 1))
    writer.maintain()
    threading.Timer(0, threads.may_write.set).start()
    assert writer._log.empty()
    assert log_bytes(store) == 0


def test_while_commands_wait_nothing_is_purged_that_would_wait_for_a_round(store, writer, threads):
    writer.begin()
    writer.purge()
    writer.commit()
    threads.may_write.clear()
    commit(writer, range(1, CHECKPOINT_PAGES + 1))
    writer._log.shorten()
    threads.arrived.wait()
    for _ in range(2 * limits.sweep_every_groups):
        assert not writer.maintain(busy=True)
    threads.may_write.set()
    while writer._sweeps_from is not None:
        writer.maintain(busy=True)


def test_a_writer_that_is_closed_lets_pages_arrive_first(store, threads):
    writer = store.writer()
    commit(writer, range(1, CHECKPOINT_PAGES + 1))
    threads.may_write.clear()
    writer.maintain()
    threading.Timer(0, threads.may_write.set).start()
    writer.close()
    threads.seen.clear()
    opened_again = store.writer()
    assert stored(store) == list(range(1, CHECKPOINT_PAGES + 1))
    opened_again.close()
    assert not threads.seen
