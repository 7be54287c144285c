"""What a body says, whatever it calls itself.

The content type decides nothing: the vendor's own samples send JSON as
`application/x-www-form-urlencoded`, and one sends a real form. A body that begins like a JSON
object, array or text is JSON, mended where two printed samples need it; else one with `=` in it
is a form; anything else must be JSON too. No body at all is an object without fields.

Errors: Refused `invalid_body` - not an object; those of `strictjson` and `form`.
Source: WoowUp's events page (its samples), the first page on `POST /users` (a form).
"""

from __future__ import annotations

from typing import Any

from guerdon.errors import Refused
from guerdon.web import form, lenientjson

Fields = dict[str, Any]

_JSON_STARTS = (b"{", b"[", b'"')


def decode(body: bytes) -> tuple[Any, tuple[str, ...]]:
    """The body's value, and the names of the repairs it took."""
    text = body.strip()
    if not text:
        return {}, ()
    if not text.startswith(_JSON_STARTS) and b"=" in text:
        return form.nested(text), ()
    return lenientjson.decode_repaired(body)


def required_object(value: Any) -> Fields:
    """The value as an object's fields; an empty list is PHP's empty object."""
    if isinstance(value, dict):
        return value
    if value == []:
        return {}
    raise Refused("The body must be a JSON object or a form.", code="invalid_body")
