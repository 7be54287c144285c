"""What every engine's writer and reader must do, and what they may not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from conformance.stores import START, Bench
from guerdon.errors import Conflict, StoreError
from guerdon.store.members import by_number
from guerdon.store.port import Rows, Writer

COUNTER = "a_counter"


@pytest.fixture
def writer(bench: Bench) -> Iterator[Writer]:
    return bench.committer.writer


def activity(bench: Bench, position: int, data: str | None = None) -> tuple[Any, ...]:
    return bench.tenant_id, position, 1, 1, START, START, 0, data


def total(rows: Rows, bench: Bench, name: str = COUNTER) -> int | None:
    row = rows.one("counter_total", tenant_id=bench.tenant_id, name=name)
    return None if row is None else int(row[0])


def set_counter(writer: Writer, bench: Bench, value: int, name: str = COUNTER) -> int:
    return writer.run("set_counter", tenant_id=bench.tenant_id, name=name, total=value)


def positions(rows: Rows, bench: Bench, after: int = 0) -> list[int]:
    found = rows.all(
        "activities_after",
        tenant_id=bench.tenant_id,
        after=after,
        until=2**62,
        limit=20_000,
        offset=0,
    )
    return [row[0] for row in found]


def test_a_transaction_sees_what_it_wrote_and_nobody_else_does(
    bench: Bench, writer: Writer
) -> None:
    writer.begin()
    set_counter(writer, bench, 5)
    assert total(writer, bench) == 5
    assert bench.ask(lambda rows: total(rows, bench)) is None
    writer.commit()
    assert bench.ask(lambda rows: total(rows, bench)) == 5


def test_changes_that_were_put_off_can_be_made_in_another_transaction(
    bench: Bench, writer: Writer
) -> None:
    writer.begin()
    writer.later("set_counter", (bench.tenant_id, COUNTER, 5))
    take_up = writer.put_aside()
    if not bench.store.tenants_share_transactions:
        assert take_up is None  # others write as well
        writer.rollback()
        return
    assert total(writer, bench) is None
    writer.commit()
    writer.begin()
    assert take_up is not None
    take_up()
    assert total(writer, bench) == 5
    assert writer.put_aside() is None  # it has been made: somebody asked
    writer.commit()
    assert bench.ask(lambda rows: total(rows, bench)) == 5


def test_changes_that_wait_are_made_when_they_are_asked_for(bench: Bench, writer: Writer) -> None:
    writer.begin()
    writer.later("set_counter", (bench.tenant_id, COUNTER, 5))
    writer.catch_up()
    writer.catch_up()
    if bench.store.tenants_share_transactions:
        assert writer.put_aside() is None  # it has been made
    writer.commit()
    assert bench.ask(lambda rows: total(rows, bench)) == 5


def test_changes_that_wait_come_to_what_they_say_in_their_order(
    bench: Bench, writer: Writer
) -> None:
    def add(number: int) -> None:
        writer.later("add_account", (bench.tenant_id, number, str(number), ""))

    def change(number: int, points: int) -> None:
        sums = (points, 0, 0, 0, 0, 0, 0, 0)
        writer.later("change_account", (*sums, "", bench.tenant_id, number))

    def held(number: int) -> int:
        row = writer.one("account", tenant_id=bench.tenant_id, number=number, moment=START)
        assert row is not None
        return int(row[1])

    writer.begin()
    for number in (7, 8):
        add(number)
        change(7, 5)
    change(8, 1)
    assert (held(7), held(8)) == (10, 1)
    change(8, 2)
    add(9)
    change(9, 4)
    writer.run("clear_accounts", tenant_id=bench.tenant_id)
    add(8)
    change(8, 3)
    assert held(8) == 3
    writer.commit()
    found = bench.ask(
        lambda rows: rows.all("accounts_after", tenant_id=bench.tenant_id, after=0, limit=9)
    )
    assert [(row[0], row[2]) for row in found] == [(8, 3)]


def test_changes_of_totals_that_wait_come_to_their_sum(bench: Bench, writer: Writer) -> None:
    tenant_id = bench.tenant_id

    def change(segment: str, *values: int) -> None:
        writer.later("change_segment_total", (tenant_id, segment, *values))

    writer.begin()
    change("a", 1, 2, 300)
    writer.commit()
    writer.begin()
    for segment, *values in (("b", 1, 0, 5), ("a", -1, 1, 10), ("b", 1, 1, -5), ("a", 1, 4, 7)):
        change(segment, *values)
    found = writer.all("segment_totals", tenant_id=tenant_id)
    writer.commit()
    assert found == [("a", 1, 7, 317), ("b", 2, 1, 0)]


def test_what_was_rolled_back_never_was(bench: Bench, writer: Writer) -> None:
    writer.begin()
    set_counter(writer, bench, 5)
    writer.append_activities([activity(bench, 1)])
    writer.rollback()
    writer.rollback()
    writer.begin()
    assert total(writer, bench) is None
    assert positions(writer, bench) == []
    writer.commit()


def test_a_transaction_in_which_nothing_happened_commits(writer: Writer) -> None:
    writer.begin()
    writer.commit()
    writer.begin()
    writer.commit()


def test_questions_outside_a_transaction_see_the_newest(bench: Bench, writer: Writer) -> None:
    assert total(writer, bench) is None
    writer.begin()
    set_counter(writer, bench, 5)
    writer.commit()
    assert total(writer, bench) == 5
    writer.begin()
    set_counter(writer, bench, 6)
    writer.commit()
    assert total(writer, bench) == 6


def test_a_question_sees_one_moment(bench: Bench, writer: Writer) -> None:
    def question(rows: Rows) -> tuple[int | None, int | None]:
        before = total(rows, bench)
        writer.begin()
        set_counter(writer, bench, 5)
        writer.commit()
        return before, total(rows, bench)

    assert bench.ask(question) == (None, None)
    assert bench.ask(lambda rows: total(rows, bench)) == 5


def test_a_question_that_raises_leaves_the_reader_usable(bench: Bench) -> None:
    def raises(rows: Rows) -> None:
        rows.one("head", tenant_id=bench.tenant_id)
        raise KeyError("no")

    with pytest.raises(KeyError):
        bench.ask(raises)
    assert bench.ask(lambda rows: rows.one("head", tenant_id=bench.tenant_id)) is not None


def test_writes_say_how_many_rows_they_changed(bench: Bench, writer: Writer) -> None:
    place = {"tenant_id": bench.tenant_id, "name": "walker"}
    writer.begin()
    assert writer.run("add_follower", **place) == 1
    assert writer.run("add_follower", **place) == 0
    assert writer.run("advance_follower", **place, before=0, position=7) == 1
    assert writer.run("advance_follower", **place, before=0, position=9) == 0
    assert writer.one("follower_position", **place) == (7,)
    assert set_counter(writer, bench, 1) == 1
    assert set_counter(writer, bench, 2) == 1
    writer.rollback()


def test_every_write_is_counted(bench: Bench, writer: Writer) -> None:
    before = writer.writes
    writer.begin()
    set_counter(writer, bench, 1)
    writer.run_many("set_counter", [(bench.tenant_id, "b", 1), (bench.tenant_id, "c", 1)])
    writer.append_activities([activity(bench, 1)])
    total(writer, bench)
    writer.rollback()
    assert writer.writes == before + 3


@pytest.mark.parametrize("size", [1, 2, 255, 256, 10_000])
def test_a_batch_of_any_size_is_stored_as_it_was_given(
    bench: Bench, writer: Writer, size: int
) -> None:
    texts = [None, "{}", '{"a":"é 🎁 \\u0001 \' % $1 :x"}', '{"long":"' + "x" * 3_000 + '"}']
    rows = [activity(bench, at, texts[at % 4]) for at in range(1, size + 1)]
    writer.begin()
    writer.append_activities(rows)
    writer.commit()
    found = bench.ask(
        lambda asked: asked.all(
            "activities_after",
            tenant_id=bench.tenant_id,
            after=0,
            until=2**62,
            limit=20_000,
            offset=0,
        )
    )
    assert found == [tuple(row[1:]) for row in rows]


def test_a_batch_may_be_read_before_it_is_committed(bench: Bench, writer: Writer) -> None:
    writer.begin()
    writer.append_activities([activity(bench, at) for at in range(1, 301)])
    writer.append_activities([activity(bench, 301)])
    assert positions(writer, bench, after=298) == [299, 300, 301]
    writer.append_activities([activity(bench, 302)])
    writer.commit()
    assert bench.ask(lambda rows: positions(rows, bench, after=300)) == [301, 302]


@pytest.mark.parametrize("size", [1, 15, 16, 17, 100])
def test_many_rows_come_to_what_they_come_to_one_by_one(
    bench: Bench, writer: Writer, size: int
) -> None:
    names = [f"{COUNTER}{at % 7}" for at in range(size)]
    tenant_id = bench.tenant_id
    writer.begin()
    writer.run_many("set_counter", [(tenant_id, name, at) for at, name in enumerate(names)])
    for number in range(10, 10 + size):
        writer.later("add_member", (tenant_id, number, f"id{number}", "", "", START + number, "{}"))
    writer.commit()
    last = {name: at for at, name in enumerate(names)}
    for name, at in last.items():
        assert bench.ask(lambda rows, name=name: total(rows, bench, name)) == at
    for number in (10, 9 + size):
        found = bench.ask(lambda rows, number=number: by_number(rows, tenant_id, number))
        assert found is not None
        assert found.member_id == f"id{number}"
        assert found.registered_at == found.updated_at == START + number


def test_nothing_to_append_or_to_run_is_no_trouble(bench: Bench, writer: Writer) -> None:
    writer.begin()
    writer.append_activities([])
    writer.run_many("set_counter", [])
    writer.commit()


@pytest.mark.parametrize("size", [1, 300])
def test_a_position_taken_before_is_a_conflict_and_stores_nothing(
    bench: Bench, writer: Writer, size: int
) -> None:
    writer.begin()
    writer.append_activities([activity(bench, size)])
    writer.commit()
    with pytest.raises(Conflict):
        append_beside_a_counter(bench, writer, size)
    writer.rollback()
    assert bench.ask(lambda rows: positions(rows, bench)) == [size]
    assert bench.ask(lambda rows: total(rows, bench)) is None


def append_beside_a_counter(bench: Bench, writer: Writer, size: int) -> None:
    """An engine may see the conflict at once or when it writes; in any case before it commits."""
    writer.begin()
    set_counter(writer, bench, 5)
    writer.append_activities([activity(bench, at) for at in range(1, size + 1)])
    writer.commit()


def test_a_name_taken_before_is_a_conflict(bench: Bench, writer: Writer) -> None:
    def add() -> None:
        writer.begin()
        writer.run("add_identity", tenant_id=bench.tenant_id, kind="card", value="1", number=1)
        writer.commit()

    add()
    with pytest.raises(Conflict):
        add()
    writer.rollback()
    assert writer.one("head", tenant_id=bench.tenant_id) is not None


def test_the_writer_goes_on_after_a_failure(bench: Bench, writer: Writer) -> None:
    writer.begin()
    writer.append_activities([activity(bench, 1)])
    writer.commit()
    for _ in range(3):
        with pytest.raises(StoreError):
            append_beside_a_counter(bench, writer, 1)
        writer.rollback()
    writer.begin()
    set_counter(writer, bench, 9)
    writer.commit()
    assert bench.ask(lambda rows: total(rows, bench)) == 9


def test_a_reader_cannot_write(bench: Bench) -> None:
    def write(rows: Rows) -> None:
        rows.all("set_counter", tenant_id=bench.tenant_id, name="x", total=1)

    with pytest.raises(StoreError):
        bench.ask(write)
    assert bench.ask(lambda rows: total(rows, bench, "x")) is None


def test_values_come_back_as_integers_texts_and_bytes(bench: Bench) -> None:
    bench.member(("email", "A@b.example"))
    for query, values in (
        ("head", {}),
        ("counters", {}),
        ("live_in_blocks", {"type_id": 0}),
        ("identities", {"number": 1}),
        ("seal", {"number": 1}),
        ("decisions_from", {"from": 1, "limit": 10}),
        ("member", {"number": 1}),
    ):
        rows = bench.ask(
            lambda asked, query=query, values=values: asked.all(
                query, tenant_id=bench.tenant_id, **values
            )
        )
        assert rows
        assert {type(value) for row in rows for value in row} <= {int, str, bytes, type(None)}


def test_migrations_are_applied_once(bench: Bench) -> None:
    assert bench.store.pending_migrations() == []


def test_the_stores_as_shipped_threaten_no_promise(bench: Bench) -> None:
    assert bench.store.risks() == []
