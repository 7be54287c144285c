"""A small reader of our own `.sql` files: enough to check what the schema and queries promise.

It knows comments, strings, dollar quoting and trigger bodies, splits statements, and lists the
tables, keys and table references in them. It is not an SQL parser, and refuses what it cannot read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_TOKEN = re.compile(
    r"""(?P<comment>--[^\n]*|/\*.*?\*/)
      | (?P<string>'(?:[^']|'')*')
      | (?P<dollar>\$(\w*)\$.*?\$\4\$)
      | (?P<name>"[^"]*"|[A-Za-z_]\w*)
      | (?P<parameter>:[a-z_]\w*)
      | (?P<other>::|<>|<=|>=|\|\||\S)
      | (?P<space>\s+)""",
    re.VERBOSE | re.DOTALL,
)
NAME = re.compile(r"^-- name: ([a-z][a-z0-9_]*)$")


@dataclass
class Statement:
    """One statement. `notes` are the comment lines directly above or inside it, without `--`."""

    place: str
    name: str = ""
    notes: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The statement without comments, one blank between tokens, words in lower case."""
        return " ".join(self.tokens)

    def noted(self, mark: str) -> bool:
        """Whether a comment gives a reason under this mark (`-- mark: reason`)."""
        return any(re.match(rf"{mark}: \S", note) for note in self.notes)


def named(path: Path) -> list[Statement]:
    """The statements of a query file, each with the name above it."""
    found: list[Statement] = []
    lines: list[str] = []
    name, start = "", 1
    for number, line in enumerate([*path.read_text(encoding="utf-8").splitlines(), None], 1):
        header = None if line is None else NAME.match(line)
        if line is None or header:
            found.extend(_of_name(path.name, name, start, lines))
            name, start, lines = header.group(1) if header else "", number, []
        else:
            lines.append(line)
    return found


def _of_name(file: str, name: str, line: int, lines: list[str]) -> Iterator[Statement]:
    statements = list(split(f"{file}:{line}", "\n".join(lines)))
    if not name and statements:
        statements[0].name = ""
    for statement in statements:
        statement.name = name
        yield statement
    if name and not statements:
        yield Statement(f"{file}:{line}", name)


def split(place: str, text: str) -> Iterator[Statement]:
    """The statements of a text. Comments belong to the statement after or around them."""
    statement = Statement(place)
    blank_before_comment = False
    for kind, token in _tokens(place, text):
        if kind == "space":
            # A comment followed by an empty line heads a section, not the next statement.
            blank_before_comment = token.count("\n") > 1
            if blank_before_comment and not statement.tokens:
                statement.notes.clear()
        elif kind == "comment":
            statement.notes.append(token.removeprefix("--").strip())
        elif token == ";" and not _inside_trigger(statement.tokens):
            if statement.tokens:
                yield statement
            statement = Statement(place)
        else:
            statement.tokens.append(token if kind in ("string", "dollar") else token.lower())
    if statement.tokens:
        yield statement


def _tokens(place: str, text: str) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:  # pragma: no cover - `other` takes any character
            raise AssertionError(f"{place}: cannot read {text[at : at + 20]!r}")
        yield str(found.lastgroup), found.group()
        at = found.end()


def _inside_trigger(tokens: list[str]) -> bool:
    is_trigger = tokens[:1] == ["create"] and "trigger" in tokens[:4] and "begin" in tokens
    return is_trigger and tokens[-1] != "end"


@dataclass
class Table:
    """A table of the schema. `keys` are (kind, columns, target table of a foreign key)."""

    name: str
    place: str
    mark: str
    columns: dict[str, str]
    keys: list[tuple[str, list[str], str]]


def table(statement: Statement) -> Table | None:
    """The table a statement creates, or None."""
    head = re.match(
        r"create (?:temp |temporary )?table (?:if not exists )?(\w+) \(", statement.text
    )
    if not head:
        return None
    mark = statement.notes[-1] if statement.notes else ""
    made = Table(head.group(1), statement.place, mark, {}, [])
    for part in _parts(statement.tokens[statement.tokens.index("(") :]):
        _add_part(made, part)
    return made


def _add_part(made: Table, part: list[str]) -> None:
    if part[0] == "constraint":
        part = part[2:]
    text = " ".join(part)
    if part[0] in ("primary", "unique", "foreign"):
        columns = _columns(text)
        target = re.search(r"references (\w+)", text)
        made.keys.append((part[0], columns, target.group(1) if target else ""))
    elif part[0] not in ("check", "exclude"):
        made.columns[part[0]] = text
        for kind in ("primary key", "unique", "references"):
            if f" {kind}" in text:
                target = re.search(r"references (\w+)", text) if kind == "references" else None
                name = "foreign" if kind == "references" else kind.split()[0]
                made.keys.append((name, [part[0]], target.group(1) if target else ""))


def _parts(tokens: list[str]) -> Iterator[list[str]]:
    """What stands between the commas of the first pair of parentheses."""
    depth = 0
    part: list[str] = []
    for token in tokens:
        depth += (token == "(") - (token == ")")
        if depth == 0 or (token == "," and depth == 1):
            yield part
            part = []
            if depth == 0:
                return
        elif not (token == "(" and depth == 1 and not part):
            part.append(token)


def _columns(text: str) -> list[str]:
    inner = re.search(r"\(([^)]*)\)", text)
    return [column.split()[0] for column in inner.group(1).split(",")] if inner else []


def index(statement: Statement) -> tuple[str, str, bool, list[str]] | None:
    """(name, table, unique, columns) of the index a statement creates, or None."""
    found = re.match(
        r"create (unique )?index (?:concurrently )?(?:if not exists )?(\w+) on (\w+) "
        r"(?:using \w+ )?(\([^)]*\))",
        statement.text,
    )
    if not found:
        return None
    unique, name, on, columns = found.groups()
    return name, on, bool(unique), _columns(columns)


_WORDS_AFTER_TABLE = {
    "as", "cross", "do", "for", "full", "group", "inner", "join", "left", "limit", "natural", "on",
    "order", "returning", "right", "set", "union", "using", "values", "where", "window", "select",
    "indexed", "not", "except", "intersect", "having", "default", "overriding",
}  # fmt: skip
_REFERENCE = re.compile(
    r"\b(from|join|update|into|copy) (?:only )?(\w+)(?: as)?(?: ([a-z_]\w*))?"
    r"((?: , \w+(?: as)?(?: [a-z_]\w*)?)*)"
)


def references(statement: Statement) -> list[tuple[str, str, str]]:
    """(verb, table, alias) for each place a statement names a table; alias may be empty."""
    found = []
    for verb, name, alias, more in _REFERENCE.findall(statement.text):
        found.append((verb, name, "" if alias in _WORDS_AFTER_TABLE else alias))
        others = (part.split() for part in more.split(" , ") if part)
        found += [(verb, other[0], other[-1] if len(other) > 1 else "") for other in others]
    return found


def parameters(statement: Statement) -> set[str]:
    """The names of the values a statement binds."""
    return {token[1:] for token in statement.tokens if re.match(r":[a-z_]", token)}
