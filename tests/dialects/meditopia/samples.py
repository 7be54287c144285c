"""The page's own sample, and small batches in either published spelling."""

from __future__ import annotations

import json
from typing import Any

EVENTS = "/default/v1/events"
USER_CHECK = "/default/v1/user-check"

# "Sending Events", request body, copied as it stands there.
DOCUMENTED = b"""{
    "events": [
        {
            "token": "user-token-1",
            "partner_user_id": "user-1",
            "event": "video",
            "event_value": null,
            "received_at": "2024-08-06 15:04:05"
        },
        {
            "token": "user-token-2",
            "partner_user_id": "user-2",
            "event": "audio",
            "event_value": null,
            "received_at": "2024-08-06 15:04:05"
        }
    ]
}"""
AUGUST = 1_722_956_645_000_000  # 2024-08-06 15:04:05 UTC

LONG_TOKEN = "gAAAAABl" + "xY3_-" * 29 + "Q="


def headers(key: str) -> dict[str, str]:
    return {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}


def camel(**changes: Any) -> dict[str, Any]:
    event = {
        "token": "user-token-1",
        "partnerUserID": "user-1",
        "event": "video",
        "eventValue": None,
        "receivedAt": "2024-08-06 15:04:05",
    }
    return {**event, **changes}


def snake(**changes: Any) -> dict[str, Any]:
    event = {
        "token": "user-token-1",
        "partner_user_id": "user-1",
        "event": "video",
        "event_value": None,
        "received_at": "2024-08-06 15:04:05",
    }
    return {**event, **changes}


def batch(*events: dict[str, Any]) -> bytes:
    return json.dumps({"events": events}).encode()


def without(event: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in event.items() if key != name}


def members(house: Any) -> None:
    """The two users of the documented sample."""
    for at in ("1", "2"):
        house.member(("token", f"user-token-{at}"), ("external", f"user-{at}"))
