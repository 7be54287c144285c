"""Cashback: points become money once, within a day's bound, and come back when nobody was paid."""

from __future__ import annotations

import pytest

from conformance.shop import ACCOUNT, CAMPAIGN, USER, Shop
from guerdon.clock import DAY
from guerdon.engine.commands.rewards import RedeemCashback, ReportCashback
from guerdon.errors import NotFound, Refused

STATUS = CAMPAIGN + "CampaignBoughtCashbackStatusWasChanged"


@pytest.fixture
def shop(house) -> Shop:
    return Shop(house)


def redeem(shop, number, points, reward_id=""):
    command = RedeemCashback(shop.tenant_id, 0, number, points * 100, reward_id)
    return shop.house.execute(command)


def report(shop, number, coupon_id, status, message=None) -> None:
    command = ReportCashback(shop.tenant_id, 0, number, coupon_id, "paytm", status, message)
    shop.house.execute(command)


def test_the_best_cashback_charges_what_was_asked_for(shop) -> None:
    ann = shop.member("ann")
    shop.gives(ann, 100)
    with pytest.raises(NotFound):
        redeem(shop, ann, 5)
    low = shop.reward("cashback", pointValue=2 * 10_000, cost=77)
    best = shop.reward("cashback", pointValue=3 * 10_000, cost=77, name="Money")
    shop.reward("cashback", pointValue=9 * 10_000, active=False)
    shop.reward("cashback", pointValue=9 * 10_000, levels=["other"])
    redeemed = redeem(shop, ann, 5)
    assert (redeemed.reward_id, redeemed.point_value, redeemed.amount) == (best, 30_000, 15_00)
    assert redeem(shop, ann, 5, low).amount == 10_00
    assert shop.balance(ann) == 90
    (told, _) = shop.decided(USER + "CampaignWasBoughtByCustomer")
    assert told["costInPoints"] == 5
    assert told["coupon"] == {"id": redeemed.coupon_id, "code": ""}
    spent = shop.decided(ACCOUNT + "PointsWereSpent")[0]["pointsTransfer"]
    assert (spent["value"], spent["comment"]) == (5, "Money, cashback")
    for points, code in ((91, "insufficient_points"), (0, "invalid_points")):
        with pytest.raises(Refused) as refused:
            redeem(shop, ann, points)
        assert refused.value.code == code


def test_a_day_has_a_bound_and_then_comes_the_next(house, shop) -> None:
    ann = shop.member("ann")
    shop.gives(ann, 100)
    house.setting("rewards.cashback_points_max", 30)
    shop.reward("cashback", pointValue=10_000)
    start = house.clock.now()
    outcomes = shop.together(*[RedeemCashback(house.tenant_id, 0, ann, 20_00)] * 5)
    assert sum(isinstance(each, Refused) for each in outcomes) == 4
    redeem(shop, ann, 10)
    house.clock.now = lambda: start + DAY
    redeem(shop, ann, 30)
    assert shop.balance(ann) == 40


def test_points_come_back_once_when_nobody_was_paid(shop) -> None:
    ann, bob = map(shop.member, ("ann", "bob"))
    shop.gives(ann, 20)
    shop.reward("cashback", pointValue=10_000)
    failing, paid = redeem(shop, ann, 5).coupon_id, redeem(shop, ann, 5).coupon_id
    report(shop, ann, failing, "accepted", "ACCEPTED")
    report(shop, ann, failing, "failed")
    report(shop, ann, failing, "failed")
    member_id = shop.coupon(failing).member_id
    about = {"couponId": failing, "customerId": member_id, "provider": "paytm"}
    first, second = shop.decided(STATUS)
    assert first == {**about, "status": "accepted", "message": "ACCEPTED"}
    assert list(second.items()) == [
        ("couponId", failing),
        ("status", "failed"),
        ("customerId", member_id),
        ("provider", "paytm"),
    ]
    assert shop.journal()[-2:] == ["CampaignStatusWasChanged", "PointsWereReturned"]
    assert shop.balance(ann) == 15
    report(shop, ann, paid, "success")
    for coupon_id, status in ((failing, "success"), (paid, "failed")):
        with pytest.raises(Refused, match="settled"):
            report(shop, ann, coupon_id, status)
    with pytest.raises(NotFound):
        report(shop, bob, paid, "success")
    ((coupon_id, _),) = shop.buy(bob, shop.reward(codes="a"))
    with pytest.raises(Refused, match="no cashback"):
        report(shop, bob, coupon_id, "failed")
    assert shop.balance(ann) == 15


def test_either_the_money_was_paid_or_the_points_came_back(shop) -> None:
    ann = shop.member("ann")
    shop.gives(ann, 20)
    shop.reward("cashback", pointValue=10_000)
    paid, canceled = (redeem(shop, ann, 5).coupon_id for _ in range(2))
    for status in ("accepted", "success"):
        report(shop, ann, paid, status)
    with pytest.raises(Refused) as refused:
        shop.deliver(paid, "canceled")
    assert (refused.value.code, refused.value.field) == ("cashback_settled", "status")
    assert (shop.coupon(paid).status, shop.coupon(paid).delivery_status) == ("active", "")
    shop.deliver(paid, "delivered")
    assert shop.balance(ann) == 10
    report(shop, ann, canceled, "accepted")
    shop.deliver(canceled, "canceled")
    with pytest.raises(Refused) as refused:
        report(shop, ann, canceled, "success")
    assert refused.value.code == "cashback_settled"
    assert shop.coupon(canceled).cashback_status == "accepted"
    report(shop, ann, canceled, "failed")
    assert shop.coupon(canceled).cashback_status == "failed"
    assert shop.balance(ann) == 15
