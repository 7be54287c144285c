"""Migrations in PostgreSQL's words, each applied once whoever applies them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest

from guerdon.clock import SystemClock
from guerdon.errors import Unsafe
from guerdon.store import migrations
from guerdon.store.postgres.schema import in_postgres_words
from guerdon.store.postgres.store import PostgresStore
from postgres import fresh_database


@pytest.mark.parametrize(
    ("sqlite", "postgres"),
    [
        (
            "CREATE TABLE a (b INTEGER NOT NULL, c BLOB, d TEXT) STRICT;",
            'CREATE TABLE a (b BIGINT NOT NULL, c BYTEA, d TEXT COLLATE "C");',
        ),
        ("c TEXT\n) STRICT, WITHOUT ROWID;", 'c TEXT COLLATE "C"\n);'),
        ("c INTEGER\n)  STRICT ,\n WITHOUT\tROWID ;", "c BIGINT\n) ;"),
    ],
)
def test_types_and_table_options_are_postgresqls(sqlite: str, postgres: str) -> None:
    assert in_postgres_words(sqlite) == postgres


@pytest.mark.parametrize(
    "text",
    [
        "-- An INTEGER, a BLOB and a TEXT ) STRICT;\n",
        "/* INTEGER\n TEXT */",
        "SELECT 'INTEGER; it''s TEXT -- BLOB'",
        'SELECT "TEXT" FROM "INTEGER"',
        "CREATE FUNCTION f() AS $$ BEGIN -- it's\n TEXT INTEGER; END $$",
        "CREATE FUNCTION f() AS $body$ SELECT 'TEXT' || $$BLOB$$ $body$",
        "SELECT POINTER, TEXTUAL, INTEGERS, my_blob, BLOBS FROM integer_text",
        "SELECT integer, text",
    ],
)
def test_nothing_else_is_touched(text: str) -> None:
    assert in_postgres_words(text) == text


@pytest.fixture
def url() -> Iterator[str]:
    with fresh_database(migrated=False) as address:
        yield address


def names() -> list[str]:
    return [migration.name for migration in migrations.known("postgres")]


@pytest.mark.postgres
def test_migrations_are_applied_in_order_and_once(url: str) -> None:
    store = PostgresStore(url, SystemClock())
    assert store.pending_migrations() == names()
    first = next(at for at, name in enumerate(names()) if "_post_" in name)
    assert store.migrate(part="pre") == names()[:first]
    assert store.migrate() == names()[first:]
    assert store.migrate() == []
    assert store.pending_migrations() == []


@pytest.mark.postgres
def test_of_four_processes_that_migrate_at_once_each_migration_is_one_s(url: str) -> None:
    ready = threading.Barrier(4)
    applied: list[str] = []

    def migrate() -> None:
        store = PostgresStore(url, SystemClock())
        ready.wait()
        applied.extend(store.migrate())

    threads = [threading.Thread(target=migrate) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(applied) == names()


@pytest.mark.postgres
def test_a_migration_that_fails_leaves_nothing(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    half = "CREATE TABLE half (a INTEGER NOT NULL) STRICT; SELECT no_such_function();"
    bad = migrations.Migration("9999_pre_bad", "pre", half)
    known = [*migrations.known("postgres"), bad]
    monkeypatch.setattr(migrations, "known", lambda _: known)
    store = PostgresStore(url, SystemClock())
    with pytest.raises(Exception, match="no_such_function"):
        store.migrate()
    assert store.pending_migrations() == ["9999_pre_bad"]
    with closing(psycopg.connect(url)) as connection:
        row = connection.execute("SELECT to_regclass('half')").fetchone()
    assert row == (None,)


@pytest.mark.postgres
def test_a_database_of_a_newer_release_is_not_touched(url: str) -> None:
    store = PostgresStore(url, SystemClock())
    store.migrate()
    with psycopg.connect(url) as connection:
        connection.execute("INSERT INTO schema_migration VALUES ('9999_pre_future', 1)")
    for ask in (store.pending_migrations, store.migrate):
        with pytest.raises(Unsafe, match="9999_pre_future"):
            ask()
