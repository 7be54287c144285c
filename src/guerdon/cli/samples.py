"""The demo's sample activity, sent through the real routes, and the curl lines it prints.

The same member does something in every format; the programme's rules make points of it, the points
a level, and some of them buy a reward.
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
from guerdon.cli import programme
from guerdon.cli.demo import EMAIL, PARTNER_USER_ID, Demo
from guerdon.cli.patience import patiently
from guerdon.clock import SystemClock
from guerdon.errors import Defect

_JSON = {"Content-Type": "application/json"}
_OK = range(200, 300)
_SPENT_EURO = 25
EARNED = sum(programme.EARNS.values()) + _SPENT_EURO


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
    yield _purchase(demo)
    yield openloyalty(demo)


def conscent(demo: Demo) -> Sample:
    """Conscent's printed request."""
    headers = {"X-API-KEY": demo.keys["conscent"], "accept": "text/plain", **_JSON}
    event = {"eventType": "ORDER_PLACED", "userId": PARTNER_USER_ID}
    return Sample("POST", f"/reward/{demo.tenant}/api/user_event", headers, _body(event))


def meditopia(demo: Demo) -> Sample:
    """A batch of one, for the member with the token."""
    return _meditopia_batch(demo, "video")


def woowup(demo: Demo) -> Sample:
    """A user event without a time, so that it may be sent again and again."""
    event = {"event": "purchase-product", "service_uid": PARTNER_USER_ID}
    return Sample("POST", "/apiv3/user-events", _basic(demo), _body(event))


def openloyalty(demo: Demo) -> Sample:
    """The first page of the event store."""
    return Sample("GET", "/api/event?perPage=5", _token(demo))


def member(demo: Demo) -> Sample:
    """What all of it came to: the member's points, level and rewards."""
    path = f"/customer/{demo.member_id}/status?include=campaignPurchases"
    return Sample("GET", f"/api/admin{path}", _token(demo))


def curl(demo: Demo, sample: Sample) -> str:
    """The request as one line for a shell. Nothing in it holds a single quote."""
    words = [f"curl -X {sample.method} '{demo.url}{sample.path}'"]
    words += [f"-H '{name}: {value}'" for name, value in sample.headers.items()]
    if sample.body:
        words.append(f"-d '{sample.body.decode()}'")
    return " ".join(words)


def send(demo: Demo) -> int:
    """Define the programme, send all samples and buy the reward; how many requests that were.

    Errors: Defect when one is refused; OSError or HTTPException when the server goes away.
    """
    address = urlsplit(demo.url)
    connection = http.client.HTTPConnection(
        address.hostname or "", address.port, timeout=limits.body_seconds_max
    )
    try:
        return _Errand(connection, demo).done()
    finally:
        connection.close()


class _Errand:
    """Everything that is sent, over one connection."""

    def __init__(self, connection: http.client.HTTPConnection, demo: Demo) -> None:
        self._connection = connection
        self._demo = demo
        self._count = 0

    def done(self) -> int:
        """Send it; how many requests there were."""
        reward_id = programme.define(self._ask)
        for sample in samples(self._demo):
            self._send(sample)
        # Rules follow what was stored within a second, and the reward is bought with their points.
        patiently(
            self._require_earned,
            SystemClock(),
            lambda error: isinstance(error, Defect),
            limits.demo_rules_seconds,
        )
        self._ask("POST", f"/admin/customer/{self._demo.member_id}/campaign/{reward_id}/buy", {})
        return self._count

    def _require_earned(self) -> None:
        earned = self._send(member(self._demo))["totalEarnedPoints"]
        if earned < EARNED:
            raise Defect(f"{earned} of {EARNED} points were earned")

    def _ask(self, method: str, path: str, body: Any) -> Any:
        """As an administrator."""
        content = b"" if body is None else _body(body)
        return self._send(Sample(method, f"/api{path}", {**_JSON, **_token(self._demo)}, content))

    def _send(self, sample: Sample) -> Any:
        self._connection.request(
            sample.method, sample.path, sample.body or None, headers=sample.headers
        )
        answer = self._connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
        if answer.status not in _OK:
            path = sample.path.partition("?")[0]
            raise Defect(f"{sample.method} {path}: {answer.status} {text}")
        self._count += 1
        return json.loads(text) if text.startswith("{") else None


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
    yield woowup(demo)
    yield Sample("GET", "/apiv3/user-events", _basic(demo))


def _purchase(demo: Demo) -> Sample:
    """A purchase as a till reports it: whose it is, is told by the e-mail."""
    item = {"sku": {"code": "SKU1"}, "name": "Beans", "quantity": 1, "grossValue": _SPENT_EURO}
    document = {
        "documentType": "sell",
        "documentNumber": "1",
        "purchaseDate": "2024-08-06 15:04",
        "purchasePlace": "Wroclaw",
    }
    form = {
        "transactionData": document,
        "items": [{**item, "category": "coffee", "maker": "Roasters"}],
        "customerData": {"name": "Ann Example", "email": EMAIL},
    }
    headers = {**_JSON, **_token(demo)}
    return Sample("POST", "/api/transaction", headers, _body({"transaction": form}))


def _basic(demo: Demo) -> dict[str, str]:
    return {"authorization": f"Basic {demo.keys['woowup']}", "accept": "application/json", **_JSON}


def _bearer(demo: Demo) -> dict[str, str]:
    return {"Authorization": f"Bearer {demo.keys['meditopia']}"}


def _token(demo: Demo) -> dict[str, str]:
    return {"X-AUTH-TOKEN": demo.keys["openloyalty"]}


def _body(value: Any) -> bytes:
    return json.dumps(value).encode()
