"""Questions about definitions: levels, rewards, rules, places and the like."""

from __future__ import annotations

from typing import Any

import msgspec

from guerdon.store.port import Row, Rows


class Definition(msgspec.Struct, frozen=True):
    """One thing that a programme is made of.

    `ordinal` is its place in the order of creation, times are microseconds UTC.
    """

    definition_id: str
    ordinal: int
    active: bool
    created_at: int
    changed_at: int
    body: dict[str, Any]


def of_kind(rows: Rows, tenant_id: int, kind: str) -> list[Definition]:
    """Everything of a kind, in the order of its creation."""
    return [_definition(row) for row in rows.all("definitions", tenant_id=tenant_id, kind=kind)]


def get(rows: Rows, tenant_id: int, kind: str, definition_id: str) -> Definition | None:
    """One definition, or None."""
    row = rows.one("definition", tenant_id=tenant_id, kind=kind, definition_id=definition_id)
    return _definition(row) if row else None


def _definition(row: Row) -> Definition:
    return Definition(row[0], row[1], bool(row[2]), row[3], row[4], msgspec.json.decode(row[5]))
