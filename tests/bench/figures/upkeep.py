"""Levels and segments: what a change costs must not depend on how many members there are."""

from __future__ import annotations

from statistics import fmean

from bench import process
from bench.figure import Figure, Goal, measured
from bench.session import Session

SAME = Goal(at_most=1.5)
few = 10_000  # of fewer, most share pages that change anyway
many = 100_000
many_quick = 30_000
changes = 200
repeats_min = 5
kinds = {
    "levels": "members given the points for the next level",
    "segments": "members whose purchase brings them into a segment",
}


def run(session: Session) -> list[Figure]:
    """The same changes among few members and among many."""
    repeats = max(repeats_min, session.repeats)
    sizes = few, many_quick if session.quick else many
    told = {}
    for members in sizes:
        with session.scratch() as folder:
            told[members] = process.run_module(
                "programme",
                {
                    "workload": "upkeep",
                    "folder": str(folder),
                    "members": members,
                    "changes": changes,
                    "repeats": repeats,
                },
            )
    figures = []
    for kind, what in kinds.items():
        among = [
            # The mean, since the log's pages are moved in some of them, for all.
            fmean([each["cpu_seconds"] for each in told[size][kind]]) / changes
            for size in sizes
        ]
        figures.append(
            measured(
                f"upkeep of {kind}, {sizes[1]:,} members / {sizes[0]:,}",
                among[1] / among[0],
                SAME,
                f"{changes} {what}: {among[0] * 1e6:.0f} us each among {sizes[0]:,} members,"
                f" {among[1] * 1e6:.0f} us among {sizes[1]:,}; processor time with all that"
                f" follows, the mean of {repeats}",
            )
        )
    return figures
