"""Recording a decision: into the journal, and folded into the state tables, in one transaction.

State tables are nothing but folds of the decision journal: every row in them was written by a
function below, from a decision and nothing else. So `guerdon rebuild` can throw them away and get
the same bytes again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from guerdon.domain import definitions, registration
from guerdon.domain.decisions import Decision
from guerdon.store.transaction import Transaction

Payload = dict[str, Any]


class Fact(msgspec.Struct, frozen=True):
    """A recorded decision as a fold sees it."""

    tenant_id: int
    position: int
    aggregate: str
    number: int
    recorded_at: int
    payload: Payload


Fold = Callable[[Transaction, Fact], None]


def record(tx: Transaction, tenant_id: int, decision: Decision) -> int:
    """Append a decision and fold it into the state; its position."""
    position = tx.append_decision(tenant_id, decision)
    fold = FOLDS.get(decision.type)
    if fold is not None:
        fact = Fact(
            tenant_id,
            position,
            decision.aggregate,
            decision.number or 0,
            tx.moment(tenant_id),
            decision.payload,
        )
        fold(tx, fact)
    return position


def text(value: Any) -> str:
    """A value as the JSON text state tables keep."""
    return msgspec.json.encode(value).decode()


# --- members -------------------------------------------------------------------------------------


def _member_registered(tx: Transaction, fact: Fact) -> None:
    tx.rows.run(
        "add_member",
        tenant_id=fact.tenant_id,
        number=fact.number,
        member_id=fact.aggregate,
        account_id="",
        store_code="",
        registered_at=fact.recorded_at,
        profile=text(fact.payload.get("customerData") or {}),
    )


def _account_assigned(tx: Transaction, fact: Fact) -> None:
    tx.rows.run(
        "set_account",
        tenant_id=fact.tenant_id,
        number=fact.number,
        account_id=fact.payload["accountId"]["accountId"],
    )


def _store_assigned(tx: Transaction, fact: Fact) -> None:
    tx.rows.run(
        "set_member_store",
        tenant_id=fact.tenant_id,
        number=fact.number,
        store_code=fact.payload["storeCode"],
    )


def _details_updated(tx: Transaction, fact: Fact) -> None:
    row = tx.rows.one("member", tenant_id=fact.tenant_id, number=fact.number)
    if row is None:
        return
    changes = fact.payload.get("customerData") or {}
    profile = merged(msgspec.json.decode(row[7]), changes)
    tx.rows.run(
        "set_profile",
        tenant_id=fact.tenant_id,
        number=fact.number,
        profile=text(profile),
        updated_at=fact.recorded_at,
    )


def merged(profile: Payload, changes: Payload) -> Payload:
    """Details after a change: names given replace, null removes, objects merge by name."""
    result = dict(profile)
    for name, value in changes.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, dict) and isinstance(result.get(name), dict):
            result[name] = merged(result[name], value)
        else:
            result[name] = value
    return result


def _identities_changed(tx: Transaction, fact: Fact) -> None:
    changes = fact.payload.get("identities") or {}
    memory = tx.memory(fact.tenant_id)
    for kind, value in changes.get("removed", ()):
        tx.rows.run("remove_identity", tenant_id=fact.tenant_id, kind=kind, value=value)
    for kind, value in changes.get("bound", ()):
        tx.rows.run(
            "add_identity",
            tenant_id=fact.tenant_id,
            kind=kind,
            value=value,
            number=fact.number,
        )
        memory.identities[kind, value] = fact.number
    if changes.get("removed"):
        tx.forget(fact.tenant_id)


def _subscription_changed(tx: Transaction, fact: Fact) -> None:
    tx.rows.run(
        "set_subscription",
        tenant_id=fact.tenant_id,
        number=fact.number,
        subscription=text(fact.payload["subscription"]),
        updated_at=fact.recorded_at,
    )


# --- points --------------------------------------------------------------------------------------


def _points_added(tx: Transaction, fact: Fact) -> None:
    _points_moved(tx, fact, 1)


def _points_spent(tx: Transaction, fact: Fact) -> None:
    _points_moved(tx, fact, -1)


def _points_moved(tx: Transaction, fact: Fact, sign: int) -> None:
    transfer = fact.payload["pointsTransfer"]
    points = sign * hundredths(transfer["value"])
    concept, _, description = str(transfer.get("comment", "")).partition(": ")
    row = tx.rows.one("member", tenant_id=fact.tenant_id, number=fact.number)
    balance = row[4] if row else 0
    tx.rows.run(
        "add_movement",
        tenant_id=fact.tenant_id,
        number=fact.number,
        movement_id=fact.position,
        transfer_id=transfer["id"]["pointsTransferId"],
        concept=concept,
        points=points,
        description=description,
        recorded_at=fact.recorded_at,
    )
    tx.rows.run(
        "set_balance",
        tenant_id=fact.tenant_id,
        number=fact.number,
        balance=balance + points,
    )


def hundredths(value: Any) -> int:
    """A JSON number of points as whole hundredths, without passing through a binary fraction."""
    written = bytes(value).decode() if isinstance(value, msgspec.Raw) else str(value)
    whole, _, fraction = written.partition(".")
    return int(whole) * 100 + int((fraction + "00")[:2])


# --- definitions ---------------------------------------------------------------------------------


def _tenant_created(tx: Transaction, fact: Fact) -> None:
    tx.rows.run(
        "add_store",
        tenant_id=fact.tenant_id,
        store_id=fact.aggregate,
        code="DEFAULT",
        name=fact.payload["name"],
        created_at=fact.recorded_at,
    )


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
        created_at=fact.recorded_at,
    )


def _setting_changed(tx: Transaction, fact: Fact) -> None:
    name = fact.payload["name"]
    value = fact.payload["value"].get("json")
    if value is None:
        tx.rows.run("remove_setting", tenant_id=fact.tenant_id, name=name)
    else:
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
    registration.CUSTOMER_WAS_REGISTERED: _member_registered,
    registration.ASSIGNED_ACCOUNT_TO_CUSTOMER: _account_assigned,
    registration.CUSTOMER_WAS_ASSIGNED_TO_STORE: _store_assigned,
    registration.CUSTOMER_DETAILS_WERE_UPDATED: _details_updated,
    registration.POINTS_WERE_ADDED: _points_added,
    registration.POINTS_WERE_SPENT: _points_spent,
    definitions.IDENTITIES_WERE_CHANGED: _identities_changed,
    definitions.SUBSCRIPTION_WAS_CHANGED: _subscription_changed,
    definitions.TENANT_WAS_CREATED: _tenant_created,
    definitions.KEY_WAS_CREATED: _key_created,
    definitions.KEY_WAS_REVOKED: _key_revoked,
    definitions.ADMINISTRATOR_WAS_CREATED: _administrator_created,
    definitions.SETTING_WAS_CHANGED: _setting_changed,
    definitions.TYPE_WAS_ADDED: _type_added,
    definitions.TYPE_WAS_HIDDEN: _type_hidden,
}
