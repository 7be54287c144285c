"""Passwords: changing one's own, and setting a new one with a token that was sent.

Whoever asks for a new password is told the same, after the same time, whether they are known or
not. Tries are counted as those of logging in are. A new password ends every refresh token.
Source: Open Loyalty 4.3, "Security"; OWASP ASVS 5.0, 6.4.
"""

from __future__ import annotations

import hashlib

from guerdon import limits
from guerdon.dialects.openloyalty import passports
from guerdon.dialects.openloyalty.desk import Answer, Endpoint, Visit
from guerdon.dialects.openloyalty.forms import Form
from guerdon.dialects.openloyalty.passports import Passport
from guerdon.engine.commands import Command
from guerdon.engine.commands.administrators import (
    ChangeAdministratorPassword,
    RequestAdministratorReset,
    ResetAdministratorPassword,
)
from guerdon.engine.commands.credentials import (
    ChangeMemberPassword,
    RequestPasswordReset,
    ResetMemberPassword,
)
from guerdon.engine.commands.places import DefineSeller
from guerdon.engine.credentials import tenant_of_reset
from guerdon.errors import Forbidden, NotFound, Refused
from guerdon.store.port import Rows

_SUCCESS = {"success": True}
_SILENT = frozenset({"no_address", "unknown_member", "unknown_administrator"})
_NOT_CURRENT = "This value should be the user's current password."


async def change(visit: Visit) -> Answer:
    """`POST /{admin|seller|customer}/password/change`."""
    passport = await _own(visit)
    form = await visit.form("")
    current = form.password("currentPassword")
    password = _new_password(form)
    form.check()
    attempt = visit.logins.attempt(visit.request, passport.holder.id)
    if not await visit.logins.is_password(passport, current):
        form.fail("currentPassword", _NOT_CURRENT)
        form.check()
    attempt.succeeded()
    await visit.execute(_changed(visit, passport, await visit.logins.hashed(password)))
    return visit.ok(_SUCCESS)


async def request_for_customer(visit: Visit) -> Answer:
    """`POST /customer/password/reset/request`."""
    username = await _username(visit)
    tenant_id = visit.tenant_id
    async with visit.logins.evenly():
        number = await visit.read(lambda rows: passports.member_named(rows, tenant_id, username))
        if number is not None:
            await _silently(visit, RequestPasswordReset(tenant_id, 0, number=number))
    return visit.ok(_SUCCESS)


async def request_for_admin(visit: Visit) -> Answer:
    """`POST /password/reset/request`."""
    username = await _username(visit)
    async with visit.logins.evenly():
        row = await visit.read(
            lambda rows: rows.one("administrator_by_username", username=username)
        )
        if row is not None and row[5]:
            await _silently(visit, RequestAdministratorReset(row[1], 0, admin_id=row[0]))
    return visit.ok(_SUCCESS)


async def reset(visit: Visit) -> Answer:
    """`POST /password/reset`: for whoever the token was sent to."""
    form = await visit.form("")
    token = form.text("token")
    password = _new_password(form.child("reset"))
    form.check()
    attempt = visit.logins.attempt(visit.request, "reset")
    password_hash = await visit.logins.hashed(password)
    try:
        await _set(visit, token, password_hash)
    except NotFound:
        return visit.problem("The token is unknown or expired.")
    attempt.succeeded()
    return visit.ok(_SUCCESS)


def endpoints() -> list[Endpoint]:
    """Everything about passwords."""
    return [
        Endpoint("POST", "/admin/password/change", change, "admin"),
        Endpoint("POST", "/seller/password/change", change, "seller"),
        Endpoint("POST", "/customer/password/change", change, "customer"),
        Endpoint("POST", "/customer/password/reset/request", request_for_customer, "anyone"),
        Endpoint("POST", "/password/reset/request", request_for_admin, "anyone", in_store=False),
        Endpoint("POST", "/password/reset", reset, "anyone", in_store=False),
    ]


async def _own(visit: Visit) -> Passport:
    """Whose password it is. Errors: Forbidden - a system has none."""
    caller, vault = visit.caller, visit.engine.vault

    def own(rows: Rows) -> Passport | None:
        if caller.is_system or caller.kind not in passports.KINDS:
            return None
        return passports.of(rows, vault, caller.kind, caller.tenant_id, caller.id)

    passport = await visit.read(own)
    if passport is None:
        raise Forbidden("Access Denied.")
    return passport


def _changed(visit: Visit, passport: Passport, password_hash: str) -> Command:
    tenant_id, person_id = visit.tenant_id, passport.holder.id
    if passport.kind == "admin":
        return ChangeAdministratorPassword(tenant_id, 0, person_id, password_hash, visit.actor)
    if passport.kind == "customer":
        return ChangeMemberPassword(tenant_id, 0, passport.number, password_hash, visit.actor)
    body = f'{{"passwordHash":"{password_hash}"}}'
    return DefineSeller(tenant_id, 0, body, seller_id=person_id, actor=visit.actor)


async def _set(visit: Visit, token: str, password_hash: str) -> None:
    tenant_id = tenant_of_reset(token)
    if tenant_id is not None:
        await visit.execute(ResetMemberPassword(tenant_id, 0, token, password_hash))
        return
    token_hash = hashlib.sha256(token.encode()).digest()

    def whose(rows: Rows) -> int | None:
        row = rows.one("refresh_token", token_hash=token_hash)
        return row[0] if row else None

    admins_tenant = await visit.read(whose)
    if admins_tenant is None:
        raise NotFound(code="bad_token")
    await visit.execute(ResetAdministratorPassword(admins_tenant, 0, token, password_hash))


async def _username(visit: Visit) -> str:
    form = await visit.form("")
    username = form.text("username")
    form.check()
    visit.logins.attempt(visit.request, username)
    return username


async def _silently(visit: Visit, command: Command) -> None:
    try:
        await visit.execute(command)
    except Refused as refused:
        if refused.code not in _SILENT:
            raise


def _new_password(form: Form) -> str:
    password = form.password("plainPassword")
    if 0 < len(password) < limits.password_chars_min:
        form.fail(
            "plainPassword",
            "This value is too short."
            f" It should have {limits.password_chars_min} characters or more.",
        )
    return password
