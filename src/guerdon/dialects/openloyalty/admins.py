"""Administrators: people with a password, and systems with a permanent token.

A permanent token is shown by its last characters only, since nothing more is kept of it. Nobody
makes or changes an administrator who may do more than themselves.
Source: Open Loyalty 4.3, "Admin users", "Authorization".
"""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from guerdon import limits
from guerdon.dialects.openloyalty import roles
from guerdon.dialects.openloyalty.desk import Answer, Endpoint, Visit
from guerdon.dialects.openloyalty.forms import MISSING_CHOICE, USED, WRONG, Form
from guerdon.engine.commands.administrators import DefineAdministrator
from guerdon.errors import Duplicate, Forbidden, NotFound
from guerdon.outbound.mail import is_address
from guerdon.store import administrators
from guerdon.store.administrators import Administrator
from guerdon.store.definitions import Definition
from guerdon.store.port import Rows

_HINT_CHARS = 4
_DETAILS = ("firstName", "lastName", "phone")
_SORTS = ("id", "username", "email", *_DETAILS, "isActive", "createAt")
_FIELDS = {"username": "email", "email": "email", "apiKey": "apiKey"}
Roles = dict[int, Definition]


async def create(visit: Visit) -> Answer:
    """`POST /admin/data`."""
    form = await visit.form("admin")
    known = await visit.read(lambda rows: roles.known(rows, visit.tenant_id))
    return await _define(visit, form, known, None)


async def change(visit: Visit) -> Answer:
    """`PUT /admin/data/{admin}`: what is not sent stays as it is."""
    found, known = await visit.read(
        lambda rows: (_get(rows, visit), roles.known(rows, visit.tenant_id))
    )
    if not _covers(visit, found, known):
        raise Forbidden("Access Denied.")
    return await _define(visit, await visit.form("admin"), known, found)


async def show(visit: Visit) -> Answer:
    """`GET /admin/data/{admin}`."""
    return visit.ok(_shown(visit, await visit.read(lambda rows: _get(rows, visit))))


async def list_all(visit: Visit) -> Answer:
    """`GET /admin`."""
    page = visit.page(_SORTS)
    found, known = await visit.read(
        lambda rows: (
            administrators.of_tenant(rows, visit.tenant_id),
            roles.known(rows, visit.tenant_id),
        )
    )
    users = [{**_shown(visit, each), "roles": _roles(each, known)} for each in found]
    return visit.listed("users", page.cut(users, lambda user, sort: user.get(sort)), len(users))


def endpoints() -> list[Endpoint]:
    """Everything about administrators."""
    see, do = "ADMIN:VIEW", "ADMIN:MODIFY"
    return [
        Endpoint("POST", "/admin/data", create, "admin", do, in_store=False),
        Endpoint("GET", "/admin/data/{admin}", show, "admin", see, in_store=False),
        Endpoint("PUT", "/admin/data/{admin}", change, "admin", do, in_store=False),
        Endpoint("GET", "/admin", list_all, "admin", see, in_store=False),
    ]


async def _define(visit: Visit, form: Form, known: Roles, before: Administrator | None) -> Answer:
    is_new = before is None
    body: dict[str, Any] = {}
    for name in _DETAILS:
        text = form.text(name, required=False)
        if form.has(name):
            body[name] = text or ""
    email = (form.text("email", required=is_new or not form.names()) or "").lower()
    if before and email == before.username.lower() and not is_address(email):
        email = ""  # whoever has no address is shown with their name instead
    if email:
        body["email"] = email
        if not is_address(email):
            form.fail("email", WRONG)
    was_external = bool(before and before.details.get("external"))
    password = form.password("plainPassword", required=False)
    external = form.switch("external", required=False)
    external = was_external if external is None else external
    key = form.text("apiKey", required=external and not was_external)
    active = form.switch("isActive", required=False)
    _check_secrets(form, password, key, is_needed=not external and (is_new or was_external))
    body["external"] = external
    if external and key:
        body["tokenHint"] = key[-_HINT_CHARS:]
    if is_new or form.has("roles"):
        body["roles"] = _chosen(visit, form, known)
    if email and not form.is_valid:
        await _check_email(visit, form, email, before)
    form.check()
    command = DefineAdministrator(
        visit.tenant_id,
        visit.key_id,
        body=msgspec.json.encode(body).decode(),
        active=_first(active, before.active if before else None, default=True),
        admin_id=before.admin_id if before else "",
        username="" if external else _username(before, email),
        password_hash=await visit.logins.hashed(password) if password else "",
        token_hash=hashlib.sha256(key.encode()).digest() if external and key else b"",
        actor=visit.actor,
    )
    try:
        defined = await visit.execute(command)
    except Duplicate as taken:
        form.fail(_FIELDS[taken.field or "email"], USED)
        form.check()
        raise
    return visit.ok({"id": defined.definition_id})


async def _check_email(visit: Visit, form: Form, email: str, before: Administrator | None) -> None:
    """Say that an address is taken along with all else; on its own, the command finds it out."""
    known = await visit.read(lambda rows: administrators.of_tenant(rows, visit.tenant_id))
    own = before.admin_id if before else ""
    if any(each.email.lower() == email and each.admin_id != own for each in known):
        form.fail("email", USED)


def _username(before: Administrator | None, email: str) -> str:
    """What a person logs in with: their address, unless they have a name of their own; "": as was.

    A system has its id for a name, and an address when it becomes a person.
    """
    if before is None:
        return email
    has_own_name = before.username not in (before.admin_id, before.details.get("email"))
    return "" if has_own_name else email or before.email


def _check_secrets(form: Form, password: str | None, key: str | None, *, is_needed: bool) -> None:
    if is_needed and not password:
        form.fail("plainPassword", "This value should not be blank.")
    if password and len(password) < limits.password_chars_min:
        form.fail("plainPassword", _too_short(limits.password_chars_min))
    if key and len(key) < limits.api_key_chars_min:
        form.fail("apiKey", _too_short(limits.api_key_chars_min))


def _chosen(visit: Visit, form: Form, known: Roles) -> list[str]:
    """The ids of the roles a form names; without any, the default role.

    Without that either, whoever may do everything makes somebody who may do everything.
    """
    by_number = {str(number): role for number, role in known.items()}
    numbers = form.texts("roles") if form.has("roles") else []
    if str(roles.MASTER_ID) in numbers:
        if not visit.caller.is_super:
            form.fail("roles", MISSING_CHOICE)
        return []
    chosen = [by_number[number] for number in numbers if number in by_number]
    if len(chosen) < len(numbers):
        form.fail("roles", MISSING_CHOICE)
    if not numbers:
        chosen = [role for role in known.values() if role.body["default"]]
    granted = [permission for role in chosen for permission in administrators.allowed(role)]
    if not all(map(visit.caller.may, granted)) or not (chosen or visit.caller.is_super):
        form.fail("roles", MISSING_CHOICE)
    return [role.definition_id for role in chosen]


def _get(rows: Rows, visit: Visit) -> Administrator:
    found = administrators.get(rows, visit.tenant_id, visit.params["admin"].lower())
    if found is None:
        raise NotFound(code="unknown_administrator")
    return found


def _covers(visit: Visit, other: Administrator, known: Roles) -> bool:
    """Whether the caller may do whatever the other may."""
    if visit.caller.is_super:
        return True
    held = [role for role in known.values() if role.definition_id in other.roles]
    permissions = [each for role in held for each in administrators.allowed(role)]
    return bool(other.roles) and all(map(visit.caller.may, permissions))


def _shown(visit: Visit, found: Administrator) -> dict[str, Any]:
    details = {name: found.details[name] for name in _DETAILS if found.details.get(name)}
    is_external = bool(found.details.get("external"))
    shown = {
        "id": found.admin_id,
        "username": found.username,
        **details,
        "isActive": found.active,
        "createAt": visit.date(found.created_at),
        "email": found.details.get("email", found.username),
        "external": is_external,
    }
    if is_external:
        shown["apiKey"] = "..." + found.details.get("tokenHint", "")
    return {**shown, "dtype": "admin"}


def _roles(found: Administrator, known: Roles) -> list[dict[str, Any]]:
    if not found.roles:
        return [roles.master()]
    return [roles.brief(role) for role in known.values() if role.definition_id in found.roles]


def _first(*values: bool | None, default: bool) -> bool:
    return next((value for value in values if value is not None), default)


def _too_short(chars_min: int) -> str:
    return f"This value is too short. It should have {chars_min} characters or more."
