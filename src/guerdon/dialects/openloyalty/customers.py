"""Customers: registering them, showing them, editing them, letting them in or not.

A path names a customer by their uuid. A customer may see and edit nobody but themselves (403);
whoever was deleted is not found (404).

Without a credential there are six requests: to register oneself, to activate an account, to confirm
a new e-mail or phone, to have a code sent again, and to ask whether somebody exists. Tries that
guess are counted as wrong passwords are; whether a phone number is known is not told.
Source: Open Loyalty 4.3, "Customers"; the last routes of `endpoints` are of 3.2.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec

from guerdon import limits
from guerdon.clock import from_datetime, to_datetime
from guerdon.dialects.openloyalty import customers_forms as forms
from guerdon.dialects.openloyalty import customers_lists as lists
from guerdon.dialects.openloyalty import customers_status as status
from guerdon.dialects.openloyalty import refusals
from guerdon.dialects.openloyalty.customers_shapes import TYPES
from guerdon.dialects.openloyalty.desk import Answer, Context, Endpoint, Visit
from guerdon.dialects.openloyalty.forms import Form
from guerdon.engine.commands import Command, Registered
from guerdon.engine.commands.credentials import ActivateByToken, ConfirmChange, SendActivation
from guerdon.engine.commands.members import By, EditMember, EnrolMember
from guerdon.engine.commands.standing import ActivateMember, AssignPos, DeactivateMember
from guerdon.errors import Forbidden, NotFound, Refused
from guerdon.store import members, registrations, standing
from guerdon.store.members import Member
from guerdon.store.port import Rows
from guerdon.web import answers

_METHOD = "members.activation_method"


# --- registering ---------------------------------------------------------------------------------


async def register(visit: Visit) -> Answer:
    """`POST /customer/register`, `POST /admin/customer/register`: active at once."""
    return await _enrol(visit, "admin")


async def register_as_seller(visit: Visit) -> Answer:
    """`POST /seller/customer/register`: the seller looks after whom they register."""
    return await _enrol(visit, "seller")


async def register_oneself(visit: Visit) -> Answer:
    """`POST /customer/self_register`: inactive until the token that is sent comes back."""
    return await _enrol(visit, "self")


async def _enrol(visit: Visit, by: By) -> Answer:
    form = await visit.form(forms.ROOT)
    needs = "phone" if visit.settings[_METHOD] == "sms" else "email"
    said = forms.read(form, visit.timezone, is_new=True, needs=needs, is_own=by == "self")
    if by == "self":
        said.password = forms.read_password(form)
        said.invitation_token = form.text("invitationToken", required=False) or ""
    if by == "seller":
        said.seller_id = visit.caller.id
    if not form.is_valid:
        await _refuse(visit, form, said)
    password_hash = await visit.logins.hashed(said.password) if said.password else ""
    command = EnrolMember(
        visit.tenant_id,
        visit.key_id,
        by,
        msgspec.json.encode(said.details).decode(),
        store_code=visit.store_code,
        password_hash=password_hash,
        level_id=said.level_id,
        pos_id=said.pos_id,
        seller_id=said.seller_id,
        invitation_token=said.invitation_token,
        referrer_email=said.referrer_email,
        actor=visit.actor,
    )
    try:
        registered: Registered = await visit.execute(command)
    except Refused as refusal:
        await _refuse(visit, form, said)
        forms.refused(form, refusal)
        raise
    return visit.ok({"customerId": registered.member_id, "email": said.details.get("email")})


async def _refuse(visit: Visit, form: Form, said: forms.Said) -> None:
    """Refuse a form with everything that is wrong, if the form or the store knows of anything.

    Nobody asks the store before it refused: of a request that is sent again with its key it knows
    names that are taken, by whom the first one registered.
    """
    await visit.read(lambda rows: forms.check(rows, visit.tenant_id, form, said))
    form.check()


# --- editing and showing -------------------------------------------------------------------------


async def change(visit: Visit) -> Answer:
    """`PUT /customer/{customer}`: what was not sent stays as it is."""
    member = await found(visit)
    is_own = visit.caller.kind == "customer"
    if is_own and not visit.settings["members.allow_profile_edits"]:
        raise Forbidden("Access Denied.")
    form = await visit.form(forms.ROOT)
    needs = "phone" if visit.settings[_METHOD] == "sms" else "email"
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
    """The customer a path names. Errors: Forbidden for another customer; NotFound."""
    member_id = visit.params["customer"].lower()
    if visit.caller.kind == "customer" and visit.caller.id != member_id:
        raise Forbidden("Access Denied.")
    member = members.by_id(rows, visit.tenant_id, member_id)
    if member is None:
        raise NotFound(code="unknown_member")
    if standing.of(rows, visit.tenant_id, member.number).status == "deleted":
        raise NotFound(code="unknown_member")
    return member


async def found(visit: Visit) -> Member:
    """The same, asked for alone."""
    return await visit.read(lambda rows: named(rows, visit))


# --- letting in ----------------------------------------------------------------------------------


async def activate(visit: Visit) -> Answer:
    """`POST /{admin|seller}/customer/{customer}/activate`."""
    member = await found(visit)
    await visit.execute(
        ActivateMember(visit.tenant_id, visit.key_id, member.number, actor=visit.actor)
    )
    return visit.ok()


async def deactivate(visit: Visit) -> Answer:
    """`POST /{admin|seller}/customer/{customer}/deactivate`."""
    member = await found(visit)
    await visit.execute(
        DeactivateMember(visit.tenant_id, visit.key_id, member.number, actor=visit.actor)
    )
    return visit.ok()


async def activate_by_mail(visit: Visit) -> Answer:
    """`POST /customer/activate/{token}`."""
    token = visit.params["token"]
    await _redeem(visit, ActivateByToken(visit.tenant_id, visit.key_id, token))
    return visit.ok()


async def activate_by_sms(visit: Visit) -> Answer:
    """`POST /customer/activate-sms/{token}`."""
    token = visit.params["token"]
    await _redeem(visit, ActivateByToken(visit.tenant_id, visit.key_id, token, by_sms=True))
    return visit.nothing()


async def confirm_change(visit: Visit) -> Answer:
    """`POST /customer/confirm-change/{token}`."""
    await _redeem(visit, ConfirmChange(visit.tenant_id, visit.key_id, visit.params["token"]))
    return visit.nothing()


async def _redeem(visit: Visit, command: Command) -> None:
    """Use a token; a wrong one counts as a guess. Errors: NotFound; `too_many_requests`."""
    attempt = visit.logins.attempt(visit.request, "a token")
    await visit.execute(command)
    attempt.succeeded()


async def send_code(visit: Visit) -> Answer:
    """`POST /{admin|seller}/customer/{customer}/send-sms-code`."""
    member = await found(visit)
    try:
        await visit.execute(_code_for(visit, member.number))
    except Refused as refusal:
        if refusal.code not in ("already_active", "no_address"):
            raise
        return visit.problem(refusal.message)
    return visit.ok()


async def send_code_again(visit: Visit) -> Answer:
    """`POST /customer/customer-phone/send-sms-code`: to whoever has the phone number `phone`.

    The answer is the same whether or not there is somebody, and somebody who waits.
    """
    form = await visit.form("")
    own = visit.caller.number
    phone = form.text("phone", required=own is None) or ""
    form.check()
    visit.logins.attempt(visit.request, f"code for {phone}")
    number = own or await visit.read(
        lambda rows: members.find(rows, visit.tenant_id, "phone", phone)
    )
    if number is None:
        return visit.ok()
    try:
        await visit.execute(_code_for(visit, number))
    except Refused as refusal:
        if refusal.code not in ("already_active", "no_address", "unknown_member"):
            raise
    return visit.ok()


def _code_for(visit: Visit, number: int) -> SendActivation:
    return SendActivation(visit.tenant_id, visit.key_id, number, by_sms=True, actor=visit.actor)


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
    if visit.caller.kind == "anyone":
        visit.logins.attempt(visit.request, f"check {name}")
    number = await visit.read(lambda rows: _contact(rows, visit.tenant_id, name))
    return visit.ok({"total": 0 if number is None else 1})


def _contact(rows: Rows, tenant_id: int, name: str) -> int | None:
    by_email = members.find(rows, tenant_id, "email", name.lower())
    return by_email or members.find(rows, tenant_id, "phone", name)


async def daily_registrations(visit: Visit) -> Answer:
    """`GET /customer/registrations`: how many a day, of the last thirty, in the local calendar."""
    today = to_datetime(visit.now).astimezone(visit.timezone).date()
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
    code = "send-sms-code"
    return [
        Endpoint("POST", "/customer/register", register, "admin", modify),
        Endpoint("POST", "/admin/customer/register", register, "admin", modify),
        Endpoint("POST", "/seller/customer/register", register_as_seller, "seller"),
        Endpoint("POST", "/customer/self_register", register_oneself, "anyone"),
        Endpoint("GET", "/customer", lists.everybody, "admin", see),
        Endpoint("GET", "/admin/customer", lists.everybody, "admin", see),
        Endpoint("POST", "/pos/search/customer", lists.sought, ("seller", "admin"), see),
        Endpoint("GET", one, show, people, see),
        Endpoint("PUT", one, change, people, modify),
        Endpoint("GET", f"{one}/status", show_status, people, see),
        Endpoint("GET", f"/admin{one}/status", show_status, "admin", see),
        Endpoint("GET", f"/seller{one}/status", show_status, "seller"),
        Endpoint("GET", f"/customer{one}/status", show_status, "customer"),
        Endpoint("POST", f"/admin{one}/activate", activate, "admin", modify),
        Endpoint("POST", f"/seller{one}/activate", activate, "seller"),
        Endpoint("POST", f"/admin{one}/deactivate", deactivate, "admin", modify),
        Endpoint("POST", f"/seller{one}/deactivate", deactivate, "seller"),
        Endpoint("POST", "/customer/activate/{token}", activate_by_mail, "anyone"),
        Endpoint("POST", "/customer/activate-sms/{token}", activate_by_sms, "anyone"),
        Endpoint("POST", "/customer/confirm-change/{token}", confirm_change, "anyone"),
        Endpoint("POST", f"/admin{one}/{code}", send_code, "admin", modify),
        Endpoint("POST", f"/seller{one}/{code}", send_code, "seller"),
        Endpoint("POST", f"/customer/customer-phone/{code}", send_code_again, "anyone"),
        Endpoint("POST", f"{one}/pos", assign_pos, "admin", modify),
        Endpoint("POST", f"/seller{one}/pos", assign_pos, "seller"),
        Endpoint("GET", "/customer/check", check, "anyone"),
        Endpoint("GET", "/customer/registrations", daily_registrations, "admin", see),
        Endpoint("GET", "/customer/registrations/daily", daily_registrations, "admin", see),
        Endpoint("GET", "/admin/customer-statuses", statuses, "admin", see),
    ]
