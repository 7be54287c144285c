"""Waiting for what passes by itself.

A command holds the store for a moment; the workers of a process that was killed are about to free
its port.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from guerdon import limits
from guerdon.clock import Clock
from guerdon.errors import GuerdonError

T = TypeVar("T")


def patiently(
    act: Callable[[], T],
    clock: Clock,
    passes: Callable[[GuerdonError], bool],
    seconds: float = limits.lock_wait_seconds,
) -> T:
    """What `act` gives, tried again for some seconds while its error `passes`."""
    deadline = clock.monotonic() + seconds
    while True:
        try:
            return act()
        except GuerdonError as error:
            if not passes(error) or clock.monotonic() > deadline:
                raise
        time.sleep(limits.lock_retry_seconds)
