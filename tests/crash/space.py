"""What a store does without space: says so, goes on answering, and goes on when there is some.

`run` is called in process (on a small file system) and as a program of its own (under a limit on
the size of files, which a process sets for itself).
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from crash import oracle
from crash.workload import TickingClock, Workload
from guerdon import errors
from guerdon.store.sqlite.store import SqliteStore

_SENDS_MAX = 2_000
_ROOM_BYTES = 200_000


def run(path: Path, *, take: Callable[[], None], give: Callable[[], None]) -> dict[str, Any]:
    """Fill the store at `path` until there is no room; what everybody was told.

    take: leaves only a little room. give: makes room again.
    """
    store = SqliteStore(path, TickingClock(5))
    store.migrate()
    workload = Workload(store, 5)
    workload.make_tenants(2)
    workload.run(3)
    take()
    while len(workload.ledger) < _SENDS_MAX and not _full(workload):
        workload.run(1)
    told = _full(workload)
    # Readers are answered, and see all that was acknowledged.
    oracle.examine(store, workload.ledger)
    large = workload.batch(workload.tenants[0], 100, has_key=True)
    still = [workload.send([large])[0].answer for _ in range(3)]
    workload.ledger[-3:] = []
    give()
    # The same writer, not opened again, takes what it could not take before: once.
    first = workload.send([large])[0].answer
    second = workload.committer.run([large])[0]
    workload.run(5)
    oracle.examine(store, workload.ledger)
    workload.committer.close()
    oracle.examine_reopened(path, workload.ledger, at=oracle.EVERYTHING)
    return {
        "told": sorted({each.code for each in told}),
        "still": [getattr(each, "code", "stored") for each in still],
        "replayed": [first.replayed, second.replayed],
        "stored_after": sum(each.is_acknowledged for each in workload.ledger[-5:]),
    }


def _full(workload: Workload) -> list[errors.StoreError]:
    return [sent.answer for sent in workload.ledger if isinstance(sent.answer, errors.StoreError)]


def main() -> None:
    """Fill a store under a limit on the size of its files."""
    path = Path(sys.argv[1])
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def take() -> None:
        size = path.with_name(path.name + "-wal").stat().st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + _ROOM_BYTES, hard))

    def give() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))

    print(json.dumps(run(path, take=take, give=give)))


if __name__ == "__main__":
    main()
