"""How often somebody may try a password: counted before it is checked, forgiven when it was right.

Counting first means that guesses sent at once count as much as guesses sent in turn. One counter
stands for a name as tried from one source (IPv6: one subscriber's network), so that a stranger
cannot lock a name out for its owner; another for the source, whatever names it tries. Upper and
lower case are one name: an e-mail address lets its owner in either way.
Source: OWASP ASVS 5.0, 6.3.1.
"""

from __future__ import annotations

from collections.abc import Hashable
from ipaddress import IPv6Address

from guerdon import limits
from guerdon.errors import Refused
from guerdon.web.peers import Address
from guerdon.web.ratelimit import Window


class Attempt:
    """One try that has been counted."""

    def __init__(self, windows: list[Window]) -> None:
        self._windows = windows

    def succeeded(self) -> None:
        """It was no guess."""
        for window in self._windows:
            window.current = max(0, window.current - 1)


class Attempts:
    """Tries by name and source, of a bounded number of both."""

    def __init__(self) -> None:
        self._windows: dict[Hashable, Window] = {}

    def begin(self, username: str, address: Address | None, now_seconds: float) -> Attempt:
        """Count a try. Errors: Refused `too_many_requests`."""
        source = _source(address)
        bounds = (
            ((source, username.lower()), limits.login_failures_per_minute_max),
            (source, limits.key_failures_per_minute_max),
        )
        taken: list[Window] = []
        for counted, count_max in bounds:
            window = self._window(counted, count_max)
            if not window.take(now_seconds).allowed:
                Attempt(taken).succeeded()
                raise Refused("Too many failed login attempts.", code="too_many_requests")
            taken.append(window)
        return Attempt(taken)

    def _window(self, counted: Hashable, count_max: int) -> Window:
        window = self._windows.get(counted)
        if window is None:
            if len(self._windows) >= limits.limiter_windows_max:
                self._windows.pop(next(iter(self._windows)))
            window = Window(count_max, limits.failure_segment_seconds)
            self._windows[counted] = window
        return window


def _source(address: Address | None) -> Hashable:
    if isinstance(address, IPv6Address):
        return int(address) >> (address.max_prefixlen - limits.ipv6_source_bits)
    return address
