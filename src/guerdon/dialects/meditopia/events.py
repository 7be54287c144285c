"""A Meditopia batch: what it must be, and what is stored of it.

The whole batch is read before anybody is looked up, so a malformed one tells nothing about users.

Units:  1 to `limits.batch_events_max` events.
Errors: Refused with `index` and `field`: `invalid_batch`, `batch_size`, `unknown_event`,
        `invalid_field`, `invalid_datetime`, `future_datetime`, `too_large`.
Source: the page "Sending Events" in its two published revisions: snake_case, and since February
        2025 camelCase. Each event may use either; where it has both, the newer one counts.
Cost:   about 1 microsecond an event.
"""

from __future__ import annotations

from operator import itemgetter
from typing import Any

from guerdon import limits
from guerdon.domain import moments
from guerdon.engine.commands import Item
from guerdon.errors import Refused
from guerdon.web import intake

REGISTER = "register"
TYPES = frozenset({REGISTER, "signin", "audio", "video", "content"})

_NO_VALUE = '{"event_value":null}'
_TOKEN_CHARS_MAX = limits.token_chars_max
_USER_CHARS_MAX = limits.identity_chars_max
_NEWER = ("token", "partnerUserID", "event", "eventValue", "receivedAt")
_OLDER = ("token", "partner_user_id", "event", "event_value", "received_at")
_FIELDS = len(_NEWER)
_newer = itemgetter(*_NEWER)
_older = itemgetter(*_OLDER)


def items(batch: Any, now: int) -> tuple[Item, ...]:
    """The activities a decoded body asks to store; `now` bounds their dates."""
    if type(batch) is not dict or type(batch.get("events")) is not list:
        message = "Send an object with a list of events."
        raise Refused(message, code="invalid_batch", field="events")
    events = batch["events"]
    if not 0 < len(events) <= limits.batch_events_max:
        message = f"Send 1 to {limits.batch_events_max} events."
        raise Refused(message, code="batch_size", field="events")
    read: list[Item] = []
    try:
        _read(events, moments.latest(now), read)
    except Refused as refusal:
        refusal.index = len(read)
        raise
    return tuple(read)


def _read(events: list[Any], latest: int, read: list[Item]) -> None:
    """Append an item for each event; the first that is malformed is refused."""
    parse = moments.parse
    # Senders write all events of a batch alike, so the first one tells where to look.
    is_older = type(events[0]) is dict and _OLDER[1] in events[0]
    quick = _older if is_older else _newer
    for event in events:
        try:
            token, user, name, value, received = quick(event)
            if len(event) != _FIELDS:
                token, user, name, value, received = _fields(event)
        except (KeyError, TypeError):
            token, user, name, value, received = _fields(event)
        if type(token) is not str or not 0 < len(token) <= _TOKEN_CHARS_MAX:
            raise _invalid("token", f"is not a text of 1 to {_TOKEN_CHARS_MAX} characters")
        if type(user) is not str or not 0 < len(user) <= _USER_CHARS_MAX:
            raise _invalid("partnerUserID", f"is not a text of 1 to {_USER_CHARS_MAX} characters")
        if type(name) is not str or name not in TYPES:
            raise Refused("event is not one of the five.", code="unknown_event", field="event")
        try:
            moment = parse(received)
        except Refused as refusal:
            refusal.field = "receivedAt"
            raise
        if moment > latest:
            raise moments.future("receivedAt")
        data = _NO_VALUE if value is None else _data(value)
        who = (("token", token), ("external", user))
        read.append(Item(name, who, moment, data, name == REGISTER))


def _fields(event: Any) -> list[Any]:
    """What an event says: the newer spelling of each field, or else the older, or else None."""
    if type(event) is not dict:
        raise _invalid("event", "is not an object")
    return [
        event[newer] if newer in event else event.get(older)
        for newer, older in zip(_NEWER, _OLDER, strict=True)
    ]


def _data(value: Any) -> str:
    return intake.activity_data({"event_value": value}, "eventValue")


def _invalid(field: str, what: str) -> Refused:
    return Refused(f"{field} {what}.", code="invalid_field", field=field)
