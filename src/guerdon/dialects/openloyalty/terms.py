"""A programme's terms: where they are.

The file itself is not kept. The setting `programConditionsUrl` says where it is, and whoever asks
for the terms is sent there; while it says nothing, there are none (404).
Source: Open Loyalty 4.3, "Settings"; release 3.2 had two more ways to ask.
"""

from __future__ import annotations

import re

from guerdon.dialects.openloyalty import refusals
from guerdon.dialects.openloyalty.desk import Answer, Endpoint, Visit
from guerdon.engine.settings import SHOWN

_ADDRESS = re.compile(r"https?://[!-~]+")
"""What may stand in a `Location` header; anything else is no address on the web."""


async def show(visit: Visit) -> Answer:
    """`GET /terms-conditions`, `GET /settings/conditions-file`: 302 to the terms."""
    url = _url(visit)
    if not _ADDRESS.fullmatch(url):
        return visit.missing()
    return Answer(302, ((b"location", url.encode("ascii")), *refusals.CORS))


async def show_url(visit: Visit) -> Answer:
    """`GET /settings/conditions-url`."""
    return visit.ok({"url": _url(visit)})


def endpoints() -> list[Endpoint]:
    """What release 3.2 has below `/api`."""
    return [
        Endpoint("GET", "/settings/conditions-file", show, "anyone"),
        Endpoint("GET", "/settings/conditions-url", show_url, "anyone"),
    ]


def beside_the_api() -> list[Endpoint]:
    """What release 4.3 has beside it, for members to follow."""
    return [Endpoint("GET", "/terms-conditions", show, "anyone", in_store=False)]


def _url(visit: Visit) -> str:
    return str(visit.settings[SHOWN]["programConditionsUrl"])
