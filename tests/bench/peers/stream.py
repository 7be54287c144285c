"""Python `eventsourcing` on SQLite, called in process: its own application recorder, as shipped.

Each call stores new versions of one aggregate among many, durably (its default: write-ahead log,
full sync). Run as `python -m bench.peers.stream OPTIONS`:
{"folder": scratch, "seconds": 1.0, "group": 1 | 100, "state": text of one event}.
"""

from __future__ import annotations

import itertools
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from eventsourcing.persistence import StoredEvent
from eventsourcing.sqlite import SQLiteFactory

aggregates = 10_000
NAMESPACE = UUID(int=1)


def stored_events(state: bytes) -> Iterator[StoredEvent]:
    """Events of many aggregates in turn, each with its next version."""
    names = [uuid5(NAMESPACE, str(number)) for number in range(aggregates)]
    for version in itertools.count(1):
        for name in names:
            yield StoredEvent(name, version, "bench:Activity", state)


def run(options: dict[str, Any]) -> dict[str, Any]:
    """Insert groups until the time is up; making the events is not counted."""
    file = Path(options["folder"]) / "stream.db"
    for suffix in ("", "-wal", "-shm"):
        Path(f"{file}{suffix}").unlink(missing_ok=True)
    factory = SQLiteFactory(
        {"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(file)}
    )
    recorder = factory.application_recorder()
    events = stored_events(options["state"].encode())
    spent, rows = 0.0, 0
    while spent < options["seconds"]:
        group = list(itertools.islice(events, options["group"]))
        before = time.perf_counter()
        recorder.insert_events(group)
        spent += time.perf_counter() - before
        rows += len(group)
    factory.close()
    return {"per_second": rows / spent, "rows": rows}


if __name__ == "__main__":
    print(json.dumps(run(json.loads(sys.argv[1]))))
