"""Who does a tenant's background work, where several processes could: one at a time.

The lease is a follower's checkpoint that counts time instead of positions. It is prolonged in the
transaction of each slice of work, by whoever wrote its last value and nobody else; so of two
processes that both believe to hold it, one fails before it has changed anything. So the clocks need
not agree: a lease from so far ahead that a clock must have been wrong is nobody's, and costs a turn
at worst.
"""

from __future__ import annotations

from guerdon import limits
from guerdon.clock import SECOND
from guerdon.store.transaction import Transaction

NAME = "upkeep"
_LENGTH = limits.upkeep_lease_seconds * SECOND
_BELIEVED = _LENGTH + limits.clock_skew_seconds_max * SECOND


class Lease:
    """One process's claim on one tenant's background work."""

    def __init__(self, tenant_id: int) -> None:
        self.held = False
        self._place = {"tenant_id": tenant_id, "name": NAME}
        self._until = self._before = 0

    def take(self, tx: Transaction) -> bool:
        """Begin to hold it, if nobody does. Counts only once `tx` is committed."""
        tx.rows.run("add_follower", **self._place)
        row = tx.rows.one("follower_position", **self._place)
        self._until = row[0] if row else 0
        is_over = self._until <= tx.now or self._is_wrong(tx.now)
        return is_over and self.keep(tx)

    def keep(self, tx: Transaction) -> bool:
        """Go on holding it in this transaction; False when somebody else has taken it."""
        self._before = before = self._until
        until = tx.now + _LENGTH
        self._until = until if self._is_wrong(tx.now) else max(before + 1, until)
        moved = tx.rows.run("advance_follower", **self._place, before=before, position=self._until)
        self.held = moved == 1
        return self.held

    def _is_wrong(self, now: int) -> bool:
        """Whether it was taken by a clock that was set back since, or that was never right."""
        return self._until > now + _BELIEVED

    def take_back(self) -> None:
        """What `keep` wrote last went back with its transaction: it is held as it was before."""
        self._until = self._before

    def let_go(self) -> None:
        """It is not known what was stored last: wait until it has run out, then take it anew."""
        self.held = False
