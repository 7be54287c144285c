from ipaddress import ip_address

import pytest

from guerdon import limits
from guerdon.dialects.openloyalty.attempts import Attempts
from guerdon.errors import Refused

HERE = ip_address("192.0.2.1")
NOW = 1_700_000_000.0


def guess(attempts, username="admin", address=HERE, times=1, now=NOW):
    for _ in range(times):
        attempts.begin(username, address, now)


def is_refused(attempts, username="admin", address=HERE, now=NOW):
    try:
        attempts.begin(username, address, now)
    except Refused as refused:
        return refused.code == "too_many_requests"
    return False


@pytest.fixture
def exhausted():
    attempts = Attempts()
    guess(attempts, times=limits.login_failures_per_minute_max)
    return attempts


def test_guesses_sent_at_once_count_as_much_as_guesses_in_turn(exhausted):
    assert is_refused(exhausted)


def test_another_name_and_another_source_may_still_try(exhausted):
    assert not is_refused(exhausted, username="other")
    assert not is_refused(exhausted, address=ip_address("192.0.2.2"))
    assert not is_refused(exhausted, address=None)


def test_a_name_in_other_letters_is_no_further_name(exhausted):
    assert is_refused(exhausted, username="Admin")
    assert is_refused(exhausted, username="ADMIN")


def test_it_is_over_after_a_while(exhausted):
    assert not is_refused(exhausted, now=NOW + 2 * limits.failure_segment_seconds)


def test_a_right_password_does_not_count():
    attempts = Attempts()
    for _ in range(10 * limits.key_failures_per_minute_max):
        attempts.begin("admin", HERE, NOW).succeeded()


def test_one_source_may_not_try_every_name():
    attempts = Attempts()
    for number in range(limits.key_failures_per_minute_max):
        guess(attempts, username=f"name-{number}")
    assert is_refused(attempts, username="fresh")


def test_one_ipv6_network_is_one_source():
    attempts = Attempts()
    for host in range(limits.login_failures_per_minute_max):
        guess(attempts, address=ip_address(f"2001:db8::{host:x}"))
    assert is_refused(attempts, address=ip_address("2001:db8::ffff"))
    assert not is_refused(attempts, address=ip_address("2001:db8:0:1::1"))


def test_a_bounded_number_is_remembered(monkeypatch):
    monkeypatch.setattr(limits, "limiter_windows_max", 4)
    attempts = Attempts()
    for number in range(10):
        guess(attempts, username=f"name-{number}")
    assert len(attempts._windows) == 4
