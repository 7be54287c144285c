"""What every test of this room does first: log in."""

import json

from guerdon import limits
from guerdon.clock import SECOND, SystemClock

USERNAME, PASSWORD = "admin", "open"
JSON = {"content-type": "application/json"}
FORM = {"content-type": "application/x-www-form-urlencoded"}


class StillClock(SystemClock):
    """Stands at the beginning of this minute, so that a count per minute is not cut in two."""

    def __init__(self):
        super().__init__()
        minute = limits.failure_segment_seconds * SECOND
        self._moment = super().now() // minute * minute

    def now(self):
        return self._moment


def log_in(house, username=USERNAME, password=PASSWORD, **call):
    body = json.dumps({"_username": username, "_password": password})
    return house.call("POST", "/api/admin/login_check", headers=JSON, body=body, **call)


def bearer(token):
    return {"accept": "application/json", "authorization": f"Bearer {token}"}


def administrator(house, username=USERNAME, **tenant):
    """The headers of a fresh administrator."""
    house.admin(username, PASSWORD, **tenant)
    return bearer(log_in(house, username).json()["token"])
