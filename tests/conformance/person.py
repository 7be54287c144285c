"""A person whose every name is a canary, told to Guerdon through every door, and the search.

A trace is a canary in any of the ways a text may lie somewhere: UTF-8, UTF-16, base64, percent
encoding, JSON escapes, in upper, lower or its own case.
"""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import apsw
import msgspec
import psycopg

from conformance.programme import item
from conformance.stores import START
from guerdon.config import Config
from guerdon.engine.commands import UpdateMember
from guerdon.engine.commands.invitations import Invite
from guerdon.engine.commands.members import EnrolMember
from guerdon.engine.commands.purchases import RegisterPurchase
from guerdon.engine.commands.standing import AddPushToken
from postgres import fresh_database

EMAIL, OLD_EMAIL = "kanarienvogel@example.com", "zeisig-alt@example.com"
PHONE, CARD, EXTERNAL = "48600700800900", "CARD-8817726655", "ext-99817263"
FIRST, LAST = "Żółtodziób", "Gimpelmeister"
CANARIES = (EMAIL, OLD_EMAIL, PHONE, CARD, EXTERNAL, FIRST, LAST, "Vogelweg 77", "gimpel.png")
PROFILE = {
    "firstName": FIRST,
    "lastName": LAST,
    "email": OLD_EMAIL,
    "phone": PHONE,
    "loyaltyCardNumber": CARD,
    "birthDate": "1990-01-01",
    "agreement1": True,
    "agreement2": True,
    "address": {"street": "Vogelweg 77", "city": "Wien"},
}
_NAMES = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
PNG = b"\x89PNG\r\n\x1a\n" + LAST.encode() * 3
JSON = {"content-type": "application/json"}


class Person:
    """The person, and somebody else who knows them."""

    def __init__(self, house: Any) -> None:
        self.house = house
        self.system = {"x-auth-token": house.key("openloyalty")}
        self.conscent = {"x-api-key": house.key("conscent"), **JSON}
        self.woowup = {"authorization": f"Basic {house.key('woowup')}", **JSON}
        self.friend = self._enrol({"firstName": "Ann", "lastName": "Lee", "email": "ann@x.org"})
        self._before_they_came()
        member = self._enrol(PROFILE)
        self.number, self.member_id = member.number, member.member_id
        self._as_a_customer()
        self._as_reported()
        self._as_somebody_who_invites()

    def api(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """A request of the tenant's own system to Open Loyalty's room."""
        content = json.dumps(body).encode() if isinstance(body, dict) else body or b""
        kind = {} if body is None or "content_type" in headers else JSON
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {**self.system, **kind, **given}
        return self.house.call(method, "/api/DEFAULT" + path, headers=sent, body=content)

    def events(self, query: str = "") -> list[dict[str, Any]]:
        """The decision journal as Open Loyalty's clients see it."""
        path = f"/api/event?perPage=100&{query}"
        found: list[dict[str, Any]] = self.house.call("GET", path, headers=self.system).json()[
            "events"
        ]
        return found

    def forget(self, how: str = "anonymize") -> None:
        """By anonymising, by deleting, or by both at once."""
        wanted = {
            "anonymize": ("POST", f"/admin/customer/{self.member_id}/anonymize"),
            "delete": ("DELETE", f"/customer/{self.member_id}"),
        }
        for name in wanted if how == "both" else (how,):
            gone = self.api(*wanted[name], idempotency_key=EMAIL)
            assert (gone.status, gone.body) == (204, b"")
        self.house.settle()

    def _enrol(self, profile: dict[str, Any]) -> Any:
        text = json.dumps(profile)
        return self.house.execute(EnrolMember(self.house.tenant_id, 0, "admin", text))

    def _before_they_came(self) -> None:
        """An invitation nobody took, a purchase of nobody's, and requests that were refused."""
        tenant_id = self.house.tenant_id
        self.house.execute(Invite(tenant_id, 0, self.friend.number, EMAIL))
        buyer = json.dumps({"name": f"{FIRST} {LAST}", "email": EMAIL.upper(), "phone": PHONE})
        self.house.execute(
            RegisterPurchase(tenant_id, 0, "early", START, (item("SKU1", 10),), customer=buyer)
        )
        for body in (json.dumps({"userId": EXTERNAL, "who": FIRST + LAST}), f'{{"a":"{EMAIL}"'):
            self._report(body, 400)
        path = base64.urlsafe_b64encode(EMAIL.encode()).decode()
        self.house.call(
            "GET", f"/apiv3/multiusers/points?email={quote(EMAIL)}", headers=self.woowup
        )
        self.house.call("PUT", f"/apiv3/users/{path}", headers=self.woowup, body=b"{")

    def _as_a_customer(self) -> None:
        """What a customer does with an account, and what is done with it."""
        one = f"/customer/{self.member_id}"
        picture = (
            b'--b\r\nContent-Disposition: form-data; name="avatar[file]"; filename="gimpel.png"'
            b"\r\n\r\n" + PNG + b"\r\n--b--\r\n"
        )
        kind = "multipart/form-data; boundary=b"
        assert self.api("POST", f"{one}/avatar", picture, content_type=kind).status == 204
        tenant_id = self.house.tenant_id
        self.house.execute(AddPushToken(tenant_id, 0, self.number, f"device of {EMAIL}"))
        self._report(f'{{"a":"{OLD_EMAIL}"', 400)
        changed = self.api("PUT", one, {"customer": {"email": EMAIL}})
        assert changed.status == 200, changed.body
        asked = self.api("POST", "/customer/password/reset/request", {"username": EMAIL})
        assert asked.status == 200, asked.body
        added = {"points": 100, "customer": self.member_id}
        assert self.api("POST", "/points/transfer/add", {"transfer": added}).status == 200
        self.house.execute(Invite(tenant_id, 0, self.number, "guest-of-gimpel@example.com"))
        buyer = json.dumps({"name": LAST, "email": EMAIL, "loyaltyCardNumber": CARD})
        self.house.execute(
            RegisterPurchase(tenant_id, 0, "own", START, (item("SKU1", 25),), customer=buyer)
        )

    def _as_somebody_who_invites(self) -> None:
        """Others come by naming the person, one by e-mail and one by phone."""
        tenant_id = self.house.tenant_id
        for email, named in (
            ("bo@x.org", {"referrer_email": EMAIL}),
            ("cy@x.org", {"invitation_token": PHONE}),
        ):
            profile = json.dumps({"firstName": "Bo", "lastName": "Lee", "email": email})
            self.house.execute(EnrolMember(tenant_id, 0, "self", profile, **named))

    def _as_reported(self) -> None:
        """What partners report of the person."""
        named = (("external", EXTERNAL),)
        self.house.execute(UpdateMember(self.house.tenant_id, 0, self.number, "{}", named))
        encoded = base64.b64encode(EXTERNAL.encode()).decode().rstrip("=")
        said = {"first_name": FIRST, "custom_attributes": {"street": "Vogelweg 77"}}
        path, body = f"/apiv3/users/{encoded}", json.dumps(said)
        answered = self.house.call("PUT", path, headers=self.woowup, body=body)
        assert answered.status == 200, answered.body
        for ascii_only in (True, False):
            said = {"eventType": "SEEN", "userId": EXTERNAL, "name": FIRST, "mail": [{"to": EMAIL}]}
            self._report(json.dumps(said, ensure_ascii=ascii_only), 200)

    def _report(self, body: str, status: int) -> None:
        path = "/reward/demo/api/user_event"
        answered = self.house.call("POST", path, headers=self.conscent, body=body)
        assert answered.status == status, answered.body


def traces(places: dict[str, bytes]) -> list[str]:
    """Which canary is in which place, and how it is written there."""
    return [
        f"{word} in {place} as {way}"
        for word in CANARIES
        for way, needle in _ways(word)
        for place, content in places.items()
        if needle in content
    ]


def places(house: Any) -> dict[str, bytes]:
    """Everything that is kept: the database, files beside it, a backup made now, the folder."""
    folder = Path(house.config.data_dir)
    found: dict[str, bytes] = {}
    if house.config.engine == "sqlite":
        house.store.backup(str(folder / "backup.db"))
    found["tables"] = tables(house.config)
    # What shares memory with readers is an index of the log, and holds no row.
    files = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".db-shm"]
    found |= {path.name: path.read_bytes() for path in files}
    return found


def tables(config: Config) -> bytes:
    """All values in a database."""
    return _joined([row for several in rows_by_table(config).values() for row in several])


def rows_by_table(config: Config) -> dict[str, list[Any]]:
    """Every row of every table, in one order."""
    if config.engine == "sqlite":
        connection: Any = apsw.Connection(str(config.sqlite_path), apsw.SQLITE_OPEN_READONLY)
        question = "SELECT name FROM sqlite_schema WHERE type = 'table'"
    else:
        connection = psycopg.connect(config.database_url)
        question = _NAMES
    with contextlib.closing(connection):
        names = [row[0] for row in connection.execute(question)]
        found = {name: list(connection.execute(f'SELECT * FROM "{name}"')) for name in names}
    return {name: sorted(several, key=repr) for name, several in found.items()}


@contextlib.contextmanager
def copied(house: Any, folder: Path) -> Iterator[Config]:
    """A copy of the database as it is now; the data folder is the same."""
    if house.config.engine == "sqlite":
        copy = folder / "copy.db"
        house.store.backup(str(copy))
        yield msgspec.structs.replace(house.config, database_url=f"sqlite:///{copy}")
        return
    with fresh_database() as url:
        with psycopg.connect(house.config.database_url) as source, psycopg.connect(url) as target:
            for (name,) in source.execute(_NAMES).fetchall():
                target.execute(f'DELETE FROM "{name}"'.encode())
                out = source.cursor().copy(f'COPY "{name}" TO STDOUT BINARY'.encode())
                into = target.cursor().copy(f'COPY "{name}" FROM STDIN BINARY'.encode())
                with out as content, into as written:
                    for part in content:
                        written.write(part)
        yield msgspec.structs.replace(house.config, database_url=url)


def _ways(word: str) -> Iterator[tuple[str, bytes]]:
    for text in {word, word.lower(), word.upper()}:
        raw = text.encode()
        yield "utf-8", raw
        yield "utf-16", text.encode("utf-16-le")
        yield "utf-16 backwards", text.encode("utf-16-be")
        yield "percent", quote(text, safe="").encode()
        yield "json", json.dumps(text)[1:-1].encode()
        for shift in range(3):
            # What stands before and after decides about the first and the last characters.
            middle = base64.b64encode(b"\0" * shift + raw)[(0, 2, 3)[shift] :]
            yield "base64", middle[:-4].rstrip(b"=")


def _joined(rows: list[Any]) -> bytes:
    values = (value for row in rows for value in row)
    return b"\n".join(
        bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
        for value in values
    )
