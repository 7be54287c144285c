"""Storage that could not keep the promises is refused, in words, before anything is served."""

from __future__ import annotations

import fcntl
import signal
import sys
from typing import Any

import psycopg

from acceptance.installation import Installation
from postgres import fresh_database

# The command, made to ask for a SQLite that does not exist yet.
_PROGRAM = """
from guerdon.store.sqlite import store
store.SQLITE_VERSION_MIN = 99_000_000
from guerdon.cli.main import main
main()
"""
DEMANDING = (sys.executable, "-c", _PROGRAM, "serve")


def _outcome_of(installation: Installation, *options: str, command: Any) -> tuple[int, str]:
    server = installation.start(*options, command=command)
    return server.ended(), server.log.read_text().splitlines()[-1]


def test_an_old_sqlite_is_refused_unless_the_operator_takes_the_risk(sqlite: Installation) -> None:
    code, reason = _outcome_of(sqlite, command=DEMANDING)
    assert code == 1
    assert "can corrupt a WAL database" in reason
    assert "--allow-unsafe-storage" in reason
    server = sqlite.start("--allow-unsafe-storage", command=DEMANDING)
    server.url = server.wait_for("Guerdon serves on ").removeprefix("Guerdon serves on ")
    body = server.call("GET", "/readyz").json()
    assert server.stop() == 0
    assert "WAL" in body["unsafeStorage"][0]
    assert "unsafe_storage" in server.log.read_text()


def test_a_postgresql_that_does_not_wait_for_its_disk_is_refused(tmp_path: Any) -> None:
    with fresh_database(migrated=False) as url:
        installation = Installation(tmp_path, url)
        with psycopg.connect(url, autocommit=True) as connection:
            name = connection.info.dbname
            connection.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off'.encode())
        refused = installation.run("serve", "--port", "0")
        assert refused.code == 1
        assert "synchronous_commit" in refused.err
        assert "synchronous_commit" in installation.run("doctor").err
        installation.environ["GUERDON_ALLOW_UNSAFE_STORAGE"] = "true"
        with installation.serving() as server:
            told = server.call("GET", "/readyz").json()
            assert "synchronous_commit" in told["unsafeStorage"][0]


def test_a_database_of_a_newer_release_is_refused(installation: Installation) -> None:
    installation.tenant()
    installation.change("INSERT INTO schema_migration VALUES ('9999_pre_from_tomorrow', 1)")
    for words in (("serve", "--port", "0"), ("tenant", "list"), ("migrate",)):
        refused = installation.run(*words)
        assert refused.code == 1
        assert "9999_pre_from_tomorrow" in refused.err


def test_a_folder_that_everybody_can_write_to_is_refused(sqlite: Installation) -> None:
    sqlite.tenant()
    sqlite.data.chmod(0o777)
    refused = sqlite.run("serve", "--port", "0")
    assert refused.code == 1
    assert "chmod" in refused.err


def test_a_store_that_is_held_and_not_served_is_refused_by_name_and_pid(
    sqlite: Installation,
) -> None:
    sqlite.tenant()
    lock = sqlite.database.with_name("guerdon.db.lock")
    with lock.open("r+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        pid = lock.read_text()
        assert pid in sqlite.refused("tenant", "create", "another")
        # Reading asks nobody.
        assert sqlite.told("tenant", "list")["tenants"][0]["code"] == "demo"


def test_a_command_finishes_a_database_that_another_has_only_begun(
    installation: Installation,
) -> None:
    installation.environ["GUERDON_FAULT"] = "in_migration:3"
    assert installation.start().ended() == -signal.SIGKILL
    del installation.environ["GUERDON_FAULT"]
    assert installation.told("tenant", "list") == {"tenants": []}
    assert installation.told("migrate")["pending"] == []


def test_a_server_finishes_a_database_that_another_has_only_begun(
    installation: Installation,
) -> None:
    installation.environ["GUERDON_FAULT"] = "in_migration:18"
    assert installation.start().ended() == -signal.SIGKILL
    del installation.environ["GUERDON_FAULT"]
    with installation.serving() as server:
        assert server.call("GET", "/readyz").status == 200


def test_a_database_in_use_gets_its_migrations_from_nobody_who_did_not_mean_to(
    installation: Installation,
) -> None:
    installation.tenant()
    newest = installation.rows("SELECT max(name) FROM schema_migration WHERE name LIKE '%_pre_%'")
    installation.change(f"DELETE FROM schema_migration WHERE name = '{newest[0][0]}'")
    assert "run `guerdon migrate` first" in installation.refused("tenant", "list")
