"""What the rest of Guerdon may ask of a store.

A store answers *named queries*: the statement texts live in `store/sql/*.sql`, portable by default,
with an engine's own version only where it must differ. Everything above this module is written
once and runs on every engine; everything an engine must do is in these three protocols.

Errors: every method may raise `StoreBusy`, `StoreFull`, `StoreReadOnly`, `StoreUnavailable`;
        `run` and `run_many` also `Conflict`; `commit` raises `OutcomeUnknown` for any failure,
        unless it can tell that there was no room (`StoreFull`: nothing was stored).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

T = TypeVar("T")
Row = tuple[Any, ...]


class Rows(Protocol):
    """One consistent view of the store."""

    def all(self, query: str, /, **values: Any) -> list[Row]:
        """Every row of a named query."""

    def one(self, query: str, /, **values: Any) -> Row | None:
        """The first row of a named query, or None."""


class Writer(Rows, Protocol):
    """The connection that changes things; used by one committer at a time."""

    writes: int
    """How many statements have changed something since the writer was opened."""

    def begin(self, *, patient: bool = True) -> None:
        """Start a transaction that may write.

        patient: whether it may wait for long for what somebody else has locked.
        """

    def commit(self) -> None:
        """Make it durable. After any failure here the transaction is over: `OutcomeUnknown`."""

    def rollback(self) -> None:
        """Give the transaction up; harmless when there is none."""

    def catch_up(self) -> None:
        """Make the changes that were put off."""

    def put_aside(self) -> Callable[[], None] | None:
        """Take the changes back that were put off in the transaction, which has none then.

        What puts them off again, in another transaction. None, and they stay, when a change was
        made already, or when others write to the store as well.
        """

    def run(self, query: str, /, **values: Any) -> int:
        """Run a changing query; the number of rows it changed."""

    def later(self, query: str, row: Row) -> None:
        """A change nobody asks the number of: made at the latest before whatever could see it.

        It adds one row, or changes one that is there, named by its key; values in the order the
        query names them.
        So many changes of a kind are made together. Trouble with one may show at a later call.
        """

    def run_many(self, query: str, rows: Sequence[Row]) -> None:
        """Run a changing query once for each row; values in the order the query names them."""

    def append_activities(self, rows: Sequence[Row]) -> None:
        """Add rows to the activity journal the fastest way the engine has.

        A row is (tenant_id, position, type_id, number, occurred_at, recorded_at, key_id, data).
        """

    def maintain(self, *, busy: bool = False) -> bool:
        """Short upkeep between two transactions, such as a checkpoint of the log; True: more.

        busy: commands wait, so that only what cannot wait is done.
        """

    def purge(self) -> None:
        """Leave nothing of what is deleted in this transaction, in a log of changes either.

        It is done bit by bit by `maintain`, after the commit, and after a crash as well. An engine
        whose files are the operator's to keep (PostgreSQL) does nothing.
        """

    def close(self) -> None:
        """Let go of the connection and of any lock that came with it."""


class Reader(Protocol):
    """Runs questions, each over a snapshot of its own."""

    def ask(self, question: Callable[[Rows], T]) -> T:
        """The answer to `question` over one consistent view."""

    def close(self) -> None:
        """Let go of the connection."""


class Store(Protocol):
    """A database, opened by nobody yet."""

    tenants_share_transactions: bool
    """Whether one transaction may hold several tenants' units (SQLite), or one each."""

    def writer(self) -> Writer:
        """Open the writing connection. Raises `Locked` when another process holds the store."""

    def reader(self) -> Reader:
        """Open a reading connection."""

    def migrate(self, *, part: str = "post") -> list[str]:
        """Apply the migrations that are missing, up to `part` (`pre` or `post`); their names."""

    def pending_migrations(self) -> list[str]:
        """The migrations that this code knows and the database has not."""

    def risks(self) -> list[str]:
        """Why this storage would not keep the promises; empty when it would."""

    def backup(self, path: str) -> None:
        """Write a complete copy to `path` while others go on working."""
