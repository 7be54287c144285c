"""Query strings and form bodies, strictly: bounded, UTF-8, and no parameter twice.

Shapes:  `query` gives flat text; `nested` understands brackets, as PHP clients write them:
         `customer[address][city]=x` -> {"customer": {"address": {"city": "x"}}},
         `tags[]=a&tags[]=b` -> {"tags": ["a", "b"]}, `parts[0][sku]=x` -> {"parts": [{...}]}
         (numbers from 0 without gaps make a list; anything else makes a dict).
Errors:  Refused `duplicate_parameter` - two values for one name; a proxy might read the other.
         Refused `invalid_parameter` - bad escapes, bytes that are not UTF-8, NUL, bad brackets.
         TooLarge - more parameters or brackets, or longer text, than allowed.
Source:  WHATWG URL standard, "application/x-www-form-urlencoded parsing".
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote_to_bytes

from guerdon import errors, limits
from guerdon.web.asgi import Scope

_ESCAPED = re.compile(rb"(?:[^%]|%[0-9A-Fa-f]{2})*", re.DOTALL)
_NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_BRACKET = re.compile(r"\[([^\[\]]*)\]")
_INDEX = re.compile(r"0|[1-9][0-9]{0,5}")

Nested = dict[str, Any]


def query(scope: Scope) -> dict[str, str]:
    """The query's parameters as flat text; brackets are part of the name."""
    raw: bytes = scope["query_string"]
    return flat(raw) if raw else {}


def query_nested(scope: Scope) -> Nested:
    """The query's parameters with brackets understood."""
    raw: bytes = scope["query_string"]
    return nested(raw) if raw else {}


def flat(raw: bytes) -> dict[str, str]:
    """Parameters by name, each at most once."""
    found: dict[str, str] = {}
    for name, value in pairs(raw):
        if name in found:
            raise _duplicate(name)
        found[name] = value
    return found


def nested(raw: bytes) -> Nested:
    """Parameters as nested dicts and lists, by the brackets in their names."""
    return nested_pairs(pairs(raw))


def nested_pairs(named: list[tuple[str, str]]) -> Nested:
    """The same for pairs that were read already, such as the parts of a multipart body."""
    root = _Branch()
    for name, value in map(_unspaced, named):
        path = _path(name)
        branch = root
        for key in path[:-1]:
            branch = branch.grown(key, name)
        branch.put(path[-1], value, name)
    return {key: _plain(value) for key, value in root.items.items()}


def pairs(raw: bytes) -> list[tuple[str, str]]:
    """Decoded (name, value) pairs in order; empty pieces (`a=1&&b=2`) are skipped."""
    pieces = [piece for piece in raw.split(b"&", limits.form_fields_max + 1) if piece]
    if len(pieces) > limits.form_fields_max:
        raise errors.TooLarge(f"More than {limits.form_fields_max} parameters.")
    found = []
    for piece in pieces:
        name, _, value = piece.partition(b"=")
        found.append((_text(name), _text(value)))
    return found


def rows_apart(named: list[tuple[str, str]], root: str) -> list[tuple[str, str]]:
    """The pairs, with the rows of one list numbered anew.

    A field that its row has already begins the next row: a documented example of Open Loyalty's
    gives all its rows the number 0.
    """
    row_of = re.compile(re.escape(root) + r"\[([0-9]{1,6})\](.+)")
    rows: dict[str, int] = {}
    filled: set[tuple[int, str]] = set()
    count, found = 0, []
    for name, value in named:
        matched = row_of.fullmatch(name)
        if not matched:
            found.append((name, value))
            continue
        number, field = matched.groups()
        if number not in rows or (rows[number], field) in filled:
            rows[number] = count
            count += 1
        filled.add((rows[number], field))
        found.append((f"{root}[{rows[number]}]{field}", value))
    return found


class _Branch:
    """A dict that is being filled; it becomes a list when its keys count up from 0."""

    __slots__ = ("items", "pushed")

    def __init__(self) -> None:
        self.items: dict[str, Any] = {}
        self.pushed = 0

    def grown(self, key: str, name: str) -> _Branch:
        """The branch at `key`, new or already there.

        An element of a list that was given as text first gives way to its parts: a documented
        example of Open Loyalty's has `labels[0]=labels&labels[0][key]=test`.
        """
        key = self._key(key)
        child = self.items.setdefault(key, _Branch())
        if isinstance(child, str) and _INDEX.fullmatch(key):
            child = self.items[key] = _Branch()
        if not isinstance(child, _Branch):
            raise _duplicate(name)
        return child

    def put(self, key: str, value: str, name: str) -> None:
        """Set a leaf."""
        key = self._key(key)
        if key in self.items:
            raise _duplicate(name)
        self.items[key] = value

    def _key(self, key: str) -> str:
        if key:
            return key
        self.pushed += 1
        return str(self.pushed - 1)


def _unspaced(named: tuple[str, str]) -> tuple[str, str]:
    """A pair without spaces around its sign: a documented example has `store[name] = x`."""
    name, value = named
    return (name[:-1], value.removeprefix(" ")) if name.endswith("] ") else named


def _plain(value: object) -> object:
    if not isinstance(value, _Branch):
        return value
    keys = list(value.items)
    is_list = all(_INDEX.fullmatch(key) for key in keys) and sorted(map(int, keys)) == list(
        range(len(keys))
    )
    if is_list:
        return [_plain(value.items[str(index)]) for index in range(len(keys))]
    return {key: _plain(item) for key, item in value.items.items()}


def _path(name: str) -> list[str]:
    matched = _NAME.fullmatch(name)
    if matched is None:
        raise errors.Refused("Unbalanced brackets in a name.", code="invalid_parameter", field=name)
    path = [matched.group(1), *_BRACKET.findall(matched.group(2))]
    if len(path) > limits.form_depth_max:
        raise errors.TooLarge(f"More than {limits.form_depth_max} brackets.", field=path[0])
    return path


def _text(raw: bytes) -> str:
    if b"%" in raw:
        if not _ESCAPED.fullmatch(raw):
            raise errors.Refused("Bad percent escape.", code="invalid_parameter")
        raw = unquote_to_bytes(raw.replace(b"+", b" "))
    elif b"+" in raw:
        raw = raw.replace(b"+", b" ")
    try:
        text = raw.decode()
    except UnicodeDecodeError as bad:
        raise errors.Refused("A parameter is not UTF-8.", code="invalid_parameter") from bad
    if "\0" in text:
        raise errors.Refused("A parameter holds NUL.", code="invalid_parameter")
    if len(text) > limits.string_chars_max:
        raise errors.TooLarge(f"A parameter is longer than {limits.string_chars_max} characters.")
    return text


def _duplicate(name: str) -> errors.Refused:
    return errors.Refused(
        "A parameter is given twice.",
        code="duplicate_parameter",
        field=name[: limits.identity_chars_max],
    )
