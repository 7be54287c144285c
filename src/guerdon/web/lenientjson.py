"""Strict JSON first, then exactly two repairs, which a vendor's own printed samples need.

`trailing_comma`  a comma between a value and the `}` or `]` that closes its container.
`missing_comma`   no comma between a value and a `"key":` on a following line.
Only tokens are moved, never the inside of a string, and the repaired text must pass the strict
decoder; any other broken JSON stays refused.
Cost:   some 20 milliseconds at most, however long the text is.
Source: WoowUp's events page, the samples of `POST /user-events` and of the bulk delete.
"""

from __future__ import annotations

import re
from typing import Any

from guerdon import errors, limits
from guerdon.web import strictjson

TRAILING_COMMA = "trailing_comma"
MISSING_COMMA = "missing_comma"

_TOKEN = re.compile(
    rb"""
    (?P<space>[ \t\r\n]+) |
    (?P<string>"(?:[^"\\\x00-\x1f]|\\[^\x00-\x1f])*+") |
    (?P<mark>[{}\[\],:]) |
    (?P<scalar>[^\s"{}\[\],:]+)
    """,
    re.VERBOSE,
)
_OPEN_MARKS = frozenset((b"{", b"[", b",", b":"))
_CLOSE_MARKS = frozenset((b"}", b"]"))

# A text within the strict decoder's bounds has no more: a value of an object is at most a key, a
# colon, two brackets and a comma, each with white space behind it; the rest is the outermost value.
_TOKENS_MAX = 10 * limits.json_keys_max + 5

Token = tuple[str, bytes]


def decode_repaired(body: bytes) -> tuple[Any, tuple[str, ...]]:
    """The value of a JSON text, and the names of the repairs it took.

    Errors: those of `strictjson.decode`, of the text as it was sent when no repair applies.
    """
    try:
        return strictjson.decode(body), ()
    except errors.Refused as refused:
        if refused.code != "invalid_json":
            raise
        text, repairs = _repaired(_tokens(body))
        if not repairs:
            raise
    return strictjson.decode(text), repairs


def _tokens(body: bytes) -> list[Token]:
    """The text's tokens, or none when it cannot be cut into tokens, or only into too many."""
    tokens: list[Token] = []
    position = 0
    while position < len(body):
        found = _TOKEN.match(body, position)
        if found is None or len(tokens) == _TOKENS_MAX:
            return []
        tokens.append((found.lastgroup or "", found.group()))
        position = found.end()
    return tokens


def _repaired(tokens: list[Token]) -> tuple[bytes, tuple[str, ...]]:
    parts: list[bytes] = []
    repairs: set[str] = set()
    before = b":"  # the last token that is not white space
    has_line_end = False
    for index, (kind, text) in enumerate(tokens):
        if kind == "space":
            has_line_end = has_line_end or b"\n" in text
            parts.append(text)
            continue
        is_after_value = before not in _OPEN_MARKS
        if text == b"," and is_after_value and _next(tokens, index) in _CLOSE_MARKS:
            repairs.add(TRAILING_COMMA)
            continue
        if kind == "string" and is_after_value and has_line_end and _next(tokens, index) == b":":
            repairs.add(MISSING_COMMA)
            parts.append(b",")
        parts.append(text)
        before = text
        has_line_end = False
    return b"".join(parts), tuple(sorted(repairs))


def _next(tokens: list[Token], index: int) -> bytes:
    """The text of the first token after `index` that is not white space."""
    for kind, text in tokens[index + 1 : index + 3]:
        if kind != "space":
            return text
    return b""
