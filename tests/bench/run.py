"""Print one row per figure and write build/bench.json.

    python tests/bench/run.py [--only NAME...] [--quick] [--rows N]

Most values are ratios of two rates measured in this run, in turn, on this machine, with the same
durability; absolute rates stand in the note. Where there is nothing to compare with (commands,
rules, expiry, imports) the value is a rate or a time and says its unit. `--quick` measures once
and shortly and leaves the big figures (10 million rows) out. Exits with 1 when a figure was
measured and does not hold.
"""

from __future__ import annotations

import argparse
import json
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

# As a script, this folder would stand first on the path and its `profile` hide Python's own.
sys.path[0] = str(Path(__file__).resolve().parents[1])

from bench import figure  # noqa: E402
from bench.figure import Figure  # noqa: E402
from bench.figures import (  # noqa: E402
    activity_points,
    batch,
    commands,
    deletion,
    events,
    expiry,
    growth,
    imports,
    memory,
    pages,
    peers,
    single,
    startup,
    upkeep,
)
from bench.session import FOLDER, Session  # noqa: E402

REPORT = FOLDER.parent / "bench.json"


@dataclass(frozen=True)
class Measure:
    """A measurement that gives one or more figures; a big one takes minutes."""

    name: str
    run: Callable[[Session], list[Figure]]
    big: bool = False


MEASURES: Sequence[Measure] = (
    Measure("single", single.run),
    Measure("single-slow-disk", single.run_slow_disk),
    Measure("batch", batch.run),
    Measure("batch-postgres", batch.run_postgres),
    Measure("peers", peers.run),
    Measure("event-pages", events.run),
    Measure("commands", commands.run),
    Measure("hot-member", commands.run_hot_member),
    Measure("activity-to-points", activity_points.run),
    Measure("upkeep", upkeep.run),
    Measure("expiry", expiry.run),
    Measure("import", imports.run),
    Measure("memory", memory.run, big=True),
    Measure("growth", growth.run, big=True),
    Measure("pages", pages.run, big=True),
    Measure("start-up", startup.run, big=True),
    Measure("deletion", deletion.run, big=True),
)


def main(arguments: Sequence[str]) -> int:
    """Run the chosen measurements; the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=[m.name for m in MEASURES])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rows", type=int, default=Session.rows, help="of the big journal")
    options = parser.parse_args(arguments)
    session = Session.of_length(quick=options.quick, rows=options.rows)
    chosen = [m for m in MEASURES if wanted(m, options.only, quick=options.quick)]
    figures: list[Figure] = []
    print(row("figure", "value", "goal", "holds", "note"), flush=True)
    try:
        for measure in chosen:
            for each in measured(measure, session):
                figures.append(each)
                print(line(each), flush=True)
                REPORT.write_text(json.dumps([f.row() for f in figures], indent=1) + "\n")
    finally:
        session.close()
    return 1 if any(each.holds is False for each in figures) else 0


def wanted(measure: Measure, only: Sequence[str] | None, *, quick: bool) -> bool:
    """Whether this run includes the measurement."""
    if only:
        return measure.name in only
    return not (quick and measure.big)


def measured(measure: Measure, session: Session) -> list[Figure]:
    """The figures of one measurement; one that breaks is a row, and the others go on."""
    try:
        return measure.run(session)
    except Exception as error:  # the report must name it and go on to the next figure
        traceback.print_exc()
        return [figure.failed(measure.name, f"{type(error).__name__}: {error}"[:500])]


def line(each: Figure) -> str:
    """A figure as a printed row."""
    value = "-" if each.value is None else f"{each.value:g}"
    holds = {True: "yes", False: "NO", None: "-"}[each.holds]
    return row(each.name, value, each.goal, holds, each.note)


def row(name: str, value: str, goal: str, holds: str, note: str) -> str:
    """Five cells in columns."""
    return f"{name:44} {value:>9} {goal:>9} {holds:>5}  {note}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
