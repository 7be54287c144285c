"""Lists of members: everybody, those who fit filters, those a seller looks for.

Everybody in the order of registration is a page worked out from numbers. An e-mail, phone or card
asked for as a whole is one look-up. Any other filter, and any other order, looks at the first
`limits.search_members_max` members; when there are more, the answer says how many were looked at in
the header `X-Guerdon-Searched`. Members who were deleted are in none of them.

Units:  amounts are 1/10,000, times microseconds UTC.
Errors: Refused `invalid_parameter` with the field.
Source: Open Loyalty 4.3, "Customers": filters match parts of texts unless `strict` is 1.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec

from guerdon import limits
from guerdon.clock import DAY, SECOND
from guerdon.dialects.openloyalty.customers_shapes import Shape, Shower, created_at
from guerdon.dialects.openloyalty.desk import Answer, Visit
from guerdon.dialects.openloyalty.lists import Page
from guerdon.domain import identities
from guerdon.domain.purchases import money_amount
from guerdon.errors import Refused
from guerdon.store import members, purchases, registrations, standing
from guerdon.store.members import Member
from guerdon.store.port import Rows
from guerdon.store.purchases import Total

_NAMED = {
    "email": identities.EMAIL,
    "phone": identities.PHONE,
    "loyaltyCardNumber": identities.CARD,
}
_TEXTS = ("firstName", "lastName", *_NAMED)
_EITHER = {"emailOrPhone": ("email", "phone")}
_AMOUNTS: dict[str, Callable[[Total], int]] = {
    "transactionsAmount": lambda total: total.gross,
    "averageTransactionAmount": lambda total: total.average,
    "transactionsCount": lambda total: total.purchases,
}
_COUNTED = ("transactionsCount",)
_WHOLE = re.compile(r"[0-9]{1,6}")
_MONEY = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,4})?")
_ADDRESS = {"city": "city", "postcode": "postal"}
_HOUR = 3_600 * SECOND
_TELLING_PHONES = ("phone", "emailOrPhone")
_UNESCAPED = re.compile(r"^ (?=[0-9])")
_BY_TOTAL = (*_AMOUNTS, "lastTransactionDate")
_BY_DETAIL = (*_TEXTS, "gender", "birthDate")
SORTS = (*_BY_DETAIL, *_BY_TOTAL, "customerId", "createdAt", "updatedAt")


Following = Callable[[Rows, int, int], list[Member]]
"""The next members by number: (rows, after, limit)."""


class Wanted(msgspec.Struct, frozen=True):
    """Whom a list is about. `texts` are lower-case; `totals` are (name, from, to), ends included.

    updated_from, bought_from: the earliest last update and last purchase, or None.
    """

    texts: dict[str, str] = {}
    totals: tuple[tuple[str, int | None, int | None], ...] = ()
    updated_from: int | None = None
    bought_from: int | None = None
    strict: bool = False

    @property
    def is_everybody(self) -> bool:
        """Whether there is no filter at all."""
        return not (self.texts or self.totals) and self.updated_from is self.bought_from is None


async def everybody(visit: Visit) -> Answer:
    """`GET /customer`, `GET /admin/customer`."""
    wanted = filters(visit)
    page = visit.page(SORTS)
    if wanted.is_everybody and not page.sort:
        numbers, total = await visit.read(
            lambda rows: registrations.page(
                rows,
                visit.tenant_id,
                offset=page.offset,
                limit=page.limit,
                descending=page.descending,
            )
        )
        return visit.listed("customers", await _shapes(visit, numbers), total)
    search = Search(visit, wanted, page.sort)
    await search.run()
    shapes = await _shapes(visit, search.cut(page))
    return search.told(visit.listed("customers", shapes, len(search.found)))


async def sought(visit: Visit) -> Answer:
    """`POST /pos/search/customer`: whoever fits all that was said, a page of them at most."""
    form = await visit.form("search")
    texts = {}
    for name in (*_TEXTS, *_ADDRESS):
        text = form.text(name, required=False)
        if text:
            texts[name] = text.lower()
    form.check()
    search = Search(visit, Wanted(texts), "")
    await search.run(found_max=limits.page_items_max)
    numbers = [number for _, number in search.found[: limits.page_items_max]]
    shower = shower_of(visit)
    shapes = await visit.read(
        lambda rows: [shower(rows).found(member) for member in _members(rows, visit, numbers)]
    )
    return search.told(visit.ok({"customers": shapes}))


def shower_of(visit: Visit) -> Callable[[Rows], Shower]:
    """What shows members in this tenant's way."""
    currency = visit.settings["programme.currency"]
    return lambda rows: Shower(rows, visit.tenant_id, visit.timezone, currency, visit.now)


def filters(visit: Visit) -> Wanted:
    """The documented filters of a query, and those that clients of release 3 ask for besides."""
    totals = []
    for name in _AMOUNTS:
        exact = _amount(visit, name, "")
        low, high = (
            _amount(visit, name, end) if exact is None else exact for end in ("From", "To")
        )
        if low is not None or high is not None:
            totals.append((name, low, high))
    days = _whole(visit, "daysFromLastTransactionTo")
    hours = _whole(visit, "hoursFromLastUpdateTo")
    return Wanted(
        texts={name: text.lower() for name in (*_TEXTS, *_EITHER) if (text := _asked(visit, name))},
        totals=tuple(totals),
        updated_from=None if hours is None else visit.now - hours * _HOUR,
        bought_from=None if days is None else visit.now - days * DAY,
        strict=bool(visit.asked_switch("strict")),
    )


def _asked(visit: Visit, name: str) -> str:
    """A text asked for. A blank in an e-mail, or before a phone, is a `+` that was not escaped.

    Source: clients that put the address together by hand.
    """
    text = visit.asked(name)
    if name == "email" or "@" in text:
        return text.replace(" ", "+")
    return _UNESCAPED.sub("+", text) if name in _TELLING_PHONES else text


class Search:
    """Everybody who fits, in the order of registration, read a slice at a time.

    following: what knows the next members, where it is not about all of them.
    """

    def __init__(
        self, visit: Visit, wanted: Wanted, sort: str, following: Following | None = None
    ) -> None:
        self.found: list[tuple[Any, int]] = []
        self._after = 0
        self._following = following or self._of_everybody
        self._gone: set[int] = set()
        self._is_finished = False
        self._looked_at = 0
        self._sort = sort
        self._tenant_id = visit.tenant_id
        self._visit = visit
        self._wanted = wanted

    async def run(self, found_max: int = 0) -> None:
        """Look until everybody was seen, or enough; `found_max` 0 means as many as there are."""
        read = self._visit.read
        self._gone = set(await read(lambda rows: standing.deleted(rows, self._tenant_id)))
        if self._identity() is not None:
            await read(self._look_up)
        while not self._is_finished and self._looked_at < limits.search_members_max:
            await read(self._slice)
            if found_max and len(self.found) >= found_max:
                break

    def cut(self, page: Page) -> list[int]:
        """The numbers on a page; members without what is sorted by come last."""
        if page.sort:
            known = [pair for pair in self.found if pair[0] is not None]
            known.sort(key=lambda pair: pair[0], reverse=page.descending)
            ordered = known + [pair for pair in self.found if pair[0] is None]
        else:
            ordered = self.found[::-1] if page.descending else self.found
        return [number for _, number in ordered[page.offset : page.offset + page.limit]]

    def told(self, answer: Answer) -> Answer:
        """The answer, with how many were looked at when that was not everybody."""
        if self._is_finished:
            return answer
        return answer.with_headers((b"x-guerdon-searched", b"%d" % self._looked_at))

    def _identity(self) -> tuple[str, str] | None:
        """A name asked for as a whole: only one member can have it."""
        texts = self._wanted.texts
        field = next((name for name in _NAMED if name in texts), None)
        if not self._wanted.strict or field is None:
            return None
        asked = _asked(self._visit, field)
        try:
            return _NAMED[field], identities.normalise(_NAMED[field], asked)
        except Refused:
            return None  # too long to be anybody's; the search finds nobody

    def _look_up(self, rows: Rows) -> None:
        kind, value = self._identity() or ("", "")
        number = members.find(rows, self._tenant_id, kind, value)
        member = members.by_number(rows, self._tenant_id, number) if number else None
        self._look_at(rows, [member] if member else [])
        self._is_finished = True

    def _of_everybody(self, rows: Rows, after: int, limit: int) -> list[Member]:
        return members.after(rows, self._tenant_id, after, limit)

    def _slice(self, rows: Rows) -> None:
        some = self._following(rows, self._after, limits.search_slice_members)
        self._is_finished = len(some) < limits.search_slice_members
        self._look_at(rows, some)

    def _look_at(self, rows: Rows, some: list[Member]) -> None:
        self._looked_at += len(some)
        for member in some:
            self._after = member.number
            if member.number in self._gone:
                continue
            key = self._fitting(rows, member)
            if key is not None:
                self.found.append((key[0], member.number))

    def _fitting(self, rows: Rows, member: Member) -> tuple[Any] | None:
        """What a member who fits is sorted by; None for one who does not fit."""
        wanted = self._wanted
        if wanted.updated_from is not None and member.updated_at < wanted.updated_from:
            return None
        if not all(self._has(rows, member, *pair) for pair in wanted.texts.items()):
            return None
        needs_total = wanted.totals or wanted.bought_from is not None or self._sort in _BY_TOTAL
        total = Total()
        if needs_total:
            total = purchases.total_of(rows, self._tenant_id, member.number)
        if wanted.bought_from is not None and (
            not total.last_at or total.last_at < wanted.bought_from
        ):
            return None
        if not all(
            _is_within(_AMOUNTS[name](total), low, high) for name, low, high in wanted.totals
        ):
            return None
        return (self._key(rows, member, total),)

    def _has(self, rows: Rows, member: Member, name: str, text: str) -> bool:
        names = _EITHER.get(name, (name,))
        values = [(self._detail(rows, member, each) or "").lower() for each in names]
        return any(value == text if self._wanted.strict else text in value for value in values)

    def _detail(self, rows: Rows, member: Member, name: str) -> str | None:
        if name in _ADDRESS:
            return (member.profile.get("address") or {}).get(_ADDRESS[name])
        value: str | None = member.profile.get(name)
        if value is None and name in _NAMED:
            names = members.identities(rows, self._tenant_id, member.number)
            return dict(reversed(names)).get(_NAMED[name])
        return value

    def _key(self, rows: Rows, member: Member, total: Total) -> Any:
        sort = self._sort
        if sort in _BY_DETAIL:
            value = self._detail(rows, member, sort)
            return None if value is None else value.lower()
        if sort in _AMOUNTS:
            return _AMOUNTS[sort](total)
        plain = {
            "": None,
            "customerId": member.member_id,
            "createdAt": created_at(member),
            "updatedAt": member.updated_at,
            "lastTransactionDate": total.last_at or None,
        }
        return plain[sort]


async def _shapes(visit: Visit, numbers: list[int]) -> list[Shape]:
    shower = shower_of(visit)
    return await visit.read(
        lambda rows: [shower(rows).brief(member) for member in _members(rows, visit, numbers)]
    )


def _members(rows: Rows, visit: Visit, numbers: list[int]) -> list[Member]:
    found = (members.by_number(rows, visit.tenant_id, number) for number in numbers)
    return [member for member in found if member is not None]


def _is_within(value: int, low: int | None, high: int | None) -> bool:
    return (low is None or value >= low) and (high is None or value <= high)


def _amount(visit: Visit, name: str, end: str) -> int | None:
    """An end of a span of amounts: a number of purchases, or money."""
    if name in _COUNTED:
        return _whole(visit, name + end)
    text = visit.asked(name + end)
    if not text:
        return None
    if not _MONEY.fullmatch(text):
        raise _invalid(name + end)
    return money_amount(msgspec.Raw(text.encode()))


def _whole(visit: Visit, name: str) -> int | None:
    text = visit.asked(name)
    if not text:
        return None
    if not _WHOLE.fullmatch(text):
        raise _invalid(name)
    return int(text)


def _invalid(field: str) -> Refused:
    return Refused(f"{field} must be a number.", code="invalid_parameter", field=field)
