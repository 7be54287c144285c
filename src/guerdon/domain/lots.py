"""Lots: points that came in together, how long they last, and which of them are spent first.

Units:  points are whole hundredths, moments microseconds UTC.
Source: Open Loyalty 4.3, settings of points; its 3.2 code for the time of day.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import Literal

import msgspec

from guerdon.clock import DAY, SECOND, from_datetime, to_local

FOREVER = 2**62
"""The expiry of a lot that has none: beyond every moment, and an integer like the others."""

Expiry = Literal[
    "all_time_active", "after_x_days", "at_the_end_of_the_month", "at_the_end_of_the_year"
]
_LAST_SECOND = time(23, 59, 59)
_DECEMBER = 12


class Lot(msgspec.Struct, frozen=True):
    """Points that came in together. `position` is their transfer's, which is also their age."""

    position: int
    remaining: int
    expires_at: int
    created_at: int


class Piece(msgspec.Struct, frozen=True):
    """What is taken of a lot."""

    lot: Lot
    points: int

    @property
    def is_all(self) -> bool:
        """Whether nothing is left of the lot."""
        return self.points == self.lot.remaining


def take(lots: Iterable[Lot], points: int) -> list[Piece]:
    """The pieces that make up `points`, from lots in the order of spending; fewer if they do not.

    Looks at no more lots than it needs.
    """
    pieces: list[Piece] = []
    for lot in lots:
        piece = Piece(lot, min(lot.remaining, points))
        pieces.append(piece)
        points -= piece.points
        if not points:
            break
    return pieces


def locked_until(moment: int, days: int) -> int:
    """When points that came in at `moment` can be spent, to the second, as payloads show it."""
    return _whole(moment) + days * DAY


@lru_cache(maxsize=256)
def expires_at(base: int, expiry: Expiry, days: int, timezone: tzinfo) -> int:
    """From when on points cannot be spent: the last second of a local day; `FOREVER` for never.

    Remembered, since lots of one commit come in at the same moment.
    base: when they came in, or when they are unlocked if they came in locked.
    """
    if expiry == "all_time_active":
        return FOREVER
    first = to_local(base, timezone).date()
    if expiry == "after_x_days":
        last = to_local(base, timezone, days).date()
    elif expiry == "at_the_end_of_the_year":
        last = first.replace(month=_DECEMBER, day=31)
    else:
        last = (first.replace(day=1) + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    # A night with two such seconds (clocks were put back) ends with the later one.
    return from_datetime(datetime.combine(last, _LAST_SECOND, timezone).replace(fold=1))


def _whole(moment: int) -> int:
    return moment - moment % SECOND
