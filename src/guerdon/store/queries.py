"""Named SQL: read from `.sql` files once, at start.

A file is a list of statements, each under a line `-- name: some_name`. Parameters are written
`:parameter`. The portable folder is read first; an engine's own folder may then replace a statement
by defining the same name again.
"""

from __future__ import annotations

import re
from importlib import resources
from importlib.resources.abc import Traversable

from guerdon.errors import Misconfigured

_NAME = re.compile(r"^-- name: ([a-z][a-z0-9_]*)\s*$")
_PARAMETER = re.compile(r"(?<![:\w]):([a-z][a-z0-9_]*)")
_TABLE = re.compile(r"\b(?:FROM|JOIN|INTO|UPDATE)\s+([a-z][a-z0-9_]*)")

_VALUES = re.compile(
    r"(?P<into>INSERT INTO .*?\bVALUES\s*)(?P<values>\([^()]*\))(?P<rest>.*)", re.DOTALL
)
_UPSERT = re.compile(r"\s*ON CONFLICT \((?P<keys>[^()]*)\) DO UPDATE\s+SET (?P<sums>.*)", re.DOTALL)
_BRACKETS = re.compile(r"\(([^()]*)\)")
_COMMA = re.compile(r",\s*")
_SUM = re.compile(r"(\w+) = (\w+)\.\1 \+ excluded\.\1")
_SET = re.compile(r"^UPDATE .*?\bSET\b(.*?)\bWHERE\b", re.DOTALL)
_SETS = re.compile(r"\b([a-z][a-z0-9_]*)\s*=")
_NAMED = re.compile(r"(?<![:\w])[a-z][a-z0-9_]*\b")


def load(engine: str) -> dict[str, str]:
    """All statements for `engine` (`sqlite` or `postgres`): name -> text.

    Errors: Misconfigured when a name is defined twice in one folder.
    """
    root = resources.files("guerdon.store")
    statements = _folder(root / "sql")
    statements.update(_folder(root / engine / "sql"))
    return statements


def parameters(statement: str) -> list[str]:
    """The parameter names of a statement, in order of first appearance."""
    return list(dict.fromkeys(_PARAMETER.findall(statement)))


def tables(statement: str) -> frozenset[str]:
    """The tables a statement reads or changes; keywords are written large, tables small."""
    return frozenset(_TABLE.findall(statement))


def adds_one(statement: str) -> bool:
    """Whether it adds exactly one row or fails, so that nobody needs to wait for the number."""
    is_plain = "DO NOTHING" not in statement and "SELECT" not in statement
    return statement.startswith("INSERT INTO") and is_plain


def adding(statement: str, rows: int) -> str | None:
    """The statement for so many rows at a time, whose values it is given one after the other.

    None for one that adds no rows by their values, or names values anywhere else.
    """
    found = _VALUES.fullmatch(statement)
    names = parameters(statement)
    if found is None or parameters(found["values"]) != names or parameters(found["rest"]):
        return None
    places = [
        {name: f"?{at}" for at, name in enumerate(names, row * len(names) + 1)}
        for row in range(rows)
    ]
    values = [_PARAMETER.sub(lambda name, of=of: of[name[1]], found["values"]) for of in places]
    return found["into"] + ", ".join(values) + found["rest"]


def totals_after(statement: str) -> int | None:
    """How many values name a row whose others are totals that this statement adds to; else None.

    Such changes of one row come to the same when they are added up before.
    """
    inserted = _VALUES.fullmatch(statement)
    upsert = inserted and _UPSERT.fullmatch(inserted["rest"])
    if not inserted or not upsert:
        return None
    listed = [
        _COMMA.split(each) for each in _BRACKETS.findall(inserted["into"] + inserted["values"])
    ]
    keys = _COMMA.split(upsert["keys"])
    added = [each and each[1] for each in map(_SUM.fullmatch, _COMMA.split(upsert["sums"]))]
    values = [f":{name}" for name in parameters(statement)]
    return len(keys) if listed == [[*keys, *added], values] else None


def columns_set(statement: str) -> frozenset[str]:
    """The columns an UPDATE sets (and perhaps some it compares); none of any other statement."""
    found = _SET.search(statement)
    return frozenset(_SETS.findall(found.group(1))) if found else frozenset()


def names(statement: str) -> frozenset[str]:
    """The tables and columns a statement names; keywords are written large, these small."""
    return frozenset(_NAMED.findall(statement))


def numbered(statement: str) -> str:
    """The statement with each `:name` written as `$1`, `$2` ..., in the order of `parameters`."""
    places = {name: f"${place}" for place, name in enumerate(parameters(statement), 1)}
    return _PARAMETER.sub(lambda found: places[found.group(1)], statement)


def _folder(folder: Traversable) -> dict[str, str]:
    found: dict[str, str] = {}
    if not folder.is_dir():
        return found
    for file in sorted(folder.iterdir(), key=lambda item: item.name):
        if file.name.endswith(".sql"):
            for name, text in parse(file.read_text(encoding="utf-8")).items():
                if name in found:
                    raise Misconfigured(f"query {name} is defined twice")
                found[name] = text
    return found


def parse(text: str) -> dict[str, str]:
    """Split one file into its named statements, without comment lines."""
    statements: dict[str, list[str]] = {}
    name = ""
    for line in text.splitlines():
        header = _NAME.match(line)
        if header:
            name = header.group(1)
            if name in statements:
                raise Misconfigured(f"query {name} is defined twice")
            statements[name] = []
        elif name and not line.startswith("--"):
            statements[name].append(line)
    return {key: "\n".join(lines).strip().rstrip(";") for key, lines in statements.items()}
