"""The write-ahead log of a database, and how its pages come back into the file."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import apsw

from guerdon import errors, limits, scheduling
from guerdon.store.sqlite.mover import Mover
from guerdon.store.sqlite.trouble import Watch

_PAGE_BYTES = 4_096


class Log:
    """Moves the log's pages into the file, between transactions: see `shorten`.

    It never rides on a COMMIT: a checkpoint's error would look like a failed commit.

    Pages are moved in rounds, on a thread of its own, and commits go on meanwhile: pages from all
    over the file take a disk ten times as long as the log's own. It gives way to all other threads,
    unless processors are so busy that the log grows: then one that does not takes its place. When
    the log has become long, the last few are moved at once, so that it begins anew.

    connect: opens another connection like the writer's.
    on_lost: told that a sync failed.
    alarm: told what an operator should know.
    """

    def __init__(
        self,
        connection: apsw.Connection,
        connect: Callable[[], apsw.Connection],
        on_lost: Callable[[], None],
        alarm: Callable[[str], None],
    ) -> None:
        self._connection = connection
        self._connect = connect
        self._watch = Watch(connection, on_lost)
        self._on_lost = on_lost
        self._alarm = alarm
        self._pages = 0
        self._pages_tried = 0
        self._pages_asked = 0
        self._pages_left = 0
        self._is_empty = False
        self._patient = ThreadPoolExecutor(1, "checkpoint", initializer=scheduling.give_way)
        self._hasty = ThreadPoolExecutor(1, "checkpoint-in-haste")
        self._round: Future[int] | None = None
        self._mover: Mover | None = None
        connection.set_wal_hook(self._committed)

    def shorten(self) -> None:
        """Begin to move pages when there are many; look after those that are being moved.

        Errors: the store's, of a round as well: the call that finds it ended tells them.
        """
        if self._round is not None:
            if self._round.done():
                self._go_on(self._end(self._round))
        elif self._pages - self._pages_tried < limits.wal_pages_round:
            return
        elif self._pages <= limits.wal_pages_at_once_max:
            self._move_rest()
        else:
            self._begin_round()

    @property
    def is_moving(self) -> bool:
        """Whether a round is under way, whose end `empty` would wait for."""
        return self._round is not None and not self._round.done()

    def empty(self) -> bool:
        """Move all of it into the file and cut it off; False when a reader is in the way."""
        if self._round is not None:
            self._end(self._round)
        if self._is_empty:
            return True
        self._connection.set_busy_timeout(0)
        try:
            with self._watch:
                self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        except errors.StoreBusy:
            return False
        finally:
            self._connection.set_busy_timeout(limits.busy_milliseconds_max)
        self._pages = self._pages_tried = 0
        self._is_empty = True
        return True

    def close(self) -> None:
        """Let a round come to its end. What is not in the file then is moved by who closes last."""
        for threads in (self._patient, self._hasty):
            threads.shutdown()
        if self._round is not None:
            with contextlib.suppress(errors.StoreError):  # who closes has been answered
                self._end(self._round)
        if self._mover is not None:
            self._mover.close()

    def release(self) -> None:
        """After `close`, when the writer's connection is closed as well."""
        if self._mover is not None:
            self._mover.release()

    def _begin_round(self) -> None:
        self._pages_asked = self._pages
        thread = self._patient if self._pages < limits.wal_pages_hasty else self._hasty
        self._round = thread.submit(self._move, self._pages - self._pages_tried)

    def _end(self, ending: Future[int]) -> int:
        """How many of the log's pages are in the file after a round."""
        self._round = None
        if self._mover is None:  # it could not even be opened
            return ending.result()
        with Watch(self._mover.connection, self._on_lost):
            return ending.result()

    def _go_on(self, in_file: int) -> None:
        """After a round: another for what was committed meanwhile, or an end of it."""
        if self._pages < self._pages_asked:  # all had been moved, and the log has begun anew
            self._pages_left = 0
            return
        before, self._pages_left = self._pages_left, self._pages - in_file
        if self._is_held(self._pages_asked - in_file):
            self._tried(self._pages)
        elif self._pages < limits.wal_pages_anew:
            self._tried(in_file)
        elif self._pages_left <= limits.wal_pages_at_once_max:
            self._move_rest()
        # A round that leaves no less than the one before does not catch up.
        elif not before or self._pages_left < before or self._pages < limits.wal_pages_max:
            self._pages_tried = in_file
            self._begin_round()
        else:
            self._move_rest()

    def _move_rest(self) -> None:
        """Move what there is now, on this thread."""
        with self._watch:
            in_log, in_file = self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        self._is_held(in_log - in_file)
        self._tried(self._pages)

    def _move(self, pages: int) -> int:
        """Move what there is now, on another thread."""
        if self._mover is None:
            self._mover = Mover(self._connect)
        return self._mover.move(pages)

    def _is_held(self, pages: int) -> bool:
        """Whether pages had to stay, since a reader needs the file as it is."""
        if pages * _PAGE_BYTES > limits.wal_bytes_max:
            self._alarm(f"the write-ahead log holds {pages} pages a reader keeps alive")
        return pages > 0

    def _tried(self, pages: int) -> None:
        """So many of the log's pages were moved as far as could be: again when there are more."""
        self._pages_tried, self._pages_left = pages, 0

    def _committed(self, _: apsw.Connection, __: str, pages: int) -> int:
        if pages < self._pages:  # it has begun anew
            self._pages_tried = 0
        self._pages = pages
        self._is_empty = False
        return apsw.SQLITE_OK
