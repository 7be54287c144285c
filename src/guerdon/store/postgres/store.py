"""A store in a PostgreSQL database.

Any number of processes may write; the row lock on a tenant's head puts their commits in order.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

from guerdon import errors
from guerdon.clock import Clock
from guerdon.store.postgres import schema
from guerdon.store.postgres.connection import PostgresReader, PostgresWriter
from guerdon.store.postgres.server import Connection, Server, translated

_MUST_BE = (
    ("fsync", "on", "a power cut would lose answered events and may damage the database"),
    ("full_page_writes", "on", "a power cut may damage the database"),
    ("data_sync_retry", "off", "a failed fsync, tried again, could lose answered events"),
    ("server_encoding", "UTF8", "texts outside that encoding would be refused"),
)


class PostgresStore:
    """The database at `url` (`postgresql://...`).

    alarm:  never raised: the server watches its own files.
    Errors: Misconfigured when `url` is no such address; nothing is opened yet.
    """

    tenants_share_transactions = False

    def __init__(
        self,
        url: str,
        clock: Clock,
        *,
        alarm: Callable[[str], None] | None = None,  # noqa: ARG002 - see above
    ) -> None:
        self._clock = clock
        self._server = Server(url, clock)

    def writer(self) -> PostgresWriter:
        return PostgresWriter(self._server)

    def reader(self) -> PostgresReader:
        return PostgresReader(self._server)

    def migrate(self, *, part: str = "post") -> list[str]:
        with closing(self._server.connect(patient=True)) as connection, translated():
            return schema.apply(connection, self._clock, part)

    def pending_migrations(self) -> list[str]:
        with closing(self._server.connect()) as connection, translated():
            return [migration.name for migration in schema.pending(connection)]

    def risks(self) -> list[str]:
        with closing(self._server.connect()) as connection, translated():
            found = [
                f"{name} is {value}: {harm}"
                for name, safe, harm in _MUST_BE
                if (value := _setting(connection, name)) != safe
            ]
            return found + _commit_risks(connection)

    def backup(self, path: str) -> None:
        raise errors.Misconfigured(
            f"cannot write {path}: PostgreSQL is backed up with its own tools,"
            " pg_basebackup or pg_dump"
        )


def _commit_risks(connection: Connection) -> list[str]:
    commit = _setting(connection, "synchronous_commit")
    if commit == "off":
        return ["synchronous_commit is off: a crash would lose answered events"]
    standbys = _setting(connection, "synchronous_standby_names")
    if commit == "local" and standbys:
        return ["synchronous_commit is local: a standby that takes over may lack answered events"]
    return []


def _setting(connection: Connection, name: str) -> str:
    row = connection.execute(f"SHOW {name}").fetchone()
    return str(row[0]) if row else ""
