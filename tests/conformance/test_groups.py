"""Commands that share a commit share nothing else: neither failures nor what was remembered."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest

from conformance.stores import START, Bench, ingest
from guerdon.engine import commands
from guerdon.engine.commands.points import AddPoints, SpendPoints
from guerdon.engine.handlers import HANDLERS
from guerdon.errors import Conflict, Defect, Duplicate, GuerdonError, NotFound, StoreError
from guerdon.store import activities, decisions, members
from guerdon.store import points as ledger
from guerdon.store.transaction import Transaction
from guerdon.web import logs

Handler = Callable[[Transaction, Any], Any]


class Poison(commands.Command, frozen=True):
    """Fails after it has written, in the way it is told."""

    how: str


def poison(tx: Transaction, command: Poison) -> None:
    tx.append_activities(tx.head(command.tenant_id), 0, [(1, 1, None, None)] * 3)
    tx.next_row(command.tenant_id)
    tx.count(command.tenant_id, "poison", 1)
    tx.rows.run("add_seal", tenant_id=command.tenant_id, number=77, wrapped=b"x")
    FAILURES[command.how](tx, command)


def conflict(tx: Transaction, command: Poison) -> None:
    tx.rows.run("add_seal", tenant_id=command.tenant_id, number=77, wrapped=b"x")


def late_conflict(tx: Transaction, command: Poison) -> None:
    tx.rows.run_many("add_seal", [(command.tenant_id, 77, b"x")])


def unstorable(tx: Transaction, command: Poison) -> None:
    tx.count(command.tenant_id, "half of a pair: \ud800", 1)


def out_of_range(tx: Transaction, command: Poison) -> None:
    tx.count(command.tenant_id, "too much", 2**63)


def refuse(tx: Transaction, command: Poison) -> None:
    raise NotFound("after it had written", code="late")


def defect(tx: Transaction, command: Poison) -> None:
    raise ZeroDivisionError


FAILURES: dict[str, Handler] = {
    "conflict": conflict,
    "late conflict": late_conflict,
    "unstorable": unstorable,
    "out of range": out_of_range,
    "refused": refuse,
    "defect": defect,
}


@pytest.fixture(autouse=True)
def _poison_is_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(HANDLERS, Poison, poison)


def positions(bench: Bench) -> list[int]:
    found = bench.ask(lambda rows: activities.after(rows, bench.tenant_id, position=0, limit=1_000))
    return [activity.position for activity in found]


@pytest.mark.parametrize("how", FAILURES)
def test_a_poisoned_command_fails_alone(bench: Bench, how: str) -> None:
    bench.do(ingest(bench.tenant_id, ["m"]))
    good = ingest(bench.tenant_id, ["m", "m"])
    new = ingest(bench.tenant_id, ["new"], type="new")
    outcomes = bench.together(good, Poison(bench.tenant_id, 0, how), new, good)
    assert isinstance(outcomes[1], (Conflict, StoreError, NotFound, Defect)), outcomes[1]
    assert [each.first_position for each in (outcomes[0], *outcomes[2:])] == [2, 4, 5]
    assert positions(bench) == [1, 2, 3, 4, 5, 6]
    bench.do(good)
    assert positions(bench) == list(range(1, 9))
    assert bench.ask(lambda rows: rows.one("seal", tenant_id=bench.tenant_id, number=77)) is None
    assert bench.ask(lambda rows: decisions.verify(rows, bench.tenant_id)).bad_position is None


@pytest.mark.parametrize("how", FAILURES)
def test_a_poisoned_command_fails_by_itself_and_stores_nothing(bench: Bench, how: str) -> None:
    with pytest.raises(GuerdonError):
        bench.do(Poison(bench.tenant_id, 0, how))
    assert positions(bench) == []
    assert bench.do(ingest(bench.tenant_id, ["m"])).first_position == 1


def test_what_cannot_be_read_ahead_costs_the_others_nothing(bench: Bench) -> None:
    bench.do(commands.RegisterMember(bench.tenant_id, 0, (("external", "m"),)))
    add = AddPoints(bench.tenant_id, 0, 1, 5_00)
    strangers = (
        AddPoints(bench.tenant_id, 0, 999, 1_00),
        SpendPoints(bench.tenant_id + 999, 0, 1, 1_00),
        AddPoints(bench.tenant_id, 0, 2**70, 1_00),
    )
    outcomes = bench.together(add, *strangers, SpendPoints(bench.tenant_id, 0, 1, 2_00))
    assert all(isinstance(each, GuerdonError) for each in outcomes[1:-1]), outcomes
    assert outcomes[-1].position == outcomes[0].position + 1
    account = bench.ask(lambda rows: ledger.account(rows, bench.tenant_id, 1, START))
    assert account is not None
    assert account.available == 3_00


class Gone(io.StringIO):
    """Standard error whose reader has left."""

    def write(self, text: str) -> int:
        raise BrokenPipeError

    def flush(self) -> None:
        raise BrokenPipeError


@pytest.mark.parametrize("stream", [Gone, io.StringIO])
def test_a_defect_of_which_nobody_can_be_told_costs_the_others_nothing(
    bench: Bench, stream: type[io.StringIO]
) -> None:
    output = stream()
    if stream is io.StringIO:
        output.close()
    logs.install(stream=output)
    good = ingest(bench.tenant_id, ["m"])
    outcomes = bench.together(good, Poison(bench.tenant_id, 0, "defect"), good)
    assert isinstance(outcomes[1], Defect)
    assert [each.first_position for each in (outcomes[0], outcomes[2])] == [1, 2]


def test_what_a_failed_transaction_learnt_is_forgotten(bench: Bench) -> None:
    """A member who was registered in a transaction that failed is not remembered."""

    class Stop(Exception):
        pass

    def learn(tx: Transaction) -> bool:
        HANDLERS[commands.Ingest](tx, ingest(bench.tenant_id, ["m"]))
        assert tx.memory(bench.tenant_id).identities
        raise Stop

    with pytest.raises(Stop):
        bench.committer.work(learn)
    refusing = commands.Ingest(
        bench.tenant_id, 0, "woowup", (commands.Item("seen", (("external", "m"),)),)
    )
    with pytest.raises(NotFound):
        bench.do(refusing)
    bench.do(ingest(bench.tenant_id, ["m"]))
    stored = bench.do(refusing)
    assert stored.first_position == 2
    (first, second) = bench.ask(
        lambda rows: activities.after(rows, bench.tenant_id, position=0, limit=9)
    )
    assert first.number == second.number == 1


def test_a_refused_command_shares_a_commit_with_good_ones(bench: Bench) -> None:
    number = bench.member(("external", "m"))
    taken = commands.RegisterMember(bench.tenant_id, 0, (("external", "m"),))
    outcomes = bench.together(
        taken, ingest(bench.tenant_id, ["m"]), taken, ingest(bench.tenant_id, ["m"])
    )
    assert [type(each) for each in outcomes] == [
        Duplicate,
        commands.Ingested,
        Duplicate,
        commands.Ingested,
    ]
    assert positions(bench) == [1, 2]
    assert bench.ask(lambda rows: members.by_number(rows, bench.tenant_id, number + 1)) is None


def test_outcomes_come_in_the_order_of_the_commands_of_several_tenants(bench: Bench) -> None:
    other = bench.tenant("b")
    commands_ = [ingest(tenant, ["m"]) for tenant in (bench.tenant_id, other) * 3]
    commands_.insert(2, ingest(999, ["m"]))
    outcomes = bench.together(*commands_)
    assert isinstance(outcomes.pop(2), NotFound)
    assert [each.first_position for each in outcomes] == [1, 1, 2, 2, 3, 3]


def test_what_one_command_stores_the_next_of_the_same_commit_sees(bench: Bench) -> None:
    outcomes = bench.together(
        ingest(bench.tenant_id, ["m"]),
        commands.RegisterMember(bench.tenant_id, 0, (("external", "m"),)),
        commands.DeleteActivities(bench.tenant_id, 0, "seen", START, START, None),
        ingest(bench.tenant_id, ["m"]),
    )
    assert isinstance(outcomes[1], Duplicate)
    assert outcomes[2].deleted == 1
    assert positions(bench) == [2]
