"""Categories of rewards.

Source: Open Loyalty 4.3, "Campaign categories"; switching one is of release 3.2.
"""

from __future__ import annotations

from typing import Any

import msgspec

from guerdon.dialects.openloyalty import campaigns_forms as forms
from guerdon.dialects.openloyalty.desk import Answer, Endpoint, Visit
from guerdon.domain.rewards import LANGUAGES
from guerdon.engine.commands.definitions import Define
from guerdon.errors import NotFound
from guerdon.store import definitions
from guerdon.store.definitions import Definition
from guerdon.store.port import Rows

KIND = "RewardCategory"
_SORTS = ("campaignCategoryId", "name", "active", "sortOrder")
_IDS_PER_DEFINITION = 100


async def create(visit: Visit) -> Answer:
    """`POST /campaignCategory`."""
    return await _define(visit, None)


async def change(visit: Visit) -> Answer:
    """`PUT /campaignCategory/{campaignCategory}`: what is not sent stays as it is."""
    return await _define(visit, await visit.read(lambda rows: _required(rows, visit)))


async def switch(visit: Visit) -> Answer:
    """`POST /campaignCategory/{campaignCategory}/active`."""
    found = await visit.read(lambda rows: _required(rows, visit))
    form = await visit.form("")
    active = form.switch("active")
    form.check()
    await _execute(visit, found.definition_id, found.body, active=active)
    return visit.nothing()


async def show(visit: Visit) -> Answer:
    """`GET /campaignCategory/{campaignCategory}`."""
    return visit.ok(_shown(visit, await visit.read(lambda rows: _required(rows, visit))))


async def list_all(visit: Visit) -> Answer:
    """`GET /campaignCategory`."""
    page = visit.page(_SORTS)
    name, active = visit.asked("name").lower(), visit.asked_switch("active")
    found = await visit.read(lambda rows: definitions.of_kind(rows, visit.tenant_id, KIND))
    shown = [
        _shown(visit, each)
        for each in found
        if (active is None or each.active == active)
        and any(name in text.lower() for text in _names(each))
    ]
    items = page.cut(shown, lambda item, sort: item.get(sort))
    return visit.listed("categories", items, len(shown))


def endpoints() -> list[Endpoint]:
    """Everything about categories."""
    see, do = "REWARD_CAMPAIGN_CATEGORY:VIEW", "REWARD_CAMPAIGN_CATEGORY:MODIFY"
    at, one = "/campaignCategory", "/campaignCategory/{campaignCategory}"
    return [
        Endpoint("POST", at, create, "admin", do),
        Endpoint("GET", at, list_all, "admin", see),
        Endpoint("GET", one, show, "admin", see),
        Endpoint("PUT", one, change, "admin", do),
        Endpoint("POST", one + "/active", switch, "admin", do),
    ]


async def _define(visit: Visit, before: Definition | None) -> Answer:
    form = await visit.form("campaign_category")
    body = forms.category(form, before.body if before else {})
    active = form.switch("active", required=False)
    form.check()
    if active is None:
        active = before is not None and before.active
    category_id = before.definition_id if before else ""
    return visit.ok({"campaignCategoryId": await _execute(visit, category_id, body, active=active)})


async def _execute(visit: Visit, category_id: str, body: dict[str, Any], *, active: bool) -> str:
    text = msgspec.json.encode(body).decode()
    define = Define(
        visit.tenant_id, visit.key_id, KIND, text, category_id, active, actor=visit.actor
    )
    defined = await visit.execute(define)
    return str(defined.definition_id)


def _required(rows: Rows, visit: Visit) -> Definition:
    category_id = visit.params["campaignCategory"].lower()
    found = definitions.get(rows, visit.tenant_id, KIND, category_id)
    if found is None:
        raise NotFound(code="unknown_category")
    return found


def _names(defined: Definition) -> list[str]:
    return [texts.get("name", "") for texts in defined.body["translations"].values()]


def _shown(visit: Visit, defined: Definition) -> dict[str, Any]:
    translations = defined.body["translations"]
    asked = visit.asked("_locale")
    spoken = translations.get(asked) or translations.get(LANGUAGES[0]) or {}
    return {
        "name": spoken.get("name"),
        "campaignCategoryId": defined.definition_id,
        "active": defined.active,
        "sortOrder": defined.body["sortOrder"],
        "translations": [
            {
                **texts,
                "id": defined.ordinal * _IDS_PER_DEFINITION + LANGUAGES.index(locale),
                "locale": locale,
            }
            for locale, texts in translations.items()
            if locale in LANGUAGES
        ],
    }
