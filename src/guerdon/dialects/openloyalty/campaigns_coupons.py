"""Coupons: buying them, using them, and delivering what they stand for.

Source: Open Loyalty 4.3, "Reward campaigns", "Customer campaigns".
"""

from __future__ import annotations

from typing import Any, Literal

from guerdon import limits
from guerdon.dialects.openloyalty import refusals
from guerdon.dialects.openloyalty.campaigns_forms import delivery_status
from guerdon.dialects.openloyalty.campaigns_lists import member_number
from guerdon.dialects.openloyalty.desk import Answer, Endpoint, Visit
from guerdon.dialects.openloyalty.forms import WRONG, Form
from guerdon.domain.rewards import DELIVERY_STATUSES
from guerdon.engine.commands.rewards import (
    BuyReward,
    ChangeCouponUsage,
    ChangeDeliveryStatus,
    UsageChange,
)
from guerdon.errors import InvalidForm, NotFound, Refused
from guerdon.store import standing
from guerdon.store.port import Rows
from guerdon.web import answers

_NOBODY = 0
_BAD_REQUEST = 400


# --- Buying --------------------------------------------------------------------------------------


async def buy(visit: Visit) -> Answer:
    """`POST /customer/campaign/{campaign}/buy`."""
    return await _buy(visit, "customer", visit.caller.number or 0)


async def buy_as_seller(visit: Visit) -> Answer:
    """`POST /seller/customer/{customer}/campaign/{campaign}/buy`."""
    return await _buy(visit, "seller", await visit.read(lambda rows: member_number(rows, visit)))


async def buy_as_admin(visit: Visit) -> Answer:
    """`POST /admin/customer/{customer}/campaign/{campaign}/buy`."""
    return await _buy(visit, "admin", await visit.read(lambda rows: member_number(rows, visit)))


async def _buy(
    visit: Visit, channel: Literal["customer", "seller", "admin"], number: int
) -> Answer:
    form = await visit.form("")
    is_admin = channel == "admin"
    command = BuyReward(
        visit.tenant_id,
        visit.key_id,
        number,
        visit.params["campaign"].lower(),
        form.whole("quantity", required=False, low=1, high=limits.coupons_at_once_max) or 1,
        channel,
        is_admin and bool(form.switch("withoutPoints", required=False)),
        form.uuid("transactionId", required=False) if is_admin else None,
        visit.actor,
    )
    form.check()
    try:
        bought = await visit.execute(command)
    except NotFound as refused:
        if refused.code != "unknown_transaction":
            raise
        return visit.problem(refused.message)
    coupons = [{"code": each.code, "id": each.coupon_id} for each in bought]
    return visit.ok({"coupons": coupons})


# --- Using ---------------------------------------------------------------------------------------


async def mark_used(visit: Visit) -> Answer:
    """`POST /{admin|customer}/campaign/coupons/mark_as_used`: all rows, or none."""
    form = await visit.form("", rows="coupons")
    parts = form.children("coupons")
    if not 0 < len(parts) <= limits.coupons_at_once_max:
        form.fail("coupons", WRONG)
    said = [_usage(visit, part) for part in parts]
    try:
        form.check()
        numbers = await visit.read(lambda rows: _numbers(rows, visit, said))
        rows = tuple(
            UsageChange(number, row[1], row[2], row[3], row[4], row[5])
            for number, row in zip(numbers, said, strict=True)
        )
        await visit.execute(ChangeCouponUsage(visit.tenant_id, visit.key_id, rows, visit.actor))
    except (InvalidForm, NotFound) as refused:
        return _bad_request(refused)
    except Refused as refused:
        if refused.code not in ("coupon_not_usable", "coupon_not_used", "coupon_given_back"):
            raise
        return _bad_request(refused)
    marked = [
        {"name": code, "used": used, "campaignId": reward_id, "customerId": member_id}
        for member_id, reward_id, _, code, used, _ in said
    ]
    return visit.ok({"coupons": marked})


_Said = tuple[str, str, str, str, bool, str | None]
"""A row: whose coupon, of which reward, its id and code, whether used, and with which purchase."""


def _usage(visit: Visit, part: Form) -> _Said:
    is_own = visit.caller.kind == "customer"
    member_id = visit.caller.id if is_own else part.uuid("customerId") or ""
    used = part.switch("used")
    if is_own and not used:
        part.fail("used", WRONG)
    return (
        member_id,
        part.uuid("campaignId") or "",
        part.uuid("couponId") or "",
        part.text("code", required=False) or "",
        bool(used),
        part.uuid("transactionId", required=False),
    )


def _numbers(rows: Rows, visit: Visit, said: list[_Said]) -> list[int]:
    """The numbers of the members whose coupons these are."""
    found = (standing.present(rows, visit.tenant_id, row[0]) for row in said)
    return [each.number if each else _NOBODY for each in found]


def _bad_request(refused: Refused) -> Answer:
    """The documented answer, with the row and the reason beside it."""
    error: dict[str, Any] = {"code": _BAD_REQUEST, "message": "Bad Request"}
    if refused.index is not None:
        error.update(index=refused.index, reason=refused.code)
    if isinstance(refused, InvalidForm):
        error["form"] = {"children": refused.tree}
    return answers.json_answer(_BAD_REQUEST, {"error": error}, refusals.JSON)


async def change_delivery(visit: Visit) -> Answer:
    """`PUT /admin/customer/{customer}/bought/coupon/{coupon}/changeDeliveryStatus`."""
    number = await visit.read(lambda rows: member_number(rows, visit))
    form = await visit.form("deliveryStatus")
    status: Any = delivery_status(form, DELIVERY_STATUSES)
    form.check()
    await visit.execute(
        ChangeDeliveryStatus(
            visit.tenant_id,
            visit.key_id,
            number,
            visit.params["coupon"].lower(),
            status,
            visit.actor,
        )
    )
    return visit.ok({"success": "Delivery status changed!"})


def endpoints() -> list[Endpoint]:
    """Everything that becomes of coupons."""
    do = "REWARD_CAMPAIGN:MODIFY"
    purchase, used = (
        "/customer/{customer}/campaign/{campaign}/buy",
        "/campaign/coupons/mark_as_used",
    )
    delivery = "/admin/customer/{customer}/bought/coupon/{coupon}/changeDeliveryStatus"
    return [
        Endpoint("POST", "/customer/campaign/{campaign}/buy", buy, "customer"),
        Endpoint("POST", "/seller" + purchase, buy_as_seller, "seller"),
        Endpoint("POST", "/admin" + purchase, buy_as_admin, "admin", do),
        Endpoint("POST", "/admin" + used, mark_used, "admin", do),
        Endpoint("POST", "/customer" + used, mark_used, "customer"),
        Endpoint("PUT", delivery, change_delivery, "admin", do),
    ]
