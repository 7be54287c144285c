"""Who may come in: administrators, sellers, members, and systems with a permanent token.

A person is looked up again whenever what is known of them is older than
`limits.auth_cache_seconds`: whoever was deactivated is out a moment later.
Source: Open Loyalty 4.3, "Authorization".
"""

from __future__ import annotations

from typing import Literal

import msgspec

from guerdon.clock import SECOND
from guerdon.engine.directory import Key, read_settings
from guerdon.store import administrators, definitions, members, standing
from guerdon.store.port import Rows

Kind = Literal["admin", "seller", "customer", "key", "anyone"]
Issuer = Literal["admin", "seller", "api", "internal"]

_PER_MINUTE = "rate_limit.per_minute"


class Caller(msgspec.Struct, frozen=True):
    """Who is asking, in which tenant.

    id:          the person's uuid; "" for a key and for anyone.
    number:      a member's number; None for everybody else.
    name:        what they log in with.
    permissions: what roles grant, as `RESOURCE:ACCESS`; `is_super` has them all.
    is_system:   it came with a permanent token.
    """

    tenant_id: int
    kind: Kind
    key_id: int = 0
    id: str = ""
    number: int | None = None
    name: str = ""
    permissions: frozenset[str] = frozenset()
    is_super: bool = False
    is_system: bool = False
    per_minute_max: int = 0

    @property
    def actor(self) -> str:
        """On whose behalf something is decided, for the decision journal."""
        words = {"admin": "admin", "seller": "seller", "customer": "member"}
        if self.kind == "key":
            return f"key:{self.key_id}"
        return f"{words[self.kind]}:{self.id}" if self.kind in words else ""

    @property
    def issuer(self) -> Issuer:
        """What a transfer of points says of who made it."""
        if self.is_system:
            return "api"
        issuers: dict[Kind, Issuer] = {"admin": "admin", "seller": "seller"}
        return issuers.get(self.kind, "internal")

    def may(self, permission: str) -> bool:
        """Whether a permission is granted; changing something includes seeing it."""
        resource, _, access = permission.partition(":")
        return (
            not permission
            or self.is_super
            or permission in self.permissions
            or (access == "VIEW" and f"{resource}:MODIFY" in self.permissions)
        )


def of_key(key: Key) -> Caller:
    """A system with a permanent token."""
    return Caller(
        key.tenant_id,
        "key",
        key_id=key.key_id,
        name=f"key {key.key_id}",
        is_super=True,
        is_system=True,
        per_minute_max=key.settings[_PER_MINUTE],
    )


def administrator(rows: Rows, admin_id: str) -> Caller | None:
    """An active administrator."""
    row = rows.one("administrator", admin_id=admin_id)
    found = administrators.get(rows, row[1], admin_id) if row else None
    if found is None or not found.active:
        return None
    return Caller(
        found.tenant_id,
        "admin",
        id=admin_id,
        name=found.username,
        permissions=administrators.permissions(rows, found.tenant_id, found.roles),
        is_super=not found.roles,
        per_minute_max=read_settings(rows, found.tenant_id)[_PER_MINUTE],
    )


def external(rows: Rows, token_hash: bytes) -> Caller | None:
    """An active administrator who is a system, by the SHA-256 of their permanent token."""
    row = rows.one("administrator_by_token", token_hash=token_hash)
    found = administrator(rows, row[0]) if row else None
    return None if found is None else msgspec.structs.replace(found, is_system=True)


def seller(rows: Rows, tenant_id: int, seller_id: str) -> Caller | None:
    """An active seller."""
    found = definitions.get(rows, tenant_id, "Seller", seller_id)
    if found is None or not found.active:
        return None
    name = str(found.body.get("email", ""))
    per_minute = read_settings(rows, tenant_id)[_PER_MINUTE]
    return Caller(tenant_id, "seller", id=seller_id, name=name, per_minute_max=per_minute)


def customer(rows: Rows, tenant_id: int, member_id: str, issued_at: int) -> Caller | None:
    """An active member, by a token of `issued_at` (seconds); forgetting them ends all there are."""
    found = members.by_id(rows, tenant_id, member_id)
    if found is None or not standing.of(rows, tenant_id, found.number).is_active:
        return None
    forgotten = rows.one("erasure", tenant_id=tenant_id, number=found.number)
    if forgotten is not None and issued_at * SECOND <= forgotten[0]:
        return None
    name = str(found.profile.get("email") or "")
    per_minute = read_settings(rows, tenant_id)[_PER_MINUTE]
    return Caller(
        tenant_id,
        "customer",
        id=member_id,
        number=found.number,
        name=name,
        per_minute_max=per_minute,
    )


def anyone(rows: Rows, store_code: str) -> Caller | None:
    """A visitor without a credential, of the one tenant that has such a store; None: nobody's."""
    tenant_id = tenant_with_store(rows, store_code)
    return None if tenant_id is None else Caller(tenant_id, "anyone")


def tenant_with_store(rows: Rows, store_code: str) -> int | None:
    """The one tenant that has an open store of that code; None when none has, or several."""
    found = rows.all("tenants_with_store", code=store_code)
    return int(found[0][0]) if len(found) == 1 and found[0][1] else None
