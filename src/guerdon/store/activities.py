"""Questions about the activity journal.

An append touches the position key only. A follower packs which positions are whose (`postings.py`)
and notes for each block of positions how many activities of a type it holds and from which times;
`indexed` is how far it has come, always a whole number of blocks. Every question here reads what is
packed up to `indexed` and the journal's own tail beyond it, in one snapshot: nothing is missing and
nothing is shown twice.

Source: measured: random keys kept at append slow a journal of ten million rows down ten-fold.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from heapq import heappop, heappush

import msgspec

from guerdon import limits
from guerdon.store import postings
from guerdon.store.port import Rows

INDEX = "index"
"""The name of the follower that packs the journal."""

DELETED = "activity:deleted"
"""The name of the counter of activities taken out of the journal."""

BLOCK_POSITIONS = 4_096
ANY_TYPE = 0
"""The type under which blocks count all types together."""


class Activity(msgspec.Struct, frozen=True):
    """What a member did. Times in microseconds; `data` is canonical JSON text."""

    position: int
    type_id: int
    number: int
    occurred_at: int
    recorded_at: int
    key_id: int
    data: str | None


def get(rows: Rows, tenant_id: int, position: int) -> Activity | None:
    """One activity."""
    row = rows.one("activity", tenant_id=tenant_id, position=position)
    return Activity(*row) if row else None


def indexed(rows: Rows, tenant_id: int) -> int:
    """The position up to which the journal is packed."""
    row = rows.one("follower_position", tenant_id=tenant_id, name=INDEX)
    return row[0] if row else 0


def last_position(rows: Rows, tenant_id: int) -> int:
    """The newest position given out."""
    row = rows.one("head", tenant_id=tenant_id)
    return row[0] if row else 0


def after(
    rows: Rows,
    tenant_id: int,
    *,
    position: int,
    limit: int,
    number: int | None = None,
    type_id: int | None = None,
) -> list[Activity]:
    """A page by position, from just after `position`; keyset, so any depth costs the same."""
    if number is not None:
        return _of_member(rows, tenant_id, number, type_id, after=position, limit=limit, offset=0)
    if type_id is None:
        return _between(rows, tenant_id, position, 2**62, limit)
    return _of_type(rows, tenant_id, type_id, position, limit)


def page(
    rows: Rows,
    tenant_id: int,
    *,
    offset: int,
    limit: int,
    number: int | None = None,
    type_id: int | None = None,
) -> list[Activity]:
    """A page by number, for wire formats that want one: `offset` activities are skipped.

    Without a member the skipping is done on block counts, so it costs the number of blocks, not
    of activities; within a member it runs over that member's own entries.
    """
    if number is not None:
        return _of_member(rows, tenant_id, number, type_id, after=0, limit=limit, offset=offset)
    counted = ANY_TYPE if type_id is None else type_id
    start, left = _block_start(rows, tenant_id, counted, offset)
    if type_id is None:
        return _between(rows, tenant_id, start, 2**62, limit, left)
    return _of_type(rows, tenant_id, type_id, start, limit, left)


def latest(rows: Rows, tenant_id: int, number: int) -> Activity | None:
    """A member's latest activity by its date, among the last that arrived and are not deleted.

    Looked at are `limits.latest_activities_looked_at` of them, so that a long history costs no
    more than a short one; and the ones before where all of these are gone.
    """
    mine = _positions(rows, tenant_id, number, None, 0)
    while mine:
        newest = mine[-limits.latest_activities_looked_at :]
        listed = json.dumps(newest)
        row = rows.one("latest_activity_at", tenant_id=tenant_id, positions=listed)
        if row:
            return Activity(*row)
        del mine[-len(newest) :]
    return None


def by_time(
    rows: Rows,
    tenant_id: int,
    type_id: int,
    *,
    after_time: int,
    after: int = 0,
    until_time: int = 2**62,
    limit: int,
) -> list[Activity]:
    """A type's activities by (occurred_at, position), from just after that pair.

    Cost: the blocks whose times overlap the page; a few where times follow positions.
    """
    span = {
        "tenant_id": tenant_id,
        "type_id": type_id,
        "after_time": after_time,
        "until_time": until_time,
    }
    sorted_to = indexed(rows, tenant_id)
    runs = [(-(2**62), sorted_to, 2**62)]
    for block, earliest in rows.all("blocks_by_time", **span):
        start = block * BLOCK_POSITIONS
        runs.append((earliest, start, min(start + BLOCK_POSITIONS, sorted_to)))
    merged: list[tuple[int, int, Activity]] = []
    page: list[Activity] = []
    for earliest, start, until in runs:
        while merged and merged[0][0] < earliest and len(page) < limit:
            page.append(heappop(merged)[2])
        if len(page) == limit:
            return page
        for row in rows.all(
            "activities_by_time",
            **span,
            after_position=start,
            until=until,
            after=after,
            limit=limit,
        ):
            activity = Activity(*row)
            heappush(merged, (activity.occurred_at, activity.position, activity))
    while merged and len(page) < limit:
        page.append(heappop(merged)[2])
    return page


def range_counts(
    rows: Rows, tenant_id: int, type_id: int, occurred_from: int, occurred_to: int
) -> tuple[int, tuple[tuple[int, int], ...]]:
    """How many activities a deletion would take, by block, up to the position `indexed`.

    Counting a large range takes a while; the asker does it, so that the committer need not.
    """
    sorted_to = indexed(rows, tenant_id)
    found = rows.all(
        "range_by_block",
        tenant_id=tenant_id,
        type_id=type_id,
        occurred_from=occurred_from,
        occurred_to=occurred_to,
        from_block=0,
        block_positions=BLOCK_POSITIONS,
    )
    return sorted_to, tuple((block, count) for block, count in found)


def newest_deletion(rows: Rows, tenant_id: int) -> int:
    """The last deletion asked for, 0 if there was none: what was counted before it may be gone."""
    row = rows.one("newest_deletion", tenant_id=tenant_id)
    return int(row[0] or 0) if row else 0


def count(rows: Rows, tenant_id: int) -> int:
    """How many activities there are: positions given out, less those taken back."""
    return last_position(rows, tenant_id) - _deleted(rows, tenant_id)


def _deleted(rows: Rows, tenant_id: int) -> int:
    row = rows.one("counter_total", tenant_id=tenant_id, name=DELETED)
    return int(row[0]) if row else 0


def _block_start(rows: Rows, tenant_id: int, type_id: int, offset: int) -> tuple[int, int]:
    """The position before which a page starts, and how many rows to skip from there."""
    if type_id == ANY_TYPE and not _deleted(rows, tenant_id):
        return offset, 0
    found = rows.one("block_of_page", tenant_id=tenant_id, type_id=type_id, offset=offset)
    if found is not None:
        return int(found[0]) * BLOCK_POSITIONS, offset - int(found[1])
    live = rows.one("live_in_blocks", tenant_id=tenant_id, type_id=type_id)
    return indexed(rows, tenant_id), offset - (int(live[0]) if live else 0)


def _between(
    rows: Rows, tenant_id: int, after: int, until: int, limit: int, offset: int = 0
) -> list[Activity]:
    found = rows.all(
        "activities_after",
        tenant_id=tenant_id,
        after=after,
        until=until,
        limit=limit,
        offset=offset,
    )
    return [Activity(*row) for row in found]


def _of_member(
    rows: Rows,
    tenant_id: int,
    number: int,
    type_id: int | None,
    *,
    after: int,
    limit: int,
    offset: int,
) -> list[Activity]:
    mine = _positions(rows, tenant_id, number, type_id, after)
    if not _deleted(rows, tenant_id):
        return _at(rows, tenant_id, mine[offset : offset + limit])
    found: list[Activity] = []
    for chunk in _chunks(mine):
        there = _at(rows, tenant_id, chunk)
        found += there[offset:]
        offset = max(0, offset - len(there))
        if len(found) >= limit:
            break
    return found[:limit]


def positions(rows: Rows, tenant_id: int, number: int, after: int) -> list[int]:
    """Where a member's activities are, beyond a position, ascending; some may have been deleted."""
    return _positions(rows, tenant_id, number, None, after)


def _positions(
    rows: Rows, tenant_id: int, number: int, type_id: int | None, after: int
) -> list[int]:
    """All of a member's positions beyond one, ascending; some may have been deleted since."""
    sorted_to = indexed(rows, tenant_id)
    found: list[int] = []
    for (packed,) in rows.all(
        "postings", tenant_id=tenant_id, bucket=postings.bucket(number), indexed=sorted_to
    ):
        found += postings.positions(packed, number, type_id, after)
    found.sort()
    tail = {"tenant_id": tenant_id, "number": number, "indexed": max(sorted_to, after)}
    if type_id is None:
        found += [row[0] for row in rows.all("tail_of_member", **tail)]
    else:
        found += [row[0] for row in rows.all("tail_of_member_and_type", **tail, type_id=type_id)]
    return found


def _at(rows: Rows, tenant_id: int, positions: list[int]) -> list[Activity]:
    """The activities at some positions, without those that are gone."""
    if not positions:
        return []
    found = rows.all("activities_at", tenant_id=tenant_id, positions=json.dumps(positions))
    return [Activity(*row) for row in found]


def _chunks(positions: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(positions), limits.page_items_max):
        yield positions[start : start + limits.page_items_max]


def _of_type(
    rows: Rows, tenant_id: int, type_id: int, after: int, limit: int, offset: int = 0
) -> list[Activity]:
    """Block by block, so that a rare type never scans the whole journal."""
    sorted_to = indexed(rows, tenant_id)
    found: list[Activity] = []
    block = after // BLOCK_POSITIONS - 1
    while len(found) < limit and after < sorted_to:
        following = rows.one(
            "next_blocks", tenant_id=tenant_id, type_id=type_id, block=block, limit=1
        )
        if following is None:
            break
        block = following[0]
        start = max(after, block * BLOCK_POSITIONS)
        until = min((block + 1) * BLOCK_POSITIONS, sorted_to)
        found += _type_slice(
            rows,
            tenant_id,
            type_id,
            after=start,
            until=until,
            limit=limit - len(found),
            offset=offset,
        )
        offset = 0
    if len(found) < limit:
        start = max(after, sorted_to)
        left = limit - len(found)
        found += _type_slice(
            rows, tenant_id, type_id, after=start, until=2**62, limit=left, offset=offset
        )
    return found


def _type_slice(
    rows: Rows,
    tenant_id: int,
    type_id: int,
    *,
    after: int,
    until: int,
    limit: int,
    offset: int,
) -> list[Activity]:
    found = rows.all(
        "activities_of_type_after",
        tenant_id=tenant_id,
        type_id=type_id,
        after=after,
        until=until,
        limit=limit,
        offset=offset,
    )
    return [Activity(*row) for row in found]
