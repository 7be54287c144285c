"""Sent twice, counted once: for as long as it was asked for, and not a moment longer."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from conformance.stores import START, Bench, committers, in_threads, ingest, only_on_postgres
from guerdon import limits
from guerdon.clock import DAY, SECOND
from guerdon.engine import commands, once, wire
from guerdon.engine.commands.pictures import RemovePicture, SetPicture
from guerdon.engine.commands.points import AddPoints
from guerdon.engine.committer import Committer
from guerdon.errors import Duplicate, KeyReused, NotFound
from guerdon.store import activities, points

MONTH = 30 * DAY // SECOND
WINDOW = limits.idempotency_window_days * DAY


def key(name: bytes = b"key", content: bytes = b"content", seconds: int = MONTH) -> Any:
    return commands.ReplayKey(name, content, seconds)


def stored(bench: Bench) -> int:
    return int(bench.ask(lambda rows: activities.count(rows, bench.tenant_id)))


def test_the_same_request_gets_the_same_answer_and_is_stored_once(bench: Bench) -> None:
    command = ingest(bench.tenant_id, ["a", "b"], replay=key())
    first = bench.do(command)
    again = bench.do(command)
    assert (again.first_position, again.count) == (first.first_position, first.count) == (1, 2)
    assert (first.replayed, again.replayed) == (False, True)
    assert stored(bench) == 2


def test_the_same_key_with_another_content_is_refused(bench: Bench) -> None:
    bench.do(ingest(bench.tenant_id, ["a"], replay=key()))
    with pytest.raises(KeyReused):
        bench.do(ingest(bench.tenant_id, ["b"], replay=key(content=b"other")))
    assert stored(bench) == 1


def test_a_duplicate_is_refused_where_that_is_asked_for(bench: Bench) -> None:
    command = ingest(bench.tenant_id, ["a"], replay=key(), refuse_replay=True)
    bench.do(command)
    with pytest.raises(Duplicate):
        bench.do(command)
    assert stored(bench) == 1


def test_sixteen_at_once_are_one(bench: Bench) -> None:
    command = ingest(bench.tenant_id, ["a"], replay=key())
    outcomes = bench.together(*[command] * 16)
    assert [each.replayed for each in outcomes] == [False] + [True] * 15
    assert {each.first_position for each in outcomes} == {1}
    assert stored(bench) == 1


def test_keys_that_come_together_are_told_apart(bench: Bench) -> None:
    old = ingest(bench.tenant_id, ["a"], replay=key(b"old"))
    short = ingest(bench.tenant_id, ["a"], replay=key(b"short", seconds=60))
    bench.together(old, short)
    bench.clock.moment += WINDOW
    new = ingest(bench.tenant_id, ["a"], replay=key(b"new"))
    outcomes = bench.together(new, short, old, new, short)
    assert [each.replayed for each in outcomes] == [False, False, True, True, True]
    assert [each.first_position for each in outcomes] == [3, 4, 1, 3, 4]
    assert stored(bench) == 4


def test_a_command_with_a_key_is_carried_out_once_whoever_asks_again(bench: Bench) -> None:
    number = bench.member(("external", "ann"))
    wanted = AddPoints(bench.tenant_id, 0, number, 5_00, actor="admin:1")
    command = once.order(wanted, key())
    # As they cross the committer's socket.
    _, command = wire.read_request(wire.request_frame(1, command)[4:])
    outcomes = bench.together(*[command] * 16)
    assert [each.is_replayed for each in outcomes] == [False] + [True] * 15
    assert len({once.answer_to(wanted, each).transfer_id for each in outcomes}) == 1
    account = bench.ask(lambda rows: points.account(rows, bench.tenant_id, number, START))
    assert account.available == 5_00
    with pytest.raises(KeyReused):
        bench.do(once.order(wanted, key(content=b"other")))
    # A refusal is not remembered, and an answer that says nothing is.
    gone = once.order(RemovePicture(bench.tenant_id, 0, "Programme", "", "logo"), key(b"x"))
    with pytest.raises(NotFound):
        bench.do(gone)
    put = SetPicture(bench.tenant_id, 0, "Programme", "", "logo", b"GIF89a", "a.gif")
    bench.do(once.order(put, key(b"y")))
    first, again = bench.do(gone), bench.do(gone)
    assert (first.is_replayed, again.is_replayed) == (False, True)
    assert once.answer_to(RemovePicture(0, 0, "", "", ""), again) is None


def test_the_answer_is_known_after_a_restart(bench: Bench) -> None:
    command = ingest(bench.tenant_id, ["a"], replay=key())
    bench.do(command)
    bench.committer.close()
    bench.committer = Committer(bench.store, bench.clock, bench.vault)
    assert bench.do(command).replayed
    assert stored(bench) == 1


def test_a_refused_request_is_not_remembered(bench: Bench) -> None:
    refused = commands.Ingest(
        bench.tenant_id, 0, "x", (commands.Item("seen", (("external", "a"),)),), replay=key()
    )
    with pytest.raises(NotFound):
        bench.do(refused)
    assert not bench.do(ingest(bench.tenant_id, ["a"], replay=key(content=b"fixed"))).replayed


@pytest.mark.parametrize("seconds", [1, 60, 8 * DAY // SECOND, MONTH])
@pytest.mark.parametrize("offset", [0, 1, WINDOW // 2, WINDOW - 1])
def test_a_key_is_remembered_exactly_as_long_as_was_asked(
    bench: Bench, seconds: int, offset: int
) -> None:
    """Wherever in its window the key was first seen, and however many windows lie between."""
    bench.clock.moment = START - START % WINDOW + WINDOW + offset
    command = ingest(bench.tenant_id, ["a"], replay=key(seconds=seconds))
    bench.do(command)
    bench.clock.moment += seconds * SECOND
    assert bench.do(command).replayed
    bench.clock.moment += 1
    assert not bench.do(command).replayed
    assert bench.do(command).replayed
    assert stored(bench) == 2


def test_a_key_that_comes_again_later_gets_the_later_answer(bench: Bench) -> None:
    command = ingest(bench.tenant_id, ["a"], replay=key(seconds=60))
    positions = []
    for _ in range(5):
        positions.append(bench.do(command).first_position)
        bench.clock.moment += 3 * DAY
    assert positions == [1, 2, 3, 4, 5]


def test_a_clock_set_back_remembers_more_and_not_less(bench: Bench) -> None:
    command = ingest(bench.tenant_id, ["a"], replay=key())
    bench.do(command)
    bench.clock.moment -= 40 * DAY
    assert bench.do(command).replayed
    assert stored(bench) == 1


def test_the_senders_own_event_ids_are_remembered_for_good(bench: Bench) -> None:
    def send(*ids: str | None) -> Any:
        items = tuple(
            commands.Item("seen", (("external", "a"),), event_id=event_id) for event_id in ids
        )
        return bench.do(
            commands.Ingest(
                bench.tenant_id, 0, "x", items, unknown_member="create", unknown_type="add"
            )
        )

    assert not send("e1", "e2").replayed
    bench.clock.moment += 4_000 * DAY
    again = send("e1", "e2")
    assert (again.replayed, again.first_position, again.count) == (True, 1, 2)
    mixed = send("e3", "e1", None, "e3", "e2")
    assert mixed.positions == (3, 1, 4, 3, 2)
    assert not mixed.replayed
    assert stored(bench) == 4


def test_the_same_id_from_another_source_is_another_event(bench: Bench) -> None:
    positions = itertools.count(1)
    for source in ("x", "y"):
        items = (commands.Item("seen", (("external", "a"),), event_id="e"),)
        command = commands.Ingest(
            bench.tenant_id, 0, source, items, unknown_member="create", unknown_type="add"
        )
        first = next(positions)
        assert bench.do(command).first_position == first
        assert bench.do(command).first_position == first


@only_on_postgres
def test_one_of_eight_committers_stores_what_all_of_them_were_sent(bench: Bench) -> None:
    """Retries may reach any process."""
    outcomes: list[Any] = []
    with committers(bench, 8) as several:
        in_threads(
            *(
                lambda each=each: outcomes.extend(
                    each.run([ingest(bench.tenant_id, ["a"], replay=key(b"%d" % turn))])[0]
                    for turn in range(20)
                )
                for each in several
            )
        )
    assert stored(bench) == 20
    assert sum(not each.replayed for each in outcomes) == 20
