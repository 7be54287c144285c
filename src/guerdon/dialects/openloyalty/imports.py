"""Importing files of customers, points transfers, transactions and matches.

The file comes as the part `file[file]` of a multipart form. All of it is checked first; then each
row is a command of its own, submitted in groups so that many share a commit. What became of each
row is in the answer, and remembered: the same file sent again goes on where it stopped, and answers
with what became of the rows that are through (`engine.imports`).

`GET /import` and `/import/{import}` are ours: how far imports are, and what became of their rows.
Source: Open Loyalty 4.3, the four "import" endpoints and their answers.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any

import msgspec

from guerdon import limits
from guerdon.dialects.openloyalty import imports_xml
from guerdon.dialects.openloyalty.desk import Answer, Endpoint, Visit
from guerdon.dialects.openloyalty.forms import BLANK
from guerdon.dialects.openloyalty.imports_rows import SHAPES, Asked, asked
from guerdon.engine.commands.imports import FinishImport, ImportRow, Kind, RowDone, StartImport
from guerdon.errors import Refused
from guerdon.store import imports
from guerdon.store.imports import Import
from guerdon.store.port import Rows

_PROCESSING = "Processing exception: "
_ID = re.compile(r"[0-9]{1,18}")
_Given = imports_xml.Row | imports_xml.Unreadable


class _Sent(msgspec.Struct, frozen=True):
    """A row on its way."""

    identifier: str
    row: ImportRow
    answer: asyncio.Future[RowDone]


def endpoints() -> list[Endpoint]:
    """The four documented imports, and what is remembered of them."""
    sees = "TRANSACTION:VIEW"
    change = "TRANSACTION:MODIFY"
    matches = "/admin/transaction/customer/assign/import"
    points = "/points/transfer/import"
    return [
        Endpoint("POST", "/admin/customer/import", _of("customers"), "admin", "CUSTOMER:MODIFY"),
        Endpoint("POST", points, _of("points"), "admin", "POINTS_TRANSFER:MODIFY"),
        Endpoint("POST", "/admin/transaction/import", _of("transactions"), "admin", change),
        Endpoint("POST", matches, _of("matches"), "admin", change),
        Endpoint("GET", "/import", list_imports, "admin", sees),
        Endpoint("GET", "/import/{import}", show_import, "admin", sees),
    ]


async def list_imports(visit: Visit) -> Answer:
    """`GET /import`: the newest first."""
    page = visit.page()
    found, total = await visit.read(
        lambda rows: imports.newest(rows, visit.tenant_id, offset=page.offset, limit=page.limit)
    )
    return visit.listed("imports", [_shown(visit, each) for each in found], total)


async def show_import(visit: Visit) -> Answer:
    """`GET /import/{import}`: one, with a page of what became of its rows (numbered from 1)."""
    page = visit.page()
    import_id = int(visit.params["import"]) if _ID.fullmatch(visit.params["import"]) else 0
    found = await visit.read(lambda rows: imports.get(rows, visit.tenant_id, import_id))
    if found is None:
        return visit.missing()
    done = await visit.read(
        lambda rows: imports.done(
            rows, visit.tenant_id, import_id, place=page.offset, limit=page.limit
        )
    )
    shape = SHAPES[found.kind]  # type: ignore[index] # only these kinds are ever stored
    items = [
        {"row": place + 1, **_result(shape.shown, RowDone(made, message))}
        for place, made, message in done
    ]
    return visit.ok({**_shown(visit, found), "items": items})


def _of(kind: Kind) -> Callable[[Visit], Awaitable[Answer]]:
    async def import_file(visit: Visit) -> Answer:
        return await _import(visit, kind)

    return import_file


async def _import(visit: Visit, kind: Kind) -> Answer:
    form = await visit.form("file", bytes_max=limits.import_bytes_max)
    file = visit.file("file")
    if file is None:
        form.fail("file", BLANK)
    form.check()
    content = file.content if file else b""
    shape = SHAPES[kind]
    rows_total = await asyncio.to_thread(imports_xml.check, content, shape.root, shape.row)
    tenant = (visit.tenant_id, visit.key_id)
    digest = hashlib.sha256(content).digest()
    start = StartImport(*tenant, kind=kind, digest=digest, rows_total=rows_total, actor=visit.actor)
    started = await visit.execute(start)
    items = await _rows(visit, kind, started.import_id, content)
    await visit.execute(FinishImport(*tenant, import_id=started.import_id))
    good = sum(item["status"] == "success" for item in items)
    return visit.ok(
        {
            "items": items,
            "totalProcessed": len(items),
            "totalSuccess": good,
            "totalFailed": len(items) - good,
        }
    )


async def _rows(visit: Visit, kind: Kind, import_id: int, content: bytes) -> list[dict[str, Any]]:
    """Every row's result. One group is read while the one before it is committed."""
    items: list[dict[str, Any]] = []
    sent: list[_Sent] = []
    submitted: list[_Sent] = []
    place = 0
    try:
        for group in _groups(content, kind):
            these = await visit.read(_question(visit, kind, group))
            submitted = [
                _submit(visit, import_id, at, each) for at, each in enumerate(these, place)
            ]
            place += len(these)
            items += await _results(visit, kind, sent)
            sent = submitted
        return items + await _results(visit, kind, sent)
    finally:
        # Trouble with one group must not leave the answers of the next one waiting.
        await asyncio.gather(*(each.answer for each in submitted), return_exceptions=True)


def _question(visit: Visit, kind: Kind, group: Sequence[_Given]) -> Callable[[Rows], list[Asked]]:
    return lambda rows: [asked(rows, visit, kind, given) for given in group]


def _groups(content: bytes, kind: Kind) -> Iterator[list[_Given]]:
    waiting: list[_Given] = []
    for rows in imports_xml.read(content, SHAPES[kind].root, SHAPES[kind].row):
        waiting += rows
        while len(waiting) >= limits.import_group_rows:
            yield waiting[: limits.import_group_rows]
            del waiting[: limits.import_group_rows]
    if waiting:
        yield waiting


def _submit(visit: Visit, import_id: int, place: int, each: Asked) -> _Sent:
    row = ImportRow(
        visit.tenant_id,
        visit.key_id,
        import_id=import_id,
        place=place,
        command=each.command,
        message=each.message,
        actor=visit.actor,
    )
    # Not as a command of the request's key: a row is remembered by its place in the file.
    return _Sent(each.identifier, row, asyncio.ensure_future(visit.engine.execute(row)))


async def _results(visit: Visit, kind: Kind, sent: list[_Sent]) -> list[dict[str, Any]]:
    """What became of a group; every answer is awaited before the first trouble is raised."""
    outcomes = await asyncio.gather(*(each.answer for each in sent), return_exceptions=True)
    items = []
    for each, outcome in zip(sent, outcomes, strict=True):
        done = outcome
        if isinstance(done, Refused):
            done = await visit.engine.execute(_given_up(each.row, done))
        if isinstance(done, BaseException):
            raise done
        items.append({**_result(SHAPES[kind].shown, done), "identifier": each.identifier})
    return items


def _given_up(row: ImportRow, refused: Refused) -> ImportRow:
    """The same row without its command, which was refused half-way."""
    return ImportRow(
        row.tenant_id,
        row.key_id,
        import_id=row.import_id,
        place=row.place,
        message=_PROCESSING + refused.message,
        actor=row.actor,
    )


def _result(shown: Callable[[str], Any], done: RowDone) -> dict[str, Any]:
    if done.message:
        return {"status": "error", "message": done.message}
    return {"status": "success", "processImportResult": {"object": shown(done.made)}}


def _shown(visit: Visit, found: Import) -> dict[str, Any]:
    finished_at = found.finished_at
    return {
        "importId": found.import_id,
        "kind": found.kind,
        "startedAt": visit.date(found.started_at),
        "finishedAt": None if finished_at is None else visit.date(finished_at),
        "totalRows": found.rows_total,
        "totalProcessed": found.rows_done,
        "totalSuccess": found.rows_good,
        "totalFailed": found.rows_done - found.rows_good,
    }
