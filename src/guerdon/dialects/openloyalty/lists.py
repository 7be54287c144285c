"""Lists: which page is asked for, and how it is answered.

`page` below 1 is 1; `perPage` is 10 by default, 0 means the default, more than 100 is 100 and less
than 0 is refused. `direction` is ascending unless it is given and is not `asc`. Page numbers
reach `limits.openloyalty_rows_deep_max` rows deep, since each page costs all those before it.

Errors: Refused `invalid_parameter` with the field.
Source: Open Loyalty 4.3: the parameters of all its lists, and `{"<plural>": [...], "total": n}`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from guerdon import limits
from guerdon.errors import Refused

T = TypeVar("T")
_WHOLE = re.compile(r"-?[0-9]{1,9}")


class Page(msgspec.Struct, frozen=True):
    """One page: `page` from 1 on, `per_page` rows, `sort` a name, ascending or `descending`."""

    page: int
    per_page: int
    sort: str
    descending: bool

    @property
    def offset(self) -> int:
        """How many rows stand before it."""
        return (self.page - 1) * self.per_page

    @property
    def limit(self) -> int:
        """How many rows it has at most; what SQL calls it."""
        return self.per_page

    def cut(self, items: Sequence[T], key: Callable[[Any, str], Any] | None = None) -> list[T]:
        """This page of a list that is all there; `key(item, sort)` orders it, None last.

        Texts are ordered without regard to case. Without a `key`, or without a sort, the order is
        the list's own (or its reverse).
        """
        ordered = list(items)
        if key is not None and self.sort:
            named = [(_folded(key(item, self.sort)), item) for item in ordered]
            known = [pair for pair in named if pair[0] is not None]
            known.sort(key=lambda pair: pair[0], reverse=self.descending)
            ordered = [item for _, item in known]
            ordered += [item for value, item in named if value is None]
        elif self.descending:
            ordered.reverse()
        return ordered[self.offset : self.offset + self.per_page]


def parsed(query: Mapping[str, Any], sorts: Sequence[str], default: str = "") -> Page:
    """The page a query asks for. `sorts` are the names it may sort by, `default` without one."""
    number = max(1, _whole(query, "page", 1))
    per_page = _whole(query, "perPage", 0) or limits.openloyalty_page_items
    if per_page < 0:
        raise _invalid("perPage", "a whole number from 0 on")
    per_page = min(per_page, limits.page_items_max)
    if number * per_page > limits.openloyalty_rows_deep_max:
        raise _invalid("page", f"within the first {limits.openloyalty_rows_deep_max} rows")
    sort = query.get("sort") or default
    if sort != default and sort not in sorts:
        raise _invalid("sort", " or ".join(sorts) or "left out")
    direction = query.get("direction") or "asc"
    return Page(number, per_page, sort, str(direction).lower() != "asc")


def _whole(query: Mapping[str, Any], name: str, default: int) -> int:
    text = query.get(name) or ""
    if not text:
        return default
    if not isinstance(text, str) or not _WHOLE.fullmatch(text):
        raise _invalid(name, "a whole number")
    return int(text)


def _invalid(field: str, expected: str) -> Refused:
    return Refused(f"{field} must be {expected}.", code="invalid_parameter", field=field)


def _folded(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value
