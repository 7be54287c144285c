"""What the committer does between commands, in slices short enough that nobody notices."""

from __future__ import annotations

from collections.abc import Callable

from guerdon import limits
from guerdon.engine import deletions, outcomes
from guerdon.engine.committer import Committer
from guerdon.errors import StoreError
from guerdon.faults import fault
from guerdon.followers.index import IndexFollower
from guerdon.followers.lease import Lease
from guerdon.store import activities
from guerdon.store.transaction import Transaction

_TENANTS_SECONDS = 1.0
_UPKEEP_SECONDS = 60.0


class Upkeep:
    """Sorting, removing and pruning for every tenant, one slice at a time.

    Where several processes write, each may have one of these: a tenant's lease says whose turn it
    is.
    """

    def __init__(self) -> None:
        self._followers: dict[int, IndexFollower] = {}
        self._leases: dict[int, Lease] = {}
        self._tenants_until = -1.0
        self._deleting: set[int] = set()
        self._pruned: dict[int, float] = {}

    def slice(self, committer: Committer, *, busy: bool) -> bool:
        """Do a little of whatever is due; True while there is more to do at once."""
        self._know_tenants(committer)
        tail_rows_min = limits.index_tail_rows_max if busy else activities.BLOCK_POSITIONS
        more = False
        for tenant_id in self._followers:
            more |= self._sort(committer, tenant_id, tail_rows_min)
            more |= self._delete(committer, tenant_id)
            if not busy:
                self._prune(committer, tenant_id)
        return more

    def refresh(self) -> None:
        """Notice new tenants and deletions at the next slice."""
        self._tenants_until = -1.0

    def _know_tenants(self, committer: Committer) -> None:
        now = committer.clock.monotonic()
        if now < self._tenants_until:
            return
        self._tenants_until = now + _TENANTS_SECONDS
        for row in committer.writer.all("tenants"):
            self._followers.setdefault(row[0], IndexFollower(row[0]))
            self._leases.setdefault(row[0], Lease(row[0]))
            if committer.writer.all("open_deletions", tenant_id=row[0]):
                self._deleting.add(row[0])

    def _work(
        self, committer: Committer, tenant_id: int, task: Callable[[Transaction], bool]
    ) -> bool:
        """A slice of a tenant's work, if this process is the one to do it."""
        if committer.is_only_one:
            return committer.work(task)
        lease = self._leases[tenant_id]
        try:
            if lease.held:
                return committer.work(lambda tx: lease.keep(tx) and task(tx))
            if committer.work(lease.take):
                # What was in hand when the lease was last held may have been done by others.
                self._followers[tenant_id] = IndexFollower(tenant_id)
        except StoreError:
            lease.let_go()
            raise
        return lease.held

    def _sort(self, committer: Committer, tenant_id: int, tail_rows_min: int) -> bool:
        follower = self._followers[tenant_id]
        if not follower.has_work:
            head = activities.last_position(committer.writer, tenant_id)
            if head - activities.indexed(committer.writer, tenant_id) < tail_rows_min:
                return False
        try:
            return self._work(
                committer,
                tenant_id,
                lambda tx: follower.slice(tx, tail_rows_min=tail_rows_min),
            )
        except StoreError:
            # What the follower has in hand went back with the transaction.
            self._followers[tenant_id] = IndexFollower(tenant_id)
            raise

    def _delete(self, committer: Committer, tenant_id: int) -> bool:
        if tenant_id not in self._deleting:
            return False

        def remove(tx: Transaction) -> bool:
            more = deletions.remove_some(tx, tenant_id)
            fault("in_deletion")
            return more

        more = self._work(committer, tenant_id, remove)
        if not more:
            self._deleting.discard(tenant_id)
        return more

    def _prune(self, committer: Committer, tenant_id: int) -> None:
        now = committer.clock.monotonic()
        if now < self._pruned.get(tenant_id, -_UPKEEP_SECONDS) + _UPKEEP_SECONDS:
            return
        if not self._work(committer, tenant_id, lambda tx: outcomes.remove_old(tx, tenant_id)):
            self._pruned[tenant_id] = now
