"""The way to the server: connections that never wait for ever, and its errors in our words."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import TransactionStatus

from guerdon import errors, limits
from guerdon.clock import Clock
from guerdon.store.postgres import statements

T = TypeVar("T")
_ADAPTERS = statements.adapters()
_SESSION = (
    "SET statement_timeout = {milliseconds};"
    "SET lock_timeout = {milliseconds};"
    "SET idle_in_transaction_session_timeout = {idle};"
    # Every statement here is written for a key and takes a page: statistics that lag behind a
    # journal that grows fast must not talk the planner into reading and sorting all of it.
    "SET enable_seqscan = off; SET enable_bitmapscan = off;"
    "SET enable_hashjoin = off; SET enable_mergejoin = off;"
    "SET jit = off"  # costs more than the short statements sent here
)
# Columns of texts are sent as they are, whatever the database's owner sets for its clients.
_ALWAYS = {"client_encoding": "UTF8"}
# Source: PostgreSQL's manual, appendix A. Two characters stand for a whole class.
_BY_STATE: dict[str, type[errors.StoreError]] = {
    "53100": errors.StoreFull,
    "53200": errors.StoreBusy,  # out of memory, or of locks
    "53300": errors.StoreBusy,  # too many connections
    "57014": errors.StoreBusy,  # it took too long
    "55P03": errors.StoreBusy,  # somebody else holds the row
    "40": errors.StoreBusy,  # a deadlock, or a serialisation failure
    "25006": errors.StoreReadOnly,
    "25P03": errors.StoreUnavailable,  # idle in a transaction for too long: cut off
    "25P04": errors.StoreUnavailable,  # in one transaction for too long: cut off
    "08": errors.StoreUnavailable,
    "57": errors.StoreUnavailable,  # shutting down, starting up, crashed
    "23": errors.Conflict,
}


def in_our_words(error: psycopg.Error) -> errors.StoreError:
    """PostgreSQL's error as one of ours; one that says nothing is a lost connection."""
    state = error.sqlstate or ""
    ours = _BY_STATE.get(state) or _BY_STATE.get(state[:2])
    if ours is None:
        ours = errors.StoreUnavailable if _is_lost(error) else errors.StoreError
    # Not the detail: it holds the values, and messages go to logs.
    return ours(error.diag.message_primary or str(error).strip() or None)


def _is_lost(error: psycopg.Error) -> bool:
    """Whether it tells of the connection: the server gives every error of its own a state.

    A connection that ends in the middle of an answer leaves as the plain DatabaseError; the
    subclasses of it that have no state are the driver's refusals of what we asked.
    """
    if error.sqlstate:
        return False
    is_plain = type(error) is psycopg.DatabaseError
    return is_plain or isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError))


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Errors of the driver leave as ours."""
    try:
        yield
    except psycopg.Error as error:
        raise in_our_words(error) from error


@contextlib.contextmanager
def in_one_trip(connection: Connection) -> Iterator[None]:
    """Statements sent without waiting for each answer.

    The error that leaves is the first one: what the driver meets while it ends the pipeline only
    follows from it.
    """
    first: psycopg.Error | None = None
    try:
        with connection.pipeline():
            try:
                yield
            except psycopg.Error as error:
                first = error
    except psycopg.Error as error:
        first = first or error
    if first is not None:
        raise first


class _Pipeline(psycopg.Pipeline):
    """Ends with Sync as its last message, where the driver's own may send a Flush after it.

    A server that has answered Sync gives an idle transaction only so long to live; any message
    after it, even one without an answer, stops that clock and starts it no more.
    """

    def _exit_gen(self) -> PQGen[None]:
        try:
            self._enqueue_sync()
            yield from self._communicate_gen()
        finally:
            yield from self._fetch_gen(flush=False)


class Connection(psycopg.Connection[Any]):
    """A connection whose every wait ends.

    One that ran out of time is closed: what the server still sends would be taken for the answer to
    the next question.
    """

    seconds_max: float | None = None

    @contextlib.contextmanager
    def pipeline(self) -> Iterator[psycopg.Pipeline]:
        """Pipeline mode; not to be nested."""
        self._pipeline = _Pipeline(self)
        try:
            with self._pipeline as entered:
                yield entered
        finally:
            self._pipeline = None

    def wait(self, gen: PQGen[T], interval: float = 0.1, timeout: float | None = None) -> T:
        try:
            return super().wait(gen, interval, timeout=timeout or self.seconds_max)
        except psycopg.OperationalError:
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                self.close()
            raise

    @property
    def usable(self) -> bool:
        """Whether it may be asked anything."""
        return not (self.closed or self.broken)


class Server:
    """The server at an address.

    One that refuses a connection is left alone for a moment, so that a group of commands fails at
    once and not one after another.
    """

    def __init__(
        self, url: str, clock: Clock, *, seconds_max: float = limits.database_seconds_max
    ) -> None:
        self._clock = clock
        self._seconds_max = seconds_max
        self._away_until = 0.0
        try:
            self._parameters = {**_defaults(seconds_max), **conninfo_to_dict(url), **_ALWAYS}
        except psycopg.ProgrammingError as wrong:
            raise errors.Misconfigured(
                "database_url cannot be read as an address of PostgreSQL"
            ) from wrong

    def connect(self, *, patient: bool = False) -> Connection:
        """A new connection; every statement is limited in time, except on a `patient` one.

        Errors: StoreUnavailable.
        """
        if self._clock.monotonic() < self._away_until:
            raise errors.StoreUnavailable("the database could not be reached a moment ago")
        try:
            connection = self._open(0 if patient else _milliseconds(self._seconds_max))
        except psycopg.OperationalError as error:
            self._away_until = self._clock.monotonic() + limits.database_retry_seconds
            raise errors.StoreUnavailable(str(error).strip()) from error
        # The server gives up first, and says what it gave up.
        seconds = self._seconds_max + limits.database_grace_seconds
        connection.seconds_max = None if patient else seconds
        return connection

    def _open(self, milliseconds_max: int) -> Connection:
        connection = Connection.connect(
            **self._parameters,
            autocommit=True,
            prepare_threshold=0,
            cursor_factory=psycopg.RawCursor,
            context=_ADAPTERS,
        )
        connection.prepared_max = None
        connection.seconds_max = self._seconds_max
        idle = _milliseconds(limits.database_idle_seconds_max)
        try:
            session = _SESSION.format(milliseconds=milliseconds_max, idle=idle)
            connection.execute(session, prepare=False)
        except psycopg.Error:
            connection.close()
            raise
        return connection


def _defaults(seconds_max: float) -> dict[str, Any]:
    """Parameters of a connection; those in the address win over these."""
    seconds = max(1, int(seconds_max))
    return {
        "application_name": "guerdon",
        "connect_timeout": seconds,
        # A network that went silent is noticed without waiting for TCP's own quarter of an hour.
        "tcp_user_timeout": _milliseconds(seconds_max),
        "keepalives_idle": seconds,
        "keepalives_interval": 1,
        "keepalives_count": 3,
    }


def _milliseconds(seconds: float) -> int:
    return int(seconds * 1_000)
