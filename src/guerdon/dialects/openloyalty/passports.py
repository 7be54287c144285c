"""Who somebody says they are when they log in, and what their password is checked against.

An administrator is known by a name that is unique in the installation; a seller by an e-mail
address and a member by e-mail, phone or card number, each within one tenant.
Source: Open Loyalty 4.3, "Authorization".
"""

from __future__ import annotations

from typing import Literal

import msgspec

from guerdon.dialects.openloyalty import tokens
from guerdon.store import administrators, definitions, members, standing
from guerdon.store.administrators import Administrator
from guerdon.store.definitions import Definition
from guerdon.store.port import Rows
from guerdon.store.vault import Vault

Kind = Literal["admin", "seller", "customer"]
KINDS: tuple[Kind, ...] = ("admin", "seller", "customer")
_NAMES = ("email", "phone", "card")


class Passport(msgspec.Struct, frozen=True):
    """Somebody who may come in, if the password is right and `active` is true."""

    kind: Kind
    holder: tokens.Holder
    password_hash: str | None
    active: bool
    number: int = 0


def named(
    rows: Rows, vault: Vault, kind: Kind, tenant_id: int | None, name: str
) -> Passport | None:
    """Who goes by a name; `tenant_id` is None when the request named none."""
    if kind == "admin":
        row = rows.one("administrator_by_username", username=name)
        return _administrator(rows, administrators.get(rows, row[1], row[0])) if row else None
    if tenant_id is None:
        return None
    if kind == "seller":
        wanted = name.lower()
        sellers = definitions.of_kind(rows, tenant_id, "Seller")
        found = next((each for each in sellers if each.body.get("email") == wanted), None)
        return _seller(rows, tenant_id, found)
    number = member_named(rows, tenant_id, name)
    return None if number is None else _customer(rows, vault, tenant_id, number, name)


def of(rows: Rows, vault: Vault, kind: Kind, tenant_id: int, person_id: str) -> Passport | None:
    """Whose id this is."""
    if kind == "admin":
        return _administrator(rows, administrators.get(rows, tenant_id, person_id))
    if kind == "seller":
        return _seller(rows, tenant_id, definitions.get(rows, tenant_id, "Seller", person_id))
    member = members.by_id(rows, tenant_id, person_id)
    if member is None:
        return None
    name = str(member.profile.get("email") or member.profile.get("phone") or person_id)
    return _customer(rows, vault, tenant_id, member.number, name)


def member_named(rows: Rows, tenant_id: int, name: str) -> int | None:
    """The number of the member who logs in with a name."""
    for kind in _NAMES:
        value = name.lower() if kind == "email" else name
        number = members.find(rows, tenant_id, kind, value)
        if number is not None:
            return number
    return None


def _administrator(rows: Rows, found: Administrator | None) -> Passport | None:
    if found is None:
        return None
    permissions: dict[str, list[str]] = {}
    for each in sorted(administrators.permissions(rows, found.tenant_id, found.roles)):
        resource, _, access = each.partition(":")
        permissions.setdefault(resource, []).append(access)
    holder = tokens.Holder(
        found.admin_id,
        found.tenant_id,
        found.username,
        found.last_login_at,
        permissions=permissions,
        is_super=not found.roles,
    )
    return Passport("admin", holder, found.password_hash or None, found.active)


def _seller(rows: Rows, tenant_id: int, found: Definition | None) -> Passport | None:
    if found is None or found.body.get("deleted"):
        return None
    seller_id = found.definition_id
    row = rows.one("last_let_in", person_id=seller_id, tenant_id=tenant_id, kind="seller")
    holder = tokens.Holder(
        seller_id,
        tenant_id,
        found.body["email"],
        row[0] if row else None,
        role=tokens.SELLER,
    )
    return Passport("seller", holder, found.body.get("passwordHash"), found.active)


def _customer(rows: Rows, vault: Vault, tenant_id: int, number: int, name: str) -> Passport | None:
    member = members.by_number(rows, tenant_id, number)
    if member is None:
        return None
    stands = standing.of(rows, tenant_id, number)
    password_hash = standing.password_hash(rows, vault, tenant_id, number)
    holder = tokens.Holder(
        member.member_id, tenant_id, name, stands.last_login_at, role=tokens.CUSTOMER
    )
    return Passport("customer", holder, password_hash, stands.is_active, number)
