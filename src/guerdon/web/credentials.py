"""Credentials as they stand in a request's headers: read, never looked up.

Each reader gives a `Presented`: nothing there, something there that cannot be a credential, or
the bytes to look up. Two headers where one belongs are malformed: a proxy may have looked at the
other one.
Source: RFC 9110 11.6.2, RFC 6750 2.1, and the vendors' pages named below.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import NamedTuple

from guerdon import limits
from guerdon.web import form
from guerdon.web.request import Request

_VISIBLE = re.compile(rb"[!-~]+")
_BEARER = re.compile(rb"bearer +([A-Za-z0-9._~+/=-]+)", re.IGNORECASE)
_BASIC_OR_BEARER = re.compile(rb"(?:(?:basic|bearer) +)?([!-~]+)", re.IGNORECASE)
_SCHEMES = frozenset((b"basic", b"bearer"))


class Presented(NamedTuple):
    """What a request presents: the first secret, and another reading of it where one is allowed.

    `is_missing`: there is no credential at all; no secrets and not missing: malformed.
    """

    secrets: tuple[bytes, ...] = ()
    is_missing: bool = False

    @property
    def is_malformed(self) -> bool:
        """Something was presented that cannot be a credential."""
        return not self.secrets and not self.is_missing


MISSING = Presented(is_missing=True)
MALFORMED = Presented()


def conscent_key(request: Request) -> Presented:
    """`X-API-KEY: <key>`. Source: Conscent's events page."""
    return _single(request, b"x-api-key")


def meditopia_token(request: Request) -> Presented:
    """`Authorization: Bearer <token>`. Source: Meditopia's partner pages."""
    return _bearer(request)


def woowup_keys(request: Request) -> Presented:
    """`Authorization: Basic <key>`, in all its uses, or `?apikey=<key>`.

    The key stands there raw, not as base64 of user and password; `Bearer` or no scheme occur as
    well. What `curl -u KEY:` sends, base64 of `KEY:` (or `:KEY`), is the second reading.
    Source: WoowUp's authentication page and public clients.
    Errors: Refused `duplicate_parameter`.
    """
    header = request.headers.get(b"authorization")
    if header is None:
        return _woowup_parameter(request)
    found = _BASIC_OR_BEARER.fullmatch(header.strip())
    if found is None or len(header) > limits.credential_bytes_max:
        return MALFORMED
    secret = found.group(1)
    if secret.lower() in _SCHEMES:
        return MALFORMED
    other = _key_in_base64(secret)
    return Presented((secret,) if other is None else (secret, other))


def openloyalty_token(request: Request) -> Presented:
    """`Authorization: Bearer <JWT>`. Source: Open Loyalty's authorization page."""
    return _bearer(request)


def openloyalty_permanent_token(request: Request) -> Presented:
    """`X-AUTH-TOKEN: <token>`. Source: Open Loyalty's authorization page."""
    return _single(request, b"x-auth-token")


def _bearer(request: Request) -> Presented:
    header = request.headers.get(b"authorization")
    if header is None:
        return MISSING
    # Two headers are joined by a comma and a space, which no token has.
    found = _BEARER.fullmatch(header.strip())
    if found is None or len(header) > limits.credential_bytes_max:
        return MALFORMED
    return Presented((found.group(1),))


def _single(request: Request, name: bytes) -> Presented:
    header = request.headers.get(name)
    if header is None:
        return MISSING
    header = header.strip()  # the parser leaves white space behind a value: RFC 9110 5.5
    if len(header) > limits.credential_bytes_max or not _VISIBLE.fullmatch(header):
        return MALFORMED
    return Presented((header,))


def _woowup_parameter(request: Request) -> Presented:
    if b"apikey" not in request.query_string.lower():
        return MISSING
    secret = form.query(request.scope).get("apikey")
    if secret is None:
        return MISSING
    encoded = secret.encode()
    if len(encoded) > limits.credential_bytes_max or not _VISIBLE.fullmatch(encoded):
        return MALFORMED
    return Presented((encoded,))


def _key_in_base64(secret: bytes) -> bytes | None:
    try:
        decoded = base64.b64decode(secret, validate=True)
    except binascii.Error:
        return None
    user, colon, password = decoded.partition(b":")
    key = user or password
    if not colon or (user and password) or not _VISIBLE.fullmatch(key):
        return None
    return key
