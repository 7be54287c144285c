"""What a transaction has read ahead: the lots some members would spend first.

A group of commands asks for all its spenders' lots at once instead of one by one, as it does for
accounts, and folds keep what was read as it is. So hardly any of the group's commands asks the
store anything, and their changes can be made together.
"""

from __future__ import annotations

import bisect
from collections.abc import Collection, Iterable, Iterator

from guerdon.domain import lots
from guerdon.domain.lots import Lot, Piece
from guerdon.engine.programme import settings
from guerdon.store import points as ledger
from guerdon.store.transaction import Transaction


class Purse:
    """A member's first lots, in the order of spending; `is_whole` when these are all."""

    __slots__ = ("is_whole", "lots", "order")

    def __init__(self, found: Iterable[Lot], order: str, *, is_whole: bool) -> None:
        self.lots = list(found)
        self.order = order
        self.is_whole = is_whole

    def take(self, points: int) -> list[Piece] | None:
        """The pieces that make up `points`; None when more lots would have to be looked at."""
        pieces = lots.take(self.lots, points)
        if not self.is_whole and sum(piece.points for piece in pieces) < points:
            return None
        if pieces:
            last = pieces[-1]
            left = last.lot.remaining - last.points
            rest = [_with(last.lot, left)] if left else []
            self.lots[: len(pieces)] = rest
        return pieces

    def put(self, lot: Lot) -> None:
        """A lot came in that can be spent."""
        place = bisect.bisect(self.lots, self._key(lot), key=self._key)
        if place < len(self.lots) or self.is_whole:
            self.lots.insert(place, lot)

    def _key(self, lot: Lot) -> tuple[int, int]:
        return (lot.expires_at if self.order == "expiry" else lot.created_at, lot.position)


def learn(tx: Transaction, tenant_id: int, numbers: Collection[int]) -> None:
    """Read several members' first lots."""
    new = [number for number in numbers if (tenant_id, number) not in tx.purses]
    if not new:
        return
    order, moment = settings(tx, tenant_id)["points.spend_order"], tx.moment(tenant_id)
    found = ledger.first_lots(tx.rows, tenant_id, new, moment=moment, order=order)
    for number in new:
        first = found.get(number, [])
        is_whole = len(first) < ledger.FIRST_LOTS
        tx.purses[tenant_id, number] = Purse(first, order, is_whole=is_whole)


def take(tx: Transaction, tenant_id: int, number: int, points: int, moment: int) -> list[Piece]:
    """The pieces that make up `points` of what a member can spend, as far as it goes."""
    purse: Purse | None = tx.purses.get((tenant_id, number))
    order = settings(tx, tenant_id)["points.spend_order"]
    pieces = purse.take(points) if purse is not None and purse.order == order else None
    if pieces is not None:
        return pieces
    forget(tx, tenant_id, number)
    return lots.take(live(tx, tenant_id, number, moment), points)


def live(tx: Transaction, tenant_id: int, number: int, moment: int) -> Iterator[Lot]:
    """The lots a member can spend at a moment, in the programme's order of spending."""
    order = settings(tx, tenant_id)["points.spend_order"]
    return ledger.live_lots(tx.rows, tenant_id, number, moment=moment, order=order)


def put(tx: Transaction, tenant_id: int, number: int, lot: Lot) -> None:
    """A lot came in that can be spent at this transaction's moment."""
    purse: Purse | None = tx.purses.get((tenant_id, number))
    if purse is not None:
        purse.put(lot)


def forget(tx: Transaction, tenant_id: int, number: int) -> None:
    """A member's lots are not what they were."""
    tx.purses.pop((tenant_id, number), None)


def _with(lot: Lot, remaining: int) -> Lot:
    return Lot(lot.position, remaining, lot.expires_at, lot.created_at)
