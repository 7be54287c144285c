"""Questions about levels: where a member stands, who stands at a level."""

from __future__ import annotations

import msgspec

from guerdon.store.port import Rows


class MemberLevel(msgspec.Struct, frozen=True):
    """Where a member stands; times are microseconds UTC.

    level_id:        their level, or None.
    manual_level_id: the level somebody set by hand: the lowest they can have.
    window_from:     when their present period of review began; never, for whoever was deleted.
    earned_before:   what they had earned in all by then, in hundredths, and is not canceled.
    recalculated_at: when they were last reviewed, or None.
    """

    level_id: str | None
    manual_level_id: str | None
    moved_at: int
    window_from: int
    earned_before: int
    recalculated_at: int | None


def of_member(rows: Rows, tenant_id: int, number: int) -> MemberLevel | None:
    """Where a member stands; None for one who never had a level."""
    row = rows.one("member_level", tenant_id=tenant_id, number=number)
    return MemberLevel(*row) if row else None


def total(rows: Rows, tenant_id: int, level_id: str) -> int:
    """How many members a level has."""
    row = rows.one("level_total", tenant_id=tenant_id, level_id=level_id)
    return int(row[0]) if row else 0


def totals(rows: Rows, tenant_id: int) -> dict[str, int]:
    """How many members each level has, by its id; a level nobody ever had is missing."""
    return dict(rows.all("level_totals", tenant_id=tenant_id))


def members(
    rows: Rows, tenant_id: int, level_id: str, *, limit: int, after: int = 0, offset: int = 0
) -> list[int]:
    """The numbers of a level's members, ascending, from the one after `after` on."""
    found = rows.all(
        "level_members",
        tenant_id=tenant_id,
        level_id=level_id,
        after=after,
        limit=limit,
        offset=offset,
    )
    return [row[0] for row in found]


def members_before(
    rows: Rows, tenant_id: int, level_id: str, *, limit: int, before: int
) -> list[int]:
    """The numbers of a level's members, descending, from the one before `before` on."""
    found = rows.all(
        "level_members_before",
        tenant_id=tenant_id,
        level_id=level_id,
        before=before,
        limit=limit,
    )
    return [row[0] for row in found]
