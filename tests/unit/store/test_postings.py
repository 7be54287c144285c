"""Packed positions are found again, member by member."""

from __future__ import annotations

import random

import pytest

from guerdon.store import postings

Row = tuple[int, int, int, int]


def packs(rows: list[Row], size: int) -> dict[int, list[bytes]]:
    """The rows' packs by bucket, so many rows to a batch."""
    found: dict[int, list[bytes]] = {}
    for start in range(0, len(rows), size):
        gathered: postings.Gathered = {}
        postings.gather(gathered, rows[start : start + size])
        for bucket, entries in gathered.items():
            found.setdefault(bucket, []).append(postings.pack(entries))
    return found


def looked_up(rows: list[Row], number: int, type_id: int | None, after: int) -> list[int]:
    return [
        position
        for who, position, kind, _ in rows
        if who == number and position > after and type_id in (None, kind)
    ]


@pytest.mark.parametrize("seed", range(5))
def test_a_members_positions_are_found_as_by_looking_at_all(seed: int) -> None:
    pick = random.Random(seed)
    rows = [(pick.randint(1, 400), at, pick.randint(1, 3), 0) for at in range(1, 2_001)]
    found = packs(rows, 300)
    for _ in range(200):
        number, after = pick.randint(0, 401), pick.choice((0, pick.randint(0, 2_000)))
        type_id = pick.choice((None, 1, 2, 3))
        mine = found.get(postings.bucket(number), [])
        whole = [at for pack in mine for at in postings.positions(pack, number, type_id, after)]
        assert whole == looked_up(rows, number, type_id, after)
        merged = postings.merge(mine)
        assert postings.positions(merged, number, type_id, after) == whole


def test_the_largest_values_fit() -> None:
    row = (2**40 + 127, 2**41 - 1, 2**16 - 1, 0)
    gathered: postings.Gathered = {}
    postings.gather(gathered, [row, (row[0] - 1, row[1], 0, 0)])
    ((bucket, entries),) = gathered.items()
    assert bucket == postings.bucket(row[0])
    packed = postings.pack(entries)
    assert postings.positions(packed, row[0], None, 0) == [2**41 - 1]
    assert postings.positions(packed, row[0], 2**16 - 1, 0) == [2**41 - 1]
    assert postings.positions(packed, row[0], 1, 0) == []


def test_neighbours_in_a_bucket_are_kept_apart() -> None:
    numbers = range(postings.BUCKET_MEMBERS, 2 * postings.BUCKET_MEMBERS)
    rows = [(number, number, 1, 0) for number in numbers]
    (packed,) = packs(rows, 1_000)[1]
    for number in numbers:
        assert postings.positions(packed, number, None, 0) == [number]
        assert postings.positions(packed, number, None, number) == []


def test_nothing_packs_to_nothing() -> None:
    assert postings.pack([]) == b""
    assert postings.merge([]) == b""
    assert postings.positions(b"", 1, None, 0) == []
