from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guerdon import clock, errors, limits
from guerdon.domain import moments

WARSAW = ZoneInfo("Europe/Warsaw")
AUGUST = clock.from_datetime(datetime(2024, 8, 6, 15, 4, 5, tzinfo=UTC))


@pytest.mark.parametrize(
    "text",
    [
        "2024-08-06 15:04:05",
        "2024-08-06T15:04:05",
        "2024-08-06T15:04:05Z",
        "2024-08-06 15:04:05Z",
        "2024-08-06T15:04:05.0Z",
        "2024-08-06T15:04:05.000000000Z",
        "2024-08-06T15:04:05+00:00",
        "2024-08-06T15:04:05-00:00",
        "2024-08-06T10:04:05-05:00",
        "2024-08-06T20:34:05+05:30",
        "2024-08-07T05:04:05+14:00",
        "2024-08-06T10:04:05-0500",
        "2024-08-06 20:34:05.0+0530",
        "2024-08-06 10:04:05-05",
    ],
)
def test_every_documented_spelling_names_the_same_moment(text: str) -> None:
    assert moments.parse(text) == AUGUST


@pytest.mark.parametrize(
    ("fraction", "microseconds"),
    [(".5", 500_000), (".123", 123_000), (".123456", 123_456), (".1234567", 123_456)],
)
def test_fractions_are_kept_to_the_microsecond(fraction: str, microseconds: int) -> None:
    assert moments.parse(f"2024-08-06T15:04:05{fraction}Z") == AUGUST + microseconds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2024-08-06",
        "2024-08-06 15:04",
        "2024-08-06 15:04:05 ",
        " 2024-08-06 15:04:05",
        "2024-08-06 15:04:05\n",
        "2024-08-06x15:04:05",
        "2024-08-06t15:04:05z",
        "2024-08-06 24:00:00",
        "2024-08-06 23:60:00",
        "2024-08-06 23:59:60",
        "2024-02-30 00:00:00",
        "2023-02-29 00:00:00",
        "2024-13-01 00:00:00",
        "2024-00-10 00:00:00",
        "0000-00-00 00:00:00",
        "2024-W32-2T15:04:05",
        "2024-219 15:04:05",
        "20240806T150405Z",
        "2024-8-6 15:04:05",
        "2024-08-06 1:04:05",
        "2024-08-06 +1:04:05",
        "2024-08-06T15:04:05.Z",
        "2024-08-06T15:04:05,5Z",
        "2024-08-06T15:04:05.1234567890Z",
        "2024-08-06T15:04:05+0560",
        "2024-08-06T15:04:05+05:",
        "2024-08-06T15:04:05+5",
        "2024-08-06T15:04:05+050",
        "2024-08-06T15:04:05+24:00",
        "2024-08-06T15:04:05+05:60",
        "2024-08-06T15:04:05+23:59:59.999999",
        "2024-08-06T15:04:05 +05:00",
        "2024-08-06T15:04:05ZZ",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-05:00",
        "\u0662\u0660\u0662\u0664-\u0660\u0668-\u0660\u0666 \u0661\u0665:\u0660\u0664:\u0660\u0665",
        "2024-08-06 1\uff15:04:05",
        "2024-08-06 15:04:05\0",
        "1722956645",
        "x" * 5_000,
    ],
)
def test_what_is_outside_the_grammar_is_refused(text: str) -> None:
    with pytest.raises(errors.Refused) as caught:
        moments.parse(text)
    assert caught.value.code == "invalid_datetime"


@pytest.mark.parametrize("value", [None, 1722956645, 1.5, True, [], {}, ["2024-08-06 15:04:05"]])
def test_only_text_is_a_moment(value: object) -> None:
    for read in (moments.parse, moments.parse_day, moments.span):
        with pytest.raises(errors.Refused) as caught:
            read(value)
        assert caught.value.code == "invalid_datetime"


def test_the_ends_of_the_calendar_are_moments() -> None:
    assert moments.render(moments.parse("0001-01-01 00:00:00")) == "0001-01-01 00:00:00"
    assert moments.render(moments.parse("9999-12-31 23:59:59")) == "9999-12-31 23:59:59"
    assert moments.parse("0001-01-01T14:00:00+14:00") == clock.EARLIEST
    assert moments.parse("9999-12-31T23:59:59.999999Z") == clock.LATEST


def test_clocks_may_differ_but_nothing_happens_in_the_future() -> None:
    skew = limits.clock_skew_seconds_max * clock.SECOND
    assert moments.occurred("2024-08-06 15:04:05", AUGUST) == AUGUST
    assert moments.occurred("2024-08-06 15:04:05", AUGUST - skew) == AUGUST
    with pytest.raises(errors.Refused) as caught:
        moments.occurred("2024-08-06 15:04:05", AUGUST - skew - 1)
    assert caught.value.code == "future_datetime"


def test_a_day_is_its_first_microsecond() -> None:
    assert moments.parse_day("2024-08-06") == moments.parse("2024-08-06 00:00:00")
    for text in ("2024-08-06 15:04:05", "2024-8-6", "2024-02-30", "2024-08-06\n", ""):
        with pytest.raises(errors.Refused):
            moments.parse_day(text)


def test_a_span_includes_all_that_its_text_names() -> None:
    midnight = moments.parse("2024-08-06 00:00:00")
    assert moments.span("2024-08-06") == (midnight, midnight + clock.DAY - 1)
    assert moments.span("2024-08-06 15:04:05") == (AUGUST, AUGUST + clock.SECOND - 1)
    assert moments.span("2024-08-06T15:04:05.25Z") == (AUGUST + 250_000, AUGUST + 250_000)


def test_moments_are_written_in_utc() -> None:
    assert moments.render(AUGUST + 999_999) == "2024-08-06 15:04:05"
    assert moments.render_iso(AUGUST + 999_999) == "2024-08-06T15:04:05Z"


@pytest.mark.parametrize(
    ("local", "text"),
    [
        (datetime(2024, 8, 6, 15, 4, 5, 999_999, tzinfo=WARSAW), "2024-08-06T15:04:05+0200"),
        (datetime(2024, 1, 6, tzinfo=UTC), "2024-01-06T00:00:00+0000"),
        (datetime(1, 1, 1, tzinfo=ZoneInfo("Asia/Tokyo")), "0001-01-01T00:00:00+0918"),
        (datetime(987, 1, 1, tzinfo=ZoneInfo("America/Lima")), "0987-01-01T00:00:00-0508"),
    ],
)
def test_moments_with_their_offset_have_the_same_form_in_any_year(
    local: datetime, text: str
) -> None:
    assert moments.render_offset(local) == text


@given(
    st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 12, 31)),  # noqa: DTZ001
    st.integers(min_value=-1_439, max_value=1_439),
)
@settings(max_examples=300, deadline=None)
def test_what_the_standard_library_writes_is_read_the_same(local: datetime, offset: int) -> None:
    zoned = local.replace(tzinfo=UTC) - timedelta(minutes=offset)
    sign = "-" if offset < 0 else "+"
    text = f"{local.isoformat()}{sign}{abs(offset) // 60:02d}:{abs(offset) % 60:02d}"
    assert moments.parse(text) == clock.from_datetime(zoned)


@given(st.integers(min_value=clock.EARLIEST, max_value=clock.LATEST))
@settings(max_examples=300, deadline=None)
def test_what_is_written_is_read_back(moment: int) -> None:
    second = moment - moment % clock.SECOND
    assert moments.parse(moments.render(moment)) == second
    assert moments.parse(moments.render_iso(moment)) == second
