"""Who bought what: all coupons, a member's own, and a sheet of them.

Source: Open Loyalty 4.3, "Reward campaigns", "Customer campaigns".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from guerdon import limits
from guerdon.dialects.openloyalty import campaigns_coupons_shapes as shapes
from guerdon.dialects.openloyalty import campaigns_csv
from guerdon.dialects.openloyalty.campaigns_lists import REWARD, member_number, shower
from guerdon.dialects.openloyalty.campaigns_shapes import Audience
from guerdon.dialects.openloyalty.dates import read_end, read_moment
from guerdon.dialects.openloyalty.desk import Answer, Endpoint, Visit
from guerdon.errors import Refused
from guerdon.store import definitions, rewards
from guerdon.store.port import Rows
from guerdon.store.rewards import BoughtCoupon, Filters

_COST = "costInPoints"
_SPANS = {
    "purchasedAtFrom": "bought_from",
    "purchasedAtTo": "bought_to",
    "usageDateFrom": "used_from",
    "usageDateTo": "used_to",
    "activeSinceFrom": "since_from",
    "activeSinceTo": "since_to",
    "activeToFrom": "to_from",
    "activeToTo": "to_to",
}


async def list_mine(visit: Visit) -> Answer:
    """`GET /customer/campaign/bought`."""
    return await _owned(visit, "customer", visit.caller.number or 0)


async def list_of_customer(visit: Visit) -> Answer:
    """`GET /{admin|seller}/customer/{customer}/campaign/bought`."""
    number = await visit.read(lambda rows: member_number(rows, visit))
    return await _owned(visit, "seller" if visit.caller.kind == "seller" else "admin", number)


async def _owned(visit: Visit, audience: Audience, number: int) -> Answer:
    page = visit.page(("purchaseAt", "used", _COST), "purchaseAt")
    by_cost = page.sort == _COST
    has_details = visit.asked_switch("includeDetails")

    def found(rows: Rows) -> tuple[list[dict[str, Any]], int]:
        several = rewards.of_member(
            rows,
            visit.tenant_id,
            number,
            limit=limits.openloyalty_rows_deep_max if by_cost else page.limit,
            offset=0 if by_cost else page.offset,
            by_use=page.sort == "used",
            descending=page.descending and not by_cost,
        )
        if by_cost:
            several = page.cut(several, lambda coupon, _: coupon.cost)
        showing = shower(rows, visit, audience)
        total, _ = rewards.tally(rows, visit.tenant_id, number)
        return [
            shapes.owned(
                showing,
                each,
                definitions.get(rows, visit.tenant_id, REWARD, each.reward_id)
                if has_details
                else None,
            )
            for each in several
        ], total

    items, total = await visit.read(found)
    return visit.listed("campaigns", items, total)


async def list_all(visit: Visit) -> Answer:
    """`GET /campaign/bought`.

    The whole list knows its length by a counter; a filtered one is counted as far as pages reach.
    """
    page = visit.page(("purchasedAt",), "purchasedAt")
    filters = _filters(visit)

    def found(rows: Rows) -> tuple[list[dict[str, Any]], int]:
        tenant_id = visit.tenant_id
        total = _counted(rows, tenant_id, filters)
        until = limits.openloyalty_rows_deep_max if total is None else page.offset + page.limit
        fitting: Iterator[BoughtCoupon] = rewards.bought(
            rows, tenant_id, filters, limit=until, descending=page.descending
        )
        count, chosen = 0, []
        for count, coupon in enumerate(fitting, 1):
            if page.offset < count <= page.offset + page.limit:
                chosen.append(coupon)
        showing = shower(rows, visit, "admin")
        return [shapes.bought(showing, each) for each in chosen], count if total is None else total

    items, total = await visit.read_long(found)
    return visit.listed("boughtCampaigns", items, total)


async def export(visit: Visit) -> Answer:
    """`GET /campaign/bought/export/csv`."""
    filters = _filters(visit)
    return await campaigns_csv.answer(visit, filters)


def endpoints() -> list[Endpoint]:
    """Everything about what was bought."""
    see, owned = "REWARD_CAMPAIGN:VIEW", "/customer/{customer}/campaign/bought"
    return [
        Endpoint("GET", "/customer/campaign/bought", list_mine, "customer"),
        Endpoint("GET", "/admin" + owned, list_of_customer, "admin", see),
        Endpoint("GET", "/seller" + owned, list_of_customer, "seller"),
        Endpoint("GET", "/campaign/bought", list_all, "admin", see),
        Endpoint("GET", "/campaign/bought/export/csv", export, "admin", see),
    ]


def _filters(visit: Visit) -> Filters:
    """What the query asks for; a day without an hour is the whole day."""
    values: dict[str, Any] = {}
    for name, field in _SPANS.items():
        asked = visit.asked(name)
        if asked:
            values[field] = _bound(visit, name, asked)
    used = visit.asked_switch("used")
    if used is not None:
        values["used"] = int(used)
    return Filters(**values, delivery=visit.asked("deliveryStatus"))


def _bound(visit: Visit, name: str, asked: str) -> int:
    read = read_end if name.endswith("To") else read_moment
    moment = read(asked, visit.timezone)
    if moment is None:
        raise Refused(f"{name} must be a date.", code="invalid_parameter", field=name)
    return max(0, moment)


def _counted(rows: Rows, tenant_id: int, filters: Filters) -> int | None:
    """How many there are where a counter knows it."""
    coupons, used = rewards.tally(rows, tenant_id)
    known = {Filters(): coupons, Filters(used=1): used, Filters(used=0): coupons - used}
    return known.get(filters)
