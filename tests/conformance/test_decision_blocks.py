"""Which decisions are of which type: what is written down of a block, and what is left of one."""

from __future__ import annotations

import random
import re
from typing import Any

import pytest

from conformance.stores import Bench
from conformance.test_decisions import administrator
from guerdon.domain.decisions import Decision
from guerdon.engine.commands import RebuildState
from guerdon.errors import StoreFull
from guerdon.store import decision_blocks, migrations
from guerdon.store.port import Row, Rows
from guerdon.store.transaction import Transaction

TYPES = ("A.Often", "A.Often", "A.Often", "B.Sometimes", "C.Once")


@pytest.fixture
def short_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decision_blocks, "BLOCK_POSITIONS", 8)
    monkeypatch.setattr(decision_blocks, "BLOCKS_MAX", 6)


def append(bench: Bench, types: list[str]) -> None:
    """Decisions of these types, in one transaction."""

    def work(tx: Transaction) -> bool:
        for name in types:
            tx.append_decision(bench.tenant_id, Decision(type=name, aggregate="a", payload={}))
        return False

    bench.committer.work(work)


def journal(bench: Bench) -> list[tuple[int, str]]:
    """Every position and its type, from the journal itself."""
    everything = {"tenant_id": bench.tenant_id, "from": 1, "limit": 1_000_000}
    return [
        (row[0], row[1]) for row in bench.ask(lambda rows: rows.all("decisions_from", **everything))
    ]


def blocks(bench: Bench) -> list[Row]:
    names = sorted({name for _, name in journal(bench)})
    span = {"tenant_id": bench.tenant_id, "low": 0, "high": 2**40, "limit": 10**6}

    def found(rows: Rows) -> list[Row]:
        return [
            (name, *row)
            for name in names
            for row in rows.all("decision_block_up", type=name, **span)
        ]

    return bench.ask(found)


def noted(bench: Bench) -> int:
    return bench.ask(lambda rows: decision_blocks.noted_before(rows, bench.tenant_id))


def check(bench: Bench, pick: random.Random) -> None:
    """Whatever is asked is answered as by looking at everything."""
    told = journal(bench)
    low, high = sorted(pick.randint(-1, len(told) + 3) for _ in range(2))
    limit = pick.choice((1, 2, 10, 1_000))
    for name in {*TYPES, "D.Never"}:
        within = [at for at, each in told if each == name and low <= at <= high]
        span: dict[str, Any] = {
            "tenant_id": bench.tenant_id,
            "type": name,
            "low": low,
            "high": high,
        }
        ask = bench.ask
        up = ask(lambda rows, s=span: decision_blocks.positions(rows, **s, limit=limit))
        down = ask(
            lambda rows, s=span: decision_blocks.positions(rows, **s, limit=limit, descending=True)
        )
        total = ask(lambda rows, s=span: decision_blocks.count(rows, **s))
        assert (up, down, total) == (within[:limit], within[::-1][:limit], len(within))


@pytest.mark.usefixtures("short_blocks")
def test_positions_and_totals_of_a_type_are_those_of_the_journal(bench: Bench) -> None:
    pick = random.Random(5)
    for _ in range(60):
        append(bench, pick.choices(TYPES, weights=(9, 9, 9, 2, 1), k=pick.choice((1, 2, 5, 30))))
        assert noted(bench) == (len(journal(bench)) + 1) // 8 * 8
        check(bench, pick)


def test_a_block_is_written_down_when_it_is_full(bench: Bench) -> None:
    start = len(journal(bench))
    append(bench, ["A.Often"] * (510 - start))
    assert (noted(bench), blocks(bench)) == (0, [])
    append(bench, ["B.Sometimes"])
    assert noted(bench) == 512
    written = {row[0]: row[1:] for row in blocks(bench)}
    assert written["B.Sometimes"] == (0, 1, "[511]")
    assert written["A.Often"][:2] == (0, 1)


@pytest.mark.usefixtures("short_blocks")
def test_what_a_release_without_blocks_has_left_is_made_up_for_bit_by_bit(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    pick = random.Random(7)
    append(bench, ["A.Often"] * 20)
    before = noted(bench)
    with monkeypatch.context() as older:
        older.setattr(decision_blocks, "note", lambda *_: None)
        for _ in range(10):
            append(bench, pick.choices(TYPES, k=8))
    check(bench, pick)
    append(bench, ["B.Sometimes"] * 8)
    assert noted(bench) == before + 6 * 8
    check(bench, pick)
    for _ in range(6):
        append(bench, ["C.Once"] * 8)
    assert noted(bench) == (len(journal(bench)) + 1) // 8 * 8
    check(bench, pick)


@pytest.mark.usefixtures("short_blocks")
def test_a_rebuild_writes_the_same_down_again(bench: Bench) -> None:
    for _ in range(10):
        append(bench, list(TYPES) * 2)
    before = blocks(bench)
    bench.do(RebuildState(bench.tenant_id, 0, index=True))
    assert (blocks(bench), noted(bench)) == (before, (len(journal(bench)) + 1) // 8 * 8)
    assert len(before) > 10


def test_the_migration_writes_the_same_down(bench: Bench) -> None:
    pick = random.Random(11)
    append(bench, pick.choices(TYPES, weights=(9, 9, 9, 2, 1), k=1_300))
    before = (blocks(bench), noted(bench))
    (migration,) = (
        each.text
        for each in migrations.known(bench.config.engine)
        if each.name.endswith("decision_blocks")
    )
    with administrator(bench) as execute:
        execute("DELETE FROM decision_block")
        execute("DELETE FROM follower WHERE name = 'decision_blocks'")
        for statement in re.findall(
            r"INSERT INTO (?:decision_block|follower).*?;", migration, re.DOTALL
        ):
            execute(statement)
    assert (blocks(bench), noted(bench)) == before
    assert noted(bench) == 1_024


@pytest.mark.usefixtures("short_blocks")
def test_what_was_added_last_is_not_asked_for_when_its_block_is_full(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = bench.committer.writer
    append(bench, ["A.Often"] * 8)
    asked: list[str] = []
    found = writer.all

    def noting(query: str, /, **values: Any) -> list[Row]:
        asked.append(query)
        return found(query, **values)

    monkeypatch.setattr(writer, "all", noting)
    for _ in range(12):
        append(bench, ["A.Often", "B.Sometimes", "A.Often"])
    assert "decision_entries" not in asked
    assert noted(bench) == (len(journal(bench)) + 1) // 8 * 8


@pytest.mark.usefixtures("short_blocks")
def test_what_is_remembered_of_a_failed_commit_is_not_written_down(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    pick = random.Random(3)

    def full() -> None:
        raise StoreFull

    append(bench, ["A.Often"] * 3)
    for count in range(1, 12):
        with monkeypatch.context() as patch:
            patch.setattr(bench.committer.writer, "commit", full)
            with pytest.raises(StoreFull):
                append(bench, ["B.Sometimes"] * count)
        append(bench, ["C.Once"] * count)
        append(bench, ["A.Often"] * (12 - count))
        check(bench, pick)


def test_what_is_rolled_back_is_not_written_down(bench: Bench) -> None:
    class Enough(Exception):
        pass

    def work(tx: Transaction) -> bool:
        for _ in range(600):
            tx.append_decision(bench.tenant_id, Decision(type="A.Often", aggregate="a", payload={}))
        tx.flush()
        raise Enough

    with pytest.raises(Enough):
        bench.committer.work(work)
    assert (noted(bench), blocks(bench)) == (0, [])
