"""Questions about where members stand, how they log in, and what is kept for them."""

from __future__ import annotations

import base64
from typing import Literal

import msgspec

from guerdon.store import members
from guerdon.store.members import Member
from guerdon.store.port import Rows
from guerdon.store.vault import Vault

Status = Literal["new", "active", "blocked", "deleted"]
Purpose = Literal["activation", "sms", "reset", "change"]
"""What a token is for: `activation` comes by mail, `sms` is a code; `change` confirms a new name
to log in with."""


class Standing(msgspec.Struct, frozen=True):
    """Where a member stands. Times are microseconds UTC."""

    status: Status = "new"
    activated_at: int | None = None
    pos_id: str | None = None
    seller_id: str | None = None
    newsletter_at: int | None = None
    last_login_at: int | None = None

    @property
    def is_active(self) -> bool:
        """Whether the member takes part: may log in, earn and spend."""
        return self.status == "active"


class Token(msgspec.Struct, frozen=True):
    """A pending token. `sealed` is what it will do, for `unsealed`."""

    number: int
    expires_at: int
    sealed: bytes


class Avatar(msgspec.Struct, frozen=True):
    """A member's picture; `content` is empty where only its description was asked for."""

    path: str
    original_name: str
    mime: str
    content: bytes = b""


_NEW = Standing()


def of(rows: Rows, tenant_id: int, number: int) -> Standing:
    """Where the member with a number stands; somebody without an entry is new."""
    row = rows.one("standing", tenant_id=tenant_id, number=number)
    return Standing(*row) if row else _NEW


def present(rows: Rows, tenant_id: int, member_id: str) -> Member | None:
    """The member with a uuid, unless they were deleted: then they are not found any more."""
    found = members.by_id(rows, tenant_id, member_id)
    is_there = found is not None and of(rows, tenant_id, found.number).status != "deleted"
    return found if is_there else None


def deleted(rows: Rows, tenant_id: int) -> list[int]:
    """The numbers of members who are gone, ascending."""
    return [row[0] for row in rows.all("deleted_numbers", tenant_id=tenant_id)]


def password_hash(rows: Rows, vault: Vault, tenant_id: int, number: int) -> str | None:
    """The member's password hash (argon2), or None for somebody who has none or was forgotten."""
    row = rows.one("credential", tenant_id=tenant_id, number=number)
    return unsealed(rows, vault, (tenant_id, number), "password", row[0]) if row else None


def token(rows: Rows, tenant_id: int, purpose: Purpose, token_hash: bytes) -> Token | None:
    """A pending token by the SHA-256 of its text; it may have expired."""
    row = rows.one("member_token", tenant_id=tenant_id, purpose=purpose, token_hash=token_hash)
    return Token(row[0], row[1], bytes(row[2])) if row else None


def avatar_description(rows: Rows, tenant_id: int, number: int) -> Avatar | None:
    """What a member's picture is called."""
    row = rows.one("avatar_description", tenant_id=tenant_id, number=number)
    return Avatar(*row) if row else None


def avatar(rows: Rows, vault: Vault, tenant_id: int, number: int) -> Avatar | None:
    """A member's picture, or None."""
    row = rows.one("avatar", tenant_id=tenant_id, number=number)
    if row is None:
        return None
    content = unsealed(rows, vault, (tenant_id, number), "avatar", row[3])
    if content is None:
        return None
    path, original_name, mime = row[:3]
    return Avatar(path, original_name, mime, base64.b64decode(content))


def push_tokens(rows: Rows, tenant_id: int, number: int) -> list[str]:
    """Where a member's devices are reached."""
    return [row[0] for row in rows.all("push_tokens", tenant_id=tenant_id, number=number)]


def unsealed(
    rows: Rows, vault: Vault, whose: tuple[int, int], context: str, sealed: bytes
) -> str | None:
    """What was sealed for a member, (tenant_id, number); None once they are forgotten."""
    tenant_id, number = whose
    key = rows.one("seal", tenant_id=tenant_id, number=number)
    if key is None or not sealed:
        return None
    return vault.unseal(bytes(key[0]), tenant_id, number, context, bytes(sealed))
