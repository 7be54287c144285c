"""Archives of the audit log: ranges of the decision journal under a file's name."""

from __future__ import annotations

from guerdon import limits
from guerdon.domain import definitions as decide
from guerdon.engine.commands import Handlers
from guerdon.engine.commands.audit import ArchiveAudit, Archived
from guerdon.engine.definitions import known
from guerdon.engine.record import record
from guerdon.errors import TooLarge
from guerdon.store import audit
from guerdon.store.transaction import Transaction

KIND = "AuditArchive"


def archive(tx: Transaction, command: ArchiveAudit) -> Archived:
    """See `ArchiveAudit`."""
    tenant_id = command.tenant_id
    archives = [each.body for each in known(tx, tenant_id, KIND).values()]
    if any(body["filename"] == command.filename for body in archives):
        return Archived(0, known=True)
    # Decisions of the units before this one count as well.
    tx.flush()
    first = max((body["to"] for body in archives), default=0) + 1
    last = audit.first_since(tx.rows, tenant_id, command.before) - 1
    total = last - first + 1
    if total <= 0:
        return Archived(0)
    if total > limits.audit_rows_listed_max:
        message = f"An archive holds {limits.audit_rows_listed_max} entries; name an earlier date."
        raise TooLarge(message)
    body = {"filename": command.filename, "from": first, "to": last, "total": total}
    record(tx, tenant_id, decide.defined(KIND, tx.uuid(), body, active=True))
    return Archived(total)


HANDLERS: Handlers = {ArchiveAudit: archive}
