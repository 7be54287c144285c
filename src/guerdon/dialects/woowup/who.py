"""Finders: from a visit to the number of the member it is about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from guerdon.dialects.woowup import ids
from guerdon.dialects.woowup.visit import Visit
from guerdon.engine.commands import Command, Identity
from guerdon.errors import NotFound
from guerdon.store.port import Rows

Finder = Callable[[Rows, int], int | None]
"""Finds a member's number in a tenant; None for nobody."""

_NOBODY = 0  # members are numbered from 1


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


async def change(visit: Visit, finder: Finder, order: Callable[[int], Command]) -> Any:
    """Carry out what `order` says about the member's number. Errors: NotFound `user_not_found`.

    Whom a request named may have another name by the time it is sent again, or be gone. So one
    with an `Idempotency-Key` is asked about nobody, too: the engine looks at the key first.
    """
    number = await visit.ask(finder)
    if number is None and not visit.has_key:
        raise NotFound(code="user_not_found")
    try:
        return await visit.execute(order(number or _NOBODY))
    except NotFound as error:
        if error.code == "unknown_member":
            raise NotFound(code="user_not_found") from error
        raise
