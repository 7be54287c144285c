"""Levels and segments: what a change costs must not depend on how many members there are."""

from __future__ import annotations

from statistics import fmean

from bench import process
from bench.figure import Figure, Goal, measured
from bench.session import Session

SAME = Goal(at_most=1.5)
fewer = 1_000, 10_000
many = 100_000
many_quick = 30_000
changes = 200
repeats_min = 5
kinds = {
    "levels": "members given the points for the next level",
    "segments": "members whose purchase brings them into a segment",
}


def run(session: Session) -> list[Figure]:
    """The same changes among many members, and among fewer."""
    repeats = max(repeats_min, session.repeats)
    most = many_quick if session.quick else many
    told = {members: spent(session, members, repeats) for members in (*fewer, most)}
    return [
        measured(
            f"upkeep of {kind}, {most:,} members / {members:,}",
            told[most][kind] / told[members][kind],
            SAME,
            f"{changes} {what}: {told[members][kind] * 1e6:.0f} us each among {members:,} members,"
            f" {told[most][kind] * 1e6:.0f} us among {most:,}; processor time with all that"
            f" follows, the mean of {repeats}",
        )
        for kind, what in kinds.items()
        for members in fewer
    ]


def spent(session: Session, members: int, repeats: int) -> dict[str, float]:
    """Seconds of the processor a change of each kind takes among so many members.

    The mean of all turns: the log's pages are moved in some of them, for all.
    """
    options = {"members": members, "changes": changes, "repeats": repeats}
    with session.scratch() as folder:
        told = process.run_module(
            "programme", {"workload": "upkeep", "folder": str(folder), **options}
        )
    return {kind: fmean(each["cpu_seconds"] for each in told[kind]) / changes for kind in kinds}
