"""Questions about members: who somebody is, what they are called."""

from __future__ import annotations

from typing import Any

import msgspec

from guerdon.store.port import Row, Rows


class Member(msgspec.Struct, frozen=True):
    """A person in the programme. Times are in microseconds."""

    number: int
    member_id: str
    account_id: str
    store_code: str
    registered_at: int
    updated_at: int
    profile: dict[str, Any]
    subscription: dict[str, Any] | None


def by_number(rows: Rows, tenant_id: int, number: int) -> Member | None:
    """The member with a number."""
    row = rows.one("member", tenant_id=tenant_id, number=number)
    return _member(row) if row else None


def by_id(rows: Rows, tenant_id: int, member_id: str) -> Member | None:
    """The member with a uuid."""
    row = rows.one("member_by_id", tenant_id=tenant_id, member_id=member_id)
    return _member(row) if row else None


def after(rows: Rows, tenant_id: int, number: int, limit: int) -> list[Member]:
    """A page of members by number."""
    found = rows.all("members_after", tenant_id=tenant_id, after=number, limit=limit)
    return [_member(row) for row in found]


def find(rows: Rows, tenant_id: int, kind: str, value: str) -> int | None:
    """The number of the member an identity names."""
    row = rows.one("identity_number", tenant_id=tenant_id, kind=kind, value=value)
    return row[0] if row else None


def identities(rows: Rows, tenant_id: int, number: int) -> list[tuple[str, str]]:
    """All names of a member, by kind."""
    found = rows.all("identities", tenant_id=tenant_id, number=number)
    return [(kind, value) for kind, value in found]


def _member(row: Row) -> Member:
    profile = msgspec.json.decode(row[6])
    subscription = msgspec.json.decode(row[7]) if row[7] is not None else None
    return Member(
        number=row[0],
        member_id=row[1],
        account_id=row[2],
        store_code=row[3],
        registered_at=row[4],
        updated_at=row[5],
        profile=profile,
        subscription=subscription,
    )
