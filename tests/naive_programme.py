"""A programme decided as naively as possible: what purchases, activities, rules and levels come to.

Beside the naive ledger, whose points these are. Everything is looked at anew whenever it is asked
for: what was earned is added up from lots, what was bought from documents. Money and rates are
fractions, points hundredths.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import count

from naive_ledger import Ledger, Lot

DAY = 86_400_000_000
OUTSIDE, DOUBLED, PREFERRED = "X", "A", "B"
RATE, LEAST, LABELLED = Fraction(3, 2), 10, Fraction(5, 4)
FIRST, FOR_PREFERRED, SEEN, SPECIAL = 7_33, 3_00, 1_11, 2_00
SEEN_A_DAY = 2
"""The rules: 1.5 points for each unit of money from 10 on, but not for `OUTSIDE`, which does not
count for levels either; twice as many for `DOUBLED`, five quarters for what has a label; points for
each line of `PREFERRED` at the second level; for the first purchase; for an activity twice a day,
and more, without end, at the second level while the rule that says so is in force."""


@dataclass(frozen=True)
class Level:
    """A level by what it takes, and what it is worth."""

    condition: int
    reward: Fraction


@dataclass(frozen=True)
class Line:
    """A line of a document: what it is and what it costs."""

    sku: str
    gross: Fraction
    is_labelled: bool = False


@dataclass
class Document:
    """A purchase, or a return of one."""

    number: int
    lines: tuple[Line, ...]
    lots: list[Lot] = field(default_factory=list)
    returns: list[Document] = field(default_factory=list)
    revoked: int = 0

    def sum(self, is_counted: Callable[[Line], bool] = lambda _: True) -> Fraction:
        return sum((each.gross for each in self.lines if is_counted(each)), Fraction())

    def left(self, is_counted: Callable[[Line], bool] = lambda _: True) -> Fraction:
        """What is left of some lines; of none when all of it came back, by whatever lines."""
        if sum((each.sum() for each in self.returns), Fraction()) >= self.sum():
            return Fraction()
        back = sum((each.sum(is_counted) for each in self.returns), Fraction())
        return max(Fraction(), self.sum(is_counted) - back)


@dataclass
class Place:
    """Where a member stands, and since when (a moment, and a place in the order of things)."""

    level: int
    since: float
    began: int
    manual: int | None = None


@dataclass(frozen=True)
class Policy:
    """The settings of levels, by their own words, and those of how long points last."""

    tier: str
    mode: str
    base: str
    days: int
    resets: bool
    days_active: int
    days_locked: int


class Programme(Ledger):
    """Everybody's purses, purchases and places."""

    def __init__(self, members: int, policy: Policy, levels: list[Level]) -> None:
        super().__init__(members)
        self.policy = policy
        self.levels = levels
        self.bought: dict[int, list[Document]] = {number: [] for number in self.purses}
        self.places: dict[int, Place] = {}
        self.values: dict[int, tuple[Lot, int, int]] = {}
        self.order_of_things = count(1)
        self.is_special = True
        self._seen: list[tuple[int, float, bool]] = []
        self._uses: Counter[tuple[int, float]] = Counter()

    def join(self) -> None:
        for number in self.purses:
            self.places[number] = Place(0, self.now, 0)

    # --- points -----------------------------------------------------------------------------------

    def give(self, number: int, points: int) -> Lot:
        """Points come in as the settings say."""
        policy = self.policy
        opens = self.now - self.now % 1_000_000 + policy.days_locked * DAY
        base = opens if policy.days_locked else self.now
        last_day = base + policy.days_active * DAY
        ends = last_day - last_day % DAY + DAY - 1_000_000
        lot = self.add(number, points, ends, opens=opens if policy.days_locked else 0.0)
        if policy.days_locked:
            self.values[id(lot)] = lot, points, 0
        else:
            self._earn(number, lot, points)
        return lot

    def _earn(self, number: int, lot: Lot, points: int) -> None:
        self.values[id(lot)] = lot, points, next(self.order_of_things)
        self.look_at_points(number)

    def earned(self, number: int, after: int = 0) -> int:
        mine = [self.values[id(lot)] for lot in self.purses[number].lots if id(lot) in self.values]
        return sum(value for lot, value, at in mine if at > after and lot.state != "canceled")

    # --- levels -----------------------------------------------------------------------------------

    def amount(self, number: int) -> Fraction:
        policy, place = self.policy, self.places[number]
        if policy.tier == "transactions":
            bought = self.bought[number]
            outside = [each.left(lambda line: line.sku == OUTSIDE) for each in bought]
            return max(Fraction(), sum((each.left() for each in bought), -sum(outside, Fraction())))
        if policy.base == "active_points":
            return Fraction(self.available(number), 100)
        return Fraction(self.earned(number, place.began), 100)

    def _rank(self, level: int) -> tuple[Fraction, int]:
        return self.levels[level].reward, self.levels[level].condition

    def _best(self, number: int) -> int:
        amount = self.amount(number)
        within = [at for at, level in enumerate(self.levels) if level.condition <= amount]
        return max(within, key=lambda at: self.levels[at].condition)

    def look(self, number: int, *, may_fall: bool, restarts: bool = True) -> None:
        place = self.places[number]
        aim = self._best(number)
        if place.manual is not None and self._rank(place.manual) >= self._rank(aim):
            aim = place.manual
        if aim == place.level or (self._rank(aim) < self._rank(place.level) and not may_fall):
            return
        place.level = aim
        if restarts:
            self._restart(place)

    def _restart(self, place: Place) -> None:
        policy = self.policy
        is_since = policy.base == "earned_points_since_last_level_change"
        if policy.tier == "points" and policy.mode == "after_x_days" and is_since:
            self._begin(place)

    def _begin(self, place: Place) -> None:
        place.since, place.began = self.now, next(self.order_of_things)

    def look_at_points(self, number: int) -> None:
        if self.policy.tier == "points":
            self.look(number, may_fall=self.policy.mode == "automatic")

    def set_by_hand(self, number: int, level: int) -> None:
        place = self.places[number]
        place.level = place.manual = level
        self._restart(place)

    def unset_by_hand(self, number: int) -> str:
        place = self.places[number]
        if place.manual is None:
            return "no_manual_level"
        place.level, place.manual = self._best(number), None
        self._restart(place)
        return ""

    # --- time -------------------------------------------------------------------------------------

    def come_by(self) -> None:
        """What is due is done: lots in the order of their hours, then reviews, then rules."""
        self._settle()
        self._review()
        self._ask_rules()

    def _settle(self) -> None:
        while due := self._due():
            for _, number, lot in due:
                if lot.state == "locked":
                    lot.state = "open"
                    lot.left -= self._pay(number, lot.left)
                    self._earn(number, lot, self.values[id(lot)][1])
                elif lot.left:
                    lot.state, lot.left = "expired", 0
                    self.look_at_points(number)

    def _review(self) -> None:
        policy = self.policy
        if policy.tier != "points" or policy.mode != "after_x_days":
            return
        for number, place in self.places.items():
            if place.since <= self.now - policy.days * DAY:
                self.look(number, may_fall=True, restarts=False)
                self._begin(place)
                if policy.base == "active_points" and policy.resets:
                    self.reset(number)

    def _due(self) -> list[tuple[float, int, Lot]]:
        lots = [(number, lot) for number, purse in self.purses.items() for lot in purse.lots]
        due = [(lot.opens, n, lot) for n, lot in lots if lot.state == "locked"]
        due += [(lot.ends, n, lot) for n, lot in lots if lot.state == "open" and lot.left]
        return sorted((each for each in due if each[0] <= self.now), key=lambda each: each[0])

    # --- purchases --------------------------------------------------------------------------------

    def buy(self, number: int, lines: tuple[Line, ...]) -> Document:
        """A purchase counts, and its rules give points; more, if it is the first one."""
        made = Document(number, lines)
        self.bought[number].append(made)
        if self.policy.tier == "transactions":
            self.look(number, may_fall=True)
        points = sum(self._given_for(line, number, made) for line in lines)
        if points:
            made.lots.append(self.give(number, points))
        if len(self.bought[number]) == 1:
            self.give(number, FIRST)
        return made

    def _given_for(self, line: Line, number: int, made: Document) -> int:
        points = 0
        if made.sum() >= LEAST and line.sku != OUTSIDE:
            points = rounded(line.gross * RATE * 100)
        if line.sku == DOUBLED:
            points *= 2
        if line.is_labelled:
            points = rounded(points * LABELLED)
        if line.sku == PREFERRED and self.places[number].level == 1:
            points += FOR_PREFERRED
        return points

    def bring_back(self, original: Document, lines: tuple[Line, ...]) -> None:
        number = original.number
        values = [self.values[id(lot)] for lot in original.lots]
        earned = sum(value for lot, value, _ in values if lot.state != "canceled")
        back = Document(number, lines)
        whole = original.sum()
        if whole:
            share = rounded(earned * back.sum() / whole)
            taken = max(0, min(share, earned - original.revoked))
            original.revoked += taken
            if taken:
                self.take(number, taken)
                self.look_at_points(number)
        original.returns.append(back)
        if self.policy.tier == "transactions":
            self.look(number, may_fall=True)

    # --- activities -------------------------------------------------------------------------------

    def see(self, number: int) -> None:
        """An activity, about which the rules of this moment will be asked."""
        self._seen.append((number, self.now, self.is_special))

    def _ask_rules(self) -> None:
        seen, self._seen = self._seen, []
        for number, moment, is_special in seen:
            use = number, moment // DAY
            if is_special and self.places[number].level == 1:
                self.give(number, SPECIAL)
            elif self._uses[use] < SEEN_A_DAY:
                self._uses[use] += 1
                self.give(number, SEEN)


def rounded(value: Fraction) -> int:
    """A whole number, halves away from zero; of what is not below it."""
    return int(value + Fraction(1, 2))
