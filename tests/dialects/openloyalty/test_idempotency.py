"""`Idempotency-Key`: what changes points, coupons or purchases is sent twice and counted once."""

import pytest

from dialects.openloyalty.counter import BUYER, Counter
from dialects.openloyalty.till import customer, decided, permanent, post, sale
from guerdon import limits
from guerdon.clock import DAY

REPLAYED = "idempotency-replayed"


@pytest.fixture
def counter(house):
    return Counter(house)


def ask(counter, path, body, key, headers=None):
    headers = {**(headers or counter.admin), "idempotency-key": key}
    return post(counter.house, path, body, headers)


def test_a_reward_that_is_asked_for_again_is_bought_once(counter):
    counter.gives(30)
    path = f"/customer/campaign/{counter.offer(codes='abcdef', costInPoints=10)}/buy"
    first, again = (ask(counter, path, ["quantity=2"], "k-1", counter.own) for _ in range(2))
    assert first.status == again.status == 200
    assert first.json() == again.json()
    assert (first.headers.get(REPLAYED), again.headers.get(REPLAYED)) == (None, "true")
    assert counter.balance() == 10
    assert len(counter.owned()) == 2
    other = ask(counter, path, ["quantity=1"], "k-1", counter.own)
    assert other.status == 422, "the key came with something else"
    # A key is its sender's own: somebody else's request is their own, and so is another tenant's.
    bob = counter.house.member(("email", "bob@example.com"))
    counter.gives(20, bob)
    theirs = ask(counter, path, ["quantity=2"], "k-1", customer(counter.house, bob.member_id))
    assert theirs.status == 200
    assert theirs.headers.get(REPLAYED) is None
    assert theirs.json() != first.json()
    # What was refused is not remembered: with enough points the same request is carried out.
    refused = ask(counter, path, ["quantity=2"], "k-2", counter.own)
    assert refused.json() == {"error": "Not enough points"}
    counter.gives(10)
    assert ask(counter, path, ["quantity=2"], "k-2", counter.own).status == 200
    assert counter.balance() == 0
    # Without a key two requests are two.
    counter.gives(20)
    reward_id = counter.offer(codes="xyz", costInPoints=10)
    assert counter.buy(reward_id) != counter.buy(reward_id)


def test_points_and_purchases_that_are_sent_again_count_once(counter):
    house = counter.house
    transfer = [f"transfer[customer]={counter.ann.member_id}", "transfer[points]=5"]
    bodies = {
        "/points/transfer/add": transfer,
        "/DEFAULT/points/transfer/spend": transfer,
        "/transaction": sale("d1", buyer=BUYER),
        "/campaignCategory": ["campaign_category[translations][en][name]=x"],
    }
    for path, body in bodies.items():
        first, again = (ask(counter, path, body, f"key of {path}") for _ in range(2))
        assert (first.status, first.json()) == (again.status, again.json()), path
        assert (first.status, again.headers.get(REPLAYED)) == (200, "true"), path
    assert counter.balance() == 0
    types = [name for name, _, _ in decided(house, counter.admin)]
    assert types.count("PointsWereAdded") == types.count("PointsWereSpent") == 1
    assert types.count("TransactionWasRegistered") == types.count("RewardCategoryWasDefined") == 1
    other = permanent(house, tenant_id=house.tenant("second"))
    reply = ask(counter, "/points/transfer/add", transfer, "key of /points/transfer/add", other)
    assert (reply.status, reply.headers.get(REPLAYED)) == (400, None), "not their customer"
    for key in ("", "x" * (limits.idempotency_key_chars_max + 1), "\x7f"):
        assert ask(counter, "/points/transfer/add", transfer, key).status == 400, key
    start = house.clock.now()
    house.clock.now = lambda: start + (limits.idempotency_days + 1) * DAY
    late = ask(counter, "/points/transfer/add", transfer, "key of /points/transfer/add")
    assert (late.status, late.headers.get(REPLAYED)) == (200, None), "after a month it is forgotten"


@pytest.mark.parametrize("move", ["add", "spend", "block"])
def test_points_with_a_key_that_came_with_something_else_are_refused_by_no_field(counter, move):
    counter.gives(10)
    replies = [
        ask(
            counter,
            f"/points/transfer/{move}",
            {"transfer": {"customer": counter.ann.member_id, "points": points}},
            "k-1",
        )
        for points in (1, 2)
    ]
    assert [reply.status for reply in replies] == [200, 422]
    assert replies[1].json()["error"]["code"] == 422
