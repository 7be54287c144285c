"""Journals that earlier versions wrote, kept for good, and what state they made of them.

`python -m conformance.golden`: writes the present version's to `tests/golden/VERSION.jsonl`, once,
when it is released. A file is never written again: a later version that folds it to another state
needs a reason, and then says so in the file's first line only.

The first line has a digest of every state table; each further one a table of the journal with its
columns and rows, bytes as lists of one text in hexadecimal.
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
    first, *rest = file.read_bytes().splitlines()
    tables = [msgspec.json.decode(line) for line in rest]
    journal = {name: (columns, [_row(row) for row in rows]) for name, columns, rows in tables}
    return Golden(msgspec.json.decode(first), journal)


def write(file: Path, rows: dict[str, Content]) -> None:
    """Keep the journal among `rows` and the digests of the state. Errors: FileExistsError."""
    state = {table: digest(rows[table]) for table in sorted(state_tables())}
    lines = [state, *([table, *rows[table]] for table in _JOURNAL)]
    with file.open("xb") as out:
        out.writelines(msgspec.json.encode(line) + b"\n" for line in map(_text, lines))


def _text(value: Any) -> Any:
    if isinstance(value, bytes):
        return [value.hex()]
    return [_text(each) for each in value] if isinstance(value, (list, tuple)) else value


def _row(row: list[Any]) -> tuple[Any, ...]:
    return tuple(bytes.fromhex(each[0]) if isinstance(each, list) else each for each in row)


def main() -> None:
    """Write the present version's file."""
    with tempfile.TemporaryDirectory() as folder, opened("sqlite", Path(folder)) as bench:
        live(bench)
        write(FOLDER / f"{guerdon.__version__}.jsonl", exported(bench))


if __name__ == "__main__":
    main()
