"""Sellers: who works at a point of sale, with a login of their own.

Source: Open Loyalty 4.3, "Sellers". A registration's answer repeats the password, as documented.
"""

from __future__ import annotations

from typing import Any

import msgspec

from guerdon.dialects.openloyalty.desk import Answer, Endpoint, Visit
from guerdon.dialects.openloyalty.forms import USED, WRONG, Form
from guerdon.engine.commands.places import DefineSeller, RemoveSeller
from guerdon.errors import Duplicate, Forbidden, NotFound
from guerdon.outbound.mail import is_address
from guerdon.store import definitions
from guerdon.store.definitions import Definition
from guerdon.store.port import Rows

_FILTERS = ("firstName", "lastName", "phone", "email")
_SORTS = ("sellerId", "name", *_FILTERS, "posId", "posName", "posCity", "active")


async def register(visit: Visit) -> Answer:
    """`POST /seller/register`."""
    form = await visit.form("seller")
    body, password, active = _read(form, is_new=True)
    seller_id = await _define(visit, form, body, password, active=active is not False)
    return visit.ok({"sellerId": seller_id, "password": password, "email": body["email"]})


async def change(visit: Visit) -> Answer:
    """`PUT /seller/{seller}`: what is not sent stays as it is."""
    found = await visit.read(lambda rows: _get(rows, visit))
    form = await visit.form("seller")
    body, password, active = _read(form, is_new=False)
    seller_id = found.definition_id
    await _define(visit, form, body, password, active=active, seller_id=seller_id)
    return visit.ok({"sellerId": seller_id})


async def show(visit: Visit) -> Answer:
    """`GET /seller/{seller}`: sellers see themselves."""
    if visit.caller.kind == "seller" and visit.params["seller"].lower() != visit.caller.id:
        raise Forbidden("Access Denied.")
    return visit.ok(
        await visit.read(lambda rows: _shown(_get(rows, visit), _places(rows, visit.tenant_id)))
    )


async def list_all(visit: Visit) -> Answer:
    """`GET /seller`: names, phone and e-mail filter by a part of them."""
    page = visit.page(_SORTS)
    wanted = {name: visit.asked(name).lower() for name in _FILTERS if visit.asked(name)}

    def read(rows: Rows) -> list[dict[str, Any]]:
        places = _places(rows, visit.tenant_id)
        sellers = definitions.of_kind(rows, visit.tenant_id, "Seller")
        return [_shown(each, places) for each in sellers if not each.body.get("deleted")]

    shown = [
        seller
        for seller in await visit.read(read)
        if all(part in str(seller.get(name, "")).lower() for name, part in wanted.items())
    ]
    return visit.listed("sellers", page.cut(shown, lambda item, sort: item.get(sort)), len(shown))


async def activate(visit: Visit) -> Answer:
    """`POST /seller/{seller}/activate`."""
    return await _switched(visit, active=True)


async def deactivate(visit: Visit) -> Answer:
    """`POST /seller/{seller}/deactivate`: logged out, and not let in again."""
    return await _switched(visit, active=False)


async def delete(visit: Visit) -> Answer:
    """`POST /seller/{seller}/delete`."""
    found = await visit.read(lambda rows: _get(rows, visit))
    await visit.execute(
        RemoveSeller(visit.tenant_id, visit.key_id, found.definition_id, visit.actor)
    )
    return visit.ok()


def endpoints() -> list[Endpoint]:
    """Everything about sellers."""
    see, do = "SELLER:VIEW", "SELLER:MODIFY"
    return [
        Endpoint("GET", "/seller", list_all, "admin", see),
        Endpoint("POST", "/seller/register", register, "admin", do),
        Endpoint("GET", "/seller/{seller}", show, ("admin", "seller"), see),
        Endpoint("PUT", "/seller/{seller}", change, "admin", do),
        Endpoint("POST", "/seller/{seller}/activate", activate, "admin", do),
        Endpoint("POST", "/seller/{seller}/deactivate", deactivate, "admin", do),
        Endpoint("POST", "/seller/{seller}/delete", delete, "admin", do),
    ]


def _read(form: Form, *, is_new: bool) -> tuple[dict[str, Any], str, bool | None]:
    """What a form says of a seller: details, password, and whether they may log in."""
    body: dict[str, Any] = {}
    for name in ("firstName", "lastName", "email", "phone", "posId"):
        is_required = name != "phone" and (is_new or form.has(name))
        if name == "posId":
            text = form.uuid(name, required=is_required)
        else:
            text = form.text(name, required=is_required)
        if text is not None:
            body[name] = text.lower() if name == "email" else text
        elif form.has(name):
            body[name] = ""  # only a phone number can be taken away
    if body.get("email") and not is_address(body["email"]):
        form.fail("email", WRONG)
    password = form.password("plainPassword", required=is_new)
    active = form.switch("active", required=False)
    form.check()
    return body, password or "", active


async def _define(
    visit: Visit,
    form: Form,
    body: dict[str, Any],
    password: str,
    *,
    active: bool | None,
    seller_id: str = "",
) -> str:
    if password:
        body = {**body, "passwordHash": await visit.logins.hashed(password)}
    command = DefineSeller(
        visit.tenant_id,
        visit.key_id,
        body=msgspec.json.encode(body).decode(),
        active=active,
        seller_id=seller_id,
        actor=visit.actor,
    )
    try:
        return str((await visit.execute(command)).definition_id)
    except Duplicate:
        form.fail("email", USED)
        form.check()
        raise
    except NotFound as missing:
        if missing.field is not None:
            form.fail(missing.field, WRONG)
            form.check()
        raise


async def _switched(visit: Visit, *, active: bool) -> Answer:
    found = await visit.read(lambda rows: _get(rows, visit))
    await visit.execute(
        DefineSeller(
            visit.tenant_id,
            visit.key_id,
            body="{}",
            active=active,
            seller_id=found.definition_id,
            actor=visit.actor,
        )
    )
    return visit.ok()


def _get(rows: Rows, visit: Visit) -> Definition:
    found = definitions.get(rows, visit.tenant_id, "Seller", visit.params["seller"].lower())
    if found is None or found.body.get("deleted"):
        raise NotFound(code="unknown_seller")
    return found


def _places(rows: Rows, tenant_id: int) -> dict[str, Definition]:
    return {pos.definition_id: pos for pos in definitions.of_kind(rows, tenant_id, "Pos")}


def _shown(found: Definition, places: dict[str, Definition]) -> dict[str, Any]:
    body = found.body
    pos = places.get(body.get("posId", ""))
    shown = {
        "name": f"{body['firstName']} {body['lastName']}",
        "sellerId": found.definition_id,
        "firstName": body["firstName"],
        "lastName": body["lastName"],
        "email": body["email"],
        "phone": body.get("phone") or None,
        "posId": body.get("posId"),
        "posName": pos.body["name"] if pos else None,
        "posCity": pos.body["location"].get("city") if pos else None,
        "active": found.active,
        "deleted": False,
    }
    return {name: value for name, value in shown.items() if value is not None}
