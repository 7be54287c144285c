"""The same history is the same rows on every engine, byte for byte."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw
import msgspec
import psycopg
import pytest

from conformance.stores import START, Bench, ingest
from guerdon.clock import DAY, SECOND
from guerdon.config import Config
from guerdon.engine import commands
from guerdon.engine.commands.definitions import Define
from guerdon.engine.commands.invitations import Invite
from guerdon.engine.commands.members import EnrolMember
from guerdon.engine.commands.points import (
    AddPoints,
    BlockPoints,
    CancelPointsTransfer,
    ResetPoints,
    ReturnPoints,
    SpendPoints,
    TransferPoints,
)
from guerdon.engine.commands.rules import ReportEvent
from guerdon.errors import GuerdonError
from guerdon.followers import lease
from guerdon.store import queries
from guerdon.store.postgres import statements
from postgres import fresh_database

pytestmark = pytest.mark.postgres
SECRET_KEY = bytes(range(32))
VALUES = {20, 25, 17, 1016, 1009, 114}  # bigint, text, bytea, arrays of the first two, json
RESULTS = {20, 25, 17}


@contextmanager
def engine(name: str, folder: Path) -> Iterator[Bench]:
    if name == "sqlite":
        yield from _bench(f"sqlite:///{folder / 'guerdon.db'}", folder)
        return
    with fresh_database() as url:
        yield from _bench(url, folder)


def _bench(url: str, folder: Path) -> Iterator[Bench]:
    bench = Bench(Config(data_dir=folder, database_url=url, secret_key=SECRET_KEY))
    try:
        yield bench
    finally:
        bench.close()


def history(bench: Bench) -> list[Any]:
    """A little of everything, in one fixed order; what each command was answered."""
    clock, tenant_id = bench.clock, bench.tenant_id
    answers: list[Any] = []

    def do(*several: commands.Command) -> None:
        clock.moment += 3 * SECOND
        for outcome in bench.together(*several):
            failed = isinstance(outcome, GuerdonError)
            answers.append((outcome.code, outcome.message) if failed else outcome)

    replay = commands.ReplayKey(b"key", b"content", 60)
    do(commands.CreateTenant(0, 0, "b", "Ünï"), commands.CreateTenant(0, 0, "a", "taken"))
    do(commands.CreateKey(tenant_id, 0, "woowup", ("10.0.0.0/8",), ("read",)))
    do(commands.CreateAdministrator(tenant_id, 0, "admin", "hash"))
    do(commands.ChangeSetting(tenant_id, 0, "programme.timezone", '"Europe/Madrid"'))
    do(commands.ChangeSetting(tenant_id, 0, "meditopia.status_secret", '"whsec_x"'))
    do(commands.ChangeSetting(tenant_id, 0, "no.such", "1"))
    names = [f"member {at} ü{chr(0x1F381)}" for at in range(40)]
    do(ingest(tenant_id, names), ingest(tenant_id, names[::-1], type="Ünseen", replay=replay))
    do(ingest(tenant_id, names[::-1], type="Ünseen", replay=replay), ingest(99, names))
    profile = '{"firstName":"Zoë","custom_attributes":{"size":42,"b":true,"a":"x"}}'
    email = (("email", "zoe@example.com"), ("card", "7"))
    do(commands.RegisterMember(tenant_id, 0, email, profile))
    do(commands.RegisterMember(tenant_id, 0, email, profile))
    do(commands.UpdateMember(tenant_id, 0, 41, '{"lastName":"Ω"}', (("card", "8"),)))
    points_history(do, tenant_id)
    rules_history(do, tenant_id, names[:2])
    do(Define(tenant_id, 0, "Pos", '{"name":"Ω"}', actor="admin:1"))
    do(commands.IssueMemberToken(tenant_id, 0, 41))
    do(commands.RecordIntegrationStat(tenant_id, 0, '{"a":1}'))
    do(commands.RecordOutcome(tenant_id, 3, "refused", "x", "why", "woowup", "GET", "/", b"\0", 1))
    do(ingest(tenant_id, names[:1] * 4_096))
    do(commands.HideActivityType(tenant_id, 0, 2), commands.AddActivityType(tenant_id, 0, "Ünseen"))
    bench.settle()
    until = START + 30 * SECOND
    do(commands.DeleteActivities(tenant_id, 0, "seen", START, until, "a@example.com"))
    bench.settle()
    clock.moment += 40 * DAY
    do(ingest(2, ["somebody"]))
    bench.settle()
    return answers


def points_history(do: Callable[..., None], tenant_id: int) -> None:
    """Points in every state: earned, locked, spent, owed, sent, blocked, canceled and expired."""
    explain = '[{"rule":"R","points":5}]'
    do(AddPoints(tenant_id, 0, 41, 5_00, "gift: é"), SpendPoints(tenant_id, 0, 41, 7_00))
    do(commands.ChangeSetting(tenant_id, 0, "points.all_time_not_locked", "false"))
    do(commands.ChangeSetting(tenant_id, 0, "points.days_locked", "5"))
    do(AddPoints(tenant_id, 0, 41, 9_00, validity_days=10), AddPoints(tenant_id, 0, 40, 33))
    do(commands.ChangeSetting(tenant_id, 0, "points.days_locked", None))
    do(AddPoints(tenant_id, 0, 1, 6_90, transaction_id="T", explain=explain))
    do(AddPoints(tenant_id, 0, 1, 2_00, validity_days=3), SpendPoints(tenant_id, 0, 1, 2_50))
    do(TransferPoints(tenant_id, 0, 1, 2, 1_50), TransferPoints(tenant_id, 0, 2, 2, 1))
    do(BlockPoints(tenant_id, 0, 1, 1_00), BlockPoints(tenant_id, 0, 1, 10_00))
    do(ReturnPoints(tenant_id, 0, 1, 2_00, "U"), ResetPoints(tenant_id, 0, 2))
    do(CancelPointsTransfer(tenant_id, 0, "no such transfer"))


def rules_history(do: Callable[..., None], tenant_id: int, names: list[str]) -> None:
    """Rules used by an activity, on purpose and too often; an invitation that somebody came by."""
    body = {"type": "custom_event", "name": "Ω", "eventName": "grüßen", "pointsAmount": 1_50}
    limit = {"active": True, "period": "week", "limit": 2}
    rule = json.dumps({**body, "allTimeActive": True, "limit": limit})
    do(Define(tenant_id, 0, "Rule", rule))
    do(ingest(tenant_id, names, type="grüßen"), ingest(tenant_id, names[:1] * 2, type="grüßen"))
    do(*[ReportEvent(tenant_id, 0, 3, "grüßen")] * 3)
    do(Invite(tenant_id, 0, 41, "guest@example.com"), Invite(tenant_id, 0, 99, "a@example.com"))
    profile = '{"firstName":"Gäst","email":"bob@example.com"}'
    do(EnrolMember(tenant_id, 0, "self", profile, referrer_email="zoe@example.com"))


def tables(bench: Bench) -> list[str]:
    """Every table, in one order."""
    if bench.config.engine == "sqlite":
        text = "SELECT name FROM sqlite_schema WHERE type = 'table'"
        return sorted(row[0] for row in bench.committer.writer._connection.execute(text))
    text = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    with psycopg.connect(bench.config.database_url) as connection:
        return sorted(row[0] for row in connection.execute(text))


def exported(bench: Bench) -> dict[str, tuple[list[str], list[Any]]]:
    """All there is: each table's columns and rows, ordered by all columns from the left."""
    found = {}
    if bench.config.engine == "sqlite":
        connection = bench.committer.writer._connection
        for table in tables(bench):
            cursor = connection.execute(f"SELECT * FROM {table}")
            columns = [column[0] for column in _described(connection, table)]
            found[table] = columns, cursor.fetchall()
    else:
        with psycopg.connect(bench.config.database_url) as connection:
            for table in tables(bench):
                cursor = connection.execute(f"SELECT * FROM {table}", binary=True)
                found[table] = [column.name for column in cursor.description], cursor.fetchall()
    found.pop("schema_migration")
    return {
        table: (columns, sorted(filter(_is_history, rows), key=msgspec.msgpack.encode))
        for table, (columns, rows) in found.items()
    }


def _is_history(row: Any) -> bool:
    """Who did the background work is none of it."""
    return lease.NAME not in row


def _described(connection: apsw.Connection, table: str) -> list[Any]:
    return [(row[1],) for row in connection.execute(f"PRAGMA table_info({table})")]


def test_the_same_history_is_the_same_rows_and_answers(tmp_path: Path) -> None:
    answers, rows, digests = {}, {}, {}
    for name in ("sqlite", "postgres"):
        with engine(name, tmp_path) as bench:
            answers[name] = history(bench)
            rows[name] = exported(bench)
            encoded = msgspec.msgpack.encode(rows[name])
            digests[name] = hashlib.sha256(encoded).hexdigest()
    assert answers["sqlite"] == answers["postgres"]
    for table, content in rows["sqlite"].items():
        assert content == rows["postgres"][table], table
    assert digests["sqlite"] == digests["postgres"]
    filled = {table for table, (_, content) in rows["sqlite"].items() if content}
    empty = set(rows["sqlite"]) - filled
    assert empty <= {"refresh_token", "signing_key", "activity_source"}


def test_both_engines_know_the_same_queries() -> None:
    sqlite, postgres = queries.load("sqlite"), queries.load("postgres")
    assert set(sqlite) == set(postgres)
    for name, text in sqlite.items():
        assert set(queries.parameters(text)) == set(queries.parameters(postgres[name])), name


def test_every_query_takes_and_gives_integers_texts_and_bytes() -> None:
    """So that a value is the same on every engine; no timestamp, numeric or boolean slips in."""
    with fresh_database() as url, psycopg.connect(url) as connection:
        for name, statement in statements.load().items():
            prepared = connection.pgconn.prepare(b"", statement.text.encode())
            assert prepared.error_message == b"", name
            known = connection.pgconn.describe_prepared(b"")
            taken = [known.param_type(at) for at in range(known.nparams)]
            given = [known.ftype(at) for at in range(known.nfields)]
            assert len(taken) == len(statement.names), name
            assert set(taken) <= VALUES, name
            assert set(given) <= RESULTS, name


def test_both_engines_have_the_same_tables_and_columns(tmp_path: Path) -> None:
    found = {}
    for name in ("sqlite", "postgres"):
        with engine(name, tmp_path) as bench:
            found[name] = {table: columns for table, (columns, _) in exported(bench).items()}
    assert found["sqlite"] == found["postgres"]


def test_texts_are_compared_byte_by_byte_on_both(tmp_path: Path) -> None:
    names = ["b", "B", "a", "é", "e", "É", "_", "Z", "ß", "ss", "\U0001f381", "z", "e\u0301"]
    found = {}
    for name in ("sqlite", "postgres"):
        with engine(name, tmp_path) as bench:
            for word in names:
                bench.member(("external", word), ("card", "c" + word))
            found[name] = [
                bench.ask(
                    lambda rows, word=word: rows.all(
                        "identity_number", tenant_id=1, kind="external", value=word
                    )
                )
                for word in [*names, "E", "SS"]
            ]
            for word in names:
                setting = {"tenant_id": 1, "name": word, "value": "1"}
                bench.committer.work(lambda tx, it=setting: bool(tx.rows.run("set_setting", **it)))
            found[name] += bench.ask(lambda rows: rows.all("settings", tenant_id=1))
    assert found["sqlite"] == found["postgres"]
    ordered = [row[0] for row in found["sqlite"][len(names) + 2 :]]
    assert ordered == sorted(names, key=str.encode)
