"""The estimator counts two segments, refuses at the limit, and says how long to wait."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guerdon import limits
from guerdon.web.ratelimit import Failures, Window, Windows

START = 1_700_000_010.0  # the beginning of a segment of 30 s
SEGMENT = limits.limiter_segment_seconds


def take(window: Window, times: int, now: float):
    return [window.take(now) for _ in range(times)][-1]


def test_the_start_is_the_beginning_of_a_segment():
    assert START % SEGMENT == 0


def test_requests_below_the_limit_pass_and_count_down():
    window = Window(3)
    assert [window.take(START).remaining for _ in range(3)] == [2, 1, 0]


def test_the_request_at_the_limit_is_refused():
    window = Window(3)
    take(window, 3, START)
    verdict = window.take(START + 1)
    assert not verdict.allowed
    assert verdict.remaining == 0
    assert verdict.reset == START + SEGMENT


def test_the_segment_before_counts_by_its_share():
    window = Window(100)
    take(window, 60, START)
    # Half a segment later in the next one: 60 * 0.5 = 30 still count.
    now = START + SEGMENT * 1.5
    assert window.take(now).remaining == 100 - 30 - 1
    assert take(window, 69, now).remaining == 0
    assert not window.take(now).allowed


def test_two_segments_later_nothing_counts():
    window = Window(3)
    take(window, 3, START)
    assert window.take(START + 2 * SEGMENT).remaining == 2


def test_a_refused_request_is_not_counted():
    window = Window(3)
    take(window, 50, START)
    assert window.take(START + 2 * SEGMENT - 0.001).allowed


@given(
    limit=st.integers(1, 200),
    before=st.integers(0, 400),
    now=st.integers(0, 400),
    elapsed=st.floats(0, SEGMENT, exclude_max=True),
)
def test_after_the_wait_a_request_is_allowed(limit, before, now, elapsed):
    window = Window(limit)
    for _ in range(before):
        window.take(START)
    moment = START + SEGMENT + elapsed
    for _ in range(now):
        window.take(moment)
    verdict = window.take(moment)
    if not verdict.allowed:
        assert 1 <= verdict.retry_after <= 2 * SEGMENT
        assert window.take(moment + verdict.retry_after).allowed


def test_a_limit_of_none_at_all_refuses_everything():
    assert not Window(0).take(START).allowed


def test_a_clock_set_back_neither_opens_nor_breaks_the_window():
    window = Window(3)
    take(window, 3, START)
    assert not window.take(START - 3_600).allowed
    assert window.take(START + 2 * SEGMENT).allowed


def test_the_headers_carry_integers_and_retry_after_only_a_refusal():
    window = Window(1)
    names = [name for name, _ in window.take(START).headers()]
    assert names == [b"x-rate-limit-limit", b"x-rate-limit-remaining", b"x-rate-limit-reset"]
    refused = dict(window.take(START).headers())
    assert refused[b"x-rate-limit-limit"] == b"1"
    assert int(refused[b"retry-after"]) >= 1


def test_each_sender_has_its_own_window():
    windows = Windows()
    assert windows.take("a", 1, START).allowed
    assert not windows.take("a", 1, START).allowed
    assert windows.take("b", 1, START).allowed


def test_a_changed_limit_holds_at_once():
    windows = Windows()
    windows.take("a", 1, START)
    assert not windows.take("a", 1, START).allowed
    assert windows.take("a", 5, START).allowed


def test_the_silent_are_forgotten_first():
    windows = Windows(windows_max=3)
    windows.take("busy", 1, START)
    windows.take("silent", 1, START)
    later = START + 3 * SEGMENT
    windows.take("busy", 1, later)
    windows.take("new", 1, later)
    windows.take("newer", 1, later)
    assert len(windows) == 3
    assert not windows.take("busy", 1, later).allowed


def test_whoever_sent_in_the_segment_before_is_not_among_the_silent():
    windows = Windows(windows_max=2)
    windows.take("gone", 1, START - 5 * SEGMENT)
    windows.take("busy", 1, START)
    windows.take("new", 1, START + SEGMENT)
    assert not windows.take("busy", 1, START + SEGMENT).allowed


def test_the_number_of_senders_is_bounded():
    windows = Windows(windows_max=10)
    for sender in range(1_000):
        windows.take(sender, 1, START)
    assert len(windows) == 10


def test_a_hundred_wrong_keys_a_minute_from_one_address_are_enough():
    failures = Failures()
    address = ip_address("203.0.113.9")
    verdicts = [failures.take(address, START) for _ in range(101)]
    assert all(verdict.allowed for verdict in verdicts[:100])
    assert not verdicts[100].allowed
    assert verdicts[100].retry_after >= 1
    assert failures.take(ip_address("203.0.113.10"), START).allowed
    assert failures.take(None, START).allowed


@pytest.mark.parametrize(
    ("other", "allowed"), [("2001:db8:0:1::ffff", False), ("2001:db8:0:2::1", True)]
)
def test_addresses_of_one_ipv6_network_are_one_source(other, allowed):
    failures = Failures(per_minute_max=1)
    failures.take(ip_address("2001:db8:0:1::1"), START)
    assert failures.take(ip_address(other), START).allowed is allowed
