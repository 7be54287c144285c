"""XML files of rows, read as a stream: a row at a time, each as nested names and texts.

A file is read twice. `check` goes through all of it and keeps nothing, so that a file that is
broken at its end has no effect at all; `read` then hands the rows out. What is wrong within one row
is that row's trouble alone, and is only looked for by `read`. A document type is refused where it
begins, before any entity could be declared: nothing is expanded, fetched or opened.

Shapes:  `<labels><label>…</label></labels>` and `<items>` are lists, unless there is only text in
         them; an element that has elements is a dict by name; any other is text without white
         space at its ends. Attributes and namespaces are not part of these formats.
Errors:  Refused `invalid_xml` - not well-formed, another root, text between rows, what is no row.
         Refused `forbidden_xml` - a document type. TooLarge - more rows than `limits` allow, or a
         row that would take too much memory to read.
         `Unreadable` in a row's place - text between fields, a name twice, above a bound.
Source:  XML 1.0; Open Loyalty 4.3, "XML file structure".
Cost:    a quarter of a microsecond an element to check, a whole one to read; memory is the file,
         one row and a chunk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, TypeVar

import msgspec
from lxml import etree

from guerdon import limits
from guerdon.errors import Refused, TooLarge

_CHUNK_BYTES = 65_536
_LISTS = frozenset({"items", "labels"})
_ROW_DEPTH = 2
_SAFE = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "huge_tree": False,
    "remove_comments": True,
    "remove_pis": True,
}

Row = dict[str, Any]
T = TypeVar("T")


class Unreadable(msgspec.Struct, frozen=True):
    """What stands in the place of a row that cannot be read; `reason` quotes nothing of it."""

    reason: str


def check(content: bytes, root: str, row: str) -> int:
    """How many rows a file of `<root><row>…</row>…</root>` has, if it is a good one."""
    return sum(len(found) for found in _each(content, root, row, lambda _element: None))


def read(content: bytes, root: str, row: str) -> Iterator[list[Row | Unreadable]]:
    """The rows, a few at a time."""
    return _each(content, root, row, _readable)


def _each(content: bytes, root: str, row: str, take: Callable[[Any], T]) -> Iterator[list[T]]:
    """What is taken out of each row's element, a few at a time."""
    try:
        _require_root(content, root)
        yield from _taken(content, root, _Rows(row, take))
    except etree.XMLSyntaxError as broken:
        raise Refused(f"The file is not XML: {broken.msg}.", code="invalid_xml") from broken


def _require_root(content: bytes, root: str) -> None:
    """Read as far as the beginning of the root, and refuse a document type on the way."""
    prolog = _Prolog()
    parser = etree.XMLParser(target=prolog, **_SAFE)
    for chunk in _chunks(content):
        parser.feed(chunk)
        if prolog.root:
            break
    else:
        parser.close()
    if prolog.root != root:
        raise _invalid(f"its root is not {root}")


def _taken(content: bytes, root: str, rows: _Rows[T]) -> Iterator[list[T]]:
    parser = etree.XMLPullParser(events=("start",), tag=root, **_SAFE)
    top = None
    for chunk in _chunks(content):
        parser.feed(chunk)
        for _, element in parser.read_events():
            top = element if top is None else top
        if top is not None:
            yield rows.ended(top)
    yield rows.rest(parser.close())


def _chunks(content: bytes) -> Iterator[bytes]:
    return (content[at : at + _CHUNK_BYTES] for at in range(0, len(content), _CHUNK_BYTES))


class _Prolog:
    """Listens to a parser until the root begins."""

    root = ""

    def doctype(self, _name: str, _public: str | None, _system: str | None) -> None:
        raise Refused("A document type is not allowed in the file.", code="forbidden_xml")

    def start(self, name: str, _attributes: object) -> None:
        self.root = self.root or name

    def close(self) -> None:
        """Nothing is left to be handed over."""


class _Rows(Generic[T]):
    """Takes rows out of the tree that a parser builds, as soon as they have ended."""

    def __init__(self, row: str, take: Callable[[Any], T]) -> None:
        self._row = row
        self._take = take
        self._count = 0

    def ended(self, top: Any) -> list[T]:
        """The rows before the last one begun, which may go on."""
        begun = list(top)
        if not begun:
            return []  # the text so far may go on
        if len(begun) == 1:
            self._require_little(begun[0])
        return self._taken(top, begun[:-1])

    def rest(self, top: Any) -> list[T]:
        """The rows that are left at the end."""
        return self._taken(top, list(top))

    def _taken(self, top: Any, elements: Sequence[Any]) -> list[T]:
        if any(_is_text(text) for text in (top.text, *[each.tail for each in elements])):
            raise _invalid("there is text between its rows")
        if any(element.tag != self._row for element in elements):
            raise _invalid(f"it has something else where a {self._row} should be")
        self._count += len(elements)
        if self._count > limits.import_rows_max:
            raise TooLarge(f"The file has more than {limits.import_rows_max} rows.")
        taken = [self._take(element) for element in elements]
        top.text = None  # it is looked at once, however long it is
        del top[: len(elements)]
        return taken

    def _require_little(self, element: Any) -> None:
        """Refuse a row that goes on and on, before it fills the memory."""
        if sum(1 for _ in element.iter()) > limits.import_row_nodes_max:
            raise TooLarge(f"Row {self._count + 1} of the file is too large.")


class _Odd(ValueError):
    """Why a row cannot be read."""


def _readable(element: Any) -> Row | Unreadable:
    try:
        return _Reader().row(element)
    except _Odd as odd:
        return Unreadable(str(odd))


class _Reader:
    """Reads one row."""

    def __init__(self) -> None:
        self._nodes = 1

    def row(self, element: Any) -> Row:
        """Its fields by name."""
        if any(_is_text(text) for text in (element.text, *[part.tail for part in element])):
            raise _Odd("there is text between its fields")
        return self._named(element, _ROW_DEPTH)

    def _named(self, element: Any, depth: int) -> Row:
        self._go_down(element, depth)
        named: Row = {}
        for part in element:
            name = part.tag
            if name in named:
                raise _Odd("a name is given twice")
            named[name] = self._value(name, part, depth + 1)
        return named

    def _value(self, name: str, element: Any, depth: int) -> Any:
        """What an element holds; text is only looked at where there are no elements."""
        text = element.text or ""
        _require_short(text)
        if name in _LISTS and (len(element) or not _is_text(text)):
            self._go_down(element, depth)
            return [self._value(part.tag, part, depth + 1) for part in element]
        if len(element):
            return self._named(element, depth)
        return text.strip()

    def _go_down(self, element: Any, depth: int) -> None:
        self._nodes += len(element)
        if self._nodes > limits.import_row_nodes_max:
            raise _Odd("it has too many fields")
        if len(element) and depth >= limits.import_depth_max:
            raise _Odd("it is too deep")
        if depth > _ROW_DEPTH:
            for part in element:
                _require_short(part.tail or "")


def _require_short(text: str) -> None:
    if len(text) > limits.string_chars_max:
        raise _Odd("a field is too long")


def _is_text(text: str | None) -> bool:
    return text is not None and text.strip() != ""


def _invalid(reason: str) -> Refused:
    return Refused(f"The file cannot be read: {reason}.", code="invalid_xml")
