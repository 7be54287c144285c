"""Moments as forms send them."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from dialects.openloyalty.till import permanent, post
from guerdon.clock import DAY, LATEST, SECOND, from_datetime
from guerdon.dialects.openloyalty.dates import read_end, read_moment
from guerdon.dialects.openloyalty.forms import Form

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
    assert read_end(day, WARSAW) == start + hours * 3_600 * SECOND - 1


def test_a_last_moment_is_meant_to_the_end_of_its_second():
    assert read_end("2022-02-20 12:00", WARSAW) == NOON + SECOND - 1
    assert read_end("soon", WARSAW) is None
    assert read_end("9999-12-31", WARSAW) >= read_moment("9999-12-31", WARSAW)


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("2022-02-20", datetime(2022, 2, 20, 23, 59, 59, 999_999, WARSAW)),
        (" 2022-10-30 ", datetime(2022, 10, 30, 23, 59, 59, 999_999, WARSAW)),
        ("2022-02-20 00:00", datetime(2022, 2, 20, tzinfo=WARSAW)),
    ],
)
def test_a_day_without_an_hour_ends_with_its_last_moment(text, end):
    assert Form({"until": text}, WARSAW).end("until") == from_datetime(end)


def test_an_end_that_is_no_moment_is_wrong_and_the_last_day_has_one():
    form = Form({"until": "2022-02-30"}, WARSAW)
    assert form.end("until") == 0
    assert not form.is_valid
    assert Form({}, WARSAW).end("until", required=False) is None
    assert Form({"until": "9999-12-31"}, WARSAW).end("until") == LATEST


def test_rules_and_rewards_hold_to_the_end_of_their_last_day(house):
    headers = permanent(house)
    day = "2036-10-26"
    rule = {"type": "qrcode", "name": "r", "code": "Q", "pointsAmount": 1}
    texts = {"en": {"name": "n"}}
    visible = {"allTimeVisible": 0, "visibleFrom": day, "visibleTo": day}
    active = {"allTimeActive": 0, "activeFrom": day, "activeTo": day}
    reward = {
        "reward": "gift_code",
        "translations": texts,
        "campaignVisibility": visible,
        "campaignActivity": active,
    }
    house.setting("programme.timezone", "Europe/Warsaw")
    dated = {**rule, "startAt": day, "endAt": day}
    shown = [
        house.call("GET", path, headers=headers).json()
        for path in (
            "/api/earningRule/" + made(house, "earningRule", dated, headers),
            "/api/campaign/" + made(house, "campaign", reward, headers),
        )
    ]
    spans = [
        (shown[0]["startAt"], shown[0]["endAt"]),
        (shown[1]["campaignActivity"]["activeFrom"], shown[1]["campaignActivity"]["activeTo"]),
        (
            shown[1]["campaignVisibility"]["visibleFrom"],
            shown[1]["campaignVisibility"]["visibleTo"],
        ),
    ]
    assert set(spans) == {(f"{day}T00:00:00+0200", f"{day}T23:59:59+0100")}


def made(house, kind, form, headers):
    reply = post(house, f"/{kind}", {kind: form}, headers)
    assert reply.status == 200, reply.body
    return next(iter(reply.json().values()))
