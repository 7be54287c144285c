"""Where a member's movements are is known however many there are, and come to the same again."""

from __future__ import annotations

from typing import Any

from conformance.stores import Bench
from conformance.test_decisions import administrator
from guerdon.engine.commands import RebuildState
from guerdon.engine.commands.points import AddPoints, ResetPoints, SpendPoints, TransferPoints
from guerdon.store import books, migrations, movements
from guerdon.store.movements import RUN_MOVES
from guerdon.store.postgres.schema import in_postgres_words

BACK = """
DROP TABLE points_run;
ALTER TABLE account DROP COLUMN moves;
ALTER TABLE account DROP COLUMN received;
"""
"""To what there was before."""


def busy(bench: Bench, *counts: int) -> list[int]:
    """Members with so many movements each, taking turns."""
    numbers = [bench.member(("external", f"m{place}")) for place in range(len(counts))]
    for turn in range(max(counts)):
        for number, count in zip(numbers, counts, strict=True):
            if turn < count:
                make = SpendPoints if turn % 3 == 2 else AddPoints
                bench.do(make(bench.tenant_id, 0, number, 1_00 + turn))
    return numbers


def kept(bench: Bench) -> list[Any]:
    """Everything that says where movements are."""
    tenant_id = bench.tenant_id
    span = {"number": 0, "last_position": 0, "until": 2**62, "limit": 1_000}
    return bench.ask(
        lambda rows: [
            rows.all("accounts_after", tenant_id=tenant_id, after=0, limit=1_000),
            rows.all("points_runs_after", tenant_id=tenant_id, **span),
            rows.all("points_postings", tenant_id=tenant_id),
        ]
    )


def test_pages_of_any_size_meet_every_movement_once_in_order(bench: Bench) -> None:
    (number, _) = busy(bench, 3 * RUN_MOVES + 5, 7)

    def page(after: int, limit: int) -> list[movements.Movement]:
        return bench.ask(
            lambda rows: movements.page(rows, bench.tenant_id, number, after=after, limit=limit)
        )

    whole = page(0, 1_000)
    expected = [(-1 if turn % 3 == 2 else 1) * (1_00 + turn) for turn in range(len(whole))]
    assert [each.points for each in whole] == expected
    assert len(whole) == 3 * RUN_MOVES + 5
    for limit in (1, 2, RUN_MOVES, RUN_MOVES + 1):
        met: list[movements.Movement] = []
        while some := page(met[-1].position if met else 0, limit):
            assert len(some) <= limit
            met += some
        assert met == whole


def test_full_runs_are_put_away_and_the_rest_stays_with_the_account(bench: Bench) -> None:
    counts = (2 * RUN_MOVES, 2 * RUN_MOVES + 1, RUN_MOVES, 1)
    numbers = busy(bench, *counts)
    bench.do(ResetPoints(bench.tenant_id, 0, numbers[3]))
    accounts, runs, _ = kept(bench)
    in_runs = [sum(row[0] == number for row in runs) for number in numbers]
    left = {row[0]: len(movements.read(row[-1])) for row in accounts}
    assert in_runs == [1, 2, 0, 0]
    assert [left[number] for number in numbers] == [RUN_MOVES, 1, RUN_MOVES, 2]
    assert {len(movements.read(row[-1])) for row in runs} == {RUN_MOVES}
    assert all(movements.read(row[-1])[-1] == row[1] for row in runs)


def test_a_rebuild_and_the_migration_come_to_the_same(bench: Bench) -> None:
    numbers = busy(bench, 2 * RUN_MOVES + 1, RUN_MOVES, 3, 0)
    for points in (2_00, 3_00):
        bench.do(TransferPoints(bench.tenant_id, 0, *numbers[:2], points))
    before = kept(bench)
    assert [row[9] for row in before[0]] == [0, 5_00, 0, 0]
    bench.do(RebuildState(bench.tenant_id, 0))
    assert kept(bench) == before
    (migration,) = (
        each for each in migrations.known(bench.config.engine) if "pre_movements" in each.name
    )
    is_postgres = bench.config.engine == "postgres"
    with administrator(bench) as execute:
        execute(BACK)
        execute(in_postgres_words(migration.text) if is_postgres else migration.text)
    assert kept(bench) == before
    assert bench.ask(lambda rows: books.faults(rows, bench.tenant_id)) == []
