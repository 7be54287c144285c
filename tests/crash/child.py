"""A process that is meant to be killed: it works on a store and says what was acknowledged.

`python -m crash.child {"work": NAME, "path": FILE, ...}` with `GUERDON_FAULT` in its environment;
`run` starts one and waits for its end. What it was doing can be made again here from its seed.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from crash import small
from crash.workload import SECRET_KEY, Partner, TickingClock, Workload, deletion
from guerdon.clock import DAY
from guerdon.engine.commands import CreateTenant, Ingest, LeaseDeliveries, RebuildState
from guerdon.engine.commands.erasure import DeleteMember
from guerdon.engine.committer import Committer
from guerdon.store.sqlite.store import SqliteStore
from guerdon.store.vault import Vault

TESTS = Path(__file__).resolve().parents[1]
TENANT = 1
BATCH_EVENTS = 100


class Ended:
    """How a child ended: what it said, and whether it was killed."""

    def __init__(self, process: subprocess.CompletedProcess[str]) -> None:
        assert process.returncode in (0, -signal.SIGKILL), process.stderr[-2_000:]
        self.was_killed = process.returncode == -signal.SIGKILL
        self.said = [json.loads(line) for line in process.stdout.splitlines()]


def run(work: str, path: Path, *, fault: str = "", **options: Any) -> Ended:
    """Start a child and wait for its end; `fault` is where it dies."""
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])}
    environ.pop("GUERDON_FAULT", None)
    if fault:
        environ["GUERDON_FAULT"] = fault
    order = json.dumps({"work": work, "path": str(path), **options})
    command = [sys.executable, "-m", "crash.child", order]
    return Ended(subprocess.run(command, env=environ, capture_output=True, text=True, check=False))


def committer(path: Path, *, later_seconds: int = 0) -> Committer:
    """The real committer on a file, with a clock that may stand later than another's."""
    clock = TickingClock(1)
    clock.jump(later_seconds * 1_000_000)
    return Committer(SqliteStore(path, clock), clock, Vault(SECRET_KEY, clock))


def batches(seed: int, count: int) -> Iterator[Ingest]:
    """The batches a child sends; every second one can be sent again."""
    partner = Partner(seed, first_tag=seed * 1_000)
    for number in range(count):
        yield partner.batch(TENANT, BATCH_EVENTS, has_key=number % 2 == 0)


def prepare(path: Path) -> None:
    """A store with one tenant."""
    SqliteStore(path, TickingClock(0)).migrate()
    made = committer(path)
    assert made.run([CreateTenant(0, 0, "demo", "Demo")]) == [TENANT]
    made.close()


# --- what a child does ---------------------------------------------------------------------------


def _send(path: Path, order: dict[str, Any]) -> None:
    """Send batches one after another; each answer is said as soon as it came."""
    made = committer(path)
    for batch in batches(order["seed"], order["count"]):
        answer = made.run([batch])[0]
        _say([answer.first_position, answer.count])


def _index(path: Path, order: dict[str, Any]) -> None:
    """Let the background work catch up with what has been stored."""
    workload = Workload(SqliteStore(path, TickingClock(2)), 2)
    workload.settle()
    _say("settled")


def _later(path: Path, order: dict[str, Any]) -> None:
    """Let the background work find that some days have passed."""
    clock = TickingClock(2)
    clock.jump(order["days"] * DAY)
    Workload(SqliteStore(path, clock), 2, clock=clock).settle()
    _say("settled")


def _rebuild(path: Path, order: dict[str, Any]) -> None:
    """Make the tenant's state again."""
    _say(committer(path).run([RebuildState(TENANT, 0)])[0].decisions)


def _delete(path: Path, order: dict[str, Any]) -> None:
    """Take out what is doomed, and let the background work remove it."""
    workload = Workload(SqliteStore(path, TickingClock(2)), 2)
    workload.send([deletion(TENANT)])
    _say("started")
    workload.settle()
    _say("settled")


def _forget(path: Path, order: dict[str, Any]) -> None:
    """Forget a member, and seek out what is left of them."""
    workload = Workload(SqliteStore(path, TickingClock(2)), 2)
    workload.send([DeleteMember(TENANT, 0, order["number"])])
    _say("forgotten")
    workload.settle()
    _say("settled")


def _migrate(path: Path, order: dict[str, Any]) -> None:
    _say(SqliteStore(path, TickingClock(0)).migrate())


def _lease(path: Path, order: dict[str, Any]) -> None:
    """Take what is due, and die with it."""
    made = committer(path, later_seconds=order["later_seconds"])
    leased = made.run([LeaseDeliveries(0, 0, 10)])[0]
    _say([[each.delivery_id, each.attempt, each.fence] for each in leased])
    os.kill(os.getpid(), signal.SIGKILL)


def _say(word: Any) -> None:
    print(json.dumps(word), flush=True)


WORK: dict[str, Callable[[Path, dict[str, Any]], None]] = {
    "send": _send,
    "index": _index,
    "later": _later,
    "rebuild": _rebuild,
    "delete": _delete,
    "forget": _forget,
    "migrate": _migrate,
    "lease": _lease,
}


def main() -> None:
    """Do what was ordered."""
    order = json.loads(sys.argv[1])
    small.shrink(setattr)
    WORK[order["work"]](Path(order["path"]), order)


if __name__ == "__main__":
    main()
