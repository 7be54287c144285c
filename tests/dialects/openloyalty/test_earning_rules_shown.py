"""What rules tell: where an event can be reported, and what members are not to know."""

import pytest

from dialects.openloyalty.counter import Counter


@pytest.mark.parametrize("name", ["review", "a b", "bar/café", "50%", "a?b#c"])
def test_the_address_shown_reports_the_event_whatever_that_is_called(house, name):
    counter = Counter(house)
    rule = {"type": "custom_event", "name": "r", "eventName": name, "pointsAmount": 5}
    made = counter.ask("/earningRule", {"earningRule": rule}).json()["earningRuleId"]
    url = counter.get(f"/earningRule/{made}")["usageUrl"]
    path = url.removeprefix("http://127.0.0.1").replace(":customerId", counter.ann.member_id)
    reply = house.call("POST", path, headers=counter.admin)
    assert (reply.status, reply.json()) == (200, {"points": 5}), path


def test_members_are_not_shown_the_code_that_they_are_to_find(house):
    counter = Counter(house)
    rule = {"type": "qrcode", "name": "At the till", "code": "s3cret", "pointsAmount": 5}
    made = counter.ask("/earningRule", {"earningRule": rule}).json()["earningRuleId"]
    (shown,) = counter.get("/customer/earningRule", counter.own)["earningRules"]
    assert (shown["earningRuleId"], shown["pointsAmount"]) == (made, 5)
    assert "s3cret" not in str(shown)
    for path, headers in (("", counter.admin), ("/seller", counter.seller)):
        assert counter.get(f"{path}/earningRule/{made}", headers)["code"] == "s3cret"
    path = f"/earningRule/qrcode/customer/{counter.ann.member_id}"
    found = counter.ask(path, {"earningRule": {"code": "s3cret"}}, counter.own)
    assert found.json() == {"points": 5}
