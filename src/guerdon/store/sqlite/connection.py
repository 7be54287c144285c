"""One SQLite connection: named queries in, plain tuples out, SQLite's errors in our words."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from itertools import chain
from operator import add, itemgetter
from typing import Any, TypeVar

import apsw

from guerdon import errors, limits
from guerdon.store import queries
from guerdon.store.port import Row, Rows
from guerdon.store.sqlite import pages
from guerdon.store.sqlite.log import Log
from guerdon.store.sqlite.mover import keep_log
from guerdon.store.sqlite.trouble import Translated, Watch

T = TypeVar("T")


def row_of(names: Sequence[str]) -> Callable[[dict[str, Any]], Row]:
    """What picks the values with these names, in their order."""
    if len(names) > 1:
        return itemgetter(*names)
    return lambda values: tuple([values[name] for name in names])


QUERIES = queries.load("sqlite")
_NAMES = {name: tuple(queries.parameters(text)) for name, text in QUERIES.items()}
_ROWS = {name: row_of(names) for name, names in _NAMES.items()}
_TABLES = {name: queries.tables(text) for name, text in QUERIES.items()}
_WORDS = {name: queries.names(text) for name, text in QUERIES.items()}
_COLUMNS_SET = {name: queries.columns_set(text) for name, text in QUERIES.items()}
_ADDS_ONE = frozenset(name for name, text in QUERIES.items() if queries.adds_one(text))
_NEW = frozenset(name for name in _ADDS_ONE if "ON CONFLICT" not in QUERIES[name])
"""Those of them that add a row there was not."""
_ROWS_TOGETHER = 16
_TOGETHER = {
    name: together
    for name, text in QUERIES.items()
    if (together := queries.adding(text, _ROWS_TOGETHER)) is not None
}
"""Those that add rows, for several at a time: each use of a statement costs as much as a row."""
_TOTALS = {
    name: keys for name, text in QUERIES.items() if (keys := queries.totals_after(text)) is not None
}
"""Those that add to totals: those of one row are added up first. By what it is known: so many."""
_PURGES = 1  # in the file's user_version: pages are still to be cleared of what is gone
_TRANSLATED = Translated()


def _may_change_places(query: str, other: str) -> bool:
    """Whether two changes that wait come to the same in either order.

    A change of one row that is there has nothing to do with a row that is added, nor with a change
    of columns that it does not name.
    """
    if _TABLES[query].isdisjoint(_TABLES[other]):
        return True
    if {query, other}.isdisjoint(_ADDS_ONE):
        return _is_apart(query, other) and _is_apart(other, query)
    return {query, other}.isdisjoint(_ADDS_ONE - _NEW)


def _is_apart(query: str, other: str) -> bool:
    """Whether one sets columns, and none that the other names."""
    columns = _COLUMNS_SET[query]
    return bool(columns) and columns.isdisjoint(_WORDS[other])


def _summed(rows: Sequence[Row], keys: int) -> list[Row]:
    """One change for each row that `keys` values name, which is all of its changes."""
    sums: dict[Row, Row] = {}
    for row in rows:
        key, values = row[:keys], row[keys:]
        before = sums.get(key)
        sums[key] = values if before is None else tuple(map(add, before, values))
    return [key + values for key, values in sums.items()]


class SqliteRows:
    """Named queries on one connection."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def all(self, query: str, /, **values: Any) -> list[Row]:
        with _TRANSLATED:
            return self._connection.execute(QUERIES[query], values).fetchall()

    def one(self, query: str, /, **values: Any) -> Row | None:
        with _TRANSLATED:
            return self._connection.execute(QUERIES[query], values).fetchone()


class SqliteWriter(SqliteRows):
    """The one connection that writes.

    Changes that nobody waits for are put off, and made together before a statement that is about
    one of their tables, or before the commit: that costs a third of making them one by one.
    """

    def __init__(
        self,
        connection: apsw.Connection,
        connect: Callable[[], apsw.Connection],
        release: Callable[[], None],
        alarm: Callable[[str], None],
    ) -> None:
        super().__init__(connection)
        self.writes = 0
        self.failed = False
        self._release = release
        self._watch = Watch(connection, self._fail)
        self._log = Log(connection, connect, self._fail, alarm)
        # What was to be purged when a process was killed is purged by the next.
        self._sweeps_from = 1 if connection.pragma("user_version") == _PURGES else None
        self._sweeps_again = False
        self._groups = 0
        self._changes_before = 0
        # What was put off, by query. Rows are added before others are changed.
        self._waiting: dict[str, list[Row]] = {}
        self._awaited: set[str] = set()

    def all(self, query: str, /, **values: Any) -> list[Row]:
        self._catch_up_with(query)
        return super().all(query, **values)

    def one(self, query: str, /, **values: Any) -> Row | None:
        self._catch_up_with(query)
        return super().one(query, **values)

    def begin(self, *, patient: bool = True) -> None:  # noqa: ARG002 - nobody else locks anything
        if self.failed:
            raise errors.StoreUnavailable("a sync failed; the store must be opened again")
        with self._watch:
            self._connection.execute("BEGIN IMMEDIATE")
        self._changes_before = self._connection.total_changes()

    def commit(self) -> None:
        self.catch_up()
        try:
            with self._watch:
                self._connection.execute("COMMIT")
        except errors.StoreFull:
            # The frame that makes a commit one is the last to be written, and there was no room.
            self._end_failed()
            raise
        except errors.StoreError as error:
            self._end_failed()
            raise errors.OutcomeUnknown(
                f"{errors.OutcomeUnknown.__doc__} ({error.message})"
            ) from error

    def rollback(self) -> None:
        self._forget()
        if not self._connection.in_transaction:
            return
        try:
            with self._watch:
                self._connection.execute("ROLLBACK")
        except errors.StoreError:
            # A transaction that cannot be ended leaves no room for another.
            self.failed = True
            raise

    def catch_up(self) -> None:
        waiting = self._waiting
        self._forget()
        with self._watch:
            for query in sorted(waiting, key=_NEW.__contains__, reverse=True):
                rows = waiting[query]
                self._run_all(query, _summed(rows, _TOTALS[query]) if query in _TOTALS else rows)

    def put_aside(self) -> Callable[[], None] | None:
        if self._connection.total_changes() != self._changes_before:
            return None
        waiting, awaited = self._waiting, self._awaited
        self._forget()

        def take_up() -> None:
            self._waiting, self._awaited = waiting, awaited

        return take_up

    def run(self, query: str, /, **values: Any) -> int:
        if query in _ADDS_ONE:
            self.later(query, _ROWS[query](values))
            return 1
        self.writes += 1
        self._catch_up_with(query)
        with self._watch:
            before = self._connection.total_changes()
            self._connection.execute(QUERIES[query], values)
            return self._connection.total_changes() - before

    def later(self, query: str, row: Row) -> None:
        self.writes += 1
        rows = self._waiting.get(query)
        if rows is None:
            if not all(_may_change_places(query, other) for other in self._waiting):
                self.catch_up()
            rows = self._waiting[query] = []
            self._awaited |= _TABLES[query]
        rows.append(row)

    def run_many(self, query: str, rows: Sequence[Row]) -> None:
        self.writes += 1
        self._catch_up_with(query)
        with self._watch:
            self._run_all(query, rows)

    def append_activities(self, rows: Sequence[Row]) -> None:
        self.writes += 1
        with self._watch:
            self._run_all("append_activity", rows)

    def maintain(self, *, busy: bool = False) -> bool:
        if self.failed:
            return False
        if self._sweeps_from is not None and self._is_turn_to_sweep(busy=busy):
            return self._purge_some(self._sweeps_from)
        self._log.shorten()
        return False

    def purge(self) -> None:
        self._changes_before = -1  # this change is none of a row
        with self._watch:
            self._connection.pragma("user_version", _PURGES)
        # One that is under way goes on to its end first: else those of many would have none.
        self._sweeps_again = self._sweeps_from is not None
        self._sweeps_from = self._sweeps_from or 1

    def _is_turn_to_sweep(self, *, busy: bool) -> bool:
        """While commands wait, only every so often: it costs a checkpoint, or a wait for one."""
        if busy and self._log.is_moving:
            return False
        self._groups = (self._groups + 1) % limits.sweep_every_groups if busy else 0
        return self._groups == 0

    def _purge_some(self, first: int) -> bool:
        """Empty the log, and clear the next pages of what they do not hold any more."""
        if not self._log.empty():
            return False
        with self._watch:
            found, self._sweeps_from = pages.clear(self._connection, first, limits.sweep_pages)
            if found:
                # A cached page would bring back what it held when it is written next.
                self._connection.pragma("shrink_memory")
            if self._sweeps_from is None and self._sweeps_again:
                self._sweeps_from, self._sweeps_again = 1, False
            elif self._sweeps_from is None:
                self._connection.pragma("user_version", 0)
        return self._sweeps_from is not None

    def close(self) -> None:
        with contextlib.suppress(errors.StoreError):
            self.rollback()
        self._log.close()
        self._connection.close()
        self._log.release()
        self._release()

    def _catch_up_with(self, query: str) -> None:
        """Make the changes that were put off, if a statement could notice that they were."""
        if self._awaited and not self._awaited.isdisjoint(_TABLES[query]):
            self.catch_up()

    def _run_all(self, query: str, rows: Sequence[Row]) -> None:
        """Run a statement for each row, as many as can be at a time."""
        together = _TOGETHER.get(query)
        whole = len(rows) // _ROWS_TOGETHER * _ROWS_TOGETHER if together else 0
        if together and whole:
            starts = range(0, whole, _ROWS_TOGETHER)
            groups = [tuple(chain(*rows[at : at + _ROWS_TOGETHER])) for at in starts]
            self._connection.executemany(together, groups)
        self._connection.executemany(QUERIES[query], rows[whole:])

    def _forget(self) -> None:
        self._waiting, self._awaited = {}, set()

    def _end_failed(self) -> None:
        """End a transaction whose COMMIT failed: the failure of COMMIT is the one to report."""
        with contextlib.suppress(errors.StoreError):
            self.rollback()

    def _fail(self) -> None:
        self.failed = True
        keep_log(self._connection)


class SqliteReader:
    """A read-only connection; each question sees one snapshot."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._rows: Rows = SqliteRows(connection)

    def ask(self, question: Callable[[Rows], T]) -> T:
        with _TRANSLATED:
            self._connection.execute("BEGIN")
        try:
            return question(self._rows)
        finally:
            with _TRANSLATED:
                self._connection.execute("COMMIT")

    def close(self) -> None:
        self._connection.close()
