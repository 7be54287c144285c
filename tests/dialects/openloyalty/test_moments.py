"""Moments as forms send them."""

from zoneinfo import ZoneInfo

import pytest

from guerdon.clock import DAY
from guerdon.dialects.openloyalty.forms import read_moment

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
