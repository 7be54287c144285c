"""What rows that are gone leave in the pages of a SQLite file is overwritten, and nothing else."""

from __future__ import annotations

import random
from pathlib import Path

import apsw
import pytest

from guerdon import limits
from guerdon.clock import SystemClock
from guerdon.store.sqlite import pages
from guerdon.store.sqlite.store import SqliteStore

ROWS = 600


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file in which rows came, moved, changed and went, as `secure_delete` leaves it."""
    store = SqliteStore(tmp_path / "guerdon.db", SystemClock())
    writer = store.writer()
    connection = writer._connection
    connection.execute("CREATE TABLE t (k TEXT PRIMARY KEY, v TEXT) STRICT, WITHOUT ROWID")
    picks = random.Random(7)

    def put(at: int) -> None:
        text = f"canary{at:04}" + "x" * picks.randint(0, 400)
        connection.execute("INSERT OR REPLACE INTO t VALUES (?, ?)", (f"key{at}", text))

    with connection:
        for at in picks.sample(range(ROWS), ROWS) + picks.choices(range(ROWS), k=ROWS):
            put(at)
        connection.execute("DELETE FROM t WHERE CAST(substr(k, 4) AS INTEGER) % 2 = 1")
        for at in range(0, ROWS, 2):
            put(at)
    connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    writer.close()
    return tmp_path / "guerdon.db"


def left_over(path: Path) -> set[int]:
    content = path.read_bytes()
    return {at for at in range(1, ROWS, 2) if b"canary%04d" % at in content}


def test_unused_space_is_cleared_and_every_row_stays(path: Path) -> None:
    assert left_over(path)
    connection = apsw.Connection(str(path))
    before = connection.execute("SELECT * FROM t").fetchall()
    next_page: int | None = 1
    found = 0
    while next_page is not None:
        cleared, next_page = pages.clear(connection, next_page, 7)
        found += cleared
    assert found
    assert left_over(path) == set()
    assert pages.clear(connection, 1, 10_000) == (0, None)
    connection.pragma("shrink_memory")
    assert connection.execute("SELECT * FROM t").fetchall() == before
    assert connection.pragma("integrity_check") == "ok"
    # The locks of the connection outlive the file that was opened beside it.
    with connection:
        connection.execute("DELETE FROM t")
    connection.close()


def test_a_page_of_another_kind_is_left_alone() -> None:
    for page in (b"\0" * 512, b"\x0d" + b"\xff" * 511, bytes([7]) + b"x" * 511):
        assert pages.unused(page, 2) is None


def test_what_a_killed_process_had_to_clear_is_cleared_by_the_next(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = SqliteStore(path, SystemClock())
    writer = store.writer()
    assert not writer.maintain()
    writer.begin()
    writer.purge()
    writer.commit()
    writer.close()
    assert left_over(path)
    writer = store.writer()
    reader = store.reader()
    # While somebody still reads what was, nothing is cleared.
    reader._connection.execute("BEGIN")
    reader._connection.execute("SELECT count(*) FROM t").fetchall()
    writer.begin()
    writer._connection.execute("DELETE FROM t WHERE k = 'key0'")
    writer.commit()
    assert not writer.maintain()
    assert left_over(path)
    reader._connection.execute("COMMIT")
    # Asked again while it is under way, it starts anew when it is through.
    monkeypatch.setattr(limits, "sweep_pages", 7)
    turns = [writer.maintain(busy=True) for _ in range(2 * limits.sweep_every_groups)]
    assert turns.count(True) == 2
    writer.begin()
    writer.purge()
    writer.commit()
    slices = 0
    while writer.maintain():
        slices += 1
    size = path.stat().st_size // 4_096
    assert slices >= 2 * (size // 7) - 2
    assert left_over(path) == set()
    assert writer._connection.pragma("user_version") == 0
    reader.close()
    writer.close()
