"""Stores: the shops and channels whose codes stand in paths.

A code that is the beginning of some path cannot be a store's: `/api/level` would mean two things.
Source: Open Loyalty 4.3, "Stores".
"""

from __future__ import annotations

import re
from typing import Any

from guerdon.dialects.openloyalty.desk import Answer, Endpoint, Visit
from guerdon.dialects.openloyalty.forms import USED, WRONG
from guerdon.engine.commands.places import DefineStore
from guerdon.engine.settings import SETTINGS
from guerdon.errors import Duplicate, NotFound, Refused
from guerdon.store import stores
from guerdon.store.stores import Store

_CODE = re.compile(r"[A-Za-z0-9_-]{1,64}")
RESERVED = frozenset(
    (
        "admin",
        "audit",
        "campaign",
        "campaignCategory",
        "csv",
        "customer",
        "earningRule",
        "event",
        "healthcheck",
        "import",
        "invitations",
        "level",
        "message",
        "password",
        "points",
        "pos",
        "segment",
        "seller",
        "settings",
        "store",
        "token",
        "transaction",
        "translations",
    )
)


async def create(visit: Visit) -> Answer:
    """`POST /store`."""
    form = await visit.form("store")
    code = form.text("code")
    if code and (code in RESERVED or not _CODE.fullmatch(code)):
        form.fail("code", WRONG)
    name = form.text("name")
    currency = (form.text("currency", required=False) or "").upper()
    if currency and not SETTINGS["programme.currency"].accepts(currency):
        form.fail("currency", WRONG)
    active = form.switch("active", required=False)
    form.check()
    command = DefineStore(
        visit.tenant_id,
        visit.key_id,
        code=code,
        name=name,
        currency=currency,
        active=active is not False,
        actor=visit.actor,
    )
    try:
        defined = await visit.execute(command)
    except Duplicate:
        form.fail("code", USED)
        form.check()
        raise
    return visit.ok({"storeId": defined.definition_id})


async def change(visit: Visit) -> Answer:
    """`PUT /store/{store}`."""
    store = await _store(visit)
    form = await visit.form("store")
    name = form.text("name", required=form.has("name")) or store.name
    active = form.switch("active", required=False)
    form.check()
    command = DefineStore(
        visit.tenant_id,
        visit.key_id,
        code=store.code,
        name=name,
        currency=store.currency,
        active=store.active if active is None else active,
        store_id=store.store_id,
        actor=visit.actor,
    )
    try:
        await visit.execute(command)
    except Refused as refused:
        if refused.code != "default_store":
            raise
        form.fail("active", WRONG)
        form.check()
    return visit.nothing()


async def show(visit: Visit) -> Answer:
    """`GET /store/{store}`."""
    return visit.ok(_shown(visit, await _store(visit)))


async def list_all(visit: Visit) -> Answer:
    """`GET /store`: `active` and `name` (a part of it) filter."""
    page = visit.page(("storeId", "code", "currency", "name", "active"))
    active, name = visit.asked_switch("active"), visit.asked("name").lower()
    found = await visit.read(lambda rows: stores.of_tenant(rows, visit.tenant_id))
    shown = [
        _shown(visit, store)
        for store in found
        if name in store.name.lower() and active in (None, store.active)
    ]
    return visit.listed("stores", page.cut(shown, lambda item, sort: item[sort]), len(shown))


def endpoints() -> list[Endpoint]:
    """Everything about stores."""
    see, do = "STORE:VIEW", "STORE:MODIFY"
    return [
        Endpoint("POST", "/store", create, "admin", do, in_store=False),
        Endpoint("GET", "/store", list_all, "admin", see, in_store=False),
        Endpoint("GET", "/store/{store}", show, "admin", see, in_store=False),
        Endpoint("PUT", "/store/{store}", change, "admin", do, in_store=False),
    ]


async def _store(visit: Visit) -> Store:
    for store in await visit.read(lambda rows: stores.of_tenant(rows, visit.tenant_id)):
        if store.store_id == visit.params["store"].lower():
            return store
    raise NotFound(code="unknown_store")


def _shown(visit: Visit, store: Store) -> dict[str, Any]:
    return {
        "storeId": store.store_id,
        "code": store.code,
        "currency": store.currency or visit.settings["programme.currency"],
        "name": store.name,
        "active": store.active,
    }
