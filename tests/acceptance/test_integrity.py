"""History does not change unnoticed, state is nothing but its fold, and a copy is complete."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import apsw
import psycopg
import pytest

from acceptance.installation import Installation, installed
from acceptance.load import loading

STATE = (
    "store",
    "setting",
    "api_key",
    "administrator",
    "refresh_token",
    "activity_type",
    "member",
    "identity",
    "account",
    "points_transfer",
    "points_posting",
    "custom_attribute",
)


def _digest(installation: Installation) -> dict[str, str]:
    """Every state table, each row as it stands there."""
    return {table: repr(sorted(installation.rows(f"SELECT * FROM {table}"))) for table in STATE}


def _change(installation: Installation, *statements: str) -> None:
    """What an administrator of the database can do behind our back."""
    if installation.database_url is not None:
        with psycopg.connect(installation.database_url) as connection:
            for statement in statements:
                connection.execute(statement.encode())
        return
    connection = apsw.Connection(str(installation.database))
    for statement in statements:
        connection.execute(statement)
    connection.close()


def _without_guards(installation: Installation) -> list[str]:
    """The statements that take the guards of the decision journal away."""
    if installation.database_url is not None:
        return ["ALTER TABLE decision DISABLE TRIGGER ALL"]
    named = installation.rows(
        "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'decision'"
    )
    assert named
    return [f"DROP TRIGGER {name}" for (name,) in named]


def test_state_is_made_again_byte_for_byte(populated: Any) -> None:
    installation = populated.installation
    before = _digest(installation)
    assert all(rows != "[]" for rows in before.values()), before
    folded = installation.told("rebuild")["decisions"]["demo"]
    assert _digest(installation) == before
    assert folded == installation.told("verify")["tenants"]["demo"]["verified"]
    _change(
        installation,
        "UPDATE member SET profile = '{}'",
        "UPDATE account SET available = 1",
        "DELETE FROM identity",
    )
    assert _digest(installation) != before
    assert "postings" in installation.run("verify").err
    installation.told("rebuild", "--tenant", "demo")
    assert _digest(installation) == before


def test_everything_is_made_again_while_a_server_answers(populated: Any) -> None:
    installation, secrets = populated
    headers = {"Authorization": f"Basic {secrets['woowup']}"}
    before = _digest(installation)
    with installation.serving() as server:

        def listed() -> Any:
            return server.call("GET", "/apiv3/user-events", headers=headers).json()["payload"]

        events = listed()
        assert events
        installation.told("rebuild", "--index")
        assert listed() == events
        assert _digest(installation) == before
        # Whoever was logged in still is.
        token = {"Authorization": f"Bearer {secrets['jwt']}"}
        assert server.call("GET", "/api/event", headers=token).status == 200


def test_verify_names_the_first_position_that_was_changed(populated: Any) -> None:
    installation = populated.installation
    assert installation.told("verify")["tenants"]["demo"]["badPosition"] is None
    _change(
        installation,
        *_without_guards(installation),
        "UPDATE decision SET payload = replace(payload, 'e', 'E') WHERE position IN (7, 9)",
    )
    done = installation.run("verify", "--json")
    verdict = json.loads(done.out)["tenants"]["demo"]
    assert (done.code, verdict["badPosition"], verdict["verified"]) == (1, 7, 6)
    assert "hash is" in done.err
    assert "should be" in done.err


def test_verify_notices_a_decision_that_was_taken_out(populated: Any) -> None:
    installation = populated.installation
    last = installation.told("verify")["tenants"]["demo"]["verified"]
    _change(
        installation,
        *_without_guards(installation),
        f"DELETE FROM decision WHERE position = {last}",
    )
    done = installation.run("verify", "--json")
    assert (done.code, json.loads(done.out)["tenants"]["demo"]["badPosition"]) == (1, last)


@pytest.mark.parametrize("template", ["sqlite"], indirect=True)
def test_verify_notices_a_damaged_file(populated: Any) -> None:
    sqlite = populated.installation
    ((root,),) = sqlite.rows("SELECT rootpage FROM sqlite_schema WHERE name = 'identity_by_member'")
    ((page_bytes,),) = sqlite.rows("PRAGMA page_size")
    with sqlite.database.open("r+b") as file:
        # The page's last bytes hold its first cells.
        file.seek(root * page_bytes - 8)
        file.write(b"\0" * 8)
    done = sqlite.run("verify")
    assert done.code == 1
    assert "storage" in done.out


def test_a_backup_under_load_is_a_whole_beginning_of_the_journal(
    sqlite: Installation, tmp_path: Path
) -> None:
    sqlite.tenant()
    key = sqlite.key("conscent")
    copy = tmp_path / "copy.db"
    with sqlite.serving() as server, loading(server, key) as load:
        load.wait_for(100)
        before = set(load.promised)
        sqlite.told("backup", str(copy))
        assert "exists" in sqlite.refused("backup", str(copy))
        load.stop()
    other = Installation(tmp_path / "other")
    other.data.mkdir(parents=True)
    shutil.copy(sqlite.data / "secret.key", other.data)
    shutil.copy(copy, other.database)
    positions = [row[0] for row in other.rows("SELECT position FROM activity ORDER BY position")]
    assert positions == list(range(1, len(positions) + 1))
    assert before <= set(positions)
    assert other.told("verify")["tenants"]["demo"]["badPosition"] is None
    with other.serving() as restored:
        assert restored.call("GET", "/readyz").status == 200


@pytest.mark.postgres
def test_postgresql_is_backed_up_with_its_own_tools(tmp_path: Path) -> None:
    with installed("postgres", tmp_path) as installation:
        installation.tenant()
        assert "pg_dump" in installation.refused("backup", "copy.db")
