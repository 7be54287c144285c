"""The only door to time and identifiers.

Everything that needs the hour or a fresh id asks a `Clock`; a test hands in its own. Times are
integers: microseconds since 1970-01-01 UTC. Nothing else in the code may call `time.time`,
`datetime.now`, `uuid4` or `secrets` (a tidy test looks).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Protocol

from guerdon import limits

SECOND = 1_000_000
DAY = 86_400 * SECOND
_BLOCK_BYTES = 16
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
EARLIEST, LATEST = (_FIRST - _EPOCH) // _MICROSECOND, (_LAST - _EPOCH) // _MICROSECOND
"""The ends of the calendar, UTC: nothing earlier or later has a date."""


_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""It goes on while the machine sleeps, where there is such a clock."""
_JUMP_MAX = limits.clock_jump_seconds_max * SECOND


def _wall() -> int:
    return time.time_ns() // 1_000


def _steady() -> int:
    return time.clock_gettime_ns(_STEADY) // 1_000


class Clock(Protocol):
    """Time and identifiers, as values."""

    def now(self) -> int:
        """Wall clock, microseconds since the epoch, UTC."""

    def monotonic(self) -> float:
        """Seconds from an arbitrary start; never goes back. For leases and deadlines."""

    def uuid(self) -> str:
        """A fresh uuid in its 36-character form, which begins with the millisecond.

        So what is found by uuid lies in the order in which it came, and what comes together is
        written to the same pages. Nobody guesses one: 74 bits are random.
        Source: RFC 9562, 5.7 (version 7).
        """

    def secret(self, size_bytes: int) -> bytes:
        """Bytes nobody can guess."""


_BLOCKS: list[bytes] = []
"""Random bytes for the next uuids and secrets. The system is asked for many at a time: a call costs
as much as a row. No two threads take the same ones, and a child process begins with none."""
os.register_at_fork(after_in_child=_BLOCKS.clear)


def _block() -> bytes:
    """Random bytes that nobody else gets; more of them are drawn for later."""
    try:
        return _BLOCKS.pop()
    except IndexError:
        drawn = os.urandom(_BLOCK_BYTES * 256)
        _BLOCKS.extend(
            drawn[at : at + _BLOCK_BYTES] for at in range(_BLOCK_BYTES, len(drawn), _BLOCK_BYTES)
        )
        return drawn[:_BLOCK_BYTES]


class SystemClock:
    """The machine's clock and random source.

    A wall clock that jumps by more than `limits.clock_jump_seconds_max` is not believed: what is
    recorded by it would stay so, and points expire by it for good. Time goes on as if nothing had
    happened until the wall clock is back, or the process is started again and takes it as it is.

    alarm: told when that begins, and when it is over.
    """

    def __init__(self, alarm: Callable[[str], None] | None = None) -> None:
        self._alarm = alarm
        self._ahead = _wall() - _steady()
        self._is_off = False

    def now(self) -> int:
        steady = _steady()
        ahead = _wall() - steady
        is_off = abs(ahead - self._ahead) > _JUMP_MAX
        if is_off is not self._is_off:
            self._is_off = is_off
            self._tell((ahead - self._ahead) // SECOND)
        if not is_off:
            self._ahead = ahead
        return steady + self._ahead

    def _tell(self, seconds: int) -> None:
        if self._alarm is None:
            return
        if self._is_off:
            self._alarm(
                f"the machine's clock jumped by {seconds} s; time goes on as it was until the clock"
                " is set right, or this process is started again and believes it"
            )
        else:
            self._alarm("the machine's clock is right again")

    def monotonic(self) -> float:
        return time.monotonic()

    def uuid(self) -> str:
        # Spelled out, since going by way of a UUID costs three times as much.
        time_digits, digits = f"{_wall() // 1_000:012x}", _block().hex()
        variant = "89ab"[int(digits[0], 16) & 3]
        return (
            f"{time_digits[:8]}-{time_digits[8:]}-7{digits[1:4]}"
            f"-{variant}{digits[4:7]}-{digits[7:19]}"
        )

    def secret(self, size_bytes: int) -> bytes:
        if size_bytes <= _BLOCK_BYTES:
            return _block()[:size_bytes]
        blocks = -(-size_bytes // _BLOCK_BYTES)
        return b"".join([_block() for _ in range(blocks)])[:size_bytes]


def to_datetime(moment: int) -> datetime:
    """Microseconds since the epoch as an aware UTC datetime."""
    return _EPOCH + timedelta(microseconds=moment)


def from_datetime(moment: datetime) -> int:
    """An aware datetime as microseconds since the epoch.

    Where it lies beyond an end of the calendar in UTC it is that end, so that it has a date.
    """
    return min(max((moment - _EPOCH) // _MICROSECOND, EARLIEST), LATEST)


def to_local(moment: int, timezone: tzinfo, days: int = 0) -> datetime:
    """What clocks and calendars of a time zone show at a moment, or at that hour `days` later.

    Where the calendar ends before that, its end: senders may report the first hour of the year 1,
    which west of Greenwich has no date, and nothing that follows may fail over it.
    """
    try:
        local = to_datetime(moment).astimezone(timezone)
        return local + timedelta(days) if days else local
    except OverflowError:
        edge = _FIRST if moment + days * DAY < 0 else _LAST
        return edge.replace(tzinfo=timezone)
