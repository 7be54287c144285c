"""Named points at which a test may kill this process, to see that the promises hold.

Armed by `GUERDON_FAULT=name` in the environment before start, or `name:3` for the third time the
point is reached; otherwise each point is one comparison with an empty text.

Source: FoundationDB's BUGGIFY: fault points inside the code make rare moments common.
"""

from __future__ import annotations

import os
import signal

_armed, _, _count = os.environ.get("GUERDON_FAULT", "").partition(":")
_passes_left = int(_count or 1)

POINTS = (
    "after_body",
    "after_validate",
    "after_first_row",
    "before_commit",
    "after_commit",
    "in_index_batch",
    "in_deletion",
    "in_clockwork",
    "in_rebuild",
    "in_erasure",
    "in_erasure_slice",
    "in_rules",
    "after_rules",
    "delivery_leased",
    "delivery_sent",
    "in_migration",
)


def fault(name: str) -> None:
    """Die here, without a word, if this point is armed and reached often enough."""
    global _passes_left  # noqa: PLW0603 - one process dies once
    if _armed == name:
        _passes_left -= 1
        if _passes_left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
