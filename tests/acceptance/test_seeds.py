"""The main job on real input: the vendors' own requests, through the real server, by curl.

Each command is the one that is printed, with the host and the credential put in.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from acceptance.installation import (
    ENGINES,
    PATIENCE_SECONDS,
    Installation,
    Reply,
    Server,
    installed,
)

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")

CONSCENT = """curl --request POST \\
     --url https://api.Conscent.club/reward/partner_id/api/user_event \\
     --header 'X-API-KEY: {API Key}' \\
     --header 'accept: text/plain' \\
     --header 'content-type: application/json' \\
     --data '
{
  "eventType": "ORDER_PLACED",
  "userId": "42bede01c83fa3947"
}
'
"""
MEDITOPIA_BODY = """{
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
MEDITOPIA = f"""curl -X POST https://partners.meditopia.com/default/v1/events \\
  -H 'Content-Type: application/json' -H 'Authorization: Bearer <TOKEN>' -d '{MEDITOPIA_BODY}'
"""
WOOWUP_EVENT = """curl -X POST \\
  https://api.woowup.com/apiv3/events \\
  -H 'accept: application/json' \\
  -H 'authorization: Basic xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' \\
  -H 'cache-control: no-cache' \\
  -d '{
  "name": "view-product"
}'
"""
WOOWUP_USER_EVENT = """curl -X POST \\
  https://api.woowup.com/apiv3/user-events \\
  -H 'accept: application/json' \\
  -H 'Content-Type: application/json' \\
  -H 'authorization: Basic xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' \\
  -H 'cache-control: no-cache' \\
  -d '{ "event": "view-product", "service_uid": "example@email.com", \
"datetime": "2017-06-21 09:52:12", "metadata": { "campo 1": "valor 1" } }'
"""
WOOWUP_LIST = """curl -X GET \\
  'https://api.woowup.com/apiv3/user-events' \\
  -H 'accept: application/json' \\
  -H 'authorization: Basic XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX' \\
  -H 'cache-control: no-cache'
"""
OPENLOYALTY = """curl http://localhost:8181/api/event \\
    -X "GET" \\
    -H "Accept: application/json" \\
    -H "Authorization: Bearer eyJhbGciOiJSUzI1NiIsInR5cCI6..."
"""
HOSTS = (
    "https://api.Conscent.club",
    "https://partners.meditopia.com",
    "https://api.woowup.com",
    "http://localhost:8181",
)


def typed(server: Server, command: str, **put_in: str) -> Reply:
    """What a partner sees who types the command, with the host and these texts replaced."""
    for host in HOSTS:
        command = command.replace(host, server.url)
    for before, after in put_in.items():
        command = command.replace(before, after)
    shown = subprocess.run(
        ["sh", "-c", command.strip() + " -s -i"],
        capture_output=True,
        check=True,
        timeout=PATIENCE_SECONDS,
    ).stdout
    head, _, body = shown.partition(b"\r\n\r\n")
    return Reply(int(head.split()[1]), {}, body)


class Partner:
    """A partner with a key for each format, beside a running server."""

    def __init__(self, installation: Installation, server: Server) -> None:
        self.installation = installation
        self.server = server
        self.keys = {
            dialect: installation.key(dialect, tenant="partner_id")
            for dialect in ("conscent", "meditopia", "woowup")
        }

    def typed(self, command: str, **put_in: str) -> Reply:
        return typed(self.server, command, **put_in)

    def reported(self) -> list[str]:
        """The types of all activities, in the order of the journal."""
        rows = self.installation.rows(
            "SELECT t.name FROM activity a JOIN activity_type t"
            " ON t.tenant_id = a.tenant_id AND t.type_id = a.type_id ORDER BY a.position"
        )
        return [row[0] for row in rows]

    def on_the_shelf(self, dialect: str) -> dict[str, str]:
        """What the printed samples say in place of a key."""
        key = self.keys[dialect]
        return {"x" * 36: key, "X" * 45: key, "<TOKEN>": key, "{API Key}": key}


@pytest.fixture(scope="module", params=ENGINES)
def partner(request: pytest.FixtureRequest, tmp_path_factory: Any) -> Iterator[Partner]:
    with installed(request.param, tmp_path_factory.mktemp("seeds")) as installation:
        installation.tenant("partner_id")
        with installation.serving() as server:
            yield Partner(installation, server)


def test_conscents_printed_request_is_stored(partner: Partner) -> None:
    before = partner.reported()
    assert partner.typed(CONSCENT, **{"{API Key}": "another"}).status == 401
    assert partner.typed(CONSCENT, **partner.on_the_shelf("conscent")).status == 200
    assert partner.reported() == [*before, "ORDER_PLACED"]


def test_meditopias_printed_batch_is_stored_as_one_thing(partner: Partner) -> None:
    before = partner.reported()
    put_in = partner.on_the_shelf("meditopia")
    assert partner.typed(MEDITOPIA, **put_in).status == 404
    assert partner.reported() == before
    setting = ("--tenant", "partner_id", "members.auto_create.meditopia", "true")
    partner.installation.told("setting", "set", *setting)
    # A setting may be a second old: the same request until it is seen.
    while (answer := partner.typed(MEDITOPIA, **put_in)).status == 404:
        pass
    assert (answer.status, answer.body) == (204, b"")
    assert partner.reported() == [*before, "video", "audio"]


def test_woowups_printed_requests_define_report_and_read_back(partner: Partner) -> None:
    put_in = partner.on_the_shelf("woowup")
    member = ("--tenant", "partner_id", "--external", "example@email.com")
    partner.installation.told("member", "create", *member)
    defined = partner.typed(WOOWUP_EVENT, **put_in)
    assert (defined.status, defined.json()["name"]) == (200, "view-product")
    assert partner.typed(WOOWUP_USER_EVENT, **put_in).status == 200
    event = partner.typed(WOOWUP_LIST, **put_in).json()["payload"][-1]
    assert event["event"]["name"] == "view-product"
    assert event["metadata"] == {"campo 1": "valor 1"}
    assert event["datetime"] == "2017-06-21 09:52:12"


def test_open_loyaltys_printed_request_reads_the_event_store(partner: Partner) -> None:
    partner.installation.told(
        *("admin", "create", "--tenant", "partner_id", "--username", "admin", "--password-stdin"),
        stdin="a long password\n",
    )
    logged_in = partner.server.call(
        "POST",
        "/api/admin/login_check",
        headers={"Content-Type": "application/json"},
        body=json.dumps({"_username": "admin", "_password": "a long password"}),
    )
    token = logged_in.json()["token"]
    page = partner.typed(OPENLOYALTY, **{"eyJhbGciOiJSUzI1NiIsInR5cCI6...": token})
    assert page.status == 200
    events = page.json()["events"]
    assert [each["id"] for each in events] == list(range(1, len(events) + 1))
    assert events[0]["type"] == "Guerdon.Tenant.Event.TenantWasCreated"


def test_what_one_format_reports_another_reads(partner: Partner) -> None:
    partner.typed(CONSCENT, **partner.on_the_shelf("conscent"))
    listed = partner.typed(WOOWUP_LIST, **partner.on_the_shelf("woowup")).json()["payload"]
    told = [(each["event"]["name"], each["user"]["service_uid"]) for each in listed]
    assert ("ORDER_PLACED", "42bede01c83fa3947") in told
