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
Cost:    one microsecond an element, twice; memory is the file and one row.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lxml import etree

from guerdon import limits
from guerdon.errors import Refused, TooLarge

_CHUNK_BYTES = 65_536
_LISTS = frozenset({"items", "labels"})
_ROW_DEPTH = 2

Row = dict[str, Any]


def check(content: bytes, root: str, row: str) -> int:
    """How many rows a file of `<root><row>…</row>…</root>` has, if it is a good one."""
    return sum(len(rows) for rows in read(content, root, row))


def read(content: bytes, root: str, row: str) -> Iterator[list[Row]]:
    """The rows, a few at a time."""
    reader = _Reader(root, row)
    parser = etree.XMLParser(
        target=reader,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        for start in range(0, len(content), _CHUNK_BYTES):
            parser.feed(content[start : start + _CHUNK_BYTES])
            yield reader.taken()
        parser.close()
    except etree.XMLSyntaxError as broken:
        raise Refused(f"The file is not XML: {broken.msg}.", code="invalid_xml") from broken
    yield reader.taken()


class _Open:
    """An element whose end has not come."""

    __slots__ = ("items", "name", "named", "text")

    def __init__(self, name: str) -> None:
        self.name = name
        self.named: Row = {}
        self.items: list[Any] = []
        self.text: list[str] = []

    def add(self, name: str, value: Any) -> None:
        if self.name in _LISTS:
            self.items.append(value)
        elif name in self.named:
            raise _invalid(f"{name} is given twice in {self.name}")
        else:
            self.named[name] = value

    def value(self) -> Any:
        """What it holds; text is only looked at where there are no elements."""
        if self.name in _LISTS:
            return self.items
        return self.named or "".join(self.text).strip()


class _Reader:
    """Puts rows together from what the parser tells."""

    def __init__(self, root: str, row: str) -> None:
        self._root = root
        self._row = row
        self._open: list[_Open] = []
        self._rows: list[Row] = []
        self._count = self._nodes = self._chars = 0

    def taken(self) -> list[Row]:
        """The rows that have ended since the last time."""
        rows, self._rows = self._rows, []
        return rows

    # --- what the parser calls ----------------------------------------------------------------

    def doctype(self, _name: str, _public: str | None, _system: str | None) -> None:
        raise Refused("A document type is not allowed in the file.", code="forbidden_xml")

    def start(self, name: str, _attributes: object) -> None:
        depth = len(self._open) + 1
        if depth == 1 and name != self._root:
            raise _invalid(f"its root is not {self._root}")
        if depth == _ROW_DEPTH:
            self._begin_row(name)
        self._nodes += 1
        if self._nodes > limits.import_row_nodes_max or depth > limits.import_depth_max:
            raise TooLarge(f"Row {self._count} of the file is too large.")
        self._open.append(_Open(name))
        self._chars = 0

    def data(self, text: str) -> None:
        if len(self._open) <= _ROW_DEPTH:
            if self._open and text.strip():
                raise _invalid("there is text outside of its fields")
            return
        self._chars += len(text)
        if self._chars > limits.string_chars_max:
            raise TooLarge(f"A field of row {self._count} of the file is too long.")
        self._open[-1].text.append(text)

    def end(self, name: str) -> None:
        element = self._open.pop()
        depth = len(self._open) + 1
        if depth > _ROW_DEPTH:
            self._open[-1].add(name, element.value())
        elif depth == _ROW_DEPTH:
            self._rows.append(element.named)

    def close(self) -> None:
        """Nothing is left to be handed over."""

    def _begin_row(self, name: str) -> None:
        if name != self._row:
            raise _invalid(f"it has a {name} where a {self._row} should be")
        self._count += 1
        self._nodes = 0
        if self._count > limits.import_rows_max:
            raise TooLarge(f"The file has more than {limits.import_rows_max} rows.")


def _invalid(reason: str) -> Refused:
    return Refused(f"The file cannot be read: {reason}.", code="invalid_xml")
