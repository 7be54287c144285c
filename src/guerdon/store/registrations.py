"""Questions about when members registered, and pages of all of them.

Members are numbered as they register, so numbers are in the order of time, and where a page begins
is worked out. Members who were deleted keep their numbers and are left out of pages.
"""

from __future__ import annotations

from collections.abc import Sequence

from guerdon.store import standing
from guerdon.store.port import Rows


def registered(rows: Rows, tenant_id: int) -> int:
    """How many members were ever registered, deleted ones too."""
    row = rows.one("members_registered", tenant_id=tenant_id)
    return row[0] if row else 0


def registered_before(rows: Rows, tenant_id: int, moment: int, *, low: int = 0) -> int:
    """How many members registered before a moment; `low` of them are known to have.

    Cost: two dozen keys looked up among millions of members.
    """
    high = registered(rows, tenant_id)
    while low < high:
        middle = (low + high) // 2
        row = rows.one("first_registered_from", tenant_id=tenant_id, number=middle + 1)
        if row is not None and row[1] < moment:
            low = row[0]
        else:
            high = middle
    return low


def page(
    rows: Rows, tenant_id: int, *, offset: int, limit: int, descending: bool
) -> tuple[list[int], int]:
    """A page of the numbers of members who are not deleted, and how many they are in all.

    Cost: one look at the deleted ones, who are few.
    """
    gone = standing.deleted(rows, tenant_id)
    last = registered(rows, tenant_id)
    total = last - len(gone)
    index = total - 1 - offset if descending else offset
    if not 0 <= index < total:
        return [], total
    missing = set(gone)
    step = -1 if descending else 1
    number = _number_at(gone, index)
    found: list[int] = []
    while len(found) < limit and 1 <= number <= last:
        if number not in missing:
            found.append(number)
        number += step
    return found, total


def _number_at(gone: Sequence[int], index: int) -> int:
    """The number of the member at an index (from 0) when those who are gone are not counted."""
    number = index + 1
    for each in gone:
        if each > number:
            break
        number += 1
    return number
