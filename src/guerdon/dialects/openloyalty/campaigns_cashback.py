"""Cashback: what points would become, making them so, and what whoever pays it out reports.

A report gives points back, so it needs an administrator's token like everything that does.
Source: Open Loyalty 4.3, "Reward campaigns".
"""

from __future__ import annotations

from typing import Any

from guerdon.dialects.openloyalty.desk import Answer, Endpoint, Visit
from guerdon.dialects.openloyalty.forms import WRONG, Form
from guerdon.domain.amounts import RATE
from guerdon.domain.coupons import CashbackStatus
from guerdon.domain.purchases import money_number
from guerdon.domain.registration import points_number
from guerdon.domain.rewards import Reward, cashback, parse
from guerdon.engine import cashback as engine
from guerdon.engine.commands.rewards import RedeemCashback, ReportCashback
from guerdon.errors import NotFound
from guerdon.store import definitions, standing
from guerdon.store.port import Rows

_NOBODY = "There is no cashback for this customer"
_POINT_MIN = 1
_WORDS: dict[str, CashbackStatus] = {
    "ACCEPTED": "accepted",
    "PENDING": "accepted",
    "SUCCESS": "success",
    "FAILURE": "failed",
    "FAILED": "failed",
    "REJECTED": "failed",
    "CANCELLED": "failed",
}
_HUNDRED = 100


async def simulate(visit: Visit) -> Answer:
    """`POST /admin/campaign/cashback/simulate`."""
    form = await visit.form("")
    number = await _member(visit, form)
    points = form.points("pointsAmount", low=_POINT_MIN)
    form.check()
    reward = await visit.read(lambda rows: _best(rows, visit, number))
    if reward is None:
        return visit.problem(_NOBODY)
    whole, rest = divmod(reward.point_value * _HUNDRED // RATE, _HUNDRED)
    return visit.ok(
        {
            "customerId": form.uuid("customerId"),
            "pointsAmount": points_number(points),
            "pointValue": f"{whole}.{rest:02}",
            "rewardAmount": points_number(cashback(reward, points)),
        }
    )


async def redeem(visit: Visit) -> Answer:
    """`POST /admin/campaign/cashback/redeem`."""
    form = await visit.form("")
    number = await _member(visit, form)
    return await _redeem(visit, form, number, form.uuid("customerId") or "")


async def redeem_mine(visit: Visit) -> Answer:
    """`POST /customer/campaign/cashback/redeem`."""
    form = await visit.form("")
    return await _redeem(visit, form, visit.caller.number or 0, visit.caller.id)


async def report(visit: Visit) -> Answer:
    """`POST /campaign/cashback/callback/{provider}`.

    The coupon is named by `couponId` and `customerId`, or by both as one `id`; `code` says what
    became of it (ACCEPTED, SUCCESS, FAILURE ...), `message` more.
    """
    form = await visit.form("")
    member_id, _, coupon_id = (form.text("id", required=False) or "").partition("_")
    member_id = form.uuid("customerId", required=not member_id) or member_id
    coupon_id = form.uuid("couponId", required=not coupon_id) or coupon_id
    code = form.text("code")
    status = _WORDS.get(code.upper())
    if code and status is None:
        form.fail("code", WRONG)
    message = form.text("message", required=False) or code
    form.check()
    member = await visit.read(lambda rows: standing.present(rows, visit.tenant_id, member_id))
    if member is None or status is None:
        return visit.missing()
    provider = visit.params["provider"]
    await visit.execute(
        ReportCashback(
            visit.tenant_id,
            visit.key_id,
            member.number,
            coupon_id,
            provider,
            status,
            message,
            visit.actor,
        )
    )
    return visit.ok(
        {
            "couponId": coupon_id,
            "id": f"{member_id}_{coupon_id}",
            "customerId": member_id,
            "code": code,
            "message": message,
            "provider": provider,
            "failed": status == "failed",
        }
    )


def endpoints() -> list[Endpoint]:
    """Everything about cashback."""
    do = "REWARD_CAMPAIGN:MODIFY"
    at = "/campaign/cashback"
    return [
        Endpoint("POST", f"/admin{at}/simulate", simulate, "admin", "REWARD_CAMPAIGN:VIEW"),
        Endpoint("POST", f"/admin{at}/redeem", redeem, "admin", do),
        Endpoint("POST", f"/customer{at}/redeem", redeem_mine, "customer"),
        Endpoint("POST", f"{at}/callback/{{provider}}", report, "admin", do),
    ]


async def _redeem(visit: Visit, form: Form, number: int, member_id: str) -> Answer:
    points = form.points("pointsAmount", low=_POINT_MIN)
    named = form.uuid("cashbackId", required=False)
    form.check()
    try:
        redeemed = await visit.execute(
            RedeemCashback(visit.tenant_id, visit.key_id, number, points, named or "", visit.actor)
        )
    except NotFound:
        return visit.problem(_NOBODY)
    shown: dict[str, Any] = {
        "customerId": member_id,
        "pointsAmount": points_number(points),
        "pointValue": money_number(redeemed.point_value),
        "rewardAmount": points_number(redeemed.amount),
    }
    return visit.ok({**shown, "cashbackId": named} if named else shown)


async def _member(visit: Visit, form: Form) -> int:
    """The number of the member the form names; 0, and noted, when there is none."""
    member_id = form.uuid("customerId")
    if not member_id:
        return 0
    found = await visit.read(lambda rows: standing.present(rows, visit.tenant_id, member_id))
    if found is None:
        form.fail("customerId", WRONG)
    return found.number if found else 0


def _best(rows: Rows, visit: Visit, number: int) -> Reward | None:
    listed = definitions.of_kind(rows, visit.tenant_id, "Reward")
    among = [parse(each.definition_id, each.body, active=each.active) for each in listed]
    return engine.best(rows, visit.tenant_id, number, among, visit.now)
