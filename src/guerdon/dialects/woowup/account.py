"""What integrations keep about themselves, and the custom attributes members have been given.

Source: the vendor's PHP clients (`stats`, `account`): paths, parameters and, for an attribute, its
        names. What the answers look like is documented nowhere.
"""

from __future__ import annotations

import msgspec

from guerdon.dialects.woowup import params
from guerdon.dialects.woowup.visit import Visit
from guerdon.domain import moments
from guerdon.engine.commands import RecordIntegrationStat
from guerdon.web import strictjson
from guerdon.web.answers import Answer

# The kind of value first seen, as a data type and a form field.
_ATTRIBUTE_TYPES = {"number": ("float", "text"), "boolean": ("integer", "checkbox")}
_TEXT_TYPE = ("string", "text")


async def add_stat(visit: Visit) -> Answer:
    """Keep a report: any JSON."""
    report = visit.value(await visit.body())
    stat_id = await visit.engine.execute(
        RecordIntegrationStat(visit.tenant_id, visit.key.key_id, body=strictjson.canonical(report))
    )
    return visit.ok({"id": stat_id})


async def show_stats(visit: Visit) -> Answer:
    """A page of reports, newest first."""
    query = visit.query()
    page = params.page(query)
    first, last = params.span(query)
    found = await visit.ask(
        lambda rows, tenant_id: rows.all(
            "integration_stats",
            tenant_id=tenant_id,
            from_time=first,
            to_time=last,
            limit=page.limit,
            offset=page.offset,
        )
    )
    return visit.ok(
        [
            {"id": stat_id, "createtime": moments.render(at), "stats": msgspec.Raw(body.encode())}
            for stat_id, at, body in found
        ]
    )


async def show_custom_attributes(visit: Visit) -> Answer:
    """The attributes that members have been given, by name."""
    found = await visit.ask(
        lambda rows, tenant_id: rows.all("custom_attributes", tenant_id=tenant_id)
    )
    shown = []
    for name, kind, _ in found:
        data_type, field_type = _ATTRIBUTE_TYPES.get(kind, _TEXT_TYPE)
        shown.append(
            {"name": name, "label": name, "data_type": data_type, "field_type": field_type}
        )
    return visit.ok(shown)
