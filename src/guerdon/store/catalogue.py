"""Questions about the catalogue: a tenant's known activity types."""

from __future__ import annotations

import msgspec

from guerdon.store.port import Rows


class Type(msgspec.Struct, frozen=True):
    """An activity type; a hidden one is only kept for the activities that have it."""

    type_id: int
    name: str
    created_at: int
    hidden_at: int | None = None


def by_id(rows: Rows, tenant_id: int, type_id: int) -> Type | None:
    """The type with an id, hidden or not."""
    row = rows.one("type_by_id", tenant_id=tenant_id, type_id=type_id)
    return Type(*row) if row else None


def visible(rows: Rows, tenant_id: int, offset: int, limit: int) -> list[Type]:
    """A page of the catalogue, by id."""
    found = rows.all("visible_types", tenant_id=tenant_id, offset=offset, limit=limit)
    return [Type(*row) for row in found]


def all_types(rows: Rows, tenant_id: int) -> dict[int, Type]:
    """Every type there ever was, by id."""
    return {row[0]: Type(*row) for row in rows.all("activity_types", tenant_id=tenant_id)}


def latest_named(types: dict[int, Type], name: str) -> int | None:
    """The type of that name whose activities are meant: the visible one, else the last hidden."""
    named = [one for one in types.values() if one.name == name]
    shown = [one for one in named if one.hidden_at is None] or named
    return max((one.type_id for one in shown), default=None)
