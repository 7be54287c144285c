"""When a failed delivery is tried again.

Source: Standard Webhooks 1.0.0, "Retries": at once, then 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h,
20 h and 24 h, each after the one before.
"""

from __future__ import annotations

from guerdon import limits
from guerdon.clock import SECOND

_HALF_RANGE = 2**15


def next_attempt(
    attempt: int, now: int, jitter_fraction: float, retry_after: int | None = None
) -> int | None:
    """When to try again after `attempt` (counted from 1) has failed; None when that was the last.

    now:             microseconds; so is the answer.
    jitter_fraction: -1.0 to 1.0, of `limits.delivery_jitter_percent`.
    retry_after:     seconds the receiver asked for; not earlier than that, within its bound.
    """
    if attempt >= len(limits.delivery_seconds):
        return None
    planned = limits.delivery_seconds[attempt] * SECOND
    planned += round(planned * jitter_fraction * limits.delivery_jitter_percent / 100)
    asked = min(retry_after or 0, limits.retry_after_seconds_max) * SECOND
    return now + max(planned, asked)


def jitter_fraction(two_bytes: bytes) -> float:
    """A fraction from -1.0 to just below 1.0 out of two random bytes."""
    return int.from_bytes(two_bytes, "big") / _HALF_RANGE - 1.0
