"""Questions of an auditor: who had what decided, and when.

Times are found by halving, since recording times never go back; totals are differences of ordinals.
Only a search for a name or for what a decision is about, and an order other than the journal's,
look at decisions one by one, newest first, and at no more than `limits.audit_rows_scanned_max`.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable

import msgspec

from guerdon import limits
from guerdon.store import decision_blocks, decisions
from guerdon.store.decisions import Recorded
from guerdon.store.port import Rows
from guerdon.store.vault import Vault

_PREFIX = "decision:"


class Entry(msgspec.Struct, frozen=True):
    """A decision, and on whose behalf it was made ("" for nobody's)."""

    recorded: Recorded
    actor: str


class Head(msgspec.Struct, frozen=True):
    """What a search looks at."""

    position: int
    type: str
    aggregate: str
    actor: str


class Wanted(msgspec.Struct, frozen=True):
    """Which decisions: within positions `low` to `high`, and of these types, about this, by these.

    None, and "" for `about`: whichever.
    """

    low: int
    high: int
    types: tuple[str, ...] | None = None
    about: str = ""
    actors: tuple[str, ...] | None = None

    @property
    def is_search(self) -> bool:
        """Whether decisions have to be looked at one by one."""
        return bool(self.about) or self.actors is not None


def last_position(rows: Rows, tenant_id: int) -> int:
    """The position of the newest decision."""
    head = rows.one("head", tenant_id=tenant_id)
    return head[1] if head else 0


def first_since(rows: Rows, tenant_id: int, moment: int) -> int:
    """The first position recorded at a moment or later; one above the last if there is none."""
    low, high = 1, last_position(rows, tenant_id) + 1
    while low < high:
        middle = (low + high) // 2
        row = rows.one("decision_time", tenant_id=tenant_id, position=middle)
        if row is not None and row[0] < moment:
            low = middle + 1
        else:
            high = middle
    return low


def types(rows: Rows, tenant_id: int) -> list[str]:
    """Every type of which there is a decision."""
    known = (name for name, _ in rows.all("counters", tenant_id=tenant_id))
    return [name.removeprefix(_PREFIX) for name in known if name.startswith(_PREFIX)]


def count(rows: Rows, tenant_id: int, type: str, *, since: int = 1, to: int | None = None) -> int:
    """How many decisions of a type there are between two positions."""
    end = last_position(rows, tenant_id) if to is None else to
    return decision_blocks.count(rows, tenant_id, type, low=since, high=end)


def total(rows: Rows, tenant_id: int, wanted: Wanted) -> int:
    """How many there are, of what is no search."""
    if wanted.types is None:
        return max(0, wanted.high - wanted.low + 1)
    return sum(
        count(rows, tenant_id, name, since=wanted.low, to=wanted.high) for name in wanted.types
    )


def positions(
    rows: Rows, tenant_id: int, wanted: Wanted, *, offset: int, limit: int, descending: bool
) -> list[int]:
    """Where the decisions of one page stand, in its order, of what is no search."""
    if wanted.types is None:
        if descending:
            first = wanted.high - offset
            return list(range(first, max(first - limit, wanted.low - 1), -1))
        first = wanted.low + offset
        return list(range(first, min(first + limit, wanted.high + 1)))
    span = {"low": wanted.low, "high": wanted.high, "limit": offset + limit}
    runs = [
        decision_blocks.positions(rows, tenant_id, name, **span, descending=descending)
        for name in wanted.types
    ]
    return list(heapq.merge(*runs, reverse=descending))[offset : offset + limit]


def search(rows: Rows, tenant_id: int, wanted: Wanted) -> tuple[list[Head], int | None]:
    """What was found, newest first; and how many were looked at, if that was not all."""
    most = limits.audit_rows_scanned_max
    span = {"tenant_id": tenant_id, "low": wanted.low, "high": wanted.high}
    looked_at = [
        Head(position, name, aggregate, actor or "")
        for position, name, aggregate, actor in rows.all("decision_heads", **span, limit=most)
    ]
    found = [
        head
        for head in looked_at
        if (wanted.types is None or head.type in wanted.types)
        and (not wanted.about or head.aggregate == wanted.about)
        and (wanted.actors is None or head.actor in wanted.actors)
    ]
    return found, most if wanted.high - wanted.low >= most else None


def entries(rows: Rows, vault: Vault, tenant_id: int, where: Iterable[int]) -> list[Entry]:
    """The decisions at some positions, in their order, with what may be shown of them."""
    order = list(where)
    found = decisions.at(rows, tenant_id, order)
    shown = decisions.shown(rows, vault, tenant_id, found)
    by_position = {
        recorded.position: Entry(recorded, row[9] or "")
        for recorded, row in zip(shown, found, strict=True)
    }
    return [by_position[position] for position in order if position in by_position]
