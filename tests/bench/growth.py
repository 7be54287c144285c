"""How fast the committer appends to a journal as it stands, background work and reads in place.

Run as `python -m bench.growth OPTIONS`: {"folder": data folder that may be written to, "facts":
the journal's, "rows": to append, "batches": of a hundred rows in a group}.
Prints {"rows", "per_second", "group_p99_ms", "group_max_ms", "tail_max", "reads": {kind: {...}}}.

A group is committed, then the store's upkeep and one slice of background work run, as in the
server. Whatever the background work has left undone at the end is done before the clock stops, so
the rate is of activities stored *and* packed. Reads are asked between groups; their time does not
count, and nor does making the rows ready.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from bench.driver import Driver, Source, began_at, seconds_of, step
from bench.figure import summary
from bench.journal import Facts, batch_events
from guerdon.store import activities
from guerdon.store.port import Reader, Rows

reads_every_rows = 4_000
member_rows, type_rows = 25, 100
Question = Callable[[Rows], object]


class Reads:
    """Questions asked while the journal grows, and how long each kind took, in milliseconds."""

    def __init__(self, reader: Reader, facts: Facts) -> None:
        self.reader = reader
        self.facts = facts
        self.dice = random.Random(9)
        self.taken: dict[str, list[float]] = {"member": [], "type": [], "type_and_time": []}

    def ask(self, last: int) -> None:
        """One question of each kind."""
        for kind, question in self.questions(last).items():
            self.taken[kind].append(seconds_of(lambda ask=question: self.reader.ask(ask)) * 1e3)

    def questions(self, last: int) -> dict[str, Question]:
        """A random member's first page; a page of a type from anywhere, by position and by time."""
        tenant_id, dice = self.facts.tenant_id, self.dice
        number = dice.randint(1, self.facts.members)
        type_id, start = dice.choice(self.facts.types), dice.randrange(last)
        since = began_at + start * step
        return {
            "member": lambda rows: activities.after(
                rows, tenant_id, position=0, limit=member_rows, number=number
            ),
            "type": lambda rows: activities.after(
                rows, tenant_id, position=start, limit=type_rows, type_id=type_id
            ),
            "type_and_time": lambda rows: activities.by_time(
                rows, tenant_id, type_id, after_time=since, limit=type_rows
            ),
        }


def grow(driver: Driver, source: Source, reads: Reads, *, rows: int, batches: int) -> Any:
    """Append `rows` activities and pack what was appended."""
    tenant_id = source.tenant_id
    groups: list[float] = []
    spent, tail_max, next_reads = 0.0, 0, 0
    tail_before = driver.tail(tenant_id)
    until = source.position + rows
    while source.position < until:
        ready = source.group(batches, batch_events)
        began = time.perf_counter()
        driver.commit(ready)
        groups.append(time.perf_counter() - began)
        driver.between(busy=True)
        spent += time.perf_counter() - began
        if source.position >= next_reads:
            next_reads = source.position + reads_every_rows
            tail_max = max(tail_max, driver.tail(tenant_id))
            reads.ask(source.position)
    left = max(0, driver.tail(tenant_id) - max(tail_before, activities.BLOCK_POSITIONS))
    spent += seconds_of(driver.catch_up)
    return {
        "rows": rows,
        "per_second": rows / spent,
        "seconds": spent,
        "packed_afterwards": left,
        "group_p99_ms": summary([each * 1e3 for each in groups])["p99"],
        "group_max_ms": max(groups) * 1e3,
        "tail_max": tail_max,
        "reads": {kind: summary(taken) for kind, taken in reads.taken.items()},
    }


def run(options: dict[str, Any]) -> dict[str, Any]:
    """Measure one stretch."""
    facts = msgspec.convert(options["facts"], Facts)
    driver = Driver(Path(options["folder"]))
    reader = driver.store.reader()
    try:
        start = driver.last(facts.tenant_id)
        source = Source(facts.tenant_id, facts.version, facts.types, facts.members, start)
        driver.catch_up()
        told: dict[str, Any] = grow(
            driver,
            source,
            Reads(reader, facts),
            rows=options["rows"],
            batches=options["batches"],
        )
        return told
    finally:
        reader.close()
        driver.close()


if __name__ == "__main__":
    print(json.dumps(run(json.loads(sys.argv[1]))))
