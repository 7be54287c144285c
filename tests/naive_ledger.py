"""Points kept as naively as possible: what the real ledger is compared with.

Members are numbers, lots are lists, nothing is stored and nothing is fast. A command is either
carried out or refused with the code that the engine must give.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Lot:
    """Points that came in together; `state` is open, locked, expired or canceled."""

    left: int
    ends: float
    kind: str
    state: str = "open"
    opens: float = 0.0


@dataclass
class Block:
    """Points put aside: how much came from which lot."""

    pieces: list[tuple[Lot, int]]
    is_released: bool = False


@dataclass
class Purse:
    """What a member has; `owed` is a debt."""

    lots: list[Lot] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    owed: int = 0


class Ledger:
    """Everybody's purses. `order` is the setting of the same name, `now` the present moment."""

    def __init__(self, members: int) -> None:
        self.purses = {number: Purse() for number in range(1, members + 1)}
        self.order = "expiry"
        self.now = 0.0

    def live(self, number: int) -> list[Lot]:
        lots = [
            lot
            for lot in self.purses[number].lots
            if lot.state == "open" and lot.left and lot.ends > self.now
        ]
        return sorted(lots, key=lambda lot: lot.ends) if self.order == "expiry" else lots

    def available(self, number: int) -> int:
        return sum(lot.left for lot in self.live(number))

    def locked(self, number: int) -> int:
        return sum(lot.left for lot in self.purses[number].lots if lot.state == "locked")

    def blocked(self, number: int) -> int:
        blocks = self.purses[number].blocks
        return sum(points for each in blocks if not each.is_released for _, points in each.pieces)

    def add(
        self, number: int, points: int, ends: float, *, kind: str = "added", opens: float = 0.0
    ) -> Lot:
        lot = Lot(points, ends, kind)
        if opens:
            lot.state, lot.opens = "locked", opens
        else:
            lot.left -= self._pay(number, points)
        self.purses[number].lots.append(lot)
        return lot

    def take(self, number: int, points: int) -> list[tuple[Lot, int]]:
        pieces = []
        for lot in self.live(number):
            piece = min(lot.left, points)
            if piece:
                lot.left -= piece
                points -= piece
                pieces.append((lot, piece))
        self.purses[number].owed += points
        return pieces

    def spend(self, number: int, points: int) -> str:
        if self.available(number) < points:
            return "insufficient_points"
        self.take(number, points)
        return ""

    def send(self, sender: int, receiver: int, points: int) -> str:
        if sender == receiver:
            return "same_member"
        if self.available(sender) < points:
            return "insufficient_points"
        for lot, piece in self.take(sender, points):
            self.add(receiver, piece, lot.ends, kind="received")
        return ""

    def block(self, number: int, points: int) -> Block | str:
        if self.available(number) < points:
            return "insufficient_points"
        block = Block(self.take(number, points))
        self.purses[number].blocks.append(block)
        return block

    def release(self, number: int, block: Block) -> str:
        if block.is_released:
            return "already_cancelled"
        block.is_released = True
        kept = [(lot, points) for lot, points in block.pieces if lot.state != "canceled"]
        left = sum(points for _, points in kept)
        left -= self._pay(number, left)
        for lot, points in kept:
            given = min(points, left)
            left -= given
            lot.left += given
            if given:
                lot.state = "open"
        return ""

    def cancel(self, lot: Lot) -> str:
        if lot.state == "canceled":
            return "already_cancelled"
        if lot.kind != "added" or lot.state == "expired" or lot.ends <= self.now:
            return "not_cancelable"
        lot.state, lot.left = "canceled", 0
        return ""

    def reset(self, number: int) -> None:
        for lot in self.purses[number].lots:
            if lot.left:
                lot.state, lot.left = "expired", 0

    def tick(self) -> None:
        """What the clockwork does: what is locked opens, then what has ended expires."""
        for number, purse in self.purses.items():
            for lot in sorted(purse.lots, key=lambda lot: lot.opens):
                if lot.state == "locked" and lot.left and lot.opens <= self.now:
                    lot.state = "open"
                    lot.left -= self._pay(number, lot.left)
            for lot in purse.lots:
                if lot.state == "open" and lot.left and lot.ends <= self.now:
                    lot.state, lot.left = "expired", 0

    def _pay(self, number: int, points: int) -> int:
        """Pay a debt from what came in; how much went there."""
        purse = self.purses[number]
        paid = min(purse.owed, points)
        purse.owed -= paid
        return paid
