"""The requests of WoowUp's events page as the tools they are printed for put them on the wire.

Headers are those of each sample, in its order, with what curl and Guzzle add by themselves; bodies
are the printed bytes, the broken ones included.
"""

from __future__ import annotations

Headers = list[tuple[str, str]]

CURL = ("User-Agent", "curl/7.54.0")
FORM = ("Content-Type", "application/x-www-form-urlencoded")

EVENT = b'{\n  "name": "view-product"\n}'
USER_EVENT = (
    b'{ "event": "view-product", "service_uid": "example@email.com",'
    b' "datetime": "2017-06-21 09:52:12", "metadata": { "campo 1": "valor 1" } }'
)
BROKEN_USER_EVENT = b"""{
  "event": "view-product",
  "service_uid": "example@email.com",
  "datetime": "2017-06-21 09:52:12",
  "metadata": {
    "campo 1": "valor 1",
    "campo 2": "valor 2",
  }
}
"""
BROKEN_BULK = b"""{
    "event-name": "eventExample"
\t"from": "2019-07-01",
\t"to": "2019-07-31",
    "notify_to": "test@email.com"
}"""


def lower(key: str) -> Headers:
    """The samples of GET /events, POST /events and GET /user-events."""
    return [
        CURL,
        ("accept", "application/json"),
        ("authorization", f"Basic {key}"),
        ("cache-control", "no-cache"),
    ]


def events_post(key: str) -> Headers:
    """POST /events names no content type, so curl names its own."""
    return [*lower(key), FORM]


def user_events_post(key: str) -> Headers:
    return [
        CURL,
        ("accept", "application/json"),
        ("Content-Type", "application/json"),
        ("authorization", f"Basic {key}"),
        ("cache-control", "no-cache"),
    ]


def delete(key: str) -> Headers:
    """DELETE /events/{id} and DELETE /user-events/bulk."""
    return [
        CURL,
        ("Accept", "application/json"),
        ("Authorization", f"Basic {key}"),
        ("Content-Type", "application/json"),
    ]


def form(key: str) -> Headers:
    """The first page's samples for users, with and without a body."""
    return [
        CURL,
        ("Accept", "application/json"),
        ("Authorization", f"Basic {key}"),
        FORM,
        ("Cache-Control", "no-cache"),
    ]


def php(key: str, *, has_body: bool) -> Headers:
    """The vendor's PHP clients."""
    body = [("Content-Type", "application/json")] if has_body else []
    return [
        ("User-Agent", "GuzzleHttp/7"),
        *body,
        ("Authorization", f"Basic {key}"),
        ("Accept", "application/json"),
    ]
