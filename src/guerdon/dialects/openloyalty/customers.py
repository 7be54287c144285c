"""Customers: showing them, editing them, and who there is.

A path names a customer by uuid or card. A customer may see and edit nobody but themselves (403);
whoever was deleted is not found (404).

Whether somebody exists can be asked without a credential; tries of strangers and customers are
counted as wrong passwords are.
Source: Open Loyalty 4.3, "Customers"; the last routes of `endpoints` are of 3.2.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec

from guerdon import limits
from guerdon.clock import from_datetime, to_local
from guerdon.dialects.openloyalty import customers_forms as forms
from guerdon.dialects.openloyalty import customers_lists as lists
from guerdon.dialects.openloyalty import customers_status as status
from guerdon.dialects.openloyalty import refusals
from guerdon.dialects.openloyalty.customers_shapes import TYPES
from guerdon.dialects.openloyalty.desk import Answer, Context, Endpoint, Visit
from guerdon.dialects.openloyalty.forms import is_uuid
from guerdon.domain import identities
from guerdon.engine.commands.members import EditMember
from guerdon.engine.commands.standing import AssignPos
from guerdon.errors import Forbidden, NotFound, Refused
from guerdon.store import members, registrations, standing
from guerdon.store.members import Member
from guerdon.store.port import Rows
from guerdon.web import answers

METHOD = "members.activation_method"
"""The setting that says what a customer is reached by."""


# --- editing and showing -------------------------------------------------------------------------


async def change(visit: Visit) -> Answer:
    """`PUT /customer/{customer}`: what was not sent stays as it is."""
    member = await found(visit)
    is_own = visit.caller.kind == "customer"
    if is_own and not visit.settings["members.allow_profile_edits"]:
        raise Forbidden("Access Denied.")
    form = await visit.form(forms.ROOT)
    needs = "phone" if visit.settings[METHOD] == "sms" else "email"
    said = forms.read(form, visit.timezone, is_new=False, needs=needs, is_own=is_own)
    await visit.read(lambda rows: forms.check(rows, visit.tenant_id, form, said, member.number))
    form.check()
    command = EditMember(
        visit.tenant_id,
        visit.key_id,
        member.number,
        msgspec.json.encode(said.details).decode(),
        level_id=said.level_id,
        pos_id=said.pos_id,
        seller_id=said.seller_id,
        confirm=is_own and visit.settings["members.confirm_changes"],
        actor=visit.actor,
    )
    try:
        await visit.execute(command)
    except Refused as refusal:
        forms.refused(form, refusal)
        raise
    return visit.ok({"customerId": member.member_id})


async def show(visit: Visit) -> Answer:
    """`GET /customer/{customer}`."""
    shower = lists.shower_of(visit)
    return visit.ok(await visit.read(lambda rows: shower(rows).whole(named(rows, visit))))


async def show_status(visit: Visit) -> Answer:
    """`GET /{admin|seller|customer}/customer/{customer}/status`, and without a word before.

    Our addition: with `include=campaignPurchases` what the member has bought stands beside it.
    """

    def found(rows: Rows) -> dict[str, Any]:
        member = named(rows, visit)
        shape = status.shown(
            rows,
            visit.tenant_id,
            member,
            visit.settings,
            timezone=visit.timezone,
            now=visit.now,
        )
        if visit.asked("include") == "campaignPurchases":
            shape["campaignPurchases"] = lists.shower_of(visit)(rows).rewards_of(member)
        return shape

    return visit.ok(await visit.read(found))


def named(rows: Rows, visit: Visit) -> Member:
    """The customer a path names, by id or by the number of their loyalty card.

    Errors: Forbidden for another customer; NotFound `unknown_member`.
    Source: what is no uuid is a card's number to clients of earlier releases.
    """
    asked = visit.params["customer"]
    member = _by_id_or_card(rows, visit.tenant_id, asked)
    if visit.caller.kind == "customer" and (member is None or member.member_id != visit.caller.id):
        raise Forbidden("Access Denied.")
    if member is None:
        raise NotFound(code="unknown_member")
    return member


def _by_id_or_card(rows: Rows, tenant_id: int, asked: str) -> Member | None:
    if is_uuid(asked.lower()):
        return standing.present(rows, tenant_id, asked.lower())
    number = members.find(rows, tenant_id, identities.CARD, asked)
    return None if number is None else members.by_number(rows, tenant_id, number)


async def found(visit: Visit) -> Member:
    """The same, asked for alone."""
    return await visit.read(lambda rows: named(rows, visit))


# --- the rest ------------------------------------------------------------------------------------


async def assign_pos(visit: Visit) -> Answer:
    """`POST /customer/{customer}/pos`, `POST /seller/customer/{customer}/pos`."""
    member = await found(visit)
    form = await visit.form("")
    pos_id = form.text("posId", required=False)
    if not pos_id:
        return answers.json_answer(400, {"posId": "field is required"}, refusals.JSON)
    await visit.execute(
        AssignPos(visit.tenant_id, visit.key_id, member.number, pos_id.lower(), actor=visit.actor)
    )
    return visit.ok([])


async def check(visit: Visit) -> Answer:
    """`GET /customer/check`: whether somebody has this e-mail or phone number."""
    name = visit.asked("emailOrPhone").strip()
    if visit.caller.kind in {"anyone", "customer"}:
        visit.logins.attempt(visit.request, f"check {name}")
    number = await visit.read(lambda rows: _contact(rows, visit.tenant_id, name))
    return visit.ok({"total": 0 if number is None else 1})


def _contact(rows: Rows, tenant_id: int, name: str) -> int | None:
    by_email = members.find(rows, tenant_id, "email", name.lower())
    return by_email or members.find(rows, tenant_id, "phone", name)


async def daily_registrations(visit: Visit) -> Answer:
    """`GET /customer/registrations`: how many a day, of the last thirty, in the local calendar."""
    today = to_local(visit.now, visit.timezone).date()
    count = limits.registration_days_shown
    days = [today - timedelta(days=back) for back in range(count - 1, -2, -1)]
    edges = [
        from_datetime(datetime(day.year, day.month, day.day, tzinfo=visit.timezone)) for day in days
    ]

    def counts(rows: Rows) -> list[int]:
        found: list[int] = []
        for edge in edges:
            low = found[-1] if found else 0
            found.append(registrations.registered_before(rows, visit.tenant_id, edge, low=low))
        return found

    before = await visit.read(counts)
    return visit.ok(
        {day.isoformat(): before[at + 1] - before[at] for at, day in enumerate(days[:-1])}
    )


async def statuses(visit: Visit) -> Answer:
    """`GET /admin/customer-statuses`."""
    return visit.ok({"statuses": list(TYPES)})


def endpoints() -> list[Endpoint]:
    """What is documented about customers, and the routes of 3.2 that it still has."""
    see, modify = "CUSTOMER:VIEW", "CUSTOMER:MODIFY"
    people: tuple[Context, ...] = ("admin", "seller", "customer")
    one = "/customer/{customer}"
    return [
        Endpoint("GET", "/customer", lists.everybody, ("admin", "seller"), see),
        Endpoint("GET", "/admin/customer", lists.everybody, "admin", see),
        Endpoint("POST", "/pos/search/customer", lists.sought, ("seller", "admin"), see),
        Endpoint("GET", one, show, people, see),
        Endpoint("PUT", one, change, people, modify),
        Endpoint("GET", f"{one}/status", show_status, people, see),
        Endpoint("GET", f"/admin{one}/status", show_status, "admin", see),
        Endpoint("GET", f"/seller{one}/status", show_status, "seller"),
        Endpoint("GET", f"/customer{one}/status", show_status, "customer"),
        Endpoint("POST", f"{one}/pos", assign_pos, "admin", modify),
        Endpoint("POST", f"/seller{one}/pos", assign_pos, "seller"),
        Endpoint("GET", "/customer/check", check, "anyone"),
        Endpoint("GET", "/customer/registrations", daily_registrations, "admin", see),
        Endpoint("GET", "/customer/registrations/daily", daily_registrations, "admin", see),
        Endpoint("GET", "/admin/customer-statuses", statuses, "admin", see),
    ]
