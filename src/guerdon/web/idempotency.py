"""`Idempotency-Key`: the sender's own mark of a request, on every route that takes events.

Errors: Refused `invalid_idempotency_key`: not 1 to 255 printable ASCII characters, or several.
Source: draft-ietf-httpapi-idempotency-key-header-07, whose quotes are optional here: many senders
        leave them out, and a key means the same bytes every time.
"""

from __future__ import annotations

import hashlib
import re

from guerdon import limits
from guerdon.clock import DAY, SECOND
from guerdon.engine.commands import ReplayKey
from guerdon.errors import Refused
from guerdon.web.request import Request

HEADER = b"idempotency-key"
REPLAYED = (b"idempotency-replayed", b"true")
"""Marks an answer that was given before."""

_KEY = re.compile(rb"[!-~][ -~]*")
_SECONDS = limits.idempotency_days * DAY // SECOND


def replay_key(request: Request, dialect: str, body: bytes) -> ReplayKey | None:
    """What the request is known by, or None without the header.

    The fingerprint is of the body's bytes: what is sent again is sent again as it was. A key of
    one dialect says nothing in another.
    """
    if HEADER not in request.headers:
        return None
    values = request.values(HEADER)
    key = values[0]
    if len(values) > 1 or len(key) > limits.idempotency_key_chars_max or not _KEY.fullmatch(key):
        message = f"Send one key of 1 to {limits.idempotency_key_chars_max} printable characters."
        raise Refused(message, code="invalid_idempotency_key", field="Idempotency-Key")
    fingerprint = hashlib.sha256(body).digest()
    return ReplayKey(dialect.encode() + b" key " + key, fingerprint, _SECONDS)
