"""The demo's sample activity, sent through the real routes, and the curl lines it prints.

Source: the requests printed on the four vendors' pages.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import msgspec

from guerdon import limits
from guerdon.cli.demo import Demo
from guerdon.errors import Defect

_JSON = {"Content-Type": "application/json"}
_OK = range(200, 300)


class Sample(msgspec.Struct, frozen=True):
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes = b""


def samples(demo: Demo) -> Iterator[Sample]:
    """What is sent, in order: every one is answered with success on a fresh tenant."""
    yield conscent(demo)
    yield _meditopia_batch(demo, "register", "signin", "video")
    yield Sample("GET", f"/default/v1/user-check?token={demo.meditopia.token}", _bearer(demo))
    yield from _woowup(demo)
    login = {"_username": demo.admin.username, "_password": demo.admin.password}
    yield Sample("POST", "/api/admin/login_check", _JSON, _body(login))
    yield openloyalty(demo)


def conscent(demo: Demo) -> Sample:
    """Conscent's printed request."""
    headers = {"X-API-KEY": demo.keys["conscent"], "accept": "text/plain", **_JSON}
    event = {"eventType": "ORDER_PLACED", "userId": "42bede01c83fa3947"}
    return Sample("POST", f"/reward/{demo.tenant}/api/user_event", headers, _body(event))


def meditopia(demo: Demo) -> Sample:
    """A batch of one, for the member with the token."""
    return _meditopia_batch(demo, "audio")


def woowup(demo: Demo) -> Sample:
    """A user event without a time, so that it may be sent again and again."""
    event = {"event": "view-product", "service_uid": "example@email.com"}
    return Sample("POST", "/apiv3/user-events", _basic(demo), _body(event))


def openloyalty(demo: Demo) -> Sample:
    """The first page of the event store."""
    return Sample("GET", "/api/event?perPage=5", {"X-AUTH-TOKEN": demo.keys["openloyalty"]})


def curl(demo: Demo, sample: Sample) -> str:
    """The request as one line for a shell. Nothing in it holds a single quote."""
    words = [f"curl -X {sample.method} '{demo.url}{sample.path}'"]
    words += [f"-H '{name}: {value}'" for name, value in sample.headers.items()]
    if sample.body:
        words.append(f"-d '{sample.body.decode()}'")
    return " ".join(words)


def send(demo: Demo) -> int:
    """Send all samples over one connection; how many there were.

    Errors: Defect when one is refused; OSError or HTTPException when the server goes away.
    """
    address = urlsplit(demo.url)
    connection = http.client.HTTPConnection(
        address.hostname or "", address.port, timeout=limits.body_seconds_max
    )
    count = 0
    try:
        for sample in samples(demo):
            connection.request(
                sample.method, sample.path, sample.body or None, headers=sample.headers
            )
            answer = connection.getresponse()
            text = answer.read().decode("utf-8", "replace")
            if answer.status not in _OK:
                path = sample.path.partition("?")[0]
                raise Defect(f"{sample.method} {path}: {answer.status} {text}")
            count += 1
    finally:
        connection.close()
    return count


def _meditopia_batch(demo: Demo, *events: str) -> Sample:
    batch = [
        {
            "token": demo.meditopia.token,
            "partner_user_id": demo.meditopia.partner_user_id,
            "event": event,
            "event_value": None,
            "received_at": "2024-08-06 15:04:05",
        }
        for event in events
    ]
    return Sample(
        "POST", "/default/v1/events", {**_JSON, **_bearer(demo)}, _body({"events": batch})
    )


def _woowup(demo: Demo) -> Iterator[Sample]:
    for name in ("view-product", "view-category", "purchase-product"):
        yield Sample("POST", "/apiv3/events", _basic(demo), _body({"name": name}))
    user = {"service_uid": "example@email.com", "email": "example@email.com"}
    yield Sample("POST", "/apiv3/users", _basic(demo), _body(user))
    event = {
        "event": "view-product",
        "service_uid": "example@email.com",
        "datetime": "2017-06-21 09:52:12",
        "metadata": {"campo 1": "valor 1"},
    }
    yield Sample("POST", "/apiv3/user-events", _basic(demo), _body(event))
    yield Sample("GET", "/apiv3/user-events", _basic(demo))


def _basic(demo: Demo) -> dict[str, str]:
    return {"authorization": f"Basic {demo.keys['woowup']}", "accept": "application/json", **_JSON}


def _bearer(demo: Demo) -> dict[str, str]:
    return {"Authorization": f"Bearer {demo.keys['meditopia']}"}


def _body(value: Any) -> bytes:
    return json.dumps(value).encode()
