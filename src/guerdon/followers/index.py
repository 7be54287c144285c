"""The follower that packs the activity journal: by member, and block by block.

It goes in whole blocks of positions. The rows of a few blocks are gathered by bucket of members,
then written as one sorted pack for each bucket, a few hundred packs to a transaction, so that
nobody waits for it. The checkpoint moves once, together with the blocks' counts; readers take no
notice of packs beyond it, and what a batch that was cut short left there is removed at the next
start.

Under load it lets the journal run ahead to `limits.index_tail_rows_max`: larger batches make larger
packs. The further it is behind, the larger its slices, so that it keeps up with whatever comes,
some thousand commits behind. When nothing else is going on it catches up at once.
"""

from __future__ import annotations

from collections import Counter

from guerdon import limits
from guerdon.engine import deletions
from guerdon.faults import fault
from guerdon.store import activities, postings
from guerdon.store.port import Row
from guerdon.store.transaction import Transaction

_SLICE_PACKS = 200
_SLICE_ROWS = 512
# So many of them make up what is not packed, when that is much. With a quarter as many, senders'
# p99 under the heaviest load doubles.
_SLICES_BEHIND = 1_024
_SLICE_MERGED_BYTES = 131_072
_MERGE_EVERY = 8  # batches
_BLOCK = activities.BLOCK_POSITIONS


class IndexFollower:
    """Packs one tenant's journal, a slice at a time."""

    def __init__(self, tenant_id: int) -> None:
        self.under_way = False
        self._tenant_id = tenant_id
        self._before = 0
        self._read_to = 0
        self._until = 0
        self._deleted = 0
        self._gathered: postings.Gathered = {}
        self._buckets: list[int] = []
        self._blocks: dict[tuple[int, int], list[int]] = {}
        self._crowded: list[tuple[int, int]] = []
        self._batches = 0

    @property
    def has_work(self) -> bool:
        """Whether a batch or a merge is under way."""
        return self.under_way or bool(self._crowded)

    def slice(self, tx: Transaction, *, tail_rows: int, tail_rows_min: int) -> bool:
        """Do a little; True while there is more to do at once.

        tail_rows: how many activities are not packed; tail_rows_min: to begin a batch.
        """
        if not self.under_way:
            if self._crowded:
                self._merge(tx)
                return True
            return self._start(tx, tail_rows_min)
        if self._read_to < self._until:
            self._gather(tx, max(_SLICE_ROWS, tail_rows // _SLICES_BEHIND))
        elif self._buckets:
            self._write(tx)
        else:
            self._finish(tx)
        return True

    def _start(self, tx: Transaction, tail_rows_min: int) -> bool:
        tenant_id = self._tenant_id
        tx.rows.run("add_follower", tenant_id=tenant_id, name=activities.INDEX)
        self._before = self._read_to = activities.indexed(tx.rows, tenant_id)
        tail = tx.head(tenant_id).activity_position - self._before
        if tail < max(tail_rows_min, _BLOCK):
            return False
        if not self._batches:
            tx.rows.run("remove_unfinished_postings", tenant_id=tenant_id, indexed=self._before)
        self._deleted = tx.total(tenant_id, activities.DELETED)
        blocks = min(tail, limits.index_batch_rows_max) // _BLOCK
        self._until = self._before + blocks * _BLOCK
        self._gathered, self._blocks = {}, {}
        self.under_way = True
        return True

    def _gather(self, tx: Transaction, rows_max: int) -> None:
        until = min(self._read_to + rows_max, self._until)
        while self._read_to < until:
            self._gather_within_block(tx, until)
        if self._read_to == self._until:
            self._buckets = sorted(self._gathered, reverse=True)

    def _gather_within_block(self, tx: Transaction, until: int) -> None:
        after = self._read_to
        self._read_to = min(until, (after // _BLOCK + 1) * _BLOCK)
        rows = tx.rows.all(
            "rows_to_pack", tenant_id=self._tenant_id, after=after, until=self._read_to
        )
        shown = self._without_hidden(tx, rows)
        postings.gather(self._gathered, shown)
        self._count(after // _BLOCK, rows, shown)

    def _without_hidden(self, tx: Transaction, rows: list[Row]) -> list[Row]:
        """What an open deletion takes is not counted; it is on its way out."""
        hidden = deletions.open_deletions(tx, self._tenant_id)
        if not hidden:
            return rows
        return [
            row for row in rows if not any(each.takes(row[2], row[3], row[1]) for each in hidden)
        ]

    def _count(self, block: int, rows: list[Row], shown: list[Row]) -> None:
        """What is hidden is not counted, but its times are noted: its removal looks for them."""
        live = Counter(row[2] for row in shown)
        times: dict[int, list[int]] = {}
        for _, _, type_id, occurred_at in rows:
            times.setdefault(type_id, []).append(occurred_at)
        for type_id, occurred in times.items():
            span = live[type_id], min(occurred), max(occurred)
            self._add_to_block(type_id, block, *span)
            self._add_to_block(activities.ANY_TYPE, block, *span)

    def _add_to_block(self, type_id: int, block: int, live: int, first: int, last: int) -> None:
        counted = self._blocks.setdefault((type_id, block), [0, first, last])
        counted[0] += live
        counted[1] = min(counted[1], first)
        counted[2] = max(counted[2], last)

    def _write(self, tx: Transaction) -> None:
        buckets = [self._buckets.pop() for _ in range(min(_SLICE_PACKS, len(self._buckets)))]
        rows = [
            (self._tenant_id, bucket, 0, self._until, postings.pack(self._gathered[bucket]))
            for bucket in buckets
        ]
        tx.rows.run_many("add_posting", rows)
        fault("in_index_batch")

    def _finish(self, tx: Transaction) -> None:
        # While the head is locked no deletion comes in between.
        tx.head(self._tenant_id)
        if tx.total(self._tenant_id, activities.DELETED) != self._deleted:
            # One came after some of what it takes was counted: the batch is done again.
            tx.rows.run(
                "remove_unfinished_postings", tenant_id=self._tenant_id, indexed=self._before
            )
            self.under_way = False
            return
        moved = tx.rows.run(
            "advance_follower",
            tenant_id=self._tenant_id,
            name=activities.INDEX,
            before=self._before,
            position=self._until,
        )
        if not moved:
            # The journal is packed anew: what is written of this batch may lack a part by now.
            tx.rows.run(
                "remove_unfinished_postings",
                tenant_id=self._tenant_id,
                indexed=activities.indexed(tx.rows, self._tenant_id),
            )
        elif self._blocks:
            tx.rows.run_many(
                "add_block",
                [
                    (self._tenant_id, type_id, block, *counted)
                    for (type_id, block), counted in sorted(self._blocks.items())
                ],
            )
        self.under_way = False
        self._batches += 1
        if self._batches % _MERGE_EVERY == 0:
            crowded = tx.rows.all(
                "crowded_buckets", tenant_id=self._tenant_id, packs=postings.PACKS_MAX
            )
            self._crowded = [(bucket, level) for bucket, level in crowded]

    def _merge(self, tx: Transaction) -> None:
        """A few of the crowded buckets: small packs are many, and a transaction costs its sync."""
        merged = 0
        while self._crowded and merged < _SLICE_MERGED_BYTES:
            merged += self._merge_level(tx, *self._crowded.pop())

    def _merge_level(self, tx: Transaction, bucket: int, level: int) -> int:
        """Many packs of a bucket become one of the next level; its bytes."""
        place = {"tenant_id": self._tenant_id, "bucket": bucket}
        found = tx.rows.all(
            "postings_of_level",
            **place,
            level=level,
            indexed=activities.indexed(tx.rows, self._tenant_id),
        )
        if not found:
            return 0
        last = found[-1][0]
        merged = postings.merge(entries for _, entries in found)
        if not tx.rows.run("remove_postings_of_level", **place, level=level, last_position=last):
            return 0  # somebody has just emptied the tables
        tx.rows.run("add_posting", **place, level=level + 1, last_position=last, entries=merged)
        return len(merged)
