"""Named queries as PostgreSQL takes them, and how values travel."""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from typing import Any

import msgspec
import psycopg
from psycopg.adapt import AdaptersMap, Buffer, Dumper
from psycopg.pq import Format
from psycopg.types.numeric import Int8BinaryDumper

from guerdon.store import queries
from guerdon.store.port import Row

_LISTED = re.compile(r"IN \(SELECT value FROM json_each\((:\w+)\)\)")
_ARRAY = "= ANY (ARRAY(SELECT CAST(json_array_elements_text(CAST({} AS json)) AS bigint)))"
_TARGET = re.compile(r"\w+ \([^)]*\)")
_ARRAY_HEADER = struct.Struct("!iiIii")  # dimensions, has nulls, element type, length, lower bound
_LENGTH = struct.Struct("!i")
_BIGINT, _BIGINTS, _TEXT, _TEXTS = 20, 1016, 25, 1009  # pg_type.oid
_NULL = _LENGTH.pack(-1)


class Statement(msgspec.Struct, frozen=True):
    """A query's text with `$1`, `$2` ... and the names these stand for.

    adds_one:      it adds exactly one row or fails, so nobody needs to wait for the number.
    may_take_long: it empties a tenant's table before that is made again.
    """

    text: str
    names: tuple[str, ...]
    adds_one: bool
    may_take_long: bool = False


def statement(text: str, name: str = "") -> Statement:
    """One named query, read; a JSON list of numbers is looked for as an array, by the index."""
    text = _LISTED.sub(lambda found: _ARRAY.format(found.group(1)), text)
    names = tuple(queries.parameters(text))
    adds_one = queries.adds_one(text)
    return Statement(queries.numbered(text), names, adds_one, name.startswith("clear_"))


def load() -> dict[str, Statement]:
    """All named queries."""
    return {name: statement(text, name) for name, text in queries.load("postgres").items()}


def copy_into(insert: Statement) -> str:
    """The COPY that fills the same columns as an INSERT."""
    target = _TARGET.search(insert.text)
    return f"COPY {target.group() if target else ''} FROM STDIN (FORMAT BINARY)"


class Bigints(tuple[int, ...]):
    """A column of integers, sent as one array."""

    __slots__ = ()


class Texts(tuple[str | None, ...]):
    """A column of texts, sent as one array."""

    __slots__ = ()


def columns(rows: Sequence[Row]) -> list[Any]:
    """Rows of integers that end in a text, column by column."""
    *numbers, texts = zip(*rows, strict=True)
    return [*map(Bigints, numbers), Texts(texts)]


class _BigintsDumper(Dumper):
    format = Format.BINARY
    oid = _BIGINTS

    def dump(self, obj: Bigints) -> Buffer:
        count = len(obj)
        flat = [8] * (2 * count)
        flat[1::2] = obj
        head = _ARRAY_HEADER.pack(1, 0, _BIGINT, count, 1)
        return head + struct.pack("!" + "iq" * count, *flat)


class _TextsDumper(Dumper):
    format = Format.BINARY
    oid = _TEXTS

    def dump(self, obj: Texts) -> Buffer:
        parts = [_ARRAY_HEADER.pack(1, 1, _TEXT, len(obj), 1)]
        for text in obj:
            if text is None:
                parts.append(_NULL)
            else:
                encoded = text.encode()
                parts += (_LENGTH.pack(len(encoded)), encoded)
        return b"".join(parts)


def adapters() -> AdaptersMap:
    """The driver's own, but with every integer as eight bytes, so that a query is prepared once."""
    known = AdaptersMap(psycopg.adapters)
    known.register_dumper(int, Int8BinaryDumper)
    known.register_dumper(Bigints, _BigintsDumper)
    known.register_dumper(Texts, _TextsDumper)
    return known
