"""Bought coupons as a sheet.

Source: Open Loyalty 4.3, "Reward campaigns": the documented columns; what was used is 1 or empty.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from guerdon import limits
from guerdon.clock import to_local
from guerdon.dialects.openloyalty import sheets
from guerdon.dialects.openloyalty.campaigns_coupons_shapes import person
from guerdon.dialects.openloyalty.desk import Answer, Visit
from guerdon.domain.purchases import money_number
from guerdon.domain.registration import points_number
from guerdon.errors import Refused
from guerdon.store import definitions, points, rewards
from guerdon.store.port import Rows
from guerdon.store.rewards import BoughtCoupon, Filters

COLUMNS = (
    "0.Name",
    "1.Date",
    "2.Cost",
    "3.Tax value",
    "4.email",
    "5.phone",
    "6.Firstname",
    "7.Surname",
    "8.Points balance",
    "9.Is used",
)
FILENAME = "bought-campaigns.csv"
_MOMENT = "%Y-%m-%d %H:%M:%S"


async def answer(visit: Visit, filters: Filters) -> Answer:
    """All that were bought, read in slices. Errors: Refused `too_many_rows`."""
    parts = [sheets.line(COLUMNS)]
    after = 0
    while True:
        found = await visit.read_long(_slice(visit, filters, after))
        parts += [line for _, line in found]
        if len(parts) > limits.csv_members_max:
            message = f"A sheet has at most {limits.csv_members_max} rows; ask for fewer days."
            raise Refused(message, code="too_many_rows")
        if len(found) < limits.csv_slice_members:
            return visit.sent(sheets.MEDIA_TYPE, b"".join(parts), FILENAME)
        after = found[-1][0]


def _slice(visit: Visit, filters: Filters, after: int) -> Callable[[Rows], list[tuple[int, bytes]]]:
    """A question for the next coupons: their ordinals, and their rows of the sheet."""

    def question(rows: Rows) -> list[tuple[int, bytes]]:
        page = rewards.bought(
            rows, visit.tenant_id, filters, limit=limits.csv_slice_members, after=after
        )
        return [(each.ordinal, sheets.line(_cells(rows, visit, each))) for each in page]

    return question


def _cells(rows: Rows, visit: Visit, coupon: BoughtCoupon) -> list[str]:
    details = person(rows, visit.tenant_id, coupon.number)
    account = points.account(rows, visit.tenant_id, coupon.number, visit.now)
    defined = definitions.get(rows, visit.tenant_id, "Reward", coupon.reward_id)
    tax = defined.body.get("taxPriceValue") if defined else None
    return [
        coupon.name,
        to_local(coupon.bought_at, visit.timezone).strftime(_MOMENT),
        _number(points_number(coupon.cost)),
        "" if tax is None else _number(money_number(tax)),
        *(str(details.get(name) or "") for name in ("email", "phone", "firstName", "lastName")),
        _number(points_number(account.available if account else 0)),
        "1" if coupon.used else "",
    ]


def _number(value: Any) -> str:
    return msgspec.json.encode(value).decode()
