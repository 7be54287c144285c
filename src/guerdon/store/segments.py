"""Questions about segments: who belongs to which."""

from __future__ import annotations

import json
from collections.abc import Collection

import msgspec

from guerdon.store.port import Rows


class SegmentTotal(msgspec.Struct, frozen=True):
    """What a segment's members are and have bought; `gross` in 1/10,000."""

    members: int = 0
    purchases: int = 0
    gross: int = 0


def of_member(rows: Rows, tenant_id: int, number: int) -> list[str]:
    """The ids of the active segments a member belongs to, in the order of their creation."""
    return [row[0] for row in rows.all("segments_of_member", tenant_id=tenant_id, number=number)]


def of_members(rows: Rows, tenant_id: int, numbers: Collection[int]) -> dict[int, tuple[str, ...]]:
    """The same of some members by their numbers; who belongs to none is left out."""
    found: dict[int, tuple[str, ...]] = {}
    listed = json.dumps(sorted(numbers))
    rows_found = rows.all("segments_of_members", tenant_id=tenant_id, numbers=listed)
    for number, segment_id in rows_found:
        found[number] = (*found.get(number, ()), segment_id)
    return found


def totals(rows: Rows, tenant_id: int) -> dict[str, SegmentTotal]:
    """What each segment's members are, by its id; one nobody ever belonged to is missing."""
    found = rows.all("segment_totals", tenant_id=tenant_id)
    return {segment_id: SegmentTotal(*counts) for segment_id, *counts in found}


def members(
    rows: Rows, tenant_id: int, segment_id: str, *, limit: int, after: int = 0, offset: int = 0
) -> list[int]:
    """The numbers of a segment's members, ascending, from the one after `after` on."""
    found = rows.all(
        "segment_members",
        tenant_id=tenant_id,
        segment_id=segment_id,
        after=after,
        limit=limit,
        offset=offset,
    )
    return [row[0] for row in found]


def members_before(
    rows: Rows, tenant_id: int, segment_id: str, *, limit: int, before: int
) -> list[int]:
    """The numbers of a segment's members, descending, from the one before `before` on."""
    found = rows.all(
        "segment_members_before",
        tenant_id=tenant_id,
        segment_id=segment_id,
        before=before,
        limit=limit,
    )
    return [row[0] for row in found]
