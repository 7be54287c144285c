"""SQLite's errors in our words."""

from __future__ import annotations

import errno
from collections.abc import Callable

import apsw

from guerdon import errors

_FSYNC_FAILED = (apsw.SQLITE_IOERR_FSYNC, apsw.SQLITE_IOERR_DIR_FSYNC)
_FAILED_WRITE = (apsw.SQLITE_IOERR_WRITE, apsw.SQLITE_IOERR_TRUNCATE)
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NO_WRITES = (errno.EROFS, errno.EACCES, errno.EPERM)
_KINDS: list[tuple[type[apsw.Error], type[errors.StoreError]]] = [
    (apsw.FullError, errors.StoreFull),
    (apsw.BusyError, errors.StoreBusy),
    (apsw.LockedError, errors.StoreBusy),
    (apsw.ReadOnlyError, errors.StoreReadOnly),
    (apsw.ConstraintError, errors.Conflict),
    (apsw.CantOpenError, errors.StoreUnavailable),
]


def in_our_words(error: apsw.Error, system_errno: int = 0) -> errors.StoreError:
    """SQLite's error as one of ours.

    No space shows in two different codes: a full disk as SQLITE_FULL, a used-up quota or file size
    as a failed write, of which only the system's own number (`system_errno`) tells the cause.
    """
    if _extended(error) in _FAILED_WRITE and system_errno in _NO_SPACE:
        return errors.StoreFull(str(error))
    for kind, ours in _KINDS:
        if isinstance(error, kind):
            return ours(str(error))
    return errors.StoreError(str(error))


def of_system(error: OSError) -> errors.StoreError:
    """What the system refused beside SQLite, such as the lock's file, in our words."""
    kind: type[errors.StoreError] = errors.StoreUnavailable
    if error.errno in _NO_SPACE:
        kind = errors.StoreFull
    elif error.errno in _NO_WRITES:
        kind = errors.StoreReadOnly
    return kind(f"{error.filename}: {error.strerror}" if error.filename else error.strerror)


def no_text(error: UnicodeDecodeError) -> errors.StoreError:
    """A text that is none, in our words: only damage makes one, since nothing stores such."""
    return errors.StoreError(f"the database is damaged: a text in it is no UTF-8 ({error.reason})")


def _extended(error: apsw.Error) -> int:
    return getattr(error, "extendedresult", 0)


class Translated:
    """What is done within, with its errors in our words.

    A class: a generator would cost as much as a short query.
    """

    def __enter__(self) -> None:
        """Nothing to set up."""

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _where: object
    ) -> None:
        if isinstance(error, apsw.Error):
            raise in_our_words(error) from error
        if isinstance(error, UnicodeDecodeError):
            raise no_text(error) from error


class Watch(Translated):
    """The same where something is written: a failed sync is told, for it is a writer's end.

    The kernel may have dropped what it could not sync, and tells nobody twice: what is on disk is
    unknown until the file is opened again.
    """

    def __init__(self, connection: apsw.Connection, on_lost: Callable[[], None]) -> None:
        self._connection = connection
        self._on_lost = on_lost

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: object
    ) -> None:
        if isinstance(error, apsw.Error):
            if _extended(error) in _FSYNC_FAILED:
                self._on_lost()
            raise in_our_words(error, self._connection.system_errno) from error
        super().__exit__(kind, error, where)
