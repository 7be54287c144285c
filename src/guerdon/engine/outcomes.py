"""Outcomes: what became of requests that are not in the journal.

An accepted event's outcome is its journal row; the others are rows here, bounded in number, size
and age, so that nothing is dropped silently and nobody can fill the disk with nonsense.
"""

from __future__ import annotations

from guerdon import limits
from guerdon.clock import DAY
from guerdon.engine import members
from guerdon.engine.commands import MarkReplayed, RecordIntegrationStat, RecordOutcome
from guerdon.store.transaction import Transaction

_REMOVE_ROWS = 200


def record_outcome(tx: Transaction, command: RecordOutcome) -> int:
    """See `RecordOutcome`."""
    tenant_id = command.tenant_id
    outcome_id = tx.next_row(tenant_id)
    tx.count(tenant_id, f"outcome:{command.dialect}:{command.kind}", 1)
    tx.rows.run(
        "add_outcome",
        tenant_id=tenant_id,
        outcome_id=outcome_id,
        recorded_at=tx.moment(tenant_id),
        kind=command.kind,
        code=command.code,
        reason=command.reason[: limits.log_field_chars_max],
        dialect=command.dialect,
        key_id=command.key_id,
        method=command.method,
        path=command.path[: limits.log_field_chars_max],
        body=command.body[: limits.outcome_body_bytes_max],
        body_bytes=command.body_bytes,
    )
    return outcome_id


def mark_replayed(tx: Transaction, command: MarkReplayed) -> None:
    """See `MarkReplayed`."""
    tx.rows.run(
        "set_outcome_replayed",
        tenant_id=command.tenant_id,
        outcome_id=command.outcome_id,
        replayed_at=tx.moment(command.tenant_id),
    )


def remove_old(tx: Transaction, tenant_id: int) -> bool:
    """Remove a few outcomes that are too old or too many; True while there may be more."""
    days = members.settings(tx, tenant_id)["outcomes.days"]
    beyond = tx.rows.one("outcome_beyond", tenant_id=tenant_id, kept=limits.outcomes_max)
    removed = tx.rows.run(
        "remove_old_outcomes",
        tenant_id=tenant_id,
        before=tx.moment(tenant_id) - days * DAY,
        outcome_id_max=beyond[0] if beyond else 0,
        limit=_REMOVE_ROWS,
    )
    return removed == _REMOVE_ROWS


def record_integration_stat(tx: Transaction, command: RecordIntegrationStat) -> int:
    """See `RecordIntegrationStat`."""
    stat_id = tx.next_row(command.tenant_id)
    tx.rows.run(
        "add_integration_stat",
        tenant_id=command.tenant_id,
        stat_id=stat_id,
        recorded_at=tx.moment(command.tenant_id),
        body=command.body,
    )
    return stat_id
