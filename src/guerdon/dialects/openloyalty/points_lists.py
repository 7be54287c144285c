"""Lists of transfers of points, and how many there were on each of the last days.

A transfer's state is active, pending (locked), expired or canceled; `state` may be given several
times. A transfer's type is adding, spending, p2p_adding, p2p_spending or, for points put aside,
blocked; points given back for a reward are of the type adding. `expireAt` in a customer's list is
`expiresAt`, which is there as well: the documents call it both.

Lists are in the order of creation. One that is short enough to be looked at as a whole can be
sorted otherwise too.
Source: Open Loyalty 4.3, "Points transfers", "Customer points transfers".
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec

from guerdon import limits
from guerdon.clock import to_local
from guerdon.dialects.openloyalty.desk import Answer, Visit
from guerdon.dialects.openloyalty.lists import Page
from guerdon.domain.purchases import money_number, shown_item
from guerdon.domain.registration import points_number
from guerdon.errors import Refused
from guerdon.store import members, points, purchases
from guerdon.store.members import Member
from guerdon.store.points import KINDS, STATES, Transfer
from guerdon.store.port import Rows

_TYPES = {
    "adding": "adding",
    "returning": "adding",
    "p2p_adding": "p2p_adding",
    "spending": "spending",
    "p2p_spending": "p2p_spending",
    "blocking": "blocked",
}
_NAMED = {
    "customerFirstName": "firstName",
    "customerLastName": "lastName",
    "customerLoyaltyCardNumber": "loyaltyCardNumber",
    "customerEmail": "email",
    "customerPhone": "phone",
}
_SEARCHED = ("customerFirstName", "customerLastName", "customerEmail", "customerPhone")
_CREATED = "createdAt"
_SORTS: dict[str, Callable[[Transfer], Any]] = {
    _CREATED: lambda transfer: transfer.position,
    "value": lambda transfer: transfer.value,
    "expiresAt": lambda transfer: transfer.expires_at,
    "state": lambda transfer: transfer.state,
    "type": lambda transfer: _TYPES[transfer.kind],
    "issuer": lambda transfer: transfer.issuer,
    "comment": lambda transfer: transfer.comment,
}
_ORDERS = (*_SORTS, *_NAMED)
_DAYS = 30


class _Wanted(msgspec.Struct, frozen=True):
    """Which transfers a list is about."""

    kinds: tuple[str, ...]
    states: tuple[str, ...]


async def list_all(visit: Visit) -> Answer:
    """`GET /points/transfer` and `GET /seller/points/transfer`."""
    page, wanted = visit.page(_ORDERS), _wanted(visit)
    member_id = visit.asked("customerId").lower()
    parts = {name: visit.asked(name).lower() for name in _SEARCHED}
    looks_for = {_NAMED[name]: part for name, part in parts.items() if part}

    def found(rows: Rows) -> tuple[list[dict[str, Any]], int]:
        if not member_id and not looks_for:
            return _of_everybody(rows, visit, wanted, page)
        numbers = _numbers(rows, visit.tenant_id, member_id, looks_for)
        return _of_members(rows, visit, numbers, wanted, page)

    items, total = await (visit.read_long if looks_for or page.sort else visit.read)(found)
    return visit.listed("transfers", items, total)


async def list_mine(visit: Visit) -> Answer:
    """`GET /customer/points/transfer`: the caller's own."""
    page, wanted, number = visit.page(_ORDERS), _wanted(visit), visit.caller.number or 0
    items, total = await visit.read(lambda rows: _of_members(rows, visit, [number], wanted, page))
    for item in items:
        if "expiresAt" in item:
            item["expireAt"] = item["expiresAt"]
    return visit.listed("transfers", items, total)


async def histogram(visit: Visit) -> Answer:
    """`GET /points/transfers`: how many there were on each of the last 30 days."""
    today = to_local(visit.now, visit.timezone).date()
    days = [(today - timedelta(days=back)).isoformat() for back in range(_DAYS - 1, -1, -1)]
    found = await visit.read(
        lambda rows: {day: points.on_day(rows, visit.tenant_id, day) for day in days}
    )
    return visit.ok(found)


def _wanted(visit: Visit) -> _Wanted:
    states = visit.asked_all("state")
    kind = visit.asked("type")
    if unknown := [state for state in states if state not in STATES]:
        raise _invalid("state", f"{unknown[0]} is no state")
    if kind and kind not in _TYPES.values():
        raise _invalid("type", f"{kind} is no type")
    kinds = tuple(each for each in KINDS if kind in ("", _TYPES[each]))
    return _Wanted(kinds, tuple(dict.fromkeys(states)) or STATES)


def _invalid(field: str, what: str) -> Refused:
    return Refused(f"{what}.", code="invalid_parameter", field=field)


def _of_everybody(
    rows: Rows, visit: Visit, wanted: _Wanted, page: Page
) -> tuple[list[dict[str, Any]], int]:
    total = points.total(rows, visit.tenant_id, wanted.kinds, wanted.states)
    whole = page.sort not in ("", _CREATED)
    if whole and total > limits.openloyalty_rows_deep_max:
        raise _invalid("sort", "so many transfers can only be sorted by createdAt")
    found = points.page(
        rows,
        visit.tenant_id,
        kinds=wanted.kinds,
        states=wanted.states,
        offset=0 if whole else page.offset,
        limit=total if whole else page.limit,
        descending=page.descending and not whole,
    )
    return _shown(rows, visit, _cut(rows, visit, found, page) if whole else found), total


def _of_members(
    rows: Rows, visit: Visit, numbers: list[int], wanted: _Wanted, page: Page
) -> tuple[list[dict[str, Any]], int]:
    """Of a few members: of each the first, as many as a list may be deep."""
    found: list[Transfer] = []
    for number in numbers:
        mine = points.of_member(
            rows, visit.tenant_id, number, limit=limits.openloyalty_rows_deep_max
        )
        found += [
            each
            for each in mine
            if each.kind in wanted.kinds and _state(each, visit.now) in wanted.states
        ]
    found.sort(key=lambda transfer: transfer.position)
    return _shown(rows, visit, _cut(rows, visit, found, page)), len(found)


def _cut(rows: Rows, visit: Visit, found: list[Transfer], page: Page) -> list[Transfer]:
    """A page of them, ordered by what they are, or by a detail of whose they are."""
    detail = _NAMED.get(page.sort)
    if detail is None:
        return page.cut(found, lambda transfer, sort: _SORTS[sort](transfer))
    values = {
        number: str(member.profile.get(detail) or "").lower() if member else ""
        for number, member in _people(rows, visit, found).items()
    }
    return page.cut(found, lambda transfer, _: values[transfer.number] or None)


def _numbers(rows: Rows, tenant_id: int, member_id: str, looks_for: dict[str, str]) -> list[int]:
    """The members with that uuid, if one is given, and with those parts of their details."""
    if member_id:
        member = members.by_id(rows, tenant_id, member_id)
        several = [member] if member else []
        return [each.number for each in several if _fits(each, looks_for)]
    numbers: list[int] = []
    after = looked_at = 0
    while looked_at < limits.search_members_max:
        some = members.after(rows, tenant_id, after, limits.search_slice_members)
        numbers += [each.number for each in some if _fits(each, looks_for)]
        looked_at += len(some)
        if len(some) < limits.search_slice_members:
            break
        after = some[-1].number
    return numbers


def _fits(member: Member, looks_for: dict[str, str]) -> bool:
    return all(
        part in str(member.profile.get(name) or "").lower() for name, part in looks_for.items()
    )


def _people(rows: Rows, visit: Visit, transfers: list[Transfer]) -> dict[int, Member | None]:
    numbers = {each.number for each in transfers}
    return {number: members.by_number(rows, visit.tenant_id, number) for number in numbers}


def _shown(rows: Rows, visit: Visit, transfers: list[Transfer]) -> list[dict[str, Any]]:
    people = _people(rows, visit, transfers)
    return [_item(rows, visit, each, people[each.number]) for each in transfers]


def _item(rows: Rows, visit: Visit, transfer: Transfer, member: Member | None) -> dict[str, Any]:
    details = member.profile if member else {}
    shown = {
        "pointsTransferId": transfer.transfer_id,
        "accountId": member.account_id if member else None,
        "customerId": member.member_id if member else None,
        **{name: details.get(detail) for name, detail in _NAMED.items()},
        "createdAt": visit.date(transfer.created_at),
        "expiresAt": visit.date(transfer.expires_at) if transfer.expires_at else None,
        "lockedUntil": visit.date(transfer.locked_until) if transfer.locked_until else None,
        "value": points_number(transfer.value),
        "state": _state(transfer, visit.now),
        "type": _TYPES[transfer.kind],
        **_of_purchase(rows, visit.tenant_id, transfer),
        "comment": transfer.comment,
        "issuer": transfer.issuer,
        "explanation": transfer.explanation or None,
    }
    return {name: value for name, value in shown.items() if value is not None}


def _of_purchase(rows: Rows, tenant_id: int, transfer: Transfer) -> dict[str, Any]:
    if transfer.transaction_id is None:
        return {}
    shown: dict[str, Any] = {"transactionId": {"transactionId": transfer.transaction_id}}
    purchase = purchases.by_id(rows, tenant_id, transfer.transaction_id)
    if purchase is not None:
        shown["transactionDocumentNumber"] = purchase.document_number
        shown["transaction"] = {
            "grossValue": money_number(purchase.gross),
            "items": [shown_item(item) for item in purchase.items],
        }
    return shown


def _state(transfer: Transfer, now: int) -> str:
    """As stored, but for a lot that has lapsed before anybody came to record it."""
    has_lapsed = transfer.expires_at is not None and transfer.expires_at <= now
    is_left = transfer.state == "active" and bool(transfer.remaining)
    return "expired" if is_left and has_lapsed else transfer.state
