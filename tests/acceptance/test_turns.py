"""Who answers requests need not wait until another process has had a long turn."""

from __future__ import annotations

import pytest

from acceptance.installation import Installation
from turns import can_be_told, turn_nanoseconds


@pytest.mark.skipif(not can_be_told, reason="the system tells nobody")
def test_workers_take_short_turns_and_who_writes_does_not(sqlite: Installation) -> None:
    sqlite.tenant()
    with sqlite.serving("--workers", "2") as server:
        usual = turn_nanoseconds()
        assert turn_nanoseconds(server.process.pid) == usual
        turns = [turn_nanoseconds(worker) for worker in server.workers()]
        assert turns == [100_000 if usual else 0] * 2
