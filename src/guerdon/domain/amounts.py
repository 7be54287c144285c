"""Points, money and rates as whole numbers, and division that says how it rounds.

Points are counted in hundredths, money and rates in ten-thousandths.
"""

from __future__ import annotations

RATE = 10_000
"""One, as a rate; and a unit of money."""


def rounded(amount: int, unit: int) -> int:
    """`amount / unit` as a whole number, halves away from zero."""
    whole = (2 * abs(amount) + unit) // (2 * unit)
    return whole if amount >= 0 else -whole
