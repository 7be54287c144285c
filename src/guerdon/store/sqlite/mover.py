"""What moves the log's pages into the database while commits go on, without being in their way."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import apsw

from guerdon import limits

_WAIT_WRITE_WAIT = 1 | 2 | 4
"""SYNC_FILE_RANGE_WAIT_BEFORE, _WRITE and _WAIT_AFTER of sync_file_range(2)."""
_PATIENCE_SECONDS = 0.000_5


class Mover:
    """Moves pages on connections of its own; not for two threads at once.

    SQLite would write all pages of a round and sync them in one go. A disk works such a heap off
    before it turns to the next commit, which then waits for 10 ms and more. So SQLite is told not
    to sync: the pages are handed to the disk a few at a time, which takes no longer, and synced by
    the end of the round.

    Until then the log must not begin anew, and SQLite believes it may: a reader holds it.

    connect: opens another connection like the writer's.
    """

    def __init__(self, connect: Callable[[], apsw.Connection]) -> None:
        self.connection = connect()
        self.connection.pragma("synchronous", "off")
        self._reader = connect()
        for each in (self.connection, self._reader):
            keep_log(each)
        name = self.connection.filename
        flags = apsw.SQLITE_OPEN_MAIN_DB | apsw.SQLITE_OPEN_READWRITE
        self._file = apsw.VFSFile(self.connection.open_vfs, name, [flags, 0])
        self._descriptor = os.open(name, os.O_RDWR | os.O_CLOEXEC)

    def move(self, pages: int) -> int:
        """Move what there is now, about so many pages; how many of the log's are in the file then.

        They are synced.
        Errors: apsw's. After a failed sync the log holds what the file may not: the writer must
        not cut it off either.
        """
        with self._log_held():
            _, in_file = self.connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
            self._hand_over(pages)
            self._sync()
        return in_file

    def close(self) -> None:
        """Let go of the file, but for its descriptor: see `release`."""
        self._file.xClose()
        self._reader.close()
        self.connection.close()

    def release(self) -> None:
        """Close the descriptor, once no connection of the process is left that writes.

        Any that is closed takes all locks with it that the process has on the file.
        Source: POSIX, fcntl; sqlite.org/howtocorrupt.html, 2.2.
        """
        os.close(self._descriptor)

    @contextmanager
    def _log_held(self) -> Iterator[None]:
        self._reader.execute("BEGIN")
        try:
            self._reader.pragma("user_version")  # only who has read something is a reader
            yield
        finally:
            self._reader.execute("ROLLBACK")

    def _sync(self) -> None:
        """Sync the file while other threads run, and then as SQLite does, which finds little left.

        A call of SQLite's file holds Python's lock until it returns: the system's own does not.
        """
        try:
            os.fsync(self._descriptor)
        except OSError as failed:
            raise _as_of_sqlite(failed) from failed
        self._file.xSync(apsw.SQLITE_SYNC_NORMAL)

    def _hand_over(self, pages: int) -> None:
        """Have the disk write what was moved, part by part. What fails is told by the sync."""
        if _sync_file_range is None:
            return
        size = os.fstat(self._descriptor).st_size
        parts = min(max(pages // limits.wal_part_pages, 1), limits.wal_parts_max)
        part_bytes = size // parts + 1
        with _soon_back():
            for start in range(0, size, part_bytes):
                _sync_file_range(self._descriptor, start, part_bytes, _WAIT_WRITE_WAIT)


def keep_log(connection: apsw.Connection) -> None:
    """Leave the log as it is when this connection is the last to be closed."""
    connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)


def _as_of_sqlite(failed: OSError) -> apsw.Error:
    """A failed sync as SQLite tells one."""
    error: Any = apsw.IOError(f"{failed.strerror} (fsync of the database)")
    error.extendedresult = apsw.SQLITE_IOERR_FSYNC
    return error  # type: ignore[no-any-return]


@contextmanager
def _soon_back() -> Iterator[None]:
    """Get Python's lock back soon after each call of the system, from a thread that is busy."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(_PATIENCE_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


def _found() -> Callable[[int, int, int, int], int] | None:
    """Linux's sync_file_range(2); None elsewhere."""
    call = getattr(ctypes.CDLL(None), "sync_file_range", None)
    if call is not None:
        call.argtypes = [ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint]
    return call


_sync_file_range = _found()
