"""Rewards: offering them, and looking at them as an administrator, a seller or a member.

Source: Open Loyalty 4.3, "Reward campaigns", "Customer campaigns".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from guerdon import limits
from guerdon.dialects.openloyalty import campaigns_forms as forms
from guerdon.dialects.openloyalty.campaigns_shapes import (
    Audience,
    Counter,
    Shower,
    numbers_for,
    page_of,
)
from guerdon.dialects.openloyalty.customers_shapes import Shower as Members
from guerdon.dialects.openloyalty.desk import Answer, Endpoint, Visit
from guerdon.dialects.openloyalty.forms import Form
from guerdon.domain.rewards import LANGUAGES, Reward, parse, usage_left_for_member
from guerdon.engine.commands.rewards import DefineReward, SwitchReward
from guerdon.errors import NotFound, TooLarge
from guerdon.store import definitions, levels, members, segments
from guerdon.store.definitions import Definition
from guerdon.store.port import Rows

REWARD = "Reward"
_SORTS = (
    "campaignId",
    "name",
    "reward",
    "active",
    "costInPoints",
    "createdAt",
    "featured",
    "public",
    "limit",
    "limitPerUser",
    "unlimited",
    "singleCoupon",
)
_STATES = {"active": True, "inactive": False}
Filter = Callable[[Definition], bool]


async def create(visit: Visit) -> Answer:
    """`POST /campaign`."""
    return await _define(visit, "")


async def change(visit: Visit) -> Answer:
    """`PUT /campaign/{campaign}`."""
    found = await visit.read(lambda rows: required(rows, visit))
    return await _define(visit, found.definition_id)


async def switch(visit: Visit) -> Answer:
    """`POST /campaign/{campaign}/{active}`."""
    active = _STATES.get(visit.params["active"])
    if active is None:
        return visit.missing()
    found = await visit.read(lambda rows: required(rows, visit))
    reward_id = found.definition_id
    await visit.execute(SwitchReward(visit.tenant_id, visit.key_id, reward_id, active, visit.actor))
    return visit.ok({"campaignId": reward_id})


async def list_all(visit: Visit) -> Answer:
    """`GET /campaign`."""
    return await _listed(visit, "admin", *_filters(visit))


async def list_for_seller(visit: Visit) -> Answer:
    """`GET /seller/campaign`."""
    return await _listed(visit, "seller")


async def list_public(visit: Visit) -> Answer:
    """`GET /campaign/public/available`: for anybody, what is on offer now and marked as public."""

    def is_public(defined: Definition) -> bool:
        return bool(defined.body.get("public")) and _is_open(visit, defined)

    return await _listed(visit, "public", is_public, *_filters(visit))


async def list_active(visit: Visit) -> Answer:
    """`GET /campaign/active`: ids and names of what can be had now."""
    locale = _locale(visit)

    def found(rows: Rows) -> list[dict[str, Any]]:
        listed = definitions.of_kind(rows, visit.tenant_id, REWARD)
        open_ones = [each for each in listed if _reward(each).is_active(visit.now)]
        return [_id_and_name(each, locale) for each in open_ones]

    return visit.ok({"campaigns": await visit.read(found)})


async def show(visit: Visit) -> Answer:
    """`GET /campaign/{campaign}`."""
    return await _shown(visit, "admin")


async def show_to_seller(visit: Visit) -> Answer:
    """`GET /seller/campaign/{campaign}`."""
    return await _shown(visit, "seller")


async def list_mine(visit: Visit) -> Answer:
    """`GET /customer/campaign/available`."""
    return await _available(visit, "customer", visit.caller.number or 0)


async def list_for_customer(visit: Visit) -> Answer:
    """`GET /{admin|seller}/customer/{customer}/campaign/available`."""
    number = await visit.read(lambda rows: member_number(rows, visit))
    audience: Audience = "seller" if visit.caller.kind == "seller" else "admin"
    return await _available(visit, audience, number)


async def list_members(visit: Visit) -> Answer:
    """`GET /campaign/{campaign}/customers/visible`: whom a reward is for."""
    page = visit.page()

    def found(rows: Rows) -> tuple[list[dict[str, Any]], int]:
        tenant_id = visit.tenant_id
        reward = _reward(required(rows, visit))
        numbers = page_of(numbers_for(rows, tenant_id, reward), page.offset, page.limit)
        total = shower(rows, visit, "admin").audience_size(reward)
        currency = visit.settings["programme.currency"]
        people = Members(rows, tenant_id, visit.timezone, currency, visit.now)
        several = (members.by_number(rows, tenant_id, number) for number in numbers)
        return [people.brief(each) for each in several if each], total

    items, total = await visit.read_long(found)
    return visit.listed("customers", items, total)


def endpoints() -> list[Endpoint]:
    """Everything about what is on offer."""
    see, do = "REWARD_CAMPAIGN:VIEW", "REWARD_CAMPAIGN:MODIFY"
    one, of_customer = "/campaign/{campaign}", "/customer/{customer}/campaign/available"
    return [
        Endpoint("POST", "/campaign", create, "admin", do),
        Endpoint("GET", "/campaign", list_all, "admin", see),
        Endpoint("GET", "/campaign/active", list_active, "admin", see),
        Endpoint("GET", "/campaign/public/available", list_public, "anyone"),
        Endpoint("GET", one, show, "admin", see),
        Endpoint("PUT", one, change, "admin", do),
        Endpoint("POST", one + "/{active}", switch, "admin", do),
        Endpoint("GET", one + "/customers/visible", list_members, "admin", see),
        Endpoint("GET", "/admin" + of_customer, list_for_customer, "admin", see),
        Endpoint("GET", "/seller" + of_customer, list_for_customer, "seller"),
        Endpoint("GET", "/seller/campaign", list_for_seller, "seller"),
        Endpoint("GET", "/seller" + one, show_to_seller, "seller"),
        Endpoint("GET", "/customer/campaign/available", list_mine, "customer"),
    ]


def required(rows: Rows, visit: Visit) -> Definition:
    """The reward the path names. Errors: NotFound `unknown_reward`."""
    reward_id = visit.params["campaign"].lower()
    found = definitions.get(rows, visit.tenant_id, REWARD, reward_id)
    if found is None:
        raise NotFound(code="unknown_reward")
    return found


def member_number(rows: Rows, visit: Visit) -> int:
    """The number of the member the path names. Errors: NotFound `unknown_member`."""
    found = members.by_id(rows, visit.tenant_id, visit.params["customer"].lower())
    if found is None:
        raise NotFound(code="unknown_member")
    return found.number


def shower(rows: Rows, visit: Visit, audience: Audience, number: int = 0) -> Shower:
    """What shows rewards to somebody; `number` is the member whose coupons count as theirs."""
    return Shower(
        rows,
        visit.tenant_id,
        visit.timezone,
        visit.now,
        audience,
        _locale(visit),
        visit.asked("format") == "html",
        Counter.of(rows, visit.tenant_id, number),
    )


async def _define(visit: Visit, reward_id: str) -> Answer:
    form = await visit.form(
        "campaign",
        bytes_max=limits.codes_body_bytes_max,
        values_max=limits.codes_body_values_max,
    )
    body = forms.reward(form)
    active = bool(form.switch("active", required=False))
    command = DefineReward(
        visit.tenant_id,
        visit.key_id,
        msgspec.json.encode(body).decode(),
        reward_id,
        active,
        forms.codes(form),
        visit.actor,
    )
    form.check()
    defined = await _executed(visit, form, command)
    return visit.ok({"campaignId": defined.definition_id})


async def _executed(visit: Visit, form: Form, command: DefineReward) -> Any:
    try:
        return await visit.execute(command)
    except TooLarge as refused:
        form.fail("coupons", refused.message)
        form.check()
        raise


async def _shown(visit: Visit, audience: Audience) -> Answer:
    def found(rows: Rows) -> dict[str, Any]:
        return shower(rows, visit, audience).reward(required(rows, visit), is_whole=True)

    return visit.ok(await visit.read(found))


async def _listed(visit: Visit, audience: Audience, *filters: Filter) -> Answer:
    page = visit.page(_SORTS)

    def found(rows: Rows) -> tuple[list[dict[str, Any]], int]:
        listed = definitions.of_kind(rows, visit.tenant_id, REWARD)
        fitting = [each for each in listed if all(fits(each) for fits in filters)]
        showing = shower(rows, visit, audience)
        return [showing.reward(each) for each in page.cut(fitting, _key)], len(fitting)

    items, total = await visit.read(found)
    return visit.listed("campaigns", items, total)


async def _available(visit: Visit, audience: Audience, number: int) -> Answer:
    page = visit.page(_SORTS)
    filters = _filters(visit)

    def found(rows: Rows) -> tuple[list[dict[str, Any]], int]:
        place = levels.of_member(rows, visit.tenant_id, number)
        belongs = segments.of_member(rows, visit.tenant_id, number)
        showing = shower(rows, visit, audience, number)

        def is_open(defined: Definition) -> bool:
            reward = _reward(defined)
            left = usage_left_for_member(reward, showing.sold(reward))
            is_for = reward.is_for(place.level_id if place else None, belongs)
            return _is_open(visit, defined) and is_for and left != 0

        listed = definitions.of_kind(rows, visit.tenant_id, REWARD)
        fitting = [each for each in listed if is_open(each) and all(f(each) for f in filters)]
        return [showing.available(each) for each in page.cut(fitting, _key)], len(fitting)

    items, total = await visit.read(found)
    return visit.listed("campaigns", items, total)


def _filters(visit: Visit) -> list[Filter]:
    """What the query asks for: `labels`, `categoryId`, `campaignType`, `name`, switches."""
    filters = [_by_switch(visit, "isFeatured", "featured"), _by_switch(visit, "isPublic", "public")]
    has_segment = visit.asked_switch("hasSegment")
    if has_segment is not None:
        filters.append(lambda each: bool(each.body.get("segments")) == has_segment)
    categories = set(visit.asked_all("categoryId"))
    if categories:
        filters.append(lambda each: bool(categories & set(each.body.get("categories") or ())))
    reward = visit.asked("campaignType")
    if reward:
        filters.append(lambda each: each.body["reward"] == reward)
    name = visit.asked("name").lower()
    if name:
        filters.append(lambda each: name in str(_name(each) or "").lower())
    wanted = _labels_asked(visit)
    if wanted:
        filters.append(lambda each: all(_has_label(each, label) for label in wanted))
    return filters


def _by_switch(visit: Visit, asked: str, name: str) -> Filter:
    wanted = visit.asked_switch(asked)
    return lambda each: wanted is None or bool(each.body.get(name)) == wanted


def _labels_asked(visit: Visit) -> list[dict[str, str]]:
    """`labels[0][key]=k&labels[0][value]=v`; either may be left out."""
    given = Form(visit.query).children("labels")
    asked = [{name: part.text(name, required=False) for name in ("key", "value")} for part in given]
    return [{name: text for name, text in label.items() if text} for label in asked]


def _has_label(defined: Definition, wanted: dict[str, str]) -> bool:
    labels = defined.body.get("labels") or ()
    return any(wanted.items() <= label.items() for label in labels)


def _reward(defined: Definition) -> Reward:
    return parse(defined.definition_id, defined.body, active=defined.active)


def _is_open(visit: Visit, defined: Definition) -> bool:
    reward = _reward(defined)
    return reward.is_active(visit.now) and reward.is_shown(visit.now)


def _key(defined: Definition, sort: str) -> Any:
    if sort == "campaignId":
        return defined.definition_id
    if sort == "name":
        return _name(defined)
    if sort == "createdAt":
        return defined.created_at
    return defined.active if sort == "active" else defined.body.get(sort)


def _name(defined: Definition, locale: str = LANGUAGES[0]) -> str | None:
    translations = defined.body.get("translations") or {}
    texts = translations.get(locale) or translations.get(LANGUAGES[0]) or {}
    name: str | None = texts.get("name")
    return name


def _id_and_name(defined: Definition, locale: str) -> dict[str, Any]:
    name = _name(defined, locale)
    named = {"name": name} if name else {}
    return {"id": defined.definition_id, **named}


def _locale(visit: Visit) -> str:
    asked = visit.asked("_locale")
    return asked if asked in LANGUAGES else LANGUAGES[0]
