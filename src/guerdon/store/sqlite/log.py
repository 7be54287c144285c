"""The write-ahead log of a database, and how its pages come back into the file."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import apsw

from guerdon import errors, limits
from guerdon.store.sqlite.trouble import Watch

_PAGE_BYTES = 4_096
Moved = tuple[int, int]
"""How many pages the log had, and how many of them are in the file now."""


class Log:
    """Moves the log's pages into the file, between transactions: see `shorten`.

    It never rides on a COMMIT: a checkpoint's error would look like a failed commit.

    Many pages are moved in rounds, on a thread and a connection of their own, and commits go on
    meanwhile: pages from all over the file take a disk ten times as long as the log's own. When
    little is left, the rest is moved at once, and the log begins anew.

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
        self._pages_left = 0
        self._is_empty = False
        self._thread = ThreadPoolExecutor(1, "checkpoint")
        self._round: Future[Moved] | None = None
        self._second: apsw.Connection | None = None
        connection.set_wal_hook(self._committed)

    def shorten(self, pages_min: int) -> None:
        """Begin to move pages when there are this many; look after those that are being moved.

        Errors: the store's, of a round as well: the call that finds it ended tells them.
        """
        if self._round is not None:
            if self._round.done():
                self._go_on(*self._end(self._round))
        elif self._pages - self._pages_tried < pages_min:
            return
        elif self._pages <= limits.wal_pages_at_once_max:
            self._move_rest()
        else:
            self._begin_round()

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
        self._thread.shutdown()
        if self._second is not None:
            self._second.close()

    def _begin_round(self) -> None:
        self._round = self._thread.submit(self._move)

    def _end(self, ending: Future[Moved]) -> Moved:
        self._round = None
        if self._second is None:  # it could not even be opened
            return ending.result()
        with Watch(self._second, self._on_lost):
            return ending.result()

    def _go_on(self, in_log: int, in_file: int) -> None:
        """After a round: another for what was committed meanwhile, or an end of it."""
        before, self._pages_left = self._pages_left, self._pages - in_file
        if self._is_held(in_log - in_file):
            self._tried()
        # A round that leaves no less than the one before does not catch up.
        elif limits.wal_pages_at_once_max < self._pages_left < (before or self._pages):
            self._begin_round()
        else:
            self._move_rest()

    def _move_rest(self) -> None:
        """Move what there is now, on this thread."""
        with self._watch:
            in_log, in_file = self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        self._is_held(in_log - in_file)
        self._tried()

    def _move(self) -> Moved:
        """Move what there is now, on the other thread."""
        if self._second is None:
            self._second = self._connect()
        return self._second.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)

    def _is_held(self, pages: int) -> bool:
        """Whether pages had to stay, since a reader needs the file as it is."""
        if pages * _PAGE_BYTES > limits.wal_bytes_max:
            self._alarm(f"the write-ahead log holds {pages} pages a reader keeps alive")
        return pages > 0

    def _tried(self) -> None:
        """What there is now was moved as far as it could be: again when there is as much more."""
        self._pages_tried, self._pages_left = self._pages, 0

    def _committed(self, _: apsw.Connection, __: str, pages: int) -> int:
        if pages < self._pages:  # it has begun anew
            self._pages_tried = 0
        self._pages = pages
        self._is_empty = False
        return apsw.SQLITE_OK
