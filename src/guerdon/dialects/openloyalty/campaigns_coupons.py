"""Coupons: buying them, using them, delivering what they stand for, and who bought what.

Source: Open Loyalty 4.3, "Reward campaigns", "Customer campaigns".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from guerdon import limits
from guerdon.clock import DAY, SECOND
from guerdon.dialects.openloyalty import campaigns_csv
from guerdon.dialects.openloyalty.campaigns import member_number, shower
from guerdon.dialects.openloyalty.campaigns_forms import delivery_status
from guerdon.dialects.openloyalty.campaigns_shapes import Audience
from guerdon.dialects.openloyalty.desk import Answer, Endpoint, Visit
from guerdon.dialects.openloyalty.forms import WRONG, Form, read_moment
from guerdon.domain.rewards import DELIVERY_STATUSES
from guerdon.engine.commands.rewards import (
    BuyReward,
    ChangeCouponUsage,
    ChangeDeliveryStatus,
    UsageChange,
)
from guerdon.errors import InvalidForm, NotFound, Refused
from guerdon.store import definitions, members, rewards
from guerdon.store.port import Rows
from guerdon.store.rewards import BoughtCoupon, Filters
from guerdon.web import answers

_DAY_CHARS = len("YYYY-MM-DD")
_NOBODY = 0
_BAD_REQUEST = 400
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
    form = await visit.form("")
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
    found = (members.by_id(rows, visit.tenant_id, row[0]) for row in said)
    return [each.number if each else _NOBODY for each in found]


def _bad_request(refused: Refused) -> Answer:
    """The documented answer, with the row and the reason beside it."""
    error: dict[str, Any] = {"code": _BAD_REQUEST, "message": "Bad Request"}
    if refused.index is not None:
        error.update(index=refused.index, reason=refused.code)
    if isinstance(refused, InvalidForm):
        error["form"] = {"children": refused.tree}
    return answers.json_answer(_BAD_REQUEST, {"error": error})


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


# --- Who bought what -----------------------------------------------------------------------------


async def list_mine(visit: Visit) -> Answer:
    """`GET /customer/campaign/bought`."""
    return await _owned(visit, "customer", visit.caller.number or 0)


async def list_of_customer(visit: Visit) -> Answer:
    """`GET /{admin|seller}/customer/{customer}/campaign/bought`."""
    number = await visit.read(lambda rows: member_number(rows, visit))
    return await _owned(visit, "seller" if visit.caller.kind == "seller" else "admin", number)


async def _owned(visit: Visit, audience: Audience, number: int) -> Answer:
    page = visit.page(("purchaseAt", "used"), "purchaseAt")
    has_details = visit.asked_switch("includeDetails")

    def found(rows: Rows) -> tuple[list[dict[str, Any]], int]:
        several = rewards.of_member(
            rows,
            visit.tenant_id,
            number,
            limit=page.limit,
            offset=page.offset,
            by_use=page.sort == "used",
            descending=page.descending,
        )
        showing = shower(rows, visit, audience)
        total, _ = rewards.tally(rows, visit.tenant_id, number)
        return [
            showing.owned(
                each,
                definitions.get(rows, visit.tenant_id, "Reward", each.reward_id)
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
        return [showing.bought(each) for each in chosen], count if total is None else total

    items, total = await visit.read_long(found)
    return visit.listed("boughtCampaigns", items, total)


async def export(visit: Visit) -> Answer:
    """`GET /campaign/bought/export/csv`."""
    filters = _filters(visit)
    return await campaigns_csv.answer(visit, filters)


def endpoints() -> list[Endpoint]:
    """Everything about bought coupons."""
    see, do = "REWARD_CAMPAIGN:VIEW", "REWARD_CAMPAIGN:MODIFY"
    purchase = "/customer/{customer}/campaign/{campaign}/buy"
    owned, used = "/customer/{customer}/campaign/bought", "/campaign/coupons/mark_as_used"
    delivery = "/admin/customer/{customer}/bought/coupon/{coupon}/changeDeliveryStatus"
    return [
        Endpoint("POST", "/customer/campaign/{campaign}/buy", buy, "customer"),
        Endpoint("POST", "/seller" + purchase, buy_as_seller, "seller"),
        Endpoint("POST", "/admin" + purchase, buy_as_admin, "admin", do),
        Endpoint("POST", "/admin" + used, mark_used, "admin", do),
        Endpoint("POST", "/customer" + used, mark_used, "customer"),
        Endpoint("PUT", delivery, change_delivery, "admin", do),
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
    moment = read_moment(asked, visit.timezone)
    if moment is None:
        raise Refused(f"{name} must be a date.", code="invalid_parameter", field=name)
    if name.endswith("To"):
        moment += (DAY if len(asked) == _DAY_CHARS else SECOND) - 1
    return max(0, moment)


def _counted(rows: Rows, tenant_id: int, filters: Filters) -> int | None:
    """How many there are where a counter knows it."""
    coupons, used = rewards.tally(rows, tenant_id)
    known = {Filters(): coupons, Filters(used=1): used, Filters(used=0): coupons - used}
    return known.get(filters)
