"""Points cannot be spent twice, however many processes try at the same instant."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from acceptance.installation import PATIENCE_SECONDS, Installation

SPENDER = Path(__file__).with_name("spender.py")
PROCESSES = 8


@pytest.mark.slow
def test_eight_processes_are_granted_exactly_what_is_there(installation: Installation) -> None:
    installation.tenant()
    key = installation.key("woowup")
    with installation.serving("--workers", "2") as server:
        headers = {"authorization": f"Basic {key}", "content-type": "application/json"}
        body = json.dumps({"service_uid": "u", "points": 1_000})
        made = server.call("POST", "/apiv3/users", headers=headers, body=body)
        assert made.status == 201, made
        number = made.json()["payload"]["user_id"]
        words = [sys.executable, str(SPENDER), str(server.port), key, str(number)]
        running = [
            subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            for _ in range(PROCESSES)
        ]
        for each in running:
            assert each.stdin is not None
            each.stdin.write("\n")
            each.stdin.flush()
        told = [each.communicate(timeout=PATIENCE_SECONDS)[0].split() for each in running]
        shown = server.call("GET", f"/apiv3/users/{number}", headers=headers).json()
    assert sum(int(granted) for granted, _ in told) == 142
    assert {status for _, status in told} == {"400"}
    assert shown["payload"]["points"] == 6
    # What really moved, asked of the database itself.
    moved = installation.rows("SELECT from_account, to_account, points FROM points_posting")
    held = sum(points if target == "available" else -points for _, target, points in moved)
    assert (held, len(moved)) == (6_00, 143)
