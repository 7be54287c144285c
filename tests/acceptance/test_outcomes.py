"""Every event has one visible outcome, and what was refused can be sent again."""

from __future__ import annotations

import json
from typing import Any

from acceptance.installation import Installation, Server

BATCH = {
    "events": [
        {
            "token": "user-token-1",
            "partnerUserID": "user-1",
            "event": "video",
            "eventValue": None,
            "receivedAt": "2024-08-06 15:04:05",
        }
    ]
}


def _send(server: Server, key: str, batch: Any = BATCH) -> int:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    return server.call("POST", "/default/v1/events", headers=headers, body=json.dumps(batch)).status


def _replay(installation: Installation, *words: str) -> Any:
    done = installation.run("outcomes", "replay", "--tenant", "demo", *words, "--json")
    return done.code, [each["status"] for each in json.loads(done.out)["replayed"]]


def _accept_anybody(installation: Installation) -> None:
    words = ("--tenant", "demo", "members.auto_create.meditopia", "true")
    installation.told("setting", "set", *words)


def test_a_refused_batch_is_kept_shown_counted_and_sent_again(installation: Installation) -> None:
    installation.tenant()
    key = installation.key("meditopia")
    with installation.serving() as server:
        assert _send(server, key) == 404
        (outcome,) = installation.told("outcomes", "--tenant", "demo")["outcomes"]
        assert (outcome["outcome"], outcome["code"]) == ("refused", "unknown_member")
        shown = installation.told("outcomes", "show", "--tenant", "demo", str(outcome["id"]))
        assert json.loads(shown["body"]) == BATCH
        metric = 'guerdon_outcomes_total{dialect="meditopia",outcome="refused",tenant="demo"} 1.0'
        assert metric in server.call("GET", "/metrics").body.decode()
        assert _replay(installation, "--all") == (1, [404])
        _accept_anybody(installation)
        assert _replay(installation, "--all", "--code", "other") == (0, [])
        assert _replay(installation, "--all") == (0, [204])
        assert _replay(installation, "--all") == (0, [])
    (outcome,) = installation.told("outcomes", "--tenant", "demo")["outcomes"]
    assert outcome["replayedAt"] is not None
    assert installation.rows("SELECT position FROM activity") == [(1,)]


def test_bodies_are_sent_again_while_no_server_runs(either: Installation) -> None:
    either.tenant()
    key = either.key("meditopia")
    with either.serving() as server:
        assert _send(server, key) == 404
        assert _send(server, key, {"events": []}) == 422
    _accept_anybody(either)
    outcomes = either.told("outcomes", "--tenant", "demo")["outcomes"]
    unknown = next(each["id"] for each in outcomes if each["code"] == "unknown_member")
    assert _replay(either, str(unknown)) == (0, [204])
    assert _replay(either, str(unknown)) == (1, [0]), "what was accepted is not sent once more"
    assert _replay(either, "--all") == (1, [422])
    assert either.rows("SELECT position FROM activity") == [(1,)]


def test_a_revoked_keys_bodies_wait_for_the_operators_word(sqlite: Installation) -> None:
    sqlite.tenant()
    key = sqlite.told("key", "create", "--tenant", "demo", "--dialect", "meditopia")
    with sqlite.serving() as server:
        assert _send(server, key["key"]) == 404
    _accept_anybody(sqlite)
    sqlite.told("key", "revoke", str(key["id"]))
    assert _replay(sqlite, "--all") == (1, [0])
    assert _replay(sqlite, "--all", "--as-operator") == (0, [204])


def test_outcomes_are_looked_through_by_what_they_are(sqlite: Installation) -> None:
    sqlite.tenant()
    key = sqlite.key("meditopia")
    with sqlite.serving() as server:
        _send(server, key)
        _send(server, key, {"events": []})

    def codes(*words: str) -> list[str]:
        told = sqlite.told("outcomes", "list", "--tenant", "demo", *words)["outcomes"]
        return [each["code"] for each in told]

    everything = codes()
    assert len(everything) == 2
    assert everything[-1] == "unknown_member"
    assert codes("--code", "unknown_member") == ["unknown_member"]
    assert codes("--kind", "duplicate") == []
    assert codes("--dialect", "woowup") == []
    assert codes("--limit", "1") == everything[:1]
    assert codes("--since", "2100-01-01 00:00:00") == []
