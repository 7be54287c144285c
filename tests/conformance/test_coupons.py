"""Bought coupons: used once, delivered, due when their hour comes, taken back with purchases."""

from __future__ import annotations

import pytest

from conformance.programme import AT, item
from conformance.shop import ACCOUNT, CAMPAIGN, USER, Shop
from guerdon.clock import DAY
from guerdon.engine.commands.rewards import ChangeCouponUsage, UsageChange
from guerdon.errors import NotFound, Refused

USAGE = USER + "CampaignUsageWasChanged"
STATUS = USER + "CampaignStatusWasChanged"
BOUGHT = USER + "CampaignWasBoughtByCustomer"
DELIVERY = CAMPAIGN + "CampaignBoughtDeliveryStatusWasChanged"
RETURNED = ACCOUNT + "PointsWereReturned"
PERCENT = {"transactionPercentageValue": 10 * 10_000}


@pytest.fixture
def shop(house) -> Shop:
    return Shop(house)


@pytest.fixture
def days(house):
    """Moves the house's clock on by some days and does what is due."""
    start = house.clock.now()

    def go(count) -> None:
        house.clock.now = lambda: start + int(count * DAY)
        house.settle()

    return go


def test_a_used_coupon_is_told_of_thrice(house, shop) -> None:
    ann = shop.member("ann")
    reward_id = shop.reward(codes=["WINTER"])
    ((coupon_id, _),) = shop.buy(ann, reward_id)
    member_id = shop.coupon(coupon_id).member_id
    purchase_id = shop.buys(ann, "1", item("A", 5))
    shop.use(coupon_id, transaction_id=purchase_id)
    assert shop.journal()[-3:] == [
        "CampaignUsageWasChanged",
        "CampaignUsageWasChanged",
        "CampaignBoughtDeliveryStatusWasChanged",
    ]
    (told,) = shop.decided(USAGE)
    assert told.pop("usageDate").endswith("+00:00")
    assert told == {
        "customerId": {"customerId": member_id},
        "campaignId": {"campaignId": reward_id},
        "coupon": {"id": coupon_id, "code": "WINTER"},
        "used": True,
        "transactionId": {"transactionId": purchase_id},
    }
    assert shop.decided(CAMPAIGN + "CampaignUsageWasChanged") == [
        {
            "campaignId": reward_id,
            "customerId": member_id,
            "couponId": coupon_id,
            "couponCode": "WINTER",
            "used": True,
            "transactionId": purchase_id,
        }
    ]
    (delivery,) = shop.decided(DELIVERY)
    assert list(delivery.items()) == [
        ("couponId", coupon_id),
        ("status", "ordered"),
        ("customerId", member_id),
    ]
    assert shop.sold(reward_id).used == 1
    shop.use(coupon_id, used=False)
    assert not shop.coupon(coupon_id).used
    assert shop.sold(reward_id).used == 0
    assert list(shop.decided(USAGE)[-1]) == ["customerId", "campaignId", "coupon", "used"]


def test_rows_that_mark_coupons_are_all_right_or_none_is_done(house, shop) -> None:
    ann, bob = map(shop.member, ("ann", "bob"))
    reward_id = shop.reward(codes="abcd")
    bought = shop.buy(ann, reward_id, quantity=3)
    good, fine, used = (
        UsageChange(ann, reward_id, coupon_id, code, True) for coupon_id, code in bought
    )
    shop.use(used.coupon_id)
    nobody = "00000000-0000-0000-0000-000000000000"
    bought_id = good.coupon_id
    wrong = {
        "unknown_coupon": [
            UsageChange(ann, reward_id, nobody, "a", True),
            UsageChange(bob, reward_id, bought_id, "a", True),
            UsageChange(ann, nobody, bought_id, "a", True),
            UsageChange(ann, reward_id, bought_id, "b", True),
        ],
        "coupon_not_usable": [used, fine],
        "coupon_not_used": [UsageChange(ann, reward_id, bought_id, "a", False)],
        "unknown_transaction": [UsageChange(ann, reward_id, bought_id, "a", True, nobody)],
    }
    for code, rows in wrong.items():
        for row in rows:
            with pytest.raises(Refused) as refused:
                house.execute(ChangeCouponUsage(house.tenant_id, 0, (fine, row)))
            assert (refused.value.code, refused.value.index) == (code, 1)
    assert not shop.coupon(fine.coupon_id).used
    together = [ChangeCouponUsage(house.tenant_id, 0, (good, fine))] * 5
    outcomes = shop.together(*together)
    assert outcomes.count(None) == 1, "however many use it at once, it is used once"
    assert len(shop.decided(USAGE)) == 3


def test_a_canceled_delivery_takes_the_purchase_back_once(house, shop) -> None:
    ann, bob = map(shop.member, ("ann", "bob"))
    shop.gives(ann, 30)
    ((coupon_id, _),) = shop.buy(ann, shop.reward(codes="a", cost=30))
    shop.deliver(coupon_id, "shipped")
    shop.deliver(coupon_id, "shipped")
    assert len(shop.decided(DELIVERY)) == 1
    shop.deliver(coupon_id, "canceled")
    assert shop.journal()[-3:] == [
        "CampaignBoughtDeliveryStatusWasChanged",
        "CampaignStatusWasChanged",
        "PointsWereReturned",
    ]
    (status,) = shop.decided(STATUS)
    assert status["status"] == "cancelled"
    assert status["coupon"] == {"id": coupon_id, "code": "a"}
    (returned,) = shop.decided(RETURNED)
    assert returned["pointsTransfer"]["value"] == 30
    assert returned["couponId"] == coupon_id
    assert shop.balance(ann) == 30
    shop.deliver(coupon_id, "canceled")
    with pytest.raises(Refused, match="canceled"):
        shop.deliver(coupon_id, "delivered")
    with pytest.raises(Refused):
        shop.use(coupon_id)
    assert shop.balance(ann) == 30
    assert len(shop.decided(RETURNED)) == 1
    with pytest.raises(NotFound):
        shop.deliver_of(bob, coupon_id, "shipped")


def test_coupons_begin_and_end_by_themselves_exactly_once(house, shop, days) -> None:
    ann = shop.member("ann")
    reward_id = shop.reward(codes="abcde", daysInactive=2, daysValid=3)
    (first, _), (second, _), (third, _) = shop.buy(ann, reward_id, quantity=3)
    (told, *_) = shop.decided(BOUGHT)
    assert told["status"] == "inactive"
    assert {"activeSince", "activeTo"} < set(told)
    with pytest.raises(Refused):
        shop.use(first)
    days(1.9)
    assert not shop.decided(STATUS)
    days(2.1)
    assert [each["status"] for each in shop.decided(STATUS)] == ["active"] * 3
    shop.use(first)
    shop.use(second)
    days(4.9)
    shop.use(second, used=False)
    house.settle()
    assert len(shop.decided(STATUS)) == 3
    days(5.1)
    house.settle()
    expired = shop.decided(STATUS)[3:]
    assert [each["status"] for each in expired] == ["expired"] * 2
    assert {each["coupon"]["id"] for each in expired} == {second, third}
    assert shop.coupon(first).status == "active"
    with pytest.raises(Refused):
        shop.use(third)


def test_a_coupons_hour_counts_whether_or_not_the_clockwork_came_by(house, shop) -> None:
    ann = shop.member("ann")
    reward_id = shop.reward(codes="ab", daysInactive=1, daysValid=1)
    (first, _), (second, _) = shop.buy(ann, reward_id, quantity=2)
    start = house.clock.now()
    house.clock.now = lambda: start + DAY + DAY // 2
    shop.use(first)
    assert [each["status"] for each in shop.decided(STATUS, ann)][:1] == ["active"]
    house.clock.now = lambda: start + 2 * DAY + DAY // 2
    with pytest.raises(Refused):
        shop.use(second)
    house.settle()
    statuses = [each["status"] for each in shop.decided(STATUS) if each["coupon"]["id"] == second]
    assert statuses == ["active", "expired"]


def test_a_returned_purchase_gives_back_what_a_percentage_code_paid(house, shop) -> None:
    ann = shop.member("ann")
    reward_id = shop.reward("percentage_discount_code", **PERCENT)
    granting = shop.buys(ann, "1", item("A", 100))
    ((coupon_id, code),) = shop.buy(ann, reward_id, channel="admin", transaction_id=granting)
    assert code == "10"
    member_id = shop.coupon(coupon_id).member_id
    used = shop.buys(ann, "2", item("B", 90))
    shop.use(coupon_id, transaction_id=used)
    back = shop.buys(ann, "3", item("B", 30), is_return=True, revised_document="2")
    assert shop.journal()[-2:] == ["CampaignWasBoughtByCustomer", "CampaignWasReturned"]
    given = shop.decided(BOUGHT)[-1]
    assert given["costInPoints"] == 0
    assert given["coupon"]["code"] == "3"
    assert given["transactionId"] == {"transactionId": back}
    assert shop.decided(USER + "CampaignWasReturned") == [
        {
            "customerId": {"customerId": member_id},
            "purchaseId": f"{reward_id}_{member_id}_10_{granting}",
            "coupon": {"id": coupon_id, "code": "3"},
        }
    ]
    assert shop.coupon(coupon_id).returned == 3
    shop.buys(ann, "4", item("B", 60), is_return=True, revised_document="2", at=AT + DAY)
    assert [each["coupon"]["code"] for each in shop.decided(USER + "CampaignWasReturned")] == [
        "3",
        "7",
    ]
    with pytest.raises(Refused) as refused:
        shop.use(coupon_id, used=False)
    assert refused.value.code == "coupon_given_back"


def test_what_was_given_back_as_a_code_is_not_paid_again_in_points(shop) -> None:
    ann = shop.member("ann")
    shop.gives(ann, 20)
    reward_id = shop.reward("percentage_discount_code", cost=20, **PERCENT)
    sale = shop.buys(ann, "1", item("A", 100))
    ((coupon_id, _),) = shop.buy(ann, reward_id, channel="admin", transaction_id=sale)
    shop.use(coupon_id, transaction_id=shop.buys(ann, "2", item("B", 90)))
    shop.buys(ann, "3", item("B", 90), is_return=True, revised_document="2")
    assert shop.decided(BOUGHT)[-1]["coupon"]["code"] == "10"
    with pytest.raises(Refused) as refused:
        shop.deliver(coupon_id, "canceled")
    assert (refused.value.code, refused.value.field) == ("coupon_given_back", "status")
    assert (shop.coupon(coupon_id).status, shop.balance(ann)) == ("active", 0)
    shop.deliver(coupon_id, "delivered")


def test_what_came_with_a_purchase_shrinks_and_goes_with_it(house, shop) -> None:
    ann = shop.member("ann")
    shop.gives(ann, 10)
    reward_id = shop.reward("percentage_discount_code", cost=10, **PERCENT)
    gift_id = shop.reward("gift_code", "ab")
    sale = shop.buys(ann, "1", item("A", 100))
    ((coupon_id, _),) = shop.buy(ann, reward_id, channel="admin", transaction_id=sale)
    ((gift, _),) = shop.buy(ann, gift_id, channel="admin", transaction_id=sale)
    # What the reward is from now on does not concern what was sold before.
    lower = {"transactionPercentageValue": 10_000, "reward_id": reward_id}
    shop.reward("percentage_discount_code", None, **lower)
    shop.buys(ann, "2", item("A", 33), is_return=True, revised_document="1")
    (changed,) = shop.decided(USER + "CampaignCouponWasChanged")
    assert list(changed) == [
        "customerId",
        "campaignId",
        "transactionId",
        "createdAt",
        "newCoupon",
    ]
    assert changed["newCoupon"] == {"id": coupon_id, "code": "7"}
    assert shop.coupon(coupon_id).code == "7"
    shop.buys(ann, "3", item("A", 67), is_return=True, revised_document="1")
    cancelled = shop.decided(STATUS)
    assert [each["status"] for each in cancelled] == ["cancelled"] * 2
    assert {each["coupon"]["id"] for each in cancelled} == {coupon_id, gift}
    assert cancelled[0]["transactionId"] == {"transactionId": sale}
    assert shop.balance(ann) == 10, "what it cost is returned"


@pytest.mark.parametrize("has_come_by", [False, True])
def test_what_has_ended_is_not_paid_back_with_its_purchase(house, shop, days, has_come_by) -> None:
    """Whether or not the clockwork has come by since."""
    ann = shop.member("ann")
    shop.gives(ann, 10)
    reward_id = shop.reward("gift_code", "a", cost=10, daysValid=1)
    sale = shop.buys(ann, "1", item("A", 100))
    shop.buy(ann, reward_id, channel="admin", transaction_id=sale)
    if has_come_by:
        days(2)
    else:
        later = house.clock.now() + 2 * DAY
        house.clock.now = lambda: later
    shop.buys(ann, "2", item("A", 100), is_return=True, revised_document="1")
    house.settle()
    assert [each["status"] for each in shop.decided(STATUS)] == ["expired"]
    assert shop.balance(ann) == 0


def test_what_came_back_before_a_code_was_bought_is_not_counted(house, shop, days) -> None:
    ann = shop.member("ann")
    reward_id = shop.reward("percentage_discount_code", **PERCENT)
    sale = shop.buys(ann, "1", item("A", 100))
    give = {"channel": "admin", "transaction_id": sale}
    shop.buys(ann, "2", item("A", 40), is_return=True, revised_document="1")
    ((coupon_id, code),) = shop.buy(ann, reward_id, **give)
    assert code == "6"
    days(1)
    shop.buys(ann, "3", item("A", 30), is_return=True, revised_document="1")
    assert shop.coupon(coupon_id).code == "3"
    assert shop.buy(ann, reward_id, **give)[0][1] == "3"
    shop.buys(ann, "4", item("A", 30), is_return=True, revised_document="1")
    assert [each["status"] for each in shop.decided(STATUS)] == ["cancelled"] * 2
    with pytest.raises(Refused) as refused:
        shop.buy(ann, reward_id, **give)
    assert refused.value.code == "no_coupon_value"


def test_what_came_back_before_its_purchase_was_on_record_was_taken_from_others(shop) -> None:
    ann = shop.member("ann")
    reward_id = shop.reward("percentage_discount_code", **PERCENT)
    shop.buys(ann, "1", item("A", 50), is_return=True, revised_document="2")
    sale = shop.buys(ann, "2", item("A", 100))
    ((coupon_id, code),) = shop.buy(ann, reward_id, channel="admin", transaction_id=sale)
    assert code == "10"
    shop.buys(ann, "3", item("A", 20), is_return=True, revised_document="2")
    assert shop.coupon(coupon_id).code == "8"


def test_a_code_used_elsewhere_outlives_the_purchase_it_came_with(shop) -> None:
    ann = shop.member("ann")
    reward_id = shop.reward("percentage_discount_code", **PERCENT)
    sale = shop.buys(ann, "1", item("A", 100))
    ((coupon_id, _),) = shop.buy(ann, reward_id, channel="admin", transaction_id=sale)
    shop.use(coupon_id)
    shop.buys(ann, "2", item("A", 100), is_return=True, revised_document="1")
    assert not shop.decided(STATUS)
    assert shop.coupon(coupon_id).status == "active"
