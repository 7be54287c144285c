"""What passes by itself is waited for; what does not is told at once."""

from __future__ import annotations

import pytest

from guerdon import limits
from guerdon.cli.patience import patiently
from guerdon.clock import SystemClock
from guerdon.errors import GuerdonError, Locked, Misconfigured


class Hasty(SystemClock):
    """A clock on which every look costs two seconds."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds = 0.0

    def monotonic(self) -> float:
        self.seconds += 2.0
        return self.seconds


def failing(times: int, error: GuerdonError):
    left = [error] * times

    def act() -> str:
        if left:
            raise left.pop()
        return "done"

    return act


def passes(error: GuerdonError) -> bool:
    return isinstance(error, Locked)


def test_what_passes_is_tried_again() -> None:
    assert patiently(failing(2, Locked()), Hasty(), passes) == "done"


def test_what_does_not_pass_is_told_at_once() -> None:
    clock = Hasty()
    with pytest.raises(Misconfigured):
        patiently(failing(1, Misconfigured()), clock, passes)
    assert clock.seconds == 2.0


def test_what_does_not_end_is_told_in_the_end() -> None:
    clock = Hasty()
    with pytest.raises(Locked):
        patiently(failing(100, Locked()), clock, passes)
    assert clock.seconds <= limits.lock_wait_seconds + 4
