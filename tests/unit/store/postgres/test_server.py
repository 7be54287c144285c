"""A server that is slow, silent, full, read-only or away: said in our words, and soon."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from conformance.stores import FixedClock
from guerdon import errors, limits
from guerdon.clock import SystemClock
from guerdon.store.postgres.connection import PostgresReader, PostgresWriter
from guerdon.store.postgres.server import Server, in_our_words
from guerdon.store.postgres.store import PostgresStore
from postgres import cluster, fresh_database

SOON = 0.2


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("53100", errors.StoreFull),
        ("53200", errors.StoreBusy),
        ("53300", errors.StoreBusy),
        ("40001", errors.StoreBusy),
        ("40P01", errors.StoreBusy),
        ("55P03", errors.StoreBusy),
        ("57014", errors.StoreBusy),
        ("25006", errors.StoreReadOnly),
        ("25P03", errors.StoreUnavailable),
        ("25P04", errors.StoreUnavailable),
        ("08006", errors.StoreUnavailable),
        ("57P01", errors.StoreUnavailable),
        ("57P03", errors.StoreUnavailable),
        ("23505", errors.Conflict),
        ("23000", errors.Conflict),
        ("22003", errors.StoreError),
        ("42P01", errors.StoreError),
        ("XX000", errors.StoreError),
    ],
)
def test_every_state_has_its_word(state: str, kind: type[errors.StoreError]) -> None:
    assert type(in_our_words(psycopg.errors.lookup(state)("why"))) is kind


def test_an_error_without_a_state_is_a_lost_connection() -> None:
    cut_short = psycopg.DatabaseError("server closed the connection unexpectedly")
    for lost in (psycopg.OperationalError("gone"), psycopg.InterfaceError("closed"), cut_short):
        assert type(in_our_words(lost)) is errors.StoreUnavailable
    assert type(in_our_words(psycopg.DataError("NUL"))) is errors.StoreError


def test_an_address_that_is_none_is_a_wrong_setting() -> None:
    with pytest.raises(errors.Misconfigured) as wrong:
        Server("postgresql://u:secret@h/db?no_such=1", SystemClock())
    assert "secret" not in str(wrong.value)


def test_a_server_that_refuses_is_left_alone_for_a_moment() -> None:
    """A group of five hundred commands does not try five hundred times."""
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
    clock = StoppedClock()
    server = Server(f"postgresql://u@127.0.0.1:{port}/db", clock)
    with pytest.raises(errors.StoreUnavailable, match="refused"):
        server.connect()
    with pytest.raises(errors.StoreUnavailable, match="a moment ago"):
        server.connect()
    clock.seconds += limits.database_retry_seconds
    with pytest.raises(errors.StoreUnavailable, match="refused"):
        server.connect()


class StoppedClock(FixedClock):
    """Its seconds pass only when they are told to."""

    seconds = 100.0

    def monotonic(self) -> float:
        return self.seconds


# --- A real one ----------------------------------------------------------------------------------


@pytest.fixture
def url() -> Iterator[str]:
    with fresh_database() as address:
        with psycopg.connect(address) as connection:
            connection.execute("INSERT INTO tenant VALUES (1, 'a', 'A', 1)")
            connection.execute("INSERT INTO head VALUES (1, 0, 0, '', 0, 0, 0, 1)")
        yield address


@pytest.fixture
def server(url: str) -> Server:
    return Server(url, SystemClock(), seconds_max=SOON)


@pytest.fixture
def writer(server: Server) -> Iterator[PostgresWriter]:
    with contextlib.closing(PostgresWriter(server)) as opened:
        yield opened


@pytest.fixture
def other(url: str) -> Iterator[psycopg.Connection[Any]]:
    with contextlib.closing(psycopg.connect(url, autocommit=True)) as opened:
        yield opened


def lock(writer: PostgresWriter) -> Any:
    return writer.one("lock_head", tenant_id=1)


def pid(writer: PostgresWriter) -> int:
    return writer.open().info.backend_pid


def commit_a_counter(writer: PostgresWriter, total: int) -> None:
    writer.begin()
    lock(writer)
    writer.run("set_counter", tenant_id=1, name="x", total=total)
    writer.commit()


def counter(writer: PostgresWriter) -> Any:
    return writer.one("counter_total", tenant_id=1, name="x")


@pytest.mark.postgres
def test_texts_are_kept_as_they_are_whatever_the_database_has_its_clients_speak(
    url: str, other: psycopg.Connection[Any]
) -> None:
    name = other.info.dbname
    other.execute(f'ALTER DATABASE "{name}" SET client_encoding = latin1'.encode())
    with contextlib.closing(PostgresWriter(Server(url, SystemClock()))) as writer:
        writer.begin()
        writer.append_activities([(1, 1, 1, 1, 1, 1, 1, '"é€😀"')])
        writer.commit()
    told = other.execute("SELECT encode(convert_to(data, 'UTF8'), 'hex') FROM activity").fetchone()
    assert told is not None
    assert bytes.fromhex(told[0]).decode() == '"é€😀"'


@pytest.mark.postgres
def test_a_head_that_somebody_holds_is_not_waited_for_for_ever(
    writer: PostgresWriter, other: psycopg.Connection[Any]
) -> None:
    with other.transaction():
        other.execute("SELECT * FROM head FOR UPDATE")
        writer.begin()
        with pytest.raises(errors.StoreBusy):
            lock(writer)
        writer.rollback()
    commit_a_counter(writer, 1)
    assert counter(writer) == (1,)


@pytest.mark.postgres
def test_who_is_not_patient_waits_briefly_in_that_transaction_only(writer: PostgresWriter) -> None:
    def lock_timeout(*, patient: bool) -> Any:
        writer.begin(patient=patient)
        lock(writer)
        shown = writer.open().execute("SHOW lock_timeout").fetchone()
        writer.commit()
        return shown

    usual = (f"{int(SOON * 1_000)}ms",)
    brief = (f"{int(limits.database_brief_seconds_max * 1_000)}ms",)
    waits = [lock_timeout(patient=patient) for patient in (True, False, True)]
    assert waits == [usual, brief, usual]


@pytest.mark.postgres
def test_a_server_that_falls_silent_is_given_up(
    writer: PostgresWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It cannot even say that it took too long."""
    monkeypatch.setattr(limits, "database_grace_seconds", 0.0)
    writer.drop()
    backend = pid(writer)
    writer.begin()
    lock(writer)
    os.kill(backend, signal.SIGSTOP)
    try:
        with pytest.raises(errors.StoreUnavailable):
            counter(writer)
        writer.rollback()
    finally:
        os.kill(backend, signal.SIGCONT)
    commit_a_counter(writer, 1)
    assert counter(writer) == (1,)


@pytest.mark.postgres
def test_a_commit_that_is_not_answered_is_unknown(
    writer: PostgresWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "database_grace_seconds", 0.0)
    writer.drop()
    backend = pid(writer)
    writer.begin()
    lock(writer)
    writer.run("set_counter", tenant_id=1, name="x", total=1)
    os.kill(backend, signal.SIGSTOP)
    try:
        with pytest.raises(errors.OutcomeUnknown):
            writer.commit()
    finally:
        os.kill(backend, signal.SIGCONT)
    commit_a_counter(writer, 2)
    assert counter(writer) == (2,)


@pytest.mark.postgres
def test_a_connection_lost_while_idle_is_not_noticed(
    writer: PostgresWriter, other: psycopg.Connection[Any]
) -> None:
    commit_a_counter(writer, 1)
    before = pid(writer)
    other.execute("SELECT pg_terminate_backend(%s, 1000)", (before,))
    commit_a_counter(writer, 2)
    assert pid(writer) != before
    other.execute("SELECT pg_terminate_backend(%s, 1000)", (pid(writer),))
    assert counter(writer) == (2,)


@pytest.mark.postgres
def test_a_connection_lost_inside_a_transaction_ends_it(
    writer: PostgresWriter, other: psycopg.Connection[Any]
) -> None:
    writer.begin()
    lock(writer)
    writer.run("set_counter", tenant_id=1, name="x", total=1)
    other.execute("SELECT pg_terminate_backend(%s, 1000)", (pid(writer),))
    with pytest.raises(errors.StoreUnavailable):
        counter(writer)
    writer.rollback()
    assert counter(writer) is None
    commit_a_counter(writer, 2)
    assert counter(writer) == (2,)


@pytest.mark.postgres
def test_a_connection_lost_before_the_commit_leaves_its_outcome_unknown(
    writer: PostgresWriter, other: psycopg.Connection[Any]
) -> None:
    writer.begin()
    lock(writer)
    writer.run("set_counter", tenant_id=1, name="x", total=1)
    other.execute("SELECT pg_terminate_backend(%s, 1000)", (pid(writer),))
    with pytest.raises(errors.OutcomeUnknown):
        writer.commit()
    assert counter(writer) is None


@pytest.mark.postgres
def test_a_reader_survives_the_loss_of_its_connection(
    server: Server, other: psycopg.Connection[Any]
) -> None:
    with contextlib.closing(PostgresReader(server)) as reader:
        for _ in range(3):
            (tenant,) = reader.ask(lambda rows: rows.all("tenants"))
            assert tenant[1] == "a"
            other.execute(
                "SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )


@pytest.mark.postgres
def test_a_stopped_process_loses_the_head_it_holds(
    server: Server, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "database_idle_seconds_max", 0.05)
    with contextlib.closing(PostgresWriter(server)) as stopped:
        stopped.begin()
        lock(stopped)
        patient = Server(url, SystemClock())
        with contextlib.closing(PostgresWriter(patient)) as writer:
            commit_a_counter(writer, 1)
        with pytest.raises(errors.StoreError):
            counter(stopped)
        stopped.rollback()
        assert counter(stopped) == (1,)


@pytest.mark.postgres
def test_a_database_made_read_only_is_said_and_needs_no_restart(
    writer: PostgresWriter, other: psycopg.Connection[Any]
) -> None:
    name = other.info.dbname
    other.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    writer.drop()
    for _ in range(2):
        writer.begin()
        with pytest.raises(errors.StoreReadOnly):
            lock(writer)
        writer.rollback()
        assert writer.all("tenants")
    other.execute("SET default_transaction_read_only = off")
    other.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")
    with pytest.raises(errors.StoreReadOnly):
        commit_a_counter(writer, 1)
    writer.rollback()
    commit_a_counter(writer, 1)
    assert counter(writer) == (1,)


@pytest.mark.postgres
def test_a_server_without_a_free_connection_is_unavailable(
    url: str, other: psycopg.Connection[Any]
) -> None:
    other.execute("CREATE ROLE crowded LOGIN CONNECTION LIMIT 1")
    try:
        mine = url.replace("//postgres:", "//crowded:")
        with (
            contextlib.closing(psycopg.connect(mine)),
            pytest.raises(errors.StoreUnavailable, match="too many connections"),
        ):
            PostgresStore(mine, SystemClock()).reader()
    finally:
        other.execute("DROP ROLE crowded")


SLOW_DELETES = """
CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM pg_sleep(0.5); RETURN NULL; END $$;
CREATE TRIGGER slow_blocks BEFORE DELETE ON activity_block EXECUTE FUNCTION slowly();
CREATE TRIGGER slow_activities BEFORE DELETE ON activity EXECUTE FUNCTION slowly();
"""


@pytest.mark.postgres
def test_only_what_empties_a_table_may_take_long(
    writer: PostgresWriter, other: psycopg.Connection[Any]
) -> None:
    other.execute(SLOW_DELETES)
    writer.begin()
    assert writer.run("clear_blocks", tenant_id=1) == 0
    writer.commit()
    writer.begin()
    span = {"after": 0, "until": 1, "occurred_from": 0, "occurred_to": 1}
    with pytest.raises(errors.StoreBusy):
        writer.run("remove_range", tenant_id=1, type_id=1, **span)


@pytest.mark.postgres
def test_a_change_outside_a_transaction_is_a_defect(writer: PostgresWriter) -> None:
    with pytest.raises(errors.Defect):
        writer.run("set_counter", tenant_id=1, name="x", total=1)
    with pytest.raises(errors.Defect):
        writer.append_activities([])
    assert counter(writer) is None


@pytest.mark.postgres
def test_nothing_is_written_on_the_connection_after_the_lost_one(
    writer: PostgresWriter, other: psycopg.Connection[Any]
) -> None:
    """A transaction is not gone on with where the first half of it is missing."""
    writer.begin()
    lock(writer)
    other.execute("SELECT pg_terminate_backend(%s, 1000)", (pid(writer),))
    for _ in range(2):
        with pytest.raises(errors.StoreUnavailable):
            counter(writer)
    writer.run("set_counter", tenant_id=1, name="x", total=1)
    with pytest.raises(errors.StoreUnavailable):
        writer.commit()
    assert counter(writer) is None


@pytest.mark.postgres
def test_many_changes_do_not_wait_for_ever(writer: PostgresWriter) -> None:
    writer.begin()
    for at in range(2 * limits.statements_waiting_max + 1):
        writer.run("set_counter", tenant_id=1, name=str(at), total=at)
        assert len(writer._later) < limits.statements_waiting_max
    writer.commit()
    assert len(writer.all("counters", tenant_id=1)) == 2 * limits.statements_waiting_max + 1


# --- What threatens the promises -----------------------------------------------------------------


@pytest.mark.postgres
def test_a_session_that_does_not_wait_for_the_disk_is_a_risk(
    url: str, other: psycopg.Connection[Any]
) -> None:
    store = PostgresStore(url, SystemClock())
    assert store.risks() == []
    other.execute(f"ALTER DATABASE {other.info.dbname} SET synchronous_commit = off")
    (risk,) = store.risks()
    assert risk == "synchronous_commit is off: a crash would lose answered events"
    other.execute(f"ALTER DATABASE {other.info.dbname} SET synchronous_commit = local")
    assert store.risks() == []


@pytest.mark.postgres
@pytest.mark.parametrize("setting", ["fsync", "full_page_writes"])
def test_a_server_that_a_power_cut_would_damage_is_a_risk(url: str, setting: str) -> None:
    store = PostgresStore(url, SystemClock())
    reload = "SELECT pg_reload_conf()"
    try:
        cluster().execute(f"ALTER SYSTEM SET {setting} = off", reload)
        while not (risks := store.risks()):
            pass
        assert [risk.partition(":")[0] for risk in risks] == [f"{setting} is off"]
    finally:
        cluster().execute(f"ALTER SYSTEM RESET {setting}", reload)
        while store.risks():
            pass
