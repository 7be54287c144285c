"""The ledger and the naive one, side by side: each move is made in both, and both must agree.

Moves are sent in groups that share a commit, as a busy server's are; what each of them must be
answered is known beforehand.
"""

from __future__ import annotations

from typing import Any

import books
import naive_ledger
from conformance.moves import Moves
from conformance.stores import Bench
from guerdon.clock import DAY, SECOND, to_datetime
from guerdon.engine import commands, points
from guerdon.engine.commands.points import (
    AddPoints,
    BlockPoints,
    CancelPointsTransfer,
    ResetPoints,
    ReturnPoints,
    SpendPoints,
    TransferPoints,
)
from guerdon.store import points as ledger

FOREVER = float("inf")


class Game(Moves):
    """Moves of a few members of a tenant of their own."""

    together_max = 25

    def __init__(self, bench: Bench, code: str, members: int) -> None:
        super().__init__(bench)
        self.tenant_id = bench.tenant(code)
        self.naive = naive_ledger.Ledger(members)
        self.numbers = list(self.naive.purses)
        self.lots: list[tuple[str, naive_ledger.Lot]] = []
        self.blocks: list[tuple[str, int, naive_ledger.Block]] = []
        self._lock_days = 0
        for number in self.numbers:
            name = (("external", f"{code}-{number}"),)
            self._do(commands.RegisterMember(self.tenant_id, 0, name), "")
        self._tell_the_time()

    def add(self, number: int, amount: int, days: int | None) -> None:
        now = self.bench.clock.now()
        opens = now - now % SECOND + self._lock_days * DAY if self._lock_days else 0
        ends = FOREVER if days is None else _end_of_day((opens or now) + days * DAY)
        lot = self.naive.add(number, amount, ends, opens=opens)
        command = AddPoints(self.tenant_id, 0, number, amount, validity_days=days)
        self._do(command, "", lambda transfer_id: self.lots.append((transfer_id, lot)))

    def spend(self, number: int, amount: int) -> None:
        self._do(SpendPoints(self.tenant_id, 0, number, amount), self.naive.spend(number, amount))

    def send(self, sender: int, receiver: int, amount: int) -> None:
        expected = self.naive.send(sender, receiver, amount)
        self._do(TransferPoints(self.tenant_id, 0, sender, receiver, amount), expected)

    def block(self, number: int, amount: int) -> None:
        block = self.naive.block(number, amount)
        command = BlockPoints(self.tenant_id, 0, number, amount)
        if isinstance(block, str):
            self._do(command, block)
            return
        self._do(command, "", lambda transfer_id: self.blocks.append((transfer_id, number, block)))

    def release(self, which: int) -> None:
        self.send_moves()
        if self.blocks:
            transfer_id, number, block = self.blocks[which % len(self.blocks)]
            self._cancel(transfer_id, self.naive.release(number, block))

    def cancel(self, which: int) -> None:
        self.send_moves()
        if self.lots:
            transfer_id, lot = self.lots[which % len(self.lots)]
            self._cancel(transfer_id, self.naive.cancel(lot))

    def give_back(self, number: int, amount: int) -> None:
        self._do(ReturnPoints(self.tenant_id, 0, number, amount), "")
        self.naive.add(number, amount, FOREVER, kind="returned")

    def revoke(self, number: int, amount: int) -> None:
        def decide(tx: Any) -> bool:
            points.revoke(tx, self.tenant_id, number, amount, transaction_id="R", revised_id="T")
            return False

        self.send_moves()
        self.bench.committer.work(decide)
        self.naive.take(number, amount)

    def reset(self, number: int) -> None:
        self._do(ResetPoints(self.tenant_id, 0, number), "")
        self.naive.reset(number)

    def wait(self, hours: int, *, is_noticed: bool) -> None:
        """Time passes; the clockwork comes by, or has not yet."""
        self.send_moves()
        self.bench.clock.moment += hours * 3_600 * SECOND
        self._tell_the_time()
        if is_noticed:
            self.bench.settle()
            self.naive.tick()

    def lock(self, days: int) -> None:
        """What is added from now on is locked for so long."""
        self._lock_days = days
        self._set("points.all_time_not_locked", "false" if days else "true")
        self._set("points.days_locked", str(days))

    def change_order(self, order: str) -> None:
        self._set("points.spend_order", order)
        self.naive.order = order

    def agree(self, *, is_audited: bool = True) -> None:
        """Both ledgers hold the same, and the books of the real one add up."""
        self.send_moves()
        for number in self.numbers:
            found = self.bench.ask(
                lambda rows, number=number: ledger.account(
                    rows, self.tenant_id, number, self.bench.clock.now()
                )
            )
            assert found is not None
            assert (found.available, found.locked, found.blocked, found.debt) == (
                self.naive.available(number),
                self.naive.locked(number),
                self.naive.blocked(number),
                self.naive.purses[number].owed,
            ), number
        if is_audited:
            self.bench.ask(lambda rows: books.balance(rows, self.tenant_id))

    def _cancel(self, transfer_id: str, expected: str) -> None:
        self._do(CancelPointsTransfer(self.tenant_id, 0, transfer_id), expected)

    def _set(self, name: str, value: str) -> None:
        self._do(commands.ChangeSetting(self.tenant_id, 0, name, value), "")

    def _tell_the_time(self) -> None:
        self.naive.now = self.bench.clock.now()


def _end_of_day(moment: int) -> float:
    """The last second of the UTC day."""
    day = to_datetime(moment).replace(hour=23, minute=59, second=59, microsecond=0)
    return day.timestamp() * SECOND
