"""Questions about members: who somebody is, what they are called, how their points moved."""

from __future__ import annotations

from typing import Any

import msgspec

from guerdon.store.port import Row, Rows


class Member(msgspec.Struct, frozen=True):
    """A person in the programme. `balance` is in hundredths of a point, times in microseconds."""

    number: int
    member_id: str
    account_id: str
    store_code: str
    balance: int
    registered_at: int
    updated_at: int
    profile: dict[str, Any]
    subscription: dict[str, Any] | None


class Movement(msgspec.Struct, frozen=True):
    """One movement of points, in hundredths; negative ones were spent."""

    movement_id: int
    transfer_id: str
    concept: str
    points: int
    description: str
    recorded_at: int


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


def movements(
    rows: Rows,
    tenant_id: int,
    number: int,
    *,
    after: int = 0,
    limit: int = 100,
    from_time: int = 0,
    to_time: int = 2**62,
) -> list[Movement]:
    """A member's movements of points, oldest first."""
    found = rows.all(
        "movements",
        tenant_id=tenant_id,
        number=number,
        after=after,
        from_time=from_time,
        to_time=to_time,
        limit=limit,
    )
    return [Movement(*row) for row in found]


def _member(row: Row) -> Member:
    profile = msgspec.json.decode(row[7])
    subscription = msgspec.json.decode(row[8]) if row[8] is not None else None
    return Member(
        number=row[0],
        member_id=row[1],
        account_id=row[2],
        store_code=row[3],
        balance=row[4],
        registered_at=row[5],
        updated_at=row[6],
        profile=profile,
        subscription=subscription,
    )
