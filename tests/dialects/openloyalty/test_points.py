"""Points transfers as documented: requests, answers, refusals and who may do what."""

from __future__ import annotations

from typing import Any

import pytest

from dialects.openloyalty.till import customer, decided, permanent, post, sale, seller, types
from guerdon.clock import DAY
from guerdon.engine.commands.points import AddPoints, SpendPoints

PROFILE = {
    "firstName": "John",
    "lastName": "Doe",
    "email": "user@example.com",
    "phone": "123",
    "loyaltyCardNumber": "sa2222",
}
NAMES = (("email", "user@example.com"), ("phone", "123"), ("card", "sa2222"))
NOBODY = "b9af6a8c-9cc5-4924-989c-e4af614ab2a3"


class Shop:
    """A programme with a member, a friend of theirs and a system with a permanent token."""

    def __init__(self, house: Any) -> None:
        self.house = house
        self.headers = permanent(house)
        self.member = house.member(*NAMES, profile=PROFILE)
        self.friend = house.member(("email", "friend@example.com"), ("card", "77"))

    def post(self, path: str, headers: dict[str, str] | None = None, **fields: Any) -> Any:
        return post(self.house, path, {"transfer": fields}, headers or self.headers)

    def moved(self, path: str, headers: dict[str, str] | None = None, **fields: Any) -> str:
        reply = self.post(path, headers, **fields)
        assert reply.status == 200, reply.body
        assert list(reply.json()) == ["pointsTransferId"]
        return str(reply.json()["pointsTransferId"])

    def add(self, points: Any, **more: Any) -> str:
        return self.moved(
            "/points/transfer/add", customer=self.member.member_id, points=points, **more
        )

    def wrong(self, path: str, headers: dict[str, str] | None = None, **fields: Any) -> Any:
        reply = self.post(path, headers, **fields)
        assert reply.status == 400, reply.body
        assert list(reply.json()) == ["form", "errors"]
        children = reply.json()["form"]["children"]
        return {name: child["errors"] for name, child in children.items() if child}

    def get(self, target: str, headers: dict[str, str] | None = None) -> Any:
        reply = self.house.call("GET", "/api" + target, headers=headers or self.headers)
        assert reply.status == 200, reply.body
        return reply.json()

    def listed(self, query: str = "") -> list[dict[str, Any]]:
        found = self.get("/points/transfer" + query)
        assert list(found) == ["transfers", "total"]
        return list(found["transfers"])


@pytest.fixture
def shop(house: Any) -> Shop:
    return Shop(house)


def test_documented_requests_are_answered_as_documented(shop: Shop) -> None:
    who = shop.member.member_id
    documented = [f"transfer[customer]={who}", "transfer[points]=9"]
    for path in ("add", "spend"):
        reply = post(shop.house, f"/DEFAULT/points/transfer/{path}", documented, shop.headers)
        assert (reply.status, list(reply.json())) == (200, ["pointsTransferId"])
    shop.add(111)
    blocked = post(shop.house, "/points/transfer/block", documented, shop.headers)
    transfer_id = blocked.json()["pointsTransferId"]
    sent = [
        f"transfer[sender]={who}",
        f"transfer[receiver]={shop.friend.member_id}",
        "transfer[points]=100",
    ]
    assert post(shop.house, "/admin/p2p-points-transfer", sent, shop.headers).status == 200
    undo = f"/DEFAULT/points/transfer/{transfer_id}/cancel"
    reply = post(shop.house, undo, [], shop.headers)
    assert (reply.status, reply.body) == (200, b"")
    again = post(shop.house, undo, [], shop.headers)
    assert (again.status, again.json()) == (400, {"error": "this transfer is canceled already"})
    mine = customer(shop.house, who)
    sent = [f"transfer[receiver]={shop.friend.member_id}", "transfer[points]=11"]
    reply = post(shop.house, "/DEFAULT/customer/points/p2p-transfer", sent, mine)
    assert (reply.status, list(reply.json())) == (200, ["pointsTransferId"])
    moved = [name for name in types(shop.house, shop.headers) if "Points" in name]
    assert moved == [
        "PointsWereAdded",
        "PointsWereSpent",
        "PointsWereAdded",
        "PointsWereBlocked",
        "PointsWereTransferred",
        "PointsWereAdded",
        "PointsTransferHasBeenCanceled",
        "PointsWereTransferred",
        "PointsWereAdded",
    ]


def test_a_list_shows_what_is_documented(shop: Shop) -> None:
    first = shop.add(10, comment="Event - First Purchase - 10", validityDuration=30)
    made = post(shop.house, "/transaction", sale("456"), shop.headers)
    transaction_id = made.json()["transactionId"]
    shop.house.execute(
        AddPoints(
            shop.house.tenant_id,
            0,
            shop.member.number,
            6_90,
            comment="General spending rule - 2.3",
            issuer="system",
            transaction_id=transaction_id,
        )
    )
    one, other = shop.listed()
    expires_at = one.pop("expiresAt")
    assert expires_at.endswith("T23:59:59+0000")
    created_at = one.pop("createdAt")
    assert len(created_at) == len("2018-09-13T16:37:33+0200")
    person = {
        "accountId": shop.member.account_id,
        "customerId": shop.member.member_id,
        "customerFirstName": "John",
        "customerLastName": "Doe",
        "customerLoyaltyCardNumber": "sa2222",
        "customerEmail": "user@example.com",
        "customerPhone": "123",
    }
    assert one == {
        "pointsTransferId": first,
        **person,
        "value": 10,
        "state": "active",
        "type": "adding",
        "comment": "Event - First Purchase - 10",
        "issuer": "api",
    }
    assert {name: other[name] for name in person} == person
    assert other["value"] == 6.9
    assert other["transactionId"] == {"transactionId": transaction_id}
    assert other["transactionDocumentNumber"] == "456"
    assert other["transaction"]["grossValue"] == 3
    assert list(other["transaction"]["items"][0]) == [
        "sku",
        "name",
        "quantity",
        "grossValue",
        "category",
        "maker",
        "labels",
    ]
    mine = shop.get(
        "/DEFAULT/customer/points/transfer", customer(shop.house, shop.member.member_id)
    )
    assert mine["total"] == 2
    assert mine["transfers"][0]["expireAt"] == expires_at


def test_lists_are_filtered_sorted_and_paged(shop: Shop) -> None:
    house, tenant_id = shop.house, shop.house.tenant_id
    gone = shop.add(5)
    for points in (3, 4):
        shop.add(points)
    shop.house.execute(SpendPoints(tenant_id, 0, shop.member.number, 1_00))
    shop.house.execute(AddPoints(tenant_id, 0, shop.friend.number, 2_00))
    shop.moved("/points/transfer/block", customer=shop.member.member_id, points=1)
    post(house, f"/points/transfer/{gone}/cancel", [], shop.headers)
    house.setting("points.all_time_not_locked", value=False)
    house.setting("points.days_locked", 3)
    shop.add(8)

    def values(query: str) -> tuple[list[Any], int]:
        found = shop.get("/points/transfer?" + query)
        return [each["value"] for each in found["transfers"]], found["total"]

    assert values("") == ([5, 3, 4, 1, 2, 1, 8], 7)
    assert values("direction=desc&perPage=3&page=2") == ([1, 4, 3], 7)
    assert values("type=adding") == ([5, 3, 4, 2, 8], 5)
    assert values("type=blocked") == ([1], 1)
    assert values("type=adding&state=canceled") == ([5], 1)
    assert values("state[]=canceled&state[]=pending&direction=desc") == ([8, 5], 2)
    assert values("sort=value&direction=desc&perPage=3") == ([8, 5, 4], 7)
    assert values(f"customerId={shop.friend.member_id}") == ([2], 1)
    assert values("customerFirstName=JOH&customerEmail=user@&type=spending") == ([1], 1)
    assert values("customerLastName=nobody") == ([], 0)
    assert values(f"customerId={NOBODY}") == ([], 0)
    for query in ("type=gift", "state=odd", "sort=name"):
        reply = house.call("GET", f"/api/points/transfer?{query}", headers=shop.headers)
        assert reply.status == 400, query
    mine = customer(house, shop.friend.member_id)
    assert shop.get("/customer/points/transfer", mine)["total"] == 1
    assert shop.get("/customer/points/transfer?state=pending", mine)["total"] == 0


def test_what_is_wrong_is_said_beside_the_field(shop: Shop) -> None:
    who = shop.member.member_id
    blank, invalid = "This value should not be blank.", "This value is not valid."
    unknown = "This customer does not exist."
    for path in ("/points/transfer/add", "/points/transfer/spend", "/points/transfer/block"):
        assert shop.wrong(path) == {"customer": [blank], "points": [blank]}
        assert shop.wrong(path, customer=NOBODY, points=1) == {"customer": [unknown]}
        for points in (0, -1, "0.001", "x", "NaN", 10**13 + 1, str(2**63)):
            assert list(shop.wrong(path, customer=who, points=points)) == ["points"], points
        for points in (1.005, "1.234", True):
            assert shop.wrong(path, customer=who, points=points) == {"points": [invalid]}
    assert list(shop.wrong("/points/transfer/add", customer=who, points=1, validityDuration=0)) == [
        "validityDuration"
    ]
    shop.add(10**13)
    assert list(shop.wrong("/points/transfer/add", customer=who, points=1)) == ["points"]
    enough = {"points": ["Not enough points."]}
    friend = shop.friend.member_id
    for path in ("/points/transfer/spend", "/points/transfer/block"):
        assert shop.wrong(path, customer=friend, points=1) == enough
    p2p = "/admin/p2p-points-transfer"
    assert shop.wrong(p2p, sender=friend, receiver=who, points=1) == enough
    assert shop.wrong(p2p, sender=who, receiver=who, points=1) == {
        "receiver": ["You cannot transfer points to yourself."]
    }
    assert shop.wrong(p2p, sender=who, receiver="somebody", points=1) == {"receiver": [unknown]}
    mine = customer(shop.house, who)
    assert shop.wrong("/customer/points/p2p-transfer", mine, receiver=NOBODY, points=1) == {
        "receiver": [unknown]
    }


def test_a_receiver_is_named_by_mail_phone_card_or_uuid(shop: Shop) -> None:
    shop.add(10)
    mine = customer(shop.house, shop.member.member_id)
    for name in ("FRIEND@example.com", "77", shop.friend.member_id.upper()):
        shop.moved("/customer/points/p2p-transfer", mine, receiver=name, points=1.5)
    for name in ("user@example.com", "123", "sa2222"):
        shop.moved("/admin/p2p-points-transfer", sender=name, receiver="77", points=0.5)
    received = shop.listed(f"?customerId={shop.friend.member_id}&type=p2p_adding")
    assert [each["value"] for each in received] == [1.5, 1.5, 1.5, 0.5, 0.5, 0.5]
    name, _, payload = decided(shop.house, shop.headers)[-1]
    assert name == "PointsWereAdded"
    assert payload["pointsTransfer"]["senderId"] == {"accountId": shop.member.account_id}


def test_only_additions_and_blocks_can_be_canceled(shop: Shop) -> None:
    def cancel(transfer_id: str) -> tuple[int, Any]:
        reply = post(shop.house, f"/points/transfer/{transfer_id}/cancel", [], shop.headers)
        return reply.status, reply.json() if reply.body else None

    added = shop.add(10)
    spent = shop.moved("/points/transfer/spend", customer=shop.member.member_id, points=1)
    assert cancel(spent) == (400, {"error": "this transfer cannot be canceled"})
    assert cancel(added.upper()) == (200, None)
    assert cancel(NOBODY)[0] == cancel("nonsense")[0] == 404
    assert shop.listed()[0]["state"] == "canceled"


def test_who_acts_is_told_as_the_issuer(shop: Shop) -> None:
    who = shop.member.member_id
    clerk = seller(shop.house)
    shop.add(10)
    shop.moved("/pos/points/transfer/add", clerk, customer=who, points=5)
    shop.moved("/DEFAULT/pos/points/transfer/spend", clerk, customer=who, points=1)
    assert [each["issuer"] for each in shop.listed()] == ["api", "seller", "seller"]
    assert shop.get("/seller/points/transfer", clerk)["total"] == 3
    mine = customer(shop.house, who)
    for path, headers in (
        ("/points/transfer/add", mine),
        ("/pos/points/transfer/add", mine),
        ("/points/transfer/add", clerk),
        ("/customer/points/p2p-transfer", shop.headers),
    ):
        assert shop.post(path, headers, customer=who, points=1).status == 403, path
    assert shop.house.call("GET", "/api/points/transfer", headers=mine).status == 403
    assert shop.house.call("GET", "/api/points/transfer").status == 401


def test_another_tenants_transfers_and_members_do_not_exist(shop: Shop) -> None:
    transfer_id = shop.add(10)
    other = permanent(shop.house, tenant_id=shop.house.tenant("other"))
    assert shop.get("/points/transfer", other)["total"] == 0
    reply = post(shop.house, f"/points/transfer/{transfer_id}/cancel", [], other)
    assert reply.status == 404
    assert list(
        shop.wrong("/points/transfer/spend", other, customer=shop.member.member_id, points=1)
    ) == ["customer"]


def test_the_histogram_counts_the_transfers_of_thirty_days(shop: Shop) -> None:
    for _ in range(3):
        shop.add(1)
    found = shop.get("/DEFAULT/points/transfers")
    assert len(found) == 30
    assert list(found) == sorted(found)
    assert list(found.values()) == [*[0] * 29, 3]


def test_a_member_who_earned_in_one_dialect_is_seen_in_all(shop: Shop) -> None:
    house = shop.house
    headers = {"authorization": f"Basic {house.key('woowup')}", "content-type": "application/json"}
    body = '{"concept":"gift","points":30,"description":"test"}'
    path = f"/apiv3/users/{shop.member.number}"
    assert house.call("POST", f"{path}/points", headers=headers, body=body).status == 200
    shop.moved("/points/transfer/spend", customer=shop.member.member_id, points=12.5)
    shown = house.call("GET", path, headers=headers).json()["payload"]
    assert (shown["points"], shown["points_pending"]) == (17, 0)
    moved = house.call("GET", f"{path}/transactions", headers=headers).json()["payload"]
    assert [each["points"] for each in moved] == [30, -12]
    assert [each["value"] for each in shop.listed()] == [30, 12.5]


def test_a_lot_past_its_end_is_shown_as_expired(shop: Shop) -> None:
    shop.add(5, validityDuration=1)
    clock = shop.house.clock
    real = clock.now
    clock.now = lambda: real() + 3 * DAY
    try:
        mine = customer(shop.house, shop.member.member_id)
        for state, total in (("active", 0), ("expired", 1)):
            assert shop.get(f"/customer/points/transfer?state={state}", mine)["total"] == total
        assert shop.wrong("/points/transfer/spend", customer=shop.member.member_id, points=1) == {
            "points": ["Not enough points."]
        }
    finally:
        clock.now = real


def test_transfers_are_sorted_by_whose_they_are(shop: Shop) -> None:
    details = {"firstName": "ann", "lastName": "Zoe", "email": "z@example.com", "phone": "9"}
    ann = shop.house.member(("email", "z@example.com"), profile=details)
    shop.add(1)
    for points, member in ((2, shop.friend), (3, ann)):
        shop.house.execute(AddPoints(shop.house.tenant_id, 0, member.number, points * 100))
    shop.add(4)

    def values(query: str) -> list[Any]:
        return [each["value"] for each in shop.get("/points/transfer?" + query)["transfers"]]

    # The friend (2) has no name and no address in the details: nobody's come last.
    for sort, expected in (
        ("customerFirstName", [3, 1, 4, 2]),
        ("customerLastName", [1, 4, 3, 2]),
        ("customerEmail", [1, 4, 3, 2]),
        ("customerPhone", [1, 4, 3, 2]),
        ("customerLoyaltyCardNumber", [1, 4, 2, 3]),
        ("customerEmail&direction=desc", [3, 1, 4, 2]),
        ("customerEmail&perPage=2&page=2", [3, 2]),
        (f"customerPhone&direction=desc&customerId={shop.member.member_id}", [1, 4]),
    ):
        assert values(f"sort={sort}") == expected, sort
