"""Points as WoowUp writes them, whole, and as the ledger counts them, in hundredths.

Read:   a number or, as one sample prints it, its digits in a text; no fraction.
Shown:  a fraction, which only another dialect can have moved, is cut off towards zero.
Errors: Refused `invalid_field`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from guerdon import limits
from guerdon.errors import Refused

_HUNDRED = 100
_POINTS_MAX = limits.points_hundredths_max // _HUNDRED
_WHOLE = re.compile(r"-?[0-9]{1,15}", re.ASCII)


def hundredths(value: Any) -> int:
    """Whole points, as a number or as digits, in hundredths."""
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > _POINTS_MAX:
        raise _invalid(f"must be a whole number up to {_POINTS_MAX}")
    return value * _HUNDRED


def initial(fields: Mapping[str, Any]) -> int:
    """The points a new member begins with, in hundredths."""
    if fields.get("points") in (None, ""):
        return 0
    found = hundredths(fields["points"])
    if found < 0:
        raise _invalid("must not be negative")
    return found


def whole(amount: int) -> int:
    """Hundredths as whole points, cut off towards zero."""
    points = abs(amount) // _HUNDRED
    return -points if amount < 0 else points


def _invalid(what: str) -> Refused:
    return Refused(f"points {what}.", code="invalid_field", field="points")
