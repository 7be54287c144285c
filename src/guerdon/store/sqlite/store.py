"""A store in one SQLite file.

WAL, `synchronous=FULL` (fsync before every answer), one writer whose lock names its process, any
number of readers. The SQLite in use is the one inside apsw's wheel.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import apsw

from guerdon import errors, folders, limits
from guerdon.clock import Clock
from guerdon.faults import fault
from guerdon.store import migrations
from guerdon.store.sqlite import aftermath
from guerdon.store.sqlite.connection import SqliteReader, SqliteWriter
from guerdon.store.sqlite.trouble import in_our_words, of_system

# Before 3.51.3 a write and a checkpoint at the same instant could corrupt a WAL database
# (sqlite.org/wal.html, "WAL-reset bug").
SQLITE_VERSION_MIN = 3_051_003
_SYNCHRONOUS_FULL = 2
_WRITER: dict[str, str | int] = {
    "journal_mode": "wal",
    "synchronous": "full",
    # A checkpoint is an act of its own (see `guerdon.store.sqlite.log`).
    "wal_autocheckpoint": 0,
    # Without it INSERT OR REPLACE walks past the append-only guards.
    "recursive_triggers": "on",
    # What is deleted is gone from the file, too.
    "secure_delete": "on",
    "foreign_keys": "on",
    # A COMMIT that moved pages about looks at each page kept (SQLite's pcache1TruncateUnsafe): of
    # 64 MiB, for half a millisecond. What is not kept here, the system keeps.
    "cache_size": -8_192,
    "temp_store": "memory",
}
_READER: dict[str, str | int] = {
    "query_only": "on",
    "cache_size": -16_384,
    "mmap_size": 1_073_741_824,
    "temp_store": "memory",
}


def _silent(_: str) -> None:
    """The alarm of a store nobody listens to."""


class SqliteStore:
    """The file at `path`, with its `-wal`, `-shm` and `.lock` beside it.

    vfs: an apsw VFS to use instead of the system's (tests cut the power with one).
    """

    tenants_share_transactions = True

    def __init__(
        self,
        path: Path,
        clock: Clock,
        *,
        vfs: str | None = None,
        alarm: Callable[[str], None] = _silent,
    ) -> None:
        self.path = path
        self._clock = clock
        self._vfs = vfs
        self._alarm = alarm

    def writer(self) -> SqliteWriter:
        lock = _lock(self.path.with_name(self.path.name + ".lock"))
        try:
            connection = self._connect()
            self._settle(connection)
        except BaseException:
            os.close(lock)
            raise
        return SqliteWriter(connection, self._connect, lambda: os.close(lock), self._alarm)

    def reader(self) -> SqliteReader:
        connection = self._open(apsw.SQLITE_OPEN_READONLY)
        try:
            _set(connection, _READER)
        except apsw.Error as error:
            connection.close()
            raise in_our_words(error) from error
        return SqliteReader(connection)

    def migrate(self, *, part: str = "post") -> list[str]:
        writer = self.writer()
        try:
            connection = writer._connection  # noqa: SLF001 - the same room
            connection.execute(migrations.TABLE)
            wanted = migrations.up_to(migrations.missing("sqlite", _applied(connection)), part)
            for migration in wanted:
                with connection:
                    connection.execute(migration.text).fetchall()
                    fault("in_migration")
                    connection.execute(
                        "INSERT INTO schema_migration VALUES (?, ?)",
                        (migration.name, self._clock.now()),
                    )
            return [migration.name for migration in wanted]
        except apsw.Error as error:
            raise in_our_words(error) from error
        finally:
            writer.close()

    def pending_migrations(self) -> list[str]:
        if not self.path.exists():
            return [migration.name for migration in migrations.known("sqlite")]
        connection = self._open(apsw.SQLITE_OPEN_READONLY)
        try:
            return [
                migration.name for migration in migrations.missing("sqlite", _applied(connection))
            ]
        finally:
            connection.close()

    def risks(self) -> list[str]:
        found = []
        if apsw.SQLITE_VERSION_NUMBER < SQLITE_VERSION_MIN:
            found.append(
                f"SQLite {apsw.sqlite_lib_version()} can corrupt a WAL database; 3.51.3 is needed"
            )
        connection = self._connect()
        try:
            if connection.pragma("journal_mode") != "wal":
                found.append("the database is not in WAL mode: readers would block the writer")
            if connection.pragma("synchronous") < _SYNCHRONOUS_FULL:
                found.append("synchronous is not FULL: a power cut would lose answered events")
        finally:
            connection.close()
        return found

    def backup(self, path: str) -> None:
        source = self._open(apsw.SQLITE_OPEN_READONLY)
        try:
            # Beside its place until it is whole: what a kill leaves half-written must not pass for
            # a backup. A file of no bytes would be restored as a new, empty store.
            beside = _created_beside(Path(path))
            try:
                _copy(source, beside, path)
                _named(beside, Path(path))
            except BaseException:
                for each in (beside, beside.with_name(f"{beside.name}-journal")):
                    each.unlink(missing_ok=True)
                raise
        finally:
            source.close()

    def _connect(self) -> apsw.Connection:
        _make_folder(self.path.parent)
        try:
            connection = self._open(apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE)
            _set(connection, _WRITER)
        except apsw.Error as error:
            raise in_our_words(error) from error
        return connection

    def _settle(self, connection: apsw.Connection) -> None:
        try:
            aftermath.settle(connection)
        except apsw.Error as error:
            connection.close()
            raise in_our_words(error) from error

    def _open(self, flags: int) -> apsw.Connection:
        try:
            made = apsw.Connection(str(self.path), flags, self._vfs, limits.sqlite_statements_max)
        except apsw.Error as error:
            raise in_our_words(error) from error
        # Whoever comes first or goes last holds the whole file for a moment, also against readers.
        made.set_busy_timeout(limits.busy_milliseconds_max)
        return made


def _set(connection: apsw.Connection, settings: Mapping[str, str | int]) -> None:
    """Set each pragma by itself: of a list, apsw runs no further than the first that answers.

    Plans are kept whatever a parameter's value is. Where an index is partial, SQLite would else
    plan such a query anew for each value, which costs ten times as much as running it.
    """
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
    for name, value in settings.items():
        connection.pragma(name, value)


def _applied(connection: apsw.Connection) -> set[str]:
    try:
        return {row[0] for row in connection.execute("SELECT name FROM schema_migration")}
    except apsw.SQLError:
        return set()
    except apsw.NotADBError as error:
        raise errors.StoreError(f"{connection.filename}: {error}") from error
    except apsw.Error as error:
        raise in_our_words(error) from error


def _created_beside(path: Path) -> Path:
    """An empty file of its owner's beside `path`, where nothing is yet. Errors: StoreError."""
    _require_free(path)
    try:
        handle, name = tempfile.mkstemp(prefix=f"{path.name}.", suffix=".part", dir=path.parent)
    except OSError as error:
        error.filename = str(path)  # the one that somebody knows
        raise of_system(error) from error
    os.close(handle)
    return Path(name)


def _require_free(path: Path) -> None:
    if os.path.lexists(path):
        raise errors.Misconfigured(f"{path} exists already")


def _named(beside: Path, path: Path) -> None:
    """Give what is whole and synced its name. Errors: StoreError; Misconfigured - it is taken."""
    _require_free(path)
    try:
        beside.rename(path)
        folders.sync(path.parent)
    except OSError as error:
        raise of_system(error) from error


def _copy(source: apsw.Connection, beside: Path, path: str) -> None:
    """Write what `source` holds into the empty file `beside` its place. Errors: StoreError."""
    target = apsw.Connection(str(beside), apsw.SQLITE_OPEN_READWRITE)
    copying = target.backup("main", source, "main")
    try:
        try:
            while not copying.done:
                copying.step(-1)
        finally:
            # A step that fails does not say why; this does.
            copying.finish()
        target.pragma("journal_mode", "delete")
    except apsw.Error as error:
        trouble = in_our_words(error, target.system_errno)
        if isinstance(trouble, errors.StoreFull):
            trouble = errors.StoreFull(f"{path}: there is not enough room for the copy")
        raise trouble from error
    finally:
        target.close(True)


def _make_folder(folder: Path) -> None:
    try:
        folders.make(folder)
    except OSError as error:
        raise of_system(error) from error


def _lock(path: Path) -> int:
    """Hold the store for this process. The file names the holder's pid for who comes second."""
    _make_folder(path.parent)
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise of_system(error) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as busy:
        holder = os.pread(handle, 64, 0).decode(errors="replace").strip() or "unknown"
        os.close(handle)
        raise errors.Locked(f"the store {path.stem} is held by process {holder}") from busy
    try:
        os.ftruncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)
    except OSError as error:
        os.close(handle)
        raise of_system(error) from error
    return handle
