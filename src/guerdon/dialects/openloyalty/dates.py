"""Days and moments as forms and queries write them.

`YYYY-MM-DD`, then perhaps an hour, seconds and an offset; without one they are the programme's.

Units:  microseconds UTC.
Source: Open Loyalty 4.3; the documents write them in several ways.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta, tzinfo

from guerdon.clock import LATEST, SECOND, from_datetime

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
MOMENT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[T ]([0-9]{2}:[0-9]{2})(:[0-9]{2})?(?:\.[0-9]{1,9})?"
    r" ?(Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_UNESCAPED = re.compile(r"([0-9-]{10}T[0-9:.]+) ([0-9]{2}:?[0-9]{2})")
"""What a form makes of a moment whose `+` was not escaped, as in a documented example."""


def read_moment(text: str, timezone: tzinfo) -> int | None:
    """`YYYY-MM-DD`, then perhaps an hour, seconds, an offset; None when it is none of these."""
    text = _UNESCAPED.sub(r"\1+\2", text)
    if not MOMENT.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text.replace(" ", "T", 1).replace(" ", ""))
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone)
    try:
        return from_datetime(moment)
    except OverflowError:
        return None


def read_end(text: str, timezone: tzinfo) -> int | None:
    """The last moment of what a text names: a day, or a second; None when it names neither."""
    moment = read_moment(text, timezone)
    if moment is None:
        return None
    last = last_of_day(text, timezone)
    return moment + SECOND - 1 if last is None else last


def last_of_day(text: str, timezone: tzinfo) -> int | None:
    """The last microsecond of a day; None when the text is something else."""
    if not _DAY.fullmatch(text) or read_moment(text, timezone) is None:
        return None
    day = date.fromisoformat(text)
    if day == date.max:
        return LATEST
    return from_datetime(datetime.combine(day + timedelta(1), time.min, timezone)) - 1
