"""Rewards: nobody gets what is not there, not theirs or not paid for, however many ask at once."""

from __future__ import annotations

import itertools
import json

import pytest

from conformance.programme import item
from conformance.shop import ACCOUNT, USER, Shop
from guerdon import limits
from guerdon.clock import DAY
from guerdon.engine import commands
from guerdon.engine.commands.definitions import Define
from guerdon.engine.commands.levels import MoveToLevel
from guerdon.engine.commands.rewards import BuyReward, StockCodes, SwitchReward
from guerdon.errors import NotFound, Refused, TooLarge

BOUGHT = USER + "CampaignWasBoughtByCustomer"
SPENT = ACCOUNT + "PointsWereSpent"


@pytest.fixture
def shop(house) -> Shop:
    return Shop(house)


def refusal(shop: Shop, *arguments, **more) -> str:
    with pytest.raises(Refused) as refused:
        shop.buy(*arguments, **more)
    return refused.value.code


def test_fifty_buyers_of_the_last_coupon_leave_exactly_one_success(house, shop) -> None:
    numbers = [shop.member(f"member {at}") for at in range(50)]
    for number in numbers:
        shop.gives(number, 10)
    reward_id = shop.reward(codes=["LAST"], cost=10)
    outcomes = shop.together(
        *(BuyReward(house.tenant_id, 0, number, reward_id) for number in numbers)
    )
    sold = [outcome for outcome in outcomes if isinstance(outcome, tuple)]
    assert [each.code for (each,) in sold] == ["LAST"]
    assert {str(each) for each in outcomes if isinstance(each, Exception)} == {"No coupons left"}
    assert sorted(map(shop.balance, numbers)) == [0] + [10] * 49
    assert shop.sold(reward_id).free == 0


def test_no_code_is_ever_sold_twice(house, shop) -> None:
    codes = [f"C{at}" for at in range(40)]
    reward_id = shop.reward(codes=codes)
    other_id = shop.reward(codes=codes[:1])
    numbers = [shop.member(f"member {at}") for at in range(30)]
    outcomes = shop.together(
        *(BuyReward(house.tenant_id, 0, number, reward_id, quantity=2) for number in numbers)
    )
    sold = [each for outcome in outcomes if isinstance(outcome, tuple) for each in outcome]
    assert [each.code for each in sold] == codes
    assert len({each.coupon_id for each in sold}) == len(codes)
    assert sum(isinstance(outcome, Refused) for outcome in outcomes) == 10
    # A code that was sold is not sold again when the stock is written anew, or the coupon canceled.
    shop.deliver(sold[0].coupon_id, "canceled")
    shop.reward(codes=["C0", "new"], reward_id=reward_id)
    assert [code for _, code in shop.buy(numbers[0], reward_id)] == ["new"]
    assert refusal(shop, numbers[0], reward_id) == "no_coupons"
    # It is another reward's all the same.
    assert [code for _, code in shop.buy(numbers[0], other_id)] == ["C0"]


def test_parallel_buys_never_overdraw_an_account(house, shop) -> None:
    number = shop.member("ann")
    shop.gives(number, 35)
    reward_id = shop.reward(codes=[str(at) for at in range(100)], cost=10)
    outcomes = shop.together(*[BuyReward(house.tenant_id, 0, number, reward_id)] * 20)
    assert sum(isinstance(outcome, tuple) for outcome in outcomes) == 3
    messages = {each.message for each in outcomes if isinstance(each, Refused)}
    assert messages == {"Not enough points"}
    assert shop.balance(number) == 5
    assert refusal(shop, number, reward_id, quantity=2) == "insufficient_points"
    assert len(shop.decided(BOUGHT)) == len(shop.decided(SPENT)) == 3


def test_a_purchase_says_what_was_bought_and_spends_for_each_coupon(house, shop) -> None:
    number = shop.member("ann")
    shop.gives(number, 50)
    house.setting("programme.timezone", "Europe/Warsaw")
    reward_id = shop.reward(codes=["A", "B"], cost=20, name="Free tea", daysValid=30)
    (first, _), (second, _) = shop.buy(number, reward_id, quantity=2)
    assert shop.journal()[-4:] == ["CampaignWasBoughtByCustomer", "PointsWereSpent"] * 2
    payload, other = shop.decided(BOUGHT)
    member_id = shop.coupon(first).member_id
    created, until = payload.pop("createdAt"), payload.pop("activeTo")
    assert created[:4].isdigit()
    assert until[11:19] == created[11:19], "the hour stays the same"
    assert payload == {
        "customerId": {"customerId": member_id},
        "campaignId": {"campaignId": reward_id},
        "costInPoints": 20,
        "coupon": {"id": first, "code": "A"},
        "campaignName": "Free tea",
        "reward": "discount_code",
        "status": "active",
    }
    assert list(other) == [
        "customerId",
        "campaignId",
        "createdAt",
        "costInPoints",
        "coupon",
        "campaignName",
        "reward",
        "status",
        "activeTo",
    ]
    assert other["coupon"] == {"id": second, "code": "B"}
    comments = [each["pointsTransfer"]["comment"] for each in shop.decided(SPENT)]
    assert comments == ["Free tea, coupon: A", "Free tea, coupon: B"]
    sold = shop.sold(reward_id, number)
    assert (sold.bought, sold.by_member, sold.free, sold.stocked, sold.buyers) == (2, 2, 0, 2, 1)


def test_limits_hold_for_the_reward_and_for_each_member(shop) -> None:
    ann, bob, cid = map(shop.member, ("ann", "bob", "cid"))
    reward_id = shop.reward(
        codes="abcdefgh", unlimited=False, limit=3, limitPerUser=2, singleCoupon=False
    )
    assert refusal(shop, ann, reward_id, quantity=3) == "member_limit"
    first, _ = shop.buy(ann, reward_id, quantity=2)
    assert refusal(shop, ann, reward_id) == "member_limit"
    assert refusal(shop, bob, reward_id, quantity=2) == "reward_limit"
    shop.buy(bob, reward_id)
    assert refusal(shop, cid, reward_id) == "reward_limit"
    # What is cancelled is given free again, though its code is not.
    shop.deliver(first[0], "canceled")
    assert [code for _, code in shop.buy(cid, reward_id)] == ["d"]


def test_everybody_gets_the_single_code(shop) -> None:
    ann, bob = map(shop.member, ("ann", "bob"))
    body = {"unlimited": False, "limit": 3, "limitPerUser": 2}
    reward_id = shop.reward(codes=["WINTER", "other"], singleCoupon=True, **body)
    (first, code), (second, again) = shop.buy(ann, reward_id, quantity=2)
    assert code == again == "WINTER"
    assert first != second
    assert shop.buy(bob, reward_id)[0][1] == "WINTER"
    assert refusal(shop, bob, reward_id) == "reward_limit"
    # Once codes are sold one by one, the one everybody has is not sold again.
    shop.reward(codes=None, reward_id=reward_id)
    assert shop.buy(bob, reward_id)[0][1] == "other"
    assert refusal(shop, shop.member("cid"), shop.reward(singleCoupon=True)) == "no_coupons"


def test_a_reward_is_had_by_whom_and_when_it_is_meant_for(house, shop) -> None:
    ann, bob = map(shop.member, ("ann", "bob"))
    now = house.clock.now()
    level = {"name": "gold", "conditionValue": 5, "reward": {"value": 0}}
    level_id = house.execute(Define(house.tenant_id, 0, "Level", json.dumps(level))).definition_id
    house.execute(MoveToLevel(house.tenant_id, 0, ann, level_id))
    codes = [str(at) for at in range(20)]
    for_gold = shop.reward(codes=codes, levels=[level_id], segments=["none"])
    assert shop.buy(ann, for_gold)
    assert refusal(shop, bob, for_gold) == "unknown_reward"
    assert refusal(shop, bob, for_gold, channel="seller") == "unknown_reward"
    assert shop.buy(bob, for_gold, channel="admin")
    past = {"allTimeActive": False, "activeFrom": now - 2 * DAY, "activeTo": now - DAY}
    over = shop.reward(codes=codes, campaignActivity=past)
    off = shop.reward(codes=codes, active=False)
    for reward_id, channel in itertools.product((over, off), ("customer", "seller", "admin")):
        assert refusal(shop, ann, reward_id, channel=channel) == "unknown_reward"
    soon = {"allTimeVisible": False, "visibleFrom": now + DAY}
    hidden = shop.reward(codes=codes, campaignVisibility=soon)
    assert refusal(shop, ann, hidden) == "unknown_reward"
    assert shop.buy(ann, hidden, channel="admin")
    house.execute(SwitchReward(house.tenant_id, 0, off, True))
    assert shop.buy(ann, off)
    for each in ("cashback", "custom_campaign_code"):
        assert refusal(shop, ann, shop.reward(each, codes)) == "reward_not_for_sale"
    assert shop.buy(ann, shop.reward("custom_campaign_code", codes), channel="admin")
    with pytest.raises(NotFound):
        shop.buy(ann, "00000000-0000-0000-0000-000000000000")


def test_only_members_whose_status_allows_it_spend(house, shop) -> None:
    ann = shop.member("ann")
    reward_id = shop.reward(codes="abc")
    house.setting("spending.statuses", ["blocked"])
    assert refusal(shop, ann, reward_id) == "member_status"
    house.setting("spending.statuses", ["active", "new"])
    assert shop.buy(ann, reward_id)


def test_an_administrator_may_give_a_reward_away(shop) -> None:
    ann = shop.member("ann")
    reward_id = shop.reward(codes="abc", cost=10)
    for channel in ("customer", "seller"):
        refused = refusal(shop, ann, reward_id, channel=channel, without_points=True)
        assert refused == "insufficient_points"
    ((coupon_id, _),) = shop.buy(ann, reward_id, channel="admin", without_points=True)
    assert shop.decided(BOUGHT)[0]["costInPoints"] == 0
    assert not shop.decided(SPENT)
    shop.deliver(coupon_id, "canceled")
    assert shop.balance(ann) == 0


def test_a_percentage_code_is_worth_a_share_of_its_purchase(shop) -> None:
    ann, bob = map(shop.member, ("ann", "bob"))
    percentage = {"transactionPercentageValue": 10 * 10_000}
    reward_id = shop.reward("percentage_discount_code", **percentage)
    purchase_id = shop.buys(ann, "1", item("A", 125))
    assert refusal(shop, ann, reward_id) == "unknown_reward"
    assert refusal(shop, ann, reward_id, channel="admin") == "missing_transaction"
    give = {"channel": "admin", "transaction_id": purchase_id, "quantity": 3}
    assert refusal(shop, bob, reward_id, **give) == "unknown_transaction"
    ((_, code),) = shop.buy(ann, reward_id, **give)
    assert code == "13", "halves go up, and there is one for each purchase"
    assert shop.decided(BOUGHT)[0]["transactionId"] == {"transactionId": purchase_id}
    small_id = shop.buys(ann, "2", item("A", 4))
    give["transaction_id"] = small_id
    assert refusal(shop, ann, reward_id, **give) == "no_coupon_value"


def test_a_stock_is_what_was_asked_for_and_never_what_was_sold(house, shop) -> None:
    ann = shop.member("ann")
    reward_id = shop.reward(codes=["a", "b", "c", "a"])
    assert shop.sold(reward_id).free == 3
    shop.buy(ann, reward_id)
    shop.reward(codes=["d", "b"], reward_id=reward_id)
    sold = shop.sold(reward_id)
    assert (sold.stocked, sold.free) == (3, 2)
    assert house.execute(StockCodes(house.tenant_id, 0, reward_id, ("a", "b", "e", "e"))) == 1
    assert [code for _, code in shop.buy(ann, reward_id, quantity=3)] == ["b", "d", "e"]
    shown = shop.decided("Guerdon.Reward.Event.CouponsWereStocked")
    assert [each["count"] for each in shown] == [3, 1, 1]
    assert shown[0]["codes"] == "", "codes are sealed"
    with pytest.raises(NotFound):
        house.execute(StockCodes(house.tenant_id, 0, "no", ("x",)))


def test_a_single_code_can_be_replaced_once_it_was_sold(house, shop) -> None:
    ann = shop.member("ann")
    reward_id = shop.reward(codes=["SUMMER", "OTHER"], singleCoupon=True)

    def sells(*codes: str) -> str:
        shop.reward(codes=codes, singleCoupon=True, reward_id=reward_id)
        house.execute(commands.RebuildState(house.tenant_id, 0))
        assert shop.sold(reward_id).stocked == len(codes)
        return shop.buy(ann, reward_id)[0][1]

    assert shop.buy(ann, reward_id)[0][1] == "SUMMER"
    assert sells("WINTER") == "WINTER"
    assert sells("SUMMER", "WINTER") == "SUMMER"
    assert sells("WINTER", "SUMMER") == "WINTER"
    before = len(shop.journal())
    shop.reward(codes=(), singleCoupon=True, reward_id=reward_id)
    assert shop.journal()[before:].count("CouponsWereWithdrawn") == 1
    assert refusal(shop, ann, reward_id) == "no_coupons"
    # Sold one by one from now on: those that everybody has are not.
    shop.reward(codes=["SUMMER", "FRESH", "WINTER"], reward_id=reward_id)
    assert (shop.sold(reward_id).stocked, shop.sold(reward_id).free) == (3, 1)
    assert shop.buy(ann, reward_id)[0][1] == "FRESH"
    assert refusal(shop, ann, reward_id) == "no_coupons"


def test_a_stock_has_a_bound(house, shop, monkeypatch) -> None:
    monkeypatch.setattr(limits, "codes_max", 5)
    monkeypatch.setattr(limits, "codes_per_decision", 2)
    reward_id = shop.reward(codes="abcde")
    with pytest.raises(TooLarge):
        shop.reward(codes="abcdef", reward_id=reward_id)
    with pytest.raises(TooLarge):
        house.execute(StockCodes(house.tenant_id, 0, reward_id, ("f",)))
    shown = shop.decided("Guerdon.Reward.Event.CouponsWereStocked")
    assert [each["count"] for each in shown] == [2, 2, 1]


def test_a_rebuild_gives_the_same_stock_and_coupons(house, shop) -> None:
    ann = shop.member("ann")
    shop.gives(ann, 100)
    reward_id = shop.reward(codes="abcdef", cost=5, daysInactive=1, daysValid=2)
    ((first, _), (second, _)) = shop.buy(ann, reward_id, quantity=2)
    shop.deliver(second, "canceled")
    before = shop.coupon(first), shop.coupon(second), shop.sold(reward_id, ann)
    house.execute(commands.RebuildState(house.tenant_id, 0))
    assert before == (shop.coupon(first), shop.coupon(second), shop.sold(reward_id, ann))
    assert [code for _, code in shop.buy(ann, reward_id)] == ["c"]
