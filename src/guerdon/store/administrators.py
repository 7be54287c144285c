"""Questions about administrators, their roles and what these allow."""

from __future__ import annotations

from typing import Any

import msgspec

from guerdon.store import definitions
from guerdon.store.definitions import Definition
from guerdon.store.port import Row, Rows

DETAILS = "AdministratorDetails"


class Administrator(msgspec.Struct, frozen=True):
    """An administrator. Times are microseconds UTC.

    `details` are firstName, lastName, phone, email, external, roles and tokenHint, as far as they
    are known; an administrator of the command line has none and may do everything.
    """

    admin_id: str
    tenant_id: int
    username: str
    password_hash: str
    token_hash: bytes | None
    active: bool
    created_at: int
    last_login_at: int | None
    details: dict[str, Any]

    @property
    def email(self) -> str:
        """Where they are written to; a username may be an address."""
        return str(self.details.get("email") or self.username)

    @property
    def roles(self) -> list[str]:
        """The ids of their roles; none: everything is allowed."""
        return list(self.details.get("roles") or [])


def get(rows: Rows, tenant_id: int, admin_id: str) -> Administrator | None:
    """One administrator of a tenant."""
    row = rows.one("administrator_of_tenant", tenant_id=tenant_id, admin_id=admin_id)
    if row is None:
        return None
    return _administrator(row, definitions.get(rows, tenant_id, DETAILS, admin_id))


def of_tenant(rows: Rows, tenant_id: int) -> list[Administrator]:
    """Every administrator, oldest first."""
    known = {each.definition_id: each for each in definitions.of_kind(rows, tenant_id, DETAILS)}
    found = rows.all("administrators", tenant_id=tenant_id)
    return [_administrator(row, known.get(row[0])) for row in found]


def permissions(rows: Rows, tenant_id: int, roles: list[str]) -> frozenset[str]:
    """What roles allow together, as `RESOURCE:ACCESS`."""
    found = [definitions.get(rows, tenant_id, "Role", role_id) for role_id in roles]
    return frozenset().union(*(allowed(role) for role in found if role is not None))


def allowed(role: Definition) -> frozenset[str]:
    """What one role allows."""
    return frozenset(f"{each['resource']}:{each['access']}" for each in role.body["permissions"])


def _administrator(row: Row, details: Definition | None) -> Administrator:
    admin_id, tenant_id, username, password_hash, token_hash, active, created_at, login = row
    return Administrator(
        admin_id,
        tenant_id,
        username,
        password_hash,
        None if token_hash is None else bytes(token_hash),
        bool(active),
        created_at,
        login,
        details.body if details else {},
    )
