"""XML files of rows, read as a stream: a row at a time, each as nested names and texts.

A file is read twice. `check` goes through all of it and keeps nothing, so that a file that is
broken at its end has no effect at all; `read` then hands the rows out. A document type is refused
where it begins, before any entity could be declared: nothing is expanded, fetched or opened.

Shapes:  `<labels><label>…</label></labels>` and `<items>` are lists; an element that has elements
         is a dict by name; any other is text without white space at its ends. Attributes and
         namespaces are not part of these formats.
Errors:  Refused `invalid_xml` - not well-formed, another root, text between rows, a name twice.
         Refused `forbidden_xml` - a document type. TooLarge - above a bound of `limits`.
Source:  XML 1.0; Open Loyalty 4.3, "XML file structure".
Cost:    half a microsecond an element, twice; memory is the file, one row and a chunk.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

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


def check(content: bytes, root: str, row: str) -> int:
    """How many rows a file of `<root><row>…</row>…</root>` has, if it is a good one."""
    return sum(len(rows) for rows in read(content, root, row))


def read(content: bytes, root: str, row: str) -> Iterator[list[Row]]:
    """The rows, a few at a time."""
    try:
        _require_root(content, root)
        yield from _rows(content, root, _Reader(row))
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


def _rows(content: bytes, root: str, reader: _Reader) -> Iterator[list[Row]]:
    parser = etree.XMLPullParser(events=("start",), tag=root, **_SAFE)
    top = None
    for chunk in _chunks(content):
        parser.feed(chunk)
        for _, element in parser.read_events():
            top = element if top is None else top
        if top is not None:
            yield reader.ended(top)
    yield reader.rest(parser.close())


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


class _Reader:
    """Takes rows out of the tree that a parser builds, as soon as they have ended."""

    def __init__(self, row: str) -> None:
        self._row = row
        self._count = self._nodes = 0

    def ended(self, top: Any) -> list[Row]:
        """The rows before the last one begun, which may go on."""
        begun = list(top)
        if not begun:
            return []  # the text so far may go on
        if len(begun) == 1:
            _require_few(sum(1 for _ in begun[0].iter()), self._count + 1)
        return self._taken(top, begun[:-1])

    def rest(self, top: Any) -> list[Row]:
        """The rows that are left at the end."""
        return self._taken(top, list(top))

    def _taken(self, top: Any, elements: Sequence[Any]) -> list[Row]:
        rows = [self._read(element) for element in elements]
        _require_blank(top.text, *[element.tail for element in elements])
        top.text = None  # it is looked at once, however long it is
        del top[: len(elements)]
        return rows

    def _read(self, element: Any) -> Row:
        if element.tag != self._row:
            raise _invalid(f"it has a {element.tag} where a {self._row} should be")
        self._count += 1
        self._nodes = 1
        if self._count > limits.import_rows_max:
            raise TooLarge(f"The file has more than {limits.import_rows_max} rows.")
        _require_blank(element.text, *[part.tail for part in element])
        return self._named(element, _ROW_DEPTH)

    def _named(self, element: Any, depth: int) -> Row:
        self._go_down(element, depth)
        named: Row = {}
        for part in element:
            name = part.tag
            if name in named:
                raise _invalid(f"{name} is given twice in {element.tag}")
            named[name] = self._value(name, part, depth + 1)
        return named

    def _value(self, name: str, element: Any, depth: int) -> Any:
        """What an element holds; text is only looked at where there are no elements."""
        text = element.text or ""
        self._require_short(text)
        if name in _LISTS:
            self._go_down(element, depth)
            return [self._value(part.tag, part, depth + 1) for part in element]
        if len(element):
            return self._named(element, depth)
        return text.strip()

    def _require_short(self, text: str) -> None:
        if len(text) > limits.string_chars_max:
            raise TooLarge(f"A field of row {self._count} of the file is too long.")

    def _go_down(self, element: Any, depth: int) -> None:
        self._nodes += len(element)
        _require_few(self._nodes, self._count)
        if len(element) and depth >= limits.import_depth_max:
            raise TooLarge(f"Row {self._count} of the file is too deep.")
        if depth > _ROW_DEPTH:
            for part in element:
                self._require_short(part.tail or "")


def _require_few(nodes: int, row: int) -> None:
    if nodes > limits.import_row_nodes_max:
        raise TooLarge(f"Row {row} of the file is too large.")


def _require_blank(*texts: str | None) -> None:
    if any(text and not text.isspace() for text in texts):
        raise _invalid("there is text outside of its fields")


def _invalid(reason: str) -> Refused:
    return Refused(f"The file cannot be read: {reason}.", code="invalid_xml")
