"""Points are moved, never made or lost; what each account holds is what the postings add up to."""

from __future__ import annotations

from typing import Any

import pytest

import books
from conformance.stores import START, Bench
from guerdon import limits
from guerdon.clock import DAY, SECOND
from guerdon.domain import lots as domain_lots
from guerdon.engine import commands, lots, points
from guerdon.engine.clockwork import ticking
from guerdon.engine.commands.points import (
    AddPoints,
    BlockPoints,
    CancelPointsTransfer,
    ResetPoints,
    ReturnPoints,
    SpendPoints,
    TransferPoints,
)
from guerdon.errors import GuerdonError, NotFound, Refused
from guerdon.store import decisions, movements
from guerdon.store import points as ledger
from guerdon.store.points import Account, Transfer

LAST_SECOND = 86_399 * SECOND


class Purse:
    """A member's points, moved and looked at in whole points where a test writes whole points."""

    def __init__(self, bench: Bench, name: str = "m") -> None:
        self.bench = bench
        self.number = bench.member(("external", name))
        self.tenant_id = bench.tenant_id

    def add(self, amount: int, **more: Any) -> str:
        made = self.bench.do(AddPoints(self.tenant_id, 0, self.number, amount, **more))
        return str(made.transfer_id)

    def spend(self, amount: int) -> str:
        return str(self.bench.do(SpendPoints(self.tenant_id, 0, self.number, amount)).transfer_id)

    def block(self, amount: int) -> str:
        return str(self.bench.do(BlockPoints(self.tenant_id, 0, self.number, amount)).transfer_id)

    def revoke(self, amount: int) -> None:
        self.bench.committer.work(
            lambda tx: bool(
                points.revoke(
                    tx, self.tenant_id, self.number, amount, transaction_id="R", revised_id="T"
                )
            )
        )

    def cancel(self, transfer_id: str) -> None:
        self.bench.do(CancelPointsTransfer(self.tenant_id, 0, transfer_id))

    @property
    def account(self) -> Account:
        """The account now; the books are audited on the way."""
        now = self.bench.clock.now()
        self.bench.ask(lambda rows: books.balance(rows, self.tenant_id))
        found = self.bench.ask(lambda rows: ledger.account(rows, self.tenant_id, self.number, now))
        assert found is not None
        return found

    @property
    def available(self) -> int:
        return self.account.available

    @property
    def transfers(self) -> list[Transfer]:
        return self.bench.ask(
            lambda rows: ledger.of_member(rows, self.tenant_id, self.number, limit=1_000)
        )

    def left(self) -> list[int]:
        return [each.remaining for each in self.transfers if each.remaining is not None]


@pytest.fixture
def purse(bench: Bench) -> Purse:
    return Purse(bench)


def code(bench: Bench, command: commands.Command) -> str:
    with pytest.raises(GuerdonError) as refusal:
        bench.do(command)
    return refusal.value.code


def types(bench: Bench) -> list[str]:
    found = bench.ask(lambda rows: decisions.page(rows, bench.vault, bench.tenant_id, limit=10_000))
    return [each.type.rpartition(".")[2] for each in found if "oints" in each.type]


def test_points_are_added_spent_and_never_below_zero(bench: Bench, purse: Purse) -> None:
    purse.add(10_00, comment="gift", transaction_id="T", explain='[{"rule":"R"}]')
    purse.spend(6_90)
    assert purse.available == 3_10
    assert (purse.account.earned, purse.account.spent) == (10_00, 6_90)
    assert code(bench, SpendPoints(bench.tenant_id, 0, purse.number, 3_11)) == "insufficient_points"
    assert code(bench, SpendPoints(bench.tenant_id, 0, 99, 1)) == "unknown_member"
    added, spent = purse.transfers
    assert (added.kind, added.value, added.remaining) == ("adding", 10_00, 3_10)
    assert (added.comment, added.transaction_id, added.issuer) == ("gift", "T", "api")
    assert added.explanation == [{"rule": "R"}]
    assert (spent.kind, spent.value, spent.remaining) == ("spending", 6_90, None)
    found = bench.ask(lambda rows: ledger.transfer(rows, bench.tenant_id, spent.transfer_id))
    assert found == spent
    assert types(bench) == ["PointsWereAdded", "PointsWereExplained", "PointsWereSpent"]
    assert purse.available == 3_10


def test_an_amount_that_is_none_moves_nothing(bench: Bench, purse: Purse) -> None:
    tenant_id, number = bench.tenant_id, purse.number
    for amount in (0, -1, limits.points_hundredths_max + 1, 2**63):
        for kind in (AddPoints, SpendPoints, BlockPoints, ReturnPoints):
            assert code(bench, kind(tenant_id, 0, number, amount)) == "invalid_points"
    purse.add(limits.points_hundredths_max)
    assert code(bench, AddPoints(tenant_id, 0, number, 1)) == "balance_limit"
    assert purse.available == limits.points_hundredths_max


def test_a_programme_issues_no_more_than_its_sums_can_hold(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "points_issued_hundredths_max", 10_00)
    one, other = Purse(bench, "a"), Purse(bench, "b")
    one.add(6_00)
    assert code(bench, AddPoints(bench.tenant_id, 0, other.number, 5_00)) == "balance_limit"
    other.add(4_00)


def test_what_expires_first_is_spent_first_unless_the_setting_says_the_oldest(
    bench: Bench, purse: Purse
) -> None:
    for days in (30, 10, 20):
        purse.add(5_00, validity_days=days)
    purse.add(5_00)
    purse.spend(7_00)
    assert purse.left() == [5_00, 0, 3_00, 5_00]
    bench.do(commands.ChangeSetting(bench.tenant_id, 0, "points.spend_order", "created"))
    purse.spend(6_00)
    assert purse.left() == [0, 0, 2_00, 5_00]
    assert purse.available == 7_00


def test_many_lots_are_spent_over_several_pages(bench: Bench, purse: Purse) -> None:
    for days in range(40, 0, -1):
        purse.add(1_00, validity_days=days)
    purse.spend(38_50)
    assert purse.left() == [1_00, 50, *[0] * 38]
    assert purse.available == 1_50


def test_points_cannot_be_spent_from_their_expiry_on(bench: Bench, purse: Purse) -> None:
    transfer_id = purse.add(5_00, validity_days=2)
    purse.add(1_00)
    end = purse.transfers[0].expires_at
    assert end == START - START % DAY + 2 * DAY + LAST_SECOND
    bench.clock.moment = end - 1
    assert purse.available == 6_00
    bench.clock.moment = end
    assert purse.available == 1_00
    assert code(bench, SpendPoints(bench.tenant_id, 0, purse.number, 1_01)) == "insufficient_points"
    assert code(bench, CancelPointsTransfer(bench.tenant_id, 0, transfer_id)) == "not_cancelable"
    bench.settle()
    assert purse.transfers[0].state == "expired"
    assert (purse.available, purse.account.expired, purse.account.lapsed) == (1_00, 5_00, 0)
    assert types(bench)[-1] == "PointsTransferHasBeenExpired"


def test_settings_say_how_long_points_last(bench: Bench, purse: Purse) -> None:
    """The moment is the next day in the programme's time zone."""

    def settings(**values: str) -> None:
        for name, value in values.items():
            bench.do(commands.ChangeSetting(bench.tenant_id, 0, name.replace("__", "."), value))

    settings(points__days_active="7", programme__timezone="Asia/Kolkata")
    for expiry, end in (
        ("after_x_days", "2023-11-22T23:59:59"),
        ("at_the_end_of_the_month", "2023-11-30T23:59:59"),
        ("at_the_end_of_the_year", "2023-12-31T23:59:59"),
    ):
        settings(points__expiry=expiry)
        purse.add(1_00)
        (only,) = bench.ask(
            lambda rows: decisions.page(
                rows, bench.vault, bench.tenant_id, limit=1, descending=True
            )
        )
        assert f'"expiresAt":"{end}+05:30"' in only.payload


def test_locked_points_wait_for_the_clock(bench: Bench, purse: Purse) -> None:
    bench.do(commands.ChangeSetting(bench.tenant_id, 0, "points.all_time_not_locked", "false"))
    bench.do(commands.ChangeSetting(bench.tenant_id, 0, "points.days_locked", "3"))
    transfer_id = purse.add(5_00, validity_days=1)
    gone = purse.add(2_00)
    assert (purse.available, purse.account.locked, purse.account.earned) == (0, 7_00, 0)
    assert code(bench, SpendPoints(bench.tenant_id, 0, purse.number, 1)) == "insufficient_points"
    purse.cancel(gone)
    bench.clock.moment += 3 * DAY - SECOND
    bench.settle()
    assert purse.account.locked == 5_00
    bench.clock.moment += SECOND
    bench.settle()
    bench.settle()
    assert (purse.available, purse.account.locked, purse.account.earned) == (5_00, 0, 5_00)
    assert types(bench).count("PointsTransferHasBeenUnlocked") == 1
    assert [each.state for each in purse.transfers] == ["active", "canceled"]
    # Its validity began when it was unlocked.
    bench.clock.moment += DAY + DAY
    bench.settle()
    assert purse.available == 0
    assert code(bench, CancelPointsTransfer(bench.tenant_id, 0, transfer_id)) == "not_cancelable"


def test_a_clock_that_jumps_does_everything_once(bench: Bench, purse: Purse) -> None:
    bench.do(commands.ChangeSetting(bench.tenant_id, 0, "points.all_time_not_locked", "false"))
    bench.do(commands.ChangeSetting(bench.tenant_id, 0, "points.days_locked", "3"))
    for _ in range(250):
        purse.add(1_00, validity_days=5)
    bench.clock.moment += 400 * DAY
    bench.settle()
    assert (purse.available, purse.account.expired, purse.account.earned) == (0, 250_00, 250_00)
    bench.clock.moment -= 390 * DAY
    bench.settle()
    counted = types(bench)
    assert counted.count("PointsTransferHasBeenUnlocked") == 250
    assert counted.count("PointsTransferHasBeenExpired") == 250
    purse.add(1_00)
    assert purse.account.locked == 1_00


def test_members_send_each_other_points_with_their_expiry(bench: Bench, purse: Purse) -> None:
    friend = Purse(bench, "friend")
    purse.add(2_00, validity_days=9)
    purse.add(3_00, validity_days=5)
    purse.add(9_00)
    bench.do(TransferPoints(bench.tenant_id, 0, purse.number, friend.number, 6_00))
    assert (purse.available, friend.available) == (8_00, 6_00)
    assert types(bench)[-4:] == ["PointsWereTransferred", *["PointsWereAdded"] * 3]
    received = [(each.kind, each.value, each.other_account) for each in friend.transfers]
    sender = purse.account.account_id
    assert received == [("p2p_adding", value, sender) for value in (3_00, 2_00, 1_00)]
    mine = {each.value: each.expires_at for each in purse.transfers}
    assert [each.expires_at for each in friend.transfers] == [mine[3_00], mine[2_00], None]
    assert purse.transfers[-1].other_account == friend.account.account_id
    assert (friend.account.earned, purse.account.earned, purse.account.spent) == (0, 14_00, 0)


def test_a_transfer_that_cannot_be_made_moves_nothing(bench: Bench, purse: Purse) -> None:
    friend = Purse(bench, "friend")
    purse.add(5_00)
    tenant_id, one, other = bench.tenant_id, purse.number, friend.number
    assert code(bench, TransferPoints(tenant_id, 0, one, other, 5_01)) == "insufficient_points"
    assert code(bench, TransferPoints(tenant_id, 0, one, one, 1_00)) == "same_member"
    for sender, receiver, field in ((one, 99, "receiver"), (99, other, "sender")):
        with pytest.raises(NotFound) as refusal:
            bench.do(TransferPoints(tenant_id, 0, sender, receiver, 1_00))
        assert refusal.value.field == field
    friend.add(limits.points_hundredths_max)
    assert code(bench, TransferPoints(tenant_id, 0, one, other, 1)) == "balance_limit"
    assert purse.available == 5_00


def test_only_what_was_added_can_be_canceled_and_only_once(bench: Bench, purse: Purse) -> None:
    friend = Purse(bench, "friend")
    added = purse.add(10_00)
    spent = purse.spend(4_00)
    bench.do(TransferPoints(bench.tenant_id, 0, purse.number, friend.number, 1_00))
    returned = bench.do(ReturnPoints(bench.tenant_id, 0, purse.number, 2_00, "U")).transfer_id
    for transfer_id in (spent, returned, friend.transfers[0].transfer_id):
        with pytest.raises(Refused) as refusal:
            purse.cancel(transfer_id)
        assert (refusal.value.code, refusal.value.message) == (
            "not_cancelable",
            "this transfer cannot be canceled",
        )
    purse.cancel(added)
    assert (purse.available, friend.available, purse.account.earned) == (2_00, 1_00, 0)
    assert code(bench, CancelPointsTransfer(bench.tenant_id, 0, added)) == "already_cancelled"
    wrong = added[:-12] + "0" * 12
    for unknown in ("", "nonsense", wrong, "f" * 36):
        assert code(bench, CancelPointsTransfer(bench.tenant_id, 0, unknown)) == "unknown_transfer"


def test_blocked_points_come_back_to_the_lots_they_left(bench: Bench, purse: Purse) -> None:
    purse.add(5_00, validity_days=2)
    purse.add(5_00)
    blocked = purse.block(7_00)
    assert (purse.available, purse.account.blocked) == (3_00, 7_00)
    assert code(bench, SpendPoints(bench.tenant_id, 0, purse.number, 3_01)) == "insufficient_points"
    purse.cancel(blocked)
    assert purse.left() == [5_00, 5_00]
    assert (purse.available, purse.account.blocked) == (10_00, 0)
    assert code(bench, CancelPointsTransfer(bench.tenant_id, 0, blocked)) == "already_cancelled"
    late = purse.block(7_00)
    bench.clock.moment += 5 * DAY
    bench.settle()
    purse.cancel(late)
    assert purse.available == 5_00
    bench.settle()
    assert (purse.available, purse.account.expired) == (5_00, 5_00)


def test_a_canceled_lot_stays_canceled_whatever_was_blocked(bench: Bench, purse: Purse) -> None:
    purse.add(30_00, validity_days=2)
    added = purse.add(100_00)
    blocked = purse.block(70_00)
    purse.cancel(added)
    assert (purse.available, purse.account.blocked, purse.account.earned) == (0, 70_00, 30_00)
    purse.revoke(10_00)
    purse.cancel(blocked)
    assert (purse.available, purse.account.debt) == (20_00, 0), "40 are canceled, and pay nothing"
    assert purse.left() == [20_00, 0]
    assert code(bench, CancelPointsTransfer(bench.tenant_id, 0, added)) == "already_cancelled"
    assert (before := purse.account).earned == 30_00
    assert bench.ask(lambda rows: ledger.programme(rows, bench.tenant_id))["canceled"] == 100_00
    bench.do(commands.RebuildState(bench.tenant_id, 0))
    assert purse.account == before


def test_a_return_takes_back_more_than_there_is_as_a_debt(bench: Bench, purse: Purse) -> None:
    purse.add(10_00, transaction_id="T")
    purse.spend(7_00)
    purse.revoke(8_00)
    account = purse.account
    assert (account.available, account.debt, account.spent) == (0, 5_00, 15_00)
    assert bench.ask(lambda rows: ledger.earned_with(rows, bench.tenant_id, "T")) == 10_00
    assert bench.ask(lambda rows: ledger.revoked_for(rows, bench.tenant_id, "T")) == 8_00
    purse.add(2_00)
    assert (purse.available, purse.account.debt) == (0, 3_00)
    purse.add(4_00)
    assert (purse.available, purse.account.debt) == (1_00, 0)
    assert purse.left() == [0, 0, 1_00]


def test_a_debt_is_paid_from_whatever_comes_in(bench: Bench, purse: Purse) -> None:
    friend = Purse(bench, "friend")
    purse.add(10_00)
    friend.add(10_00)
    blocked = purse.block(4_00)
    purse.revoke(12_00)
    assert purse.account.debt == 6_00
    purse.cancel(blocked)
    assert (purse.available, purse.account.debt) == (0, 2_00)
    bench.do(TransferPoints(bench.tenant_id, 0, friend.number, purse.number, 1_00))
    bench.do(ReturnPoints(bench.tenant_id, 0, purse.number, 50, "U"))
    assert (purse.available, purse.account.debt) == (0, 50)
    bench.do(commands.ChangeSetting(bench.tenant_id, 0, "points.all_time_not_locked", "false"))
    bench.do(commands.ChangeSetting(bench.tenant_id, 0, "points.days_locked", "1"))
    purse.add(2_00)
    assert (purse.account.locked, purse.account.debt) == (2_00, 50)
    bench.clock.moment += DAY
    bench.settle()
    assert (purse.available, purse.account.debt) == (1_50, 0)


def test_a_reset_lets_everything_but_blocked_points_expire(bench: Bench, purse: Purse) -> None:
    purse.add(10_00)
    purse.block(3_00)
    bench.do(commands.ChangeSetting(bench.tenant_id, 0, "points.all_time_not_locked", "false"))
    bench.do(commands.ChangeSetting(bench.tenant_id, 0, "points.days_locked", "1"))
    purse.add(2_00)
    bench.do(ResetPoints(bench.tenant_id, 0, purse.number))
    account = purse.account
    assert (account.available, account.locked, account.blocked) == (0, 0, 3_00)
    assert account.expired == 9_00
    assert [each.state for each in purse.transfers] == ["expired", "active", "expired"]
    bench.clock.moment += 2 * DAY
    bench.settle()
    assert types(bench)[-1] == "PointsHasBeenReset"


def test_lots_whose_time_has_passed_count_no_more_whoever_looks_for_lots(
    bench: Bench, purse: Purse
) -> None:
    """Recorded or not; another member's lot that is due earlier makes no difference."""
    for days in (1, 3, 5):
        purse.add(1_00, validity_days=days)
    bench.clock.moment += 2 * DAY
    bench.settle()
    Purse(bench, "other").add(7_00, validity_days=1)
    purse.add(10_00)
    bench.clock.moment += 2 * DAY
    account = purse.account
    assert (account.held, account.lapsed, account.expired) == (12_00, 1_00, 1_00)
    bench.do(ResetPoints(bench.tenant_id, 0, purse.number))
    states = {each.state for each in purse.transfers}
    assert (purse.account.expired, purse.available, states) == (13_00, 0, {"expired"})
    bench.settle()
    assert purse.account.expired == 13_00
    count = bench.ask(lambda rows: ledger.total(rows, bench.tenant_id, ["adding"], ["expired"]))
    assert count == len(purse.transfers) + 1


def test_a_reset_may_come_between_two_lots_of_one_instant(
    bench: Bench, purse: Purse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "clockwork_duties_max", 1)
    for _ in range(2):
        purse.add(1_00, validity_days=1)
    bench.clock.moment += 2 * DAY
    bench.committer.work(lambda tx: ticking(lots.fall_due)(tx, bench.tenant_id))
    assert (purse.account.held, purse.account.lapsed, purse.account.expired) == (1_00, 1_00, 1_00)
    bench.do(ResetPoints(bench.tenant_id, 0, purse.number))
    assert purse.account.expired == 2_00
    count = bench.ask(lambda rows: ledger.total(rows, bench.tenant_id, ["adding"], ["expired"]))
    assert count == 2


def test_points_without_an_end_are_reset_where_nothing_is_due(bench: Bench, purse: Purse) -> None:
    bench.do(commands.ChangeSetting(bench.tenant_id, 0, "points.expiry", "all_time_active"))
    purse.add(10_00)
    bench.do(ResetPoints(bench.tenant_id, 0, purse.number))
    assert [each.state for each in purse.transfers] == ["expired"]
    assert (purse.available, purse.left()) == (0, [0])


def test_movements_add_up_to_the_balance(bench: Bench, purse: Purse) -> None:
    purse.add(10_00, validity_days=1)
    purse.cancel(purse.block(2_00))
    purse.spend(1_00)
    purse.revoke(12_00)
    purse.add(5_00)
    bench.clock.moment += 3 * DAY
    bench.settle()
    moved = bench.ask(lambda rows: movements.page(rows, bench.tenant_id, purse.number, limit=100))
    assert sum(each.points for each in moved) == purse.available == 2_00
    assert [each.points for each in moved if each.points] == [
        10_00,
        -2_00,
        2_00,
        -1_00,
        -9_00,
        2_00,
    ]


def test_a_rebuild_gives_the_same_ledger(bench: Bench, purse: Purse) -> None:
    friend = Purse(bench, "friend")
    purse.add(10_00, validity_days=1, explain="[{}]")
    bench.do(commands.ChangeSetting(bench.tenant_id, 0, "points.spend_order", "created"))
    purse.add(5_00)
    purse.spend(11_00)
    bench.do(commands.ChangeSetting(bench.tenant_id, 0, "points.spend_order", "expiry"))
    bench.do(TransferPoints(bench.tenant_id, 0, purse.number, friend.number, 1_00))
    friend.cancel(friend.block(50))
    purse.revoke(9_00)

    def everything(rows: Any) -> list[Any]:
        tenant_id = bench.tenant_id
        return [
            rows.all("points_postings", tenant_id=tenant_id),
            rows.all("points_transfers_after", tenant_id=tenant_id, after=0, limit=1_000),
            rows.all("accounts_after", tenant_id=tenant_id, after=0, limit=1_000),
            rows.all("counters", tenant_id=tenant_id),
        ]

    before = bench.ask(everything)
    bench.together(
        SpendPoints(bench.tenant_id, 0, purse.number, 9_99_00),
        commands.RebuildState(bench.tenant_id, 0),
    )
    assert bench.ask(everything) == before
    assert purse.available == 0


def test_lots_are_paged_in_the_order_of_spending(bench: Bench, purse: Purse) -> None:
    for days in (3, 1, 2) * 15:
        purse.add(1_00, validity_days=days)
    now = bench.clock.now()
    for order, key in (("expiry", "expires_at"), ("created", "created_at")):
        found = bench.ask(
            lambda rows, order=order: list(
                ledger.live_lots(rows, bench.tenant_id, purse.number, moment=now, order=order)
            )
        )
        assert len(found) == 45
        assert found == sorted(found, key=lambda lot, key=key: (getattr(lot, key), lot.position))
    assert domain_lots.take(iter(found), 100_00)[-1].points == 1_00
