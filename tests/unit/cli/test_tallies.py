"""Counts of all workers, from whichever is asked, and never going back."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator

import pytest

from guerdon import limits
from guerdon.cli import tallies
from guerdon.cli.tallies import Tallies

OK, REFUSED = ("conscent", 200), ("conscent", 401)


@pytest.fixture
def file() -> Iterator[int]:
    made = tallies.create(2)
    yield made
    os.close(made)


def test_everybodys_counts_are_added_up(file: int) -> None:
    one, two = Tallies(file, 0, 2), Tallies(file, 1, 2)
    one.publish(Counter({OK: 3}))
    two.publish(Counter({OK: 4, REFUSED: 1}))
    assert one.total() == two.total() == Counter({OK: 7, REFUSED: 1})


def test_a_worker_that_starts_again_goes_on_where_it_stopped(file: int) -> None:
    Tallies(file, 0, 2).publish(Counter({OK: 3}))
    again = Tallies(file, 0, 2)
    assert again.total() == Counter({OK: 3})
    again.publish(Counter({OK: 2}))
    assert again.total() == Counter({OK: 5})


def test_a_slot_that_is_being_written_counts_as_it_was_before(file: int) -> None:
    reader, writer = Tallies(file, 0, 2), Tallies(file, 1, 2)
    writer.publish(Counter({OK: 3}))
    assert reader.total() == Counter({OK: 3})
    writer.publish(Counter({OK: 1_000_000}))
    os.pwrite(file, b"\xff", limits.tally_bytes_max + 12)
    assert reader.total() == Counter({OK: 3})


def test_more_kinds_of_answers_than_fit_are_left_out_whole(file: int) -> None:
    one = Tallies(file, 0, 2)
    one.publish(Counter({OK: 3}))
    one.publish(Counter({("x" * 100, status): 1 for status in range(1_000)}))
    assert one.total() == Counter({OK: 3})


def test_a_slots_length_is_never_believed_beyond_the_slot(file: int) -> None:
    one = Tallies(file, 0, 2)
    os.pwrite(file, b"\xff\xff\xff\xff", 0)
    assert one.total() == Counter()
