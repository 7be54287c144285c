"""JSON as one sender and one receiver cannot read it differently.

Refused: what RFC 8259 does not allow (NaN, Infinity, a byte order mark, UTF-16, broken UTF-8, lone
surrogates) and what it allows but parsers disagree about or databases choke on: a key twice in
one object, numbers beyond what JavaScript holds exactly, NUL, and more depth, keys, items or text
than `limits` grant.

Errors:  Refused `invalid_json`, `duplicate_key`, `too_deep`, `invalid_number`, `invalid_string`,
         `too_large`.
Cost:    about 1 microsecond for one event, 100 for a batch of a hundred.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from guerdon import errors, limits

_BROKEN = (msgspec.MsgspecError, RecursionError, UnicodeDecodeError, ValueError)
_SPACED_COLONS = ((b"\t", b"\t:"), (b"\n", b"\n:"), (b"\r", b"\r:"), (b" ", b" :"))

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


def decode(body: bytes, *, keys_max: int = limits.json_keys_max) -> Any:
    """The value of a JSON text. `keys_max` bounds keys and array items together."""
    try:
        value = _decode(body)
    except RecursionError as deep:
        raise _too_deep() from deep
    except _BROKEN as broken:
        raise errors.Refused("The body is not valid JSON.", code="invalid_json") from broken
    # Most bodies cannot hold a string worth a look, so most strings are never looked at: NUL has
    # one spelling only (a raw NUL byte is not JSON), and a long text shows from outside.
    is_escaped = b"\\" in body
    is_suspect = (is_escaped and b"\\u0000" in body) or (
        len(body) > limits.string_chars_max
        and _may_hold_long_text(body, is_quote_escaped=is_escaped and b'\\"' in body)
    )
    keys_count = _measure(value, is_suspect=is_suspect, keys_max=keys_max)
    # Every key in the text has a colon of its own, so colons >= keys in the text >= keys parsed,
    # and when the ends are equal no key was dropped as a duplicate. Colons inside strings spoil
    # that; then `":` is counted, which every key has when no white space stands before a colon.
    # Strings can only add to either count, so equality never hides a duplicate.
    if keys_count and body.count(b":") != keys_count and not _has_bare_keys(body, keys_count):
        _refuse_duplicates(body)
    return value


def canonical(value: object) -> str:
    """The value as compact JSON text in the sender's key order; equal values give equal text."""
    return _encode(value).decode()


def _measure(value: object, *, is_suspect: bool, keys_max: int) -> int:  # noqa: C901 - hot: a call per value costs more
    """Refuse what is too deep, too much or not exact; the number of keys.

    Level by level instead of recursively: no call per value, and the depth is the loop's count.
    """
    keys_count = items_count = 0
    integer_max = limits.integer_abs_max
    level: list[Any] = [[value]]
    for _ in range(limits.json_depth_max + 1):
        deeper: list[Any] = []
        for container in level:
            if type(container) is dict:
                keys_count += len(container)
                if is_suspect:
                    _check_strings(container)
                values = container.values()
            else:
                items_count += len(container)
                values = container
            if keys_count + items_count - 1 > keys_max:
                raise errors.Refused("The body holds too many values.", code="too_large")
            for item in values:
                kind = type(item)
                if kind is str:
                    if is_suspect:
                        _check_string(item)
                elif kind is dict or kind is list:
                    deeper.append(item)
                elif (kind is int or kind is float) and not -integer_max <= item <= integer_max:
                    raise errors.Refused("A number is too large.", code="invalid_number")
        if not deeper:
            return keys_count
        level = deeper
    raise _too_deep()


def _may_hold_long_text(body: bytes, *, is_quote_escaped: bool) -> bool:
    """Whether some string may be above its bound.

    Such a string is longer than two windows, so it covers a whole window, wherever the windows
    begin; and in there is no quotation mark, unless one is escaped.
    """
    window = limits.string_chars_max // 2
    starts = range(0, len(body) - window + 1, window)
    return is_quote_escaped or any(body.find(b'"', at, at + window) < 0 for at in starts)


def _check_strings(keys: dict[str, Any]) -> None:
    joined = "".join(keys)
    if len(joined) > limits.string_chars_max or "\0" in joined:
        for key in keys:
            _check_string(key)


def _check_string(text: str) -> None:
    if len(text) > limits.string_chars_max:
        raise errors.Refused("A text is too long.", code="too_large")
    if "\0" in text:
        raise errors.Refused("A text holds NUL.", code="invalid_string")


def _has_bare_keys(body: bytes, keys_count: int) -> bool:
    if body.count(b'":') != keys_count:
        return False
    # One byte is found many times faster than two, and tabs or line breaks are often absent.
    return not any(space in body and spaced in body for space, spaced in _SPACED_COLONS)


def _refuse_duplicates(body: bytes) -> None:
    """The slow and certain way: read it again and look at each object's pairs."""
    json.loads(body, object_pairs_hook=_unique, parse_float=str, parse_int=str)


def _unique(pairs: list[tuple[str, object]]) -> None:
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            field = key[: limits.identity_chars_max]
            raise errors.Refused("A key is given twice.", code="duplicate_key", field=field)
        seen.add(key)


def _too_deep() -> errors.Refused:
    return errors.Refused("The body is nested too deeply.", code="too_deep")
