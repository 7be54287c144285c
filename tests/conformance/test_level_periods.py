"""Periods of review: which points were earned in the present one."""

from __future__ import annotations

import json

import pytest

from conformance.history import exported
from conformance.stores import Bench
from conformance.test_decisions import administrator
from conformance.test_levels import Programme
from guerdon.engine import commands
from guerdon.engine.commands.points import CancelPointsTransfer
from guerdon.store import migrations
from guerdon.store.postgres.schema import in_postgres_words


@pytest.mark.parametrize("days_locked", [0, 5])
def test_what_came_in_one_moment_belongs_to_the_period_it_came_in(
    bench: Bench, days_locked: int
) -> None:
    programme = Programme(
        bench,
        tier_assign_type="points",
        downgrade_mode="after_x_days",
        downgrade_days=30,
        downgrade_base="earned_points_since_last_level_change",
    )
    programme.three()
    for name, value in (("all_time_not_locked", not days_locked), ("days_locked", days_locked)):
        setting = f"points.{name}"
        bench.do(commands.ChangeSetting(programme.tenant_id, 0, setting, json.dumps(value)))
    number = bench.member(("card", "1"))
    # The first begins a new period, the second is earned in it.
    first, second = programme.adds(number, 120), programme.adds(number, 70)
    programme.later(days_locked)
    for canceled, left in ((second, 120_00), (first, 0)):
        bench.do(CancelPointsTransfer(programme.tenant_id, 0, canceled))
        assert programme.place(number).earned_before == left
    before = exported(bench)["member_level"]
    bench.do(commands.RebuildState(programme.tenant_id, 0))
    assert exported(bench)["member_level"] == before
    (migration,) = (
        each for each in migrations.known(bench.config.engine) if "level_periods" in each.name
    )
    is_postgres = bench.config.engine == "postgres"
    with administrator(bench) as execute:
        execute("ALTER TABLE member_level DROP COLUMN window_position")
        execute(in_postgres_words(migration.text) if is_postgres else migration.text)
    assert exported(bench)["member_level"] == before
