"""What a payload must look like: names in their order, nesting, and the type of each value.

A shape is written as the payload it describes. A value is a literal, `bool`, one of the words
below, or a tuple of shapes any of which will do. A name with a question mark may be left out; a
list has one shape for all of its items, and none when it is empty.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

ID, DATE, TEXT, NUMBER, TOKEN = "<id>", "<date>", "<text>", "<number>", "<token>"
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}[+-]\d{2}:\d{2}")
_TOKEN = re.compile(r"[0-9a-f]{40}")


def differences(shape: Any, found: Any, at: str = "payload") -> Iterator[str]:
    """Where a value is not of a shape."""
    if isinstance(shape, tuple):
        if all(list(differences(each, found, at)) for each in shape):
            yield f"{at}: {found!r} is none of {shape!r}"
    elif isinstance(shape, dict) and isinstance(found, dict):
        yield from _differences_of_names(shape, found, at)
    elif isinstance(shape, list) and isinstance(found, list):
        if found and not shape:
            yield f"{at}: {found!r} is not empty"
        for index, each in enumerate(found if shape else []):
            yield from differences(shape[0], each, f"{at}[{index}]")
    elif not _fits(shape, found):
        yield f"{at}: {found!r} is no {shape!r}"


def optional(shape: Any, at: str = "") -> Iterator[str]:
    """The paths of all names that may be left out."""
    if isinstance(shape, dict):
        for name, inner in shape.items():
            path = f"{at}.{name}".strip(".").replace("?", "")
            if name.endswith("?"):
                yield path
            yield from optional(inner, path)


def has(payload: Any, path: str) -> bool:
    """Whether a payload has the name at the end of a path."""
    for name in path.split("."):
        if not isinstance(payload, dict) or name not in payload:
            return False
        payload = payload[name]
    return True


def _differences_of_names(shape: dict[str, Any], found: dict[str, Any], at: str) -> Iterator[str]:
    expected = [name.rstrip("?") for name in shape if name.rstrip("?") in found or "?" not in name]
    if list(found) != expected:
        yield f"{at}: {list(found)} are not {expected}"
    for name, inner in shape.items():
        key = name.rstrip("?")
        if key in found:
            yield from differences(inner, found[key], f"{at}.{key}")


def _fits(shape: Any, found: Any) -> bool:
    if shape is bool:
        return isinstance(found, bool)
    if shape == NUMBER:
        is_number = isinstance(found, int | float) and not isinstance(found, bool)
        return is_number and not (isinstance(found, float) and found.is_integer())
    if shape == TEXT:
        return isinstance(found, str) and found != ""
    for word, pattern in ((ID, _UUID), (DATE, _DATE), (TOKEN, _TOKEN)):
        if shape == word:
            return isinstance(found, str) and pattern.fullmatch(found) is not None
    return type(found) is type(shape) and found == shape
