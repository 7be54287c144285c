"""A purse gives what the ledger would give, or says that it does not know."""

from guerdon.domain.lots import Lot
from guerdon.engine.purses import Purse

EARLY, MIDDLE, LATE = Lot(7, 30, 100, 3), Lot(2, 20, 200, 1), Lot(5, 50, 300, 2)


def taken(purse: Purse, points: int) -> list[tuple[int, int]] | None:
    pieces = purse.take(points)
    return None if pieces is None else [(piece.lot.position, piece.points) for piece in pieces]


def test_what_is_taken_is_gone() -> None:
    purse = Purse([EARLY, MIDDLE, LATE], "expiry", is_whole=True)
    assert taken(purse, 40) == [(7, 30), (2, 10)]
    assert taken(purse, 10) == [(2, 10)]
    assert taken(purse, 60) == [(5, 50)]
    assert taken(purse, 1) == []


def test_a_purse_that_is_not_whole_says_when_it_has_not_enough() -> None:
    purse = Purse([EARLY, MIDDLE], "expiry", is_whole=False)
    assert taken(purse, 50) == [(7, 30), (2, 20)]
    assert taken(purse, 1) is None
    purse = Purse([EARLY, MIDDLE], "expiry", is_whole=False)
    assert taken(purse, 51) is None
    assert taken(purse, 30) == [(7, 30)]


def test_what_comes_in_takes_its_place_in_the_order_of_spending() -> None:
    by_expiry = Purse([EARLY, LATE], "expiry", is_whole=True)
    by_expiry.put(MIDDLE)
    assert by_expiry.lots == [EARLY, MIDDLE, LATE]
    by_age = Purse([MIDDLE], "created", is_whole=True)
    for lot in (EARLY, LATE):
        by_age.put(lot)
    assert by_age.lots == [MIDDLE, LATE, EARLY]


def test_what_comes_in_behind_lots_not_looked_at_is_not_looked_at_either() -> None:
    purse = Purse([EARLY], "expiry", is_whole=False)
    purse.put(LATE)
    assert purse.lots == [EARLY]
    purse.put(Lot(9, 1, 50, 9))
    assert taken(purse, 2) == [(9, 1), (7, 1)]
