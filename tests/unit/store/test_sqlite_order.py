"""Which changes that wait may be made in another order than they came."""

from __future__ import annotations

import pytest

from guerdon.store.sqlite.connection import _may_change_places


@pytest.mark.parametrize(
    ("query", "other", "may"),
    [
        ("take_from_lot", "add_points_posting", True),  # two tables
        ("take_from_lot", "close_lot", True),  # two columns
        ("take_from_lot", "set_lot", False),  # one column, perhaps of one row
        ("close_lot", "set_lot", False),
        ("take_from_lot", "add_points_transfer", True),  # a row that is there, and a new one
        ("add_points_transfer", "add_points_transfer", True),
        ("take_from_lot", "clear_points_transfers", False),  # rows that go
    ],
)
def test_what_may_change_places(query, other, may):
    assert _may_change_places(query, other) is may
    assert _may_change_places(other, query) is may
