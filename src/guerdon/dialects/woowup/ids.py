"""Whom a request is about: a number or an encoded `service_uid` in the path, or identity fields.

A path's id is, in this order: all digits - the member's number (`userapp_id` and `user_id` are the
same number here); base64 of UTF-8 text, with or without padding, in either alphabet - that
`service_uid`; else the text itself as a `service_uid`. The router has split the path before
decoding it, so that `%2F` inside base64 stays where it is.

Identity fields are `service_uid`, `email`, `document` and `telephone`; the vendor's clients always
send all four, empty ones included, so an empty one is an absent one, and so is `false`, which they
send of a phone they could not make sense of. Where several are given, the first that names a member
decides.

Errors: Refused `invalid_identity` with the field; an id in a path is never refused, only unknown.
Source: WoowUp's page on encoding `service_uid`, and on several identities (`multiusers`).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from typing import Any

from guerdon.domain import identities
from guerdon.engine.commands import Identity
from guerdon.errors import Refused
from guerdon.store import members, standing
from guerdon.store.port import Rows

KINDS = {
    "service_uid": identities.EXTERNAL,
    "email": identities.EMAIL,
    "document": identities.DOCUMENT,
    "telephone": identities.PHONE,
}
"""WoowUp's identity fields and the kinds they are kept as, in the order they are tried."""

_BASE64 = re.compile(r"[A-Za-z0-9+/_-]+={0,2}")
_QUANTUM = 4
_NUMBER_MAX = 2**63 - 1  # what a column holds


def of_fields(fields: Mapping[str, Any]) -> tuple[Identity, ...]:
    """The identities given in a body or a query."""
    found = []
    for field, kind in KINDS.items():
        value = fields.get(field)
        if value is None or value is False or value == "":
            continue
        text = _text(field, value)
        if text.strip():
            found.append((kind, identities.normalise(kind, text)))
    return tuple(found)


def required(fields: Mapping[str, Any]) -> tuple[Identity, ...]:
    """The identities given, at least one."""
    found = of_fields(fields)
    if not found:
        raise Refused(f"Give one of {', '.join(KINDS)}.", code="missing_identity")
    return found


def find(rows: Rows, tenant_id: int, named: Sequence[Identity]) -> int | None:
    """The number of the first identity's member that is known."""
    for kind, value in named:
        number = members.find(rows, tenant_id, kind, value)
        if number is not None:
            return number
    return None


def find_in_path(rows: Rows, tenant_id: int, text: str) -> int | None:
    """The number of the member a path's id names; None for nobody."""
    if text.isascii() and text.isdigit():
        number = int(text) if len(text) <= len(str(_NUMBER_MAX)) else _NUMBER_MAX
        return number if _exists(rows, tenant_id, number) else None
    encoded = decoded(text)
    return find(rows, tenant_id, _external([text] if encoded is None else [encoded, text]))


def find_in_query(rows: Rows, tenant_id: int, text: str) -> int | None:
    """The number of the member a `service_uid` parameter names: plain first, then base64."""
    encoded = decoded(text)
    return find(rows, tenant_id, _external([text] if encoded is None else [text, encoded]))


def decoded(text: str) -> str | None:
    """What a base64 text says, if it is base64 of UTF-8 at all."""
    if not _BASE64.fullmatch(text):
        return None
    plain = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % _QUANTUM), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None


def _exists(rows: Rows, tenant_id: int, number: int) -> bool:
    if number > _NUMBER_MAX or members.by_number(rows, tenant_id, number) is None:
        return False
    return standing.of(rows, tenant_id, number).status != "deleted"


def _external(texts: Sequence[str]) -> list[Identity]:
    """The texts as identities, without those that nobody can have."""
    found = []
    for text in texts:
        try:
            found.append((identities.EXTERNAL, identities.normalise(identities.EXTERNAL, text)))
        except Refused:
            # Nobody is registered under what is no identity, so it is merely unknown.
            continue
    return found


def _text(field: str, value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise Refused(f"{field} must be a text.", code="invalid_identity", field=field)
