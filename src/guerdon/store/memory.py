"""A journal as plain as can be: one list, and every question answered by looking at all of it.

It keeps nothing and promises nothing; it is what the engines' answers are compared with. Its
questions are those of `activities.py`, for one tenant.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from guerdon import limits
from guerdon.store.activities import BLOCK_POSITIONS, Activity


class MemoryJournal:
    """One tenant's activities."""

    def __init__(self) -> None:
        self.last_position = 0
        self._rows: list[Activity] = []

    def append(self, rows: Sequence[tuple[int, int, int, int, int, str | None]]) -> int:
        """Add (type_id, number, occurred_at, recorded_at, key_id, data); the first position."""
        first = self.last_position + 1
        self._rows += [
            Activity(position, *row) for position, row in enumerate(rows, self.last_position + 1)
        ]
        self.last_position += len(rows)
        return first

    def delete(self, type_id: int, occurred_from: int, occurred_to: int) -> int:
        """Take a type's activities of a span of time out, both ends included; how many."""
        kept = [
            row
            for row in self._rows
            if row.type_id != type_id or not occurred_from <= row.occurred_at <= occurred_to
        ]
        deleted = len(self._rows) - len(kept)
        self._rows = kept
        return deleted

    def get(self, position: int) -> Activity | None:
        """One activity."""
        return next((row for row in self._rows if row.position == position), None)

    def after(
        self,
        *,
        position: int = 0,
        limit: int,
        number: int | None = None,
        type_id: int | None = None,
    ) -> list[Activity]:
        """A page by position."""
        found = [row for row in self._matching(number, type_id) if row.position > position]
        return found[:limit]

    def page(
        self, *, offset: int, limit: int, number: int | None = None, type_id: int | None = None
    ) -> list[Activity]:
        """A page by number."""
        return self._matching(number, type_id)[offset : offset + limit]

    def latest(self, number: int) -> Activity | None:
        """A member's latest activity by its date, among the newest."""
        newest = self._matching(number, None)[-limits.latest_activities_looked_at :]
        return max(newest, key=lambda each: (each.occurred_at, each.position), default=None)

    def by_time(
        self,
        type_id: int,
        *,
        after_time: int,
        after: int = 0,
        until_time: int = 2**62,
        limit: int,
    ) -> list[Activity]:
        """A type's activities by (occurred_at, position), from just after that pair."""
        found = [
            row
            for row in self._matching(None, type_id)
            if (row.occurred_at, row.position) > (after_time, after)
            and row.occurred_at <= until_time
        ]
        return sorted(found, key=lambda row: (row.occurred_at, row.position))[:limit]

    def range_counts(
        self, type_id: int, occurred_from: int, occurred_to: int, indexed: int
    ) -> tuple[tuple[int, int], ...]:
        """How many activities a deletion would take up to `indexed`, by block."""
        counts = Counter(
            (row.position - 1) // BLOCK_POSITIONS
            for row in self._matching(None, type_id)
            if row.position <= indexed and occurred_from <= row.occurred_at <= occurred_to
        )
        return tuple(sorted(counts.items()))

    def count(self) -> int:
        """How many activities there are."""
        return len(self._rows)

    def _matching(self, number: int | None, type_id: int | None) -> list[Activity]:
        return [
            row
            for row in self._rows
            if number in (None, row.number) and type_id in (None, row.type_id)
        ]
