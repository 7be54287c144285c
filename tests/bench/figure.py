"""One figure: a ratio measured in this run, its goal, and whether it holds."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Goal:
    """A bound on a figure; `at_least` or `at_most`, never both."""

    at_least: float | None = None
    at_most: float | None = None

    def holds(self, value: float) -> bool:
        """Whether `value` is within the bound."""
        if self.at_least is not None:
            return value >= self.at_least
        return self.at_most is not None and value <= self.at_most

    def __str__(self) -> str:
        if self.at_least is not None:
            return f">= {self.at_least:g}"
        return f"<= {self.at_most:g}"


@dataclass(frozen=True)
class Figure:
    """A row of the report. `value` and `holds` are None when the figure was not measured."""

    name: str
    value: float | None
    goal: str
    holds: bool | None
    note: str

    def row(self) -> dict[str, Any]:
        """The figure as a row of build/bench.json."""
        return asdict(self)


def measured(name: str, value: float, goal: Goal, note: str, *, sound: bool = True) -> Figure:
    """A figure from its value. `sound` is False when the run itself failed (refused requests)."""
    return Figure(name, round(value, 3), str(goal), sound and goal.holds(value), note)


def skipped(name: str, goal: Goal, reason: str) -> Figure:
    """A figure that this machine cannot measure, with the reason."""
    return Figure(name, None, str(goal), None, f"skipped: {reason}")


def figure_without_goal(name: str, value: float, note: str) -> Figure:
    """A measurement nobody set a bound for."""
    return Figure(name, round(value, 3), "-", None, note)


def failed(name: str, reason: str) -> Figure:
    """A figure whose measurement broke."""
    return Figure(name, None, "", False, f"failed: {reason}")


def alternate(repeats: int, *measures: Callable[[], Any]) -> list[list[Any]]:
    """Run the measures in turn (A B A B ...), so that a drifting machine is fair to each.

    Returns: one list of results per measure, in the order of `measures`.
    """
    results: list[list[Any]] = [[] for _ in measures]
    for _ in range(repeats):
        for index, measure in enumerate(measures):
            results[index].append(measure())
    return results


def median(values: Sequence[float]) -> float:
    """The middle value."""
    return statistics.median(values)


def summary(values: Sequence[float]) -> dict[str, float]:
    """Median, p99 and the highest."""
    ordered = sorted(values)
    return {
        "p50": statistics.median(ordered),
        "p99": ordered[int(len(ordered) * 0.99)],
        "max": ordered[-1],
    }


def spread(values: Sequence[float]) -> str:
    """The lowest and highest value, in short, for a note."""
    return f"{short(min(values))}-{short(max(values))}"


def short(value: float) -> str:
    """A rate in few characters: 812, 6.3k, 219k, 1.2M."""
    for limit, unit in ((1e6, "M"), (1e3, "k")):
        if value >= limit:
            return f"{value / limit:.3g}{unit}"
    return f"{value:.3g}"
