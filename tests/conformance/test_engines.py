"""Both engines have the same tables, know the same queries and order texts alike."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from conformance.history import exported
from conformance.stores import opened
from guerdon.store import queries
from guerdon.store.postgres import statements
from postgres import fresh_database

pytestmark = pytest.mark.postgres
VALUES = {20, 25, 17, 1016, 1009, 114}  # bigint, text, bytea, arrays of the first two, json
RESULTS = {20, 25, 17}


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
        with opened(name, tmp_path) as bench:
            found[name] = {table: columns for table, (columns, _) in exported(bench).items()}
    assert found["sqlite"] == found["postgres"]


def test_texts_are_compared_byte_by_byte_on_both(tmp_path: Path) -> None:
    names = ["b", "B", "a", "é", "e", "É", "_", "Z", "ß", "ss", "\U0001f381", "z", "e\u0301"]
    found = {}
    for name in ("sqlite", "postgres"):
        with opened(name, tmp_path) as bench:
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
