"""Pictures: kept once for all that look the same, and no longer than one of them is shown."""

from __future__ import annotations

import json

from conformance.history import exported
from conformance.stores import Bench
from guerdon.engine import commands
from guerdon.engine.commands.definitions import Define, Undefine
from guerdon.engine.commands.pictures import RemovePicture, SetPicture
from guerdon.store import pictures

GIF, PNG = b"GIF89a\0\xff", b"\x89PNG\r\n\x1a\n\0"


def put(bench: Bench, kind: str, owner_id: str, place: str, content: bytes) -> None:
    bench.do(SetPicture(bench.tenant_id, 0, kind, owner_id, place, content, "é.png"))


def kept(bench: Bench) -> list[bytes]:
    _, rows = exported(bench)["picture_file"]
    return sorted(bytes(row[-1]) for row in rows)


def test_a_content_is_kept_while_a_picture_has_it(bench: Bench) -> None:
    body = json.dumps({"conditionValue": 0, "reward": {"value": 0}})
    level_id = bench.do(Define(bench.tenant_id, 0, "Level", body)).definition_id
    put(bench, "Level", level_id, "photo", GIF)
    put(bench, "Programme", "", "logo", GIF)
    put(bench, "Programme", "", "hero-image", PNG)
    assert kept(bench) == sorted([GIF, PNG])
    put(bench, "Programme", "", "logo", PNG)
    bench.do(RemovePicture(bench.tenant_id, 0, "Programme", "", "hero-image"))
    assert kept(bench) == sorted([GIF, PNG]), "the level and the logo still have them"
    bench.do(commands.RebuildState(bench.tenant_id, 0))
    found = bench.ask(
        lambda rows: [
            pictures.content(rows, bench.tenant_id, "Level", level_id, "photo"),
            pictures.content(rows, bench.tenant_id, "Programme", "", "logo"),
            pictures.content(rows, bench.tenant_id, "Programme", "", "hero-image"),
        ]
    )
    assert found == [("image/gif", GIF), ("image/png", PNG), None]
    bench.do(Undefine(bench.tenant_id, 0, "Level", level_id))
    bench.do(RemovePicture(bench.tenant_id, 0, "Programme", "", "logo"))
    assert kept(bench) == []
