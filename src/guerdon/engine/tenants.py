"""Tenants and what they are defined by: keys, administrators, settings."""

from __future__ import annotations

import base64
import hashlib
import re
from ipaddress import ip_network
from typing import Any

import msgspec

from guerdon import limits
from guerdon.domain import definitions
from guerdon.domain.decisions import Decision
from guerdon.engine import secret_settings, settings
from guerdon.engine.commands import (
    AddSigningKey,
    ChangeSetting,
    ChangeSettings,
    CreateAdministrator,
    CreateKey,
    CreateTenant,
    KeyCreated,
    RecordLogin,
    RefreshLogin,
    RevokeKey,
    RevokeLogins,
)
from guerdon.engine.directory import read_settings
from guerdon.engine.record import record
from guerdon.errors import Duplicate, NotFound, Refused, Unauthenticated
from guerdon.store.transaction import GENESIS, Transaction

DIALECTS = ("conscent", "meditopia", "woowup", "openloyalty", "native")
_CODE = re.compile(r"[A-Za-z0-9_-]{1,64}")
_HINT_CHARS = 4


def about_tenant(
    tx: Transaction, tenant_id: int, type: str, personal: str | None = None, /, **parts: Any
) -> Decision:
    """A decision about the tenant's own definitions."""
    row = tx.rows.one("store_by_code", tenant_id=tenant_id, code="DEFAULT")
    if row is None:
        raise NotFound("no such tenant", code="unknown_tenant")
    return definitions.about_tenant(type, row[0], personal, **parts)


def create_tenant(tx: Transaction, command: CreateTenant) -> int:
    """See `CreateTenant`."""
    if not _CODE.fullmatch(command.code):
        raise Refused(
            "a tenant's code is 1 to 64 of A-Z a-z 0-9 _ -", code="invalid_code", field="code"
        )
    _require_name("name", command.name)
    if tx.rows.one("tenant_by_code", code=command.code) is not None:
        raise Duplicate(f"tenant {command.code} exists already", code="tenant_exists")
    row = tx.rows.one("next_tenant_id")
    tenant_id = int(row[0]) if row else 1
    tx.rows.run(
        "add_tenant",
        tenant_id=tenant_id,
        code=command.code,
        name=command.name,
        created_at=tx.now,
    )
    tx.rows.run("add_head", tenant_id=tenant_id, decision_hash=GENESIS, recorded_at=tx.now)
    store_id = tx.uuid()
    record(
        tx,
        tenant_id,
        definitions.about_tenant(
            definitions.TENANT_WAS_CREATED, store_id, code=command.code, name=command.name
        ),
    )
    return tenant_id


def create_key(tx: Transaction, command: CreateKey) -> KeyCreated:
    """See `CreateKey`. A secret is 160 random bits; only its SHA-256 is kept."""
    if command.dialect not in DIALECTS:
        raise Refused(
            f"a key is for one of {', '.join(DIALECTS)}", code="invalid_dialect", field="dialect"
        )
    for text in command.allow_ip:
        _require_network(text)
    row = tx.rows.one("next_key_id")
    key_id = int(row[0]) if row else 1
    secret = "gk_" + base64.b32encode(tx.secret(limits.key_bits // 8)).decode().lower()
    decision = about_tenant(
        tx,
        command.tenant_id,
        definitions.KEY_WAS_CREATED,
        "secret",
        keyId=key_id,
        dialect=command.dialect,
        hint=secret[-_HINT_CHARS:],
        allowIp=list(command.allow_ip),
        scopes=list(command.scopes),
        secret={"sha256": hashlib.sha256(secret.encode()).hexdigest()},
    )
    record(tx, command.tenant_id, decision)
    return KeyCreated(key_id, secret)


def revoke_key(tx: Transaction, command: RevokeKey) -> None:
    """See `RevokeKey`."""
    row = tx.rows.one("key", key_id=command.revoked_key_id)
    if row is not None:
        # The command does not say whose key it is; once that is known, who came first decides.
        tx.head(row[1])
        row = tx.rows.one("key", key_id=command.revoked_key_id)
    if row is None or row[7] is not None:
        raise NotFound(f"no live key {command.revoked_key_id}", code="unknown_key")
    decision = about_tenant(tx, row[1], definitions.KEY_WAS_REVOKED, keyId=row[0])
    record(tx, row[1], decision)


def _require_name(field: str, text: str) -> None:
    """Refuse what nobody could type or read in a line. Errors: Refused `invalid_name`."""
    if not 0 < len(text) <= limits.name_chars_max or not text.isprintable():
        raise Refused(
            f"a {field} is 1 to {limits.name_chars_max} printable characters",
            code="invalid_name",
            field=field,
        )


def create_administrator(tx: Transaction, command: CreateAdministrator) -> str:
    """See `CreateAdministrator`."""
    _require_name("username", command.username)
    if tx.rows.one("administrator_by_username", username=command.username) is not None:
        raise Duplicate(f"{command.username} exists already", code="administrator_exists")
    admin_id = tx.uuid()
    decision = about_tenant(
        tx,
        command.tenant_id,
        definitions.ADMINISTRATOR_WAS_CREATED,
        "credentials",
        administratorId=admin_id,
        credentials={"username": command.username, "passwordHash": command.password_hash},
    )
    record(tx, command.tenant_id, decision)
    return admin_id


def change_setting(tx: Transaction, command: ChangeSetting) -> None:
    """See `ChangeSetting`. A setting whose name ends in `secret` is sealed."""
    value = None
    if command.value is not None:
        parsed = settings.parse(command.name, command.value)
        value = msgspec.json.encode(parsed).decode()
    elif command.name not in settings.SETTINGS:
        raise Refused(f"there is no setting {command.name}", code="unknown_setting")
    _set(tx, command.tenant_id, command.name, value)


def change_settings(tx: Transaction, command: ChangeSettings) -> None:
    """See `ChangeSettings`; what is so already leaves no decision."""
    now = read_settings(tx.rows, command.tenant_id)
    parsed = {name: settings.parse(name, text) for name, text in command.changed}
    for name, value in parsed.items():
        if value != now[name]:
            _set(tx, command.tenant_id, name, msgspec.json.encode(value).decode())


def record_login(tx: Transaction, command: RecordLogin) -> None:
    """See `RecordLogin`."""
    if command.kind == "admin":
        tx.rows.run("set_last_login", admin_id=command.person_id, last_login_at=tx.now)
    tx.rows.run("remove_expired_refresh_tokens", tenant_id=command.tenant_id, now=tx.now)
    tx.rows.run(
        "add_refresh_token",
        token_hash=command.token_hash,
        tenant_id=command.tenant_id,
        kind=command.kind,
        person_id=command.person_id,
        created_at=tx.now,
        expires_at=command.expires_at,
    )


def refresh_login(tx: Transaction, command: RefreshLogin) -> str:
    """See `RefreshLogin`."""
    row = tx.rows.one("refresh_token", token_hash=command.token_hash)
    if row is None or row[1] == "reset" or row[3] < tx.now:
        raise Unauthenticated("the refresh token is unknown or expired")
    tx.rows.run(
        "prolong_refresh_token", token_hash=command.token_hash, expires_at=command.expires_at
    )
    return str(row[2])


def revoke_logins(tx: Transaction, command: RevokeLogins) -> None:
    """See `RevokeLogins`."""
    tx.rows.run("revoke_refresh_tokens", person_id=command.person_id, tenant_id=command.tenant_id)


def add_signing_key(tx: Transaction, command: AddSigningKey) -> None:
    """See `AddSigningKey`."""
    tx.rows.run(
        "add_signing_key",
        kid=command.kid,
        public_pem=command.public_pem,
        sealed_pem=command.sealed_pem,
        created_at=tx.now,
    )
    tx.rows.run("retire_signing_keys", retired_at=tx.now, kid=command.kid)


def _set(tx: Transaction, tenant_id: int, name: str, value: str | None) -> None:
    decision = about_tenant(
        tx,
        tenant_id,
        definitions.SETTING_WAS_CHANGED,
        "value" if secret_settings.is_secret(name) else None,
        name=name,
        value={"json": value},
    )
    record(tx, tenant_id, decision)


def _require_network(text: str) -> None:
    try:
        ip_network(text)
    except ValueError as wrong:
        raise Refused(f"{text} is no network", code="invalid_network", field="allow_ip") from wrong
