"""What pages of a SQLite file still hold of rows that are gone.

`secure_delete` overwrites what is deleted. But when rows move from page to page, SQLite rebuilds a
page without overwriting the space it does not use any more: copies of rows that were moved, changed
and deleted since may lie there for ever. So after somebody was forgotten that space is overwritten
here. It means nothing to SQLite, which reads and writes pages as before, whenever this happens.

The file must be up to date (an empty write-ahead log), and afterwards no cached page may be written
back that was read before.
Source: sqlite.org/fileformat2.html, 1.6 "B-tree Pages": a header, pointers to cells, unallocated
        space, and the cells.
"""

from __future__ import annotations

import apsw

_KINDS = frozenset((2, 5, 10, 13))
_INTERIOR = (2, 5)
_FILE_HEADER_BYTES = 100
_RESERVED_AT = 20
# A page that is no b-tree page begins with the number of another; up to here with a zero byte, so
# that none is taken for what it is not. The file is 137 GB then.
PAGES_MAX = 0x0200_0000 - 1


def unused(page: bytes, number: int) -> tuple[int, int] | None:
    """Where the unallocated space of a b-tree page begins and ends; None when nothing is in it."""
    header = _FILE_HEADER_BYTES if number == 1 else 0
    kind = page[header]
    if kind not in _KINDS:
        return None
    cells = int.from_bytes(page[header + 3 : header + 5])
    start = header + (12 if kind in _INTERIOR else 8) + 2 * cells
    end = int.from_bytes(page[header + 5 : header + 7]) or 65_536
    if start >= end or end > len(page) or not page[start:end].strip(b"\0"):
        return None
    return start, end


def clear(connection: apsw.Connection, first: int, count: int) -> tuple[int, int | None]:
    """Overwrite the unused space of `count` pages from `first` on.

    How many had something in it, and the next page, None after the last. Errors: apsw's own.
    """
    page_bytes = connection.pragma("page_size")
    flags = apsw.SQLITE_OPEN_MAIN_DB | apsw.SQLITE_OPEN_READWRITE
    # Through SQLite's own way to files: one that is opened and closed beside it would take the
    # locks of this process with it.
    file = apsw.VFSFile(connection.open_vfs, connection.filename, [flags, 0])
    try:
        last = min(file.xFileSize() // page_bytes, PAGES_MAX)
        until = min(first + count - 1, last)
        usable = page_bytes - file.xRead(1, _RESERVED_AT)[0]
        found = 0
        content = file.xRead(max(0, until - first + 1) * page_bytes, (first - 1) * page_bytes)
        for number in range(first, until + 1):
            at = (number - first) * page_bytes
            space = unused(content[at : at + usable], number)
            if space is not None:
                found += 1
                file.xWrite(bytes(space[1] - space[0]), (number - 1) * page_bytes + space[0])
        if found:
            file.xSync(apsw.SQLITE_SYNC_NORMAL)
    finally:
        file.xClose()
    return found, until + 1 if until < last else None
