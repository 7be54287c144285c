"""Members: who they are, what they are called, what they subscribed to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from guerdon.domain import definitions, erasure, identities, members, registration
from guerdon.engine import newcomers
from guerdon.engine.folds.fact import Fact, Fold, Payload, text
from guerdon.store.members import by_number
from guerdon.store.transaction import Transaction

_DAY_CHARS = len("YYYY-MM-DD")
_OF_OTHERS = ("levelId", "posId", "sellerId", "referral_customer_email", "invitationToken")
"""What a registration form asks for besides details: other decisions say what came of it."""


def _member_registered(tx: Transaction, fact: Fact) -> None:
    details = _details(fact.payload.get("customerData") or {})
    newcomers.change(tx, fact.tenant_id, fact.number, profile=details)
    new = newcomers.of(tx, fact.tenant_id, fact.number)
    tx.rows.run(
        "add_member",
        tenant_id=fact.tenant_id,
        number=fact.number,
        member_id=fact.aggregate,
        account_id=new.member.account_id if new else "",
        store_code=new.member.store_code if new else "",
        registered_at=fact.recorded_at,
        profile=text(details),
    )


def _details(customer_data: Payload) -> Payload:
    """Details as they are kept: the day of birth without an hour, and a company only whole."""
    kept = {name: value for name, value in customer_data.items() if name not in _OF_OTHERS}
    if kept.get("birthDate"):
        kept["birthDate"] = kept["birthDate"][:_DAY_CHARS]
    if "company" in kept and not all(kept["company"].get(name) for name in members.COMPANY):
        del kept["company"]
    return kept


def _account_assigned(tx: Transaction, fact: Fact) -> None:
    _place(tx, fact, account_id=fact.payload["accountId"]["accountId"])


def _store_assigned(tx: Transaction, fact: Fact) -> None:
    _place(tx, fact, store_code=fact.payload["storeCode"])


def _place(tx: Transaction, fact: Fact, **values: str) -> None:
    if newcomers.of(tx, fact.tenant_id, fact.number) is not None:
        return  # whose account and store were known from the beginning
    row = (values.get("account_id"), values.get("store_code"), fact.tenant_id, fact.number)
    tx.rows.later("set_member_place", row)


def _details_updated(tx: Transaction, fact: Fact) -> None:
    changes = fact.payload.get("customerData") or {}
    _change_profile(tx, fact, lambda profile: merged(profile, _details(changes)))


def _address_updated(tx: Transaction, fact: Fact) -> None:
    _replace(tx, fact, "address", fact.payload["addressData"])


def _company_updated(tx: Transaction, fact: Fact) -> None:
    _replace(tx, fact, "company", fact.payload["companyData"])


def _card_updated(tx: Transaction, fact: Fact) -> None:
    _replace(tx, fact, "loyaltyCardNumber", fact.payload["cardNumber"])


def _replace(tx: Transaction, fact: Fact, name: str, value: Any) -> None:
    """A part of the details as it is from now on; an empty one is none."""

    def replaced(profile: Payload) -> Payload:
        if value and profile.get(name) == value:
            return profile
        rest = {each: part for each, part in profile.items() if each != name}
        return {**rest, name: value} if value else rest

    _change_profile(tx, fact, replaced)


def _change_profile(tx: Transaction, fact: Fact, change: Callable[[Payload], Payload]) -> None:
    new = newcomers.of(tx, fact.tenant_id, fact.number)
    member = new.member if new else by_number(tx.rows, fact.tenant_id, fact.number)
    if member is None:
        return
    profile = change(member.profile)
    is_same = profile is member.profile or profile == member.profile
    if is_same and member.updated_at == fact.recorded_at:
        # A registration tells of an address, say, and decides about it once more.
        return
    former = erasure.full_name(member.profile)
    if former and former != erasure.full_name(profile):
        _run(tx, fact, "add_former_identity", kind=erasure.FULL_NAME, value=text(former))
    newcomers.change(tx, fact.tenant_id, fact.number, profile=profile, updated_at=fact.recorded_at)
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
        if kind != identities.TOKEN:
            _run(tx, fact, "add_former_identity", kind=kind, value=value)
    for kind, value in changes.get("bound", ()):
        tx.rows.run(
            "add_identity",
            tenant_id=fact.tenant_id,
            kind=kind,
            value=value,
            number=fact.number,
        )
        memory.identities[kind, value] = fact.number
        tx.free.discard((fact.tenant_id, kind, value))
    if changes.get("removed"):
        tx.forget(fact.tenant_id)


def _run(tx: Transaction, fact: Fact, query: str, /, **values: Any) -> None:
    tx.rows.run(query, tenant_id=fact.tenant_id, number=fact.number, **values)


def _subscription_changed(tx: Transaction, fact: Fact) -> None:
    newcomers.forget(tx, fact.tenant_id, fact.number)
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
    members.ADDRESS_WAS_UPDATED: _address_updated,
    members.COMPANY_WAS_UPDATED: _company_updated,
    members.CARD_WAS_UPDATED: _card_updated,
    definitions.IDENTITIES_WERE_CHANGED: _identities_changed,
    definitions.SUBSCRIPTION_WAS_CHANGED: _subscription_changed,
}
CLEARED = ("clear_identities", "clear_former_identities", "clear_members")
