"""Whole numbers, and how they are divided."""

from __future__ import annotations

import pytest

from guerdon.domain.amounts import rounded


@pytest.mark.parametrize(
    ("amount", "unit", "expected"),
    [(5, 10, 1), (4, 10, 0), (-5, 10, -1), (-4, 10, 0), (15, 10, 2), (0, 7, 0)],
)
def test_halves_are_rounded_away_from_zero(amount: int, unit: int, expected: int) -> None:
    assert rounded(amount, unit) == expected
