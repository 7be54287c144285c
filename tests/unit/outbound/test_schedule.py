"""The times of the attempts (W9, and W8's Retry-After)."""

from hypothesis import given
from hypothesis import strategies as st

from guerdon import limits
from guerdon.clock import SECOND
from guerdon.outbound import schedule

HOUR = 3_600


def seconds(attempt, fraction=0.0, retry_after=None):
    moment = schedule.next_attempt(attempt, 0, fraction, retry_after)
    return None if moment is None else moment / SECOND


def test_the_attempts_are_those_of_the_standard_and_then_it_is_given_up():
    waits = [seconds(attempt) for attempt in range(1, 10)]
    assert waits == [5, 300, 1800, *(hours * HOUR for hours in (2, 5, 10, 14, 20, 24))]
    assert sum(waits) == 75 * HOUR + 35 * 60 + 5
    assert seconds(10) is None
    assert seconds(11) is None


def test_an_attempt_is_counted_from_now():
    assert schedule.next_attempt(1, 1_000 * SECOND, 0.0) == 1_005 * SECOND


def test_jitter_moves_a_time_by_at_most_a_tenth():
    assert seconds(2, -1.0) == 270
    assert seconds(2, 1.0) == 330


def test_two_random_bytes_cover_the_whole_range_of_the_jitter():
    assert schedule.jitter_fraction(b"\x00\x00") == -1.0
    assert schedule.jitter_fraction(b"\x80\x00") == 0.0
    assert 0.999 < schedule.jitter_fraction(b"\xff\xff") < 1.0


def test_a_receiver_may_ask_for_later_but_not_for_sooner_nor_for_ever():
    assert seconds(1, retry_after=60) == 60
    assert seconds(2, retry_after=60) == 300
    assert seconds(1, retry_after=10**9) == limits.retry_after_seconds_max
    assert seconds(10, retry_after=60) is None


@given(
    attempt=st.integers(1, 9),
    now=st.integers(0, 2**53),
    fraction=st.floats(-1.0, 1.0),
    retry_after=st.none() | st.integers(0, 10**12),
)
def test_the_next_attempt_is_always_ahead_and_never_out_of_bounds(
    attempt, now, fraction, retry_after
):
    moment = schedule.next_attempt(attempt, now, fraction, retry_after)
    assert moment is not None
    assert now + 4 * SECOND < moment <= now + limits.retry_after_seconds_max * SECOND * 11 // 10
