"""The rules' follower killed at named points: every activity earns once, in order."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from crash import child, small
from crash.test_kill import killed_until_done
from crash.workload import TYPES, TickingClock, Workload
from guerdon.domain.points import POINTS_WERE_EXPLAINED
from guerdon.engine.commands.definitions import Define
from guerdon.store import decisions
from guerdon.store.sqlite.store import SqliteStore

BATCHES, BATCH_EVENTS = 8, 50
RULE = {
    "type": "custom_event",
    "name": "rule",
    "eventName": TYPES[0],
    "pointsAmount": 1_00,
    "allTimeActive": True,
    "limit": {"active": True, "period": "forever", "limit": 5},
}


@pytest.fixture(autouse=True)
def _small_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    small.shrink(monkeypatch.setattr)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store with a limited rule and what members did since, met by no rule yet."""
    made = tmp_path / "guerdon.db"
    child.prepare(made)
    workload = Workload(SqliteStore(made, TickingClock(1)), 1)
    workload.committer.run([Define(child.TENANT, 0, "Rule", json.dumps(RULE))])
    for _ in range(BATCHES):
        workload.send([workload.batch(child.TENANT, BATCH_EVENTS)])
    workload.committer.close()
    return made


def earned(path: Path) -> list[tuple[int, list[int]]]:
    """Each member, and the activities they earned by in the order of their transfers."""
    reader = SqliteStore(path, TickingClock(0)).reader()
    rows = reader.ask(
        lambda rows: list(decisions.of_type(rows, child.TENANT, POINTS_WERE_EXPLAINED))
    )
    reader.close()
    found: dict[int, list[int]] = {}
    for row in rows:
        told = json.loads(row[5])["explanation"]
        found.setdefault(row[3], []).append(told[0]["activity"])
    return sorted(found.items())


@pytest.mark.slow
@pytest.mark.parametrize("point", ["in_rules", "after_rules"])
def test_killed_over_and_over_every_activity_earns_once(path, tmp_path, point) -> None:
    peaceful = Path(shutil.copytree(path.parent, tmp_path / "peace")) / path.name
    assert not child.run("index", peaceful).was_killed
    assert killed_until_done("index", path, point, 3) > 0
    found = earned(path)
    assert found == earned(peaceful)
    for _, positions in found:
        assert positions == sorted(set(positions))
        assert len(positions) <= 5
    assert sum(len(positions) for _, positions in found) > BATCHES
