"""Levels: defining and listing them, and who has which.

Source: Open Loyalty 4.3, "Levels", "Customer levels", "Utilities"; the sellers' paths are 3.2's.
"""

from __future__ import annotations

from typing import Any

import msgspec

from guerdon import limits
from guerdon.dialects.openloyalty import customers, refusals, rosters
from guerdon.dialects.openloyalty import levels_forms as forms
from guerdon.dialects.openloyalty.desk import Answer, Endpoint, Visit
from guerdon.dialects.openloyalty.forms import MISSING_CHOICE
from guerdon.engine.commands.definitions import Define, Undefine
from guerdon.engine.commands.levels import MoveToLevel, RemoveManualLevel
from guerdon.errors import NotFound, Refused
from guerdon.store import definitions, levels, pictures
from guerdon.store.definitions import Definition
from guerdon.web import answers

_KIND = "Level"
_COUNT = "customersCount"
_SORTS = ("levelId", "name", "description", "conditionValue", "active", _COUNT)
_ONE = "/level/{level}"


def endpoints() -> list[Endpoint]:
    """Everything about levels besides their photos."""
    see, change, move = "LEVEL:VIEW", "LEVEL:MODIFY", "CUSTOMER:MODIFY"
    of_member = "/customer/{customer}"
    return [
        Endpoint("GET", "/level", list_all, "admin", see),
        Endpoint("POST", "/level/create", create, "admin", change),
        Endpoint("GET", _ONE, show, "admin", see),
        Endpoint("PUT", _ONE, edit, "admin", change),
        Endpoint("DELETE", _ONE, remove, "admin", change),
        Endpoint("POST", f"{_ONE}/activate", activate, "admin", change),
        Endpoint("GET", f"{_ONE}/customers", list_members, "admin", see),
        Endpoint("GET", f"/admin{_ONE}/customers", list_members, "admin", see),
        Endpoint("GET", f"/csv{_ONE}", export, "admin", "LEVEL_EXPORT:VIEW"),
        Endpoint("GET", "/customer/level", list_for_members, "customer"),
        Endpoint("GET", "/seller/level", list_all, "seller"),
        Endpoint("GET", f"/seller{_ONE}", show, "seller"),
        Endpoint("POST", f"{of_member}/level", move_member, "admin", move),
        Endpoint("POST", f"{of_member}/remove-manually-level", free_member, "admin", move),
    ]


async def list_all(visit: Visit) -> Answer:
    """`GET /level` and `GET /seller/level`, sorted by how many have them, too."""
    page = visit.page(_SORTS)
    photos = await _photos(visit)
    found = [
        forms.shown(visit, each, has_photo=each.definition_id in photos)
        for each in await _known(visit)
    ]
    counts: dict[str, int] = {}
    if page.sort == _COUNT:
        counts = await visit.read(lambda rows: levels.totals(rows, visit.tenant_id))

    def key(item: dict[str, Any], sort: str) -> Any:
        return counts.get(item["levelId"], 0) if sort == _COUNT else item.get(sort)

    return visit.listed("levels", page.cut(found, key), len(found))


async def list_for_members(visit: Visit) -> Answer:
    """`GET /customer/level`: the active ones."""
    page = visit.page(("name", "description", "conditionValue"))
    photos = await _photos(visit)
    found = [
        forms.brief(visit, each, has_photo=each.definition_id in photos)
        for each in await _known(visit)
        if each.active
    ]
    return visit.listed("levels", page.cut(found, dict.get), len(found))


async def show(visit: Visit) -> Answer:
    """`GET /level/{level}` and `GET /seller/level/{level}`."""
    level = await _asked(visit)
    has_photo = level.definition_id in await _photos(visit)
    return visit.ok(forms.shown(visit, level, has_photo=has_photo))


async def create(visit: Visit) -> Answer:
    """`POST /level/create`."""
    return await _define(visit, None)


async def edit(visit: Visit) -> Answer:
    """`PUT /level/{level}`: what is not required and not sent stays as it is."""
    return await _define(visit, await _asked(visit))


async def activate(visit: Visit) -> Answer:
    """`POST /level/{level}/activate`: puts it in use or out of it."""
    level = await _asked(visit)
    form = await visit.form("")
    active = form.switch("active")
    form.check()
    body = msgspec.json.encode(level.body).decode()
    await visit.execute(
        Define(
            visit.tenant_id,
            visit.key_id,
            _KIND,
            body,
            level.definition_id,
            active,
            actor=visit.actor,
        )
    )
    return visit.nothing()


async def remove(visit: Visit) -> Answer:
    """`DELETE /level/{level}`: whoever has it gets the level they have earned."""
    level = await _asked(visit)
    await visit.execute(
        Undefine(visit.tenant_id, visit.key_id, _KIND, level.definition_id, visit.actor)
    )
    return visit.nothing()


async def list_members(visit: Visit) -> Answer:
    """`GET /level/{level}/customers`."""
    level_id = (await _asked(visit)).definition_id
    page = visit.page()
    tenant_id = visit.tenant_id
    total = await visit.read(lambda rows: levels.total(rows, tenant_id, level_id))
    offset, limit = rosters.window(page, total)
    found = await visit.read(
        lambda rows: rosters.members_of(
            rows, tenant_id, levels.members(rows, tenant_id, level_id, limit=limit, offset=offset)
        )
    )
    shown = [rosters.brief(each) for each in found]
    return visit.listed("customers", shown[::-1] if page.descending else shown, total)


async def export(visit: Visit) -> Answer:
    """`GET /csv/level/{level}`."""
    level_id = (await _asked(visit)).definition_id
    return await rosters.exported(
        visit,
        f"level-{level_id}.csv",
        lambda rows, after, limit: levels.members(
            rows, visit.tenant_id, level_id, after=after, limit=limit
        ),
    )


async def move_member(visit: Visit) -> Answer:
    """`POST /customer/{customer}/level`."""
    form = await visit.form("")
    level_id = form.text("levelId", required=False)
    if not level_id:
        return answers.json_answer(400, {"levelId": "field is required"}, refusals.JSON)
    member = await customers.found(visit)
    command = MoveToLevel(visit.tenant_id, visit.key_id, member.number, level_id, visit.actor)
    try:
        await visit.execute(command)
    except Refused as refused:
        if refused.code not in ("unknown_definition", "inactive_level"):
            raise
        form.fail("levelId", MISSING_CHOICE)
        form.check()
    return visit.ok([])


async def free_member(visit: Visit) -> Answer:
    """`POST /customer/{customer}/remove-manually-level`."""
    member = await customers.found(visit)
    command = RemoveManualLevel(visit.tenant_id, visit.key_id, member.number, visit.actor)
    await visit.execute(command)
    return visit.nothing()


async def _define(visit: Visit, before: Definition | None) -> Answer:
    form = await visit.form("level")
    body = forms.body(visit, form, before.body if before else {})
    active = form.switch("active", required=False)
    if before is None and len(await _known(visit)) >= limits.levels_max:
        form.fail("", f"There can be {limits.levels_max} levels.")
    form.check()
    if active is None:
        active = before is not None and before.active
    defined = await visit.execute(
        Define(
            visit.tenant_id,
            visit.key_id,
            _KIND,
            msgspec.json.encode(body).decode(),
            before.definition_id if before else "",
            active,
            actor=visit.actor,
        )
    )
    return visit.ok({"levelId": defined.definition_id})


async def _known(visit: Visit) -> list[Definition]:
    return await visit.read(lambda rows: definitions.of_kind(rows, visit.tenant_id, _KIND))


async def _photos(visit: Visit) -> set[str]:
    """The ids of levels that have a photo."""
    return set(await visit.read(lambda rows: pictures.of_kind(rows, visit.tenant_id, _KIND)))


async def _asked(visit: Visit) -> Definition:
    level_id = visit.params["level"].lower()
    found = await visit.read(lambda rows: definitions.get(rows, visit.tenant_id, _KIND, level_id))
    if found is None:
        raise NotFound(code="unknown_definition")
    return found
