"""Importing files: what is remembered of each, so that no row counts twice.

A row's result is written in the transaction that carries the row out. So a file that is sent again
after a crash, a time-out or a lost answer goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from guerdon import limits
from guerdon.clock import DAY, SECOND
from guerdon.engine import enrolment, points, purchases
from guerdon.engine.commands import Command, Handlers
from guerdon.engine.commands.imports import (
    FinishImport,
    ImportRow,
    ImportStarted,
    RowDone,
    StartImport,
)
from guerdon.engine.commands.members import EnrolMember
from guerdon.errors import Refused
from guerdon.store.transaction import Transaction

_HOUR = 3_600 * SECOND
_REMOVE_ROWS = 500
_PROCESSING = "Processing exception: "
_HANDLERS: Handlers = {**enrolment.HANDLERS, **points.HANDLERS, **purchases.HANDLERS}
_MADE = {"Registered": "member_id", "Transferred": "transfer_id"}
"""Where an answer keeps the uuid of what was made; a purchase's is the rest."""


def start_import(tx: Transaction, command: StartImport) -> ImportStarted:
    """See `StartImport`."""
    tenant_id = command.tenant_id
    moment = tx.moment(tenant_id)
    known = tx.rows.one(
        "file_import_by_digest",
        tenant_id=tenant_id,
        kind=command.kind,
        digest=command.digest,
        since=moment - limits.import_replay_hours * _HOUR,
    )
    if known is not None:
        return ImportStarted(known[0], is_known=True)
    import_id = tx.next_row(tenant_id)
    tx.rows.run(
        "add_file_import",
        tenant_id=tenant_id,
        import_id=import_id,
        kind=command.kind,
        digest=command.digest,
        actor=command.actor,
        rows_total=command.rows_total,
        started_at=moment,
    )
    return ImportStarted(import_id, is_known=False)


def import_row(tx: Transaction, command: ImportRow) -> RowDone:
    """See `ImportRow`."""
    place = {
        "tenant_id": command.tenant_id,
        "import_id": command.import_id,
        "place": command.place,
    }
    key = (command.tenant_id, command.import_id, command.place)
    through = None if key in tx.unread else tx.rows.one("file_import_row", **place)
    if through is not None:
        return RowDone(*through)
    done = _carried_out(tx, command)
    tx.unread.discard(key)
    tx.rows.run("add_file_import_row", **place, made=done.made, message=done.message)
    return done


def read_ahead(tx: Transaction, group: Sequence[Command]) -> None:
    """Look at once for what several rows of a group will look for: names, and rows done before."""
    imports: dict[tuple[int, int], list[ImportRow]] = {}
    for command in group:
        if type(command) is ImportRow:
            imports.setdefault((command.tenant_id, command.import_id), []).append(command)
    for (tenant_id, import_id), rows in imports.items():
        tx.head(tenant_id)
        _read_results(tx, tenant_id, import_id, {row.place for row in rows})
        forms = (row.command for row in rows if isinstance(row.command, EnrolMember))
        enrolment.read_ahead(tx, tenant_id, forms)


def _read_results(tx: Transaction, tenant_id: int, import_id: int, places: Collection[int]) -> None:
    first = min(places)
    found = tx.rows.all(
        "file_import_rows",
        tenant_id=tenant_id,
        import_id=import_id,
        place=first,
        limit=max(places) - first + 1,
    )
    through = {row[0] for row in found}
    tx.unread.update((tenant_id, import_id, place) for place in places if place not in through)


def finish_import(tx: Transaction, command: FinishImport) -> None:
    """See `FinishImport`."""
    tx.rows.run(
        "finish_file_import",
        tenant_id=command.tenant_id,
        import_id=command.import_id,
        finished_at=tx.moment(command.tenant_id),
    )


def remove_old(tx: Transaction, tenant_id: int) -> bool:
    """Forget a few rows of an import that is too old; True while there may be more."""
    before = tx.moment(tenant_id) - limits.import_days * DAY
    old = tx.rows.one("old_file_import", tenant_id=tenant_id, before=before)
    if old is None:
        return False
    one = {"tenant_id": tenant_id, "import_id": old[0]}
    if tx.rows.run("remove_file_import_rows", **one, limit=_REMOVE_ROWS) < _REMOVE_ROWS:
        tx.rows.run("remove_file_import", **one)
    return True


def _carried_out(tx: Transaction, command: ImportRow) -> RowDone:
    if command.command is None:
        return RowDone("", command.message)
    mark, writes = tx.mark(), tx.rows.writes
    try:
        answer = _HANDLERS[type(command.command)](tx, command.command)
    except Refused as refused:
        if tx.rows.writes != writes:
            raise
        tx.take_back(mark)
        return RowDone("", _PROCESSING + refused.message)
    return RowDone(getattr(answer, _MADE.get(type(answer).__name__, "purchase_id")))


HANDLERS: Handlers = {
    StartImport: start_import,
    ImportRow: import_row,
    FinishImport: finish_import,
}
