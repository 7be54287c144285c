"""What was bought altogether, kept as counters: of the tenant, of each point of sale, of each hour.

Amounts are in 1/10,000; returns are taken off.
"""

from __future__ import annotations

import msgspec

from guerdon.clock import SECOND
from guerdon.store.port import Rows

HOUR = 3_600 * SECOND
PREFIX = "purchase:"
_WHATS = ("count", "gross", "net")


class Tally(msgspec.Struct, frozen=True):
    """How many purchases, how much they cost, and how much without delivery."""

    count: int
    amount: int
    amount_without_delivery: int


def changes(
    pos_id: str, *, is_return: bool, gross: int, gross_without_delivery: int
) -> dict[str, int]:
    """What one purchase adds to which counters."""
    sign = -1 if is_return else 1
    found = {}
    for place in ("", pos_id) if pos_id else ("",):
        found[_name(place, "count")] = 0 if is_return else 1
        found[_name(place, "gross")] = sign * abs(gross)
        found[_name(place, "net")] = sign * abs(gross_without_delivery)
    return found


def of_tenant(rows: Rows, tenant_id: int) -> Tally:
    """Everything."""
    return of_pos(rows, tenant_id, "")


def of_pos(rows: Rows, tenant_id: int, pos_id: str) -> Tally:
    """What was bought at one point of sale."""

    def total(what: str) -> int:
        row = rows.one("counter_total", tenant_id=tenant_id, name=_name(pos_id, what))
        return row[0] if row else 0

    return Tally(*map(total, _WHATS))


def of_every_pos(rows: Rows, tenant_id: int) -> dict[str, Tally]:
    """The same of each point of sale at which anything was bought, by its id."""
    totals: dict[str, int] = dict(rows.all("purchase_counters", tenant_id=tenant_id))
    places = {name.removeprefix(PREFIX).rpartition(":")[0] for name in totals}
    return {
        pos_id: Tally(*(totals.get(_name(pos_id, what), 0) for what in _WHATS))
        for pos_id in places
        if pos_id
    }


def made_between(rows: Rows, tenant_id: int, first: int, last: int) -> int:
    """How many purchases were made from the hour of one moment to that of another.

    Cost: one small row for each hour in which there were any.
    """
    row = rows.one(
        "purchases_in_hours", tenant_id=tenant_id, first=first // HOUR, last=last // HOUR
    )
    return row[0] if row else 0


def _name(pos_id: str, what: str) -> str:
    return f"{PREFIX}{pos_id}:{what}"
