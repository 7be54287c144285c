"""How named queries and columns of values travel to PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg
import pytest

from guerdon.store.postgres import statements
from guerdon.store.postgres.statements import Bigints, Texts
from postgres import fresh_database


def test_parameters_are_numbered_by_their_first_use() -> None:
    made = statements.statement("SELECT :b, :a, :b, 'x'::text FROM t WHERE c = :a_1 AND d = :a")
    assert made.text == "SELECT $1, $2, $1, 'x'::text FROM t WHERE c = $3 AND d = $2"
    assert made.names == ("b", "a", "a_1")


@pytest.mark.parametrize(
    ("text", "adds_one"),
    [
        ("INSERT INTO t (a) VALUES (:a)", True),
        ("INSERT INTO t (a) VALUES (:a) ON CONFLICT (a) DO UPDATE SET b = excluded.b", True),
        ("INSERT INTO t (a) VALUES (:a) ON CONFLICT (a) DO NOTHING", False),
        ("INSERT INTO t (a) SELECT * FROM unnest(:a::bigint[])", False),
        ("UPDATE t SET a = :a", False),
        ("DELETE FROM t WHERE a = :a", False),
    ],
)
def test_only_an_insert_that_adds_its_row_or_fails_need_not_be_waited_for(
    text: str, adds_one: bool
) -> None:
    assert statements.statement(text).adds_one is adds_one


def test_copy_fills_the_columns_of_the_insert() -> None:
    assert statements.copy_into(statements.load()["append_activity"]) == (
        "COPY activity (tenant_id, position, type_id, number, occurred_at, recorded_at, key_id,"
        " data) FROM STDIN (FORMAT BINARY)"
    )


@pytest.fixture(scope="module")
def connection() -> Iterator[psycopg.Connection[Any]]:
    with (
        fresh_database() as url,
        closing(
            psycopg.connect(url, context=statements.adapters(), cursor_factory=psycopg.RawCursor)
        ) as opened,
    ):
        yield opened


@pytest.mark.postgres
@pytest.mark.parametrize("value", [(), (0,), (1, -1, 2**63 - 1, -(2**63), 7), tuple(range(10_000))])
def test_a_column_of_integers_arrives_as_it_was(
    connection: psycopg.Connection[Any], value: tuple[int, ...]
) -> None:
    row = connection.execute("SELECT $1::bigint[]", (Bigints(value),)).fetchone()
    assert row == (list(value),)


@pytest.mark.postgres
@pytest.mark.parametrize(
    "value", [(), (None,), ("", None, "NULL", "{}", '"', "\\", ",", "é🎁", "x" * 70_000)]
)
def test_a_column_of_texts_arrives_as_it_was(
    connection: psycopg.Connection[Any], value: tuple[str | None, ...]
) -> None:
    row = connection.execute("SELECT $1::text[]", (Texts(value),)).fetchone()
    assert row == (list(value),)


@pytest.mark.postgres
@pytest.mark.parametrize("value", [0, 1, 2**15, 2**31, 2**62, -5])
def test_every_integer_travels_as_the_same_type(
    connection: psycopg.Connection[Any], value: int
) -> None:
    row = connection.execute("SELECT $1, pg_typeof($1)::text", (value,)).fetchone()
    assert row == (value, "bigint")
