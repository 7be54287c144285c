"""Query parameters: empty means absent, pages count from 0, a limit above the maximum is cut.

Errors: Refused `invalid_parameter` with the parameter's name; `duplicate_parameter`.
Source: WoowUp's events page: `limit` 25 by default, at most 100; `page` 0 by default.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from guerdon import limits
from guerdon.clock import EARLIEST, LATEST
from guerdon.domain import moments
from guerdon.errors import Refused

_INTEGER = re.compile(r"[0-9]{1,9}", re.ASCII)
_FOREVER = (EARLIEST, LATEST)


class Page(msgspec.Struct, frozen=True):
    """One page of a list: skip `offset` items, give `limit`."""

    offset: int
    limit: int


def given(query: Mapping[str, str]) -> dict[str, str]:
    """The parameters that say something."""
    return {name: value for name, value in query.items() if value}


def page(
    query: Mapping[str, str],
    *,
    items: int = limits.woowup_page_items,
    items_max: int = limits.page_items_max,
) -> Page:
    """The page asked for; `items` when no limit is given."""
    limit = _integer(query, "limit", items)
    if limit < 1:
        raise _invalid("limit")
    number = _integer(query, "page", 0)
    if number > limits.page_number_max:
        raise _invalid("page")
    limit = min(limit, items_max)
    return Page(number * limit, limit)


def span(query: Mapping[str, str]) -> tuple[int, int]:
    """The times from `from` to `to`, both inclusive, in microseconds; absent ends are open."""
    first, last = _FOREVER
    if query.get("from"):
        first = moments.span(query["from"])[0]
    if query.get("to"):
        last = moments.span(query["to"])[1]
    return first, last


def _integer(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name)
    if not text:
        return default
    if not _INTEGER.fullmatch(text):
        raise _invalid(name)
    return int(text)


def _invalid(name: str) -> Refused:
    return Refused(f"Invalid parameter {name}.", code="invalid_parameter", field=name)
