"""Due dates: what has to happen because its hour has come, and not because somebody asked.

Each noun that keeps a due date has a duty: it looks its own index up and decides in the same
transaction, so a thing is done once, wherever the work is interrupted, and goes on from there. When
the clock jumps ahead, everything up to the new hour is due; when it jumps back, nothing is until
the hour is reached again, and nothing that was done is done again. A jump of more than a day never
gets here: see `guerdon.clock.SystemClock`.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from guerdon import limits
from guerdon.faults import fault
from guerdon.store.transaction import Transaction


class Duty(msgspec.Struct, frozen=True):
    """One kind of thing that falls due.

    run: given (tx, tenant_id, now, limit), does what is due by `now` (microseconds UTC), at most
         `limit` of it, the longest overdue first; how much it did. It takes the tenant's head only
         when something is due, so that a look costs no lock.
    """

    name: str
    run: Callable[[Transaction, int, int, int], int]


DUTIES: list[Duty] = []
"""In the order in which they are done. Filled by the background work, which knows every part."""


def tick(tx: Transaction, tenant_id: int) -> bool:
    """Do a little of each duty of a tenant; whether there is more to do at once."""
    limit = tx.portion(limits.clockwork_duties_max)
    more = False
    for duty in DUTIES:
        more |= duty.run(tx, tenant_id, tx.now, limit) >= limit
        fault("in_clockwork")
    return more
