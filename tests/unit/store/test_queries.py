"""Named SQL: split, numbered and replaced by an engine's own."""

from __future__ import annotations

import pytest

from guerdon.errors import Misconfigured
from guerdon.store import queries

TEXT = """
-- What this file is about.

-- name: first
-- What it is for.
SELECT :b, :a
-- in between
FROM t WHERE c = :b;

-- name: second_2
-- Another.
DELETE FROM t WHERE a = :a AND x::text = 'a:b' AND d = :d_1;
"""


def test_a_file_is_split_at_its_names_and_without_its_comments() -> None:
    found = queries.parse(TEXT)
    assert list(found) == ["first", "second_2"]
    assert found["first"] == "SELECT :b, :a\nFROM t WHERE c = :b"
    assert found["second_2"].endswith("d = :d_1")


def test_parameters_come_in_the_order_of_their_first_use() -> None:
    found = queries.parse(TEXT)
    assert queries.parameters(found["first"]) == ["b", "a"]
    assert queries.parameters(found["second_2"]) == ["a", "d_1"]


def test_a_repeated_parameter_keeps_its_number_and_a_cast_is_none() -> None:
    assert (
        queries.numbered("a = :x AND b = :y AND c::int = :x") == "a = $1 AND b = $2 AND c::int = $1"
    )


def test_an_update_tells_the_columns_it_sets_and_all_it_names() -> None:
    text = "UPDATE t\nSET a = a - :x, b = CASE WHEN c > :y THEN 'd' END\nWHERE e = :z"
    assert queries.columns_set(text) == {"a", "b"}
    assert queries.names(text) >= {"t", "a", "b", "c", "e"}
    assert queries.names(text).isdisjoint({"x", "y", "z"})
    assert not queries.columns_set("INSERT INTO t (a) VALUES (:a)")
    assert not queries.columns_set("DELETE FROM t WHERE a = :a")


def test_a_name_may_be_defined_once() -> None:
    with pytest.raises(Misconfigured, match="first is defined twice"):
        queries.parse(TEXT + "-- name: first\nSELECT 1;\n")


def test_an_engine_may_replace_a_statement_and_adds_none() -> None:
    sqlite, postgres = queries.load("sqlite"), queries.load("postgres")
    assert set(sqlite) == set(postgres)
    assert "FOR UPDATE" in postgres["lock_head"]
    assert "FOR UPDATE" not in sqlite["lock_head"]


def test_rows_are_added_several_at_a_time_where_only_their_values_are_named() -> None:
    into, rest = "INSERT INTO t (a, b, c)\nVALUES ", " ON CONFLICT (a) DO UPDATE SET b = excluded.b"
    assert queries.adding(into + "(:a, :b, :b, '')" + rest, 2) == (
        into + "(?1, ?2, ?2, ''), (?3, ?4, ?4, '')" + rest
    )
    for other in (
        "INSERT INTO t (a) VALUES (:a) ON CONFLICT (a) DO UPDATE SET b = :a",
        "INSERT INTO t (a) VALUES (:a) ON CONFLICT (a) DO UPDATE SET b = :b",
        "INSERT INTO t (a) SELECT :a FROM u",
        "INSERT INTO t (a) VALUES (max(:a, 1))",
        "UPDATE t SET a = :a",
    ):
        assert queries.adding(other, 2) is None


def test_what_adds_to_totals_tells_by_how_many_values_a_row_is_known() -> None:
    into = "INSERT INTO t (a, b, c, d)\nVALUES (:a, :b, :c, :d)\nON CONFLICT (a, b) DO UPDATE\n"
    assert queries.totals_after(into + "SET c = t.c + excluded.c,\n    d = t.d + excluded.d") == 2
    for other in (
        into + "SET c = t.c + excluded.c",
        into + "SET c = t.c + excluded.c, d = excluded.d",
        into + "SET c = t.c + excluded.c, d = t.d - excluded.d",
        into + "SET d = t.d + excluded.d, c = t.c + excluded.c",
        into.replace(":d)", "1)") + "SET c = t.c + excluded.c, d = t.d + excluded.d",
        into.replace("DO UPDATE\n", "DO NOTHING"),
        "UPDATE t SET c = c + :c",
        into.replace("(a, b, c, d)\n", "") + "SET c = t.c + excluded.c, d = t.d + excluded.d",
    ):
        assert queries.totals_after(other) is None
