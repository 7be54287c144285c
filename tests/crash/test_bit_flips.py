"""One bit of a file turned over: history never changes unnoticed, no batch is there by halves."""

from __future__ import annotations

import random
import shutil
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from crash import child, oracle, powercut, small
from crash.workload import TickingClock, Workload
from guerdon import errors, limits
from guerdon.store import decisions
from guerdon.store.sqlite.store import SqliteStore

PLACES = [pytest.param(50, id="some"), pytest.param(1_000, id="many", marks=pytest.mark.slow)]
HISTORY = "decision"
"""What the hash chain vouches for. Other tables have no second copy to be held against."""


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed database in which much has happened."""
    path = tmp_path_factory.mktemp("flips") / "guerdon.db"
    child.prepare(path)
    workload = Workload(SqliteStore(path, TickingClock(1)), 3)
    workload.tenants.append(child.TENANT)
    workload.run(15)
    workload.settle()
    workload.committer.close()
    return path


def flipped(content: bytes, chance: random.Random) -> bytes:
    changed = bytearray(content)
    changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def rows_of(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every table, and the schema; not what the planner is told, which changes no answer."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        schema = connection.execute("SELECT * FROM sqlite_schema").fetchall()
        tables = [row[1] for row in schema if row[0] == "table" and "sqlite_stat" not in row[1]]
        found = {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in tables}
        return {**found, "schema": schema}
    finally:
        connection.close()


def is_noticed(path: Path) -> bool:
    """Whether opening, checking or verifying the file says that something is wrong."""
    try:
        if oracle.integrity(path) != "ok":
            return True
        reader = SqliteStore(path, TickingClock(0)).reader()
        try:
            verdicts = reader.ask(
                lambda rows: [decisions.verify(rows, row[0]) for row in rows.all("tenants")]
            )
        finally:
            reader.close()
        rows_of(path)
    except Exception:  # whatever it is, it is not silent
        return True
    return any(verdict.bad_position is not None for verdict in verdicts)


@pytest.mark.parametrize("places", PLACES)
def test_a_bit_flipped_in_the_database_never_changes_history_unnoticed(database, tmp_path, places):
    content, whole = database.read_bytes(), rows_of(database)
    chance = random.Random(10)
    noticed = 0
    for place in range(places):
        path = tmp_path / f"flip{place}.db"
        path.write_bytes(flipped(content, chance))
        if is_noticed(path):
            noticed += 1
            continue
        assert rows_of(path)[HISTORY] == whole[HISTORY]
    assert noticed > places // 10


@pytest.mark.parametrize("places", PLACES)
def test_a_bit_flipped_in_the_log_ends_it_at_a_whole_batch(tmp_path, monkeypatch, places):
    small.shrink(monkeypatch.setattr)
    monkeypatch.setattr(limits, "wal_pages_round", 1_000_000)
    path = tmp_path / "live" / "guerdon.db"
    store = SqliteStore(path, TickingClock(4))
    store.migrate()
    workload = Workload(store, 4)
    workload.make_tenants(2)
    workload.run(6)
    found = powercut.copy_live(path.parent, tmp_path / "found")
    workload.committer.close()
    log = (found / "guerdon.db-wal").read_bytes()
    chance = random.Random(11)
    for place in range(places):
        folder = Path(shutil.copytree(found, tmp_path / f"flip{place}"))
        (folder / "guerdon.db-wal").write_bytes(flipped(log, chance))
        SqliteStore(folder / "guerdon.db", TickingClock(0)).migrate()
        assert oracle.integrity(folder / "guerdon.db") == "ok"
        oracle.examine(
            SqliteStore(folder / "guerdon.db", TickingClock(0)),
            workload.ledger,
            at=oracle.NOTHING,
        )
        shutil.rmtree(folder)


def test_a_text_that_is_none_any_more_is_trouble_of_the_store(tmp_path):
    store = SqliteStore(tmp_path / "guerdon.db", TickingClock(1))
    store.migrate()
    connection = apsw.Connection(str(store.path))
    connection.execute("INSERT INTO setting VALUES (1, 'n', CAST(x'22ff22' AS TEXT))")
    connection.close()
    with closing(store.reader()) as reader, pytest.raises(errors.StoreError, match="damaged"):
        reader.ask(lambda rows: rows.all("settings", tenant_id=1))
    with closing(store.writer()) as writer, pytest.raises(errors.StoreError, match="damaged"):
        writer.one("settings", tenant_id=1)
