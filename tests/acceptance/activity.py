"""A tenant in which something has happened, in every format."""

from __future__ import annotations

import json

from acceptance.installation import Installation, Server

PASSWORD = "correct horse battery staple"
JSON = {"content-type": "application/json"}


def populate(installation: Installation, server: Server) -> dict[str, str]:
    """Members, points, settings, keys and log-ins; the credentials used, by what they are."""
    installation.tenant()
    keys = {name: installation.key(name) for name in ("conscent", "meditopia", "woowup")}
    words = ("admin", "create", "--tenant", "demo", "--username", "admin", "--password-stdin")
    installation.told(*words, stdin=PASSWORD + "\n")
    member = ("member", "create", "--tenant", "demo", "--external", "user-1", "--meditopia-token")
    token = installation.told(*member)["token"]
    status = ("--external", "user-1", "--action", "renewed", "--ends", "2030-01-01 00:00:00")
    installation.told("member", "status", "--tenant", "demo", *status)
    installation.told("setting", "set", "--tenant", "demo", "outcomes.days", "7")
    installation.told("key", "revoke", str(_spare_key(installation)))
    _report(server, keys, token)
    return {**keys, "password": PASSWORD, **_logged_in(server)}


def _spare_key(installation: Installation) -> int:
    words = ("key", "create", "--tenant", "demo", "--dialect", "native")
    return int(installation.told(*words)["id"])


def _report(server: Server, keys: dict[str, str], token: str) -> None:
    conscent = {**JSON, "X-API-KEY": keys["conscent"]}
    meditopia = {**JSON, "Authorization": f"Bearer {keys['meditopia']}"}
    woowup = {**JSON, "Authorization": f"Basic {keys['woowup']}"}
    event = {"eventType": "ORDER_PLACED", "userId": "user-2", "amount": 12.5}
    batch = {
        "token": token,
        "partnerUserID": "user-1",
        "event": "register",
        "eventValue": None,
        "receivedAt": "2024-08-06 15:04:05",
    }
    uid = {"service_uid": "user-3"}
    person = {**uid, "email": "a@b.example", "first_name": "Ada", "custom_attributes": {"size": 7}}
    points = {**uid, "concept": "purchase", "points": 250, "description": "an order"}
    spent = {**points, "points": -100, "concept": "gift"}
    for headers, method, path, body in (
        (conscent, "POST", "/reward/demo/api/user_event", event),
        (meditopia, "POST", "/default/v1/events", {"events": [batch]}),
        (woowup, "POST", "/apiv3/events", {"name": "view-product"}),
        (woowup, "POST", "/apiv3/users", person),
        (woowup, "PUT", "/apiv3/multiusers", {**uid, "first_name": "Grace"}),
        (woowup, "POST", "/apiv3/user-events", {**uid, "event": "view-product"}),
        (woowup, "POST", "/apiv3/multiusers/points", points),
        (woowup, "POST", "/apiv3/multiusers/points", spent),
    ):
        reply = server.call(method, path, headers=headers, body=json.dumps(body))
        assert reply.status in (200, 201, 204), (path, reply)


def _logged_in(server: Server) -> dict[str, str]:
    body = json.dumps({"_username": "admin", "_password": PASSWORD})
    told = server.call("POST", "/api/admin/login_check", headers=JSON, body=body).json()
    return {"jwt": told["token"], "refresh_token": told["refresh_token"]}
