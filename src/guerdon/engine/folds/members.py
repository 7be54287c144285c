"""Members: who they are, what they are called, what they subscribed to."""

from __future__ import annotations

import msgspec

from guerdon.domain import definitions, registration
from guerdon.engine.folds.fact import Fact, Fold, Payload, text
from guerdon.store.transaction import Transaction


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


FOLDS: dict[str, Fold] = {
    registration.CUSTOMER_WAS_REGISTERED: _member_registered,
    registration.ASSIGNED_ACCOUNT_TO_CUSTOMER: _account_assigned,
    registration.CUSTOMER_WAS_ASSIGNED_TO_STORE: _store_assigned,
    registration.CUSTOMER_DETAILS_WERE_UPDATED: _details_updated,
    definitions.IDENTITIES_WERE_CHANGED: _identities_changed,
    definitions.SUBSCRIPTION_WAS_CHANGED: _subscription_changed,
}
CLEARED = ("clear_identities", "clear_members")
