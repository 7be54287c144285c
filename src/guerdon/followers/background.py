"""What the committer does between commands, in slices short enough that nobody notices.

One question tells which tenants' journals have grown; only those, and those whose hour has come,
are asked about anything. They are served in rounds, each a little in its turn, so that a busy one
delays no other for longer than a slice; a slice ends when its time is up, wherever in a round.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence
from typing import Literal

import msgspec

from guerdon import limits
from guerdon.engine import (
    coupons,
    deletions,
    erasure,
    idempotency,
    imports,
    levels,
    lots,
    outcomes,
    segments,
)
from guerdon.engine.clockwork import ticking
from guerdon.engine.committer import Committer, Steps, Task
from guerdon.errors import StoreError
from guerdon.followers import rules
from guerdon.followers.index import IndexFollower
from guerdon.followers.lease import Lease
from guerdon.store import activities
from guerdon.store.port import Rows
from guerdon.store.transaction import Transaction

_LOOK_SECONDS = 0.05
_LOOK_SECONDS_PER_TENANT = 0.000_05  # ten thousand tenants are looked at twice a second
_NEVER = -1.0


def _always(_rows: Rows, _tenant_id: int) -> bool:
    """Whether there is work is only known by doing it."""
    return True


class Chore(msgspec.Struct, frozen=True):
    """One kind of work, done for one tenant at a time.

    when:  "activities" and "decisions": that journal has grown (and once at the start);
           "time": every `limits.clockwork_seconds`; "idle": likewise, but only while no command
           waits.
    run:   a slice of a few milliseconds, (tx, tenant_id) -> whether there is more to do at once;
           step by step if it can be put aside between two of them.
    wants: asked before a transaction is begun: whether there is anything to do.
    """

    name: str
    when: Literal["activities", "decisions", "time", "idle"]
    run: Callable[[Transaction, int], bool | Steps]
    wants: Callable[[Rows, int], bool] = _always


CHORES: tuple[Chore, ...] = (
    Chore("points due", "time", ticking(lots.fall_due)),
    Chore("coupons due", "time", ticking(coupons.fall_due)),
    Chore("level reviews", "time", ticking(levels.review)),
    Chore("segment reviews", "time", ticking(segments.look_at_due)),
    Chore("rules", "activities", rules.follow, rules.has_rules),
    Chore("deletions", "decisions", deletions.remove_some, deletions.are_open),
    Chore("levels", "decisions", levels.sweep, levels.is_sweep_pending),
    Chore("segments", "decisions", segments.sweep, segments.is_sweep_pending),
    Chore("erasures", "decisions", erasure.erase_some, erasure.are_open),
    Chore("outcomes", "idle", outcomes.remove_old),
    Chore("answers", "idle", idempotency.remove_old),
    Chore("imports", "idle", imports.remove_old),
)
"""All of it besides the index, in the order in which a tenant's turn takes them."""


class _Place:
    """What is known of one tenant between slices."""

    def __init__(self, tenant_id: int) -> None:
        self.tenant_id = tenant_id
        self.lease = Lease(tenant_id)
        self.index = IndexFollower(tenant_id)
        self.pending: dict[str, Chore] = {}
        self.rests_until = _NEVER
        self.forget()

    def forget(self) -> None:
        """Ask about everything again."""
        self.activity_position = self.decision_position = -1
        self.packed_to: int | None = None
        self.wakes_at = self.rests_until = _NEVER

    def notice(self, heads: tuple[int, int], now: float, chores: Sequence[Chore]) -> None:
        """Note what the journals' growth or the hour makes due."""
        due = set()
        if heads[0] != self.activity_position:
            due.add("activities")
        if heads[1] != self.decision_position:
            due.add("decisions")
        if now >= self.wakes_at:
            due |= {"time", "idle"}
            self.packed_to = None  # somebody may have had the journal packed anew
            self.wakes_at = now + limits.clockwork_seconds
        self.activity_position, self.decision_position = heads
        if due:
            self.pending.update((chore.name, chore) for chore in chores if chore.when in due)

    def tail_rows(self, rows: Rows) -> int:
        """How many activities are not packed yet."""
        if self.packed_to is None:
            self.packed_to = activities.indexed(rows, self.tenant_id)
        return self.activity_position - self.packed_to


class Upkeep:
    """All chores of all tenants, one slice at a time.

    Where several processes write, each may have one of these: a tenant's lease says whose turn it
    is.
    """

    def __init__(self, chores: Sequence[Chore] = CHORES) -> None:
        self._chores = chores
        self._places: dict[int, _Place] = {}
        self._round: deque[_Place] = deque()
        self._starts_anew = False
        self._more = False
        self._look_at = _NEVER
        self._where = ""

    def slice(self, committer: Committer, *, busy: bool) -> bool:
        """Do a little of whatever is due; True while there is more to do at once."""
        if committer.has_put_aside:
            return self._go_on(committer)
        self._look(committer)
        if not self._round or self._starts_anew:
            self._start_round()
        is_short = busy or committer.is_hurried
        seconds = limits.upkeep_busy_seconds if is_short else limits.upkeep_idle_seconds
        until = committer.clock.monotonic() + seconds
        turn_until = until if is_short else math.inf
        while self._round:
            self._more |= self._serve(committer, self._round.popleft(), turn_until, busy=busy)
            if self._round and _is_over(committer, until):
                return True
        return self._more

    def settle(self, committer: Committer) -> None:
        """All that is due, and what that makes due in its turn, to the end."""
        before, heads = None, committer.writer.all("heads")
        while heads != before:
            self.refresh()
            while self.slice(committer, busy=False):
                pass
            before, heads = heads, committer.writer.all("heads")

    def refresh(self) -> None:
        """Ask about everything again in the round that begins with the next slice."""
        self._look_at = _NEVER
        self._starts_anew = True
        for place in self._places.values():
            place.forget()

    def _go_on(self, committer: Committer) -> bool:
        """Go on with the slice that has made way; its chore is still pending afterwards."""
        try:
            return committer.go_on()
        except Exception as trouble:  # as in `_do`
            trouble.add_note(self._where)
            raise

    def _look(self, committer: Committer) -> None:
        now = committer.clock.monotonic()
        if now < self._look_at:
            return
        for tenant_id, *heads in committer.writer.all("heads"):
            place = self._places.get(tenant_id)
            if place is None:
                place = self._places[tenant_id] = _Place(tenant_id)
            place.notice((heads[0], heads[1]), now, self._chores)
        self._look_at = now + _LOOK_SECONDS + _LOOK_SECONDS_PER_TENANT * len(self._places)

    def _start_round(self) -> None:
        """Everybody with work, and first those whom the last round did not come to."""
        left = list(self._round)
        rest = [place for place in self._places.values() if place not in left]
        self._round = deque(left + [place for place in rest if self._has_work(place)])
        self._starts_anew = self._more = False

    @staticmethod
    def _has_work(place: _Place) -> bool:
        if place.pending or place.index.has_work or place.packed_to is None:
            return True
        return place.activity_position - place.packed_to >= activities.BLOCK_POSITIONS

    def _serve(self, committer: Committer, place: _Place, until: float, *, busy: bool) -> bool:
        """A tenant's turn; True while it has more to do at once."""
        if committer.clock.monotonic() < place.rests_until:
            return False
        more = self._sort(committer, place, busy=busy)
        for chore in list(place.pending.values()):
            if busy and chore.when == "idle":
                continue
            more |= self._do(committer, place, chore)
            if _is_over(committer, until):
                # What was done now comes last in the tenant's next turn.
                return more or bool(place.pending)
        return more

    def _sort(self, committer: Committer, place: _Place, *, busy: bool) -> bool:
        tail_rows_min = limits.index_tail_rows_max if busy else activities.BLOCK_POSITIONS
        tail_rows = place.tail_rows(committer.writer)
        if not place.index.has_work and tail_rows < tail_rows_min:
            return False
        try:
            more = self._work(
                committer,
                place,
                lambda tx: place.index.slice(tx, tail_rows=tail_rows, tail_rows_min=tail_rows_min),
            )
        except Exception:
            # What the follower has in hand went back with the transaction.
            place.index = IndexFollower(place.tenant_id)
            raise
        if not place.index.under_way:
            place.packed_to = None
        return more

    def _do(self, committer: Committer, place: _Place, chore: Chore) -> bool:
        # One that fails is tried again, after the others.
        del place.pending[chore.name]
        self._where = f"{chore.name} of tenant {place.tenant_id}"
        is_done = False
        try:
            if not chore.wants(committer.writer, place.tenant_id):
                is_done = True
                return False
            more = self._work(committer, place, lambda tx: chore.run(tx, place.tenant_id))
            is_done = not more and (committer.is_only_one or place.lease.held)
        except Exception as trouble:  # goes on its way with the place it happened at
            trouble.add_note(self._where)
            raise
        else:
            return more
        finally:
            if not is_done:
                place.pending[chore.name] = chore

    def _work(self, committer: Committer, place: _Place, task: Task) -> bool:
        """A slice of a tenant's work, if this process is the one to do it."""
        if committer.is_only_one:
            return committer.work(task)
        lease = place.lease
        try:
            if lease.held:
                return committer.work(lambda tx: lease.keep(tx) and task(tx), place.tenant_id)
            if committer.work(lease.take, place.tenant_id):
                # What was in hand when the lease was last held may have been done by others.
                place.index = IndexFollower(place.tenant_id)
        except StoreError:
            lease.let_go()
            raise
        except Exception:
            # A defect of a chore: the others, and the next try, need not wait for the lease's end.
            lease.take_back()
            raise
        if not lease.held:
            place.rests_until = committer.clock.monotonic() + limits.upkeep_lease_seconds
        return lease.held


def _is_over(committer: Committer, until: float) -> bool:
    """Whether it is somebody else's turn: the time is up, or a slice has given way."""
    return committer.gives_way or committer.clock.monotonic() >= until
