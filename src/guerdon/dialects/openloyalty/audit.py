"""The audit log: the decision journal, as an auditor asks about it.

There is no other log, so it holds everything, cannot be changed, and says of a forgotten member
what the journal still says. An archive is a range of the journal under a file's name: what is in it
stays in the log, and the file is written anew whenever it is asked for.

A search by name or entity, or an order other than the log's own, looks at the newest
`limits.audit_rows_scanned_max` entries; if there are more, the header `X-Guerdon-Searched` says how
many were looked at.
Source: Open Loyalty 4.3, "Audit log". The export's format is not documented: it is a sheet.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import Any
from xml.sax.saxutils import escape

import msgspec

from guerdon import limits
from guerdon.dialects.openloyalty import audit_words as words
from guerdon.dialects.openloyalty import sheets
from guerdon.dialects.openloyalty.dates import read_end, read_moment
from guerdon.dialects.openloyalty.desk import Answer, Endpoint, Visit
from guerdon.dialects.openloyalty.forms import WRONG
from guerdon.dialects.openloyalty.lists import Page
from guerdon.engine.commands.audit import ArchiveAudit, Archived
from guerdon.errors import NotFound, Refused
from guerdon.store import audit, definitions
from guerdon.store.audit import Entry, Head, Wanted
from guerdon.store.port import Rows

COLUMNS = (
    "auditLogId",
    "createdAt",
    "eventType",
    "entityType",
    "entityId",
    "username",
    "data",
)
NOTHING = "No logs to archive from this time range. The file was not created."
KNOWN = "Archive for this date range has already been generated."
_BY_POSITION = ("", "auditLogId", "createdAt")
_KIND = "AuditArchive"
_SLICE_ROWS = 500
_UNPRINTABLE = {code: None for code in range(32) if chr(code) not in "\t\n\r"} | {
    0xFFFE: None,
    0xFFFF: None,
}


class _Asked(msgspec.Struct, frozen=True):
    """What the query asks for, before anything is looked up. Moments are microseconds."""

    entity_type: str
    event_type: str
    entity_id: str
    username: str
    log_id: str
    since: int | None
    until: int | None

    def wanted(self, rows: Rows, tenant_id: int) -> Wanted:
        """The same in the journal's words."""
        low, high = 1, audit.last_position(rows, tenant_id)
        if self.since is not None:
            low = audit.first_since(rows, tenant_id, self.since)
        if self.until is not None:
            high = min(high, audit.first_since(rows, tenant_id, self.until + 1) - 1)
        if self.log_id:
            position = words.position_of(tenant_id, self.log_id)
            low, high = max(low, position), min(high, position)
        return Wanted(
            low,
            high,
            types=self._types(rows, tenant_id),
            about=self.entity_id,
            actors=words.Names(rows, tenant_id).actors(self.username) if self.username else None,
        )

    def _types(self, rows: Rows, tenant_id: int) -> tuple[str, ...] | None:
        if not self.entity_type and not self.event_type:
            return None
        return tuple(
            name
            for name in sorted(audit.types(rows, tenant_id))
            if self.entity_type in ("", words.entity_type(name))
            and self.event_type in ("", words.event_type(name))
        )


# --- the log -------------------------------------------------------------------------------------


async def show(visit: Visit) -> Answer:
    """`GET /audit/log`."""
    page, asked = visit.page(COLUMNS[:-1]), _asked(visit)

    def found(rows: Rows) -> tuple[list[dict[str, Any]], int, int | None]:
        wanted = asked.wanted(rows, visit.tenant_id)
        where, total, looked_at = _chosen(rows, visit.tenant_id, wanted, page)
        return list(_shown(rows, visit, where)), total, looked_at

    logs, total, looked_at = await visit.read_long(found)
    answer = visit.listed("logs", logs, total)
    if looked_at is None:
        return answer
    return answer.with_headers((b"x-guerdon-searched", b"%d" % looked_at))


async def export(visit: Visit) -> Answer:
    """`GET /audit/log/export`: all that a view shows, as a sheet."""
    page, asked = visit.page(COLUMNS[:-1]), _asked(visit)
    most = limits.audit_rows_listed_max
    whole = msgspec.structs.replace(page, page=1, per_page=most)

    def found(rows: Rows) -> tuple[list[int], int]:
        wanted = asked.wanted(rows, visit.tenant_id)
        where, total, _ = _chosen(rows, visit.tenant_id, wanted, whole)
        return where, total

    where, total = await visit.read_long(found)
    if total > most:
        message = f"A sheet has at most {most} rows; ask for fewer days."
        raise Refused(message, code="too_many_rows")
    lines = [sheets.line(COLUMNS)]
    lines += [sheets.line(_cells(entry)) async for entry in _in_slices(visit, where)]
    return visit.sent(sheets.MEDIA_TYPE, b"".join(lines), "audit-log.csv")


def _chosen(
    rows: Rows, tenant_id: int, wanted: Wanted, page: Page
) -> tuple[list[int], int, int | None]:
    """Where a page's entries stand, how many there are in all, and how many were looked at."""
    if page.sort in _BY_POSITION and not wanted.is_search:
        where = audit.positions(
            rows,
            tenant_id,
            wanted,
            offset=page.offset,
            limit=page.limit,
            descending=page.descending,
        )
        return where, audit.total(rows, tenant_id, wanted), None
    heads, looked_at = audit.search(rows, tenant_id, wanted)
    key = _key(page.sort, words.Names(rows, tenant_id))
    heads.sort(key=lambda head: (key(head), head.position), reverse=page.descending)
    where = [head.position for head in heads[page.offset : page.offset + page.limit]]
    return where, len(heads), looked_at


def _key(sort: str, names: words.Names) -> Callable[[Head], str]:
    keys: dict[str, Callable[[Head], str]] = {
        "eventType": lambda head: words.event_type(head.type),
        "entityType": lambda head: words.entity_type(head.type),
        "entityId": lambda head: head.aggregate,
        "username": lambda head: names.shown(head.actor),
    }
    return keys.get(sort, lambda _: "")


def _asked(visit: Visit) -> _Asked:
    return _Asked(
        visit.asked("entityType"),
        visit.asked("eventType"),
        visit.asked("entityId").lower(),
        visit.asked("username"),
        visit.asked("auditLogId"),
        _moment(visit, "createdAtFrom"),
        _moment(visit, "createdAtTo"),
    )


def _moment(visit: Visit, name: str) -> int | None:
    """A day without an hour is the whole day."""
    asked = visit.asked(name)
    if not asked:
        return None
    read = read_end if name.endswith("To") else read_moment
    moment = read(asked, visit.timezone)
    if moment is None:
        raise Refused(f"{name} must be a date.", code="invalid_parameter", field=name)
    return max(0, moment)


def _shown(rows: Rows, visit: Visit, where: Iterable[int]) -> Iterator[dict[str, Any]]:
    """Entries as the answer has them."""
    names = words.Names(rows, visit.tenant_id)
    for entry in audit.entries(rows, visit.engine.vault, visit.tenant_id, where):
        yield _entry(visit, names, entry)


def _entry(visit: Visit, names: words.Names, entry: Entry) -> dict[str, Any]:
    decided = entry.recorded
    payload = msgspec.json.decode(decided.payload)
    return {
        "auditLogId": {"auditLogId": words.log_id(visit.tenant_id, decided.position)},
        "createdAt": visit.date(decided.recorded_at),
        "eventType": words.event_type(decided.type),
        "entityType": words.entity_type(decided.type),
        "entityId": decided.aggregate,
        "username": names.shown(entry.actor),
        "data": words.data(decided.type, decided.aggregate, payload),
    }


async def _in_slices(visit: Visit, where: list[int]) -> AsyncIterator[dict[str, Any]]:
    """Many entries, read some at a time, so that others get their turns."""

    async def read(some: list[int]) -> list[dict[str, Any]]:
        return await visit.read_long(lambda rows: list(_shown(rows, visit, some)))

    for start in range(0, len(where), _SLICE_ROWS):
        for entry in await read(where[start : start + _SLICE_ROWS]):
            yield entry


def _cells(entry: dict[str, Any]) -> list[str]:
    """An entry's values as text, in the order of the columns."""
    values = {**entry, **entry["auditLogId"]}
    values["data"] = msgspec.json.encode(entry["data"]).decode()
    return [values[name] for name in COLUMNS]


# --- archives ------------------------------------------------------------------------------------


async def archive(visit: Visit) -> Answer:
    """`POST /audit/log/archive`: what was decided before a day begins, and no archive has yet."""
    form = await visit.form("archive")
    day = form.date("beforeDate")
    before = (read_moment(day, visit.timezone) or 0) if day else 0
    if before > visit.now:
        form.fail("beforeDate", WRONG)
    form.check()
    filename = f"audit_log_archive_before_{day.replace('-', '_')}.xml"
    command = ArchiveAudit(
        visit.tenant_id, visit.key_id, filename, max(0, before), actor=visit.actor
    )
    archived: Archived = await visit.execute(command)
    if archived.known:
        return visit.ok({"totalArchived": 0, "filename": filename, "message": KNOWN})
    if not archived.total:
        return visit.ok({"totalArchived": 0, "message": NOTHING})
    return visit.ok({"totalArchived": archived.total, "filename": filename})


async def archives(visit: Visit) -> Answer:
    """`GET /audit/log/archive`."""
    found = await visit.read(lambda rows: definitions.of_kind(rows, visit.tenant_id, _KIND))
    return visit.listed("archives", sorted(each.body["filename"] for each in found), len(found))


async def download(visit: Visit) -> Answer:
    """`GET /audit/log/archive/{filename}`."""
    filename = visit.params["filename"]
    found = await visit.read(lambda rows: definitions.of_kind(rows, visit.tenant_id, _KIND))
    body = next((each.body for each in found if each.body["filename"] == filename), None)
    if body is None:
        raise NotFound(code="unknown_archive")
    parts = ['<?xml version="1.0" encoding="UTF-8"?>\n<auditLogs>\n']
    where = list(range(body["from"], body["to"] + 1))
    parts += [_element(entry) async for entry in _in_slices(visit, where)]
    parts.append("</auditLogs>\n")
    return visit.sent("application/xml; charset=utf-8", "".join(parts).encode(), filename)


def _element(entry: dict[str, Any]) -> str:
    """An entry as XML, without the few characters that XML cannot hold."""
    cells = zip(COLUMNS, _cells(entry), strict=True)
    shown = (f"<{name}>{escape(text.translate(_UNPRINTABLE))}</{name}>" for name, text in cells)
    return f"  <auditLog>{''.join(shown)}</auditLog>\n"


def endpoints() -> list[Endpoint]:
    """Everything documented about the audit log."""
    see, modify, path = "AUDIT:VIEW", "AUDIT:MODIFY", "/audit/log"
    return [
        Endpoint("GET", path, show, "admin", see),
        Endpoint("GET", f"{path}/export", export, "admin", see),
        Endpoint("POST", f"{path}/archive", archive, "admin", modify),
        Endpoint("GET", f"{path}/archive", archives, "admin", see),
        Endpoint("GET", f"{path}/archive/{{filename}}", download, "admin", see),
    ]
