"""The real server killed at named points, through HTTP: the sender sends again, and it counts once.

With SQLite the points in the transaction kill the process that holds the store, with PostgreSQL the
worker that commits for itself; the points before it kill the worker, which is started again.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from acceptance.installation import Installation, Reply, Server, installed

POINTS = ("after_body", "after_validate", "after_first_row", "before_commit", "after_commit")
LOST = ("after_first_row", "before_commit", "after_commit")
"""The points that kill the holder of a SQLite store."""

EVENTS = 100


class Request(NamedTuple):
    """One request of a partner, to be sent once and then again."""

    path: str
    headers: dict[str, str]
    body: str
    events: int
    status: int


def conscent(key: str) -> Request:
    headers = {"X-API-KEY": key, "content-type": "application/json", "Idempotency-Key": "k-1"}
    body = json.dumps({"eventType": "LOGIN", "userId": "u-1"})
    return Request("/reward/demo/api/user_event", headers, body, 1, 200)


def meditopia(key: str) -> Request:
    headers = {"Authorization": f"Bearer {key}", "content-type": "application/json"}
    events = [
        {
            "token": f"token-{number % 7}",
            "partnerUserID": f"user-{number % 7}",
            "event": "video",
            "eventValue": number,
            "receivedAt": "2024-08-06 15:04:05",
        }
        for number in range(EVENTS)
    ]
    return Request("/default/v1/events", headers, json.dumps({"events": events}), EVENTS, 204)


QUICK = {
    ("sqlite", "meditopia", "before_commit"),
    ("sqlite", "meditopia", "after_commit"),
    ("postgres", "conscent", "after_commit"),
}
PARTNERS = {"conscent": conscent, "meditopia": meditopia}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A data folder on SQLite with a tenant and a key for each partner."""
    made = Installation(tmp_path_factory.mktemp("prepared"))
    return made.data, set_up(made)


def set_up(made: Installation) -> dict[str, str]:
    made.tenant()
    made.told("setting", "set", "--tenant", "demo", "members.auto_create.meditopia", "true")
    return {dialect: made.key(dialect) for dialect in PARTNERS}


class Killed:
    """An installation whose server was killed at a point while it answered a request."""

    def __init__(self, made: Installation, keys: dict[str, str], dialect: str, point: str) -> None:
        self.made = made
        self.request = PARTNERS[dialect](keys[dialect])
        made.environ["GUERDON_FAULT"] = point
        server = made.start()
        server.url = server.wait_for("Guerdon serves on ").removeprefix("Guerdon serves on ")
        self.told = self._answer(server)
        if made.engine == "sqlite" and point in LOST:
            assert server.ended() == -signal.SIGKILL
        else:
            # The worker died, and another takes its place.
            assert self.told is None
            assert server.call("GET", "/livez").status == 200
            assert server.stop() == 0, server.log.read_text()[-4_000:]
        del made.environ["GUERDON_FAULT"]

    def _answer(self, server: Server) -> int | None:
        """The status the sender got; None when the connection was cut."""
        with contextlib.suppress(ConnectionError, http.client.HTTPException):
            return self.send(server).status
        return None

    def send(self, server: Server) -> Reply:
        request = self.request
        return server.call("POST", request.path, headers=request.headers, body=request.body)

    def stored(self) -> int:
        return self.made.rows("SELECT count(*) FROM activity")[0][0]


@contextlib.contextmanager
def killed(
    engine: str, prepared: tuple[Path, dict[str, str]], folder: Path, dialect: str, point: str
) -> Iterator[Killed]:
    with installed(engine, folder) as made:
        keys = prepared[1]
        if engine == "sqlite":
            shutil.copytree(prepared[0], made.data)
        else:
            keys = set_up(made)
        yield Killed(made, keys, dialect, point)


def _cases() -> Iterator[pytest.ParameterSet]:
    """All of them; the quick ones are where the commit is, for each engine."""
    for engine in ("sqlite", "postgres"):
        for dialect in PARTNERS:
            for point in POINTS:
                marks = [pytest.mark.postgres] if engine == "postgres" else []
                if (engine, dialect, point) not in QUICK:
                    marks.append(pytest.mark.slow)
                yield pytest.param(engine, dialect, point, marks=marks)


@pytest.mark.parametrize(("engine", "dialect", "point"), list(_cases()))
def test_a_server_killed_while_it_answers_has_stored_all_or_nothing_and_never_twice(
    prepared, tmp_path, engine, dialect, point
):
    with killed(engine, prepared, tmp_path, dialect, point) as found:
        assert found.told in (None, 503)
        all_of_it = found.request.events
        assert found.stored() == (all_of_it if point == "after_commit" else 0)
        with found.made.serving() as server:
            first, second = found.send(server), found.send(server)
        assert first.status == second.status == found.request.status
        assert first.body == second.body
        assert found.stored() == all_of_it
