"""Named queries over one connection, in as few round trips as their meaning allows.

A transaction begins with its first question: BEGIN travels with it. What need not be answered at
once (an INSERT that adds its row or fails, rows of `run_many`, the journal) waits and travels with
the next question or with COMMIT; the journal's larger batches go by COPY just before it.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import psycopg
from psycopg.pq import TransactionStatus

from guerdon import errors, limits
from guerdon.store.port import Row, Rows
from guerdon.store.postgres import statements
from guerdon.store.postgres.server import (
    Connection,
    Server,
    in_one_trip,
    in_our_words,
    translated,
)
from guerdon.store.postgres.statements import Statement

T = TypeVar("T")
QUERIES = statements.load()
_APPEND = QUERIES["append_activity"]
_COPY = statements.copy_into(_APPEND)
_COPY_TYPES = ("int8",) * (len(_APPEND.names) - 1) + ("text",)
# Not READ WRITE: that would overrule an operator who has made the database read-only.
_BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED"
_BEGIN_READING = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_BRIEFLY = f"SET LOCAL lock_timeout = {int(limits.database_brief_seconds_max * 1_000)}"
_COMMIT = "COMMIT"
_ROLLBACK = "ROLLBACK"
_NOTHING = "SELECT"

_Cursor = psycopg.Cursor[Any]


class PostgresRows:
    """Named queries, in a transaction between `begin` and its end, each by itself otherwise.

    A connection that was lost while nothing was asked of it is opened again without anybody
    noticing: a server that has restarted needs no restart here.
    """

    _begin_text = _BEGIN_READING
    # There is nothing to undo, and after a ROLLBACK the driver prepares every statement anew.
    _give_up_text = _COMMIT

    def __init__(self, server: Server) -> None:
        self._server = server
        self._connection: Connection | None = None
        self._is_fresh = False
        self._begin_is_due = False
        self._inside = False

    def all(self, query: str, /, **values: Any) -> list[Row]:
        return self._ask(query, values).fetchall()

    def one(self, query: str, /, **values: Any) -> Row | None:
        row: Row | None = self._ask(query, values).fetchone()
        return row

    def open(self) -> Connection:
        """The connection, opened if there is none. Errors: StoreUnavailable."""
        if self._connection is None:
            if self._inside and not self._begin_is_due:
                raise errors.StoreUnavailable("the transaction went with its connection")
            self._connection = self._server.connect()
            self._is_fresh = True
        return self._connection

    def begin(self) -> None:
        self._inside = False
        self.open()
        self._inside = self._begin_is_due = True

    def rollback(self) -> None:
        connection, self._inside, self._begin_is_due = self._connection, False, False
        if connection is None:
            return
        if connection.usable and connection.pgconn.transaction_status != TransactionStatus.IDLE:
            # Whatever the trouble is, closing the connection gives the transaction up as well.
            with contextlib.suppress(psycopg.Error):
                connection.execute(self._give_up_text)
        if not connection.usable or connection.pgconn.transaction_status:
            self.drop()

    def drop(self) -> None:
        """Let go of the connection; the next transaction opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    close = drop

    def _ask(self, query: str, values: dict[str, Any]) -> _Cursor:
        statement = QUERIES[query]
        parameters = [values[name] for name in statement.names]
        try:
            return self._exchange(statement.text, parameters)
        except errors.StoreReadOnly:
            # A standby, or a server that was made one: ask anew who accepts writes.
            self.drop()
            raise
        except errors.StoreUnavailable:
            repeatable = self._begin_is_due or not self._inside
            was_fresh = self._is_fresh
            self.drop()
            if was_fresh or not repeatable:
                raise
        return self._exchange(statement.text, parameters)

    def _exchange(self, text: str, parameters: Sequence[Any]) -> _Cursor:
        """One statement and what has to come before it; answered in one round trip."""
        connection = self.open()
        with translated():
            cursor = connection.cursor(binary=True)
            if self._begin_is_due or self._waiting:
                with in_one_trip(connection):
                    self._send_waiting(connection)
                    cursor.execute(text, parameters)
            else:
                cursor.execute(text, parameters)
        self._sent()
        return cursor

    @property
    def _waiting(self) -> bool:
        return False

    def _send_waiting(self, connection: Connection) -> None:
        if self._begin_is_due:
            connection.execute(self._begin_text)

    def _sent(self) -> None:
        self._begin_is_due = self._is_fresh = False


class PostgresWriter(PostgresRows):
    """The connection of one committer.

    Others write at the same time: to other tenants, or to the same one in turn, since whoever adds
    to a tenant's journals holds its head.
    """

    _begin_text = _BEGIN
    _give_up_text = _ROLLBACK

    def __init__(self, server: Server) -> None:
        super().__init__(server)
        self.writes = 0
        self._is_patient = True
        self._later: list[tuple[str, Sequence[Row]]] = []
        self._activities: list[Row] = []
        self.open()

    def begin(self, *, patient: bool = True) -> None:
        self._forget()
        self._is_patient = patient
        super().begin()

    def commit(self) -> None:
        try:
            if self._begin_is_due and not self._waiting:
                return
            self._copy()
            self._commit()
        finally:
            self.rollback()

    def rollback(self) -> None:
        self._forget()
        super().rollback()

    def catch_up(self) -> None:
        if self._waiting:
            self._exchange(_NOTHING, ())

    def put_aside(self) -> None:
        return None  # others may have changed what it has read

    def run(self, query: str, /, **values: Any) -> int:
        self._count_write()
        statement = QUERIES[query]
        if statement.adds_one:
            self._put_off(statement, [tuple(values[name] for name in statement.names)])
            return 1
        if statement.may_take_long:
            with self._patiently():
                return self._ask(query, values).rowcount
        return self._ask(query, values).rowcount

    def later(self, query: str, row: Row) -> None:
        self._count_write()
        self._put_off(QUERIES[query], [row])

    def run_many(self, query: str, rows: Sequence[Row]) -> None:
        self._count_write()
        if rows:
            self._put_off(QUERIES[query], list(rows))

    def append_activities(self, rows: Sequence[Row]) -> None:
        self._count_write()
        self._activities += rows

    def maintain(self, *, busy: bool = False) -> bool:  # noqa: ARG002 - nothing waits for it
        """The server keeps itself."""
        return False

    def purge(self) -> None:
        """The server's log is its operator's, and what is deleted goes with the next VACUUM."""

    def _count_write(self) -> None:
        if not self._inside:
            raise errors.Defect("a change outside a transaction")
        self.writes += 1

    def _put_off(self, statement: Statement, rows: Sequence[Row]) -> None:
        self._later.append((statement.text, rows))
        if len(self._later) >= limits.statements_waiting_max:
            self._exchange(_NOTHING, ())

    @contextlib.contextmanager
    def _patiently(self) -> Iterator[None]:
        """Without the limits of time that keep one request from holding up the others."""
        self._exchange("SET LOCAL statement_timeout = 0", ())
        connection = self.open()
        connection.seconds_max, usual = None, connection.seconds_max
        try:
            yield
        finally:
            connection.seconds_max = usual

    def _exchange(self, text: str, parameters: Sequence[Any]) -> _Cursor:
        self._copy()
        return super()._exchange(text, parameters)

    def _commit(self) -> None:
        connection = self.open()
        try:
            with in_one_trip(connection):
                self._send_waiting(connection)
                committed = connection.execute(_COMMIT)
        except psycopg.Error as error:
            # A statement before COMMIT was refused, and COMMIT with it: nothing was stored.
            ours = in_our_words(error)
            if connection.pgconn.transaction_status == TransactionStatus.INERROR:
                raise ours from error
            message = f"{errors.OutcomeUnknown.__doc__} ({ours.message})"
            raise errors.OutcomeUnknown(message) from error
        if committed.statusmessage != _COMMIT:
            raise errors.StoreError("an earlier statement had failed; nothing was stored")

    def _copy(self) -> None:
        """Send a large batch of the journal. COPY cannot ride with other statements."""
        rows = self._activities
        if len(rows) < limits.copy_rows_min:
            return
        connection = self.open()
        with translated():
            if self._begin_is_due:
                connection.execute(self._begin_text)
            with connection.cursor().copy(_COPY) as copy:
                copy.set_types(_COPY_TYPES)
                write = copy.write_row
                for row in rows:
                    write(row)
        self._begin_is_due = self._is_fresh = False
        self._activities = []

    @property
    def _waiting(self) -> bool:
        return bool(self._later or self._activities)

    def _send_waiting(self, connection: Connection) -> None:
        super()._send_waiting(connection)
        if self._begin_is_due and not self._is_patient:
            connection.execute(_BRIEFLY)
        if self._activities:
            connection.execute(_APPEND.text, statements.columns(self._activities))
        for text, rows in self._later:
            if len(rows) == 1:
                connection.execute(text, rows[0])
            else:
                connection.cursor().executemany(text, rows)

    def _sent(self) -> None:
        super()._sent()
        self._forget()

    def _forget(self) -> None:
        self._later = []
        self._activities = []


class PostgresReader:
    """Asks questions of one snapshot each. Two threads that ask take turns."""

    def __init__(self, server: Server) -> None:
        self._rows = PostgresRows(server)
        self._rows.open()
        self._turn = threading.Lock()

    def ask(self, question: Callable[[Rows], T]) -> T:
        with self._turn:
            self._rows.begin()
            try:
                return question(self._rows)
            finally:
                self._rows.rollback()

    def close(self) -> None:
        with self._turn:
            self._rows.drop()
