"""Customers: how they join and leave: registering, activating, confirming, being switched off.

Without a credential there are these requests: to register oneself, to activate an account, to
confirm a new e-mail or phone, and to have a code sent again. Tries that guess are counted as wrong
passwords are; whether a phone number is known is not told. Registrations by strangers and customers
are counted so as well, right ones too: each writes to whomever it names, or tells that a name is
taken.
Source: Open Loyalty 4.3, "Customers".
"""

from __future__ import annotations

import msgspec

from guerdon.dialects.openloyalty import customers_forms as forms
from guerdon.dialects.openloyalty.customers import METHOD, found
from guerdon.dialects.openloyalty.desk import Answer, Endpoint, Visit
from guerdon.dialects.openloyalty.forms import Form
from guerdon.engine.commands import Command, Registered
from guerdon.engine.commands.credentials import ActivateByToken, ConfirmChange, SendActivation
from guerdon.engine.commands.members import By, EnrolMember
from guerdon.engine.commands.standing import ActivateMember, DeactivateMember
from guerdon.errors import Refused
from guerdon.store import definitions, members
from guerdon.store.port import Rows

# --- registering ---------------------------------------------------------------------------------


async def register(visit: Visit) -> Answer:
    """`POST /customer/register`, `POST /admin/customer/register`: active at once.

    Sellers may use the first as they use their own.
    """
    return await _enrol(visit, "seller" if visit.caller.kind == "seller" else "admin")


async def register_as_seller(visit: Visit) -> Answer:
    """`POST /seller/customer/register`: the seller looks after whom they register.

    The customer's point of sale is the seller's, unless the form names another.
    """
    return await _enrol(visit, "seller")


async def register_oneself(visit: Visit) -> Answer:
    """`POST /customer/self_register`: inactive until the token that is sent comes back."""
    return await _enrol(visit, "self")


async def _enrol(visit: Visit, by: By) -> Answer:
    form = await visit.form(forms.ROOT)
    needs = "phone" if visit.settings[METHOD] == "sms" else "email"
    said = forms.read(form, visit.timezone, is_new=True, needs=needs, is_own=by == "self")
    if by == "self":
        said.password = forms.read_password(form)
        said.invitation_token = form.text("invitationToken", required=False) or ""
        if visit.caller.kind in {"anyone", "customer"}:
            name = said.details.get("email") or said.details.get("phone") or ""
            visit.logins.attempt(visit.request, f"register {name}")
    if by == "seller":
        said.seller_id = visit.caller.id
        said.pos_id = said.pos_id or await visit.read(lambda rows: _place_of_seller(rows, visit))
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


def _place_of_seller(rows: Rows, visit: Visit) -> str:
    """The point of sale where the seller who asks works; "" for none."""
    found = definitions.get(rows, visit.tenant_id, "Seller", visit.caller.id)
    return str(found.body.get("posId") or "") if found else ""


async def _refuse(visit: Visit, form: Form, said: forms.Said) -> None:
    """Refuse a form with everything that is wrong, if the form or the store knows of anything.

    Nobody asks the store before it refused: of a request that is sent again with its key it knows
    names that are taken, by whom the first one registered.
    """
    await visit.read(lambda rows: forms.check(rows, visit.tenant_id, form, said))
    form.check()


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

    The answer is the same, after the same time, whether or not there is somebody, and who waits.
    """
    form = await visit.form("")
    own = visit.caller.number
    phone = form.text("phone", required=own is None) or ""
    form.check()
    visit.logins.attempt(visit.request, f"code for {phone}")
    async with visit.logins.evenly():
        number = own or await visit.read(
            lambda rows: members.find(rows, visit.tenant_id, "phone", phone)
        )
        if number is not None:
            await _send_if_waiting(visit, number)
    return visit.ok()


async def _send_if_waiting(visit: Visit, number: int) -> None:
    try:
        await visit.execute(_code_for(visit, number))
    except Refused as refusal:
        if refusal.code not in ("already_active", "no_address", "unknown_member"):
            raise


def _code_for(visit: Visit, number: int) -> SendActivation:
    return SendActivation(visit.tenant_id, visit.key_id, number, by_sms=True, actor=visit.actor)


def endpoints() -> list[Endpoint]:
    """Everything about joining."""
    modify = "CUSTOMER:MODIFY"
    one = "/customer/{customer}"
    code = "send-sms-code"
    return [
        Endpoint("POST", "/customer/register", register, ("admin", "seller"), modify),
        Endpoint("POST", "/admin/customer/register", register, "admin", modify),
        Endpoint("POST", "/seller/customer/register", register_as_seller, "seller"),
        Endpoint("POST", "/customer/self_register", register_oneself, "anyone"),
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
    ]
