"""A Conscent event: what it must be, and what is stored of it.

`eventType` and `userId` are the event; `eventId` and `occurredAt` are additions of ours, never
required; every other field is kept as the activity's data.

Errors: Refused with `field`: `invalid_event`, `missing_field`, `invalid_field`,
        `invalid_datetime`, `future_datetime`, `too_large`.
Source: the page "API from server" ("Provide an Event Object"), which marks no field as required
        and shows these two.
Cost:   half a microsecond for the documented event.
"""

from __future__ import annotations

from typing import Any

from guerdon import limits
from guerdon.domain import moments
from guerdon.engine.commands import Item
from guerdon.errors import Refused
from guerdon.web import intake

_TYPE_CHARS_MAX = limits.type_chars_max
_USER_CHARS_MAX = limits.identity_chars_max


def item(event: Any, now: int) -> Item:
    """The activity a decoded body asks to store; `now` bounds its date. Takes `event` apart."""
    if type(event) is not dict:
        raise Refused("Send an event object.", code="invalid_event")
    name = event.pop("eventType", None)
    user = event.pop("userId", None)
    if type(name) is not str or not 0 < len(name) <= _TYPE_CHARS_MAX or not name.isprintable():
        raise _wrong("eventType", name, f"1 to {_TYPE_CHARS_MAX} printable characters")
    if type(user) is not str:
        user = _text_of_number("userId", user)
    if not 0 < len(user) <= _USER_CHARS_MAX:
        raise _wrong("userId", user, f"1 to {_USER_CHARS_MAX} characters")
    who = (("external", user),)
    return _with_additions(name, who, event, now) if event else Item(name, who)


def _with_additions(name: str, who: tuple[tuple[str, str]], rest: dict[str, Any], now: int) -> Item:
    event_id = rest.pop("eventId", None)
    if event_id is not None:
        if type(event_id) is not str:
            event_id = _text_of_number("eventId", event_id)
        if not 0 < len(event_id) <= _USER_CHARS_MAX:
            raise _wrong("eventId", event_id, f"1 to {_USER_CHARS_MAX} characters")
    text = rest.pop("occurredAt", None)
    return Item(
        name,
        who,
        None if text is None else _moment(text, now),
        intake.activity_data(rest) if rest else None,
        event_id=event_id,
    )


def _moment(text: Any, now: int) -> int:
    try:
        return moments.occurred(text, now)
    except Refused as refusal:
        refusal.field = "occurredAt"
        raise


def _text_of_number(field: str, value: Any) -> str:
    """A number as the text JavaScript writes for it, since senders keep ids as either."""
    if type(value) is float and value.is_integer():
        value = int(value)
    if type(value) is not int:
        raise _wrong(field, value, "a text or a whole number")
    return str(value)


def _wrong(field: str, value: Any, wanted: str) -> Refused:
    if value is None:
        return Refused(f"{field} is missing.", code="missing_field", field=field)
    return Refused(f"{field} is not {wanted}.", code="invalid_field", field=field)
