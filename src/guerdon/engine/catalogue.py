"""The catalogue's use cases: a tenant's activity types."""

from __future__ import annotations

from guerdon.domain import definitions
from guerdon.engine.commands import AddActivityType, HideActivityType, TypeAdded
from guerdon.engine.record import record
from guerdon.engine.tenants import about_tenant
from guerdon.errors import Duplicate, NotFound
from guerdon.store.transaction import Transaction


def find(tx: Transaction, tenant_id: int, name: str) -> int | None:
    """The id of the visible type of that name."""
    row = tx.rows.one("type_by_name", tenant_id=tenant_id, name=name)
    return row[0] if row else None


def add(tx: Transaction, tenant_id: int, name: str) -> TypeAdded:
    """Put a type into the catalogue."""
    row = tx.rows.one("next_type_id", tenant_id=tenant_id)
    type_id = int(row[0]) if row else 1
    record(
        tx,
        tenant_id,
        about_tenant(tx, tenant_id, definitions.TYPE_WAS_ADDED, typeId=type_id, name=name),
    )
    return TypeAdded(type_id, name, tx.moment(tenant_id))


def add_type(tx: Transaction, command: AddActivityType) -> TypeAdded:
    """See `AddActivityType`."""
    if find(tx, command.tenant_id, command.name) is not None:
        raise Duplicate("duplicated event", code="type_exists", field="name")
    return add(tx, command.tenant_id, command.name)


def hide_type(tx: Transaction, command: HideActivityType) -> None:
    """See `HideActivityType`."""
    row = tx.rows.one("type_by_id", tenant_id=command.tenant_id, type_id=command.type_id)
    if row is None or row[3] is not None:
        raise NotFound("event not found", code="unknown_type", field="id")
    record(
        tx,
        command.tenant_id,
        about_tenant(
            tx,
            command.tenant_id,
            definitions.TYPE_WAS_HIDDEN,
            typeId=command.type_id,
            name=row[1],
        ),
    )
