"""Whose positions are whose, packed: the journal's index by member.

Members are put into buckets of 128 by number. A follower gathers the entries of a run of positions
and writes one sorted pack for each bucket that has any: a few thousand rows for a hundred thousand
activities, where a tree of (member, position) would have to be touched at every key. Packs of one
bucket are merged when there are many, so that a read opens a few dozen at the most.

An entry is one 64-bit number: the member within the bucket (7 bits), the position (41), the type
(16). Sorting entries sorts by member, then by position.
Cost: 0.3 microseconds an entry to pack; a member's page opens its bucket's packs and bisects each.
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterable

BUCKET_MEMBERS = 128
PACKS_MAX = 32
"""So many packs of one level are merged into one of the next."""

_POSITION_BITS = 41
_TYPE_BITS = 16
_MEMBER_SHIFT = _POSITION_BITS + _TYPE_BITS
_POSITION_MASK = (1 << _POSITION_BITS) - 1
_TYPE_MASK = (1 << _TYPE_BITS) - 1
_BUCKET_SHIFT = BUCKET_MEMBERS.bit_length() - 1
_BUCKET_MASK = BUCKET_MEMBERS - 1

Gathered = dict[int, list[int]]
"""Entries by bucket, not sorted yet."""


def bucket(number: int) -> int:
    """The bucket of a member."""
    return number >> _BUCKET_SHIFT


def gather(gathered: Gathered, rows: Iterable[tuple[int, int, int, int]]) -> None:
    """Add (number, position, type_id, occurred_at) rows to the entries of their buckets."""
    for number, position, type_id, _ in rows:
        entry = (number & _BUCKET_MASK) << _MEMBER_SHIFT | position << _TYPE_BITS | type_id
        place = number >> _BUCKET_SHIFT
        if place in gathered:
            gathered[place].append(entry)
        else:
            gathered[place] = [entry]


def pack(entries: list[int]) -> bytes:
    """Entries as a sorted pack: little-endian, eight bytes each."""
    entries.sort()
    return _bytes(array("Q", entries))


def merge(packs: Iterable[bytes]) -> bytes:
    """Several packs as one."""
    entries: list[int] = []
    for each in packs:
        entries += _entries(each)
    return pack(entries)


def positions(packed: bytes, number: int, type_id: int | None, after: int) -> list[int]:
    """A member's positions in a pack beyond `after`, ascending; of one type if it is given."""
    entries = _entries(packed)
    member = (number & _BUCKET_MASK) << _MEMBER_SHIFT
    start = bisect_left(entries, member | (after + 1) << _TYPE_BITS)
    end = bisect_left(entries, member + (1 << _MEMBER_SHIFT), start)
    mine = entries[start:end]
    if type_id is not None:
        mine = array("Q", [entry for entry in mine if entry & _TYPE_MASK == type_id])
    return [entry >> _TYPE_BITS & _POSITION_MASK for entry in mine]


def _entries(packed: bytes) -> array[int]:
    entries = array("Q")
    entries.frombytes(packed)
    if sys.byteorder == "big":
        entries.byteswap()
    return entries


def _bytes(entries: array[int]) -> bytes:
    if sys.byteorder == "big":
        entries.byteswap()
    return entries.tobytes()
