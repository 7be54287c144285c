"""Due dates: what has to happen because its hour has come, and not because somebody asked.

Each noun that keeps a due date has a duty: it looks its own index up and decides in the same
transaction, so a thing is done once, wherever the work is interrupted, and goes on from there. When
the clock jumps ahead, everything up to the new hour is due; when it jumps back, nothing is until
the hour is reached again, and nothing that was done is done again. A jump of more than a day never
gets here: see `guerdon.clock.SystemClock`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator

from guerdon import limits
from guerdon.engine.committer import Steps
from guerdon.faults import fault
from guerdon.store.transaction import Transaction

Duty = Callable[[Transaction, int, int, int], Generator[None, None, int]]
"""Given (tx, tenant_id, now, limit), does what is due by `now` (microseconds UTC), at most `limit`
of it, the longest overdue first, step by step; returns how much it did. It takes the tenant's head
only when something is due, so that a look costs no lock.
"""


def ticking(duty: Duty) -> Callable[[Transaction, int], Steps]:
    """A little of a duty at each call, for one tenant; whether there is more to do at once."""

    def tick(tx: Transaction, tenant_id: int) -> Steps:
        limit = tx.portion(limits.clockwork_duties_max)
        done = yield from duty(tx, tenant_id, tx.now, limit)
        fault("in_clockwork")
        return done >= limit

    return tick
