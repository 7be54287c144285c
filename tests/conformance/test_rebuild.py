"""While state is made again readers see what was there; what fails half-way changes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.stores import Bench
from guerdon.engine import commands, rebuild
from guerdon.engine.commands.points import AddPoints
from guerdon.errors import Defect


@pytest.fixture
def members(bench: Bench) -> Bench:
    for name in "abc":
        bench.do(AddPoints(bench.tenant_id, 0, bench.member(("external", name)), 5_00))
    return bench


def state(bench: Bench) -> list[Any]:
    def look(rows: Any) -> list[Any]:
        whose = {"tenant_id": bench.tenant_id}
        return [
            rows.all("accounts_after", **whose, after=0, limit=99),
            rows.all("identities", **whose, number=1),
            rows.all("settings", **whose),
        ]

    return bench.ask(look)


def test_a_reader_sees_the_old_state_or_the_new_and_never_a_part(
    members: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, seen = state(members), []
    sound = rebuild._fold

    def fold(*arguments: Any) -> None:
        sound(*arguments)
        seen.append(state(members))

    monkeypatch.setattr(rebuild, "_fold", fold)
    folded = members.do(commands.RebuildState(members.tenant_id, 0)).decisions
    assert [*seen, state(members)] == [before] * (folded + 1)


def test_a_decision_that_does_not_fold_leaves_everything_as_it_was(
    members: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = state(members)
    sound = rebuild._fold
    left = iter(range(9))

    def fold(*arguments: Any) -> None:
        if next(left, None) is None:
            raise ZeroDivisionError
        sound(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(rebuild, "_fold", fold)
        with pytest.raises(Defect):
            members.do(commands.RebuildState(members.tenant_id, 0))
    assert state(members) == before
    members.do(AddPoints(members.tenant_id, 0, 1, 1_00))
    after = state(members)
    members.do(commands.RebuildState(members.tenant_id, 0))
    assert state(members) == after != before
