"""The real server without space: 503, readers served, and back to work without a restart."""

from __future__ import annotations

import json
import resource

from acceptance.installation import Installation, Server

ROOM_BYTES = 150_000
SENDS_MAX = 500


def send(server: Server, key: str, number: int) -> tuple[int, dict[str, object]]:
    """One event with a large field, known by a key of its own."""
    body = json.dumps({"eventType": "LOGIN", "userId": f"u-{number}", "note": "x" * 8_000})
    headers = {"X-API-KEY": key, "content-type": "application/json", "Idempotency-Key": f"{number}"}
    reply = server.call("POST", "/reward/demo/api/user_event", headers=headers, body=body)
    return reply.status, reply.json()


def test_a_server_without_space_says_so_and_goes_on_when_there_is_some(tmp_path) -> None:
    made = Installation(tmp_path)
    made.tenant()
    key = made.key("conscent")
    reading = {"Authorization": f"Basic {made.key('woowup')}"}
    with made.serving() as server:
        assert send(server, key, 0)[0] == 200
        holder = server.process.pid
        _, hard = resource.prlimit(holder, resource.RLIMIT_FSIZE)
        size_bytes = (made.data / "guerdon.db-wal").stat().st_size
        resource.prlimit(holder, resource.RLIMIT_FSIZE, (size_bytes + ROOM_BYTES, hard))
        answers = {}
        for number in range(1, SENDS_MAX):
            answers[number] = send(server, key, number)
            if answers[number][0] != 200:
                break
        full, answer = answers[number]
        assert (full, answer["error"]) == (503, "store_full")
        assert server.call("GET", "/apiv3/events", headers=reading).status == 200
        assert server.call("GET", "/livez").status == 200
        resource.prlimit(holder, resource.RLIMIT_FSIZE, (hard, hard))
        assert send(server, key, number)[0] == 200
    stored = made.rows("SELECT count(*) FROM activity")[0][0]
    assert stored == number + 1
