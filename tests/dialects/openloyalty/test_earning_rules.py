"""Earning rules as documented: the samples, the answers' keys and types, and who may do what."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote_plus

import pytest

from dialects.openloyalty.till import customer, permanent, post, sale, seller
from guerdon.engine.commands.definitions import Define

# The documents' own form, pair by pair; what is no field of the rule's type says nothing.
DOCUMENTED = [
    "earningRule[active]=1",
    "earningRule[type]=event",
    "earningRule[description]=test",
    "earningRule[endAt]=2018-03-19+09:45",
    "earningRule[eventName]=oloy.customer.logged_in",
    "earningRule[levels][0]=000096cf-32a3-43bd-9034-4df343e5fd93",
    "earningRule[name]=nowy+rule",
    "earningRule[pointsAmount]=5",
    "earningRule[segments]=[+]",
    "earningRule[startAt]=2019-03-19+09:45",
    "earningRule[target]=level",
    "earningRule[limit][active]=1",
    "earningRule[limit][period]=month",
    "earningRule[limit][limit]=5",
    "earningRule[rewardType]=both",
    "earningRule[allTimeActive]=0",
    "earningRule[excludeDeliveryCost]=true",
    "earningRule[excludedSKUs]=123",
    "earningRule[minOrderValue]=2",
    "earningRule[inclusionType]=exclude_labels",
    "earningRule[excludedLabels]=1:1",
    "earningRule[multiplier]=2",
    "earningRule[skuIds][0]=SKU123",
]
ONE = {
    "levels": list,
    "segments": list,
    "earningRuleId": str,
    "name": str,
    "description": str,
    "active": bool,
    "startAt": str,
    "endAt": str,
    "allTimeActive": bool,
    "usages": list,
    "eventName": str,
    "pointsAmount": int,
    "limit": dict,
    "type": str,
    "hasPhoto": bool,
    "usageUrl": str,
    "segmentNames": list,
    "levelNames": dict,
}


class Shop:
    def __init__(self, house: Any) -> None:
        self.house = house
        self.headers = permanent(house)
        self.member = house.member(("email", "user@example.com"))

    def rule(self, type: str, **fields: Any) -> str:
        reply = self.post("/earningRule", type=type, **{"name": type, **fields})
        assert reply.status == 200, reply.body
        assert list(reply.json()) == ["earningRuleId"]
        return str(reply.json()["earningRuleId"])

    def post(self, path: str, method: str = "POST", **fields: Any) -> Any:
        return post(self.house, path, {"earningRule": fields}, self.headers, method)

    def get(self, path: str, headers: Any = None) -> Any:
        reply = self.house.call("GET", "/api" + path, headers=headers or self.headers)
        assert reply.status == 200, reply.body
        return reply.json()

    def customer(self) -> dict[str, str]:
        return customer(self.house, self.member.member_id)


@pytest.fixture
def shop(house) -> Shop:
    return Shop(house)


def pairs(**changes: str) -> list[str]:
    decoded = [unquote_plus(pair) for pair in DOCUMENTED]
    return [
        f"earningRule[{name}]={changes[name]}" if name in changes else pair
        for pair in decoded
        for name in [pair.partition("]")[0].partition("[")[2]]
    ]


def test_the_documented_forms_make_and_change_a_rule(house, shop) -> None:
    made = post(house, "/DEFAULT/earningRule", pairs(), shop.headers)
    assert made.status == 200, made.body
    rule_id = made.json()["earningRuleId"]
    shown = shop.get(f"/earningRule/{rule_id}")
    assert shown["startAt"] == "2019-03-19T09:45:00+0000"
    assert (shown["pointsAmount"], shown["segments"], shown["levelNames"]) == (5, [], [])
    changes = {"eventName": "facebook_like", "name": "Facebook", "inclusionType": "exlude_labels"}
    changed = post(house, f"/earningRule/{rule_id}", pairs(**changes), shop.headers, "PUT")
    assert (changed.status, changed.json()) == (200, {"earningRuleId": rule_id})
    assert shop.get(f"/DEFAULT/earningRule/{rule_id}")["eventName"] == "facebook_like"
    switched = post(house, f"/earningRule/{rule_id}/active", ["active=0"], shop.headers)
    assert (switched.status, switched.body) == (204, b"")
    assert shop.get("/earningRule?active=1")["total"] == 0
    switched = post(house, f"/earningRule/{rule_id}/activate", {"active": True}, shop.headers)
    assert switched.status == 204
    assert shop.get("/earningRule?active=1")["total"] == 1
    unknown = "/earningRule/000096cf-32a3-43bd-9034-4df343e5fd93"
    for method, path in (("GET", unknown), ("PUT", unknown), ("POST", unknown + "/activate")):
        reply = post(house, path, {"active": 1}, shop.headers, method)
        if method != "GET":
            assert reply.status == 404
            assert reply.json() == {"error": {"code": 404, "message": "Not Found"}}


def test_answers_have_the_documented_keys_and_types(house, shop) -> None:
    level = '{"translations":{"en":{"name":"level0"}},"conditionValue":0,"reward":{"value":0}}'
    level_id = house.execute(Define(house.tenant_id, 0, "Level", level)).definition_id
    rule_id = shop.rule(
        "custom_event",
        description="sth",
        eventName="facebook_like",
        pointsAmount=100,
        levels=[level_id],
        allTimeActive=False,
        startAt="2018-01-19 09:45",
        endAt="2099-03-19 09:45",
    )
    listed = shop.get("/DEFAULT/earningRule")
    assert list(listed) == ["earningRules", "total"]
    assert listed["total"] == 1
    (shown,) = listed["earningRules"]
    assert {name: type(value) for name, value in shown.items()} == ONE
    assert list(shown) == list(ONE)
    assert shown["levelNames"] == {level_id: "level0"}
    assert shown["usageUrl"] == (
        "http://127.0.0.1/api/v1/earnRule/facebook_like/customer/:customerId"
    )
    assert shop.get(f"/earningRule/{rule_id}") == shown
    assert shop.get(f"/seller/earningRule/{rule_id}", seller(house)) == shown
    assert shop.get("/seller/earningRule", seller(house)) == listed
    mine = shop.get("/DEFAULT/customer/earningRule", shop.customer())
    assert list(mine) == ["earningRules", "currency"]
    assert mine["currency"] == "eur"
    del shown["hasPhoto"]
    assert mine["earningRules"] == [shown]
    shop.rule("custom_event", name="off", eventName="x", pointsAmount=1, active=False)
    assert len(shop.get("/customer/earningRule", shop.customer())["earningRules"]) == 1


def test_every_type_is_kept_and_shown_in_its_own_numbers(shop) -> None:
    labels = [{"key": "k", "value": "v"}]
    reward = "000096cf-32a3-43bd-9034-4df343e5fd93"
    kept = {
        "points": {
            "pointValue": 2.5,
            "excludedSKUs": ["A", "B"],
            "inclusionType": "include_labels",
            "includedLabels": labels,
            "excludedLabels": [],
            "excludeDeliveryCost": True,
            "minOrderValue": 9.99,
        },
        "multiply_for_product": {"multiplier": 1.5, "skuIds": ["A"], "labels": labels},
        "multiply_by_product_labels": {"labelMultipliers": [{**labels[0], "multiplier": 3}]},
        "instant_reward": {"rewardCampaignId": reward},
        "product_purchase": {"pointsAmount": 0.01, "skuIds": ["A"]},
        "event": {"eventName": "oloy.account.created", "pointsAmount": 7},
        "custom_event": {"eventName": "like", "pointsAmount": 7, "limit": {}},
        "referral": {"eventName": "register", "rewardType": "both", "pointsAmount": 7},
        "geolocation": {
            "pointsAmount": 1,
            "latitude": 52.05224,
            "longitude": -21.046587,
            "radius": 0.5,
            "limit": {"active": True, "period": "3 months", "limit": 4},
        },
        "qrcode": {"pointsAmount": 1, "code": "abccode", "limit": {"active": False}},
    }
    for kind, fields in kept.items():
        shown = shop.get(f"/earningRule/{shop.rule(kind, **fields)}")
        assert {name: shown.get(name) for name in fields} == fields, kind
        assert shown["allTimeActive"] is True


def test_parted_texts_mean_the_same_as_lists(shop) -> None:
    rule_id = shop.rule("points", pointValue="1", excludedSKUs="A; B", excludedLabels="k:v;x:y")
    shown = shop.get(f"/earningRule/{rule_id}")
    assert shown["excludedSKUs"] == ["A", "B"]
    assert shown["excludedLabels"] == [{"key": "k", "value": "v"}, {"key": "x", "value": "y"}]


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({}, {"type", "name", "pointValue"}),
        ({"type": "nonsense", "name": "x"}, {"type", "pointValue"}),
        ({"type": "points", "name": "x", "pointValue": "much"}, {"pointValue"}),
        ({"type": "points", "name": "x", "pointValue": -1}, {"pointValue"}),
        (
            {"type": "points", "name": "x", "pointValue": 1, "allTimeActive": 0},
            {"startAt", "endAt"},
        ),
        ({"type": "points", "name": "x", "pointValue": 1, "levels": ["no"]}, {"levels"}),
        (
            {"type": "points", "name": "x", "pointValue": 1, "excludedLabels": [1]},
            {"excludedLabels"},
        ),
        ({"type": "multiply_for_product", "name": "x", "multiplier": 2}, {"skuIds"}),
        ({"type": "multiply_by_product_labels", "name": "x"}, {"labelMultipliers"}),
        ({"type": "instant_reward", "name": "x"}, {"rewardCampaignId"}),
        ({"type": "product_purchase", "name": "x"}, {"skuIds", "pointsAmount"}),
        ({"type": "event", "name": "x", "pointsAmount": 0}, {"eventName", "pointsAmount"}),
        ({"type": "referral", "name": "x", "pointsAmount": 1}, {"eventName", "rewardType"}),
        ({"type": "qrcode", "name": "x"}, {"code", "pointsAmount"}),
        (
            {"type": "geolocation", "name": "x", "latitude": 91, "longitude": "1e999999999"},
            {"latitude", "longitude", "radius", "pointsAmount"},
        ),
    ],
)
def test_a_wrong_form_names_every_wrong_field(
    shop, fields: dict[str, Any], wrong: set[str]
) -> None:
    reply = shop.post("/earningRule", **fields)
    assert reply.status == 400, reply.body
    children = reply.json()["form"]["children"]
    assert {name for name, child in children.items() if "errors" in child} == wrong


def test_a_limits_fields_are_named_below_it(shop) -> None:
    limit = {"active": 1, "period": "hour", "limit": 0}
    reply = shop.post(
        "/earningRule", type="qrcode", name="x", code="c", pointsAmount=1, limit=limit
    )
    children = reply.json()["form"]["children"]["limit"]["children"]
    assert {name for name, child in children.items() if child} == {"period", "limit"}


def test_an_event_is_reported_in_every_spelling(house, shop) -> None:
    shop.rule("custom_event", eventName="customerAttendedEvent", pointsAmount=12)
    member_id = shop.member.member_id
    for path, headers in [
        ("/DEFAULT/customer/earningRule/customerAttendedEvent", shop.customer()),
        ("/customer/earnRule/customerAttendedEvent", shop.customer()),
        (f"/v1/earnRule/customerAttendedEvent/customer/{member_id}", shop.headers),
        (f"/DEFAULT/v1/earnRule/customerAttendedEvent/customer/{member_id}", shop.headers),
        (f"/v4/earningRule/customerAttendedEvent/customer/{member_id}", shop.headers),
        (f"/v1/earnRule/customerAttendedEvent/customer/{member_id}", shop.customer()),
    ]:
        reply = house.call("POST", "/api" + path, headers=headers)
        assert (reply.status, reply.json()) == (200, {"points": 12}), path
    unknown = house.call("POST", "/api/customer/earnRule/other", headers=shop.customer())
    assert (unknown.status, unknown.json()) == (400, {"error": "event does not exist"})
    nobody = "/api/v1/earnRule/customerAttendedEvent/customer/000096cf-32a3-43bd-9034-4df343e5fd93"
    assert house.call("POST", nobody, headers=shop.headers).status == 404
    assert house.call("POST", nobody, headers=shop.customer()).status == 403


def test_a_limit_that_is_reached_is_told_and_uses_are_shown_to_their_member(house, shop) -> None:
    limit = {"active": True, "period": "forever", "limit": 1}
    shop.rule("custom_event", eventName="like", pointsAmount=1, limit=limit)
    path = "/api/customer/earnRule/like"
    assert house.call("POST", path, headers=shop.customer()).json() == {"points": 1}
    second = house.call("POST", path, headers=shop.customer())
    assert (second.status, second.json()) == (400, {"error": "limit exceeded"})
    (mine,) = shop.get("/customer/earningRule", shop.customer())["earningRules"]
    assert mine["usages"] == [{"period": "forever", "used": 1}]


def test_codes_and_places_earn_as_documented(house, shop) -> None:
    member_id = shop.member.member_id
    coded = shop.rule("qrcode", code="abccode", pointsAmount=10)
    shop.rule("qrcode", code="abccode", pointsAmount=5)
    shop.rule("geolocation", latitude="52.05", longitude="-21.05", radius=1, pointsAmount=1)
    scan = f"/DEFAULT/earningRule/qrcode/customer/{member_id}"
    pairs = ["earningRule[code]=abccode", f"earningRule[earningRuleId]={coded}"]
    reply = post(house, scan, pairs, shop.headers)
    assert (reply.status, reply.json()) == (200, {"points": 10})
    assert post(house, scan, pairs[:1], shop.customer()).json() == {"points": 15}
    place = f"/earningRule/geolocation/customer/{member_id}"
    here = ["earningRule[latitude]=52.052240", "earningRule[longitude]=-21.046587"]
    assert post(house, place, here, shop.headers).json() == {"points": 1}
    shop.rule("geolocation", latitude=0, longitude=5e-05, radius=1, pointsAmount=3)
    doubles = {"latitude": 1e-07, "longitude": 0.00012345678901234567}
    assert post(house, place, {"earningRule": doubles}, shop.headers).json() == {"points": 3}
    far = ["earningRule[latitude]=10", "earningRule[longitude]=0"]
    assert post(house, place, far, shop.headers).status == 400
    assert post(house, scan, ["earningRule[x]=1"], shop.headers).json()["form"]["children"]["code"]
    other = house.member(("email", "other@example.com")).member_id
    path = f"/earningRule/qrcode/customer/{other}"
    assert post(house, path, pairs, shop.customer()).status == 403


def test_a_purchase_and_its_simulation_earn_what_the_rules_give(house, shop) -> None:
    shop.rule("points", name="general", pointValue=2)
    buyer = {"email": "user@example.com", "name": "J"}
    reply = post(house, "/transaction", sale("1", buyer=buyer), shop.headers)
    assert reply.status == 200, reply.body
    house.settle()
    transfers = shop.get("/points/transfer")["transfers"]
    assert [(each["value"], each["comment"]) for each in transfers] == [(6, "general")]


def test_members_and_sellers_change_no_rules(house, shop) -> None:
    for headers in (shop.customer(), seller(house)):
        reply = post(house, "/earningRule", {"earningRule": {"type": "points"}}, headers)
        assert reply.status == 403
    assert house.call("GET", "/api/earningRule").status == 401


def test_pages_of_rules_are_sorted_and_counted(shop) -> None:
    for name in ("b", "c", "a"):
        shop.rule("points", name=name, pointValue=1)
    page = shop.get("/earningRule?perPage=2&page=1&sort=name&direction=desc")
    assert ([each["name"] for each in page["earningRules"]], page["total"]) == (["c", "b"], 3)
    assert [each["name"] for each in shop.get("/earningRule")["earningRules"]] == ["b", "c", "a"]


def test_a_rules_definition_is_kept_in_whole_numbers(house, shop) -> None:
    shop.rule("points", pointValue=2.5)
    found = shop.get("/event?type=Guerdon.Rule.Event.RuleWasDefined")["events"]
    assert found[0]["payload"]["body"]["pointValue"] == 25_000
    assert not any(isinstance(v, float) for v in json.loads(json.dumps(found[0]["payload"])))


LABELS = [{"key": "k", "value": "v"}]
DATED = {"startAt": "2017-01-01 00:00", "endAt": "2037-01-01 00:00"}
LIMIT = {"active": True, "period": "forever", "limit": 1}
SKUS = {"skuIds": ["A"], "labels": LABELS}
EXCLUDED = {
    "excludedSKUs": ["A"],
    "inclusionType": "include_labels",
    "includedLabels": LABELS,
    "excludedLabels": LABELS,
    "excludeDeliveryCost": True,
    "minOrderValue": 9.99,
}
MULTIPLIERS = [{"key": "k", "value": "v", "multiplier": 3}]
EVENT = {"eventName": "like", "pointsAmount": 7}
PLACE = {"latitude": 52, "longitude": -21, "radius": 1, "pointsAmount": 7}


def level(house, name: str = "gold") -> str:
    body = {"translations": {"en": {"name": name}}, "conditionValue": 99, "reward": {"value": 0}}
    return house.execute(Define(house.tenant_id, 0, "Level", json.dumps(body))).definition_id


def kept(shop, rule_id: str, **fields: Any) -> dict[str, Any]:
    """The rule after an edit, which sends these fields and is taken."""
    reply = shop.post(f"/earningRule/{rule_id}", "PUT", **fields)
    assert reply.status == 200, reply.body
    return shop.get(f"/earningRule/{rule_id}")


@pytest.mark.parametrize(
    ("kind", "required", "optional"),
    [
        ("points", {"pointValue": 2.5}, EXCLUDED),
        ("multiply_for_product", {"multiplier": 2}, SKUS),
        ("multiply_by_product_labels", {"labelMultipliers": MULTIPLIERS}, {}),
        ("product_purchase", {"skuIds": ["A"], "pointsAmount": 7}, {}),
        ("event", EVENT, {}),
        ("custom_event", EVENT, {"limit": LIMIT}),
        ("referral", {**EVENT, "eventName": "register", "rewardType": "both"}, {}),
        ("geolocation", PLACE, {"limit": LIMIT}),
        ("qrcode", {"code": "c", "pointsAmount": 7}, {"limit": LIMIT}),
    ],
)
def test_a_rule_that_is_renamed_keeps_all_that_is_not_sent(
    house, shop, kind: str, required: dict[str, Any], optional: dict[str, Any]
) -> None:
    places = ["000096cf-32a3-43bd-9034-4df343e5fd93"]
    common = {"description": "d", "levels": [level(house)], "pos": places, "lastExecutedRule": True}
    rule_id = shop.rule(kind, **required, **optional, **common, **DATED)
    whole = shop.get(f"/earningRule/{rule_id}")
    assert {name: whole[name] for name in optional} == optional
    assert (whole["pos"], whole["lastExecutedRule"], whole["allTimeActive"]) == (
        places,
        True,
        False,
    )
    assert kept(shop, rule_id, name="new", **required) == {**whole, "name": "new"}
    missing = shop.post(f"/earningRule/{rule_id}", "PUT", name="newer")
    assert missing.status == 400, "what is required is not kept"
    emptied = kept(shop, rule_id, name="new", **required, description="", pos=[])
    assert emptied == {k: v for k, v in whole.items() if k != "pos"} | {
        "name": "new",
        "description": "",
    }


def test_a_rule_for_some_pays_nobody_else_after_it_was_renamed(house, shop) -> None:
    rule_id = shop.rule("points", pointValue=2, levels=[level(house)])
    kept(shop, rule_id, name="renamed", pointValue=2)
    buyer = {"email": "user@example.com", "name": "J"}
    assert post(house, "/transaction", sale("1", buyer=buyer), shop.headers).status == 200
    house.settle()
    assert shop.get("/points/transfer")["total"] == 0
    kept(shop, rule_id, name="renamed", pointValue=2, levels=[])
    assert post(house, "/transaction", sale("2", buyer=buyer), shop.headers).status == 200
    house.settle()
    assert shop.get("/points/transfer")["total"] == 1, "levels that are sent empty are gone"


def test_a_rules_limit_is_still_reached_after_an_edit(house, shop) -> None:
    rule_id = shop.rule("custom_event", **EVENT, limit=LIMIT)
    kept(shop, rule_id, name="renamed", **EVENT)
    path = "/api/customer/earnRule/like"
    assert house.call("POST", path, headers=shop.customer()).status == 200
    second = house.call("POST", path, headers=shop.customer())
    assert (second.status, second.json()) == (400, {"error": "limit exceeded"})
    for sent, shown in [
        ({"limit": 2}, {**LIMIT, "limit": 2}),
        ({"period": "day"}, {"active": True, "period": "day", "limit": 2}),
        ({"active": 0}, {"active": False, "period": "day", "limit": 2}),
        ({"active": 1}, {"active": True, "period": "day", "limit": 2}),
        ([], {}),
        ({"limit": 1}, {}),
    ]:
        assert kept(shop, rule_id, name="n", **EVENT, limit=sent)["limit"] == shown, sent
    wrong = {"active": 1, "period": "day"}
    refused = shop.post(f"/earningRule/{rule_id}", "PUT", name="n", **EVENT, limit=wrong)
    assert refused.status == 400


def test_whom_a_rule_is_for_is_sent_as_a_whole(house, shop) -> None:
    gold, segment = level(house), "000096cf-32a3-43bd-9034-4df343e5fd93"
    rule_id = shop.rule("event", **EVENT, target="level", levels=[gold])

    def whom(**sent: Any) -> tuple[list[str], list[str]]:
        shown = kept(shop, rule_id, name="n", **EVENT, **sent)
        return shown["levels"], shown["segments"]

    assert whom() == ([gold], [])
    assert whom(target="segment", segments=[segment]) == ([], [segment])
    assert whom(description="d") == ([], [segment])
    assert whom(levels=[gold]) == ([gold], [])
    assert whom(segments="[ ]") == ([], [])


def test_the_time_of_a_rule_stays_until_it_is_sent(shop) -> None:
    rule_id = shop.rule("event", **EVENT)

    def time(**sent: Any) -> tuple[bool, str | None, str | None]:
        shown = kept(shop, rule_id, name="n", **EVENT, **sent)
        ends = [(shown.get(name) or "")[:4] or None for name in ("startAt", "endAt")]
        return shown["allTimeActive"], ends[0], ends[1]

    def refused(**sent: Any) -> set[str]:
        reply = shop.post(f"/earningRule/{rule_id}", "PUT", name="n", **EVENT, **sent)
        children = reply.json()["form"]["children"]
        return {name for name, child in children.items() if "errors" in child}

    assert time() == (True, None, None)
    assert refused(endAt="2030-01-01") == {"startAt"}, "an end that nobody has ever sent"
    assert refused(allTimeActive=0) == {"startAt", "endAt"}
    assert time(startAt="2020-01-01", endAt="2030-01-01") == (False, "2020", "2030")
    assert time() == (False, "2020", "2030")
    assert time(endAt="2031-01-01") == (False, "2020", "2031")
    assert time(allTimeActive=0, startAt="2021-01-01") == (False, "2021", "2031")
    assert refused(endAt="") == {"endAt"}
    assert time(allTimeActive="") == (False, "2021", "2031"), "nothing said, nothing changed"
    assert time(allTimeActive=1) == (True, "2021", "2031")
    assert time() == (True, "2021", "2031")
    assert time(allTimeActive=0) == (False, "2021", "2031")
    assert time(allTimeActive=1, startAt="", endAt="") == (True, None, None)


def test_products_are_needed_after_an_edit_not_in_it(shop) -> None:
    rule_id = shop.rule("multiply_for_product", multiplier=2, **SKUS)
    shown = kept(shop, rule_id, name="n", multiplier=2, labels=[])
    assert (shown["skuIds"], shown["labels"]) == (["A"], [])
    reply = shop.post(f"/earningRule/{rule_id}", "PUT", name="n", multiplier=2, skuIds=[])
    assert (reply.status, bool(reply.json()["form"]["children"]["skuIds"])) == (400, True)
    shown = kept(shop, rule_id, name="n", multiplier=2, skuIds=[], labels=LABELS)
    assert (shown["skuIds"], shown["labels"]) == ([], LABELS)


def test_a_rule_of_another_type_keeps_what_every_rule_has(house, shop) -> None:
    gold = level(house)
    rule_id = shop.rule("points", pointValue=2, levels=[gold], description="d", **DATED, **EXCLUDED)
    whole = shop.get(f"/earningRule/{rule_id}")
    shown = kept(shop, rule_id, type="custom_event", name="points", **EVENT)
    common = {name: value for name, value in whole.items() if name not in {*EXCLUDED, "pointValue"}}
    added = {"usageUrl": shown["usageUrl"], "limit": {}, **EVENT, "type": "custom_event"}
    assert shown == {**common, **added}
    back = kept(shop, rule_id, type="points", name="points", pointValue=1)
    assert (back["excludedSKUs"], back["minOrderValue"], back["levels"]) == ([], 0, [gold])
