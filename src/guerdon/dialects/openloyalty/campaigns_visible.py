"""Rewards for those who may have them: what anybody sees, what a member may buy, whom one is for.

Source: Open Loyalty 4.3, "Reward campaigns", "Customer campaigns".
"""

from __future__ import annotations

from typing import Any

from guerdon.dialects.openloyalty import campaigns_audience as audience
from guerdon.dialects.openloyalty import campaigns_lists as lists
from guerdon.dialects.openloyalty.campaigns_audience import Counter
from guerdon.dialects.openloyalty.campaigns_shapes import Audience
from guerdon.dialects.openloyalty.customers_shapes import Shower as Members
from guerdon.dialects.openloyalty.desk import Answer, Endpoint, Visit
from guerdon.domain.rewards import usage_left_for_member
from guerdon.store import definitions, levels, members, points, segments, standing
from guerdon.store.definitions import Definition
from guerdon.store.port import Rows


async def list_public(visit: Visit) -> Answer:
    """`GET /campaign/public/available`: for anybody, what is on offer now and marked as public."""

    def is_public(defined: Definition) -> bool:
        return bool(defined.body.get("public")) and lists.is_open(visit, defined)

    return await lists.listed(visit, "public", is_public, *lists.filters_of(visit))


async def list_active(visit: Visit) -> Answer:
    """`GET /campaign/active`: ids and names of what can be had now."""
    locale = lists.locale(visit)

    def found(rows: Rows) -> list[dict[str, Any]]:
        listed = definitions.of_kind(rows, visit.tenant_id, lists.REWARD)
        open_ones = [each for each in listed if lists.reward_of(each).is_active(visit.now)]
        return [_id_and_name(each, locale) for each in open_ones]

    return visit.ok({"campaigns": await visit.read(found)})


async def list_mine(visit: Visit) -> Answer:
    """`GET /customer/campaign/available`."""
    return await _available(visit, "customer", visit.caller.number or 0)


async def list_for_customer(visit: Visit) -> Answer:
    """`GET /{admin|seller}/customer/{customer}/campaign/available`."""
    number = await visit.read(lambda rows: lists.member_number(rows, visit))
    return await _available(visit, "seller" if visit.caller.kind == "seller" else "admin", number)


async def list_members(visit: Visit) -> Answer:
    """`GET /campaign/{campaign}/customers/visible`: whom a reward is for, as they registered."""
    page = visit.page()

    def found(rows: Rows) -> tuple[list[dict[str, Any]], int]:
        tenant_id = visit.tenant_id
        reward = lists.reward_of(lists.required(rows, visit))
        chosen = audience.page_of(rows, tenant_id, reward, page)
        total = audience.size(rows, tenant_id, Counter.of(rows, tenant_id), reward)
        currency = visit.settings["programme.currency"]
        people = Members(rows, tenant_id, visit.timezone, currency, visit.now)
        several = (members.by_number(rows, tenant_id, number) for number in chosen)
        return [_with_ids_inside(people.brief(each)) for each in several if each], total

    items, total = await visit.read_long(found)
    return visit.listed("customers", items, total)


def endpoints() -> list[Endpoint]:
    """Everything about who may have which reward."""
    see = "REWARD_CAMPAIGN:VIEW"
    of_customer = "/customer/{customer}/campaign/available"
    return [
        Endpoint("GET", "/campaign/active", list_active, "admin", see),
        Endpoint("GET", "/campaign/public/available", list_public, "anyone"),
        Endpoint("GET", "/campaign/{campaign}/customers/visible", list_members, "admin", see),
        Endpoint("GET", "/admin" + of_customer, list_for_customer, "admin", see),
        Endpoint("GET", "/seller" + of_customer, list_for_customer, "seller"),
        Endpoint("GET", "/customer/campaign/available", list_mine, "customer"),
    ]


async def _available(visit: Visit, who: Audience, number: int) -> Answer:
    page = visit.page(lists.SORTS)
    filters = lists.filters_of(visit)

    def found(rows: Rows) -> tuple[list[dict[str, Any]], int]:
        place = levels.of_member(rows, visit.tenant_id, number)
        belongs = segments.of_member(rows, visit.tenant_id, number)
        spendable = _spendable(rows, visit, number)
        showing = lists.shower(rows, visit, who, number)

        def is_offered(defined: Definition) -> bool:
            reward = lists.reward_of(defined)
            left = usage_left_for_member(reward, showing.sold(reward))
            is_for = reward.is_for(place.level_id if place else None, belongs)
            return lists.is_open(visit, defined) and is_for and left != 0

        listed = definitions.of_kind(rows, visit.tenant_id, lists.REWARD)
        fitting = [each for each in listed if is_offered(each) and all(f(each) for f in filters)]
        chosen = page.cut(fitting, lists.key_in(lists.locale(visit)))
        return [showing.available(each, spendable) for each in chosen], len(fitting)

    items, total = await visit.read(found)
    return visit.listed("campaigns", items, total)


def _spendable(rows: Rows, visit: Visit, number: int) -> int | None:
    """A member's points (hundredths) for rewards; None where their status lets them spend none."""
    status = standing.of(rows, visit.tenant_id, number).status
    if status not in visit.settings["spending.statuses"]:
        return None
    account = points.account(rows, visit.tenant_id, number, visit.now)
    return account.available if account else 0


def _with_ids_inside(shown: dict[str, Any]) -> dict[str, Any]:
    """In this list alone, purchases name their reward by an object."""
    bought = [
        {**each, "campaignId": {"campaignId": each["campaignId"]}}
        for each in shown.get("campaignPurchases", ())
    ]
    return {**shown, "campaignPurchases": bought}


def _id_and_name(defined: Definition, locale: str) -> dict[str, Any]:
    name = lists.name_in(defined, locale)
    named = {"name": name} if name else {}
    return {"id": defined.definition_id, **named}
