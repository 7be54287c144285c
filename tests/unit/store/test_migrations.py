"""Which migrations are applied, and when a database is left alone."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest

from guerdon.clock import SystemClock
from guerdon.errors import Unsafe
from guerdon.store import migrations
from guerdon.store.migrations import Migration
from guerdon.store.sqlite.store import SqliteStore


def made(*names: str) -> list[Migration]:
    return [Migration(name, name.split("_")[1], "") for name in names]


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_an_engines_own_files_stand_among_the_portable_ones_in_order(engine: str) -> None:
    names = [migration.name for migration in migrations.known(engine)]
    assert names == sorted(names)
    assert names[:2] == ["0001_pre_foundation", "0002_pre_append_only"]
    assert all(migration.text for migration in migrations.known(engine))


def test_what_is_applied_is_not_applied_again() -> None:
    names = [migration.name for migration in migrations.known("sqlite")]
    assert [each.name for each in migrations.missing("sqlite", set())] == names
    assert [each.name for each in migrations.missing("sqlite", set(names[:1]))] == names[1:]
    assert migrations.missing("sqlite", set(names)) == []


def test_a_database_of_a_newer_release_is_refused() -> None:
    with pytest.raises(Unsafe, match="9999_pre_future"):
        migrations.missing("sqlite", {"9999_pre_future"})


def test_before_the_switch_only_the_leading_safe_parts_are_applied() -> None:
    some = made("1_pre_a", "2_pre_b", "3_post_c", "4_pre_d")
    assert migrations.up_to(some, "pre") == some[:2]
    assert migrations.up_to(some, "post") == some
    assert migrations.up_to(made("1_post_a", "2_pre_b"), "pre") == []


def names_from(name: str) -> list[str]:
    return [each.name for each in migrations.known("sqlite") if each.name >= name]


def store_before(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> SqliteStore:
    """A store with the schema before a migration."""
    before = [each for each in migrations.known("sqlite") if each.name < name]
    store = SqliteStore(folder / "guerdon.db", SystemClock())
    with monkeypatch.context() as older:
        older.setattr(migrations, "known", lambda _: before)
        store.migrate()
    return store


def test_lots_of_an_older_schema_are_open_when_something_is_left(tmp_path, monkeypatch):
    store = store_before("0012", tmp_path, monkeypatch)
    lots = [(1, 500), (2, 0), (3, None)]
    with apsw.Connection(str(store.path)) as connection:
        connection.executemany(
            "INSERT INTO points_transfer (tenant_id, position, number, transfer_id, kind, state,"
            " value, issuer, created_at, remaining)"
            " VALUES (1, ?, 1, 'id', 'adding', 'active', 500, 'admin', 0, ?)",
            lots,
        )
    connection.close()
    assert store.migrate() == names_from("0012")
    with apsw.Connection(str(store.path)) as connection:
        opened = connection.execute("SELECT position FROM points_transfer WHERE is_open").fetchall()
        (due,) = connection.execute(
            "SELECT group_concat(name) FROM pragma_index_info('points_lot_due')"
        ).fetchone()
    connection.close()
    assert opened == [(1,)]
    assert due == "tenant_id,due_at,position"


def test_lots_of_an_older_schema_stay_open_when_their_time_has_passed(tmp_path, monkeypatch):
    """Those a reset emptied are closed."""
    store = store_before("0016", tmp_path, monkeypatch)
    lots = [(1, "expired"), (2, "expired"), (3, "canceled"), (4, "active")]
    postings = [(11, 1, "expired"), (12, 0, "expired"), (13, 3, "canceled")]
    with apsw.Connection(str(store.path)) as connection:
        connection.executemany(
            "INSERT INTO points_transfer (tenant_id, position, number, transfer_id, kind, state,"
            " value, issuer, created_at, remaining, is_open)"
            " VALUES (1, ?, 1, 'id', 'adding', ?, 500, 'admin', 0, 0, 0)",
            lots,
        )
        connection.executemany(
            "INSERT INTO points_posting (tenant_id, position, leg, number, about, from_account,"
            " to_account, points, recorded_at) VALUES (1, ?, 0, 1, ?, 'available', ?, 500, 0)",
            postings,
        )
    connection.close()
    assert store.migrate() == names_from("0016")
    with apsw.Connection(str(store.path)) as connection:
        opened = connection.execute("SELECT position FROM points_transfer WHERE is_open").fetchall()
    connection.close()
    assert opened == [(1,)]
