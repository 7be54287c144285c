"""Questions about points: what an account holds, which lots can be spent, how it came to that.

Points are whole hundredths, times microseconds UTC.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from guerdon.domain.lots import FOREVER, Lot
from guerdon.domain.points import OF_PROGRAMME, position_of
from guerdon.errors import Defect
from guerdon.store import movements
from guerdon.store.port import Row, Rows

_LOTS_ROWS = 16
FIRST_LOTS = 2
"""How many of each member's lots are read ahead: nearly always enough."""
_FIRST = -1
_EXPIRES_AT = 10
PREFIX = "points:"
"""Of the counters that hold the programme's accounts."""
OF_KIND = PREFIX + "of:"
"""Of those that hold how many transfers there are, `<kind>:<state>`."""
ON_DAY = PREFIX + "on:"
"""Of those that hold how many transfers were made on a day of the programme's calendar."""
KINDS = ("adding", "p2p_adding", "returning", "spending", "p2p_spending", "blocking")
STATES = ("active", "pending", "expired", "canceled")


class Account(msgspec.Struct, frozen=True):
    """What a member's account holds at a moment.

    held:   what the books have as available; `lapsed` of it is past its expiry, which is not
            recorded yet. None: nobody looked how much, and only the books may be asked.
    debt:   what a return took beyond what was there; the next points pay it.
    earned, spent, expired: in all; earned without what other members sent.
    received: what other members sent.
    moves:  where its latest movements are; see `movements`.
    """

    number: int
    account_id: str
    held: int
    locked: int
    blocked: int
    debt: int
    earned: int
    spent: int
    expired: int
    received: int = 0
    lapsed: int | None = 0
    moves: str = movements.NONE

    @classmethod
    def empty(cls, number: int, account_id: str) -> Account:
        """One that holds nothing."""
        return cls(number, account_id, 0, 0, 0, 0, 0, 0, 0)

    @property
    def available(self) -> int:
        """What can be spent now. Errors: Defect when nobody looked what has lapsed."""
        if self.lapsed is None:
            raise Defect("the books alone do not tell what can be spent")
        return self.held - self.lapsed

    @property
    def total(self) -> int:
        """Everything that could ever become spendable again."""
        return self.held + self.locked + self.blocked

    def after(self, change: Mapping[str, int], lapsed: int, moves: str) -> Account:
        """The account after a change of its sums, named as in the query `change_account`."""
        return Account(
            self.number,
            self.account_id,
            self.held + change["available"],
            self.locked + change["locked"],
            self.blocked + change["blocked"],
            self.debt + change["debt"],
            self.earned + change["earned"],
            self.spent + change["spent"],
            self.expired + change["expired"],
            self.received + change["received"],
            None if self.lapsed is None else self.lapsed + lapsed,
            moves,
        )


class Transfer(msgspec.Struct, frozen=True):
    """Points added, spent, sent, received, returned or blocked.

    kind:  adding, p2p_adding, returning, spending, p2p_spending or blocking.
    state: active, pending (locked), expired or canceled.
    """

    position: int
    number: int
    transfer_id: str
    kind: str
    state: str
    value: int
    issuer: str
    comment: str | None
    created_at: int
    remaining: int | None
    expires_at: int | None
    locked_until: int | None
    transaction_id: str | None
    revised_id: str | None
    other_account: str | None
    pieces: list[list[int]]
    """Of a block: each lot's position and what was taken of it."""
    explanation: list[dict[str, Any]]
    """Why it was made, rule by rule, as the decision behind it says."""


def account(rows: Rows, tenant_id: int, number: int, moment: int) -> Account | None:
    """A member's account at a moment."""
    row = rows.one("account", tenant_id=tenant_id, number=number, moment=moment)
    if row is None:
        return None
    return Account(number, *row)


def accounts(
    rows: Rows, tenant_id: int, numbers: Collection[int], moment: int | None
) -> Iterator[Account]:
    """Some members' accounts at a moment; those there are none of are left out.

    moment: None for what the books have of them, whatever of it has lapsed.
    """
    of = {"tenant_id": tenant_id, "numbers": json.dumps(sorted(numbers))}
    if moment is None:
        found = rows.all("account_books_of", **of)
    else:
        found = rows.all("accounts_of", **of, moment=moment)
    for row in found:
        yield Account(*row)


def live_lots(rows: Rows, tenant_id: int, number: int, *, moment: int, order: str) -> Iterator[Lot]:
    """The lots that can be spent at a moment, in an order of spending: `expiry` or `created`."""
    by_expiry = order == "expiry"
    query = "lots_by_expiry" if by_expiry else "lots_by_age"
    last: dict[str, int] = {"expires_at" if by_expiry else "created_at": _FIRST, "position": _FIRST}
    while True:
        page = rows.all(
            query, tenant_id=tenant_id, number=number, moment=moment, limit=_LOTS_ROWS, **last
        )
        lots = [Lot(*row) for row in page]
        yield from lots
        if len(lots) < _LOTS_ROWS:
            return
        end = lots[-1]
        last = (
            {"expires_at": end.expires_at, "position": end.position}
            if by_expiry
            else {"created_at": end.created_at, "position": end.position}
        )


def is_due(rows: Rows, tenant_id: int, moment: int) -> bool:
    """Whether a lot has to be unlocked or expired."""
    return rows.one("lots_due", tenant_id=tenant_id, moment=moment, limit=1) is not None


def first_lots(
    rows: Rows, tenant_id: int, numbers: Collection[int], *, moment: int, order: str
) -> dict[int, list[Lot]]:
    """By member, the first `FIRST_LOTS` of `live_lots`; who has none is left out."""
    query = "first_lots_by_expiry" if order == "expiry" else "first_lots_by_age"
    listed = json.dumps(sorted(numbers))
    found: dict[int, list[Lot]] = {}
    for number, *lot in rows.all(
        query, tenant_id=tenant_id, numbers=listed, moment=moment, limit=FIRST_LOTS
    ):
        found.setdefault(number, []).append(Lot(*lot))
    return found


def due(rows: Rows, tenant_id: int, moment: int, limit: int) -> list[Transfer]:
    """Lots to be unlocked (`pending`) or expired (`active`), the longest overdue first.

    Why they were given is left out.
    """
    found = rows.all("lots_due", tenant_id=tenant_id, moment=moment, limit=limit)
    return [_transfer((*row, None)) for row in found]


def transfer(rows: Rows, tenant_id: int, transfer_id: str) -> Transfer | None:
    """One transfer by its uuid."""
    position = position_of(transfer_id)
    if position is None or position > FOREVER:
        return None
    found = at(rows, tenant_id, position)
    return found if found is not None and found.transfer_id == transfer_id else None


def at(rows: Rows, tenant_id: int, position: int) -> Transfer | None:
    """One transfer by its position."""
    row = rows.one("points_transfer", tenant_id=tenant_id, position=position)
    return _transfer(row) if row else None


def total(
    rows: Rows,
    tenant_id: int,
    kinds: Iterable[str] = KINDS,
    states: Iterable[str] = STATES,
) -> int:
    """How many transfers of these kinds and states there are: by counters, not by counting."""
    return sum(
        _sum(rows.one("counter_total", tenant_id=tenant_id, name=f"{OF_KIND}{kind}:{state}"))
        for kind in kinds
        for state in states
    )


def page(
    rows: Rows,
    tenant_id: int,
    *,
    kinds: Iterable[str],
    states: Iterable[str],
    offset: int,
    limit: int,
    descending: bool,
) -> list[Transfer]:
    """A page of the transfers of these kinds and states, by position. Costs what comes before."""
    query = "points_transfers_of_kind_before" if descending else "points_transfers_of_kind_after"
    positions: list[int] = []
    for kind in kinds:
        for state in states:
            found = rows.all(
                query, tenant_id=tenant_id, kind=kind, state=state, limit=offset + limit
            )
            positions += [row[0] for row in found]
    positions.sort(reverse=descending)
    named = [at(rows, tenant_id, each) for each in positions[offset : offset + limit]]
    return [each for each in named if each is not None]


def on_day(rows: Rows, tenant_id: int, day: str) -> int:
    """How many transfers were made on a day, `YYYY-MM-DD`."""
    return _sum(rows.one("counter_total", tenant_id=tenant_id, name=ON_DAY + day))


def of_member(rows: Rows, tenant_id: int, number: int, *, limit: int) -> list[Transfer]:
    """A member's first transfers, oldest first."""
    found: list[Row] = []
    for some in movements.places(rows, tenant_id, number):
        positions = json.dumps(some)
        found += rows.all("points_transfers_at", tenant_id=tenant_id, positions=positions)
        if len(found) >= limit:
            break
    return [_transfer(row) for row in found[:limit]]


def earned_with(rows: Rows, tenant_id: int, transaction_id: str) -> int:
    """What a purchase earned and still counts."""
    return _sum(rows.one("points_earned_with", tenant_id=tenant_id, transaction_id=transaction_id))


def revoked_for(rows: Rows, tenant_id: int, revised_id: str) -> int:
    """What returns of a purchase took back."""
    return _sum(rows.one("points_revoked_for", tenant_id=tenant_id, revised_id=revised_id))


def expiring(
    rows: Rows, tenant_id: int, number: int, *, after: int, until: int, limit: int
) -> list[tuple[int, int]]:
    """(moment, points): what of a member's points will expire in a span of time."""
    found = rows.all(
        "points_expiring",
        tenant_id=tenant_id,
        number=number,
        after=after,
        until=until,
        limit=limit,
    )
    return [(moment, points) for moment, points in found]


def programme(rows: Rows, tenant_id: int) -> dict[str, int]:
    """What the programme's accounts hold; with what members hold it adds up to zero."""
    totals = dict.fromkeys(OF_PROGRAMME, 0)
    for name in OF_PROGRAMME:
        totals[name] = _sum(rows.one("counter_total", tenant_id=tenant_id, name=PREFIX + name))
    return totals


def _transfer(row: Row) -> Transfer:
    *plain, pieces, explained = row
    if plain[_EXPIRES_AT] == FOREVER:
        plain[_EXPIRES_AT] = None
    plain.append(msgspec.json.decode(pieces) if pieces else [])
    plain.append(msgspec.json.decode(explained)["explanation"] if explained else [])
    return Transfer(*plain)


def _sum(row: Row | None) -> int:
    return row[0] if row else 0
