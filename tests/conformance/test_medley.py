"""Whatever is done in whatever order: the books are right and the state is nothing but its fold."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from conformance.history import exported, make_again
from conformance.medley import Medley
from conformance.stores import Bench, committers, in_threads, opened
from guerdon.clock import DAY
from guerdon.followers import lease
from guerdon.store import books, decisions

Rows = dict[str, tuple[list[str], list[Any]]]
QUICKLY, SLOWLY = 300, 1_000


def _play(engine: str, folder: Path, seed: int, moves: int) -> Rows:
    """All rows after a game, once they were found to be right."""
    with opened(engine, folder) as bench:
        medley = Medley(bench, seed)
        medley.play(moves)
        assert medley.answered > medley.refused > 0
        return _examined(bench)


def _examined(bench: Bench) -> Rows:
    before = exported(bench)
    tenant_id = bench.tenant_id
    assert bench.ask(lambda rows: books.faults(rows, tenant_id)) == []
    assert bench.ask(lambda rows: decisions.verify(rows, tenant_id)).bad_position is None
    make_again(bench)
    after = exported(bench)
    for table in before.keys() - {"head"}:
        assert after[table] == before[table], table
    return before


def test_a_random_history_folds_to_what_it_left(tmp_path: Path) -> None:
    _play("sqlite", tmp_path, 1, QUICKLY)


@pytest.mark.slow
@pytest.mark.postgres
@pytest.mark.parametrize("seed", range(2, 4))
def test_both_engines_come_to_the_same_by_any_history(
    tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whoever takes the lease anew does so instead of the first chore, which is then done last.
    monkeypatch.setattr(lease, "_LENGTH", 3_650 * DAY)
    monkeypatch.setattr(lease, "_BELIEVED", 3_650 * DAY)
    sqlite, postgres = (_play(each, tmp_path, seed, SLOWLY) for each in ("sqlite", "postgres"))
    assert sqlite.keys() == postgres.keys()
    for table, content in sqlite.items():
        assert content == postgres[table], table


@pytest.mark.slow
@pytest.mark.postgres
def test_four_committers_that_do_anything_at_once_keep_state_and_books(tmp_path: Path) -> None:
    with opened("postgres", tmp_path) as bench, committers(bench, 4) as many:
        leader = Medley(bench, 1)
        # Its ids come in one order, which threads would draw twice from.
        bench.clock.secret = os.urandom
        players = [
            Medley(bench, 10 + at, beside=leader, together=lambda *all, of=each: of.run(all))
            for at, each in enumerate(many)
        ]
        in_threads(*(lambda each=each: each.play(SLOWLY // 4, is_alone=False) for each in players))
        assert all(each.answered > 100 for each in players)
        bench.settle()
        _examined(bench)
