"""Pages and totals of a journal of ten million activities, timed in the store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench import process
from bench.figure import Figure, Goal, alternate, measured, median
from bench.journal import Journal, open_journal
from bench.session import Session

DEPTH = Goal(at_most=1.2)
MEMBER = Goal(at_most=2.0)
TOTAL = Goal(at_most=1.2)
KINDS = {
    "pages": "page by position",
    "numbered": "page by number",
    "of_type": "page of a type by position",
    "numbered_of_type": "page of a type by number",
}
first, deep = "0", "0.99"


def run(session: Session) -> list[Figure]:
    """The kept journals are only read."""
    journal = open_journal(session)
    smalls, bigs = alternate(
        session.repeats,
        lambda: reads(journal, journal.small),
        lambda: reads(journal, journal.big),
    )
    member = {name: median([each["member"][name] for each in bigs]) for name in ("p50", "p99")}
    totals = [median([each["total_ms"] for each in them]) for them in (smalls, bigs)]
    return [
        *depth_figures(bigs, ""),
        measured(
            "by-member page in the store, p99 ms",
            member["p99"],
            MEMBER,
            f"p50 {member['p50']:.2f} ms; members' first 25 of {bigs[0]['rows']:,} activities,"
            f" {bigs[0]['tail']:,} of them not packed yet",
        ),
        measured(
            "total of 10M / of 100k",
            totals[1] / totals[0],
            TOTAL,
            f"{totals[1] * 1e3:.1f} us and {totals[0] * 1e3:.1f} us",
        ),
    ]


def depth_figures(told: list[dict[str, Any]], when: str) -> list[Figure]:
    """Each kind of page, deep by shallow."""
    figures = []
    for kind, name in KINDS.items():
        times = {depth: median([each[kind][depth] for each in told]) for depth in told[0][kind]}
        note = ", ".join(f"{float(depth):.0%} {ms:.3f}" for depth, ms in times.items())
        ratio = times[deep] / times[first]
        figures.append(measured(f"{name}, 99 % deep / first{when}", ratio, DEPTH, f"ms: {note}"))
    return figures


def reads(journal: Journal, folder: Path) -> dict[str, Any]:
    """Every timing of one journal."""
    facts = journal.facts
    told: dict[str, Any] = process.run_module(
        "reads",
        {
            "database": str(folder / "guerdon.db"),
            "tenant_id": facts.tenant_id,
            "members": facts.members,
            "type_id": facts.types[0],
        },
    )
    return told
