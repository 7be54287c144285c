"""How a member's points came to be what they are: every movement of them, in order.

Postings lie in the order of positions, so that a movement is written to the end of its table. Where
a member's are is kept with the account (`Account.moves`), which each of them changes anyway; every
so many positions are put away together as a run.

A text of positions has thirteen digits for each, oldest first, and zeros before the first. As long
as it is at all times, a page of accounts never has to make room.

Points are whole hundredths, times microseconds UTC.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import msgspec

from guerdon.domain.lots import FOREVER
from guerdon.domain.points import AVAILABLE
from guerdon.store.port import Row, Rows

RUN_MOVES = 8
"""How many positions a run has."""
_DIGITS = 13  # 31 years of 10,000 decisions a second
NONE = "0" * (_DIGITS * RUN_MOVES)
_RUNS = 16  # read at once


class Movement(msgspec.Struct, frozen=True):
    """One change of a member's available points; below zero when they left."""

    position: int
    points: int
    recorded_at: int
    transfer_id: str | None
    kind: str | None
    comment: str | None
    transaction_id: str | None


def page(
    rows: Rows,
    tenant_id: int,
    number: int,
    *,
    after: int = 0,
    limit: int = 100,
    from_time: int = 0,
    to_time: int = FOREVER,
) -> list[Movement]:
    """What changed a member's available points, oldest first. They add up to what there is."""
    found: list[Movement] = []
    for some in places(rows, tenant_id, number, after):
        moved = rows.all(
            "points_movements_at",
            tenant_id=tenant_id,
            positions=json.dumps(some),
            from_time=from_time,
            to_time=to_time,
        )
        found += map(_movement, moved)
        if len(found) >= limit:
            break
    return found[:limit]


def places(rows: Rows, tenant_id: int, number: int, after: int = 0) -> Iterator[list[int]]:
    """Where a member's movements are, beyond a position: a few hundred at a time, in order."""
    last = after
    while True:
        runs = rows.all("points_runs", tenant_id=tenant_id, number=number, after=last, limit=_RUNS)
        found = [position for _, moves in runs for position in read(moves) if position > after]
        if found:
            yield found
        if len(runs) < _RUNS:
            break
        last = runs[-1][0]
    row = rows.one("points_moves", tenant_id=tenant_id, number=number)
    latest = [position for position in read(row[0]) if position > after] if row else []
    if latest:
        yield latest


def unlocked_by(rows: Rows, tenant_id: int, number: int, about: int) -> int:
    """The position of the movement that unlocked a transfer; its own when there is none."""
    for some in places(rows, tenant_id, number, about):
        row = rows.one(
            "points_unlocking_at", tenant_id=tenant_id, positions=json.dumps(some), about=about
        )
        if row:
            return int(row[0])
    return about


def read(moves: str) -> list[int]:
    """The positions in a text of them."""
    found = [int(moves[at : at + _DIGITS]) for at in range(0, len(moves), _DIGITS)]
    return [position for position in found if position]


def last(moves: str) -> int:
    """The newest position in a text of them; 0 when there is none."""
    return int(moves[-_DIGITS:])


def is_run(moves: str) -> bool:
    """Whether there are so many that they are put away before the next."""
    return moves[:_DIGITS] > NONE[:_DIGITS]


def and_then(moves: str, position: int) -> str:
    """The text with one more position, in the place of the oldest or of zeros."""
    return f"{moves[_DIGITS:]}{position:0{_DIGITS}}"


def _movement(row: Row) -> Movement:
    return Movement(row[0], row[3] if row[2] == AVAILABLE else -row[3], *row[4:])
