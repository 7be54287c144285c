"""Analytics as documented: what is kept while things happen, and comes back by a rebuild."""

import json

from dialects.openloyalty.crowd import level
from dialects.openloyalty.till import back, permanent, post, sale
from guerdon.clock import DAY, to_datetime
from guerdon.engine import commands
from guerdon.engine.commands.erasure import DeleteMember
from guerdon.engine.commands.invitations import Invite
from guerdon.engine.commands.members import EnrolMember
from guerdon.engine.commands.points import AddPoints, SpendPoints

QUESTIONS = ("customers", "points", "referrals", "transactions", "levels")
NEVER = {"in_1_days": 0, "in_7_days": 0, "in_30_days": 0, "in_365_days": 0}


def ask(house, headers, about, store="/DEFAULT"):
    reply = house.call("GET", f"/api{store}/admin/analytics/{about}", headers=headers)
    assert (reply.status, reply.headers["content-type"]) == (200, "application/json"), reply.body
    return reply.json()


def enrol(house, name, **more):
    profile = json.dumps({"firstName": name, "lastName": "Doe", "email": f"{name}@example.com"})
    return house.execute(EnrolMember(house.tenant_id, 0, "admin", profile, **more)).number


def buy(house, headers, document, days_ago, gross):
    form = sale(document, items=[item(gross), item(2, "delivery")], buyer={"email": "-"})
    made_at = to_datetime(house.clock.now() - days_ago * DAY)
    form["transaction"]["transactionData"]["purchaseDate"] = made_at.strftime("%Y-%m-%d %H:%M")
    assert post(house, "/transaction", form, headers).status == 200


def item(gross, sku="SKU1"):
    rest = {"name": sku, "quantity": 1, "category": "c", "maker": "m", "labels": []}
    return {"sku": {"code": sku}, "grossValue": gross, **rest}


def test_before_anything_happens_everything_is_nothing(house):
    headers = permanent(house)
    assert ask(house, headers, "customers") == {"total": 0, "intervals": NEVER}
    assert ask(house, headers, "points") == {"totalSpendingTransfers": 0, "totalPointsSpent": 0}
    nobody = {"total": 0, "totalCompleted": 0, "totalRegistered": 0}
    assert ask(house, headers, "referrals", store="") == nobody
    assert ask(house, headers, "transactions") == {
        "total": 0,
        "countIntervals": NEVER,
        "amount": 0,
        "amountWithoutDeliveryCosts": 0,
        "currency": "EUR",
    }
    assert ask(house, headers, "levels") == {"total": 0, "levels": []}


def test_everything_that_happened_is_counted_and_a_rebuild_counts_the_same(house):
    headers = permanent(house)
    house.setting("purchases.excluded_delivery_skus", ["delivery"])
    high, low = level(house, "level1", 20.5, 1), level(house)
    ann = enrol(house, "ann")
    invited = [
        house.execute(Invite(house.tenant_id, 0, ann, f"{name}@example.com"))
        for name in ("bob", "cid", "dan")
    ]
    enrol(house, "bob", invitation_token=invited[0].token)
    enrol(house, "cid", invitation_token=invited[1].token)
    house.execute(DeleteMember(house.tenant_id, 0, enrol(house, "eve")))
    house.execute(AddPoints(house.tenant_id, 0, ann, 10_000))
    for points in (1_250, 500):
        house.execute(SpendPoints(house.tenant_id, 0, ann, points))
    for days_ago in (0, 6, 29, 364, 400):
        buy(house, headers, f"d-{days_ago}", days_ago, 10.5)
    bought = sale("d-bob", items=[item(30)], buyer={"email": "bob@example.com"})
    assert post(house, "/transaction", bought, headers).status == 200
    returned = back("r-1", "d-bob", items=[item(4)], buyer={"email": "bob@example.com"})
    assert post(house, "/transaction", returned, headers).status == 200

    expected = {
        "customers": {"total": 3, "intervals": dict.fromkeys(NEVER, 3)},
        "points": {"totalSpendingTransfers": 2, "totalPointsSpent": 17.5},
        "referrals": {"total": 3, "totalCompleted": 1, "totalRegistered": 1},
        "transactions": {
            "total": 6,
            "countIntervals": {
                "in_1_days": 1,
                "in_7_days": 2,
                "in_30_days": 3,
                "in_365_days": 4,
            },
            "amount": 88.5,
            "amountWithoutDeliveryCosts": 78.5,
            "currency": "EUR",
        },
        "levels": {
            "total": 2,
            "levels": [
                {
                    "levelId": low,
                    "name": "level0",
                    "conditionValue": "0.00",
                    "store": "",
                    "customers": 2,
                },
                {
                    "levelId": high,
                    "name": "level1",
                    "conditionValue": "20.50",
                    "store": "",
                    "customers": 1,
                },
            ],
        },
    }
    assert {about: ask(house, headers, about) for about in QUESTIONS} == expected
    house.execute(commands.RebuildState(house.tenant_id, 0))
    assert {about: ask(house, headers, about) for about in QUESTIONS} == expected
    anybody = "transactions?excludeCustomersWithoutTransaction=1"
    assert ask(house, headers, anybody) == expected["transactions"]
    assert house.call("GET", "/api/admin/analytics/customers").status == 401
