"""What is owed to the outside gets there: signed webhooks to a receiver, mail into a folder."""

from __future__ import annotations

import contextlib
import email
import email.policy
import http.server
import json
import queue
import threading
from collections.abc import Iterator
from typing import Any

from standardwebhooks.webhooks import Webhook

from acceptance.installation import PATIENCE_SECONDS, Installation


class Receiver(http.server.ThreadingHTTPServer):
    """A partner's server: refuses as often as it was told to, and keeps what it accepts."""

    def __init__(self, refusals: int = 0) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.received: queue.Queue[tuple[dict[str, str], bytes]] = queue.Queue()
        self.refusals = refusals

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook"


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        refused = self.server.refusals > 0
        self.server.refusals -= 1
        self.send_response(500 if refused else 204)
        self.end_headers()
        if not refused:
            self.server.received.put((dict(self.headers.items()), body))

    def log_message(self, *_: Any) -> None:
        """Nobody reads it."""


@contextlib.contextmanager
def receiving(refusals: int = 0) -> Iterator[Receiver]:
    with Receiver(refusals) as receiver:
        thread = threading.Thread(target=receiver.serve_forever)
        thread.start()
        try:
            yield receiver
        finally:
            receiver.shutdown()
            thread.join()


def _partner(installation: Installation, url: str) -> str:
    """A tenant whose status messages go to `url`; the secret that signs them."""
    installation.environ["GUERDON_WEBHOOKS_ALLOW_PRIVATE"] = "true"
    installation.tenant()
    for name, value in (("status_url", url), ("partner_id", "demo-partner")):
        words = ("--tenant", "demo", f"meditopia.{name}", value)
        installation.told("setting", "set", *words)
    listed = installation.told("setting", "list", "--tenant", "demo", "--reveal")["settings"]
    return str({each["name"]: each["value"] for each in listed}["meditopia.status_secret"])


def _member(installation: Installation) -> str:
    words = ("member", "create", "--tenant", "demo", "--external", "user-1", "--meditopia-token")
    return str(installation.told(*words)["token"])


def _body(receiver: Receiver, secret: str) -> Any:
    """The next accepted message, its signature checked by another implementation."""
    headers, body = receiver.received.get(timeout=PATIENCE_SECONDS)
    Webhook(secret).verify(body, {name.lower(): value for name, value in headers.items()})
    return json.loads(body)


def test_a_status_message_reaches_the_partner_signed(either: Installation) -> None:
    with receiving() as receiver:
        secret = _partner(either, receiver.url)
        with either.serving():
            token = _member(either)
            first = _body(receiver, secret)
            words = ("--external", "user-1", "--action", "canceled", "--country", "DE")
            either.told("member", "status", "--tenant", "demo", *words)
            second = _body(receiver, secret)
    assert (first["action"], first["token"], first["partnerID"]) == (
        "initial",
        token,
        "demo-partner",
    )
    assert (second["action"], second["country"]) == ("canceled", "DE")


def test_what_became_due_while_no_server_ran_is_sent_by_the_next(sqlite: Installation) -> None:
    with receiving() as receiver:
        secret = _partner(sqlite, receiver.url)
        token = _member(sqlite)
        with sqlite.serving("--workers", "2"):
            assert _body(receiver, secret)["token"] == token
        assert receiver.received.empty()


def test_a_partner_who_fails_is_asked_again(sqlite: Installation) -> None:
    with receiving(refusals=1) as receiver:
        secret = _partner(sqlite, receiver.url)
        with sqlite.serving() as server:
            _member(sqlite)
            assert _body(receiver, secret)["action"] == "initial"
            ended = 'guerdon_deliveries_total{outcome="delivered",tenant="demo"} 1.0'
            while ended not in server.call("GET", "/metrics").body.decode():
                pass
    ((attempts, status),) = sqlite.rows("SELECT attempts, last_status FROM delivery")
    assert (attempts, status) == (2, 204)


def test_a_finished_deletion_is_told_by_mail(either: Installation) -> None:
    either.tenant()
    key = either.key("woowup")
    headers = {"authorization": f"Basic {key}", "content-type": "application/json"}
    uid = {"service_uid": "user-1"}
    deletion = {
        "event-name": "view-product",
        "from": "2000-01-01",
        "to": "2100-01-01",
        "notify_to": "a@b.example",
    }
    with either.serving() as server:
        for method, path, body in (
            ("POST", "/apiv3/events", {"name": "view-product"}),
            ("POST", "/apiv3/users", {**uid, "email": "user-1@b.example"}),
            ("POST", "/apiv3/user-events", {**uid, "event": "view-product"}),
            ("DELETE", "/apiv3/user-events/bulk", deletion),
        ):
            reply = server.call(method, path, headers=headers, body=json.dumps(body))
            assert reply.status in (200, 201, 202), reply
        listed = server.call("GET", "/apiv3/user-events", headers=headers).json()["payload"]
        assert listed == []
        while not (mails := list((either.data / "mail").glob("msg_*.eml"))):
            assert server.process.poll() is None
    (mail,) = mails
    message = email.message_from_bytes(mail.read_bytes(), policy=email.policy.default)
    assert message["To"] == "a@b.example"
    assert "view-product" in message.get_content()
