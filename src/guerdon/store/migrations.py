"""Migrations: ordered files, applied once each and never edited after a release.

A file is named `NNNN_pre_what.sql` or `NNNN_post_what.sql`: `pre` parts are safe while the previous
release is still running, `post` parts only once it is not. Portable files stand in
`store/sql/migrations`; an engine's own (triggers, privileges) in its folder, in one numbered order.
"""

from __future__ import annotations

import re
from importlib import resources

import msgspec

from guerdon.errors import Unsafe

_FILE = re.compile(r"^(\d{4})_(pre|post)_[a-z0-9_]+\.sql$")
TABLE = """CREATE TABLE IF NOT EXISTS schema_migration (
    name TEXT NOT NULL PRIMARY KEY, applied_at INTEGER NOT NULL)"""


class Migration(msgspec.Struct, frozen=True):
    """One file: its name without the ending, its part and its text."""

    name: str
    part: str
    text: str


def known(engine: str) -> list[Migration]:
    """All migrations of an engine, in order."""
    root = resources.files("guerdon.store")
    found = []
    for folder in (root / "sql" / "migrations", root / engine / "migrations"):
        for file in folder.iterdir():
            name = _FILE.match(file.name)
            if name:
                text = file.read_text(encoding="utf-8")
                found.append(Migration(file.name.removesuffix(".sql"), name.group(2), text))
    return sorted(found, key=lambda migration: migration.name)


def missing(engine: str, applied: set[str]) -> list[Migration]:
    """What the database has not seen yet.

    Errors: Unsafe when the database has seen something this code does not know: a newer release
            made it, and this one must not touch it.
    """
    migrations = known(engine)
    newer = applied - {migration.name for migration in migrations}
    if newer:
        names = ", ".join(sorted(newer))
        raise Unsafe(f"the database was made by a newer release (it has {names}); install that one")
    return [migration for migration in migrations if migration.name not in applied]


def up_to(migrations: list[Migration], part: str) -> list[Migration]:
    """Those to apply now: all, or for `pre` the leading ones before the first `post`."""
    if part == "post":
        return migrations
    leading = []
    for migration in migrations:
        if migration.part == "post":
            break
        leading.append(migration)
    return leading
