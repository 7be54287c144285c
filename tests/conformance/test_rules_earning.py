"""Purchases, events, codes and places earn points at once, explained, within their limits."""

from __future__ import annotations

import asyncio
import json

import pytest

from conformance.programme import AT, Programme, item
from guerdon.engine import commands
from guerdon.engine.commands.definitions import Define
from guerdon.engine.commands.members import EnrolMember
from guerdon.engine.commands.rewards import DefineReward
from guerdon.engine.commands.rules import ReportEvent, UseCode, VisitPlace
from guerdon.errors import NotFound, Refused

ADDED = "OpenLoyalty.Domain.Account.Event.PointsWereAdded"
BOUGHT = "OpenLoyalty.Domain.User.Event.CampaignWasBoughtByCustomer"
FREE_DELIVERY = json.dumps({"reward": "free_delivery_code", "unlimited": True})


@pytest.fixture
def programme(house) -> Programme:
    return Programme(house)


def test_a_purchase_earns_one_transfer_that_says_which_rules_gave_what(house, programme) -> None:
    number = programme.member("ann")
    programme.rule("product_purchase", "product", points=3, skuIds=["A"])
    programme.rule("multiply_for_product", "double", multiplier=20_000, skuIds=["A"])
    programme.rule("points", "general", pointValue=10_000)
    programme.rule("points", "dear", pointValue=10_000, minOrderValue=10**9)
    programme.rule("points", "off", pointValue=10_000, on=False)
    bought = programme.buys(number, "1", item("A", 10), item("B", 5))
    assert programme.transfers(number) == [(28, "general, double, product")]
    (transfer,) = programme.decided(ADDED, number)
    assert transfer["pointsTransfer"]["transactionId"] == {"transactionId": bought}
    assert transfer["pointsTransfer"]["issuer"] == "system"
    assert programme.explained(number) == [
        [
            ("general", 15),
            ("dear", "below_min_order_value"),
            ("double", 10),
            ("product", 3),
        ]
    ]
    programme.rule("points", "late", pointValue=10_000, allTimeActive=False, startAt=AT + 1)
    programme.buys(number, "2", item("B", 5))
    assert programme.explained(number)[1][2] == ("late", "not_at_this_time")


def test_the_first_purchase_earns_more_after_what_it_earned_itself(house, programme) -> None:
    number = programme.member("ann")
    first = "oloy.transaction.customer_first_transaction"
    programme.rule("event", "small", eventName=first, points=5)
    programme.rule("event", "large", eventName=first, points=50)
    programme.rule("event", "middle", eventName=first, points=20)
    programme.rule("points", "general", pointValue=10_000)
    programme.buys(number, "1", item("A", 10))
    programme.buys(number, "2", item("A", 10))
    assert programme.transfers(number) == [(10, "general"), (50, "small, large"), (10, "general")]
    back = programme.buys(number, "3", item("A", -10), is_return=True, revised_document="1")
    assert back
    assert programme.balance(number) == 60


def test_an_instant_reward_comes_with_the_purchase_before_its_points(house, programme) -> None:
    number = programme.member("ann")
    body = {
        "reward": "percentage_discount_code",
        "translations": {"en": {"name": "Tenth"}},
        "transactionPercentageValue": 100_000,
        "unlimited": True,
    }
    reward = house.execute(Define(house.tenant_id, 0, "Reward", json.dumps(body))).definition_id
    programme.rule("instant_reward", "gift", rewardCampaignId=reward)
    programme.rule("instant_reward", "gone", rewardCampaignId="no such reward")
    programme.rule("points", "general", pointValue=10_000)
    programme.buys(number, "1", item("A", 100))
    assert len(programme.decided(BOUGHT, number)) == 1
    assert programme.explained(number) == [
        [("general", 100), ("gift", 0), ("gone", "reward_unavailable")]
    ]


def test_a_reward_that_cannot_be_given_stops_no_other_rule(house, programme) -> None:
    number = programme.member("ann")
    define = DefineReward(house.tenant_id, 0, FREE_DELIVERY, codes=("FREE",))
    gift = house.execute(define).definition_id
    last = {"lastExecutedRule": True}
    programme.rule("instant_reward", "gone", rewardCampaignId="no such reward", **last)
    programme.rule("instant_reward", "gift", rewardCampaignId=gift, **last)
    programme.rule("instant_reward", "again", rewardCampaignId=gift)
    programme.rule("product_purchase", "product", points=3, skuIds=["A"])
    programme.rule("points", "general", pointValue=10_000)
    for document in "12":
        programme.buys(number, document, item("A", 10))
    taken = [("general", 10), ("gone", "reward_unavailable")]
    assert programme.explained(number) == [
        [*taken, ("gift", 0), ("again", "stopped"), ("product", "stopped")],
        [*taken, ("gift", "reward_unavailable"), ("again", "reward_unavailable"), ("product", 3)],
    ]
    assert len(programme.decided(BOUGHT, number)) == 1


def test_a_purchase_that_earns_more_than_an_account_can_hold_is_taken(house, programme) -> None:
    number = programme.member("ann")
    programme.rule("product_purchase", "much", pointsAmount=10**15, skuIds=["A"])
    define = DefineReward(house.tenant_id, 0, FREE_DELIVERY, codes=("FREE",))
    gift = house.execute(define).definition_id
    programme.rule("instant_reward", "gift", rewardCampaignId=gift)
    programme.buys(number, "1", item("A", 5), item("A", 5))
    assert (programme.balance(number), programme.transfers(number)) == (0, [])
    (told,) = programme.decided("Guerdon.Rule.Event.RulesGaveNoPoints", number)
    reasons = [each.get("reason") for each in told["explanation"]]
    assert reasons == [None, "balance_limit"], "the reward was given"
    assert len(programme.decided(BOUGHT, number)) == 1
    programme.buys(number, "2", item("A", 5))
    assert programme.balance(number) == 10**13


def test_a_newcomer_a_log_in_and_the_newsletter_earn_what_their_rules_give(
    house, programme
) -> None:
    programme.rule("event", "welcome", eventName="oloy.account.created", points=7)
    programme.rule("event", "news", eventName="oloy.customer.newsletter_subscription", points=2)
    profile = json.dumps({"firstName": "A", "email": "a@example.com", "agreement2": True})
    quiet = EnrolMember(house.tenant_id, 0, "self", profile)
    active = EnrolMember(house.tenant_id, 0, "admin", profile.replace("a@example", "b@example"))
    first, second = (house.execute(each).number for each in (quiet, active))
    assert programme.transfers(first) == [(7, "welcome")]
    assert programme.transfers(second) == [(7, "welcome"), (2, "news")]


def test_an_event_reported_on_purpose_pays_or_says_why_not(house, programme) -> None:
    number = programme.member("ann")
    limit = {"active": True, "period": "forever", "limit": 2}
    programme.rule("custom_event", "like", eventName="like", points=3, limit=limit)
    programme.rule("custom_event", "gold", eventName="rich", points=3, levels=["gold"])

    def report(name: str, who: int = number) -> int:
        return house.execute(ReportEvent(house.tenant_id, 0, who, name)).points

    assert report("like") == report("like") == 300
    for name, code in (
        ("like", "limit_reached"),
        ("rich", "unknown_event"),
        ("no", "unknown_event"),
    ):
        with pytest.raises(Refused) as refused:
            report(name)
        assert refused.value.code == code
    with pytest.raises(NotFound):
        report("like", 99)
    assert programme.transfers(number) == [(3, "like"), (3, "like")]


def test_every_rule_of_a_code_or_around_a_place_pays(house, programme) -> None:
    number = programme.member("ann")
    first = programme.rule("qrcode", "one", code="abc", points=1)
    programme.rule("qrcode", "two", code="abc", points=2)
    programme.rule("qrcode", "three", code="xyz", points=4)
    scan = UseCode(house.tenant_id, 0, number, "abc")
    assert house.execute(scan).points == 300
    assert house.execute(UseCode(house.tenant_id, 0, number, "abc", first)).points == 100
    with pytest.raises(Refused, match="event does not exist"):
        house.execute(UseCode(house.tenant_id, 0, number, "nope"))
    here = {"latitude": 520_522_400, "longitude": 210_465_870}
    programme.rule("geolocation", "near", points=8, radius=10_000, **here)
    programme.rule("geolocation", "far", points=16, radius=10_000, latitude=0, longitude=0)
    visit = VisitPlace(house.tenant_id, 0, number, 520_522_500, 210_465_900)
    assert house.execute(visit).points == 800
    with pytest.raises(Refused, match="event does not exist"):
        house.execute(VisitPlace(house.tenant_id, 0, number, 100_000_000, 0))
    assert programme.transfers(number) == [(3, "one, two"), (1, "one"), (8, "near")]


def test_many_at_once_never_pass_a_limit(house, programme) -> None:
    number = programme.member("ann")
    limit = {"active": True, "period": "month", "limit": 7}
    programme.rule("custom_event", "like", eventName="like", points=1, limit=limit)
    report = ReportEvent(house.tenant_id, 0, number, "like")

    async def all_at_once() -> list[object]:
        tries = [house.engine.execute(report) for _ in range(40)]
        return await asyncio.gather(*tries, return_exceptions=True)

    answers = house.run(all_at_once())
    refused = [each for each in answers if isinstance(each, Refused)]
    assert len(refused) == 33
    assert {each.code for each in refused} == {"limit_reached"}
    assert programme.balance(number) == 7


def test_state_made_again_has_the_same_uses_and_invitations(house, programme) -> None:
    number = programme.member("ann")
    limit = {"active": True, "period": "1 year", "limit": 3}
    programme.rule("custom_event", "like", eventName="like", points=1, limit=limit)
    for _ in range(2):
        house.execute(ReportEvent(house.tenant_id, 0, number, "like"))

    def uses() -> list[object]:
        return house.read(lambda rows: rows.all("uses_of_member", tenant_id=1, number=number))

    before = uses()
    house.execute(commands.RebuildState(house.tenant_id, 0))
    assert uses() == before
    assert before[0][2] == 2
    house.execute(ReportEvent(house.tenant_id, 0, number, "like"))
    with pytest.raises(Refused):
        house.execute(ReportEvent(house.tenant_id, 0, number, "like"))
