"""The decision journal: every question, the hash chain, and that nobody can change it unnoticed."""

from __future__ import annotations

import contextlib
import fnmatch
import random
from collections.abc import Iterator
from typing import Any

import apsw
import psycopg
import pytest

from conformance.stores import Bench
from guerdon.domain.decisions import Decision
from guerdon.engine.commands.points import AddPoints, SpendPoints
from guerdon.errors import Refused
from guerdon.store import decisions
from guerdon.store.decisions import Recorded
from guerdon.store.transaction import Transaction

TYPES = ("A.Event.One", "A.Event.Two", "B.Event.One", "B.Event.Öne", "C[x]?.Event")
PATTERNS = (*TYPES, "*", "A.*", "*.One", "*Event*", "Z*", "none", "C[x]?*", "*[abc]*", "?.*")


class Chronicle:
    """Decisions as they were recorded, beside the engine's journal."""

    def __init__(self, bench: Bench, seed: int) -> None:
        self.bench = bench
        self.random = random.Random(seed)
        self.numbers = [bench.member(("external", f"m{at}")) for at in range(3)]
        self.told: list[Recorded] = self.page(limit=1_000)

    def record(self) -> None:
        pick = self.random
        number = pick.choice((None, *self.numbers))
        decision = Decision(
            type=pick.choice(TYPES),
            aggregate=f"aggregate-{pick.randint(1, 3)}",
            number=number,
            payload={"first": pick.randint(0, 9), "who": {"name": 'Zoë "Ω" 🎁'}, "last": None},
            personal="who" if number and pick.random() < 0.5 else None,
        )
        shown = f'{{"first":{decision.payload["first"]},"who":{{"name":"Zoë \\"Ω\\" 🎁"}}}}'

        def work(tx: Transaction) -> bool:
            position = tx.append_decision(self.bench.tenant_id, decision)
            assert position == len(self.told) + 1
            self.told.append(
                Recorded(
                    position,
                    decision.type,
                    decision.aggregate,
                    number,
                    tx.moment(self.bench.tenant_id),
                    shown,
                )
            )
            return False

        self.bench.committer.work(work)

    def page(self, **filters: Any) -> list[Recorded]:
        return self.bench.ask(
            lambda rows: decisions.page(rows, self.bench.vault, self.bench.tenant_id, **filters)
        )

    def matching(self, type: str | None, start: int, *, descending: bool) -> list[Recorded]:
        found = [
            each
            for each in self.told
            if each.position >= start and (type is None or matches(each.type, type))
        ]
        return found[::-1] if descending else found

    def check(self) -> None:
        start = self.random.randint(-1, len(self.told) + 2)
        limit = self.random.choice((1, 2, 10, 100))
        for kind in (None, *PATTERNS):
            for descending in (False, True):
                expected = self.matching(kind, start, descending=descending)
                found = self.page(start=start, limit=limit, type=kind, descending=descending)
                assert found == expected[:limit], (kind, descending)
            total = self.bench.ask(
                lambda rows, kind=kind: decisions.total(
                    rows, self.bench.tenant_id, start=start, type=kind
                )
            )
            assert total == len(expected), kind
        assert self.bench.ask(
            lambda rows: decisions.get(rows, self.bench.vault, self.bench.tenant_id, start)
        ) == next((each for each in self.told if each.position == start), None)


def matches(type: str, pattern: str) -> bool:
    """A pattern's only special sign is `*`."""
    if "*" not in pattern:
        return type == pattern
    escaped = pattern.replace("[", "[[]").replace("?", "[?]")
    return fnmatch.fnmatchcase(type, escaped)


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_every_question_is_answered_as_by_looking_at_everything(bench: Bench, seed: int) -> None:
    chronicle = Chronicle(bench, seed)
    for _ in range(40):
        chronicle.record()
        chronicle.check()
    verdict = bench.ask(lambda rows: decisions.verify(rows, bench.tenant_id))
    assert verdict == decisions.Verdict(len(chronicle.told))


# --- That it cannot be changed -------------------------------------------------------------------

CHANGES = [
    "UPDATE decision SET payload = '{}' WHERE position = 2",
    "UPDATE decision SET position = position + 1000",
    "DELETE FROM decision WHERE position = 2",
    "DELETE FROM decision",
    """INSERT INTO decision SELECT * FROM decision WHERE position = 2
    ON CONFLICT (tenant_id, position) DO UPDATE SET payload = '{}'""",
]
OWN_CHANGES = {
    "sqlite": [
        "INSERT OR REPLACE INTO decision SELECT * FROM decision WHERE position = 2",
        "REPLACE INTO decision SELECT * FROM decision",
        "UPDATE OR REPLACE decision SET position = 3 WHERE position = 2",
    ],
    "postgres": [
        "TRUNCATE decision",
        "TRUNCATE decision CASCADE",
        "WITH gone AS (DELETE FROM decision RETURNING position) SELECT * FROM gone",
    ],
}


@contextlib.contextmanager
def administrator(bench: Bench) -> Iterator[Any]:
    """A function that runs a statement as whoever may do everything, past all of our code."""
    if bench.config.engine == "sqlite":
        yield bench.committer.writer._connection.execute
        return
    with psycopg.connect(bench.config.database_url, autocommit=True) as connection:
        yield connection.execute


def test_no_statement_changes_a_decision(bench: Bench) -> None:
    bench.member(("external", "m"))
    before = bench.ask(
        lambda rows: rows.all("decisions_from", tenant_id=1, limit=99, **{"from": 1})
    )
    assert len(before) > 3
    with administrator(bench) as execute:
        for change in CHANGES + OWN_CHANGES[bench.config.engine]:
            with pytest.raises((apsw.ConstraintError, psycopg.errors.IntegrityError)):
                execute(change)
    after = bench.ask(lambda rows: rows.all("decisions_from", tenant_id=1, limit=99, **{"from": 1}))
    assert after == before


TAMPERED = [
    ("UPDATE decision SET payload = replace(payload, 'Id', 'iD') WHERE position = 4", 4),
    ("UPDATE decision SET recorded_at = recorded_at + 1 WHERE position = 3", 3),
    ("UPDATE decision SET aggregate = 'x' WHERE position = 2", 2),
    ("UPDATE decision SET number = NULL WHERE position = 2", 2),
    ("UPDATE decision SET ordinal = 7 WHERE position = 5", 5),
    ("UPDATE decision SET sealed = substr(sealed, 2) WHERE position = 2", 2),
    ("UPDATE decision SET sealed_at = sealed_at + 1 WHERE position = 2", 2),
    ("UPDATE decision SET hash = substr(hash, 2) WHERE position = 6", 6),
    ("DELETE FROM decision WHERE position = 4", 4),
    ("DELETE FROM decision WHERE position >= 6", 6),
    ("UPDATE head SET decision_hash = substr(decision_hash, 2)", None),  # behind the last one
]


@pytest.mark.parametrize(("change", "position"), TAMPERED)
def test_a_change_of_one_byte_is_found_where_it_was_made(
    bench: Bench, change: str, position: int | None
) -> None:
    bench.member(("external", "m"))
    found = position or bench.ask(lambda rows: decisions.total(rows, bench.tenant_id)) + 1
    with administrator(bench) as execute:
        unlock(bench, execute)
        execute(change)
    verdict = bench.ask(lambda rows: decisions.verify(rows, bench.tenant_id))
    assert (verdict.verified, verdict.bad_position) == (found - 1, found)
    assert verdict.reason


def unlock(bench: Bench, execute: Any) -> None:
    """Take the guards away, as only somebody with the database's keys can."""
    if bench.config.engine == "sqlite":
        execute("DROP TRIGGER decision_is_never_updated")
        execute("DROP TRIGGER decision_is_never_deleted")
    else:
        execute("ALTER TABLE decision DISABLE TRIGGER ALL")


def test_the_chain_holds_over_many_pages(bench: Bench) -> None:
    def many(tx: Transaction) -> bool:
        for at in range(2_500):
            decision = Decision(type="A.Event", aggregate="a", payload={"at": at})
            tx.append_decision(bench.tenant_id, decision)
        return False

    bench.committer.work(many)
    total = bench.ask(lambda rows: decisions.total(rows, bench.tenant_id))
    verdict = bench.ask(lambda rows: decisions.verify(rows, bench.tenant_id))
    assert verdict == decisions.Verdict(total)
    assert total > 2_500


# --- What is personal ----------------------------------------------------------------------------


def test_a_person_whose_key_is_destroyed_is_unreadable_and_the_chain_holds(bench: Bench) -> None:
    kept = bench.member(("email", "kept@example.com"))
    gone = bench.member(("email", "gone@example.com"))
    with administrator(bench) as execute:
        execute(f"DELETE FROM seal WHERE number = {gone}")
    found = bench.ask(lambda rows: decisions.page(rows, bench.vault, bench.tenant_id, limit=100))
    text = " ".join(each.payload for each in found if each.number == kept)
    assert "kept@example.com" in text
    assert all("gone@example.com" not in each.payload for each in found)
    assert bench.ask(lambda rows: decisions.verify(rows, bench.tenant_id)).bad_position is None


def test_a_refused_command_leaves_no_decision(bench: Bench) -> None:
    number = bench.member(("external", "m"))
    before = bench.ask(lambda rows: decisions.total(rows, bench.tenant_id))
    outcomes = bench.together(
        SpendPoints(bench.tenant_id, 0, number, 1),
        AddPoints(bench.tenant_id, 0, number, 5_00),
        SpendPoints(bench.tenant_id, 0, number, 6_00),
        AddPoints(bench.tenant_id, 0, 99, 1),
    )
    assert [isinstance(each, Refused) for each in outcomes] == [True, False, True, True]
    assert bench.ask(lambda rows: decisions.total(rows, bench.tenant_id)) == before + 1
    assert bench.ask(lambda rows: decisions.verify(rows, bench.tenant_id)).bad_position is None
