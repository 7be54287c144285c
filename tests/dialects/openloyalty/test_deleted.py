"""Whoever was deleted is not found any more, whichever way they are asked for."""

import pytest

from dialects.openloyalty.counter import Counter
from dialects.openloyalty.crowd import level
from dialects.openloyalty.staff import children
from dialects.openloyalty.test_imports import file, send
from dialects.openloyalty.till import decided
from guerdon.engine.commands.erasure import DeleteMember


@pytest.fixture
def counter(house):
    return Counter(house)


def deleted(counter):
    """The uuid of a member who had points and coupons when they were deleted, and the coupon's."""
    counter.gives(100)
    ((coupon_id, _),) = counter.buy(counter.offer(costInPoints=10))
    counter.house.execute(DeleteMember(counter.house.tenant_id, 0, counter.ann.number))
    return counter.ann.member_id, coupon_id


def test_nobody_puts_them_into_a_level(counter):
    level_id = level(counter.house)
    member_id, _ = deleted(counter)
    moved = counter.ask(f"/customer/{member_id}/level", {"levelId": level_id})
    freed = counter.ask(f"/customer/{member_id}/remove-manually-level", {})
    assert (moved.status, freed.status) == (404, 404)
    assert counter.get(f"/level/{level_id}/customers")["total"] == 0


@pytest.mark.parametrize("kind", ["adding", "spending"])
def test_no_row_of_a_file_moves_their_points(counter, kind):
    member_id, _ = deleted(counter)
    row = f"<customerId>{member_id}</customerId><points>5</points><type>{kind}</type>"
    content = file("pointsTransfers", f"<pointsTransfer>{row}</pointsTransfer>")
    before = len(decided(counter.house, counter.admin))
    told = send(counter.house, "/points/transfer/import", content, counter.admin).json()
    assert (told["totalSuccess"], told["totalFailed"]) == (0, 1)
    assert "customerId" in told["items"][0]["message"]
    assert len(decided(counter.house, counter.admin)) == before


def test_no_purchase_is_assigned_to_them_and_sellers_find_none_of_theirs(counter):
    counter.sells("D-1")
    member_id, _ = deleted(counter)
    counter.sells("D-2")
    form = {"assign": {"transactionDocumentNumber": "D-2", "customerId": member_id}}
    before = len(decided(counter.house, counter.admin))
    told = children(counter.ask("/admin/transaction/customer/assign", form))
    assert told["customerId"] == {"errors": ["Such customer does not exist."]}
    assert len(decided(counter.house, counter.admin)) == before
    path = f"/api/seller/transaction/customer/{member_id}"
    assert counter.house.call("GET", path, headers=counter.seller).status == 404


def test_they_have_no_rewards_to_be_seen_or_changed(counter):
    member_id, coupon_id = deleted(counter)
    for path in ("available", "bought"):
        reply = counter.house.call(
            "GET", f"/api/admin/customer/{member_id}/campaign/{path}", headers=counter.admin
        )
        assert reply.status == 404, path
    delivery = f"/admin/customer/{member_id}/bought/coupon/{coupon_id}/changeDeliveryStatus"
    body = {"deliveryStatus": {"status": "canceled"}}
    assert counter.ask(delivery, body, method="PUT").status == 404
    simulated = {"customerId": member_id, "pointsAmount": 1}
    assert counter.ask("/admin/campaign/cashback/simulate", simulated).status == 400
