"""Every question about activities is answered as by looking at all of them.

It is asked at every step of a random history: while they arrive, are packed, hidden and removed.
"""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from conformance.stores import START, Bench
from guerdon.clock import SECOND
from guerdon.engine import commands, deletions
from guerdon.followers import index
from guerdon.store import activities
from guerdon.store.memory import MemoryJournal

TYPES = ("seen", "heard", "told", "never")
MEMBERS = 150  # two buckets


class History:
    """One tenant's journal on an engine, and the oracle's; every step is done to both."""

    def __init__(self, bench: Bench, seed: int, batch_max: int) -> None:
        self.bench = bench
        self.random = random.Random(seed)
        self.oracle = MemoryJournal()
        self.batch_max = batch_max
        self.follower = index.IndexFollower(bench.tenant_id)
        for name in TYPES:
            bench.do(commands.AddActivityType(bench.tenant_id, 0, name))
        self.version = self._version()

    def append(self) -> None:
        size = self.random.randint(1, self.batch_max)
        self.bench.clock.moment += self.random.randint(0, 3) * SECOND
        rows = tuple(self._row() for _ in range(size))
        stored = self.bench.do(
            commands.Append(self.bench.tenant_id, 7, self.version, rows, None, False)
        )
        now = self.bench.clock.moment
        first = self.oracle.append(
            [
                (kind, number, now if time is None else time, now, 7, data)
                for kind, number, time, data in rows
            ]
        )
        assert (stored.first_position, stored.count) == (first, size)

    def delete(self, *, depth: int = 0) -> None:
        kind, first, last = self.kind(), self.time(), self.time()
        # The name may mean another type by the time the committer reads it.
        counted = kind if self.random.random() < 0.9 else self.kind()
        (counted_until, counts), newest = self.bench.ask(
            lambda rows: (
                activities.range_counts(rows, self.bench.tenant_id, counted, first, last),
                activities.newest_deletion(rows, self.bench.tenant_id),
            )
        )
        for _ in range(self.random.choice((0, 0, 1, 3))):
            self.random.choice((self.append, self.pack, self.remove))()
        if depth == 0 and self.random.random() < 0.3:
            self.delete(depth=1)
        started = self.bench.do(
            commands.DeleteActivities(
                self.bench.tenant_id,
                0,
                TYPES[kind - 1],
                first,
                last,
                None,
                counted_until=counted_until,
                counted_deletion=newest,
                counts=counts,
                counted_type=counted,
            )
        )
        assert started.deleted == self.oracle.delete(kind, first, last)
        self.version = self._version()

    def pack(self) -> None:
        self.bench.committer.work(lambda tx: self.follower.slice(tx, tail_rows=0, tail_rows_min=1))

    def remove(self) -> None:
        self.bench.committer.work(lambda tx: deletions.remove_some(tx, self.bench.tenant_id))

    def kind(self) -> int:
        return self.random.randint(1, len(TYPES))

    def time(self) -> int:
        return START + self.random.randint(-40, 40) * SECOND

    def _row(self) -> tuple[int, int, int | None, str | None]:
        kind = min(self.random.choice((1, 1, 1, 2, 3)), len(TYPES) - 1)
        time = self.time() if self.random.random() < 0.7 else None
        data = f'{{"n":{self.random.randint(0, 9)}}}' if self.random.random() < 0.5 else None
        return kind, self.random.randint(1, MEMBERS), time, data

    def _version(self) -> int:
        row = self.bench.ask(lambda rows: rows.one("head", tenant_id=self.bench.tenant_id))
        return int(row[6]) if row else 0

    def step(self) -> None:
        choices: list[tuple[int, Callable[[], None]]] = [
            (6, self.append),
            (1, self.delete),
            (8, self.pack),
            (3, self.remove),
        ]
        weights = [weight for weight, _ in choices]
        self.random.choices([step for _, step in choices], weights)[0]()

    def check(self) -> None:
        """Ask a question of each kind, with every combination of its filters."""
        tenant_id, oracle, pick = self.bench.tenant_id, self.oracle, self.random
        number, kind = pick.randint(1, MEMBERS), self.kind()
        limit = pick.choice((1, 3, 25, 100))
        position = pick.randint(0, oracle.last_position + 2)
        offset = pick.randint(0, oracle.count() + 2)
        first, last = self.time(), self.time()

        def compare(rows: object) -> None:
            ask = activities
            assert ask.get(rows, tenant_id, position) == oracle.get(position)
            assert ask.count(rows, tenant_id) == oracle.count()
            assert ask.latest(rows, tenant_id, number) == oracle.latest(number)
            for filters in ({}, {"number": number}, {"type_id": kind}):
                self._pages(rows, position, offset, limit, filters)
            self._pages(rows, position, offset, limit, {"number": number, "type_id": kind})
            self._pages(rows, position, pick.randint(0, 5), limit, {"number": number})
            span = {"after_time": first, "after": position, "until_time": last, "limit": limit}
            assert ask.by_time(rows, tenant_id, kind, **span) == oracle.by_time(kind, **span)
            indexed, counts = ask.range_counts(rows, tenant_id, kind, first, last)
            assert counts == oracle.range_counts(kind, first, last, indexed)

        self.bench.ask(compare)

    def _pages(
        self, rows: object, position: int, offset: int, limit: int, filters: dict[str, int]
    ) -> None:
        tenant_id = self.bench.tenant_id
        found = activities.after(rows, tenant_id, position=position, limit=limit, **filters)
        assert found == self.oracle.after(position=position, limit=limit, **filters), filters
        found = activities.page(rows, tenant_id, offset=offset, limit=limit, **filters)
        assert found == self.oracle.page(offset=offset, limit=limit, **filters), filters


@pytest.mark.usefixtures("small_blocks")
def test_every_question_is_answered_as_by_looking_at_everything(bench: Bench) -> None:
    history = History(bench, 0, batch_max=40)
    for _ in range(120):
        history.step()
        history.check()


@pytest.mark.slow
@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("seed", range(100, 103))
def test_every_question_of_a_long_history(bench: Bench, seed: int) -> None:
    history = History(bench, seed, batch_max=30)
    for _ in range(400):
        history.step()
        history.check()


@pytest.mark.slow
def test_every_question_with_batches_of_ten_thousand(bench: Bench) -> None:
    history = History(bench, 0, batch_max=10_000)
    for _ in range(20):
        history.step()
        for _ in range(5):
            history.check()
    assert history.oracle.last_position > 3 * activities.BLOCK_POSITIONS
