"""Whatever is done with points, in whatever order: nothing is made, nothing is lost."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

import books
from conformance.points_game import Game
from conformance.stores import Bench, only_on_sqlite
from guerdon.config import Config
from guerdon.domain.lots import Lot
from guerdon.engine import commands, points
from guerdon.engine.commands.points import AddPoints, SpendPoints
from guerdon.store import books as audit
from guerdon.store import points as ledger

MOVES = {"sqlite": 1_000, "postgres": 250}
MANY_MOVES = 10_000
SECRET_KEY = bytes(range(32))


def _play(game: Game, moves: int) -> None:
    chance = random.Random(42)
    number = lambda: chance.choice(game.numbers)  # noqa: E731
    amount = lambda: chance.choice((1, 33, 1_00, chance.randint(1, 9_00)))  # noqa: E731
    ways = [
        *[lambda: game.add(number(), amount(), chance.choice((None, 1, 2, 9)))] * 8,
        *[lambda: game.spend(number(), amount())] * 6,
        *[lambda: game.send(number(), number(), amount())] * 3,
        *[lambda: game.block(number(), amount())] * 2,
        lambda: game.release(chance.randrange(999)),
        lambda: game.cancel(-1 - chance.randrange(9)),
        lambda: game.give_back(number(), amount()),
        lambda: game.revoke(number(), amount()),
    ]
    rare = [
        *[lambda: game.wait(chance.randint(1, 60), is_noticed=chance.random() < 0.5)] * 3,
        lambda: game.reset(number()),
        lambda: game.lock(chance.choice((0, 0, 1, 3))),
        lambda: game.change_order(chance.choice(("expiry", "created"))),
    ]
    for move in range(moves):
        chance.choice(rare if move % 20 == 19 else ways)()
        if move % 250 == 249:
            game.agree(is_audited=move % 2_500 == 249)
    game.agree()


def test_random_commands_keep_the_books(bench: Bench) -> None:
    _keeps_the_books(bench, MOVES[bench.config.engine])


@pytest.mark.slow
@only_on_sqlite
def test_ten_thousand_random_commands_keep_the_books(bench: Bench) -> None:
    """On SQLite, where a command is cheap; the arithmetic is the same everywhere."""
    _keeps_the_books(bench, MANY_MOVES)


def _keeps_the_books(bench: Bench, moves: int) -> None:
    game = Game(bench, "game", 6)
    _play(game, moves)
    assert bench.ask(lambda rows: audit.faults(rows, game.tenant_id)) == []
    held = bench.ask(lambda rows: books.balance(rows, game.tenant_id))
    bench.do(commands.RebuildState(game.tenant_id, 0))
    assert bench.ask(lambda rows: books.balance(rows, game.tenant_id)) == held
    game.agree(is_audited=False)


class Moves(RuleBasedStateMachine):
    """Hypothesis looks for the shortest run of moves in which the two ledgers differ."""

    bench: Bench
    codes: Iterator[int]

    members = some.integers(1, 3)
    amounts = some.integers(1, 5_00)

    def __init__(self) -> None:
        super().__init__()
        self.game = Game(self.bench, f"t{next(self.codes)}", 3)

    @rule(number=members, amount=amounts, days=some.sampled_from((None, 1, 2)))
    def add(self, number: int, amount: int, days: int | None) -> None:
        self.game.add(number, amount, days)

    @rule(number=members, amount=amounts)
    def spend(self, number: int, amount: int) -> None:
        self.game.spend(number, amount)

    @rule(sender=members, receiver=members, amount=amounts)
    def send(self, sender: int, receiver: int, amount: int) -> None:
        self.game.send(sender, receiver, amount)

    @rule(number=members, amount=amounts)
    def block(self, number: int, amount: int) -> None:
        self.game.block(number, amount)

    @rule(which=some.integers(0, 9))
    def release(self, which: int) -> None:
        self.game.release(which)

    @rule(which=some.integers(0, 9))
    def cancel(self, which: int) -> None:
        self.game.cancel(which)

    @rule(number=members, amount=amounts)
    def give_back(self, number: int, amount: int) -> None:
        self.game.give_back(number, amount)

    @rule(number=members, amount=amounts)
    def revoke(self, number: int, amount: int) -> None:
        self.game.revoke(number, amount)

    @rule(number=members)
    def reset(self, number: int) -> None:
        self.game.reset(number)

    @rule(hours=some.integers(1, 60), is_noticed=some.booleans())
    def wait(self, hours: int, is_noticed: bool) -> None:
        self.game.wait(hours, is_noticed=is_noticed)

    @rule(days=some.sampled_from((0, 1)))
    def lock(self, days: int) -> None:
        self.game.lock(days)

    @rule(order=some.sampled_from(("expiry", "created")))
    def change_order(self, order: str) -> None:
        self.game.change_order(order)

    @invariant()
    def both_ledgers_agree(self) -> None:
        self.game.agree()


def test_no_run_of_moves_tells_the_ledgers_apart(tmp_path: Path) -> None:
    """On SQLite, where a move is cheap; the arithmetic is the same everywhere."""
    url = f"sqlite:///{tmp_path / 'guerdon.db'}"
    bench = Bench(Config(data_dir=tmp_path, database_url=url, secret_key=SECRET_KEY))
    played = type("Played", (Moves,), {"bench": bench, "codes": itertools.count()})
    try:
        run_state_machine_as_test(
            played, settings=settings(max_examples=25, stateful_step_count=25, deadline=None)
        )
    finally:
        bench.close()


@only_on_sqlite
def test_in_every_order_a_lot_is_consumed_once(bench: Bench) -> None:
    """Spending, blocking, canceling, sending and expiring the same lot."""
    orders = list(itertools.permutations(("spend", "block", "cancel", "send", "expire")))
    game = Game(bench, "orders", 2 * len(orders))
    for at, order in enumerate(orders):
        one, other = 2 * at + 1, 2 * at + 2
        game.add(one, 10_00, 1)
        for move in order:
            if move == "spend":
                game.spend(one, 6_00)
            elif move == "block":
                game.block(one, 5_00)
            elif move == "cancel":
                game.cancel(-1)
            elif move == "send":
                game.send(one, other, 7_00)
            else:
                game.wait(48, is_noticed=True)
        game.release(-1)
    game.agree()


def test_the_audit_sees_a_ledger_whose_guard_is_missing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The guard's guard: without the look at the balance a spend leaves a debt behind."""
    number = bench.member(("external", "m"))
    bench.do(AddPoints(bench.tenant_id, 0, number, 10_00))
    with monkeypatch.context() as patched:
        patched.setattr(
            points,
            "covering",
            lambda tx, tenant_id, number, _: points.account(tx, tenant_id, number),
        )
        for _ in range(2):
            bench.do(SpendPoints(bench.tenant_id, 0, number, 7_00))
    account = bench.ask(
        lambda rows: ledger.account(rows, bench.tenant_id, number, bench.clock.now())
    )
    assert account is not None
    assert account.available - account.debt == -4_00
    with monkeypatch.context() as patched:
        patched.setattr(
            ledger,
            "live_lots",
            lambda *_, **__: iter([Lot(position=1, remaining=99_00, expires_at=1, created_at=1)]),
        )
        bench.do(AddPoints(bench.tenant_id, 0, number, 5_00))
        bench.do(SpendPoints(bench.tenant_id, 0, number, 1_00))
    with pytest.raises(AssertionError):
        bench.ask(lambda rows: books.balance(rows, bench.tenant_id))
    assert bench.ask(lambda rows: audit.faults(rows, bench.tenant_id)) != []
