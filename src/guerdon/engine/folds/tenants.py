"""Tenants: their keys, administrators, settings and activity types."""

from __future__ import annotations

from guerdon.domain import definitions
from guerdon.engine import secret_settings
from guerdon.engine.folds.fact import Fact, Fold, Payload, text
from guerdon.store.transaction import Transaction


def _tenant_created(tx: Transaction, fact: Fact) -> None:
    tx.rows.run(
        "add_store",
        tenant_id=fact.tenant_id,
        store_id=fact.aggregate,
        code="DEFAULT",
        name=fact.payload["name"],
        currency="",
        active=1,
        created_at=fact.recorded_at,
    )


def _store_defined(tx: Transaction, fact: Fact) -> None:
    store = {name: fact.payload[name] for name in ("name", "currency")}
    store |= {"tenant_id": fact.tenant_id, "store_id": fact.aggregate}
    store["active"] = int(fact.payload["active"])
    if not tx.rows.run("change_store", **store):
        code = fact.payload["code"]
        tx.rows.run("add_store", **store, code=code, created_at=fact.recorded_at)
    tx.forget(fact.tenant_id)


def _key_created(tx: Transaction, fact: Fact) -> None:
    tx.rows.run(
        "add_key",
        key_id=fact.payload["keyId"],
        tenant_id=fact.tenant_id,
        dialect=fact.payload["dialect"],
        secret_hash=bytes.fromhex(fact.payload["secret"]["sha256"]),
        hint=fact.payload["hint"],
        allow_ip=text(fact.payload["allowIp"]),
        scopes=text(fact.payload["scopes"]),
        created_at=fact.recorded_at,
    )


def _key_revoked(tx: Transaction, fact: Fact) -> None:
    tx.rows.run("revoke_key", key_id=fact.payload["keyId"], revoked_at=fact.recorded_at)


def _administrator_created(tx: Transaction, fact: Fact) -> None:
    secret = fact.payload["credentials"]
    tx.rows.run(
        "add_administrator",
        admin_id=fact.payload["administratorId"],
        tenant_id=fact.tenant_id,
        username=secret["username"],
        password_hash=secret["passwordHash"],
        token_hash=_token_hash(secret),
        active=1,
        created_at=fact.recorded_at,
    )


def _administrator_changed(tx: Transaction, fact: Fact) -> None:
    secret = fact.payload["credentials"]
    tx.rows.run(
        "change_administrator",
        admin_id=fact.payload["administratorId"],
        tenant_id=fact.tenant_id,
        username=secret["username"],
        password_hash=secret["passwordHash"],
        token_hash=_token_hash(secret),
        active=int(fact.payload["active"]),
    )


def _token_hash(secret: Payload) -> bytes | None:
    token = secret.get("tokenSha256")
    return bytes.fromhex(token) if token else None


def _setting_changed(tx: Transaction, fact: Fact) -> None:
    name = fact.payload["name"]
    value = fact.payload["value"].get("json")
    if value is None:
        tx.rows.run("remove_setting", tenant_id=fact.tenant_id, name=name)
    else:
        if secret_settings.is_secret(name):
            value = secret_settings.kept(fact.position)
        tx.rows.run("set_setting", tenant_id=fact.tenant_id, name=name, value=value)
    tx.forget(fact.tenant_id)


def _type_added(tx: Transaction, fact: Fact) -> None:
    tx.rows.run(
        "add_type",
        tenant_id=fact.tenant_id,
        type_id=fact.payload["typeId"],
        name=fact.payload["name"],
        created_at=fact.recorded_at,
    )


def _type_hidden(tx: Transaction, fact: Fact) -> None:
    tx.rows.run(
        "hide_type",
        tenant_id=fact.tenant_id,
        type_id=fact.payload["typeId"],
        hidden_at=fact.recorded_at,
    )
    tx.forget(fact.tenant_id)


FOLDS: dict[str, Fold] = {
    definitions.TENANT_WAS_CREATED: _tenant_created,
    definitions.KEY_WAS_CREATED: _key_created,
    definitions.KEY_WAS_REVOKED: _key_revoked,
    definitions.ADMINISTRATOR_WAS_CREATED: _administrator_created,
    definitions.ADMINISTRATOR_WAS_CHANGED: _administrator_changed,
    definitions.STORE_WAS_DEFINED: _store_defined,
    definitions.SETTING_WAS_CHANGED: _setting_changed,
    definitions.TYPE_WAS_ADDED: _type_added,
    definitions.TYPE_WAS_HIDDEN: _type_hidden,
}
CLEARED = (
    "clear_refresh_tokens",
    "clear_administrators",
    "clear_keys",
    "clear_settings",
    "clear_stores",
    "clear_types",
)
