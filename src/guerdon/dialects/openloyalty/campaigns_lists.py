"""Lists of rewards: what a query may ask for, and how they are ordered.

Source: Open Loyalty 4.3, "Reward campaigns": the parameters of its lists.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from guerdon.dialects.openloyalty import customers
from guerdon.dialects.openloyalty.campaigns_audience import Counter
from guerdon.dialects.openloyalty.campaigns_shapes import Audience, Shower, spoken
from guerdon.dialects.openloyalty.desk import Answer, Visit
from guerdon.dialects.openloyalty.forms import WRONG, Form
from guerdon.domain.rewards import LANGUAGES, Reward, parse
from guerdon.errors import NotFound, Refused
from guerdon.store import definitions
from guerdon.store.definitions import Definition
from guerdon.store.port import Rows

REWARD = "Reward"
SORTS = (
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
    "campaignActivity.activeFrom",
    "campaignActivity.activeTo",
)
Filter = Callable[[Definition], bool]


def required(rows: Rows, visit: Visit) -> Definition:
    """The reward the path names. Errors: NotFound `unknown_reward`."""
    reward_id = visit.params["campaign"].lower()
    found = definitions.get(rows, visit.tenant_id, REWARD, reward_id)
    if found is None:
        raise NotFound(code="unknown_reward")
    return found


def member_number(rows: Rows, visit: Visit) -> int:
    """The number of the member the path names. Errors: as of `customers.named`."""
    return customers.named(rows, visit).number


def shower(rows: Rows, visit: Visit, audience: Audience, number: int = 0) -> Shower:
    """What shows rewards to somebody; `number` is the member whose coupons count as theirs."""
    return Shower(
        rows,
        visit.tenant_id,
        visit.timezone,
        visit.now,
        audience,
        locale(visit),
        visit.asked("format") == "html",
        Counter.of(rows, visit.tenant_id, number),
    )


async def listed(visit: Visit, audience: Audience, *filters: Filter) -> Answer:
    """A page of the rewards that fit."""
    page = visit.page(SORTS)

    def found(rows: Rows) -> tuple[list[dict[str, Any]], int]:
        several = definitions.of_kind(rows, visit.tenant_id, REWARD)
        fitting = [each for each in several if all(fits(each) for fits in filters)]
        showing = shower(rows, visit, audience)
        chosen = page.cut(fitting, key_in(locale(visit)))
        return [showing.reward(each) for each in chosen], len(fitting)

    items, total = await visit.read(found)
    return visit.listed("campaigns", items, total)


def filters_of(visit: Visit) -> list[Filter]:
    """What the query asks for: `labels`, `categoryId`, `campaignType`, `name`, and switches."""
    filters = [_by_switch(visit, "isFeatured", "featured"), _by_switch(visit, "isPublic", "public")]
    has_segment = visit.asked_switch("hasSegment")
    if has_segment is not None:
        filters.append(lambda each: bool(each.body.get("segments")) == has_segment)
    categories = set(visit.asked_all("categoryId"))
    if categories:
        filters.append(lambda each: bool(categories & set(each.body.get("categories") or ())))
    active = visit.asked_switch("active")
    if active is not None:
        filters.append(lambda each: each.active == active)
    reward = visit.asked("campaignType")
    if reward:
        filters.append(lambda each: each.body["reward"] == reward)
    name = visit.asked("name").lower()
    if name:
        language = locale(visit)
        filters.append(lambda each: name in str(name_in(each, language) or "").lower())
    wanted = _labels_asked(visit)
    if wanted:
        filters.append(lambda each: all(_has_label(each, label) for label in wanted))
    return filters


def _by_switch(visit: Visit, asked: str, name: str) -> Filter:
    wanted = visit.asked_switch(asked)
    return lambda each: wanted is None or bool(each.body.get(name)) == wanted


def _labels_asked(visit: Visit) -> list[dict[str, str]]:
    """`labels[0][key]=k&labels[0][value]=v`; either may be left out.

    Errors: Refused `invalid_parameter`: what asks for no label would find every reward.
    """
    given = Form(visit.query).children("labels") if visit.query.get("labels") else []
    asked = [{name: part.text(name, required=False) for name in ("key", "value")} for part in given]
    wanted = [{name: text for name, text in label.items() if text} for label in asked]
    if not all(wanted) or (visit.query.get("labels") and not wanted):
        raise Refused(f"labels: {WRONG}", code="invalid_parameter", field="labels")
    return wanted


def _has_label(defined: Definition, wanted: dict[str, str]) -> bool:
    labels = defined.body.get("labels") or ()
    return any(wanted.items() <= label.items() for label in labels)


def reward_of(defined: Definition) -> Reward:
    """The reward that a definition describes."""
    return parse(defined.definition_id, defined.body, active=defined.active)


def is_open(visit: Visit, defined: Definition) -> bool:
    """Whether a reward can be had, and is shown, now."""
    reward = reward_of(defined)
    return reward.is_active(visit.now) and reward.is_shown(visit.now)


def key_in(locale: str) -> Callable[[Definition, str], Any]:
    """What rewards are ordered by, their names being those of a language."""

    def key(defined: Definition, sort: str) -> Any:
        if sort == "campaignId":
            return defined.definition_id
        if sort == "name":
            return name_in(defined, locale)
        if sort == "createdAt":
            return defined.created_at
        if "." in sort:
            part, name = sort.split(".")
            return defined.body.get(part, {}).get(name)
        return defined.active if sort == "active" else defined.body.get(sort)

    return key


def name_in(defined: Definition, locale: str) -> str | None:
    """A reward's name in a language, as it is shown."""
    name: str | None = spoken(defined, locale).get("name")
    return name


def locale(visit: Visit) -> str:
    """The language that is asked for, or the first."""
    asked = visit.asked("_locale")
    return asked if asked in LANGUAGES else LANGUAGES[0]
