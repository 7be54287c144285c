"""Earning rules: defining them, showing them, and using those that are used on purpose.

A rule for an event is used as `earnRule`, the spelling of release 3, or as `earningRule`; the
version in a path may be any. A member may use rules for themselves only.

Source: Open Loyalty 4.3, "Earning rules", "Customer earning rules"; its 3.2 routes.
"""

from __future__ import annotations

from typing import Any

import msgspec

from guerdon.dialects.openloyalty import customers
from guerdon.dialects.openloyalty import earning_rules_forms as forms
from guerdon.dialects.openloyalty.desk import Answer, Context, Endpoint, Visit
from guerdon.dialects.openloyalty.earning_rules_shapes import Shapes
from guerdon.domain import geography
from guerdon.domain.registration import points_number
from guerdon.domain.rules import parse
from guerdon.engine.commands.definitions import Define
from guerdon.engine.commands.rules import ReportEvent, UseCode, VisitPlace
from guerdon.errors import NotFound
from guerdon.store import definitions, rules
from guerdon.store.definitions import Definition
from guerdon.store.port import Rows

_KIND = "Rule"
_SORTS = (
    "earningRuleId",
    "name",
    "description",
    "active",
    "allTimeActive",
    "startAt",
    "endAt",
    "type",
    "eventName",
)


def endpoints() -> list[Endpoint]:
    """Everything about earning rules besides their photos."""
    see, do = "EARNING_RULE:VIEW", "EARNING_RULE:MODIFY"
    one = "/earningRule/{earningRule}"
    own: tuple[Context, ...] = ("admin", "customer")
    by_name = "{eventName}/customer/{customer}"
    return [
        Endpoint("GET", "/earningRule", list_all, "admin", see),
        Endpoint("POST", "/earningRule", create, "admin", do),
        Endpoint("GET", one, show, "admin", see),
        Endpoint("PUT", one, change, "admin", do),
        Endpoint("POST", f"{one}/activate", activate, "admin", do),
        Endpoint("POST", f"{one}/active", activate, "admin", do),
        Endpoint("POST", "/earningRule/qrcode/customer/{customer}", use_code, own, do),
        Endpoint("POST", "/earningRule/geolocation/customer/{customer}", visit_place, own, do),
        Endpoint("GET", "/seller/earningRule", list_all, "seller"),
        Endpoint("GET", f"/seller{one}", show, "seller"),
        Endpoint("GET", "/customer/earningRule", list_mine, "customer"),
        Endpoint("POST", "/customer/earningRule/{eventName}", use_mine, "customer"),
        Endpoint("POST", "/customer/earnRule/{eventName}", use_mine, "customer"),
        Endpoint("POST", f"/{{version}}/earnRule/{by_name}", use_event, own, do),
        Endpoint("POST", f"/{{version}}/earningRule/{by_name}", use_event, own, do),
    ]


# --- defining ------------------------------------------------------------------------------------


async def create(visit: Visit) -> Answer:
    """`POST /earningRule`."""
    return await _define(visit, None)


async def change(visit: Visit) -> Answer:
    """`PUT /earningRule/{earningRule}`: what is not required and not sent stays as it is."""
    return await _define(visit, await visit.read(lambda rows: _get(rows, visit)))


async def activate(visit: Visit) -> Answer:
    """`POST /earningRule/{earningRule}/activate`; one of the documents' samples says `active`."""
    rule = await visit.read(lambda rows: _get(rows, visit))
    form = await visit.form("")
    active = form.switch("active")
    form.check()
    await visit.execute(_definition(visit, rule.body, rule.definition_id, active=active))
    return visit.nothing()


async def _define(visit: Visit, rule: Definition | None) -> Answer:
    form = await visit.form("earningRule")
    body = forms.body(form, rule.body if rule else {})
    active = form.switch("active", required=False)
    form.check()
    if active is None:
        active = rule.active if rule else True
    rule_id = rule.definition_id if rule else ""
    defined = await visit.execute(_definition(visit, body, rule_id, active=active))
    return visit.ok({"earningRuleId": defined.definition_id})


def _definition(visit: Visit, body: dict[str, Any], rule_id: str, *, active: bool) -> Define:
    text = msgspec.json.encode(body).decode()
    return Define(
        visit.tenant_id, visit.key_id, _KIND, text, rule_id, active=active, actor=visit.actor
    )


# --- showing -------------------------------------------------------------------------------------


async def list_all(visit: Visit) -> Answer:
    """`GET /earningRule` and `GET /seller/earningRule`; `active` narrows it down."""
    page = visit.page(_SORTS)
    active = visit.asked_switch("active")

    def read(rows: Rows) -> list[dict[str, Any]]:
        shapes = Shapes(visit, rows, {})
        found = definitions.of_kind(rows, visit.tenant_id, _KIND)
        return [shapes.shown(each) for each in found if active in (None, each.active)]

    shown = await visit.read(read)
    items = page.cut(shown, lambda item, sort: item.get(sort))
    return visit.listed("earningRules", items, len(shown))


async def show(visit: Visit) -> Answer:
    """`GET /earningRule/{earningRule}` and the seller's."""
    return visit.ok(await visit.read(lambda rows: Shapes(visit, rows, {}).shown(_get(rows, visit))))


async def list_mine(visit: Visit) -> Answer:
    """`GET /customer/earningRule`: every active rule of this moment, and the member's own uses."""

    def read(rows: Rows) -> list[dict[str, Any]]:
        number = visit.caller.number or 0
        shapes = Shapes(visit, rows, rules.uses_of_member(rows, visit.tenant_id, number))
        found = definitions.of_kind(rows, visit.tenant_id, _KIND)
        return [
            shapes.shown_to_member(each)
            for each in found
            if each.active and parse("", 0, each.body).holds_at(visit.now)
        ]

    shown = await visit.read(read)
    currency = visit.settings["programme.currency"].lower()
    return visit.ok({"earningRules": shown, "currency": currency})


# --- using ---------------------------------------------------------------------------------------


async def use_mine(visit: Visit) -> Answer:
    """`POST /customer/earningRule/{eventName}`."""
    return await _use_event(visit, visit.caller.number or 0)


async def use_event(visit: Visit) -> Answer:
    """`POST /{version}/earnRule/{eventName}/customer/{customer}`."""
    return await _use_event(visit, (await customers.found(visit)).number)


async def use_code(visit: Visit) -> Answer:
    """`POST /earningRule/qrcode/customer/{customer}`."""
    form = await visit.form("earningRule")
    code, rule_id = form.text("code"), form.uuid("earningRuleId", required=False)
    form.check()
    use = UseCode(
        visit.tenant_id,
        visit.key_id,
        (await customers.found(visit)).number,
        code,
        rule_id or "",
        actor=visit.actor,
    )
    return _earned(visit, await visit.execute(use))


async def visit_place(visit: Visit) -> Answer:
    """`POST /earningRule/geolocation/customer/{customer}`."""
    form = await visit.form("earningRule")
    latitude = forms.degrees(form, "latitude", geography.LATITUDE_MAX)
    longitude = forms.degrees(form, "longitude", geography.LONGITUDE_MAX)
    rule_id = form.uuid("earningRuleId", required=False)
    form.check()
    use = VisitPlace(
        visit.tenant_id,
        visit.key_id,
        (await customers.found(visit)).number,
        latitude,
        longitude,
        rule_id or "",
        actor=visit.actor,
    )
    return _earned(visit, await visit.execute(use))


async def _use_event(visit: Visit, number: int) -> Answer:
    name = visit.params["eventName"]
    use = ReportEvent(visit.tenant_id, visit.key_id, number, name, actor=visit.actor)
    return _earned(visit, await visit.execute(use))


def _earned(visit: Visit, earned: Any) -> Answer:
    return visit.ok({"points": points_number(earned.points)})


def _get(rows: Rows, visit: Visit) -> Definition:
    rule_id = visit.params["earningRule"].lower()
    found = definitions.get(rows, visit.tenant_id, _KIND, rule_id)
    if found is None:
        raise NotFound(code="unknown_definition")
    return found
