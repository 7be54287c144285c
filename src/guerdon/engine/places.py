"""Places and who works there: stores, points of sale, sellers."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from guerdon.domain import definitions as decide
from guerdon.domain.decisions import Decision
from guerdon.engine.commands import Handlers
from guerdon.engine.commands.definitions import Defined
from guerdon.engine.commands.places import DefinePos, DefineSeller, DefineStore, RemoveSeller
from guerdon.engine.definitions import known, required
from guerdon.engine.record import record
from guerdon.errors import Duplicate, NotFound, Refused
from guerdon.store.definitions import Definition
from guerdon.store.transaction import Transaction

DEFAULT = "DEFAULT"
_CODE = re.compile(r"[A-Za-z0-9_-]{1,64}")


def define_store(tx: Transaction, command: DefineStore) -> Defined:
    """See `DefineStore`."""
    tenant_id = command.tenant_id
    stores = {row[0]: row[1] for row in tx.rows.all("stores", tenant_id=tenant_id)}
    code = command.code
    if command.store_id:
        if command.store_id not in stores:
            raise NotFound(code="unknown_store")
        code = stores[command.store_id]
    elif not _CODE.fullmatch(code):
        message = "a store's code is 1 to 64 of A-Z a-z 0-9 _ -"
        raise Refused(message, code="invalid_code", field="code")
    elif code in stores.values() or tx.rows.all("tenants_with_store", code=code):
        # Visitors name no tenant: a second store of a code would shut both tenants' visitors out.
        raise Duplicate(f"store {code} exists already", code="store_exists", field="code")
    if code == DEFAULT and not command.active:
        message = "the store DEFAULT stays open"
        raise Refused(message, code="default_store", field="active")
    store_id = command.store_id or tx.uuid()
    payload: dict[str, Any] = {
        "code": code,
        "name": command.name,
        "currency": command.currency,
        "active": command.active,
    }
    decision = Decision(type=decide.STORE_WAS_DEFINED, aggregate=store_id, payload=payload)
    record(tx, tenant_id, decision)
    return Defined(store_id)


def define_pos(tx: Transaction, command: DefinePos) -> Defined:
    """See `DefinePos`."""
    tenant_id = command.tenant_id
    if command.pos_id:
        required(tx, tenant_id, "Pos", command.pos_id)
    body = msgspec.json.decode(command.body)
    for pos_id, pos in known(tx, tenant_id, "Pos").items():
        if pos_id != command.pos_id and pos.body["identifier"] == body["identifier"]:
            raise Duplicate(code="pos_exists", field="identifier")
    pos_id = command.pos_id or tx.uuid()
    record(tx, tenant_id, decide.defined("Pos", pos_id, body, active=True))
    return Defined(pos_id)


def define_seller(tx: Transaction, command: DefineSeller) -> Defined:
    """See `DefineSeller`."""
    tenant_id = command.tenant_id
    before = _seller(tx, tenant_id, command.seller_id) if command.seller_id else None
    given = msgspec.json.decode(command.body)
    body = {**(before.body if before else {}), **given}
    for seller_id, seller in known(tx, tenant_id, "Seller").items():
        if seller_id != command.seller_id and seller.body.get("email") == body.get("email"):
            raise Duplicate(code="seller_exists", field="email")
    if given.get("posId") and given["posId"] not in known(tx, tenant_id, "Pos"):
        raise NotFound(code="unknown_definition", field="posId")
    active = command.active
    if active is None:
        active = before.active if before else True
    seller_id = command.seller_id or tx.uuid()
    decision = decide.defined("Seller", seller_id, body, active=active, is_secret=True)
    record(tx, tenant_id, decision)
    if before and (not active or "passwordHash" in given):
        tx.rows.run("revoke_refresh_tokens", person_id=seller_id, tenant_id=tenant_id)
    return Defined(seller_id)


def remove_seller(tx: Transaction, command: RemoveSeller) -> None:
    """See `RemoveSeller`."""
    tenant_id = command.tenant_id
    seller = _seller(tx, tenant_id, command.seller_id)
    body = {"deleted": True, "posId": seller.body.get("posId", "")}
    decision = decide.defined("Seller", command.seller_id, body, active=False, is_secret=True)
    record(tx, tenant_id, decision)
    tx.rows.run("revoke_refresh_tokens", person_id=command.seller_id, tenant_id=tenant_id)


def _seller(tx: Transaction, tenant_id: int, seller_id: str) -> Definition:
    found = known(tx, tenant_id, "Seller").get(seller_id)
    if found is None or found.body.get("deleted"):
        raise NotFound(code="unknown_seller")
    return found


HANDLERS: Handlers = {
    DefineStore: define_store,
    DefinePos: define_pos,
    DefineSeller: define_seller,
    RemoveSeller: remove_seller,
}
