"""Questions about rewards: codes in stock, coupons bought, and how many there are of each."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from guerdon.domain.coupons import Bought, CashbackStatus, Coupon, Status
from guerdon.domain.rewards import Sold
from guerdon.errors import NotFound
from guerdon.store.port import Row, Rows

_PAGE_ROWS = 1_000
_LAST = 2**62


class BoughtCoupon(msgspec.Struct, frozen=True):
    """A coupon a member has bought. Times are microseconds UTC, `cost` is in hundredths.

    ordinal:             the position of the decision that sold it.
    reward:              the reward's type, `name` its name, when it was sold.
    active_since:        from when on it can be used (None: at once), `active_to` until when.
    transaction_id:      the purchase it came with, `used_transaction_id` the one it was used with.
    returned:            how much of it was given back, in whole units of money.
    worth:               what a percentage code was sold with, in the same; 0 for all others.
    """

    ordinal: int
    coupon_id: str
    number: int
    member_id: str
    reward_id: str
    reward: str
    name: str
    code: str
    cost: int
    status: Status
    bought_at: int
    active_since: int | None
    active_to: int | None
    used: bool
    used_at: int | None
    transaction_id: str | None
    used_transaction_id: str | None
    returned: int
    delivery_status: str
    cashback_status: CashbackStatus | str
    worth: int

    def can_be_used(self, moment: int) -> bool:
        """Whether it can be used at a moment, whether or not the clockwork has come by."""
        since = self.active_since
        return self.is_unspent(moment) and (since is None or since <= moment)

    def is_unspent(self, moment: int) -> bool:
        """Whether it can be used at a moment, or later on."""
        until = self.active_to
        return (
            not self.used
            and self.status in ("active", "inactive")
            and (until is None or moment < until)
        )

    @property
    def named(self) -> Bought:
        """As decisions name it."""
        return Bought(
            member_id=self.member_id,
            number=self.number,
            reward_id=self.reward_id,
            coupon=Coupon(self.coupon_id, self.code),
            transaction_id=self.transaction_id,
        )


class Stock(msgspec.Struct, frozen=True):
    """A reward's counts; `last_ordinal` is the one its newest code has or had."""

    last_ordinal: int = 0
    stocked: int = 0
    free: int = 0
    bought: int = 0
    used: int = 0
    buyers: int = 0


class Filters(msgspec.Struct, frozen=True):
    """Which bought coupons are asked for; -1, and an empty text, is any. Ends are inclusive."""

    bought_from: int = 0
    bought_to: int = _LAST
    used: int = -1
    used_from: int = -1
    used_to: int = -1
    since_from: int = -1
    since_to: int = -1
    to_from: int = -1
    to_to: int = -1
    delivery: str = ""


def stock(rows: Rows, tenant_id: int, reward_id: str) -> Stock:
    """What was sold of a reward, and what is left."""
    row = rows.one("reward_tally", tenant_id=tenant_id, reward_id=reward_id)
    return Stock(*row) if row else Stock()


def sold(rows: Rows, tenant_id: int, reward_id: str, number: int) -> Sold:
    """The same, with what one member has of it."""
    counts = stock(rows, tenant_id, reward_id)
    row = rows.one("reward_bought_by", tenant_id=tenant_id, reward_id=reward_id, number=number)
    return Sold(
        bought=counts.bought,
        by_member=row[0] if row else 0,
        free=counts.free,
        stocked=counts.stocked,
        used=counts.used,
        buyers=counts.buyers,
    )


def all_sold(rows: Rows, tenant_id: int, number: int = 0) -> dict[str, Sold]:
    """What was sold of every reward, by its id; one nothing ever happened to is missing."""
    own: dict[str, int] = dict(rows.all("rewards_bought_by", tenant_id=tenant_id, number=number))
    return {
        reward_id: Sold(bought, own.get(reward_id, 0), free, stocked, used, buyers)
        for reward_id, stocked, free, bought, used, buyers in rows.all(
            "reward_tallies", tenant_id=tenant_id
        )
    }


def free_codes(rows: Rows, tenant_id: int, reward_id: str, count: int) -> list[str]:
    """The next codes that were never sold, fewer if there are not so many."""
    found = rows.all("free_codes", tenant_id=tenant_id, reward_id=reward_id, limit=count)
    return [row[0] for row in found]


def first_code(rows: Rows, tenant_id: int, reward_id: str) -> str | None:
    """The first code of a reward's stock, sold or not."""
    row = rows.one("first_code", tenant_id=tenant_id, reward_id=reward_id)
    return row[0] if row else None


def codes(rows: Rows, tenant_id: int, reward_id: str, count: int) -> Iterator[tuple[str, bool]]:
    """The first `count` codes of a reward's stock and whether each was sold."""
    after = 0
    while count > 0:
        page = rows.all(
            "codes",
            tenant_id=tenant_id,
            reward_id=reward_id,
            after=after,
            limit=min(count, _PAGE_ROWS),
        )
        if not page:
            return
        yield from ((code, bool(was_sold)) for _, code, was_sold in page)
        after = page[-1][0]
        count -= len(page)


def coupon(rows: Rows, tenant_id: int, coupon_id: str) -> BoughtCoupon | None:
    """One bought coupon."""
    row = rows.one("coupon", tenant_id=tenant_id, coupon_id=coupon_id)
    return _coupon(row) if row else None


def required_coupon(rows: Rows, tenant_id: int, coupon_id: str) -> BoughtCoupon:
    """One bought coupon. Errors: NotFound `unknown_coupon`."""
    found = coupon(rows, tenant_id, coupon_id)
    if found is None:
        raise NotFound(code="unknown_coupon")
    return found


def due(rows: Rows, tenant_id: int, now: int, limit: int) -> list[BoughtCoupon]:
    """Coupons whose status changes by itself, longest due first."""
    found = rows.all("coupons_due", tenant_id=tenant_id, now=now, limit=limit)
    return [required_coupon(rows, tenant_id, row[0]) for row in found]


def granted_with(rows: Rows, tenant_id: int, transaction_id: str) -> list[BoughtCoupon]:
    """Coupons that came with a purchase, oldest first."""
    found = rows.all("coupons_granted", tenant_id=tenant_id, transaction_id=transaction_id)
    return [required_coupon(rows, tenant_id, row[0]) for row in found]


def used_with(rows: Rows, tenant_id: int, transaction_id: str) -> list[BoughtCoupon]:
    """Coupons that were used with a purchase, oldest first."""
    found = rows.all("coupons_spent", tenant_id=tenant_id, transaction_id=transaction_id)
    return [required_coupon(rows, tenant_id, row[0]) for row in found]


def cashback_since(rows: Rows, tenant_id: int, number: int, since: int) -> int:
    """The points (hundredths) a member turned into cashback since a moment."""
    row = rows.one("cashback_redeemed", tenant_id=tenant_id, number=number, since=since)
    return int(row[0]) if row else 0


def tally(rows: Rows, tenant_id: int, number: int = 0) -> tuple[int, int]:
    """How many coupons a member has, or everybody (0), and how many of them were used."""
    row = rows.one("bought_tally", tenant_id=tenant_id, number=number)
    return (row[0], row[1]) if row else (0, 0)


def of_member(
    rows: Rows,
    tenant_id: int,
    number: int,
    *,
    limit: int,
    offset: int,
    by_use: bool = False,
    descending: bool = False,
) -> list[BoughtCoupon]:
    """A page of a member's coupons, by when they were bought, or first by whether they are used."""
    query = "member_coupons" + "_by_use" * by_use + "_back" * descending
    found = rows.all(query, tenant_id=tenant_id, number=number, limit=limit, offset=offset)
    return [_coupon(row) for row in found]


def bought(
    rows: Rows,
    tenant_id: int,
    filters: Filters,
    *,
    limit: int,
    after: int = 0,
    descending: bool = False,
) -> Iterator[BoughtCoupon]:
    """Bought coupons that fit, up to `limit`, read a slice at a time, oldest first or newest.

    after: the ordinal of the one they come after.
    """
    query = "coupons_bought_back" if descending else "coupons_bought"
    values = msgspec.structs.asdict(filters)
    since = _ordinal_since(rows, tenant_id, values.pop("bought_from"))
    after = max(after, since - 1)
    before = _ordinal_since(rows, tenant_id, values.pop("bought_to") + 1)
    while limit > 0:
        count = min(limit, _PAGE_ROWS)
        page = rows.all(
            query, tenant_id=tenant_id, after=after, before=before, limit=count, **values
        )
        yield from map(_coupon, page)
        if len(page) < count:
            return
        after, before = (after, page[-1][0]) if descending else (page[-1][0], before)
        limit -= count


def _ordinal_since(rows: Rows, tenant_id: int, moment: int) -> int:
    """The first coupon bought at a moment or later; coupons are numbered as they are bought."""
    row = rows.one("coupon_bought_since", tenant_id=tenant_id, moment=moment)
    return row[0] if row else _LAST


def _coupon(row: Row) -> BoughtCoupon:
    return BoughtCoupon(*(*row[:13], bool(row[13]), *row[14:]))
