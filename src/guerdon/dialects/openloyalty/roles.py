"""Roles: what an administrator may see and change.

The first role is not kept anywhere: it is what an administrator without roles has, who may do
everything. Ids are whole numbers here: the position of the decision that made the role; those of
its permissions follow from it. Nobody grants what they may not do themselves.
Source: Open Loyalty 4.3, "ACL".
"""

from __future__ import annotations

from typing import Any

import msgspec

from guerdon.dialects.openloyalty.desk import Answer, Endpoint, Visit
from guerdon.dialects.openloyalty.forms import MISSING_CHOICE, Form
from guerdon.engine.commands.administrators import DefineRole, RemoveRole
from guerdon.errors import Forbidden, NotFound, Refused
from guerdon.store import administrators, definitions
from guerdon.store.definitions import Definition
from guerdon.store.port import Rows

ACCESSES = {"VIEW": "View", "MODIFY": "Modify"}
RESOURCES = {
    "ACL": "Roles",
    "ADMIN": "Administrators",
    "ANALYTICS": "Analytics",
    "AUDIT": "Audit log",
    "CUSTOMER": "Customers",
    "EARNING_RULE": "Earning rules",
    "EVENT": "Event store",
    "INVITATION": "Invitations",
    "LEVEL": "Levels",
    "LEVEL_EXPORT": "Utilities",
    "POINTS_TRANSFER": "Points transfers",
    "POS": "Points of sale",
    "REWARD_CAMPAIGN": "Reward campaigns",
    "REWARD_CAMPAIGN_CATEGORY": "Reward campaign categories",
    "SEGMENT": "Segments",
    "SEGMENT_EXPORT": "Utilities",
    "SELLER": "Sellers",
    "SETTINGS": "Settings",
    "STORE": "Stores",
    "TRANSACTION": "Transactions",
}
MASTER_ID = 1
"""Position 1 is the decision that made the tenant, so no other role can have it."""
_IDS_PER_ROLE = 1_000


def shown(role: Definition) -> dict[str, Any]:
    """A role as its own answers show it."""
    first = role.ordinal * _IDS_PER_ROLE
    return {
        **brief(role),
        "default": role.body["default"],
        "permissions": [
            {"id": first + index, **permission}
            for index, permission in enumerate(role.body["permissions"])
        ],
    }


def brief(role: Definition) -> dict[str, Any]:
    """A role as an administrator's answer shows it."""
    return {"id": role.ordinal, "name": role.body["name"], "role": "ROLE_ADMIN", "master": False}


def master() -> dict[str, Any]:
    """The role of administrators without one, as `brief` would show it."""
    return {"id": MASTER_ID, "name": "Super admin", "role": "ROLE_ADMIN", "master": True}


def known(rows: Rows, tenant_id: int) -> dict[int, Definition]:
    """A tenant's own roles by their ids here."""
    return {role.ordinal: role for role in definitions.of_kind(rows, tenant_id, "Role")}


async def create(visit: Visit) -> Answer:
    """`POST /admin/acl/role`."""
    form = await visit.form("role")
    command = DefineRole(visit.tenant_id, visit.key_id, body=_body(visit, form), actor=visit.actor)
    await visit.execute(command)
    return visit.nothing()


async def change(visit: Visit) -> Answer:
    """`PUT /admin/acl/role/{role}`: what is not required and not sent stays as it is."""
    role = await _role(visit)
    _require_all(visit, administrators.allowed(role))
    form = await visit.form("role")
    body = _body(visit, form, role.body)
    await visit.execute(
        DefineRole(visit.tenant_id, visit.key_id, body, role.definition_id, visit.actor)
    )
    return visit.nothing()


async def show(visit: Visit) -> Answer:
    """`GET /admin/acl/role/{role}`."""
    if visit.params["role"] == str(MASTER_ID):
        return visit.ok(_master_shown())
    return visit.ok(shown(await _role(visit)))


async def list_all(visit: Visit) -> Answer:
    """`GET /admin/acl/role`."""
    found = await visit.read(lambda rows: known(rows, visit.tenant_id))
    roles = [_master_shown(), *map(shown, found.values())]
    return visit.listed("roles", roles, len(roles))


async def remove(visit: Visit) -> Answer:
    """`DELETE /admin/acl/role/{role}`."""
    role = await _role(visit)
    _require_all(visit, administrators.allowed(role))
    try:
        await visit.execute(
            RemoveRole(visit.tenant_id, visit.key_id, role.definition_id, visit.actor)
        )
    except Refused as refused:
        if refused.code != "role_in_use":
            raise
        return visit.problem(refused.message)
    return visit.nothing()


async def resources(visit: Visit) -> Answer:
    """`GET /admin/acl/resources`."""
    return _words(visit, "resources", RESOURCES)


async def accesses(visit: Visit) -> Answer:
    """`GET /admin/acl/accesses`."""
    return _words(visit, "accesses", ACCESSES)


def endpoints() -> list[Endpoint]:
    """Everything about roles."""
    at, see, do = "/admin/acl/role", "ACL:VIEW", "ACL:MODIFY"
    return [
        Endpoint("POST", at, create, "admin", do, in_store=False),
        Endpoint("GET", at, list_all, "admin", see, in_store=False),
        Endpoint("GET", at + "/{role}", show, "admin", see, in_store=False),
        Endpoint("PUT", at + "/{role}", change, "admin", do, in_store=False),
        Endpoint("DELETE", at + "/{role}", remove, "admin", do, in_store=False),
        Endpoint("GET", "/admin/acl/resources", resources, "admin", see, in_store=False),
        Endpoint("GET", "/admin/acl/accesses", accesses, "admin", see, in_store=False),
    ]


def _body(visit: Visit, form: Form, before: dict[str, Any] | None = None) -> str:
    name = form.text("name")
    default = form.switch("default", required=False)
    permissions = []
    for part in form.children("permissions"):
        resource = part.choice("resource", tuple(RESOURCES))
        access = part.choice("access", tuple(ACCESSES))
        permissions.append({"resource": resource, "access": access})
        if not visit.caller.may(f"{resource}:{access}"):
            part.fail("resource", MISSING_CHOICE)
    form.check()
    body = {"name": name, "default": bool(default), "permissions": permissions}
    body.update(form.kept(before or {}))
    return msgspec.json.encode(body).decode()


async def _role(visit: Visit) -> Definition:
    found = await visit.read(lambda rows: known(rows, visit.tenant_id))
    number = visit.params["role"]
    for ordinal, role in found.items():
        if str(ordinal) == number:
            return role
    raise NotFound(code="unknown_definition")


def _require_all(visit: Visit, permissions: frozenset[str]) -> None:
    if not all(map(visit.caller.may, permissions)):
        raise Forbidden("Access Denied.")


def _master_shown() -> dict[str, Any]:
    return {**master(), "default": True, "permissions": []}


def _words(visit: Visit, plural: str, words: dict[str, str]) -> Answer:
    found = [{"code": code, "name": name} for code, name in words.items()]
    return visit.listed(plural, found, len(found))
