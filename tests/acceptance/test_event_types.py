"""Each documented type of event is decided for real, with the documented payload, and documented.

`UPDATE_DOCS=1` writes `docs/event-types.md` anew from what was decided.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import psycopg

from acceptance.event_catalogue import CATALOGUE
from acceptance.event_shapes import DATE, ID, NUMBER, TEXT, differences, has, optional
from acceptance.event_walk import BY_TIME, Seen, Walk
from guerdon.domain.openloyalty_types import OPEN_LOYALTY_TYPES
from guerdon.engine.commands import RebuildState

DOCUMENT = Path(__file__).parents[2] / "docs" / "event-types.md"
HEAD = """\
# Event types

The 42 types of Open Loyalty's event store, what each is caused by, and an example as
`GET /api/event` shows it. `tests/acceptance/test_event_types.py` causes each through the
requests named here, and writes this page; ids and tokens in it are stand-ins.

Payloads name ids as objects, leave out what is null, and have dates with the offset of the
programme's time zone. Of the types with a star nothing but the name was ever published: their
payloads are ours, in the style of the others. Two types share their last word, so a type is its
whole name.

"""
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TOKEN = re.compile(r"\b[0-9a-f]{40}\b")


def test_every_documented_type_is_decided_with_its_documented_payload(house: Any) -> None:
    assert tuple(CATALOGUE) == OPEN_LOYALTY_TYPES
    seen = Walk(house).all()
    by_type = {name: [each for each in seen if each.type == name] for name in CATALOGUE}
    assert [name for name, events in by_type.items() if not events] == []
    wrong = [line for name, events in by_type.items() for line in _wrong(name, events)]
    assert not wrong, "\n".join(wrong)
    text = "".join(_document(by_type))
    if os.environ.get("UPDATE_DOCS"):
        DOCUMENT.write_text(text, encoding="utf-8")
    assert text == DOCUMENT.read_text(encoding="utf-8")

    before = _state(house)
    rebuilt = house.execute(RebuildState(house.tenant_id, 0))
    assert rebuilt.decisions == len(seen)
    assert _state(house) == before, "what was decided is all there is"


def test_a_payload_that_is_not_as_documented_is_caught() -> None:
    shape = {"id": ID, "at": DATE, "points?": NUMBER, "way": ("a", []), "labels": [{"key": TEXT}]}
    right = {"id": f"{'0' * 8}-0000-4000-8000-{'0' * 12}", "at": "2020-10-15T12:06:38+02:00"}
    right |= {"points": 6.9, "way": [], "labels": [{"key": "a"}]}
    assert not list(differences(shape, right))
    wrong = {"id": "1", "at": 1602756398, "points": 7.0, "way": "b", "labels": [{"key": None}]}
    for name, value in wrong.items():
        assert len(list(differences(shape, {**right, name: value}))) == 1
    for other in ({**right, "more": 1}, dict(reversed(right.items())), {"id": right["id"]}):
        assert list(differences(shape, other))


def _wrong(type: str, events: list[Seen]) -> Iterator[str]:
    """What is not as documented about a type's events."""
    told = CATALOGUE[type]
    name = type.removeprefix("OpenLoyalty.Domain.")
    for event in events:
        for line in differences(told.shape, event.payload):
            yield f"{name} after {event.request}: {line}"
        about = event.payload
        for step in told.uuid.split("."):
            about = about[step]
        if event.uuid != about:
            yield f"{name}: its uuid {event.uuid} is not its {told.uuid}"
    for path in optional(told.shape):
        if not any(has(event.payload, path) for event in events):
            yield f"{name}: {path} was never there"
    for request in told.requests:
        if request not in {event.request for event in events}:
            yield f"{name}: {request} did not cause it"


def _document(by_type: dict[str, list[Seen]]) -> Iterator[str]:
    """The page: a table, and an example of each."""
    yield HEAD
    yield "| type | when | request |\n|---|---|---|\n"
    for name, told in CATALOGUE.items():
        short = name.removeprefix("OpenLoyalty.Domain.").replace(".Event.", " ")
        link = f"[{short}](#{name.lower().replace('.', '')})" + (" \\*" if told.is_ours else "")
        requests = "<br>".join("the clock" if r == BY_TIME else f"`{r}`" for r in told.requests)
        yield f"| {link} | {told.cause} | {requests} |\n"
    named: dict[str, str] = {}
    for name, events in by_type.items():
        fullest = max(events, key=lambda event: len(json.dumps(event.payload)))
        text = json.dumps(fullest.payload, indent=2, ensure_ascii=False)
        yield f"\n## {name}\n\n```json\n{_with_stand_ins(text, named)}\n```\n"


def _with_stand_ins(text: str, named: dict[str, str]) -> str:
    """Ids and tokens in the order of their appearance, instead of random ones."""

    def uuid(found: re.Match[str]) -> str:
        return named.setdefault(found[0], f"00000000-0000-4000-8000-{len(named) + 1:012}")

    def token(found: re.Match[str]) -> str:
        return named.setdefault(found[0], f"{len(named) + 1:040}")

    return _TOKEN.sub(token, _ID.sub(uuid, text))


def _state(house: Any) -> dict[str, list[str]]:
    """All there is, table by table; a head also tells caches that they have to ask again."""
    url = house.config.database_url
    if house.config.engine == "sqlite":
        connection: Any = apsw.Connection(url.removeprefix("sqlite:///"))
        tables = "SELECT name FROM sqlite_schema WHERE type = 'table'"
    else:
        connection = psycopg.connect(url)
        tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    try:
        names = [name for (name,) in connection.execute(tables).fetchall()]
        return {
            name: sorted(map(repr, connection.execute(f"SELECT * FROM {name}").fetchall()))
            for name in names
            if name != "head"
        }
    finally:
        connection.close()
