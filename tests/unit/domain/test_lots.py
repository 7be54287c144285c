"""How long points last, and which of them go first."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as some

from guerdon.clock import from_datetime, to_datetime
from guerdon.domain import lots
from guerdon.domain.lots import FOREVER, Lot

MADRID = ZoneInfo("Europe/Madrid")
ZONES = ("UTC", "Europe/Madrid", "Asia/Kolkata", "America/Sao_Paulo", "Pacific/Apia")


def moment(text: str, zone: ZoneInfo = MADRID) -> int:
    return from_datetime(datetime.fromisoformat(text).replace(tzinfo=zone))


def ends(base: str, expiry: str, days: int = 90, zone: ZoneInfo = MADRID) -> str:
    at = lots.expires_at(moment(base, zone), expiry, days, zone)
    return to_datetime(at).astimezone(zone).isoformat()


@pytest.mark.parametrize(
    ("base", "expiry", "days", "end"),
    [
        ("2024-01-31T10:00:00", "after_x_days", 30, "2024-03-01T23:59:59+01:00"),
        ("2024-02-29T10:00:00", "after_x_days", 365, "2025-02-28T23:59:59+01:00"),
        ("2024-03-30T10:00:00", "after_x_days", 1, "2024-03-31T23:59:59+02:00"),
        ("2024-10-26T10:00:00", "after_x_days", 1, "2024-10-27T23:59:59+01:00"),
        ("2024-01-31T23:59:59.9", "at_the_end_of_the_month", 9, "2024-01-31T23:59:59+01:00"),
        ("2024-02-01T00:00:00", "at_the_end_of_the_month", 9, "2024-02-29T23:59:59+01:00"),
        ("2024-12-31T10:00:00", "at_the_end_of_the_month", 9, "2024-12-31T23:59:59+01:00"),
        ("2024-02-29T10:00:00", "at_the_end_of_the_year", 9, "2024-12-31T23:59:59+01:00"),
    ],
)
def test_points_end_with_a_local_day(base: str, expiry: str, days: int, end: str) -> None:
    assert ends(base, expiry, days) == end


def test_points_that_last_for_ever_end_beyond_every_moment() -> None:
    assert lots.expires_at(0, "all_time_active", 90, MADRID) == FOREVER


def test_where_clocks_are_put_back_at_midnight_the_later_second_counts() -> None:
    zone = ZoneInfo("America/Sao_Paulo")  # 2018-02-18 00:00 was 2018-02-17 23:00 once more
    assert ends("2018-02-16T10:00:00", "after_x_days", 1, zone) == "2018-02-17T23:59:59-03:00"


@given(
    base=some.integers(0, 4_000_000_000_000_000),
    days=some.integers(1, 36_500),
    zone=some.sampled_from(ZONES),
)
def test_points_last_at_least_their_days_less_one(base: int, days: int, zone: str) -> None:
    at = lots.expires_at(base, "after_x_days", days, ZoneInfo(zone))
    assert at % 1_000_000 == 0
    assert (days - 1) * 86_400 <= (at - base) // 1_000_000 <= (days + 2) * 86_400


def test_a_lock_ends_after_whole_days_to_the_second() -> None:
    assert lots.locked_until(1_700_000_000_999_999, 2) == 1_700_172_800_000_000


def test_lots_are_taken_whole_but_for_the_last() -> None:
    three = [Lot(at, 10, FOREVER, at) for at in (1, 2, 3)]
    assert [(piece.lot.position, piece.points) for piece in lots.take(three, 25)] == [
        (1, 10),
        (2, 10),
        (3, 5),
    ]
    assert [piece.points for piece in lots.take(three, 10)] == [10]
    assert sum(piece.points for piece in lots.take(three, 99)) == 30


def test_no_more_lots_are_looked_at_than_needed() -> None:
    def endless():
        for at in range(1, 10**9):
            yield Lot(at, 1, FOREVER, at)

    assert len(lots.take(endless(), 7)) == 7
