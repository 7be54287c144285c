"""Finders: from a visit to the number of the member it is about."""

from __future__ import annotations

from collections.abc import Callable

from guerdon.dialects.woowup import ids
from guerdon.dialects.woowup.visit import Visit
from guerdon.engine.commands import Identity
from guerdon.errors import NotFound
from guerdon.store.port import Rows

Finder = Callable[[Rows, int], int | None]
"""Finds a member's number in a tenant; None for nobody."""


def in_path(visit: Visit) -> Finder:
    """Finds the member of the path's `{id}`."""
    text = visit.path_id
    return lambda rows, tenant_id: ids.find_in_path(rows, tenant_id, text)


def in_query(visit: Visit) -> Finder:
    """Finds the member of the query's identity fields. Errors: Refused `missing_identity`."""
    return named(ids.required(visit.query()))


def named(identities: tuple[Identity, ...]) -> Finder:
    """Finds the member of the first identity that is known."""
    return lambda rows, tenant_id: ids.find(rows, tenant_id, identities)


async def found(visit: Visit, finder: Finder) -> int:
    """The member's number. Errors: NotFound `user_not_found`."""
    number = await visit.ask(finder)
    if number is None:
        raise NotFound(code="user_not_found")
    return number
