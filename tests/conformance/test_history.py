"""One history, on both engines, lived again and folded again: the same rows, byte for byte."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest

from conformance import golden
from conformance.history import (
    LOGGED_IN,
    Content,
    digest,
    exported,
    fill,
    journal_heads,
    live,
    make_again,
    state_tables,
)
from conformance.stores import Bench, opened

pytestmark = pytest.mark.postgres
TESTS = Path(__file__).parents[1]
ENGINES = ("sqlite", "postgres")
ELSEWHERE = (
    {"PYTHONHASHSEED": "0", "TZ": "Asia/Kolkata", "LC_ALL": "C"},
    {"PYTHONHASHSEED": "42", "TZ": "America/St_Johns", "LC_ALL": "tr_TR.UTF-8"},
)


class Lived(msgspec.Struct):
    """A store that lived the history: what it answered, and all its rows when it was over."""

    bench: Bench
    answers: list[Any]
    rows: dict[str, Content]


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Lived]]:
    with ExitStack() as stack:
        found = {}
        for engine in ENGINES:
            bench = stack.enter_context(opened(engine, tmp_path_factory.mktemp(engine)))
            found[engine] = Lived(bench, live(bench), exported(bench))
        yield found


def test_the_same_history_is_the_same_rows_and_answers(lived: dict[str, Lived]) -> None:
    sqlite, postgres = (lived[engine] for engine in ENGINES)
    assert sqlite.answers == postgres.answers
    for table, content in sqlite.rows.items():
        assert content == postgres.rows[table], table
    assert sqlite.rows.keys() == postgres.rows.keys()
    filled = {table for table, (_, content) in sqlite.rows.items() if content}
    assert filled == sqlite.rows.keys(), "a table of which the history tells nothing"


@pytest.mark.parametrize("engine", ENGINES)
def test_state_folded_again_is_the_same_and_nothing_else_happens(
    lived: dict[str, Lived], engine: str
) -> None:
    """Forgotten members too; nothing is mailed, decided or imported a second time."""
    before, bench = lived[engine].rows, lived[engine].bench
    assert state_tables() < before.keys()
    assert all(before[table][1] for table in state_tables())
    for _ in range(2):
        make_again(bench)
        after = exported(bench)
        for table in before.keys() - {"head"}:
            assert after[table] == before[table], table
        assert journal_heads(after) == journal_heads(before)


def test_a_journal_carried_to_another_engine_folds_to_the_same_state(
    lived: dict[str, Lived], tmp_path: Path
) -> None:
    rows = lived["sqlite"].rows
    with opened("postgres", tmp_path, tenant_id=1) as bench:
        kept = sorted(rows.keys() - state_tables()) + LOGGED_IN
        fill(bench, {table: rows[table] for table in kept})
        make_again(bench)
        found = exported(bench)
        for table in state_tables():
            assert found[table] == rows[table], table


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("file", golden.FILES, ids=lambda file: file.stem)
def test_what_earlier_versions_wrote_folds_to_the_state_they_had(
    file: Path, engine: str, tmp_path: Path
) -> None:
    kept = golden.read(file)
    with opened(engine, tmp_path, tenant_id=1) as bench:
        fill(bench, kept.journal)
        make_again(bench)
        found = exported(bench)
    assert {table: digest(found[table]) for table in kept.state} == kept.state


@pytest.mark.slow
def test_no_process_nor_place_makes_a_difference(lived: dict[str, Lived], tmp_path: Path) -> None:
    """Other orders of sets and dictionaries, other time zones, other languages."""
    expected = {table: digest(content) for table, content in lived["sqlite"].rows.items()}
    running = []
    for at, place in enumerate(ELSEWHERE):
        folder, copy = tmp_path / f"lived{at}", tmp_path / f"copy{at}" / "guerdon.db"
        folder.mkdir()
        copy.parent.mkdir()
        lived["sqlite"].bench.store.backup(str(copy))
        environ = {**os.environ, **place, "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])}
        words = [sys.executable, "-m", "conformance.lives", str(folder), str(copy)]
        running.append(subprocess.Popen(words, env=environ, stdout=subprocess.PIPE, text=True))
    for process in running:
        out, _ = process.communicate()
        assert process.returncode == 0
        again, folded = map(json.loads, out.splitlines())
        assert again == expected
        for table in state_tables():
            assert folded[table] == expected[table], table
