"""Background work by several processes is done once, whoever's turn it is."""

from __future__ import annotations

import pytest

from conformance.stores import Bench, committers, ingest, only_on_postgres
from conformance.test_activities import History
from guerdon import limits
from guerdon.clock import SECOND
from guerdon.engine import commands
from guerdon.engine.committer import Committer
from guerdon.errors import StoreBusy
from guerdon.followers.background import Upkeep
from guerdon.followers.lease import Lease
from guerdon.store import activities
from guerdon.store.transaction import Transaction

LEASE = limits.upkeep_lease_seconds * SECOND


class Shared(History):
    """A history whose background work is done by two processes, each when it comes by."""

    def __init__(self, bench: Bench, seed: int, other: Committer) -> None:
        super().__init__(bench, seed, batch_max=40)
        self._processes = [(bench.committer, Upkeep()), (other, Upkeep())]

    def pack(self) -> None:
        if self.random.random() < 0.1:
            # The one who holds the lease falls silent, perhaps in the middle of a batch.
            self.bench.clock.moment += LEASE + 1
        for committer, upkeep in self.random.choices(self._processes, k=6):
            upkeep.refresh()
            upkeep.slice(committer, busy=False)

    remove = pack


@only_on_postgres
@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("seed", range(3))
def test_two_processes_that_take_turns_lose_and_double_nothing(bench: Bench, seed: int) -> None:
    with committers(bench, 1) as (other,):
        history = Shared(bench, seed, other)
        for _ in range(100):
            history.step()
            history.check()
        assert bench.ask(lambda rows: activities.indexed(rows, bench.tenant_id)) > 100


@only_on_postgres
def test_one_process_at_a_time_holds_a_tenants_lease(bench: Bench) -> None:
    first, second = Lease(bench.tenant_id), Lease(bench.tenant_id)
    with committers(bench, 1) as (other,):
        assert bench.committer.work(first.take)
        assert not other.work(second.take)
        bench.clock.moment += LEASE - 1
        assert bench.committer.work(first.keep)
        bench.clock.moment += LEASE - 1
        assert not other.work(second.take)
        bench.clock.moment += 2
        assert other.work(second.take)
        assert not bench.committer.work(first.keep)
        assert not first.held
        assert not bench.committer.work(first.take)
        assert other.work(second.keep)


@only_on_postgres
def test_a_lease_of_which_it_is_not_known_whether_it_was_stored_is_left_alone(
    bench: Bench,
) -> None:
    lease = Lease(bench.tenant_id)
    bench.committer.work(lease.take)

    def fails(tx: Transaction) -> bool:
        lease.keep(tx)
        raise StoreBusy

    with pytest.raises(StoreBusy):
        bench.committer.work(fails)
    lease.let_go()
    assert not bench.committer.work(lease.take)
    bench.clock.moment += LEASE
    assert bench.committer.work(lease.take)
    assert bench.committer.work(lease.keep)


def test_one_mail_is_owed_for_a_deletion(bench: Bench) -> None:
    bench.do(ingest(bench.tenant_id, ["m"] * 10))
    moment = bench.clock.moment
    bench.do(
        commands.DeleteActivities(
            bench.tenant_id, 0, "seen", moment, moment, notify_to="a@example.com"
        )
    )
    bench.settle()
    bench.settle()
    owed = bench.ask(
        lambda rows: rows.all("deliveries", tenant_id=bench.tenant_id, before=2**62, limit=9)
    )
    assert [(row[1], row[2]) for row in owed] == [("mail", "a@example.com")]
