"""`guerdon demo`: a tenant with a key for every wire format, its credentials, sample activity.

The credentials stand in `demo.json` in the data folder (mode 600) and stay the same from one start
to the next. If the file was lost its secrets were too, since only their hashes are stored: new keys
are made then, and the old ones revoked.
"""

from __future__ import annotations

import base64
import os
import tempfile
from pathlib import Path
from typing import Any

import msgspec

from guerdon.clock import Clock
from guerdon.engine.commands import (
    CreateAdministrator,
    CreateKey,
    CreateTenant,
    IssueMemberToken,
    Registered,
    RegisterMember,
    RevokeKey,
)
from guerdon.engine.engine import Engine
from guerdon.store import members
from guerdon.store.members import Member
from guerdon.store.port import Rows
from guerdon.web.passwords import password_hash

TENANT = "demo"
DIALECTS = ("conscent", "meditopia", "woowup", "openloyalty")
PARTNER_USER_ID = "42bede01c83fa3947"
EMAIL = "ann@example.com"
"""The demo's member: the same person in every format, by the id that Conscent's page prints."""
_PASSWORD_BYTES = 18
_USERNAME_BYTES = 4


class Admin(msgspec.Struct, frozen=True):
    """Who may log in to Open Loyalty's API."""

    username: str
    password: str


class Meditopia(msgspec.Struct, frozen=True, rename={"partner_user_id": "partnerUserID"}):
    """A member with a token, and the partner's name for the same person."""

    token: str
    partner_user_id: str


class Demo(msgspec.Struct, frozen=True, rename={"member_id": "memberId"}):
    """What `demo.json` holds: `keys` by dialect, and the uuid of the member."""

    tenant: str
    url: str
    keys: dict[str, str]
    admin: Admin
    meditopia: Meditopia
    member_id: str


async def prepared(front: Engine, kept: Demo | None, url: str) -> Demo:
    """The demo's credentials: the kept ones if the store knows them, else new ones for `url`."""
    tenant_id = await front.read(_tenant_id)
    if kept is not None and tenant_id is not None and await _is_valid(front, kept):
        return kept  # its url stays until this one serves
    if tenant_id is None:
        tenant_id = await front.execute(CreateTenant(0, 0, TENANT, "Demo"))
    for row in await front.read(lambda rows: rows.all("keys", tenant_id=tenant_id)):
        if row[7] is None:
            await front.execute(RevokeKey(0, 0, row[0]))
    keys = {}
    for dialect in DIALECTS:
        keys[dialect] = (await front.execute(CreateKey(tenant_id, 0, dialect))).secret
    admin = await _admin(front, tenant_id)
    member_id, meditopia = await _member(front, tenant_id)
    return Demo(TENANT, url, keys, admin, meditopia, member_id)


async def is_untouched(front: Engine) -> bool:
    """Whether nothing has been reported to the demo's tenant yet."""

    def question(rows: Rows) -> bool:
        head = rows.one("head", tenant_id=_tenant_id(rows))
        return head is None or head[0] == 0

    return await front.read(question)


def read(path: Path) -> Demo | None:
    """The kept credentials; None when there are none that can be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Demo)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def write(path: Path, demo: Demo) -> None:
    """Keep the credentials, whole or not at all, for their owner alone."""
    text = msgspec.json.format(msgspec.json.encode(demo), indent=2)
    descriptor, beside = tempfile.mkstemp(prefix=".demo.", dir=path.parent)
    with os.fdopen(descriptor, "wb") as file:
        file.write(text + b"\n")
    Path(beside).replace(path)


async def _is_valid(front: Engine, kept: Demo) -> bool:
    if set(kept.keys) != set(DIALECTS) or kept.meditopia.partner_user_id != PARTNER_USER_ID:
        return False
    front.directory.forget()
    if not all([await front.directory.key(secret.encode()) for secret in kept.keys.values()]):
        return False
    return bool(
        await front.read(
            lambda rows: rows.one("administrator_by_username", username=kept.admin.username)
        )
    )


async def _admin(front: Engine, tenant_id: int) -> Admin:
    taken = await front.read(lambda rows: rows.one("administrator_by_username", username=TENANT))
    username = f"{TENANT}-{_word(front.clock, _USERNAME_BYTES)}" if taken else TENANT
    password = _word(front.clock, _PASSWORD_BYTES)
    await front.execute(CreateAdministrator(tenant_id, 0, username, password_hash(password)))
    return Admin(username, password)


async def _member(front: Engine, tenant_id: int) -> tuple[str, Meditopia]:
    """The demo's member, with a fresh token: their uuid, and what Meditopia knows them by."""

    def look(rows: Rows) -> Member | None:
        number = members.find(rows, tenant_id, "external", PARTNER_USER_ID)
        return None if number is None else members.by_number(rows, tenant_id, number)

    found: Member | Registered | None = await front.read(look)
    if found is None:
        names = (("external", PARTNER_USER_ID), ("email", EMAIL))
        profile = {"firstName": "Ann", "lastName": "Example", "email": EMAIL}
        command = RegisterMember(tenant_id, 0, names, msgspec.json.encode(profile).decode())
        found = await front.execute(command)
    issued = await front.execute(IssueMemberToken(tenant_id, 0, found.number))
    return found.member_id, Meditopia(issued.token, PARTNER_USER_ID)


def _tenant_id(rows: Rows) -> Any:
    row = rows.one("tenant_by_code", code=TENANT)
    return None if row is None else row[0]


def _word(clock: Clock, size_bytes: int) -> str:
    """A random word that no shell reads anything into."""
    return base64.b32encode(clock.secret(size_bytes)).decode().rstrip("=").lower()
