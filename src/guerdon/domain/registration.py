"""A member's first decisions, and the plain ones about details.

Payloads have Open Loyalty's names in its order: ids are objects (`{"accountId": "…"}`), times
are ISO-8601 with the offset of the programme's time zone, the time of a change is `updateAt`,
and what is not known is left out.

Units:  moments are microseconds UTC; points are whole hundredths, shown as numbers (690 -> 6.9).
Source: Open Loyalty 4.3, "Event API"; what was stored in 3.2.
"""

from __future__ import annotations

from datetime import datetime, tzinfo
from functools import lru_cache
from typing import Any, Literal

import msgspec

from guerdon.clock import to_local
from guerdon.domain.decisions import Decision
from guerdon.domain.openloyalty_types import ACCOUNT, USER

CUSTOMER_WAS_REGISTERED = USER + "CustomerWasRegistered"
ACCOUNT_WAS_CREATED = ACCOUNT + "AccountWasCreated"
ASSIGNED_ACCOUNT_TO_CUSTOMER = USER + "AssignedAccountToCustomer"
CUSTOMER_WAS_ASSIGNED_TO_STORE = USER + "CustomerWasAssignedToStore"
ACCOUNT_WAS_ASSIGNED_TO_STORE = ACCOUNT + "AccountWasAssignedToStore"
CUSTOMER_DETAILS_WERE_UPDATED = USER + "CustomerDetailsWereUpdated"

Issuer = Literal["admin", "seller", "system", "api", "internal"]
_HUNDRED = 100


def decisions(  # noqa: PLR0913 - a registration is about this many things
    *,
    member_id: str,
    account_id: str,
    store_id: str,
    store_code: str,
    number: int,
    customer_data: dict[str, Any],
    moment: int,
    timezone: tzinfo,
) -> list[Decision]:
    """What a registration decides, in the documented order: the member, the account, the store.

    customer_data: the accepted details; the personal part of the first decision.
    """
    customer = {"customerId": member_id}
    account = {"accountId": account_id}
    store = {"storeId": {"storeId": store_id}, "storeCode": store_code}
    update_at = local(moment, timezone)

    def of_customer(type: str, **parts: Any) -> Decision:
        payload = {"customerId": customer, **parts}
        return Decision(type=type, aggregate=member_id, number=number, payload=payload)

    def of_account(type: str, **parts: Any) -> Decision:
        payload = {"accountId": account, **parts}
        return Decision(type=type, aggregate=account_id, number=number, payload=payload)

    return [
        _about_details(
            CUSTOMER_WAS_REGISTERED,
            member_id,
            number,
            dated(customer_data, timezone),
            update_at=update_at,
        ),
        of_account(ACCOUNT_WAS_CREATED, customerId=customer),
        of_customer(ASSIGNED_ACCOUNT_TO_CUSTOMER, accountId=account),
        of_customer(CUSTOMER_WAS_ASSIGNED_TO_STORE, **store, updateAt=update_at),
        of_account(ACCOUNT_WAS_ASSIGNED_TO_STORE, **store),
    ]


def details_updated(
    *,
    member_id: str,
    number: int,
    customer_data: dict[str, Any],
    moment: int,
    timezone: tzinfo,
) -> Decision:
    """A member's details changed; `customer_data` holds only what was submitted."""
    update_at = local(moment, timezone)
    return _about_details(
        CUSTOMER_DETAILS_WERE_UPDATED,
        member_id,
        number,
        dated(customer_data, timezone),
        update_at=update_at,
    )


def dated(customer_data: dict[str, Any], timezone: tzinfo) -> dict[str, Any]:
    """Details with the day of birth as payloads show it: its midnight in the programme's zone."""
    day = customer_data.get("birthDate")
    if not day:
        return customer_data
    return {**customer_data, "birthDate": _midnight(day, timezone)}


@lru_cache(4_096)
def _midnight(day: str, timezone: tzinfo) -> str:
    return datetime.fromisoformat(day).replace(tzinfo=timezone).isoformat(timespec="seconds")


@lru_cache(maxsize=1_024)
def local(moment: int, timezone: tzinfo) -> str:
    """A moment as payloads show it: `2020-10-15T12:06:38+02:00`, whole seconds.

    Remembered, since decisions of one commit share their moments.
    """
    return to_local(moment, timezone).isoformat(timespec="seconds")


def points_number(hundredths: int) -> int | msgspec.Raw:
    """Hundredths as a JSON number without a superfluous digit: 10000 -> 100, 690 -> 6.9.

    A fraction is a piece of JSON text, since a binary fraction would not be exact.
    """
    if not hundredths % _HUNDRED:
        return hundredths // _HUNDRED
    whole, rest = divmod(abs(hundredths), _HUNDRED)
    sign = "-" if hundredths < 0 else ""
    return msgspec.Raw(f"{sign}{whole}.{rest:02}".rstrip("0").encode())


def _about_details(
    type: str, member_id: str, number: int, customer_data: dict[str, Any], *, update_at: str
) -> Decision:
    payload = {
        "customerId": {"customerId": member_id},
        "customerData": customer_data,
        "updateAt": update_at,
    }
    return Decision(
        type=type, aggregate=member_id, number=number, payload=payload, personal="customerData"
    )
