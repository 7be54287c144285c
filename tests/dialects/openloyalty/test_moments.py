"""Moments as forms send them."""

from zoneinfo import ZoneInfo

import pytest

from guerdon.clock import DAY, SECOND
from guerdon.dialects.openloyalty.forms import read_last_moment, read_moment

WARSAW = ZoneInfo("Europe/Warsaw")
NOON = 1_645_354_800_000_000
"""2022-02-20 12:00 in Warsaw, as microseconds UTC."""


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2022-02-20", NOON - DAY // 2),
        ("2022-02-20 12:00", NOON),
        ("2022-02-20T12:00:00", NOON),
        ("2022-02-20T12:00:00+01:00", NOON),
        ("2022-02-20T12:00:00+0100", NOON),
        ("2022-02-20 11:00:00Z", NOON),
        ("2022-02-20T12:00:00 0100", NOON),
        ("2022-02-20T12:00 01:00", NOON),
    ],
)
def test_every_documented_spelling_names_its_moment(text, moment):
    assert read_moment(text, WARSAW) == moment


@pytest.mark.parametrize(
    "text",
    ["", "soon", "2022-02-30", "2022-02-20 12", "2022-02-20 12:00 0100", "2022-02-20 0100", "1"],
)
def test_anything_else_is_none(text):
    assert read_moment(text, WARSAW) is None


@pytest.mark.parametrize(
    ("day", "hours"), [("2022-02-20", 24), ("2022-03-27", 23), ("2022-10-30", 25)]
)
def test_a_last_day_is_meant_to_its_end_also_when_clocks_are_changed(day, hours):
    start = read_moment(day, WARSAW)
    assert read_last_moment(day, WARSAW) == start + hours * 3_600 * SECOND - 1


def test_a_last_moment_is_meant_to_the_end_of_its_second():
    assert read_last_moment("2022-02-20 12:00", WARSAW) == NOON + SECOND - 1
    assert read_last_moment("soon", WARSAW) is None
    assert read_last_moment("9999-12-31", WARSAW) >= read_moment("9999-12-31", WARSAW)
