"""Bulk deletion: gone from every answer at once, from the file bit by bit.

The request is one row that hides a range; block counts are corrected in the same transaction, so
page numbers and totals are right at once. The rows themselves are removed in short slices between
commits, which resume after a crash because what is left to do is read from the tables. When the
last row is gone, whoever asked is sent a mail.
"""

from __future__ import annotations

import msgspec

from guerdon.clock import to_datetime
from guerdon.domain import definitions
from guerdon.engine import deliveries
from guerdon.engine.commands import DeleteActivities, DeletionStarted
from guerdon.engine.record import record
from guerdon.engine.tenants import about_tenant
from guerdon.errors import NotFound
from guerdon.faults import fault
from guerdon.store import activities, catalogue
from guerdon.store.port import Rows
from guerdon.store.transaction import Transaction

_SLICE_POSITIONS = 512


class Open(msgspec.Struct, frozen=True):
    """A deletion whose rows are not all gone."""

    deletion_id: int
    type_id: int
    occurred_from: int
    occurred_to: int
    position_max: int
    key_id: int
    notify_to: str | None
    deleted: int
    removed_to: int

    def takes(self, type_id: int, occurred_at: int, position: int) -> bool:
        """Whether an activity is in the range."""
        return (
            type_id == self.type_id
            and position <= self.position_max
            and self.occurred_from <= occurred_at <= self.occurred_to
        )


def delete_activities(tx: Transaction, command: DeleteActivities) -> DeletionStarted:
    """See `DeleteActivities`."""
    tenant_id = command.tenant_id
    types = catalogue.all_types(tx.rows, tenant_id)
    type_id = catalogue.latest_named(types, command.type_name)
    if type_id is None:
        raise NotFound("event not found", code="unknown_type", field="event_name")
    # What others of the same commit have just stored is taken, too, so it must be counted.
    tx.flush()
    head = tx.head(tenant_id)
    counts = _counts(tx, command, type_id)
    tail = _in_tail(tx, command, type_id)
    deleted = sum(counts.values()) + tail
    deletion_id = tx.next_row(tenant_id)
    tx.rows.run(
        "add_deletion",
        tenant_id=tenant_id,
        deletion_id=deletion_id,
        type_id=type_id,
        occurred_from=command.occurred_from,
        occurred_to=command.occurred_to,
        position_max=head.activity_position,
        key_id=command.key_id,
        notify_to=command.notify_to,
        requested_at=tx.moment(tenant_id),
        deleted=deleted,
    )
    tx.rows.run_many(
        "add_to_block",
        [
            (-count, tenant_id, kind, block)
            for block, count in counts.items()
            for kind in (type_id, activities.ANY_TYPE)
        ],
    )
    tx.count(tenant_id, activities.DELETED, deleted)
    record(
        tx,
        tenant_id,
        about_tenant(
            tx,
            tenant_id,
            definitions.ACTIVITY_WAS_DELETED,
            deletionId=deletion_id,
            type=command.type_name,
            occurredFrom=to_datetime(command.occurred_from).isoformat(),
            occurredTo=to_datetime(command.occurred_to).isoformat(),
            count=deleted,
            keyId=command.key_id,
        ),
    )
    return DeletionStarted(deletion_id, deleted)


def open_deletions(tx: Transaction, tenant_id: int) -> list[Open]:
    """Deletions that are not finished, oldest first."""
    return [Open(*row) for row in tx.rows.all("open_deletions", tenant_id=tenant_id)]


def are_open(rows: Rows, tenant_id: int) -> bool:
    """Whether rows of a deletion are still to be removed."""
    return rows.one("open_deletions", tenant_id=tenant_id) is not None


def remove_some(tx: Transaction, tenant_id: int) -> bool:
    """Remove a slice of the oldest open deletion; True while something is left to do."""
    more = _remove_slice(tx, tenant_id)
    fault("in_deletion")
    return more


def _remove_slice(tx: Transaction, tenant_id: int) -> bool:
    waiting = open_deletions(tx, tenant_id)
    if not waiting:
        return False
    deletion = waiting[0]
    sorted_to = activities.indexed(tx.rows, tenant_id)
    start = _next_start(tx, tenant_id, deletion, sorted_to)
    if start >= deletion.position_max:
        _finish(tx, tenant_id, deletion)
        return len(waiting) > 1
    # What a deletion writes keeps the disk from syncing commands that come meanwhile.
    until = min(start + tx.portion(_SLICE_POSITIONS), deletion.position_max)
    if start < sorted_to:
        until = min(until, sorted_to)
    tx.rows.run(
        "remove_range",
        tenant_id=tenant_id,
        type_id=deletion.type_id,
        occurred_from=deletion.occurred_from,
        occurred_to=deletion.occurred_to,
        after=start,
        until=until,
    )
    tx.rows.run(
        "move_deletion",
        tenant_id=tenant_id,
        deletion_id=deletion.deletion_id,
        removed_to=until,
    )
    return True


def _next_start(tx: Transaction, tenant_id: int, deletion: Open, sorted_to: int) -> int:
    """Where the next slice starts: blocks that cannot hold anything of the range are passed by."""
    start = deletion.removed_to
    if start >= sorted_to:
        return start
    row = tx.rows.one(
        "next_block_in_span",
        tenant_id=tenant_id,
        type_id=deletion.type_id,
        occurred_from=deletion.occurred_from,
        occurred_to=deletion.occurred_to,
        block=start // activities.BLOCK_POSITIONS,
    )
    if row is None:
        return sorted_to
    return max(start, int(row[0]) * activities.BLOCK_POSITIONS)


def _finish(tx: Transaction, tenant_id: int, deletion: Open) -> None:
    tx.rows.run(
        "finish_deletion",
        tenant_id=tenant_id,
        deletion_id=deletion.deletion_id,
        finished_at=tx.moment(tenant_id),
    )
    if deletion.notify_to:
        row = tx.rows.one("type_by_id", tenant_id=tenant_id, type_id=deletion.type_id)
        name = row[1] if row else str(deletion.type_id)
        deliveries.owe(
            tx,
            tenant_id,
            kind="mail",
            target=deletion.notify_to,
            subject=f"Deletion {deletion.deletion_id} is finished",
            body=(
                f"{deletion.deleted} events of type {name} from"
                f" {to_datetime(deletion.occurred_from):%Y-%m-%d %H:%M:%S} to"
                f" {to_datetime(deletion.occurred_to):%Y-%m-%d %H:%M:%S} (UTC) have been deleted."
                f"\n\nRequest: {deletion.deletion_id}\n"
            ),
        )


def _counts(tx: Transaction, command: DeleteActivities, type_id: int) -> dict[int, int]:
    """Per block: what the asker counted, if it still holds, and what has been packed since."""
    newest = activities.newest_deletion(tx.rows, command.tenant_id)
    holds = command.counted_deletion == newest and command.counted_type == type_id
    counts = dict(command.counts) if holds else {}
    later = tx.rows.all(
        "range_by_block",
        tenant_id=command.tenant_id,
        type_id=type_id,
        occurred_from=command.occurred_from,
        occurred_to=command.occurred_to,
        from_block=command.counted_until // activities.BLOCK_POSITIONS if holds else 0,
        block_positions=activities.BLOCK_POSITIONS,
    )
    counts.update((block, count) for block, count in later)
    return counts


def _in_tail(tx: Transaction, command: DeleteActivities, type_id: int) -> int:
    row = tx.rows.one(
        "range_in_tail",
        tenant_id=command.tenant_id,
        type_id=type_id,
        occurred_from=command.occurred_from,
        occurred_to=command.occurred_to,
        after=activities.indexed(tx.rows, command.tenant_id),
        until=tx.head(command.tenant_id).activity_position,
    )
    return int(row[0]) if row else 0
