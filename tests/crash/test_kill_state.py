"""The clockwork and a rebuild killed at named points: done once, and the state is whole."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import apsw
import pytest

from conformance.history import live, state_tables
from conformance.stores import opened
from crash import child, small
from crash.test_kill import killed_until_done
from crash.workload import TickingClock
from guerdon.engine import commands
from guerdon.engine.commands.points import AddPoints
from guerdon.engine.commands.rewards import BuyReward, DefineReward
from guerdon.store import books
from guerdon.store.sqlite.store import SqliteStore

MEMBERS = 24
REWARD = {"reward": "gift_code", "unlimited": True, "daysInactive": 1, "daysValid": 2}

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _small_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    small.shrink(monkeypatch.setattr)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store with lots to unlock, lots to expire and coupons that begin and end."""
    made = tmp_path / "guerdon.db"
    child.prepare(made)
    committer, tenant_id = child.committer(made), child.TENANT
    stock = tuple(str(at) for at in range(MEMBERS))
    define = DefineReward(tenant_id, 0, json.dumps(REWARD), codes=stock)
    (reward,) = committer.run([define])
    for at in range(MEMBERS):
        names = (("external", f"m{at}"),)
        (member,) = committer.run([commands.RegisterMember(tenant_id, 0, names)])
        for days in (1, 400):
            committer.run([AddPoints(tenant_id, 0, member.number, 5_00, validity_days=days)])
        committer.run([BuyReward(tenant_id, 0, member.number, reward.definition_id)])
    committer.close()
    return made


def decided(path: Path) -> list[tuple[str, int]]:
    """Each decision's type and member, sorted; the books are right besides."""
    reader = SqliteStore(path, TickingClock(0)).reader()
    page = {"tenant_id": child.TENANT, "from": 1, "limit": 10_000}
    rows = reader.ask(lambda rows: rows.all("decisions_from", **page))
    faults = reader.ask(lambda rows: books.faults(rows, child.TENANT))
    reader.close()
    assert faults == []
    return sorted((row[1], row[3]) for row in rows)


def test_what_falls_due_is_decided_once_however_often_the_clockwork_is_killed(path, tmp_path):
    before = decided(path)
    peaceful = Path(shutil.copytree(path.parent, tmp_path / "peace")) / path.name
    assert not child.run("later", peaceful, days=30).was_killed
    assert killed_until_done("later", path, "in_clockwork", 6, days=30) > 1
    assert decided(path) == decided(peaceful)
    assert len(decided(path)) - len(before) == 3 * MEMBERS
    # A clock that was set back, and one that comes to the same hour again, find nothing to do.
    for days in (0, 30):
        assert not child.run("later", path, days=days).was_killed
    assert decided(path) == decided(peaceful)


def state(path: Path) -> dict[str, Any]:
    connection = apsw.Connection(str(path))
    try:
        return {
            table: sorted(connection.execute(f"SELECT * FROM {table}").fetchall(), key=repr)
            for table in state_tables()
        }
    finally:
        connection.close()


def test_a_rebuild_that_was_killed_leaves_the_state_as_it_was(tmp_path):
    with opened("sqlite", tmp_path) as bench:
        live(bench)
    path = tmp_path / "guerdon.db"
    before = state(path)
    assert child.run("rebuild", path, fault="in_rebuild:2").was_killed
    assert state(path) == before
    (folded,) = child.run("rebuild", path).said
    assert folded > 500
    assert state(path) == before
