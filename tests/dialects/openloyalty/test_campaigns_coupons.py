"""Coupons as documented: bought in every context, used, delivered, and listed."""

import pytest

from dialects.openloyalty.counter import Counter, differences
from dialects.openloyalty.till import decided

MISSING = {"error": {"code": 404, "message": "Not Found"}}
NOBODY = "00000000-0000-0000-0000-000000000000"
BOUGHT = {
    "canBeUsed": True,
    "rewardCampaignId": "000096cf-6361-4d70-e169-676e22222222",
    "campaignId": "000096cf-6361-4d70-e169-676e22222222",
    "customerId": "7ae0712b-f029-4839-9c53-278c37c6fd35",
    "purchasedAt": "2019-03-14T10:29:05+0100",
    "coupon": {"code": "10", "id": "d481c4f2-fa88-476a-9e12-a39f728d94d8"},
    "campaignType": "percentage_discount_code",
    "campaignName": "Percentage discount code",
    "customerEmail": "user@example.com",
    "customerName": "Max",
    "customerLastname": "Nowacki",
    "campaignShippingAddress": {},
    "costInPoints": 0,
    "currentPointsAmount": 100,
    "used": False,
    "status": "active",
    "transactionId": {"transactionId": "33fbedb5-ff71-4a18-9711-4352d3b9e317"},
    "returnedAmount": 0,
    "deliveryStatus": {"status": ""},
}
OWNED = {
    "purchaseAt": "2018-01-30T18:23:24+0100",
    "costInPoints": 20,
    "campaignId": {"campaignId": "000096cf-32a3-43bd-9034-4df343e5fd93"},
    "used": False,
    "coupon": {"code": "123"},
}
DETAILS = {
    "campaignId": "000096cf-32a3-43bd-9034-4df343e5fd93",
    "reward": "discount_code",
    "name": "tests",
    "active": True,
    "costInPoints": 20,
    "singleCoupon": False,
    "unlimited": False,
    "limit": 10,
    "limitPerUser": 2,
    "campaignActivity": {"allTimeActive": True},
    "campaignVisibility": {"allTimeVisible": True},
    "segmentNames": [],
    "usageLeft": 0,
    "visibleForCustomersCount": 6,
    "usersWhoUsedThisCampaignCount": 1,
}


@pytest.fixture
def counter(house):
    return Counter(house)


def test_a_coupon_is_bought_in_every_context(counter):
    counter.gives(50)
    ann = counter.ann.member_id
    reward_id = counter.offer(codes=list("abcdefgh"), costInPoints=10)
    ways = {
        f"/DEFAULT/customer/campaign/{reward_id}/buy": counter.own,
        f"/DEFAULT/seller/customer/{ann}/campaign/{reward_id}/buy": counter.seller,
        f"/DEFAULT/admin/customer/{ann}/campaign/{reward_id}/buy": counter.admin,
    }
    for path, who in ways.items():
        reply = counter.ask(path, [], who)
        assert reply.status == 200, reply.body
        (coupon,) = reply.json()["coupons"]
        assert set(coupon) == {"code", "id"}
    assert counter.balance() == 20
    # Only an administrator gives for nothing, however much others ask for it.
    admins = f"/admin/customer/{ann}/campaign/{reward_id}/buy"
    free = ["withoutPoints=1", "quantity=2"]
    assert len(counter.ask(admins, free).json()["coupons"]) == 2
    assert counter.balance() == 20
    reply = counter.ask(f"/customer/campaign/{reward_id}/buy", free, counter.own)
    assert [each["code"] for each in reply.json()["coupons"]] == ["f", "g"]
    assert counter.balance() == 0
    reply = counter.ask(f"/customer/campaign/{reward_id}/buy", [], counter.own)
    assert (reply.status, reply.json()) == (400, {"error": "Not enough points"})
    counter.gives(100)
    counter.buy(reward_id)
    reply = counter.ask(f"/customer/campaign/{reward_id}/buy", [], counter.own)
    assert (reply.status, reply.json()) == (400, {"error": "No coupons left"})
    for quantity in (0, -1, 101, "many"):
        reply = counter.ask(admins, [f"quantity={quantity}"])
        assert "errors" in reply.json()["form"]["children"]["quantity"], quantity


def test_what_is_not_there_or_not_theirs_is_not_sold(counter):
    later = {"allTimeActive": 0, "activeFrom": "2100-01-01"}
    hidden = {"allTimeVisible": 0, "visibleTo": "2000-01-01"}
    refused = {
        "unknown": NOBODY,
        "inactive": counter.offer(active=False),
        "not yet": counter.offer(campaignActivity=later),
        "not shown": counter.offer(campaignVisibility=hidden),
        "for others": counter.offer(levels=[NOBODY], target="level"),
    }
    ann, seller = counter.ann.member_id, counter.seller
    for why, reward_id in refused.items():
        for path, who in (
            (f"/customer/campaign/{reward_id}/buy", counter.own),
            (f"/seller/customer/{ann}/campaign/{reward_id}/buy", seller),
        ):
            reply = counter.ask(path, [], who)
            assert (reply.status, reply.json()) == (404, MISSING), why
    # An administrator may give what is hidden, or meant for others; not what is over.
    assert counter.buy(refused["not shown"])
    assert counter.buy(refused["for others"])
    for why in ("unknown", "inactive", "not yet"):
        reply = counter.ask(f"/admin/customer/{ann}/campaign/{refused[why]}/buy", [])
        assert reply.status == 404, why
    assert counter.ask(f"/admin/customer/{NOBODY}/campaign/{NOBODY}/buy", []).status == 404
    limited = counter.offer(codes=list("abcdef"), unlimited=0, limit=3, limitPerUser=1)
    assert counter.buy(limited)
    reply = counter.ask(f"/customer/campaign/{limited}/buy", [], counter.own)
    assert reply.status == 400
    assert "limit" in reply.json()["error"]
    counter.ask(f"/admin/customer/{ann}/deactivate", [])
    reply = counter.ask(f"/admin/customer/{ann}/campaign/{counter.offer()}/buy", [])
    assert reply.status == 400
    assert "status" in reply.json()["error"]


def test_a_blank_is_no_code_and_is_not_sold(counter):
    reward_id = counter.offer(codes=(" ", "", " A-1 ", "\t"))
    assert [code for _, code in counter.buy(reward_id)] == ["A-1"]
    reply = counter.ask(f"/admin/customer/{counter.ann.member_id}/campaign/{reward_id}/buy", {})
    assert (reply.status, reply.json()) == (400, {"error": "No coupons left"})


def test_each_of_the_eight_types_is_had_in_its_own_way(counter):
    value = {"cashback": {"pointValue": 2}, "percentage_discount_code": {}}
    value["percentage_discount_code"] = {"transactionPercentageValue": 12.5}
    kinds = (
        "discount_code",
        "value_code",
        "free_delivery_code",
        "gift_code",
        "event_code",
        "cashback",
        "percentage_discount_code",
        "custom_campaign_code",
    )
    offered = {kind: counter.offer(kind, [kind[:3]], **value.get(kind, {})) for kind in kinds}
    paid = counter.sells("paid", 100)
    for kind in kinds[:5]:
        reply = counter.ask(f"/customer/campaign/{offered[kind]}/buy", [], counter.own)
        assert reply.json()["coupons"][0]["code"] == kind[:3], kind
    asked = {kind: f"/customer/campaign/{offered[kind]}/buy" for kind in kinds[5:]}
    assert counter.ask(asked["cashback"], [], counter.own).status == 400
    assert counter.ask(asked["custom_campaign_code"], [], counter.own).status == 400
    assert counter.ask(asked["percentage_discount_code"], [], counter.own).status == 404
    assert counter.buy(offered["custom_campaign_code"])[0][1] == "cus"
    percentage = offered["percentage_discount_code"]
    path = f"/admin/customer/{counter.ann.member_id}/campaign/{percentage}/buy"
    for body in ([], [f"transactionId={NOBODY}"]):
        assert counter.ask(path, body).status == 400
    assert counter.buy(percentage, transactionId=paid)[0][1] == "13", "halves are rounded up"
    counter.gives(10)
    redeemed = counter.ask("/customer/campaign/cashback/redeem", ["pointsAmount=5"], counter.own)
    assert redeemed.json()["rewardAmount"] == 10
    types = [each["campaignType"] for each in counter.get("/campaign/bought")["boughtCampaigns"]]
    assert sorted(types) == sorted(kinds)
    told = [reward["reward"] for _, _, reward in decided(counter.house, counter.admin, "*Bought*")]
    assert sorted(told) == sorted(kinds)


def test_coupons_are_marked_as_used_as_documented(counter):
    ann = counter.ann.member_id
    reward_id = counter.offer(codes=["test1", "test2", "test3"])
    bought = counter.buy(reward_id, quantity=3)
    rows = [
        f"coupons[0]{pair}"
        for coupon_id, code in bought[:2]
        for pair in (
            f"[campaignId]={reward_id}",
            f"[couponId]={coupon_id}",
            f"[code]={code}",
            "[used]=1",
            f"[customerId]={ann}",
        )
    ]
    reply = counter.ask("/DEFAULT/admin/campaign/coupons/mark_as_used", rows)
    marked = {"used": True, "campaignId": reward_id, "customerId": ann}
    assert reply.status == 200, reply.body
    assert reply.json() == {
        "coupons": [{"name": "test1", **marked}, {"name": "test2", **marked}]
    }, "the documented example gives both rows the number 0"
    bad = {"error": {"code": 400, "message": "Bad Request"}}
    (third, code) = bought[2]
    paid = counter.sells("1")
    row = {"campaignId": reward_id, "couponId": third, "code": code, "used": 1}

    def mark(*rows, who=None):
        headers = counter.own if who is None else who
        context = "customer" if who is None else "admin"
        path = f"/{context}/campaign/coupons/mark_as_used"
        return counter.ask(path, {"coupons": list(rows)}, headers)

    wrong = [
        {**row, "used": 0},
        {**row, "code": "WINTER"},
        {**row, "couponId": bought[0][0], "code": "test1"},
        {**row, "campaignId": NOBODY},
        {**row, "couponId": "none"},
        {**row, "transactionId": NOBODY},
    ]
    for each in wrong:
        reply = mark(row, each)
        assert reply.status == 400, each
        assert {**reply.json()["error"], **bad["error"]} == reply.json()["error"]
    assert mark().status == 400
    assert mark(*[row] * 101).status == 400
    assert counter.owned()["test3"]["used"] is False, "all rows or none"
    reply = mark({**row, "transactionId": paid})
    assert reply.json()["coupons"] == [{"name": "test3", **marked}]
    shown = counter.owned()["test3"]
    assert shown["used"] is True
    assert shown["canBeUsed"] is False
    assert shown["usedForTransactionId"] == {"transactionId": paid}
    # Unmarking is for administrators; once more, and it is not there to unmark.
    undone = {**row, "used": False, "customerId": ann}
    assert mark(undone, who=counter.admin).json()["coupons"][0]["used"] is False
    reply = mark(undone, who=counter.admin)
    assert reply.json()["error"]["reason"] == "coupon_not_used"
    bob = counter.house.member(("email", "bob@example.com"))
    reply = mark({**row, "customerId": bob.member_id}, who=counter.admin)
    assert reply.json()["error"] == {**bad["error"], "index": 0, "reason": "unknown_coupon"}


def test_any_web_page_may_read_that_nothing_could_be_marked(counter):
    for context, who in (("admin", counter.admin), ("customer", counter.own)):
        reply = counter.ask(f"/{context}/campaign/coupons/mark_as_used", [], who)
        assert (reply.status, reply.json()["error"]["code"]) == (400, 400)
        assert reply.headers["access-control-allow-origin"] == "*"


def test_a_delivery_is_followed_and_canceled(counter):
    counter.gives(10)
    ((coupon_id, _),) = counter.buy(counter.offer(costInPoints=10))
    path = f"/admin/customer/{counter.ann.member_id}/bought/coupon/%s/changeDeliveryStatus"

    def change(status, coupon=coupon_id):
        body = [f"deliveryStatus[status]={status}"]
        return counter.ask("/DEFAULT" + path % coupon, body, method="PUT")

    for status in ("ordered", "shipped", "delivered", "canceled"):
        reply = change(status)
        assert (reply.status, reply.json()) == (200, {"success": "Delivery status changed!"})
        listed = counter.get(f"/campaign/bought?deliveryStatus={status}")
        assert listed["boughtCampaigns"][0]["deliveryStatus"] == {"status": status}
    assert counter.owned()["a"]["status"] == "cancelled"
    assert counter.balance() == 10
    assert change("shipped").status == 400
    assert change("shipped", NOBODY).json() == MISSING
    children = change("lost").json()["form"]["children"]
    assert children["status"]["errors"] == ["The value you selected is not a valid choice."]


def test_what_was_bought_is_listed_as_documented(counter):
    ann = counter.ann.member_id
    assert counter.get("/campaign/bought") == {"boughtCampaigns": [], "total": 0}
    reward_id = counter.offer(unlimited=0, limit=10, limitPerUser=2)
    paid = counter.sells("1")
    percentage = counter.offer("percentage_discount_code", transactionPercentageValue=10)
    counter.buy(percentage, transactionId=paid)
    ((coupon_id, code),) = counter.buy(reward_id)
    whole = counter.get("/DEFAULT/campaign/bought")
    assert whole["total"] == 2
    first, second = whole["boughtCampaigns"]
    assert not differences(BOUGHT, first)
    assert (first["coupon"]["code"], first["customerName"]) == ("10", "Ann")
    assert first["campaignShippingAddress"] == {"city": "Warszawa"}
    assert first["customerEmail"] == "ann@example.com"
    assert "transactionId" not in second
    lists = {
        "/DEFAULT/customer/campaign/bought": counter.own,
        f"/DEFAULT/admin/customer/{ann}/campaign/bought": counter.admin,
        f"/DEFAULT/seller/customer/{ann}/campaign/bought": counter.seller,
    }
    for path, who in lists.items():
        listed = counter.get(path, who)
        assert listed["total"] == 2
        assert not differences(OWNED, listed["campaigns"][1])
        assert "campaign" not in listed["campaigns"][1]
        query = "?includeDetails=1&page=1&perPage=1&sort=purchaseAt&direction=DESC"
        (shown,) = counter.get(path + query, who)["campaigns"]
        assert (shown["coupon"]["id"], shown["campaign"]["campaignId"]) == (coupon_id, reward_id)
        assert not differences(DETAILS, shown["campaign"])
        assert ("coupons" in shown["campaign"]) == (who is not counter.own)
    counter.ask(
        "/customer/campaign/coupons/mark_as_used",
        {"coupons": [{"campaignId": reward_id, "couponId": coupon_id, "code": code, "used": 1}]},
        counter.own,
    )
    by_use = counter.get("/customer/campaign/bought?sort=used&direction=desc", counter.own)
    assert [each["used"] for each in by_use["campaigns"]] == [True, False]
    totals = {
        "": 2,
        "used=1": 1,
        "used=0": 1,
        "purchasedAtFrom=2000-01-01&purchasedAtTo=2100-01-01": 2,
        "purchasedAtTo=2000-01-01": 0,
        "purchasedAtFrom=2100-01-01": 0,
        "usageDateFrom=2000-01-01": 1,
        "usageDateTo=2000-01-01": 0,
        "activeToFrom=2000-01-01": 0,
        "deliveryStatus=ordered": 1,
        "used=1&page=2": 1,
    }
    for query, total in totals.items():
        assert counter.get("/campaign/bought?" + query)["total"] == total, query
    back_to_front = counter.get("/campaign/bought?direction=desc&perPage=1&sort=purchasedAt")
    assert back_to_front["boughtCampaigns"][0]["coupon"]["id"] == coupon_id
    for query in ("purchasedAtFrom=soon", "used=maybe", "sort=coupon"):
        assert (
            counter.house.call("GET", "/api/campaign/bought?" + query, headers=counter.admin).status
            == 400
        ), query
    visible = counter.get(f"/campaign/{reward_id}/customers/visible")["customers"][0]
    named = [each["campaignId"]["campaignId"] for each in visible["campaignPurchases"]]
    assert sorted(named) == sorted([reward_id, percentage])


def test_a_purchase_earns_a_reward_at_once_and_a_return_takes_its_share(counter):
    percentage = counter.offer("percentage_discount_code", transactionPercentageValue=10)
    rule = {"type": "instant_reward", "name": "tenth", "rewardCampaignId": percentage}
    everybody = {"active": 1, "allTimeActive": 1, "target": "level", "levels": [NOBODY]}
    reply = counter.ask("/earningRule", {"earningRule": {**rule, **everybody}})
    assert reply.status == 200, reply.body
    rule_id = reply.json()["earningRuleId"]
    counter.sells("elsewhere", 100)
    assert counter.owned() == {}, "the rule is for a level that nobody has"
    everybody["levels"] = []
    reply = counter.ask(
        f"/earningRule/{rule_id}", {"earningRule": {**rule, **everybody}}, None, "PUT"
    )
    assert reply.status == 200, reply.body
    first = counter.sells("1", 100)
    coupon = counter.owned()["10"]
    assert coupon["transactionId"] == {"transactionId": first}
    # Half of the goods come back, and with them half of the coupon that came with them.
    counter.returns("2", "1", 50)
    assert list(counter.owned()) == ["5"]
    assert counter.owned()["5"]["coupon"]["id"] == coupon["coupon"]["id"]
    # What it paid of another purchase is given back as a coupon of its own.
    second = counter.sells("3", 20)
    used = {"campaignId": percentage, "couponId": coupon["coupon"]["id"], "code": "5", "used": 1}
    rows = {"coupons": [{**used, "transactionId": second}]}
    reply = counter.ask("/customer/campaign/coupons/mark_as_used", rows, counter.own)
    assert reply.status == 200, reply.body
    counter.returns("4", "3", 8)
    states = {code: each["status"] for code, each in counter.owned().items()}
    assert states == {"5": "active", "1": "active", "2": "active"}
    assert counter.owned()["5"]["returnedAmount"] == 2
    types = [name for name, _, _ in decided(counter.house, counter.admin, "*Campaign*Was*")]
    assert types.count("CampaignCouponWasChanged") == 2, "the second purchase's coupon shrank too"
    assert types.count("CampaignWasReturned") == 1


def test_whoever_is_forgotten_leaves_coupons_and_no_name(counter):
    counter.gives(10)
    reward_id = counter.offer(costInPoints=10)
    counter.buy(reward_id)
    path = f"/admin/customer/{counter.ann.member_id}"
    assert counter.ask(path + "/anonymize", []).status == 204
    counter.house.settle()
    (shown,) = counter.get("/campaign/bought")["boughtCampaigns"]
    assert (shown["campaignName"], shown["costInPoints"]) == ("discount_code", 10)
    assert not {"customerEmail", "customerPhone", "customerName", "customerLastname"} & set(shown)
    assert shown["campaignShippingAddress"] == {}
    reply = counter.house.call("GET", "/api/campaign/bought/export/csv", headers=counter.admin)
    assert reply.status == 200
    assert b"Nowak" not in reply.body
    assert counter.ask(f"{path}/campaign/{reward_id}/buy", ["withoutPoints=1"]).status == 200
    path = f"/api/customer/{counter.ann.member_id}"
    assert counter.house.call("DELETE", path, headers=counter.admin).status == 204
    counter.house.settle()
    assert counter.get("/campaign/bought")["total"] == 2
    assert counter.get(f"/campaign/{reward_id}/customers/visible") == {"customers": [], "total": 0}
    assert counter.get(f"/campaign/{reward_id}")["visibleForCustomersCount"] == 0


def test_what_a_member_bought_is_sorted_by_what_it_cost(counter):
    counter.gives(100)
    for name, cost in (("tea", 5), ("cake", 20), ("ice", 10)):
        counter.buy(counter.offer(name=name, costInPoints=cost))
    for query, expected in (
        ("", [5, 10, 20]),
        ("&direction=desc", [20, 10, 5]),
        ("&perPage=2&page=2", [20]),
    ):
        found = counter.get(f"/customer/campaign/bought?sort=costInPoints{query}", counter.own)
        assert ([each["costInPoints"] for each in found["campaigns"]], found["total"]) == (
            expected,
            3,
        )
