"""How the system shares its processors among our threads: wishes, which it need not grant."""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import struct
import sys
import threading

_NICE_MAX = 19
_TURN_NANOSECONDS = 100_000
"""The shortest that Linux grants; its own are up to 3 ms."""
_SCHED_SETATTR = {"x86_64": 314, "aarch64": 274, "riscv64": 274}
"""The number of sched_setattr(2), for which few C libraries have a function."""
_SCHED_ATTR = struct.Struct("=IIQiIQQQ")
"""Its size, policy, flags, nice, priority, runtime, deadline and period."""


def give_way() -> None:
    """The calling thread does what can wait: it goes after all others, and interrupts none."""
    if sys.platform != "linux":
        return
    thread = threading.get_native_id()
    with contextlib.suppress(OSError):  # a sandbox that forbids it: then it goes as all others do
        os.setpriority(os.PRIO_PROCESS, thread, _NICE_MAX)
        os.sched_setscheduler(thread, os.SCHED_BATCH, os.sched_param(0))


def take_short_turns() -> None:
    """The calling thread has little to do at a time, and somebody waits for it.

    When it wakes, it may interrupt one that takes longer turns instead of waiting for its end.
    Source: sched_setattr(2), of Linux 6.12; earlier ones take the wish and change nothing.
    """
    if sys.platform != "linux" or os.sched_getscheduler(0) != os.SCHED_OTHER:
        return
    number = _SCHED_SETATTR.get(platform.machine())
    if number is None:
        return
    nice = os.getpriority(os.PRIO_PROCESS, 0)
    wish = _SCHED_ATTR.pack(_SCHED_ATTR.size, os.SCHED_OTHER, 0, nice, 0, _TURN_NANOSECONDS, 0, 0)
    # What it answers is not asked for: where the wish is refused, turns are as long as before.
    ctypes.CDLL(None).syscall(number, 0, wish, 0)
