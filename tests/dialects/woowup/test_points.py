"""Points and transactions, in both families."""

from __future__ import annotations

from typing import Any

import pytest

from dialects.woowup.partner import Partner, shape
from guerdon import limits
from guerdon.engine.commands.erasure import DeleteMember
from guerdon.engine.commands.points import AddPoints, SpendPoints

GIFT = {"concept": "gift", "points": 30, "description": "test"}
# The identity fields as the vendor's clients send them with every body.
EMPTY = {"document": "", "email": "", "service_uid": "", "telephone": ""}


@pytest.fixture
def shop(partner: Partner) -> Partner:
    """A partner with one user, number 1."""
    partner.user(service_uid="u-1", email="ana@example.com")
    return partner


def balance(partner: Partner) -> int:
    return partner.get("/users/1").json()["payload"]["points"]


def test_points_come_as_a_number_or_as_a_text(shop: Partner) -> None:
    total = 0
    for points in (30, "2123", "030", 10**12, "-5"):
        reply = shop.post("/users/1/points", {**GIFT, "points": points})
        status, payload, message, code = shape(reply)
        assert (status, message, code) == (200, "ok", "ok")
        assert type(payload["transaction_id"]) is int
        total += int(points)
        assert balance(shop) == total


def test_negative_points_are_spent_and_never_below_zero(shop: Partner) -> None:
    shop.post("/users/1/points", GIFT)
    assert shop.post("/users/1/points", {**GIFT, "points": "-20"}).status == 200
    assert balance(shop) == 10
    status, payload, message, code = shape(shop.post("/users/1/points", {**GIFT, "points": -11}))
    assert (status, code) == (400, "bad_request")
    assert payload == {"errors": [message]}
    assert balance(shop) == 10


def test_points_that_are_sent_again_with_their_key_move_once(shop: Partner) -> None:
    headers = {"authorization": f"Basic {shop.secret}", "idempotency-key": "k-1"}
    first, again = (shop.post("/users/1/points", GIFT, headers=headers) for _ in range(2))
    assert first.json()["payload"] == again.json()["payload"]
    assert again.headers["idempotency-replayed"] == "true"
    assert balance(shop) == 30
    assert shop.post("/users/1/points", {**GIFT, "points": 31}, headers=headers).status == 422
    shop.post("/users/1/points", GIFT)
    assert balance(shop) == 60, "without a key two movements are two"
    user = {"service_uid": "u-9", "points": 5}
    headers["idempotency-key"] = "k-2"
    first, again = (shop.post("/users", user, headers=headers) for _ in range(2))
    assert first.json()["payload"] == again.json()["payload"]
    assert (first.status, again.status) == (201, 201)


@pytest.mark.parametrize("points", [30, -20])
def test_a_movement_is_answered_as_before_when_its_member_is_gone(
    shop: Partner, points: int
) -> None:
    shop.post("/users/1/points", GIFT)
    headers = {"authorization": f"Basic {shop.secret}", "idempotency-key": "k-1"}
    moved = {**GIFT, "points": points}
    first = shop.post("/users/1/points", moved, headers=headers)
    shop.house.execute(DeleteMember(shop.house.tenant_id, 0, 1))
    again = shop.post("/users/1/points", moved, headers=headers)
    assert shape(again) == shape(first)
    assert again.headers["idempotency-replayed"] == "true"
    assert shop.post("/users/1/points", moved).status == 404


WRONG_FIELDS: tuple[dict[str, Any], ...] = (
    {"points": 0},
    {"points": "0"},
    {"points": "-0"},
    {"points": 1.5},
    {"points": 1.0},
    {"points": "1.5"},
    {"points": "1e3"},
    {"points": " 5"},
    {"points": "+5"},
    {"points": "٣"},
    {"points": True},
    {"points": None},
    {"points": [5]},
    {"points": 10**13 + 1},
    {"points": -(2**53) + 1},
    {"points": 2**63},
    {"points": "9" * 400},
    {"concept": "other"},
    {"concept": ""},
    {"concept": None},
    {"concept": ["gift"]},
    {"description": None},
    {"description": 5},
)


def test_another_amount_or_concept_is_refused(shop: Partner) -> None:
    for path in ("/users/1/points", "/multiusers/points"):
        for change in WRONG_FIELDS:
            reply = shop.post(path, {"service_uid": "u-1", **GIFT, **change})
            status, _, _, code = shape(reply)
            assert (status, code) == (400, "bad_request"), change
    assert balance(shop) == 0


def test_a_balance_has_an_upper_end(shop: Partner) -> None:
    most = limits.points_hundredths_max // 100
    assert shop.post("/users/1/points", {**GIFT, "points": most}).status == 200
    status, _, _, code = shape(shop.post("/users/1/points", {**GIFT, "points": 1}))
    assert (status, code) == (400, "bad_request")
    assert balance(shop) == most


def test_a_form_moves_points_too(shop: Partner) -> None:
    reply = shop.post(
        "/multiusers/points", b"email=ana%40example.com&concept=gift&points=7&description="
    )
    assert reply.status == 200
    assert balance(shop) == 7


@pytest.mark.parametrize("path", ["/users/1/transactions/", "/multiusers/transactions"])
def test_transactions_are_listed_oldest_first_and_filtered(shop: Partner, path: str) -> None:
    ids = []
    for concept, points in (("purchase", 5), ("gift", 30), ("purchase", -3)):
        body = {**EMPTY, "email": "ana@example.com", "concept": concept, "points": points}
        reply = shop.post("/multiusers/points", {**body, "description": f"d{points}"})
        ids.append(reply.json()["payload"]["transaction_id"])

    def listed(query: str) -> list[dict[str, Any]]:
        named = f"{path}?document=&email=ana%40example.com&service_uid=&telephone=&{query}"
        reply = shop.get(named)
        assert reply.status == 200
        return reply.json()["payload"]

    everything = listed("concept=&from=&to=")
    assert [one["id"] for one in everything] == ids
    assert [one["points"] for one in everything] == [5, 30, -3]
    assert list(everything[0]) == ["id", "points", "concept", "description", "createtime"]
    assert (everything[0]["concept"], everything[0]["description"]) == ("purchase", "d5")
    assert [one["id"] for one in listed("concept=gift")] == ids[1:2]
    assert [one["id"] for one in listed("concept=purchase&limit=1&page=1")] == ids[2:]
    assert listed("concept=other") == []
    today = everything[0]["createtime"][:10]
    assert [one["id"] for one in listed(f"from={today}")] == ids
    assert listed("from=2999-01-01") == []
    assert listed("to=2000-01-01") == []


def test_many_transactions_are_all_answered_in_pages(shop: Partner) -> None:
    house = shop.house
    for at in range(25):
        house.execute(AddPoints(house.tenant_id, 0, number=1, points=100, comment=f"gift: {at}"))
    everything = shop.get("/users/1/transactions").json()["payload"]
    assert len(everything) == 25
    pages = [
        shop.get(f"/users/1/transactions?limit=10&page={at}").json()["payload"] for at in range(4)
    ]
    assert [one for page in pages for one in page] == everything


def test_a_fraction_moved_elsewhere_is_cut_off(shop: Partner) -> None:
    house = shop.house
    house.execute(AddPoints(house.tenant_id, 0, number=1, points=199))
    house.execute(SpendPoints(house.tenant_id, 0, number=1, points=50))
    assert balance(shop) == 1
    shown = shop.get("/users/1/transactions").json()["payload"]
    assert [one["points"] for one in shown] == [1, 0]


def test_a_movement_of_a_new_user_is_in_the_list(partner: Partner) -> None:
    number = partner.user(service_uid="u", points="15")["user_id"]
    [only] = partner.get(f"/users/{number}/transactions").json()["payload"]
    assert (only["points"], only["concept"]) == (15, "register")


def test_transactions_of_nobody_are_a_404(shop: Partner) -> None:
    reply = shop.get("/multiusers/transactions?email=nobody%40example.com")
    assert shape(reply) == (404, [], "user not found", "user_not_found")
    assert shop.get("/multiusers/transactions?email=").status == 400
    assert shop.get("/users/1/transactions?from=yesterday").status == 400
