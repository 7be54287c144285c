"""Rosters: the members of a level or of a segment, listed and as a sheet.

Source: Open Loyalty 4.3, "Levels", "Segments", "Utilities": the sheet's columns are the documented
        ones, agreements are 1 or empty.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from guerdon import limits
from guerdon.clock import to_local
from guerdon.dialects.openloyalty import sheets
from guerdon.dialects.openloyalty.customers_shapes import created_at
from guerdon.dialects.openloyalty.desk import Answer, Visit
from guerdon.dialects.openloyalty.lists import Page
from guerdon.domain import identities
from guerdon.errors import Refused
from guerdon.store import members
from guerdon.store.members import Member
from guerdon.store.port import Rows

COLUMNS = (
    "First name",
    "Last name",
    "E-mail address",
    "Gender",
    "Telephone",
    "Loyalty card number",
    "Birthdate",
    "Created at",
    "Legal agreement",
    "Marketing agreement",
    "Data processing agreement",
)
_AGREEMENTS = ("agreement1", "agreement2", "agreement3")
_MOMENT = "%Y-%m-%d %H:%M:%S"

Numbers = Callable[[Rows, int, int], list[int]]
"""The next members by number: (rows, after, limit)."""


def members_of(rows: Rows, tenant_id: int, numbers: Sequence[int]) -> list[Member]:
    """The members with these numbers."""
    found = (members.by_number(rows, tenant_id, number) for number in numbers)
    return [member for member in found if member is not None]


def window(page: Page, total: int) -> tuple[int, int]:
    """(offset, limit) of a page among `total` ascending numbers.

    A page of a descending list is read in ascending order as well, and turned round afterwards.
    """
    if not page.descending:
        return page.offset, page.limit
    end = max(0, total - page.offset)
    offset = max(0, end - page.limit)
    return offset, end - offset


def brief(member: Member) -> dict[str, Any]:
    """A member as the lists of a level show them."""
    shown = {"customerId": member.member_id}
    for name in ("firstName", "lastName", "email"):
        if member.profile.get(name):
            shown[name] = member.profile[name]
    return shown


async def exported(visit: Visit, filename: str, numbers: Numbers) -> Answer:
    """All members as a sheet. Errors: Refused `too_many_rows`."""
    parts = [sheets.line(COLUMNS)]
    after = 0
    while True:
        page, lines = await visit.read_long(_slice(visit, numbers, after))
        parts += lines
        if len(parts) > limits.csv_members_max:
            message = f"A sheet has at most {limits.csv_members_max} rows; read the list instead."
            raise Refused(message, code="too_many_rows")
        if len(page) < limits.csv_slice_members:
            return visit.sent(sheets.MEDIA_TYPE, b"".join(parts), filename)
        after = page[-1]


def _slice(
    visit: Visit, numbers: Numbers, after: int
) -> Callable[[Rows], tuple[list[int], list[bytes]]]:
    """A question for the next members: their numbers, and their rows of the sheet."""

    def question(rows: Rows) -> tuple[list[int], list[bytes]]:
        page = numbers(rows, after, limits.csv_slice_members)
        found = members_of(rows, visit.tenant_id, page)
        return page, [sheets.line(_cells(rows, visit, each)) for each in found]

    return question


def _cells(rows: Rows, visit: Visit, member: Member) -> list[str]:
    details = member.profile
    names = dict(reversed(members.identities(rows, visit.tenant_id, member.number)))
    birth_date = details.get("birthDate")
    return [
        str(details.get("firstName") or ""),
        str(details.get("lastName") or ""),
        str(details.get("email") or names.get(identities.EMAIL) or ""),
        str(details.get("gender") or ""),
        str(details.get("phone") or names.get(identities.PHONE) or ""),
        str(details.get("loyaltyCardNumber") or names.get(identities.CARD) or ""),
        f"{birth_date} 00:00:00" if birth_date else "",
        to_local(created_at(member), visit.timezone).strftime(_MOMENT),
        *("1" if details.get(name) else "" for name in _AGREEMENTS),
    ]
