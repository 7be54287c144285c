"""Segments: defining and listing them, and who belongs to which.

A list of members with filters, or in an order other than that of registration, looks at the first
`limits.search_members_max` of the segment; when there are more, the answer says how many were
looked at in the header `X-Guerdon-Searched`.

Source: Open Loyalty 4.3, "Segments", "Utilities".
"""

from __future__ import annotations

from typing import Any

import msgspec

from guerdon import limits
from guerdon.dialects.openloyalty import rosters
from guerdon.dialects.openloyalty import segments_forms as forms
from guerdon.dialects.openloyalty.customers_lists import SORTS, Search, Wanted
from guerdon.dialects.openloyalty.customers_shapes import Shower
from guerdon.dialects.openloyalty.desk import Answer, Endpoint, Visit
from guerdon.dialects.openloyalty.lists import Page
from guerdon.engine.commands.definitions import Define, Undefine
from guerdon.errors import NotFound
from guerdon.store import definitions, segments
from guerdon.store.definitions import Definition
from guerdon.store.members import Member
from guerdon.store.port import Rows
from guerdon.store.segments import SegmentTotal

_KIND = "Segment"
_SORTS = ("segmentId", "name", "description", "active", "createdAt", "customersCount")
_FILTERS = ("firstName", "lastName", "phone", "email")
_ONE = "/segment/{segment}"
_OF_MEMBER = (
    "customerId",
    "firstName",
    "lastName",
    "gender",
    "email",
    "phone",
    "birthDate",
    "active",
    "address",
    "company",
    "loyaltyCardNumber",
    "createdAt",
    "levelId",
    "manuallyAssignedLevelId",
    "agreement1",
    "agreement2",
    "agreement3",
    "status",
    "updatedAt",
    "campaignPurchases",
    "transactionsCount",
    "transactionsAmount",
    "transactionsAmountWithoutDeliveryCosts",
    "amountExcludedForLevel",
    "averageTransactionAmount",
    "lastTransactionDate",
    "currency",
    "levelPercent",
)


def endpoints() -> list[Endpoint]:
    """Everything about segments."""
    see, change = "SEGMENT:VIEW", "SEGMENT:MODIFY"
    return [
        Endpoint("GET", "/segment", list_all, "admin", see),
        Endpoint("POST", "/segment", create, "admin", change),
        Endpoint("GET", _ONE, show, "admin", see),
        Endpoint("PUT", _ONE, edit, "admin", change),
        Endpoint("DELETE", _ONE, remove, "admin", change),
        Endpoint("POST", f"{_ONE}/activate", activate, "admin", change),
        Endpoint("POST", f"{_ONE}/deactivate", deactivate, "admin", change),
        Endpoint("GET", f"{_ONE}/customers", list_members, "admin", see),
        Endpoint("GET", f"/csv{_ONE}", export, "admin", "SEGMENT_EXPORT:VIEW"),
    ]


async def list_all(visit: Visit) -> Answer:
    """`GET /segment`."""
    page = visit.page(_SORTS)
    tenant_id = visit.tenant_id
    known, totals = await visit.read(
        lambda rows: (
            definitions.of_kind(rows, tenant_id, _KIND),
            segments.totals(rows, tenant_id),
        )
    )
    found = [
        forms.shown(visit, each, totals.get(each.definition_id, SegmentTotal())) for each in known
    ]
    return visit.listed("segments", page.cut(found, dict.get), len(found))


async def show(visit: Visit) -> Answer:
    """`GET /segment/{segment}`."""
    segment = await _asked(visit)
    return visit.ok(forms.shown(visit, segment, await _total(visit, segment)))


async def create(visit: Visit) -> Answer:
    """`POST /segment`."""
    return await _define(visit, None)


async def edit(visit: Visit) -> Answer:
    """`PUT /segment/{segment}`: what is not required and not sent stays as it is."""
    return await _define(visit, await _asked(visit))


async def activate(visit: Visit) -> Answer:
    """`POST /segment/{segment}/activate`."""
    return await _switch(visit, active=True)


async def deactivate(visit: Visit) -> Answer:
    """`POST /segment/{segment}/deactivate`: nobody belongs to it until it is in use again."""
    return await _switch(visit, active=False)


async def remove(visit: Visit) -> Answer:
    """`DELETE /segment/{segment}`."""
    segment_id = (await _asked(visit)).definition_id
    await visit.execute(Undefine(visit.tenant_id, visit.key_id, _KIND, segment_id, visit.actor))
    return visit.nothing()


async def list_members(visit: Visit) -> Answer:
    """`GET /segment/{segment}/customers`."""
    segment = await _asked(visit)
    page = visit.page(SORTS)
    tenant_id, segment_id = visit.tenant_id, segment.definition_id
    texts = {name: visit.asked(name).lower() for name in _FILTERS if visit.asked(name)}
    if texts or page.sort:
        return await _searched(visit, segment, page, texts)
    total = (await _total(visit, segment)).members
    offset, limit = rosters.window(page, total)
    shown = await visit.read(
        lambda rows: _shapes(
            visit,
            rows,
            segment,
            segments.members(rows, tenant_id, segment_id, limit=limit, offset=offset),
        )
    )
    return visit.listed("customers", shown[::-1] if page.descending else shown, total)


async def export(visit: Visit) -> Answer:
    """`GET /csv/segment/{segment}`."""
    segment_id = (await _asked(visit)).definition_id
    return await rosters.exported(
        visit,
        f"segment-{segment_id}.csv",
        lambda rows, after, limit: segments.members(
            rows, visit.tenant_id, segment_id, after=after, limit=limit
        ),
    )


async def _searched(visit: Visit, segment: Definition, page: Page, texts: dict[str, str]) -> Answer:
    """The members whose details have all these texts in them, in the order that is asked for."""
    tenant_id, segment_id = visit.tenant_id, segment.definition_id

    def following(rows: Rows, after: int, limit: int) -> list[Member]:
        numbers = segments.members(rows, tenant_id, segment_id, after=after, limit=limit)
        return rosters.members_of(rows, tenant_id, numbers)

    search = Search(visit, Wanted(texts), page.sort, following)
    await search.run()
    shown = await visit.read(lambda rows: _shapes(visit, rows, segment, search.cut(page)))
    return search.told(visit.listed("customers", shown, len(search.found)))


def _shapes(
    visit: Visit, rows: Rows, segment: Definition, numbers: list[int]
) -> list[dict[str, Any]]:
    currency = visit.settings["programme.currency"]
    shower = Shower(rows, visit.tenant_id, visit.timezone, currency, visit.now)
    shown = []
    for member in rosters.members_of(rows, visit.tenant_id, numbers):
        known = shower.found(member)
        entry = {
            "segmentId": segment.definition_id,
            "segmentName": segment.body["name"],
            **{name: known[name] for name in _OF_MEMBER if name in known},
        }
        # The documents show nothing as a list.
        entry["address"] = known.get("address") or []
        shown.append(entry)
    return shown


async def _define(visit: Visit, before: Definition | None) -> Answer:
    form = await visit.form("segment")
    body = forms.body(visit, form, before.body if before else {})
    active = form.switch("active", required=False)
    if before is None:
        known = await visit.read(lambda rows: definitions.of_kind(rows, visit.tenant_id, _KIND))
        if len(known) >= limits.segments_max:
            form.fail("", f"There can be {limits.segments_max} segments.")
    form.check()
    if active is None:
        active = before is not None and before.active
    defined = await visit.execute(_command(visit, body, before, active=active))
    return visit.ok({"segmentId": defined.definition_id})


async def _switch(visit: Visit, *, active: bool) -> Answer:
    segment = await _asked(visit)
    await visit.execute(_command(visit, segment.body, segment, active=active))
    return visit.nothing()


def _command(
    visit: Visit, body: dict[str, Any], before: Definition | None, *, active: bool
) -> Define:
    return Define(
        visit.tenant_id,
        visit.key_id,
        _KIND,
        msgspec.json.encode(body).decode(),
        before.definition_id if before else "",
        active,
        actor=visit.actor,
    )


async def _total(visit: Visit, segment: Definition) -> SegmentTotal:
    totals = await visit.read(lambda rows: segments.totals(rows, visit.tenant_id))
    return totals.get(segment.definition_id, SegmentTotal())


async def _asked(visit: Visit) -> Definition:
    # The documents' own examples end an id with a stray backquote.
    segment_id = visit.params["segment"].lower().removesuffix("`")
    found = await visit.read(lambda rows: definitions.get(rows, visit.tenant_id, _KIND, segment_id))
    if found is None:
        raise NotFound(code="unknown_definition")
    return found
