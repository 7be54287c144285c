"""The address at which an earning rule says its event can be reported."""

import pytest

from dialects.openloyalty.counter import Counter


@pytest.mark.parametrize("name", ["review", "a b", "bar/café", "50%", "a?b#c"])
def test_it_reports_the_event_whatever_that_is_called(house, name):
    counter = Counter(house)
    rule = {"type": "custom_event", "name": "r", "eventName": name, "pointsAmount": 5}
    made = counter.ask("/earningRule", {"earningRule": rule}).json()["earningRuleId"]
    url = counter.get(f"/earningRule/{made}")["usageUrl"]
    path = url.removeprefix("http://127.0.0.1").replace(":customerId", counter.ann.member_id)
    reply = house.call("POST", path, headers=counter.admin)
    assert (reply.status, reply.json()) == (200, {"points": 5}), path
