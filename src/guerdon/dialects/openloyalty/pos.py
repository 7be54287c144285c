"""Points of sale, and what was bought there.

Source: Open Loyalty 4.3, "POS"; the seller's two requests are of release 3.2.
"""

from __future__ import annotations

from typing import Any

import msgspec

from guerdon.dialects.openloyalty.desk import Answer, Endpoint, Visit
from guerdon.dialects.openloyalty.forms import USED, Form
from guerdon.domain.purchases import money_number
from guerdon.engine.commands.places import DefinePos
from guerdon.errors import Duplicate, NotFound
from guerdon.store import definitions, tallies
from guerdon.store.definitions import Definition
from guerdon.store.port import Rows
from guerdon.store.tallies import Tally

_NOTHING = Tally(0, 0, 0)
_ADDRESS = ("street", "address1", "address2", "province", "city", "postal", "country")
_CITY = "location.city"
_SORTS = (
    "posId",
    "name",
    "identifier",
    "description",
    "transactionsAmount",
    "transactionsCount",
    _CITY,
)
Body = dict[str, Any]


async def create(visit: Visit) -> Answer:
    """`POST /pos`."""
    return await _define(visit, None)


async def change(visit: Visit) -> Answer:
    """`PUT /pos/{pos}`: what is not required and not sent stays as it is."""
    return await _define(visit, await visit.read(lambda rows: _get(rows, visit)))


async def show(visit: Visit) -> Answer:
    """`GET /pos/{pos}`."""
    return visit.ok(await visit.read(lambda rows: _told(rows, visit, _get(rows, visit))))


async def show_by_identifier(visit: Visit) -> Answer:
    """`GET /pos/identifier/{pos}`."""
    return visit.ok(await visit.read(lambda rows: _told(rows, visit, _named(rows, visit))))


async def list_all(visit: Visit) -> Answer:
    """`GET /pos`."""
    page = visit.page(_SORTS)

    def read(rows: Rows) -> list[dict[str, Any]]:
        found = definitions.of_kind(rows, visit.tenant_id, "Pos")
        bought = tallies.of_every_pos(rows, visit.tenant_id)
        return [_shown(visit, each, bought.get(each.definition_id, _NOTHING)) for each in found]

    shown = await visit.read(read)
    return visit.listed("pos", page.cut(shown, _key), len(shown))


def endpoints() -> list[Endpoint]:
    """Everything about points of sale."""
    see, do = "POS:VIEW", "POS:MODIFY"
    return [
        Endpoint("GET", "/pos", list_all, "admin", see),
        Endpoint("POST", "/pos", create, "admin", do),
        Endpoint("GET", "/pos/identifier/{pos}", show_by_identifier, "admin", see),
        Endpoint("GET", "/pos/{pos}", show, "admin", see),
        Endpoint("PUT", "/pos/{pos}", change, "admin", do),
        Endpoint("GET", "/seller/pos", list_all, "seller"),
        Endpoint("GET", "/seller/pos/{pos}", show, "seller"),
    ]


async def _define(visit: Visit, before: Definition | None) -> Answer:
    form = await visit.form("pos")
    body = _body(form, before.body if before else {})
    pos_id = before.definition_id if before else ""
    text = msgspec.json.encode(body).decode()
    try:
        defined = await visit.execute(
            DefinePos(visit.tenant_id, visit.key_id, body=text, pos_id=pos_id, actor=visit.actor)
        )
    except Duplicate:
        form.fail("identifier", USED)
        form.check()
        raise
    return visit.ok({"posId": defined.definition_id})


def _body(form: Form, before: Body) -> Body:
    body: Body = {
        "name": form.text("name"),
        "identifier": form.text("identifier"),
        "description": form.text("description", required=False),
        "location": _location(form.child("location"), before.get("location", {})),
    }
    form.check()
    body.update(form.kept(before))
    return {name: value for name, value in body.items() if value is not None}


def _location(form: Form, before: Body) -> Body:
    """An address, and where it is if both coordinates are known: sent, or from before an edit."""
    location: Body = {name: form.text(name, required=name != "address2") for name in _ADDRESS}
    point: Body = {name: form.text(name, required=False) for name in ("lat", "long")}
    point.update(form.kept(before.get("geoPoint", {})))
    location.update(form.kept({name: before.get(name) for name in _ADDRESS}))
    if all(point.values()):
        location["geoPoint"] = point
    return {name: value for name, value in location.items() if value is not None}


def _get(rows: Rows, visit: Visit) -> Definition:
    found = definitions.get(rows, visit.tenant_id, "Pos", visit.params["pos"].lower())
    if found is None:
        raise NotFound(code="unknown_definition")
    return found


def _named(rows: Rows, visit: Visit) -> Definition:
    for each in definitions.of_kind(rows, visit.tenant_id, "Pos"):
        if each.body["identifier"] == visit.params["pos"]:
            return each
    raise NotFound(code="unknown_definition")


def _told(rows: Rows, visit: Visit, found: Definition) -> dict[str, Any]:
    return _shown(visit, found, tallies.of_pos(rows, visit.tenant_id, found.definition_id))


def _shown(visit: Visit, found: Definition, bought: Tally) -> dict[str, Any]:
    return {
        "posId": found.definition_id,
        **found.body,
        "transactionsAmount": money_number(bought.amount),
        "transactionsCount": bought.count,
        "currency": visit.settings["programme.currency"].lower(),
    }


def _key(item: dict[str, Any], sort: str) -> Any:
    """What points of sale are ordered by. Numbers that are not whole are pieces of JSON text."""
    value = item["location"]["city"] if sort == _CITY else item.get(sort)
    return float(bytes(value)) if isinstance(value, msgspec.Raw) else value
