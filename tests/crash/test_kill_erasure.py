"""Killed while somebody is forgotten: it is decided and done in one, and what is left goes on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crash import child, small
from crash.test_kill import killed_until_done
from crash.workload import TickingClock, Workload
from guerdon.domain.erasure import WAS_DELETED
from guerdon.engine.commands import Ingest, Item, RecordOutcome, RegisterMember
from guerdon.store import decisions
from guerdon.store.sqlite.store import SqliteStore

EMAIL = "kanarienvogel@example.com"
NAMES = (("email", EMAIL), ("external", "u-1"))


@pytest.fixture(autouse=True)
def _small_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    small.shrink(monkeypatch.setattr)


def known(path: Path) -> tuple[bool, bool, bool]:
    """Whether a file names the person, whether their key is there, and whether that was decided."""
    reader = SqliteStore(path, TickingClock(0)).reader()
    found = reader.ask(
        lambda rows: (
            rows.one("seal", tenant_id=child.TENANT, number=1) is not None,
            decisions.total(rows, child.TENANT, type=WAS_DELETED) > 0,
        )
    )
    assert reader.ask(lambda rows: decisions.verify(rows, child.TENANT)).bad_position is None
    reader.close()
    content = b"".join(each.read_bytes() for each in path.parent.glob("guerdon.db*"))
    return (EMAIL.encode() in content, *found)


@pytest.mark.slow
def test_killed_over_and_over_somebody_is_forgotten_once_and_whole(tmp_path: Path) -> None:
    path = tmp_path / "guerdon.db"
    child.prepare(path)
    workload = Workload(SqliteStore(path, TickingClock(1)), 1)
    data = json.dumps({"mail": EMAIL})
    seen = tuple(Item("seen", NAMES[1:], None, data) for _ in range(10))
    body = data.encode()
    refused = RecordOutcome(child.TENANT, 0, "refused", "x", "", "woowup", "PUT", "/", body, 1)
    workload.committer.run(
        [
            RegisterMember(child.TENANT, 0, NAMES, data),
            Ingest(child.TENANT, 0, "conscent", seen, unknown_type="add"),
            *[refused] * 5,
        ]
    )
    workload.committer.close()
    assert child.run("forget", path, number=1, fault="in_erasure").said == []
    assert known(path) == (True, True, False)
    assert child.run("forget", path, number=1, fault="in_erasure_slice").said == ["forgotten"]
    assert known(path) == (True, False, True)
    assert killed_until_done("index", path, "in_erasure_slice", 3) > 0
    assert known(path) == (False, False, True)
    reader = SqliteStore(path, TickingClock(0)).reader()
    told = reader.ask(lambda rows: decisions.total(rows, child.TENANT, type=WAS_DELETED))
    reader.close()
    assert told == 1
