"""Administrators: their details, their passwords, and the roles that say what they may do."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from guerdon import limits
from guerdon.clock import SECOND
from guerdon.domain import definitions as decide
from guerdon.engine import deliveries
from guerdon.engine.commands import Handlers
from guerdon.engine.commands.administrators import (
    ChangeAdministratorPassword,
    DefineAdministrator,
    DefineRole,
    RemoveRole,
    RequestAdministratorReset,
    ResetAdministratorPassword,
)
from guerdon.engine.commands.definitions import Defined
from guerdon.engine.definitions import known, required
from guerdon.engine.record import record
from guerdon.engine.tenants import about_tenant
from guerdon.errors import Duplicate, NotFound, Refused
from guerdon.store import administrators
from guerdon.store.administrators import Administrator
from guerdon.store.transaction import Transaction

DETAILS = administrators.DETAILS
_MINUTE_SECONDS = 60


def define(tx: Transaction, command: DefineAdministrator) -> Defined:
    """See `DefineAdministrator`."""
    tenant_id = command.tenant_id
    before = _required(tx, tenant_id, command.admin_id) if command.admin_id else None
    body = msgspec.json.decode(command.body)
    if before is not None:
        body = {**before.details, **body}
    for role_id in body.get("roles", ()):
        if role_id not in known(tx, tenant_id, "Role"):
            raise NotFound(code="unknown_definition", field="roles")
    admin_id = command.admin_id or tx.uuid()
    username = command.username or (before.username if before else admin_id)
    _require_free(tx, tenant_id, admin_id, username, command.token_hash, body.get("email", ""))
    token_hash = command.token_hash or (before.token_hash if before else None)
    credentials = {
        "username": username,
        "passwordHash": command.password_hash or (before.password_hash if before else ""),
        "tokenSha256": token_hash.hex() if token_hash and body.get("external") else "",
    }
    if before is None:
        _created(tx, tenant_id, admin_id, credentials)
    if before is not None or not command.active:
        _changed(tx, tenant_id, admin_id, credentials, active=command.active)
    record(tx, tenant_id, decide.defined(DETAILS, admin_id, body, active=True, is_secret=True))
    if before is not None and (command.password_hash or not command.active):
        tx.rows.run("revoke_refresh_tokens", person_id=admin_id, tenant_id=tenant_id)
    return Defined(admin_id)


def change_password(tx: Transaction, command: ChangeAdministratorPassword) -> None:
    """See `ChangeAdministratorPassword`."""
    found = _required(tx, command.tenant_id, command.admin_id)
    _set_password(tx, found, command.password_hash)


def request_reset(tx: Transaction, command: RequestAdministratorReset) -> None:
    """See `RequestAdministratorReset`."""
    tenant_id = command.tenant_id
    found = _required(tx, tenant_id, command.admin_id)
    if "@" not in found.email:
        raise Refused("there is no e-mail address", code="no_address")
    token = tx.secret(limits.refresh_token_bytes).hex()
    tx.rows.run("revoke_resets", person_id=found.admin_id, tenant_id=tenant_id)
    tx.rows.run(
        "add_refresh_token",
        token_hash=_hash(token),
        tenant_id=tenant_id,
        kind="reset",
        person_id=found.admin_id,
        created_at=tx.now,
        expires_at=tx.now + limits.reset_token_seconds * SECOND,
    )
    deliveries.owe(
        tx,
        tenant_id,
        kind="mail",
        target=found.email,
        subject="Set a new password",
        body=(
            f"Somebody asked for a new password for {found.username}."
            f" If it was you, set it with this token:\n\n{token}\n\n"
            f"It is good once, for {limits.reset_token_seconds // _MINUTE_SECONDS} minutes.\n"
        ),
    )


def reset(tx: Transaction, command: ResetAdministratorPassword) -> None:
    """See `ResetAdministratorPassword`."""
    token_hash = _hash(command.token)
    row = tx.rows.one("refresh_token", token_hash=token_hash)
    if row is None or row[0] != command.tenant_id or row[1] != "reset" or row[3] < tx.now:
        raise NotFound(code="bad_token")
    _set_password(tx, _required(tx, command.tenant_id, row[2]), command.password_hash)


def define_role(tx: Transaction, command: DefineRole) -> Defined:
    """See `DefineRole`."""
    tenant_id = command.tenant_id
    if command.role_id:
        required(tx, tenant_id, "Role", command.role_id)
    body = msgspec.json.decode(command.body)
    others = {
        role_id: {**role.body, "default": False}
        for role_id, role in known(tx, tenant_id, "Role").items()
        if role_id != command.role_id and role.body["default"] and body["default"]
    }
    role_id = command.role_id or tx.uuid()
    record(tx, tenant_id, decide.defined("Role", role_id, body, active=True))
    for other_id, other in others.items():
        record(tx, tenant_id, decide.defined("Role", other_id, other, active=True))
    return Defined(role_id)


def remove_role(tx: Transaction, command: RemoveRole) -> None:
    """See `RemoveRole`."""
    required(tx, command.tenant_id, "Role", command.role_id)
    for details in known(tx, command.tenant_id, DETAILS).values():
        if command.role_id in details.body.get("roles", ()):
            raise Refused("The role is assigned to an administrator.", code="role_in_use")
    record(tx, command.tenant_id, decide.removed("Role", command.role_id))


def _required(tx: Transaction, tenant_id: int, admin_id: str) -> Administrator:
    found = administrators.get(tx.rows, tenant_id, admin_id)
    if found is None:
        raise NotFound(code="unknown_administrator")
    return found


def _require_free(
    tx: Transaction,
    tenant_id: int,
    admin_id: str,
    username: str,
    token_hash: bytes,
    email: str,
) -> None:
    row = tx.rows.one("administrator_by_username", username=username)
    if row is not None and row[0] != admin_id:
        raise Duplicate(code="administrator_exists", field="username")
    for other in administrators.of_tenant(tx.rows, tenant_id):
        if email and other.admin_id != admin_id and other.email.lower() == email.lower():
            raise Duplicate(code="administrator_exists", field="email")
    if token_hash:
        row = tx.rows.one("administrator_by_token", token_hash=token_hash)
        if row is not None and row[0] != admin_id:
            raise Duplicate(code="administrator_exists", field="apiKey")


def _set_password(tx: Transaction, found: Administrator, password_hash: str) -> None:
    credentials = {
        "username": found.username,
        "passwordHash": password_hash,
        "tokenSha256": found.token_hash.hex() if found.token_hash else "",
    }
    _changed(tx, found.tenant_id, found.admin_id, credentials, active=found.active)
    tx.rows.run("revoke_refresh_tokens", person_id=found.admin_id, tenant_id=found.tenant_id)


def _created(tx: Transaction, tenant_id: int, admin_id: str, credentials: dict[str, Any]) -> None:
    decision = about_tenant(
        tx,
        tenant_id,
        decide.ADMINISTRATOR_WAS_CREATED,
        "credentials",
        administratorId=admin_id,
        credentials=credentials,
    )
    record(tx, tenant_id, decision)


def _changed(
    tx: Transaction, tenant_id: int, admin_id: str, credentials: dict[str, Any], *, active: bool
) -> None:
    decision = about_tenant(
        tx,
        tenant_id,
        decide.ADMINISTRATOR_WAS_CHANGED,
        "credentials",
        administratorId=admin_id,
        active=active,
        credentials=credentials,
    )
    record(tx, tenant_id, decision)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


HANDLERS: Handlers = {
    DefineAdministrator: define,
    ChangeAdministratorPassword: change_password,
    RequestAdministratorReset: request_reset,
    ResetAdministratorPassword: reset,
    DefineRole: define_role,
    RemoveRole: remove_role,
}
