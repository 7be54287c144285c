"""The catalogue: `GET /events`, `POST /events`, `DELETE /events/{id}`.

An event here is an activity type; its `id` is the type's id. A deleted one leaves the catalogue,
its activities stay, and the name may be created again under a new id.

Source: WoowUp's events page. Its list and its created object are shown bare; what the page leaves
        open is in the decision on what the documents leave open.
"""

from __future__ import annotations

import re
from typing import Any

from guerdon import limits
from guerdon.dialects.woowup import params
from guerdon.dialects.woowup.visit import Visit
from guerdon.domain import moments
from guerdon.engine.commands import AddActivityType, HideActivityType
from guerdon.errors import NotFound, Refused
from guerdon.store import catalogue
from guerdon.web.answers import Answer

# fullmatch, since `$` also matches before a line end; ASCII, since `\w` would take more.
_NAME = re.compile(r"[A-Za-z0-9-]+", re.ASCII)
_ID = re.compile(r"[0-9]{1,18}", re.ASCII)


async def show_all(visit: Visit) -> Answer:
    """A page of the catalogue, by id."""
    page = params.page(visit.query())
    types = await visit.ask(
        lambda rows, tenant_id: catalogue.visible(rows, tenant_id, page.offset, page.limit)
    )
    shown = [shape(one.type_id, one.name, one.created_at) for one in types]
    if visit.key.settings["woowup.list_envelope"]:
        return visit.ok(shown)
    return visit.wire.bare(visit.request, shown)


async def create(visit: Visit) -> Answer:
    """Put an event into the catalogue."""
    name = (await visit.fields()).get("name")
    if not isinstance(name, str) or not is_name(name):
        message = 'Event name: only alphanumeric characters and "-" are accepted.'
        raise Refused(message, code="invalid_name", field="name")
    added = await visit.engine.execute(
        AddActivityType(visit.tenant_id, visit.key.key_id, name=name)
    )
    return visit.wire.both(visit.request, shape(added.type_id, added.name, added.created_at))


async def delete(visit: Visit) -> Answer:
    """Take an event out of the catalogue."""
    if not _ID.fullmatch(visit.path_id):
        raise NotFound(code="unknown_type", field="id")
    await visit.engine.execute(
        HideActivityType(visit.tenant_id, visit.key.key_id, type_id=int(visit.path_id))
    )
    return visit.ok([], message="")


def shape(type_id: int, name: str, created_at: int) -> dict[str, Any]:
    """An event as every answer shows it."""
    return {"id": type_id, "name": name, "createtime": moments.render(created_at)}


def is_name(name: str) -> bool:
    """Whether an event may be called so."""
    return len(name) <= limits.woowup_name_chars_max and _NAME.fullmatch(name) is not None
