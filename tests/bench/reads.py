"""Questions to the activity journal, timed in process over the store's own reader.

Run as `python -m bench.reads OPTIONS`: {"database": path, "tenant_id": 1, "members": 200000,
"type_id": 1}.
Prints {"rows", "tail", "pages": {depth: ms}, "numbered": {depth: ms}, "of_type": {depth: ms},
"numbered_of_type": {depth: ms}, "member": {"p50", "p99", "max"}, "total_ms"}; a time is the median
of many questions.
"""

from __future__ import annotations

import json
import random
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.figure import summary
from guerdon.clock import SystemClock
from guerdon.store import activities
from guerdon.store.port import Reader, Rows
from guerdon.store.sqlite.store import SqliteStore

DEPTHS = (0.0, 0.1, 0.5, 0.9, 0.99)
page_rows = 100
member_rows = 25
rounds = 300


def measure(reader: Reader, tenant_id: int, members: int, type_id: int) -> dict[str, Any]:
    """Every timing over this reader's database as it stands."""
    last = reader.ask(lambda rows: activities.last_position(rows, tenant_id))
    tail = last - reader.ask(lambda rows: activities.indexed(rows, tenant_id))
    everything = reader.ask(lambda rows: activities.count(rows, tenant_id))
    of_type = reader.ask(lambda rows: live(rows, tenant_id, type_id))
    return {
        "rows": last,
        "tail": tail,
        "pages": pages(reader, tenant_id, last, None),
        "numbered": numbered_pages(reader, tenant_id, everything, None),
        "of_type": pages(reader, tenant_id, last, type_id),
        "numbered_of_type": numbered_pages(reader, tenant_id, of_type, type_id),
        "member": summary(member_pages(reader, tenant_id, members)),
        "total_ms": total(reader, tenant_id),
    }


def live(rows: Rows, tenant_id: int, type_id: int) -> int:
    """How many activities of a type are packed."""
    row = rows.one("live_in_blocks", tenant_id=tenant_id, type_id=type_id)
    return int(row[0]) if row else 0


def pages(reader: Reader, tenant_id: int, last: int, type_id: int | None) -> dict[str, float]:
    """A page by position at each depth, the depths in turn."""

    def at(start: int) -> Callable[[Rows], object]:
        return lambda rows: activities.after(
            rows, tenant_id, position=start, limit=page_rows, type_id=type_id
        )

    return by_depth(reader, last, at)


def numbered_pages(
    reader: Reader, tenant_id: int, count: int, type_id: int | None
) -> dict[str, float]:
    """A page by number, as some wire formats want it, at each depth."""

    def at(start: int) -> Callable[[Rows], object]:
        offset = start // page_rows * page_rows
        return lambda rows: activities.page(
            rows, tenant_id, offset=offset, limit=page_rows, type_id=type_id
        )

    return by_depth(reader, count, at)


def by_depth(
    reader: Reader, last: int, at: Callable[[int], Callable[[Rows], object]]
) -> dict[str, float]:
    """The median milliseconds at each depth, near it but never the same page twice in a row."""
    dice = random.Random(7)
    taken: dict[float, list[float]] = {depth: [] for depth in DEPTHS}
    near = max(1, last // 200)
    for _ in range(rounds):
        for depth in DEPTHS:
            start = min(int(last * depth) + dice.randrange(near), last - page_rows - 1)
            taken[depth].append(milliseconds(reader, at(max(0, start))))
    return {f"{depth:g}": statistics.median(each) for depth, each in taken.items()}


def member_pages(reader: Reader, tenant_id: int, members: int) -> list[float]:
    """The first page of random members."""
    dice = random.Random(8)

    def of(number: int) -> Callable[[Rows], object]:
        return lambda rows: activities.after(
            rows, tenant_id, position=0, limit=member_rows, number=number
        )

    return [milliseconds(reader, of(dice.randint(1, members))) for _ in range(rounds)]


def total(reader: Reader, tenant_id: int) -> float:
    """How long it takes to say how many activities there are."""
    return statistics.median(
        milliseconds(reader, lambda rows: activities.count(rows, tenant_id)) for _ in range(rounds)
    )


def milliseconds(reader: Reader, question: Callable[[Rows], object]) -> float:
    """How long one question takes."""
    began = time.perf_counter()
    reader.ask(question)
    return (time.perf_counter() - began) * 1e3


def run(options: dict[str, Any]) -> dict[str, Any]:
    """Open the database for reading and measure."""
    reader = SqliteStore(Path(options["database"]), SystemClock()).reader()
    try:
        return measure(reader, options["tenant_id"], options["members"], options["type_id"])
    finally:
        reader.close()


if __name__ == "__main__":
    print(json.dumps(run(json.loads(sys.argv[1]))))
