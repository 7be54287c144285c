"""Forgetting as an operator has it: the command, the files, the log, and a backup put back."""

from __future__ import annotations

import base64
import json
import shutil
from pathlib import Path

import pytest

from acceptance.activity import JSON
from acceptance.installation import Installation, Server

EMAIL, NAME = "kanarienvogel@example.com", "Gimpelmeister"
ENCODED = base64.b64encode(EMAIL.encode()).rstrip(b"=")
TRACES = (EMAIL.encode(), NAME.encode(), NAME.lower().encode(), ENCODED)
UNFINISHED = "SELECT count(*) FROM erasure WHERE finished_at IS NULL"


def found(*paths: Path) -> list[tuple[str, bytes]]:
    files = [file for path in paths for file in (path, *path.rglob("*")) if file.is_file()]
    return [(file.name, trace) for file in files for trace in TRACES if trace in file.read_bytes()]


def register(server: Server, key: str) -> None:
    headers = {**JSON, "X-AUTH-TOKEN": key}
    customer = {"firstName": "Zoë", "lastName": NAME, "email": EMAIL, "agreement1": True}
    for path, body in (
        ("/api/customer/register", {"customer": customer}),
        ("/api/customer/password/reset/request", {"username": EMAIL}),
    ):
        reply = server.call("POST", path, headers=headers, body=json.dumps(body))
        assert reply.status == 200, reply.body


@pytest.mark.slow
def test_forgetting_reaches_every_file_and_outlasts_a_restored_backup(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    installation.environ["GUERDON_ACCESS_LOG"] = "true"
    installation.tenant()
    key, woowup = installation.key("openloyalty"), installation.key("woowup")
    mail, log = installation.data / "mail", installation.folder / "server.log"
    before = tmp_path / "before.db"
    with installation.serving() as server:
        register(server, key)
        path = f"/apiv3/users/{ENCODED.decode()}"
        server.call("GET", path, headers={"Authorization": f"Basic {woowup}"})
        # A letter has another name, which begins with a dot, until it is whole.
        while not found(*mail.glob("[!.]*")):
            assert server.process.poll() is None
        installation.told("backup", str(before))
        forget = ("member", "forget", "--tenant", "demo", "--email", EMAIL)
        assert "one of" in installation.refused(*forget[:-2])
        gone = installation.told(*forget, "--delete")
        assert gone == {"memberId": gone["memberId"], "number": 1, "deleted": True}
        assert "no such member" in installation.refused(*forget)
        while list(mail.iterdir()) or installation.rows(UNFINISHED) != [(0,)]:
            assert server.process.poll() is None
    # The log was cut off, and the rest cleared, by the server or by the next one.
    with installation.serving() as server:
        while installation.rows("PRAGMA user_version") != [(0,)]:
            assert server.process.poll() is None
        assert found(installation.data, log) == []
    assert found(before)
    shutil.copy(before, installation.database)
    with installation.serving() as server:
        events = server.call("GET", "/api/event?perPage=100", headers={"X-AUTH-TOKEN": key})
        assert gone["memberId"] in events.body.decode()
        assert NAME not in events.body.decode()
        assert "forgotten_again" in log.read_text()
        installation.told("verify")
