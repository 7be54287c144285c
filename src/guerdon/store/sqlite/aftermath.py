"""What a process leaves behind when it ends without warning, made safe for the next."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import apsw

_COPY_BYTES = 65_536  # of 131,072 at once SQLite would write nothing
_HEADER_BYTES = 32
_FRAME_HEADER_BYTES = 24


def settle(connection: apsw.Connection) -> None:
    """Write a log that was left once more, and the pages it is about, before anything is added.

    After a failed sync the kernel keeps the pages and calls them clean: the next process reads
    commits that are not on disk, and no later sync brings them there. Events acknowledged behind
    them would go with them at the next power cut. The database's pages are written as well, since
    they may have been moved there and not synced, which who still reads the log does not know: it
    would begin anew.

    Errors: apsw's.
    Source: "Can Applications Recover from fsync Failures?" (USENIX ATC 2020); sqlite.org's
            description of the file format, 4.1, for the log.
    """
    with _alone(connection):
        numbers = _rewrite_log(connection)
        if numbers:
            _rewrite_pages(connection, numbers)


def _rewrite_log(connection: apsw.Connection) -> set[int]:
    """Write the log again; the pages it holds."""
    page_bytes = connection.pragma("page_size")
    frame_bytes = _FRAME_HEADER_BYTES + page_bytes
    step = max(1, _COPY_BYTES // frame_bytes) * frame_bytes
    numbers: set[int] = set()
    with _opened(connection, connection.filename_wal, apsw.SQLITE_OPEN_WAL) as log:
        size = log.xFileSize()
        if size < _HEADER_BYTES:
            return numbers
        header = log.xRead(_HEADER_BYTES, 0)
        log.xWrite(header, 0)
        for start in range(_HEADER_BYTES, size, step):
            some = log.xRead(min(step, size - start), start)
            log.xWrite(some, start)
            for at in range(0, len(some), frame_bytes):
                # Frames of an earlier log have other salts. Their pages were synced with it.
                if some[at + 8 : at + 16] == header[16:24]:
                    numbers.add(int.from_bytes(some[at : at + 4]))
        log.xSync(apsw.SQLITE_SYNC_NORMAL)
    return numbers


def _rewrite_pages(connection: apsw.Connection, numbers: set[int]) -> None:
    page_bytes = connection.pragma("page_size")
    with _opened(connection, connection.filename, apsw.SQLITE_OPEN_MAIN_DB) as database:
        pages = database.xFileSize() // page_bytes
        for number in sorted(numbers):
            # What a power cut left of a frame may name any page.
            if 0 < number <= pages:
                at = (number - 1) * page_bytes
                database.xWrite(database.xRead(page_bytes, at), at)
        database.xSync(apsw.SQLITE_SYNC_NORMAL)


@contextlib.contextmanager
def _opened(connection: apsw.Connection, name: str, kind: int) -> Iterator[apsw.VFSFile]:
    flags = kind | apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
    file = apsw.VFSFile(connection.open_vfs, name, [flags, 0])
    try:
        yield file
    finally:
        file.xClose()


@contextlib.contextmanager
def _alone(connection: apsw.Connection) -> Iterator[None]:
    """With the database's write lock, and nothing written."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
