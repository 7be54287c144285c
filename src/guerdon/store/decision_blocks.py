"""Which decisions are of which type: blocks of the decision journal, and its tail.

The journal has no index of types. As soon as a block of positions is full it is written down where
in it each type stands, a row a type; what is left, less than a block, is looked through.

Source: measured: an index entry for each decision costs a twelfth of a registration, a fifth of the
pages that it writes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from guerdon.errors import StoreBusy
from guerdon.store.port import Row, Rows, Writer

FOLLOWER = "decision_blocks"
"""The name under which stands before which position all is written down."""

BLOCK_POSITIONS = 512
BLOCKS_MAX = 64
"""So many are made up for at a time, if a release that knew no blocks has left some."""

Entry = tuple[int, str, int]
"""A decision's position, its type, and its place among its type, from 1 on."""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(list[int]).decode


def noted_before(rows: Rows, tenant_id: int) -> int:
    """The position before which every decision is written down, the first of a block."""
    row = rows.one("follower_position", tenant_id=tenant_id, name=FOLLOWER)
    return row[0] if row else 0


def note(
    rows: Writer, tenant_id: int, fresh: Sequence[Entry], before: Sequence[Entry] = ()
) -> Sequence[Entry]:
    """Write down the blocks that are full now. `fresh` has just been added to the journal.

    before: what is remembered of the time before, so that it is not asked for: what this returned
            when some were added last. Others may have added more: then it is of no use.
    """
    is_next = bool(before) and before[-1][0] + 1 == fresh[0][0]
    entries = [*before, *fresh] if is_next else fresh
    end = _block_start(fresh[-1][0] + 1)
    if end > fresh[0][0]:
        _note(rows, tenant_id, end, entries)
    return _part(entries, end, fresh[-1][0] + 1)


def note_again(rows: Writer, tenant_id: int, last_position: int) -> None:
    """Throw away what is written down of a tenant, and write it down once more."""
    rows.run("clear_decision_blocks", tenant_id=tenant_id)
    rows.run("reset_follower", tenant_id=tenant_id, name=FOLLOWER)
    end = _block_start(last_position + 1)
    while noted_before(rows, tenant_id) < end:
        _note(rows, tenant_id, end, [])


def _note(rows: Writer, tenant_id: int, end: int, fresh: Sequence[Entry]) -> None:
    start = noted_before(rows, tenant_id)
    end = min(end, start + BLOCKS_MAX * BLOCK_POSITIONS)
    stored_to = min(end, fresh[0][0]) if fresh else end
    span = {"low": start, "high": stored_to - 1}
    stored = rows.all("decision_entries", tenant_id=tenant_id, **span) if start < stored_to else []
    rows.run_many("add_decision_block", _blocks(tenant_id, [*stored, *_part(fresh, start, end)]))
    place = {"tenant_id": tenant_id, "name": FOLLOWER}
    rows.run("add_follower", **place)
    if not rows.run("advance_follower", **place, before=start, position=end):
        raise StoreBusy  # somebody else did, although they hold no lock on the journal's head


def _part(fresh: Sequence[Entry], start: int, end: int) -> Sequence[Entry]:
    """Those between two positions, of some whose positions follow each other."""
    first = fresh[0][0] if fresh else end
    return fresh[max(0, start - first) : max(0, end - first)]


def positions(
    rows: Rows,
    tenant_id: int,
    type: str,
    *,
    low: int = 1,
    high: int = 2**62,
    limit: int,
    descending: bool = False,
) -> list[int]:
    """Where the first, or the last, decisions of a type between two positions stand, in order."""
    end = noted_before(rows, tenant_id)
    if not descending:
        found = _packed(rows, tenant_id, type, low, min(high, end - 1), limit, is_down=False)
        return found + _tail(
            rows, tenant_id, type, max(low, end), high, limit - len(found), is_down=False
        )
    found = _tail(rows, tenant_id, type, max(low, end), high, limit, is_down=True)
    return found + _packed(
        rows, tenant_id, type, low, min(high, end - 1), limit - len(found), is_down=True
    )


def count(rows: Rows, tenant_id: int, type: str, *, low: int, high: int) -> int:
    """How many decisions of a type stand between two positions, both included."""
    if high < low:
        return 0
    until = _before(rows, tenant_id, type, high + 1)
    return until - _before(rows, tenant_id, type, low) if low > 1 else until


def _before(rows: Rows, tenant_id: int, type: str, position: int) -> int:
    """How many of a type there are before a position."""
    last = rows.one(
        "decision_block_down",
        tenant_id=tenant_id,
        type=type,
        low=0,
        high=position // BLOCK_POSITIONS,
        limit=1,
    )
    total = 0
    if last is not None:
        block, first_ordinal, places = last
        start = block * BLOCK_POSITIONS
        total = first_ordinal - 1 + sum(start + place < position for place in _decode(places))
    end = noted_before(rows, tenant_id)
    if position <= end:
        return total
    tail = rows.one("decisions_in_tail", tenant_id=tenant_id, type=type, low=end, high=position - 1)
    return total + (tail[0] if tail else 0)


def _packed(
    rows: Rows, tenant_id: int, type: str, low: int, high: int, limit: int, *, is_down: bool
) -> list[int]:
    """Positions from blocks. Each holds one at least, so the second question is the last."""
    query = "decision_block_down" if is_down else "decision_block_up"
    first, last = low // BLOCK_POSITIONS, high // BLOCK_POSITIONS
    found: list[int] = []
    asked = 2
    while len(found) < limit and low <= high:
        blocks = rows.all(query, tenant_id=tenant_id, type=type, low=first, high=last, limit=asked)
        for block, _, places in blocks:
            start = block * BLOCK_POSITIONS
            here = [start + place for place in _decode(places) if low <= start + place <= high]
            found += reversed(here) if is_down else here
        if len(blocks) < asked:
            break
        if is_down:
            last = blocks[-1][0] - 1
        else:
            first = blocks[-1][0] + 1
        asked = limit - len(found)
    return found[:limit]


def _tail(
    rows: Rows, tenant_id: int, type: str, low: int, high: int, limit: int, *, is_down: bool
) -> list[int]:
    if limit <= 0 or high < low:
        return []
    query = "decision_tail_down" if is_down else "decision_tail_up"
    found = rows.all(query, tenant_id=tenant_id, type=type, low=low, high=high, limit=limit)
    return [row[0] for row in found]


def _block_start(position: int) -> int:
    return position // BLOCK_POSITIONS * BLOCK_POSITIONS


def _blocks(tenant_id: int, entries: Iterable[Row]) -> list[Row]:
    first_ordinals: dict[tuple[str, int], int] = {}
    places: dict[tuple[str, int], list[int]] = {}
    for position, name, ordinal in entries:
        block, place = divmod(position, BLOCK_POSITIONS)
        known = places.get((name, block))
        if known is None:
            first_ordinals[name, block], places[name, block] = ordinal, [place]
        else:
            known.append(place)
    return [
        (tenant_id, *key, first_ordinals[key], _encode(places[key]).decode())
        for key in sorted(places)
    ]
