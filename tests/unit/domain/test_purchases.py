"""Money as payloads show it, and the share of points that a return takes."""

import msgspec
import pytest

from guerdon.domain import purchases
from guerdon.domain.purchases import Exclusions, Item, Purchase


def purchase(*gross, exclusions=None):
    return Purchase(
        position=0,
        purchase_id="T",
        document_number="1",
        is_return=False,
        purchased_at=0,
        place="",
        pos_id="",
        revised_document="",
        number=0,
        registered_at=0,
        assigned_at=None,
        returned=0,
        items=tuple(Item(f"S{at}", "n", 1, each, f"C{at}") for at, each in enumerate(gross)),
        labels=(),
        exclusions=exclusions or Exclusions(),
        customer={},
    )


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, b"0"),
        (10_000, b"1"),
        (-10_000, b"-1"),
        (125_000, b"12.5"),
        (1, b"0.0001"),
        (-5_000, b"-0.5"),
        (10**13 - 1, b"999999999.9999"),
    ],
)
def test_money_is_written_without_a_superfluous_digit_and_read_exactly(amount, text):
    number = purchases.money_number(amount)
    assert msgspec.json.encode(number) == text
    assert purchases.money_amount(number) == amount
    assert purchases.money_amount(msgspec.json.decode(text)) == amount


@pytest.mark.parametrize(
    ("earned", "revoked", "bought", "returned", "points"),
    [
        (100_00, 0, 3_0000, 1_0000, 33_33),
        (100_00, 0, 3_0000, -1_0000, 33_33),
        (100_00, 0, 3_0000, 2_0000, 66_67),
        (1_00, 0, 8_0000, 1_0000, 13),
        (100_00, 99_00, 3_0000, 1_0000, 1_00),
        (100_00, 100_00, 3_0000, 1_0000, 0),
        (100_00, 120_00, 3_0000, 1_0000, 0),
        (100_00, 0, 3_0000, 9_0000, 100_00),
        (100_00, 0, 0, 1_0000, 0),
    ],
)
def test_a_return_takes_its_share_rounded_half_up_and_clamped(
    earned, revoked, bought, returned, points
):
    found = purchases.points_to_revoke(earned, revoked, purchase(bought), purchase(returned))
    assert found == points


def test_exclusions_are_those_of_the_day_and_an_item_is_taken_off_once():
    excluded = Exclusions(("S2",), ("S0",), ("C0", "C1"))
    bought = purchase(1, 10, 100, exclusions=excluded)
    assert (bought.gross, bought.gross_without_delivery, bought.excluded_for_level) == (111, 11, 11)
