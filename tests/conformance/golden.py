"""Journals that earlier versions wrote, kept for good, and what state they made of them.

`python -m conformance.golden`: writes the present version's to `tests/golden/VERSION.jsonl`, once,
when it is released. A file is never written again: a later version that folds it to another state
needs a reason, and then says so in the file's first line only.

The first line has a digest of every state table. Each further one begins a table of the journal
with its name and columns, or is a row of it, bytes as lists of one text in hexadecimal.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import msgspec

import guerdon
from conformance.history import LOGGED_IN, Content, digest, exported, live, state_tables
from conformance.stores import opened

FOLDER = Path(__file__).parents[1] / "golden"
FILES = sorted(FOLDER.glob("*.jsonl"))
_JOURNAL = ("tenant", "head", "decision", "seal", *LOGGED_IN)


class Golden(msgspec.Struct):
    """A journal's tables, and the digests of the state that belongs to it."""

    state: dict[str, str]
    journal: dict[str, Content]


def read(file: Path) -> Golden:
    """What a file holds."""
    state, *lines = map(msgspec.json.decode, file.read_bytes().splitlines())
    journal: dict[str, Content] = {}
    rows: list[Any] = []
    for line in lines:
        if isinstance(line, dict):
            rows = []
            journal[line["table"]] = line["columns"], rows
        else:
            rows.append(tuple(map(_value, line)))
    return Golden(state, journal)


def _value(written: Any) -> Any:
    return bytes.fromhex(written[0]) if isinstance(written, list) else written


def write(file: Path, rows: dict[str, Content]) -> None:
    """Keep the journal among `rows` and the digests of the state. Errors: FileExistsError."""
    state = {table: digest(rows[table]) for table in sorted(state_tables())}
    lines: list[Any] = [state]
    for table in _JOURNAL:
        columns, content = rows[table]
        lines.append({"table": table, "columns": columns})
        lines += [
            [[each.hex()] if isinstance(each, bytes) else each for each in row] for row in content
        ]
    with file.open("xb") as out:
        out.writelines(msgspec.json.encode(line) + b"\n" for line in lines)


def main() -> None:
    """Write the present version's file."""
    with tempfile.TemporaryDirectory() as folder, opened("sqlite", Path(folder)) as bench:
        live(bench)
        write(FOLDER / f"{guerdon.__version__}.jsonl", exported(bench))


if __name__ == "__main__":
    main()
