"""Positions, moments and counters as one transaction gives them out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from conformance.stores import START, FixedClock
from guerdon.clock import DAY
from guerdon.domain.decisions import Decision
from guerdon.errors import NotFound
from guerdon.store.sqlite.connection import SqliteWriter
from guerdon.store.sqlite.store import SqliteStore
from guerdon.store.transaction import GENESIS, Memory, Transaction, chain
from guerdon.store.vault import Vault

TENANT = 1


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def writer(tmp_path: Path, clock: FixedClock) -> Iterator[SqliteWriter]:
    store = SqliteStore(tmp_path / "guerdon.db", clock)
    store.migrate()
    with closing(store.writer()) as opened:
        opened.begin()
        opened.run("add_tenant", tenant_id=TENANT, code="a", name="A", created_at=START)
        opened.run("add_head", tenant_id=TENANT, decision_hash=GENESIS, recorded_at=START)
        opened.commit()
        yield opened


@pytest.fixture
def memories() -> dict[int, Memory]:
    return {}


@pytest.fixture
def begin(writer: SqliteWriter, clock: FixedClock, memories: dict[int, Memory]) -> Any:
    def begun() -> Transaction:
        writer.begin()
        return Transaction(writer, clock, Vault(bytes(32), clock), memories)

    return begun


def end(tx: Transaction) -> None:
    tx.flush()
    tx.rows.commit()


def decision(kind: str = "A.Event") -> Decision:
    return Decision(type=kind, aggregate="a", payload={"x": 1})


def test_an_unknown_tenant_has_no_head(begin: Any) -> None:
    with pytest.raises(NotFound) as wrong:
        begin().head(99)
    assert wrong.value.code == "unknown_tenant"


def test_positions_go_on_where_the_last_transaction_ended(begin: Any) -> None:
    for expected in (1, 4, 7):
        tx = begin()
        assert tx.append_activities(tx.head(TENANT), 0, [(1, 1, None, None)] * 3) == expected
        end(tx)


def test_an_activity_without_a_time_occurred_when_it_was_recorded(
    begin: Any, writer: SqliteWriter
) -> None:
    tx = begin()
    tx.append_activities(tx.head(TENANT), 7, [(1, 2, None, None), (1, 2, 5, "{}")])
    end(tx)
    found = writer.all("activities_after", tenant_id=TENANT, after=0, until=9, limit=9, offset=0)
    assert found == [(1, 1, 2, START, START, 7, None), (2, 1, 2, 5, START, 7, "{}")]


def test_the_moment_never_goes_back(begin: Any, clock: FixedClock) -> None:
    moments = []
    for jump in (0, -DAY, 2 * DAY, -DAY, 1):
        clock.moment += jump
        tx = begin()
        moments.append(tx.moment(TENANT))
        end(tx)
    assert moments == [START, START, START + DAY, START + DAY, START + DAY]


def test_numbers_and_rows_count_up_over_transactions(begin: Any) -> None:
    tx = begin()
    assert [tx.next_number(TENANT), tx.next_number(TENANT), tx.next_row(TENANT)] == [1, 2, 1]
    end(tx)
    tx = begin()
    assert [tx.next_number(TENANT), tx.next_row(TENANT)] == [3, 2]


def test_counters_see_their_own_changes(begin: Any) -> None:
    tx = begin()
    assert tx.total(TENANT, "x") == 0
    assert [tx.count(TENANT, "x", 2), tx.count(TENANT, "x", -1), tx.total(TENANT, "x")] == [2, 1, 1]
    end(tx)
    assert begin().total(TENANT, "x") == 1


def test_a_unit_that_wrote_nothing_is_taken_back_whole(begin: Any, writer: SqliteWriter) -> None:
    tx = begin()
    tx.append_activities(tx.head(TENANT), 0, [(1, 1, None, None)])
    tx.append_decision(TENANT, decision())
    tx.count(TENANT, "x", 1)
    mark = tx.mark()
    tx.append_activities(tx.head(TENANT), 0, [(1, 1, None, None)] * 5)
    tx.append_decision(TENANT, decision("B.Event"))
    tx.count(TENANT, "x", 1)
    tx.next_number(TENANT)
    tx.next_row(TENANT)
    assert tx.take_back(mark)
    end(tx)
    head = writer.one("head", tenant_id=TENANT)
    assert head is not None
    assert (head[0], head[1], head[4], head[5]) == (1, 1, 0, 0)
    assert writer.one("counter_total", tenant_id=TENANT, name="x") == (1,)
    assert len(writer.all("decision_rows", tenant_id=TENANT, after=0, limit=9)) == 1


def test_a_unit_that_wrote_cannot_be_taken_back(begin: Any) -> None:
    tx = begin()
    mark = tx.mark()
    tx.rows.run("add_seal", tenant_id=TENANT, number=1, wrapped=b"x")
    assert not tx.take_back(mark)


def test_each_decision_s_hash_holds_the_one_before(begin: Any, writer: SqliteWriter) -> None:
    tx = begin()
    for _ in range(3):
        tx.append_decision(TENANT, decision())
    end(tx)
    previous = GENESIS
    for row in writer.all("decision_rows", tenant_id=TENANT, after=0, limit=9):
        previous = chain(previous, tuple(row[:-1]))
        assert row[-1] == previous
    head = writer.one("head", tenant_id=TENANT)
    assert head is not None
    assert head[2] == previous


def test_ordinals_count_a_type_s_own(begin: Any, writer: SqliteWriter) -> None:
    tx = begin()
    for kind in ("A", "B", "A", "A", "B"):
        tx.append_decision(TENANT, decision(kind))
    end(tx)
    rows = writer.all("decision_rows", tenant_id=TENANT, after=0, limit=9)
    assert [(row[1], row[5]) for row in rows] == [
        ("A", 1),
        ("B", 1),
        ("A", 2),
        ("A", 3),
        ("B", 2),
    ]


def test_what_is_remembered_is_forgotten_when_another_process_says_so(
    begin: Any, writer: SqliteWriter, memories: dict[int, Memory]
) -> None:
    tx = begin()
    tx.memory(TENANT).identities["email", "a@b"] = 1
    end(tx)
    tx = begin()
    assert tx.memory(TENANT).identities
    tx.forget(TENANT)
    assert not tx.memory(TENANT).identities
    end(tx)
    other = begin()
    other.memory(TENANT).types["x"] = 1
    other.forget(TENANT)
    end(other)
    memories[TENANT] = stale = Memory(1)
    stale.types["x"] = 1
    assert not begin().memory(TENANT).types
