"""Migrations, applied to a PostgreSQL database.

The portable files speak SQLite's words; here they are read as PostgreSQL's. Texts are compared byte
by byte on both engines, so that lists come in one order everywhere.
"""

from __future__ import annotations

import re

import psycopg

from guerdon.clock import Clock
from guerdon.faults import fault
from guerdon.store import migrations
from guerdon.store.migrations import Migration
from guerdon.store.postgres.server import Connection

_TOKEN = re.compile(
    r"""(?P<kept>--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|"[^"]*"|\$(\w*)\$.*?\$\2\$)
      | \b(?P<type>INTEGER|BLOB|TEXT)\b
      | (?P<options>\)\s*STRICT(?:\s*,\s*WITHOUT\s+ROWID)?(?=\s*;))""",
    re.VERBOSE | re.DOTALL,
)
_TYPES = {"INTEGER": "BIGINT", "BLOB": "BYTEA", "TEXT": 'TEXT COLLATE "C"'}

_EXISTS = (
    psycopg.errors.DuplicateTable,
    psycopg.errors.DuplicateObject,
    psycopg.errors.UniqueViolation,
)


def in_postgres_words(text: str) -> str:
    """A migration with types and table options as PostgreSQL has them."""
    return _TOKEN.sub(_word, text)


def _word(found: re.Match[str]) -> str:
    if found["type"]:
        return _TYPES[found["type"]]
    return found["kept"] or ")"


def pending(connection: Connection) -> list[Migration]:
    """What the database has not seen. Errors: Unsafe when a newer release made it."""
    return migrations.missing("postgres", _applied(connection))


def apply(connection: Connection, clock: Clock, part: str) -> list[str]:
    """Apply what is missing up to `part`, each migration in a transaction; the names applied here.

    A second process that does the same waits its turn and finds them applied.
    """
    _make_list(connection)
    applied = []
    for migration in migrations.up_to(pending(connection), part):
        with connection.transaction():
            connection.execute("LOCK TABLE schema_migration IN SHARE ROW EXCLUSIVE MODE")
            if migration.name in _applied(connection):
                continue
            connection.execute(in_postgres_words(migration.text), prepare=False)
            fault("in_migration")
            connection.execute(
                "INSERT INTO schema_migration VALUES ($1, $2)", (migration.name, clock.now())
            )
            applied.append(migration.name)
    return applied


def _make_list(connection: Connection) -> None:
    try:
        connection.execute(in_postgres_words(migrations.TABLE))
    except _EXISTS:
        # Another process was making it at the same instant, and has: IF NOT EXISTS looks only once.
        return


def _applied(connection: Connection) -> set[str]:
    try:
        return {row[0] for row in connection.execute("SELECT name FROM schema_migration")}
    except psycopg.errors.UndefinedTable:
        return set()
