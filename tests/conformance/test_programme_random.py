"""Whatever members do, in any order: points, levels and totals are what naive reading gives."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as some
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

import naive_programme as naive
from conformance.history import exported, make_again
from conformance.programme_game import Game
from conformance.stores import Bench
from guerdon.config import Config

SECRET_KEY = bytes(range(32))
MOVES = {"sqlite": 200, "postgres": 60}
POLICIES = [
    naive.Policy("transactions", "automatic", "active_points", 5, False, 3, 0),
    naive.Policy("points", "automatic", "active_points", 5, False, 3, 0),
    naive.Policy("points", "none", "earned_points", 5, False, 2, 1),
    naive.Policy("points", "after_x_days", "active_points", 2, True, 3, 1),
    naive.Policy("points", "after_x_days", "earned_points", 2, False, 1, 0),
    naive.Policy("points", "after_x_days", "earned_points_since_last_level_change", 2, False, 4, 2),
]


def _play(game: Game, chance: random.Random, moves: int) -> None:
    number = lambda: chance.choice(game.numbers)  # noqa: E731
    amount = lambda: chance.choice((1, 33, 10_00, chance.randint(1, 60_00)))  # noqa: E731

    def lines() -> tuple[naive.Line, ...]:
        prices = (Fraction(1, 10_000), Fraction(9), Fraction(chance.randint(1, 400_000), 10_000))
        return tuple(
            naive.Line(chance.choice("ABCX"), chance.choice(prices), chance.random() < 0.4)
            for _ in range(chance.randint(1, 3))
        )

    ways: list[Callable[[], None]] = [
        *[lambda: game.buy(number(), lines())] * 6,
        *[lambda: game.bring_back(chance.randrange(99), lines())] * 3,
        *[lambda: game.see(number())] * 5,
        *[lambda: game.add(number(), amount())] * 2,
        *[lambda: game.spend(number(), amount())] * 3,
        lambda: game.send(number(), number(), amount()),
        lambda: game.block(number(), amount()),
        lambda: game.release(chance.randrange(99)),
        *[lambda: game.cancel(number(), chance.randrange(99))] * 2,
        lambda: game.reset(number()),
        lambda: game.set_level(number(), chance.randrange(3)),
        lambda: game.unset_level(number()),
        game.switch_special,
        *[lambda: game.wait(chance.randint(1, 40), is_noticed=chance.random() < 0.7)] * 3,
    ]
    for move in range(moves):
        chance.choice(ways)()
        if move % 7 == 6:
            game.agree()
    game.wait(1, is_noticed=True)
    game.agree()


@pytest.mark.parametrize(
    "policy", POLICIES, ids=lambda each: f"{each.tier} {each.mode} {each.base}"
)
def test_random_lives_come_to_what_a_naive_reader_gets(bench: Bench, policy: naive.Policy) -> None:
    _play(Game(bench, "game", 4, policy), random.Random(1), MOVES[bench.config.engine])
    before = exported(bench)
    make_again(bench)
    after = exported(bench)
    for table in before.keys() - {"head"}:
        assert after[table] == before[table], table


class Lives(RuleBasedStateMachine):
    """Hypothesis looks for the shortest lives in which the two programmes differ."""

    bench: Bench
    codes: Iterator[int]
    game: Game

    members = some.integers(1, 2)
    amounts = some.integers(1, 40_00)
    lines = some.lists(
        some.builds(
            naive.Line,
            some.sampled_from("ABCX"),
            some.integers(1, 600_000).map(lambda gross: Fraction(gross, 10_000)),
            some.booleans(),
        ),
        min_size=1,
        max_size=3,
    ).map(tuple)

    @initialize(policy=some.sampled_from(POLICIES))
    def begin(self, policy: naive.Policy) -> None:
        self.game = Game(self.bench, f"t{next(self.codes)}", 2, policy)

    @rule(number=members, lines=lines)
    def buy(self, number: int, lines: tuple[naive.Line, ...]) -> None:
        self.game.buy(number, lines)

    @rule(which=some.integers(0, 3), lines=lines)
    def bring_back(self, which: int, lines: tuple[naive.Line, ...]) -> None:
        self.game.bring_back(which, lines)

    @rule(number=members)
    def see(self, number: int) -> None:
        self.game.see(number)

    @rule()
    def switch_special(self) -> None:
        self.game.switch_special()

    @rule(number=members, amount=amounts, way=some.sampled_from(("add", "spend", "block")))
    def move(self, number: int, amount: int, way: str) -> None:
        getattr(self.game, way)(number, amount)

    @rule(sender=members, receiver=members, amount=amounts)
    def send(self, sender: int, receiver: int, amount: int) -> None:
        self.game.send(sender, receiver, amount)

    @rule(number=members, which=some.integers(0, 5))
    def cancel(self, number: int, which: int) -> None:
        self.game.cancel(number, which)

    @rule(which=some.integers(0, 5))
    def release(self, which: int) -> None:
        self.game.release(which)

    @rule(number=members, level=some.integers(0, 2))
    def set_level(self, number: int, level: int) -> None:
        self.game.set_level(number, level)

    @rule(number=members, way=some.sampled_from(("unset_level", "reset")))
    def take_away(self, number: int, way: str) -> None:
        getattr(self.game, way)(number)

    @rule(hours=some.integers(1, 60), is_noticed=some.booleans())
    def wait(self, hours: int, is_noticed: bool) -> None:
        self.game.wait(hours, is_noticed=is_noticed)

    @invariant()
    def both_programmes_agree(self) -> None:
        self.game.agree()


def test_no_lives_tell_the_programmes_apart(tmp_path: Path) -> None:
    """On SQLite, where a move is cheap; what is decided is the same everywhere."""
    url = f"sqlite:///{tmp_path / 'guerdon.db'}"
    bench = Bench(Config(data_dir=tmp_path, database_url=url, secret_key=SECRET_KEY))
    played = type("Played", (Lives,), {"bench": bench, "codes": itertools.count()})
    try:
        run_state_machine_as_test(
            played, settings=settings(max_examples=25, stateful_step_count=25, deadline=None)
        )
    finally:
        bench.close()
