"""Rewards: offering them, and looking at them as an administrator or a seller.

Source: Open Loyalty 4.3, "Reward campaigns".
"""

from __future__ import annotations

from typing import Any

import msgspec

from guerdon import limits
from guerdon.dialects.openloyalty import campaigns_forms as forms
from guerdon.dialects.openloyalty import campaigns_lists as lists
from guerdon.dialects.openloyalty.campaigns_lists import required, shower
from guerdon.dialects.openloyalty.campaigns_shapes import Audience
from guerdon.dialects.openloyalty.desk import Answer, Endpoint, Visit
from guerdon.dialects.openloyalty.forms import Form
from guerdon.engine.commands.rewards import DefineReward, SwitchReward
from guerdon.errors import TooLarge
from guerdon.store.definitions import Definition
from guerdon.store.port import Rows

_STATES = {"active": True, "inactive": False}


async def create(visit: Visit) -> Answer:
    """`POST /campaign`."""
    return await _define(visit, None)


async def change(visit: Visit) -> Answer:
    """`PUT /campaign/{campaign}`: what is not sent stays as it is."""
    return await _define(visit, await visit.read(lambda rows: required(rows, visit)))


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
    return await lists.listed(visit, "admin", *lists.filters_of(visit))


async def list_for_seller(visit: Visit) -> Answer:
    """`GET /seller/campaign`."""
    return await lists.listed(visit, "seller")


async def show(visit: Visit) -> Answer:
    """`GET /campaign/{campaign}`."""
    return await _shown(visit, "admin")


async def show_to_seller(visit: Visit) -> Answer:
    """`GET /seller/campaign/{campaign}`."""
    return await _shown(visit, "seller")


def endpoints() -> list[Endpoint]:
    """Everything about offering rewards."""
    see, do = "REWARD_CAMPAIGN:VIEW", "REWARD_CAMPAIGN:MODIFY"
    one = "/campaign/{campaign}"
    return [
        Endpoint("POST", "/campaign", create, "admin", do),
        Endpoint("GET", "/campaign", list_all, "admin", see),
        Endpoint("GET", one, show, "admin", see),
        Endpoint("PUT", one, change, "admin", do),
        Endpoint("POST", one + "/{active}", switch, "admin", do),
        Endpoint("GET", "/seller/campaign", list_for_seller, "seller"),
        Endpoint("GET", "/seller" + one, show_to_seller, "seller"),
    ]


async def _define(visit: Visit, before: Definition | None) -> Answer:
    form = await visit.form(
        "campaign",
        bytes_max=limits.codes_body_bytes_max,
        values_max=limits.codes_body_values_max,
    )
    body = forms.reward(form, before.body if before else {})
    active = form.switch("active", required=False)
    command = DefineReward(
        visit.tenant_id,
        visit.key_id,
        msgspec.json.encode(body).decode(),
        before.definition_id if before else "",
        active if active is not None else before is not None and before.active,
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
