"""Cashback as documented: simulated, redeemed, and what its provider reports."""

import pytest

from dialects.openloyalty.counter import Counter, differences
from dialects.openloyalty.till import decided

REDEEMED = {"customerId": "x", "pointsAmount": 5, "pointValue": 10, "rewardAmount": 50}
SIMULATED = {"customerId": "x", "pointsAmount": 10, "pointValue": "3.00", "rewardAmount": 30}
ADMIN = "/DEFAULT/admin/campaign/cashback"
OWN = "/DEFAULT/customer/campaign/cashback/redeem"
CALLBACK = "/DEFAULT/campaign/cashback/callback/paytm"


@pytest.fixture
def counter(house):
    return Counter(house)


def test_points_are_simulated_and_redeemed_as_documented(counter):
    ann = counter.ann.member_id
    asked = [f"customerId={ann}", "pointsAmount=10"]
    for name in ("simulate", "redeem"):
        reply = counter.ask(f"{ADMIN}/{name}", asked)
        assert (reply.status, list(reply.json())) == (400, ["error"]), "there is no cashback yet"
    low = counter.offer("cashback", (), pointValue=1.5)
    counter.offer("cashback", (), pointValue=3)
    reply = counter.ask(f"{ADMIN}/simulate", asked)
    assert reply.status == 200, reply.body
    assert not differences(SIMULATED, reply.json())
    assert reply.json() == {**SIMULATED, "customerId": ann}
    reply = counter.ask(f"{ADMIN}/redeem", asked)
    assert (reply.status, reply.json()) == (400, {"error": "Not enough points"})
    assert not decided(counter.house, counter.admin, "*Bought*"), "a simulation decides nothing"

    counter.gives(20)
    reply = counter.ask(f"{ADMIN}/redeem", asked)
    assert not differences(REDEEMED, reply.json())
    assert reply.json() == {
        "customerId": ann,
        "pointsAmount": 10,
        "pointValue": 3,
        "rewardAmount": 30,
    }
    reply = counter.ask(OWN, [f"cashbackId={low}", "pointsAmount=5.5"], counter.own)
    assert reply.json() == {
        "customerId": ann,
        "pointsAmount": 5.5,
        "pointValue": 1.5,
        "rewardAmount": 8.25,
        "cashbackId": low,
    }
    assert counter.balance() == 4.5
    unknown = "00000000-0000-0000-0000-000000000000"
    assert counter.ask(OWN, ["pointsAmount=1", f"cashbackId={unknown}"], counter.own).status == 400
    for body, fields in (
        (["pointsAmount=0"], {"pointsAmount", "customerId"}),
        ([f"customerId={unknown}", "pointsAmount=x"], {"pointsAmount", "customerId"}),
        ([f"customerId={ann}", "pointsAmount=-1"], {"pointsAmount"}),
    ):
        for name in ("simulate", "redeem"):
            children = counter.ask(f"{ADMIN}/{name}", body).json()["form"]["children"]
            assert {each for each in children if "errors" in children[each]} == fields


@pytest.mark.parametrize("amount", [1.006, "0.999", True])
def test_nobody_redeems_another_amount_than_the_one_asked_for(counter, amount):
    counter.gives(20)
    counter.offer("cashback", (), pointValue=1)
    for path, headers, named in (
        (f"{ADMIN}/simulate", counter.admin, {"customerId": counter.ann.member_id}),
        (f"{ADMIN}/redeem", counter.admin, {"customerId": counter.ann.member_id}),
        (OWN, counter.own, {}),
    ):
        reply = counter.ask(path, {**named, "pointsAmount": amount}, headers)
        assert reply.status == 400, path
        children = reply.json()["form"]["children"]
        assert children["pointsAmount"] == {"errors": ["This value is not valid."]}
    assert counter.balance() == 20


def test_a_day_has_the_documented_bound(counter):
    counter.gives(50)
    counter.offer("cashback", (), pointValue=1)
    counter.house.setting("rewards.cashback_points_max", 10)
    assert counter.ask(OWN, ["pointsAmount=6"], counter.own).status == 200
    reply = counter.ask(OWN, ["pointsAmount=5"], counter.own)
    assert reply.status == 400
    assert "10 points" in reply.json()["error"]
    assert counter.ask(OWN, ["pointsAmount=4"], counter.own).status == 200


def test_whoever_pays_reports_what_became_of_it(counter):
    ann = counter.ann.member_id
    counter.gives(10)
    counter.offer("cashback", (), pointValue=1)
    for _ in range(2):
        counter.ask(OWN, ["pointsAmount=5"], counter.own)
    first, second = (
        each["coupon"]["id"] for each in counter.get("/campaign/bought")["boughtCampaigns"]
    )
    reply = counter.ask(CALLBACK, {"id": f"{ann}_{first}", "code": "ACCEPTED"})
    assert reply.status == 200, reply.body
    assert reply.json() == {
        "couponId": first,
        "id": f"{ann}_{first}",
        "customerId": ann,
        "code": "ACCEPTED",
        "message": "ACCEPTED",
        "provider": "paytm",
        "failed": False,
    }
    assert counter.balance() == 0
    named = {"couponId": second, "customerId": ann, "code": "FAILURE", "message": "No account"}
    for _ in range(2):
        reply = counter.ask(CALLBACK, named)
        assert (reply.json()["failed"], reply.json()["message"]) == (True, "No account")
        assert counter.balance() == 5, "said twice, given back once"
    reply = counter.ask(CALLBACK, {**named, "code": "SUCCESS"})
    assert (reply.status, list(reply.json())) == (400, ["error"])
    told = decided(counter.house, counter.admin, "*CampaignBoughtCashbackStatusWasChanged")
    assert [payload for _, _, payload in told] == [
        {
            "couponId": first,
            "status": "accepted",
            "customerId": ann,
            "provider": "paytm",
            "message": "ACCEPTED",
        },
        {
            "couponId": second,
            "status": "failed",
            "customerId": ann,
            "provider": "paytm",
            "message": "No account",
        },
    ]
    for body, fields in (
        ({}, {"customerId", "couponId", "code"}),
        ({**named, "code": "PERHAPS"}, {"code"}),
    ):
        children = counter.ask(CALLBACK, body).json()["form"]["children"]
        assert {each for each in children if "errors" in children[each]} == fields
    nobody = {**named, "customerId": "00000000-0000-0000-0000-000000000000"}
    assert counter.ask(CALLBACK, nobody).status == 404
    assert counter.ask(CALLBACK, named, counter.own).status == 403
