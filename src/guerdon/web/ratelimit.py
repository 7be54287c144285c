"""How many requests a key may send, and how many wrong keys an address.

WoowUp's estimator: time is cut into segments; requests are counted in the current one and
remembered for the one before, of which the part that lies within one segment's length still
counts: `previous * (1 - elapsed / segment) + current`. At the limit and above, a request is
refused; a refused one is not counted, so that a client that keeps knocking is let in as soon as
the estimate falls. Times are Unix seconds, given by the caller.
Source: WoowUp's rate limit page.
"""

from __future__ import annotations

from collections.abc import Hashable
from ipaddress import IPv6Address
from typing import NamedTuple

from guerdon import limits
from guerdon.clock import SECOND
from guerdon.web.answers import Pairs
from guerdon.web.peers import Address


class Verdict(NamedTuple):
    """Whether a request may go on, and what to tell the sender about the limit.

    `reset` is the Unix second at which the current segment ends; `retry_after` whole seconds to
    wait, 0 when allowed.
    """

    allowed: bool
    limit: int
    remaining: int
    reset: int
    retry_after: int

    def headers(self) -> Pairs:
        """WoowUp's headers; `Retry-After` only with a refusal."""
        pairs = [
            (b"x-rate-limit-limit", b"%d" % self.limit),
            (b"x-rate-limit-remaining", b"%d" % self.remaining),
            (b"x-rate-limit-reset", b"%d" % self.reset),
        ]
        if not self.allowed:
            pairs.append((b"retry-after", b"%d" % self.retry_after))
        return pairs


class Window:
    """One sender's count in the current segment and the one before."""

    __slots__ = ("current", "limit", "previous", "segment", "segment_seconds")

    def __init__(self, limit: int, segment_seconds: int = limits.limiter_segment_seconds) -> None:
        self.limit = limit
        self.segment_seconds = segment_seconds
        self.segment = 0
        self.previous = 0
        self.current = 0

    def take(self, now_seconds: float) -> Verdict:
        """Count one request, unless it is refused."""
        elapsed = self._roll(now_seconds)
        reset = (self.segment + 1) * self.segment_seconds
        if self._room(elapsed) <= 0:
            return Verdict(False, self.limit, 0, reset, self._wait_seconds(elapsed))
        self.current += 1
        remaining = max(0, self._room(elapsed) // self._length)
        return Verdict(True, self.limit, remaining, reset, 0)

    @property
    def _length(self) -> int:
        return self.segment_seconds * SECOND

    def _roll(self, now_seconds: float) -> int:
        """Move on to the segment of `now_seconds`; microseconds elapsed in it."""
        # A clock that was set back finds the segment it left, at its beginning.
        segment = int(now_seconds // self.segment_seconds)
        if segment > self.segment:
            self.previous = self.current if segment == self.segment + 1 else 0
            self.current = 0
            self.segment = segment
        return max(0, int((now_seconds - self.segment * self.segment_seconds) * SECOND))

    def _room(self, elapsed: int) -> int:
        """How far the estimate is below the limit, times a segment's length: a whole number."""
        return (self.limit - self.current) * self._length - self.previous * (self._length - elapsed)

    def _wait_seconds(self, elapsed: int) -> int:
        """Whole seconds until the estimate is below the limit."""
        room = (self.limit - self.current) * self._length
        if room > 0:
            free_at = self._length - (room - 1) // self.previous
        else:
            # Not in this segment; in the next, this one counts as the one before.
            least = (self.limit * self._length - 1) // self.current if self.current else 0
            free_at = 2 * self._length - least
        # A microsecond more than that, since a clock's seconds are rounded.
        return max(1, -((elapsed - free_at - 1) // SECOND))


class Windows:
    """A window for each sender, of a bounded number of senders."""

    def __init__(
        self,
        segment_seconds: int = limits.limiter_segment_seconds,
        windows_max: int = limits.limiter_windows_max,
    ) -> None:
        self._segment_seconds = segment_seconds
        self._swept_segment = 0
        self._windows: dict[Hashable, Window] = {}
        self._windows_max = windows_max

    def __len__(self) -> int:
        return len(self._windows)

    def take(self, sender: Hashable, limit: int, now_seconds: float) -> Verdict:
        """Count one request of `sender`; a changed limit holds at once."""
        window = self._windows.get(sender)
        if window is None:
            if len(self._windows) >= self._windows_max:
                self._make_room(now_seconds)
            window = self._windows[sender] = Window(limit, self._segment_seconds)
        window.limit = limit
        return window.take(now_seconds)

    def _make_room(self, now_seconds: float) -> None:
        """Forget the silent, at most once a segment; else the sender known longest."""
        segment = int(now_seconds // self._segment_seconds)
        if segment != self._swept_segment:
            self._swept_segment = segment
            self._windows = {
                sender: window
                for sender, window in self._windows.items()
                if window.segment >= segment - 1
            }
        if len(self._windows) >= self._windows_max:
            self._windows.pop(next(iter(self._windows)))


class Failures:
    """Wrong credentials by source address.

    Asked only after a credential turned out wrong, so that a right one is never slowed down by
    what others send from the same address.
    """

    def __init__(self, per_minute_max: int = limits.key_failures_per_minute_max) -> None:
        self._per_minute_max = per_minute_max
        self._windows = Windows(limits.failure_segment_seconds)

    def take(self, address: Address | None, now_seconds: float) -> Verdict:
        """Count one wrong credential; not allowed: answer 429 instead of saying it was wrong."""
        return self._windows.take(_source(address), self._per_minute_max, now_seconds)


def _source(address: Address | None) -> Hashable:
    if isinstance(address, IPv6Address):
        return int(address) >> (address.max_prefixlen - limits.ipv6_source_bits)
    return address
