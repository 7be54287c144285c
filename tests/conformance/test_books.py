"""Whoever changes a sum of points behind our back is found out by the audit; a rebuild mends it."""

from __future__ import annotations

import threading

import pytest

from conformance.stores import Bench
from conformance.test_decisions import administrator
from guerdon.engine.commands import RebuildState
from guerdon.engine.commands.points import AddPoints, BlockPoints, SpendPoints, TransferPoints
from guerdon.store import books
from guerdon.store.movements import NONE

CHANGES = {
    "UPDATE account SET available = available + 1 WHERE number = 2": "member 2: account",
    "UPDATE account SET debt = debt + 1 WHERE number = 1": "member 1: account",
    "DELETE FROM account WHERE number = 3": "member 3: lots",
    f"UPDATE account SET moves = '{NONE}' WHERE number = 2": "member 2: account",
    "UPDATE points_transfer SET remaining = remaining - 1 WHERE remaining > 5": "lots",
    "UPDATE points_transfer SET state = 'canceled' WHERE kind = 'blocking'": "member 1: lots",
    "UPDATE points_posting SET points = points + 1 WHERE from_account = 'issued'": "issued points",
    "DELETE FROM points_posting WHERE to_account = 'spent'": "spent points",
    "UPDATE points_posting SET from_account = 'locked' WHERE to_account = 'spent'": "wrong side",
    "UPDATE counter SET total = total + 1 WHERE name = 'points:transit'": "transit points are 1",
}


def test_every_sum_that_was_changed_is_named(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(books, "_ACCOUNTS", 2)
    monkeypatch.setattr(books, "_POSTINGS", 3)
    numbers = [bench.member(("external", name)) for name in "abcde"]
    tenant_id = bench.tenant_id
    bench.together(*(AddPoints(tenant_id, 0, number, 10_00) for number in numbers))
    bench.do(BlockPoints(tenant_id, 0, numbers[0], 2_00))
    bench.do(SpendPoints(tenant_id, 0, numbers[1], 3_00))
    bench.do(TransferPoints(tenant_id, 0, numbers[2], numbers[3], 4_00))

    def faults() -> list[str]:
        return bench.ask(lambda rows: books.faults(rows, tenant_id))

    assert faults() == []
    with administrator(bench) as execute:
        for change, word in CHANGES.items():
            execute(change)
            assert any(word in each for each in faults()), (change, faults())
            bench.do(RebuildState(tenant_id, 0))
            assert faults() == [], change


def test_an_audit_beside_a_busy_writer_raises_no_false_alarm(bench: Bench) -> None:
    numbers = [bench.member(("external", name)) for name in "ab"]
    tenant_id, one, other = bench.tenant_id, *numbers
    started, done = threading.Event(), threading.Event()
    found: list[list[str]] = []

    def audit() -> None:
        reader = bench.store.reader()
        try:
            started.set()
            while not done.is_set() or len(found) < 3:
                found.append(reader.ask(lambda rows: books.faults(rows, tenant_id)))
        finally:
            reader.close()

    thread = threading.Thread(target=audit)
    thread.start()
    started.wait()
    for _ in range(60):
        bench.together(
            AddPoints(tenant_id, 0, one, 7_00),
            TransferPoints(tenant_id, 0, one, other, 5_00),
            BlockPoints(tenant_id, 0, one, 1_00),
            SpendPoints(tenant_id, 0, other, 2_00),
        )
    done.set()
    thread.join()
    assert found == [[]] * len(found)
