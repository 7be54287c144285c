"""Questions about imports of files. Times are microseconds UTC."""

from __future__ import annotations

import msgspec

from guerdon.store.port import Row, Rows


class Import(msgspec.Struct, frozen=True):
    """An import: how many rows its file has, how many are through, how many made something.

    finished_at: None while it goes on, or when it was cut off.
    """

    import_id: int
    kind: str
    actor: str
    rows_total: int
    started_at: int
    finished_at: int | None
    rows_done: int
    rows_good: int


def get(rows: Rows, tenant_id: int, import_id: int) -> Import | None:
    """One import."""
    row = rows.one("file_import", tenant_id=tenant_id, import_id=import_id)
    return _import(rows, tenant_id, row) if row else None


def newest(rows: Rows, tenant_id: int, *, offset: int, limit: int) -> tuple[list[Import], int]:
    """A page of imports, newest first, and how many are remembered."""
    found = rows.all("file_imports", tenant_id=tenant_id, offset=offset, limit=limit)
    counted = rows.one("count_file_imports", tenant_id=tenant_id)
    several = [_import(rows, tenant_id, row) for row in found]
    return several, counted[0] if counted else 0


def done(
    rows: Rows, tenant_id: int, import_id: int, *, place: int, limit: int
) -> list[tuple[int, str, str]]:
    """What became of rows from `place` on: (place, uuid made or "", message or "")."""
    found = rows.all(
        "file_import_rows", tenant_id=tenant_id, import_id=import_id, place=place, limit=limit
    )
    return [(place, made, message) for place, made, message in found]


def _import(rows: Rows, tenant_id: int, row: Row) -> Import:
    through = rows.one("file_import_progress", tenant_id=tenant_id, import_id=row[0])
    count, good = through or (0, 0)
    return Import(*(*row, count, good))
