"""The naive journal itself: few words, so few places to be wrong."""

from __future__ import annotations

from guerdon.store.activities import Activity
from guerdon.store.memory import MemoryJournal


def filled() -> MemoryJournal:
    """Positions 1 to 6; types 1, 2, 1, 2, 1, 2; members 1, 1, 2, 2, 3, 3; times 60 to 10."""
    journal = MemoryJournal()
    rows = [(1 + at % 2, 1 + at // 2, 60 - 10 * at, 100, 0, None) for at in range(6)]
    assert journal.append(rows[:4]) == 1
    assert journal.append(rows[4:]) == 5
    return journal


def positions(found: list[Activity]) -> list[int]:
    return [activity.position for activity in found]


def test_positions_count_up() -> None:
    journal = filled()
    assert (journal.last_position, journal.count()) == (6, 6)
    assert positions(journal.after(limit=9)) == [1, 2, 3, 4, 5, 6]


def test_pages_are_filtered_and_cut() -> None:
    journal = filled()
    assert positions(journal.after(position=2, limit=2)) == [3, 4]
    assert positions(journal.after(type_id=2, limit=9)) == [2, 4, 6]
    assert positions(journal.after(number=2, type_id=1, limit=9)) == [3]
    assert positions(journal.page(offset=1, limit=1, number=3)) == [6]


def test_times_order_a_type() -> None:
    journal = filled()
    assert positions(journal.by_time(2, after_time=0, limit=9)) == [6, 4, 2]
    assert positions(journal.by_time(2, after_time=10, after=6, limit=9)) == [4, 2]
    assert positions(journal.by_time(2, after_time=10, after=5, until_time=30, limit=9)) == [6, 4]
    assert positions(journal.by_time(2, after_time=0, limit=1)) == [6]


def test_what_is_deleted_is_gone_and_its_position_is_not_used_again() -> None:
    journal = filled()
    assert journal.range_counts(2, 10, 30, 5) == ((0, 1),)
    assert journal.delete(2, 10, 30) == 2
    assert journal.delete(2, 10, 30) == 0
    assert journal.get(4) is None
    assert journal.latest(3) == journal.get(5)
    assert journal.latest(9) is None
    assert journal.count() == 4
    assert journal.append([(1, 1, 0, 0, 0, None)]) == 7
