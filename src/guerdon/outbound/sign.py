"""Signatures of outgoing webhooks.

Source: Standard Webhooks 1.0.0: HMAC-SHA256 over `id.timestamp.body`, one `v1,` signature for each
active secret, secrets of 24 to 64 bytes written as `whsec_` and base64.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence

from guerdon import limits
from guerdon.errors import Refused

_PREFIX = "whsec_"


def spelled(key: bytes) -> str:
    """The secret of a key, as it is shown to the receiver's owner."""
    return _PREFIX + base64.b64encode(key).decode()


def key_of(secret: str) -> bytes:
    """The key a `whsec_...` secret spells.

    Errors: Refused `secret_invalid` - not base64, or shorter or longer than the standard allows.
    """
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX).encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        key = b""
    low, high = limits.webhook_secret_bytes_min, limits.webhook_secret_bytes_max
    if not low <= len(key) <= high:
        raise Refused(
            f"a webhook secret is whsec_ and base64 of {low} to {high} bytes",
            code="secret_invalid",
            field="secret",
        )
    return key


def headers(
    message_id: str, timestamp_seconds: int, body: bytes, secrets: Sequence[str]
) -> dict[str, str]:
    """The three headers of the standard for these exact bytes.

    The timestamp is the attempt's, not the event's: receivers refuse old ones as replays.

    Errors: Refused - no secret (nothing leaves unsigned), a bad one, or an id with a full stop,
    which would let two different messages share one signed text.
    """
    if not secrets:
        raise Refused("a webhook needs a secret", code="secret_invalid", field="secret")
    if not message_id or "." in message_id:
        raise Refused("a message id is not empty and holds no full stop", field="message_id")
    signed = b"%s.%d.%s" % (message_id.encode(), timestamp_seconds, body)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp_seconds),
        "webhook-signature": " ".join(_signature(key_of(secret), signed) for secret in secrets),
    }


def _signature(key: bytes, signed: bytes) -> str:
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
