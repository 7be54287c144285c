"""What decisions about points look like on the wire."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from guerdon.domain import points
from guerdon.domain.points import Slip, Terms

WARSAW = ZoneInfo("Europe/Warsaw")
MOMENT = 1_602_756_398_987_654  # 2020-10-15T10:06:38.987654Z
END = 1_605_394_799_000_000  # 2020-11-14T22:59:59Z


def slip(amount=690, **more):
    return Slip(
        account_id="A",
        number=7,
        transfer_id="P",
        points=amount,
        issuer="system",
        moment=MOMENT,
        timezone=WARSAW,
        **more,
    )


def shown(decision):
    text, _, fragment = decision.render()
    assert fragment is None
    assert (decision.aggregate, decision.number) == ("A", 7)
    return text


BASE = (
    '{"accountId":{"accountId":"A"},"pointsTransfer":{"id":{"pointsTransferId":"P"},'
    '"createdAt":"2020-10-15T12:06:38+02:00","value":6.9,"canceled":false,"issuer":"system"'
)


def test_a_spend_is_the_documented_example():
    assert shown(points.spent(slip(10_000, comment="Example comment"))) == (
        '{"accountId":{"accountId":"A"},"pointsTransfer":{"id":{"pointsTransferId":"P"},'
        '"comment":"Example comment","createdAt":"2020-10-15T12:06:38+02:00","value":100,'
        '"canceled":false,"issuer":"system"}}'
    )


def test_an_addition_has_the_documented_names_in_order():
    terms = Terms(6_90, END)
    decision = points.added(slip(comment="General spending rule", transaction_id="T"), terms)
    assert shown(decision) == (
        '{"accountId":{"accountId":"A"},"pointsTransfer":{"id":{"pointsTransferId":"P"},'
        '"comment":"General spending rule","createdAt":"2020-10-15T12:06:38+02:00","value":6.9,'
        '"canceled":false,"issuer":"system","availableAmount":6.9,"expired":false,'
        '"expiresAt":"2020-11-14T23:59:59+01:00","transactionId":{"transactionId":"T"},'
        '"locked":false}}'
    )


def test_every_other_transfer_adds_its_own_names_to_the_same_base():
    incoming = '"availableAmount":6.9,"expired":false'
    assert shown(points.added(slip(), Terms(6_90, END, END))) == (
        f'{BASE},{incoming},"expiresAt":"2020-11-14T23:59:59+01:00",'
        '"lockedUntil":"2020-11-14T23:59:59+01:00","locked":true}}'
    )
    assert shown(points.added(slip(), Terms(6_90), sender_id="B")) == (
        f'{BASE},{incoming},"locked":false,"senderId":{{"accountId":"B"}}}}}}'
    )
    assert shown(points.returned(slip(), Terms(6_90), "U")) == (
        f'{BASE},{incoming},"locked":false}},"couponId":"U"}}'
    )
    assert shown(points.spent(slip(transaction_id="R"), revised_id="T")) == (
        f'{BASE},"transactionId":{{"transactionId":"R"}},'
        '"revisedTransactionId":{"transactionId":"T"}}}'
    )
    assert shown(points.transferred(slip(), "B")) == (
        f'{BASE},"receiverId":{{"accountId":"B"}}}}}}'
    )
    assert shown(points.blocked(slip())) == BASE + "}}"


def test_what_happens_to_a_transfer_names_it_and_no_more():
    for name in (
        points.TRANSFER_WAS_CANCELED,
        points.TRANSFER_WAS_EXPIRED,
        points.TRANSFER_WAS_UNLOCKED,
    ):
        decision = points.changed(name, "A", 7, "P")
        assert decision.type == name
        assert shown(decision) == (
            '{"accountId":{"accountId":"A"},"pointsTransferId":{"pointsTransferId":"P"}}'
        )
    assert shown(points.reset("A", 7, "2020-10-15T12:06:38+02:00")) == (
        '{"accountId":{"accountId":"A"},"date":"2020-10-15T12:06:38+02:00"}'
    )


def test_a_debt_that_was_paid_shows_in_the_available_amount():
    text = shown(points.added(slip(10_00), Terms(4_00)))
    assert '"value":10,' in text
    assert '"availableAmount":4,' in text


def test_a_transfer_id_ends_in_its_position():
    made = points.transfer_id("7c02e6a4-31f0-4d5c-9a53-0123456789ab", 212_333)
    assert made == "7c02e6a4-31f0-4d5c-9a53-000000033d6d"
    assert points.position_of(made) == 212_333


@pytest.mark.parametrize("text", ["", "x", "0" * 11, "zzzzzzzzzzzz", "7c02e6a4-0123-456789ab"])
def test_what_is_no_transfer_id_has_no_position(text):
    assert points.position_of(text) is None


@pytest.mark.parametrize(
    ("value", "amount"), [(1, 100), (6.9, 690), (0.29, 29), (2.5, 250), (10**13 + 0.01, 10**15 + 1)]
)
def test_numbers_of_points_are_read_exactly(value, amount):
    assert points.hundredths(value) == amount
