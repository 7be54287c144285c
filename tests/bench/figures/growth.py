"""Appending to ten million activities, against appending to a hundred thousand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from bench import process
from bench.figure import Figure, Goal, alternate, measured, median, short, spread
from bench.journal import Journal, group_batches, open_journal
from bench.session import Session

GROWTH = Goal(at_least=0.8)
MEMBER = Goal(at_most=2.0)
stretch_rows = 360_000  # three of them pass a merge of packs


def run(session: Session) -> list[Figure]:
    """Stretches of both in turn; the big one goes on growing, the small one begins anew."""
    journal = open_journal(session)
    with session.scratch() as folder:
        big = journal.copy(journal.big, folder / "big")
        smalls, bigs = alternate(
            session.repeats,
            lambda: small_stretch(journal, folder),
            lambda: stretch(journal, big),
        )
        alone = stretch(journal, big, batches=1)
    small_rate, rate = (median([each["per_second"] for each in them]) for them in (smalls, bigs))
    rates = [each["per_second"] for each in bigs]
    tail = max(each["tail_max"] for each in bigs)
    own = f"one batch a group: {course(alone)}"
    return [
        measured(
            f"append rate at {short(session.rows)} rows / at 100k",
            rate / small_rate,
            GROWTH,
            f"{short(rate)} rows/s ({spread(rates)}) and {short(small_rate)} rows/s at 100k,"
            f" packing included; {group_batches} batches a group: {course(bigs[-1])}; {own}",
        ),
        measured(
            "by-member page while ingest runs, p99 ms",
            max(each["reads"]["member"]["p99"] for each in bigs),
            MEMBER,
            f"in the store, members' first 25; up to {tail:,} rows not packed yet; {own}",
        ),
    ]


def course(told: dict[str, Any]) -> str:
    """How one stretch went."""
    reads = ", ".join(
        f"{kind} {each['p50']:.2f}/{each['p99']:.2f}" for kind, each in told["reads"].items()
    )
    return (
        f"{short(told['per_second'])} rows/s, commits p99 {told['group_p99_ms']:.1f} max"
        f" {told['group_max_ms']:.1f} ms, tail up to {told['tail_max']:,} rows, reads in place"
        f" p50/p99 ms: {reads}"
    )


def small_stretch(journal: Journal, folder: Path) -> dict[str, Any]:
    """A stretch from a hundred thousand rows on."""
    return stretch(journal, journal.copy(journal.small, fresh(folder / "small")))


def stretch(journal: Journal, folder: Path, *, batches: int = group_batches) -> dict[str, Any]:
    """Append a stretch in a child."""
    told: dict[str, Any] = process.run_module(
        "growth",
        {
            "folder": str(folder),
            "facts": msgspec.to_builtins(journal.facts),
            "rows": stretch_rows,
            "batches": batches,
        },
    )
    return told


def fresh(folder: Path) -> Path:
    """The folder's name, with nothing there any more."""
    for file in folder.glob("*") if folder.exists() else ():
        file.unlink()
    if folder.exists():
        folder.rmdir()
    return folder
