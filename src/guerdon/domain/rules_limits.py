"""Calendar windows in which the use of a rule is counted.

Windows are the programme's own days: a week begins on Monday, three months are a calendar quarter,
six months a half year.

Source: Open Loyalty 4.3, "Earning rules", `limit.period`.
"""

from __future__ import annotations

from datetime import date, timedelta, tzinfo

from guerdon.clock import to_local
from guerdon.domain.rules import LIMITED, Rule

_MONTHS = {"month": 1, "3 months": 3, "6 months": 6, "1 year": 12}


def is_limited(rule: Rule) -> bool:
    """Whether a member's uses of the rule are counted."""
    return rule.type in LIMITED and rule.limit.active


def window(rule: Rule, moment: int, timezone: tzinfo) -> str:
    """The window a moment falls into, such as `week 2026-11-16`; empty: not counted."""
    if not is_limited(rule):
        return ""
    period = rule.limit.period
    day = to_local(moment, timezone).date()
    if period == "day":
        return f"day {day.isoformat()}"
    if period == "week":
        return f"week {(day - timedelta(days=day.weekday())).isoformat()}"
    if period in _MONTHS:
        return f"{period} {_first_of(day, _MONTHS[period]).isoformat()}"
    return "forever"


def _first_of(day: date, months: int) -> date:
    return day.replace(month=(day.month - 1) // months * months + 1, day=1)
