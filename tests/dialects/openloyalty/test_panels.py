"""The vendor's panels, older ones included: how they spell forms, and what they sort lists by."""

import pytest

from dialects.openloyalty.till import permanent, post


def get(house, path, headers):
    return house.call("GET", "/api" + path, headers=headers).json()


def offer(house, headers, name, **fields):
    """A reward that everybody may have."""
    body = {"active": True, "unlimited": True, "coupons": ["a"], **fields}
    body = {"campaign": {**body, "translations": {"en": {"name": name}}}}
    assert post(house, "/campaign", body, headers).status == 200


@pytest.fixture
def headers(house):
    return permanent(house)


def test_a_rewards_texts_may_stand_beside_its_translations(house, headers):
    texts = {
        "name": "tea",
        "shortDescription": "short",
        "conditionsDescription": "conditions",
        "usageInstruction": "usage",
    }
    body = {"campaign": {"reward": "gift_code", "costInPoints": 5, **texts}}
    path = f"/campaign/{post(house, '/campaign', body, headers).json()['campaignId']}"
    shown = get(house, path, headers)
    assert {name: shown[name] for name in texts} == texts

    echoed = {**shown, "name": "coffee", "shortDescription": "black"}
    assert post(house, path, {"campaign": echoed}, headers, "PUT").status == 200
    edited = get(house, path, headers)
    expected = {**texts, "name": "coffee", "shortDescription": "black"}
    assert {name: edited[name] for name in texts} == expected

    assert post(house, path, {"campaign": {"name": "milk"}}, headers, "PUT").status == 200
    edited = get(house, path, headers)
    assert {name: edited[name] for name in texts} == {**expected, "name": "milk"}

    body = {"campaign": {"name": "beside", "translations": {"en": {"name": "within"}}}}
    assert post(house, path, body, headers, "PUT").status == 200
    assert get(house, path, headers)["name"] == "within"


def test_an_answer_in_another_language_or_rendered_can_be_sent_back(house, headers):
    texts = {"en": {"name": "tea", "shortDescription": "*hot*"}, "pl": {"name": "herbata"}}
    body = {"campaign": {"reward": "gift_code", "translations": texts}}
    path = f"/campaign/{post(house, '/campaign', body, headers).json()['campaignId']}"
    plain = get(house, path, headers)
    for query in ("?_locale=pl", "?format=html", "?_locale=pl&format=html"):
        echoed = {**get(house, path + query, headers), "costInPoints": 7}
        assert echoed["name"] != "tea" or echoed["shortDescription"] != "*hot*"
        assert post(house, path, {"campaign": echoed}, headers, "PUT").status == 200
        assert get(house, path, headers) == {**plain, "costInPoints": 7}


def test_rewards_are_sorted_by_when_they_can_be_had(house, headers):
    for name, first, last in (("b", "2017-02-01", "2030-01-01"), ("a", "2017-01-01", "2031-01-01")):
        span = {"allTimeActive": 0, "activeFrom": first, "activeTo": last}
        offer(house, headers, name, campaignActivity=span)
    offer(house, headers, "always")
    for sort, expected in (("From", ["a", "b", "always"]), ("To", ["b", "a", "always"])):
        found = get(house, f"/campaign?sort=campaignActivity.active{sort}", headers)
        assert [each["name"] for each in found["campaigns"]] == expected


def test_rules_are_sorted_by_whether_they_always_hold(house, headers):
    rule = {"type": "custom_event", "pointsAmount": 1, "active": True}
    span = {"allTimeActive": 0, "startAt": "2017-01-01", "endAt": "2031-01-01"}
    for name, more in (("always", {"allTimeActive": 1}), ("dated", span)):
        body = {"earningRule": {**rule, "name": name, "eventName": name, **more}}
        assert post(house, "/earningRule", body, headers).status == 200
    for direction, expected in (("asc", ["dated", "always"]), ("desc", ["always", "dated"])):
        query = f"?sort=allTimeActive&direction={direction}"
        found = get(house, f"/earningRule{query}", headers)
        assert [each["name"] for each in found["earningRules"]] == expected
