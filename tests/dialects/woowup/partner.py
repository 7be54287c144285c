"""A partner's integration: a house, a key, and the paths below `/apiv3`."""

from __future__ import annotations

import json
from typing import Any


class Partner:
    """Calls one house with one key. A dict or list as body is sent as JSON."""

    def __init__(self, house: Any, **key: Any) -> None:
        self.house = house
        self.secret = house.key("woowup", **key)

    def call(self, method: str, path: str, body: Any = b"", **more: Any) -> Any:
        content = body if isinstance(body, bytes | str) else json.dumps(body)
        headers = more.pop("headers", None) or {"authorization": f"Basic {self.secret}"}
        return self.house.call(method, f"/apiv3{path}", headers=headers, body=content, **more)

    def get(self, path: str, **more: Any) -> Any:
        return self.call("GET", path, **more)

    def post(self, path: str, body: Any, **more: Any) -> Any:
        return self.call("POST", path, body, **more)

    def put(self, path: str, body: Any, **more: Any) -> Any:
        return self.call("PUT", path, body, **more)

    def delete(self, path: str, body: Any = b"", **more: Any) -> Any:
        return self.call("DELETE", path, body, **more)

    def user(self, **fields: Any) -> dict[str, Any]:
        """A new user as the answer shows them."""
        reply = self.post("/users", fields)
        assert reply.status == 201, reply.body
        return reply.json()["payload"]

    def event(self, name: str) -> int:
        """A new event's id."""
        reply = self.post("/events", {"name": name})
        assert reply.status == 200, reply.body
        return reply.json()["id"]

    def user_event(self, **fields: Any) -> Any:
        reply = self.post("/user-events", fields)
        assert reply.status == 200, reply.body
        return reply.json()["payload"]


def shape(reply: Any) -> tuple[int, Any, str, str]:
    """Status, payload, message and code; `time` is checked and left out."""
    body = reply.json()
    assert list(body)[:4] == ["payload", "message", "code", "time"], body
    assert body["time"].endswith("ms")
    assert body["time"][:-2].isdigit()
    assert reply.headers["content-type"] == "application/json"
    return reply.status, body["payload"], body["message"], body["code"]
