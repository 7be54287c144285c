"""Positions are 1, 2, 3 ... in commit order, whoever writes; who reads along misses nothing."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

import books
from conformance.stores import Bench, committers, in_threads, ingest, only_on_postgres
from guerdon import bootstrap
from guerdon.clock import SECOND, SystemClock
from guerdon.engine import commands, deliveries
from guerdon.engine.commands.points import AddPoints, SpendPoints, TransferPoints, Transferred
from guerdon.engine.commands.rewards import BuyReward, DefineReward
from guerdon.engine.committer import Committer
from guerdon.engine.inline import InlineCommitter
from guerdon.errors import Refused, StoreBusy
from guerdon.followers.background import Upkeep
from guerdon.store import activities, movements
from guerdon.store.transaction import Transaction

WRITERS = 8
COMMITS = 40


@pytest.fixture
def many(bench: Bench) -> Iterator[list[Committer]]:
    with committers(bench, WRITERS) as made:
        yield made


class Tail:
    """Reads along from the last position it has seen, as a follower does."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._done = threading.Event()
        self.seen: list[int] = []

    def read(self) -> None:
        reader = self._bench.store.reader()
        try:
            last = False
            while not last:
                last = self._done.is_set()
                after = self.seen[-1] if self.seen else 0
                found = reader.ask(
                    lambda rows, after=after: activities.after(
                        rows, self._bench.tenant_id, position=after, limit=10_000
                    )
                )
                self.seen += [activity.position for activity in found]
        finally:
            reader.close()

    def end(self) -> None:
        self._done.set()


class Aborted(Exception):
    pass


@only_on_postgres
def test_a_reader_beside_eight_committers_misses_nothing(
    bench: Bench, many: list[Committer]
) -> None:
    bench.member(("external", "m"))
    tail, positions = Tail(bench), []

    def write(committer: Committer) -> None:
        for turn in range(COMMITS):
            if turn % 3 == 2:
                with pytest.raises(Aborted):
                    committer.work(abort)
            for outcome in committer.run(
                [ingest(bench.tenant_id, ["m"] * size) for size in (1, 3)]
            ):
                assert isinstance(outcome, commands.Ingested), outcome
                first = outcome.first_position
                positions.extend(range(first, first + outcome.count))

    def abort(tx: Transaction) -> bool:
        head = tx.head(bench.tenant_id)
        tx.append_activities(head, 0, [(1, 1, None, None)] * 5)
        tx.flush()
        raise Aborted

    def write_all() -> None:
        try:
            in_threads(*(lambda each=each: write(each) for each in many))
        finally:
            tail.end()

    in_threads(write_all, tail.read)
    assert sorted(positions) == list(range(1, WRITERS * COMMITS * 4 + 1))
    assert tail.seen == sorted(positions)


@only_on_postgres
def test_reading_along_a_sequence_would_miss_events(bench: Bench) -> None:
    """The guard's guard: what the head's lock is for can be seen when it is left out."""
    with (
        psycopg.connect(bench.config.database_url) as slow,
        psycopg.connect(bench.config.database_url, autocommit=True) as quick,
    ):
        quick.execute("CREATE TABLE naive (position BIGSERIAL PRIMARY KEY)")
        slow.execute("INSERT INTO naive DEFAULT VALUES")
        quick.execute("INSERT INTO naive DEFAULT VALUES")
        tail = "SELECT position FROM naive WHERE position > %s ORDER BY position"
        seen = quick.execute(tail, (0,)).fetchall()
        slow.commit()
        seen += quick.execute(tail, (seen[-1][0],)).fetchall()
        assert seen == [(2,)]
        assert quick.execute(tail, (0,)).fetchall() == [(1,), (2,)]


@only_on_postgres
def test_points_are_not_spent_twice_by_eight_committers(
    bench: Bench, many: list[Committer]
) -> None:
    number = bench.member(("external", "m"))
    bench.do(AddPoints(bench.tenant_id, 0, number, 1_000_00))
    granted: list[Any] = []

    def spend(committer: Committer) -> None:
        while True:
            (outcome,) = committer.run([SpendPoints(bench.tenant_id, 0, number, 7_00)])
            if isinstance(outcome, Refused):
                assert outcome.code == "insufficient_points"
                return
            assert isinstance(outcome, Transferred), outcome
            granted.append(outcome.position)

    in_threads(*(lambda each=each: spend(each) for each in many))
    assert len(set(granted)) == len(granted) == 142
    moved = bench.ask(lambda rows: movements.page(rows, bench.tenant_id, number, limit=1_000))
    assert sum(each.points for each in moved) == 6_00
    assert bench.ask(lambda rows: books.balance(rows, bench.tenant_id)) == {number: 6_00}


@only_on_postgres
def test_points_sent_to_and_fro_by_eight_committers_stay_the_same(
    bench: Bench, many: list[Committer]
) -> None:
    pair = [bench.member(("external", name)) for name in ("a", "b")]
    for number in pair:
        bench.do(AddPoints(bench.tenant_id, 0, number, 100_00))
    outcomes: list[Any] = []

    def send(committer: Committer, sender: int, receiver: int) -> None:
        for turn in range(30):
            command = TransferPoints(bench.tenant_id, 0, sender, receiver, 1_00 + turn)
            outcomes.extend(committer.run([command]))

    in_threads(
        *(
            lambda each=each, at=at: send(each, pair[at % 2], pair[1 - at % 2])
            for at, each in enumerate(many)
        )
    )
    assert len(outcomes) == WRITERS * 30
    refused = {each.code for each in outcomes if not isinstance(each, Transferred)}
    assert refused <= {"insufficient_points"}
    held = bench.ask(lambda rows: books.balance(rows, bench.tenant_id))
    assert sum(held.values()) == 200_00


@only_on_postgres
def test_one_of_eight_registers_a_name(bench: Bench, many: list[Committer]) -> None:
    outcomes: list[Any] = []

    def register(committer: Committer) -> None:
        for turn in range(10):
            names = (("external", f"m{turn}"),)
            outcomes.extend(committer.run([commands.RegisterMember(bench.tenant_id, 0, names)]))

    in_threads(*(lambda each=each: register(each) for each in many))
    made = [each for each in outcomes if isinstance(each, commands.Registered)]
    refused = [each for each in outcomes if not isinstance(each, commands.Registered)]
    assert sorted(each.number for each in made) == list(range(1, 11))
    assert {each.code for each in refused} == {"member_exists"}


@only_on_postgres
def test_the_last_coupon_and_the_only_one_for_each_are_sold_once_by_eight_committers(
    bench: Bench, many: list[Committer]
) -> None:
    numbers = [bench.member(("external", f"m{at}")) for at in range(50)]
    bench.together(*(AddPoints(bench.tenant_id, 0, number, 10_00) for number in numbers))

    def reward(codes: tuple[str, ...], **more: Any) -> str:
        body = {"reward": "gift_code", "costInPoints": 10_00, **more}
        define = DefineReward(bench.tenant_id, 0, json.dumps(body), codes=codes)
        return str(bench.do(define).definition_id)

    def bought(reward_id: str, buyers: list[int]) -> list[Any]:
        """The outcomes of purchases that reach all committers at once."""
        outcomes: list[Any] = []

        def buy(committer: Committer, at: int) -> None:
            for number in buyers[at::WRITERS]:
                command = BuyReward(bench.tenant_id, 0, number, reward_id)
                outcomes.extend(committer.run([command]))

        in_threads(*(lambda each=each, at=at: buy(each, at) for at, each in enumerate(many)))
        return outcomes

    last = bought(reward(("LAST",), unlimited=True), numbers)
    assert [each[0].code for each in last if isinstance(each, tuple)] == ["LAST"]
    assert [each.code for each in last if isinstance(each, Refused)] == ["no_coupons"] * 49
    held = bench.ask(lambda rows: books.balance(rows, bench.tenant_id))
    assert sorted(held.values()) == [0] + [10_00] * 49
    once = reward(tuple("abcdefgh"), limit=100, limitPerUser=1)
    outcomes = bought(once, [next(number for number in held if held[number])] * 20)
    assert [each.code for each in outcomes if isinstance(each, Refused)] == ["member_limit"] * 19


@only_on_postgres
def test_what_is_owed_is_leased_to_one_of_four_workers(bench: Bench, many: list[Committer]) -> None:
    """And a transaction that is rolled back owes nothing."""

    def owe(tx: Transaction, count: int = 400) -> bool:
        for at in range(count):
            deliveries.owe(
                tx, bench.tenant_id, kind="mail", target=f"{at}@a.b", subject="s", body="b"
            )
        return True

    def fails(tx: Transaction) -> bool:
        owe(tx)
        raise Aborted

    with pytest.raises(Aborted):
        bench.committer.work(fails)
    bench.committer.work(owe)
    leased: list[Any] = []
    settled: list[Any] = []

    def work(committer: Committer) -> None:
        while found := committer.run([commands.LeaseDeliveries(0, 0, 25)])[0]:
            leased.extend(found)
            for each in found:
                done = commands.SettleDelivery(
                    each.tenant_id, 0, each.delivery_id, each.fence, "delivered"
                )
                settled.extend(committer.run([done, done]))

    in_threads(*(lambda each=each: work(each) for each in many[:4]))
    assert len(leased) == len({each.delivery_id for each in leased}) == 400
    assert {each.attempt for each in leased} == {1}
    assert settled.count(True) == settled.count(False) == 400


@only_on_postgres
def test_a_key_is_taken_out_of_use_once(bench: Bench, many: list[Committer]) -> None:
    """Two who both find it in use take turns; the second is told that it is not."""
    made = bench.do(commands.CreateKey(bench.tenant_id, 0, "conscent"))
    revoke = commands.RevokeKey(0, 0, made.key_id)
    first, second = many[:2]
    asked = second.writer.one
    outcomes: list[Any] = []

    def overtaken(query: str, /, **values: Any) -> Any:
        found = asked(query, **values)
        if query == "key" and not outcomes:
            outcomes.append(None)
            outcomes[:] = first.run([revoke])
        return found

    second.writer.one = overtaken  # type: ignore[method-assign]
    outcomes += second.run([revoke])
    assert [getattr(each, "code", None) for each in outcomes] == [None, "unknown_key"]


@only_on_postgres
def test_a_tenant_somebody_has_locked_is_waited_for_once_and_then_briefly(
    bench: Bench, many: list[Committer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All other tenants of that committer wait as well meanwhile, and so does background work."""
    tenants = (bench.tenant_id, bench.tenant("b"))
    mixed = [ingest(tenant_id, ["ann"]) for tenant_id in tenants * 3]
    committer = many[0]
    writer = committer.writer
    writer.open().execute("SET lock_timeout = 50")
    begun: list[bool] = []
    begin, asked = writer.begin, writer.one
    locked: list[int] = []

    def one(query: str, /, **values: Any) -> Any:
        if query == "lock_head":
            locked.append(values["tenant_id"])
        return asked(query, **values)

    def noted(*, patient: bool = True) -> None:
        begun.append(patient)
        begin(patient=patient)

    monkeypatch.setattr(writer, "begin", noted)
    monkeypatch.setattr(writer, "one", one)

    def codes() -> list[str | None]:
        begun.clear()
        locked.clear()
        return [getattr(each, "code", None) for each in committer.run(mixed)]

    bench.committer.writer.begin()
    bench.committer.writer.one("lock_head", tenant_id=bench.tenant_id)
    assert codes() == ["store_busy", None] * 3
    assert (begun, locked) == ([True, True], list(tenants))
    assert codes() == ["store_busy", None] * 3
    assert begun == [False, True]
    begun.clear()
    with pytest.raises(StoreBusy):
        committer.work(lambda tx: bool(tx.head(bench.tenant_id)), bench.tenant_id)
    assert begun == [False]
    bench.committer.writer.rollback()
    assert codes() == [None] * 6
    assert codes() == [None] * 6
    assert begun == [True, True]


@only_on_postgres
def test_nobody_waits_to_log_in_for_another_tenants_expired_logins(
    bench: Bench, many: list[Committer]
) -> None:
    """Who makes a tenant's state again has its log-ins locked until that is done."""
    now, other = bench.clock.now(), bench.tenant("b")

    def login(tenant_id: int, name: bytes, expires_at: int) -> commands.RecordLogin:
        return commands.RecordLogin(tenant_id, 0, "admin", "someone", name, expires_at)

    bench.do(login(bench.tenant_id, b"old", now + 1))
    bench.clock.moment += 2
    many[0].writer.open().execute("SET lock_timeout = 50")

    def rebuild_meanwhile(tx: Transaction) -> bool:
        tx.rows.run("clear_refresh_tokens", tenant_id=bench.tenant_id)
        assert many[0].run([login(other, b"new", now + SECOND)]) == [None]
        return True

    assert bench.committer.work(rebuild_meanwhile)


@only_on_postgres
def test_what_is_owed_is_leased_though_somebody_holds_the_tenants_head(
    bench: Bench, many: list[Committer]
) -> None:
    """Who holds it may be forgetting a member, and then waits for what is leased."""
    number = bench.member(("external", "ann"))

    def owe(tx: Transaction) -> bool:
        owed = {"target": "https://a.b/", "subject": "s", "body": "b", "number": number}
        deliveries.owe(tx, bench.tenant_id, kind="webhook", **owed)
        return True

    bench.committer.work(owe)

    def lease_meanwhile(tx: Transaction) -> bool:
        tx.head(bench.tenant_id)
        (leased,) = many[0].run([commands.LeaseDeliveries(0, 0, 10)])
        assert [each.kind for each in leased] == ["webhook"]
        deliveries.forget(tx, bench.tenant_id, number=number)
        return True

    assert bench.committer.work(lease_meanwhile)


@only_on_postgres
def test_eight_committers_that_make_tenants_and_keys_at_once_all_get_their_own(
    bench: Bench, many: list[Committer]
) -> None:
    """Ids that belong to no tenant are under no tenant's lock: who is too late looks again."""
    tenants: list[Any] = []
    keys: list[Any] = []
    administrators: list[Any] = []

    def make(committer: Committer, at: int) -> None:
        for turn in range(3):
            (made,) = committer.run([commands.CreateTenant(0, 0, f"t{at}-{turn}", "T")])
            tenants.append(made)
            keys.extend(committer.run([commands.CreateKey(made, 0, "native")]))
            named = commands.CreateAdministrator(made, 0, f"name{turn}", "hash")
            administrators.extend(committer.run([named]))

    in_threads(*(lambda each=each, at=at: make(each, at) for at, each in enumerate(many)))
    assert sorted(tenants) == list(range(2, 2 + WRITERS * 3))
    assert sorted(each.key_id for each in keys) == list(range(1, 1 + WRITERS * 3))
    refused = [each for each in administrators if not isinstance(each, str)]
    assert len(refused) == (WRITERS - 1) * 3
    assert {each.code for each in refused} == {"administrator_exists"}


@only_on_postgres
@pytest.mark.usefixtures("small_blocks")
def test_eight_workers_with_their_background_work_store_each_event_once(
    bench: Bench,
) -> None:
    """As served: each worker has a committer on a thread, and any of them may pack the journal."""
    number = bench.member(("external", "m"))
    clock = SystemClock()
    store = bootstrap.open_store(bench.config, clock, pytest.fail)

    async def send() -> list[commands.Ingested]:
        workers = [
            InlineCommitter(Committer(store, clock, bench.vault), Upkeep()) for _ in range(WRITERS)
        ]
        turns = [ingest(bench.tenant_id, ["m"] * 3) for _ in range(25)]
        answers = await asyncio.gather(*(each.submit(turn) for each in workers for turn in turns))
        for each in workers:
            each.settle()
        for each in workers:
            await each.close()
        return answers

    answers = asyncio.run(send())
    total = WRITERS * 25 * 3
    assert sorted(each.first_position for each in answers) == list(range(1, total, 3))
    found = bench.ask(
        lambda rows: (
            activities.page(rows, bench.tenant_id, offset=0, limit=10_000, number=number),
            activities.after(rows, bench.tenant_id, position=0, limit=10_000),
            activities.indexed(rows, bench.tenant_id),
        )
    )
    assert found[0] == found[1]
    assert len(found[0]) == total
    assert found[2] > total // 2
