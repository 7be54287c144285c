"""Analytics: what there is altogether, of members, points, referrals, purchases and levels.

Everything is answered from what is kept while things happen; nothing is counted when somebody asks.
`in_7_days` reaches from seven days ago, at the full hour, until now. A purchase counts when it was
made; a return takes its amount off, and leaves the number of purchases as it is.
Source: Open Loyalty 4.3, "Analytics".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from guerdon.clock import DAY
from guerdon.dialects.openloyalty import levels_forms
from guerdon.dialects.openloyalty.desk import Answer, Endpoint, Visit
from guerdon.domain import invitations
from guerdon.domain.points import SPENT
from guerdon.domain.purchases import money_amount, money_number
from guerdon.domain.registration import points_number
from guerdon.store import decisions, definitions, levels, points, registrations, standing, tallies
from guerdon.store.definitions import Definition
from guerdon.store.port import Rows

_DAYS = (1, 7, 30, 365)
_PER_CENT = 100
_PERMISSION = "ANALYTICS:VIEW"


async def customers(visit: Visit) -> Answer:
    """`GET /admin/analytics/customers`: who is registered, and since when."""

    def read(rows: Rows) -> dict[str, Any]:
        gone = standing.deleted(rows, visit.tenant_id)
        ever = registrations.registered(rows, visit.tenant_id)

        def since(moment: int) -> int:
            before = registrations.registered_before(rows, visit.tenant_id, moment)
            return ever - before - sum(number > before for number in gone)

        return {"total": ever - len(gone), "intervals": _intervals(visit, since)}

    return visit.ok(await visit.read(read))


async def points_spent(visit: Visit) -> Answer:
    """`GET /admin/analytics/points`: points that were spent and not given back."""

    def read(rows: Rows) -> dict[str, Any]:
        spent = points.programme(rows, visit.tenant_id)[SPENT]
        return {
            "totalSpendingTransfers": points.total(rows, visit.tenant_id, kinds=("spending",)),
            "totalPointsSpent": points_number(spent),
        }

    return visit.ok(await visit.read(read))


async def referrals(visit: Visit) -> Answer:
    """`GET /admin/analytics/referrals`: invitations by what became of them.

    Registered are those who joined and bought nothing yet; completed, those who bought.
    """

    def read(rows: Rows) -> dict[str, Any]:
        def total(type: str) -> int:
            return decisions.total_of(rows, visit.tenant_id, type)

        completed = total(invitations.PURCHASE_WAS_MADE)
        return {
            "total": total(invitations.INVITATION_WAS_CREATED),
            "totalCompleted": completed,
            "totalRegistered": total(invitations.CUSTOMER_WAS_ATTACHED) - completed,
        }

    return visit.ok(await visit.read(read))


async def transactions(visit: Visit) -> Answer:
    """`GET /admin/analytics/transactions`: purchases, how many and how much.

    `excludeCustomersWithoutTransaction` is taken and changes nothing: they add nothing to a sum.
    """
    visit.asked_switch("excludeCustomersWithoutTransaction")

    def read(rows: Rows) -> dict[str, Any]:
        bought = tallies.of_tenant(rows, visit.tenant_id)
        return {
            "total": bought.count,
            "countIntervals": _intervals(
                visit,
                lambda since: tallies.made_between(rows, visit.tenant_id, since, visit.now),
            ),
            "amount": money_number(bought.amount),
            "amountWithoutDeliveryCosts": money_number(bought.amount_without_delivery),
            "currency": visit.settings["programme.currency"],
        }

    return visit.ok(await visit.read(read))


async def level_members(visit: Visit) -> Answer:
    """`GET /admin/analytics/levels`: how many members each level has, lowest first."""

    def read(rows: Rows) -> list[dict[str, Any]]:
        members = levels.totals(rows, visit.tenant_id)
        known = definitions.of_kind(rows, visit.tenant_id, "Level")
        return [_level(visit, each, members) for each in sorted(known, key=_condition)]

    found = await visit.read(read)
    return visit.ok({"total": len(found), "levels": found})


def endpoints() -> list[Endpoint]:
    """Everything about analytics."""
    answered = {
        "customers": customers,
        "points": points_spent,
        "referrals": referrals,
        "transactions": transactions,
        "levels": level_members,
    }
    return [
        Endpoint("GET", f"/admin/analytics/{name}", handler, "admin", _PERMISSION)
        for name, handler in answered.items()
    ]


def _intervals(visit: Visit, since: Callable[[int], int]) -> dict[str, int]:
    this_hour = visit.now // tallies.HOUR * tallies.HOUR
    return {f"in_{days}_days": since(this_hour - days * DAY) for days in _DAYS}


def _level(visit: Visit, level: Definition, members: dict[str, int]) -> dict[str, Any]:
    whole, rest = divmod(_condition(level) // _PER_CENT, 100)
    return {
        "levelId": level.definition_id,
        "name": levels_forms.texts(visit, level.body)["name"],
        "conditionValue": f"{whole}.{rest:02}",
        "store": "",
        "customers": members.get(level.definition_id, 0),
    }


def _condition(level: Definition) -> int:
    """From which amount on somebody has it, in 1/10,000."""
    return money_amount(level.body.get("conditionValue") or 0)
