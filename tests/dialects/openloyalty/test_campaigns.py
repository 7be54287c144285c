"""Rewards as documented: offering them, and what each kind of caller sees of them."""

import json

import pytest

from dialects.openloyalty.till import customer, permanent, post, seller
from guerdon.dialects.openloyalty import campaigns_audience
from guerdon.engine.commands.definitions import Define
from guerdon.engine.commands.levels import MoveToLevel

LEVEL_IDS = ["e82c96cf-32a3-43bd-9034-4df343e5fd94", "000096cf-32a3-43bd-9034-4df343e5fd94"]
DOCUMENTED = [
    "campaign[translations][en][reward]=discount_code",
    "campaign[translations][en][name]=Discount Code Campaign",
    "campaign[translations][en][shortDescription]=A short description",
    "campaign[translations][en][conditionsDescription]=Discount code for registration",
    "campaign[translations][en][usageInstruction]=Use discount code as you like",
    "campaign[translations][en][brandDescription]=Some brand description",
    "campaign[active]=1",
    "campaign[costInPoints]=100",
    "campaign[target]=level",
    "campaign[labels]=type:promotion;type:cashback",
    f"campaign[levels][0]={LEVEL_IDS[0]}",
    f"campaign[levels][1]={LEVEL_IDS[1]}",
    "campaign[unlimited]=0",
    "campaign[singleCoupon]=0",
    "campaign[limit]=10",
    "campaign[limitPerUser]=1",
    "campaign[daysValid]=0",
    "campaign[daysInactive]=0",
    "campaign[coupons][0]=testCoupon",
    "campaign[coupons][1]=DiscountCoupon",
    "campaign[campaignVisibility][allTimeVisible]=0",
    "campaign[campaignVisibility][visibleFrom]=2017-10-05 10:59",
    "campaign[campaignVisibility][visibleTo]=2018-10-05 10:59",
    "campaign[campaignActivity][allTimeActive]=0",
    "campaign[campaignActivity][activeFrom]=2017-09-05 10:59",
    "campaign[campaignActivity][activeTo]=2017-12-05 10:59",
]
SHOWN = {
    "levels": LEVEL_IDS,
    "segments": [],
    "coupons": ["testCoupon", "DiscountCoupon"],
    "reward": "discount_code",
    "name": "Discount Code Campaign",
    "shortDescription": "A short description",
    "conditionsDescription": "Discount code for registration",
    "usageInstruction": "Use discount code as you like",
    "brandDescription": "Some brand description",
    "active": True,
    "costInPoints": 100,
    "singleCoupon": False,
    "unlimited": False,
    "limit": 10,
    "limitPerUser": 1,
    "daysValid": 0,
    "daysInactive": 0,
    "campaignActivity": {
        "allTimeActive": False,
        "activeFrom": "2017-09-05T10:59:00+0200",
        "activeTo": "2017-12-05T10:59:00+0100",
    },
    "campaignVisibility": {
        "allTimeVisible": False,
        "visibleFrom": "2017-10-05T10:59:00+0200",
        "visibleTo": "2018-10-05T10:59:00+0200",
    },
    "labels": [
        {"key": "type", "value": "promotion"},
        {"key": "type", "value": "cashback"},
    ],
    "segmentNames": [],
    "levelNames": [],
    "categoryNames": [],
    "usageLeft": 2,
    "visibleForCustomersCount": 0,
    "usersWhoUsedThisCampaignCount": 0,
    "hasPhoto": False,
    "photos": [],
    "brandIcon": False,
    "featured": False,
    "public": False,
    "fulfillmentTracking": False,
}


def get(house, path, headers):
    return house.call("GET", "/api" + path, headers=headers).json()


def offer(house, headers, name="tea", **fields):
    """A reward's id; everybody may have it unless it is said otherwise."""
    body = {"active": True, "unlimited": True, "coupons": ["a", "b"], **fields}
    body = {"campaign": {**body, "translations": {"en": {"name": name}}}}
    return post(house, "/campaign", body, headers).json()["campaignId"]


def names(reply):
    return [each.get("name") for each in reply["campaigns"]], reply["total"]


@pytest.fixture
def headers(house):
    house.setting("programme.timezone", "Europe/Warsaw")
    return permanent(house)


def test_a_documented_reward_is_offered_and_shown_as_documented(house, headers):
    reply = post(house, "/DEFAULT/campaign", DOCUMENTED, headers)
    assert (reply.status, list(reply.json())) == (200, ["campaignId"])
    reward_id = reply.json()["campaignId"]
    shown = get(house, f"/DEFAULT/campaign/{reward_id}", headers)
    (translation,) = shown["translations"]
    assert (translation["locale"], type(translation["id"])) == ("en", int)
    assert {**shown, **SHOWN} == shown
    assert shown["campaignId"] == shown["rewardCampaignId"] == reward_id
    listed = get(house, "/DEFAULT/campaign", headers)
    assert listed == {"campaigns": [shown], "total": 1}
    for_seller = get(house, f"/DEFAULT/seller/campaign/{reward_id}", seller(house))
    assert {**for_seller, **SHOWN} == for_seller

    polish = "campaign[translations][pl][name]=Kampania"
    changed = [*DOCUMENTED, "campaign[reward]=gift_code", polish, "campaign[coupons][2]=third"]
    reply = post(house, f"/campaign/{reward_id}", changed, headers, "PUT")
    assert reply.json() == {"campaignId": reward_id}
    shown = get(house, f"/campaign/{reward_id}?_locale=pl", headers)
    assert (shown["reward"], shown["name"], shown["usageLeft"]) == ("gift_code", "Kampania", 3)
    assert shown["shortDescription"] == "A short description", "English where there is no Polish"


def test_a_form_without_a_name_is_answered_as_documented(house, headers):
    reply = post(house, "/DEFAULT/campaign", {}, headers)
    assert reply.status == 400
    body = reply.json()
    assert body["errors"] == []
    children = body["form"]["children"]
    texts = ("shortDescription", "conditionsDescription", "usageInstruction", "brandDescription")
    en, pl = (children["translations"]["children"][each]["children"] for each in ("en", "pl"))
    assert en["name"] == {"errors": ["This value should not be blank."]}
    assert pl["name"] == {}
    assert all(en[name] == pl[name] == {} for name in texts)
    documented = {
        *("reward", "active", "costInPoints", "target", "levels", "segments", "unlimited"),
        *("singleCoupon", "limit", "limitPerUser", "coupons", "daysInactive", "daysValid"),
    }
    assert {name for name in children if children[name] == {}} >= documented
    assert children["campaignActivity"]["children"] == {
        "allTimeActive": {},
        "activeFrom": {},
        "activeTo": {},
    }
    wrong = {
        "reward": "nothing",
        "costInPoints": -1,
        "levels": ["x"],
        "labels": "no colon",
        "daysValid": "soon",
        "campaignVisibility": {"visibleFrom": "2020-01-02", "visibleTo": "2020-01-01"},
        "translations": {"en": {"name": "x" * 256}},
    }
    children = post(house, "/campaign", {"campaign": wrong}, headers).json()["form"]["children"]
    assert {name for name in children if "errors" in children[name]} == {
        "reward",
        "costInPoints",
        "levels",
        "labels",
        "daysValid",
    }
    assert "errors" in children["campaignVisibility"]["children"]["visibleTo"]
    assert "errors" in children["translations"]["children"]["en"]["children"]["name"]
    for kind, field in (
        ("cashback", "pointValue"),
        ("percentage_discount_code", "transactionPercentageValue"),
    ):
        body = {"campaign": {"reward": kind, "translations": {"en": {"name": "x"}}}}
        children = post(house, "/campaign", body, headers).json()["form"]["children"]
        assert children[field] == {"errors": ["This value should not be blank."]}


def test_many_codes_come_in_one_request(house, headers):
    codes = [f"code-{at:06}" for at in range(5_000)]
    reward_id = offer(house, headers, coupons=codes)
    shown = get(house, f"/campaign/{reward_id}", headers)
    assert shown["coupons"] == codes
    assert shown["usageLeft"] == 5_000
    (listed,) = get(house, "/campaign", headers)["campaigns"]
    assert listed["coupons"] == codes[:1_000], "a list shows the first of each"
    body = {"campaign": {"active": 1, "unlimited": 1, "translations": {"en": {"name": "n"}}}}
    assert post(house, f"/campaign/{reward_id}", body, headers, "PUT").status == 200
    assert get(house, f"/campaign/{reward_id}", headers)["usageLeft"] == 5_000


def test_a_reward_is_switched_on_and_off(house, headers):
    reward_id = offer(house, headers)
    for word, active in (("inactive", False), ("active", True)):
        reply = post(house, f"/DEFAULT/campaign/{reward_id}/{word}", {}, headers)
        assert (reply.status, reply.json()) == (200, {"campaignId": reward_id})
        assert get(house, f"/campaign/{reward_id}", headers)["active"] is active
    missing = {"error": {"code": 404, "message": "Not Found"}}
    unknown = "00000000-0000-0000-0000-000000000000"
    for path in (f"{reward_id}/sideways", f"{unknown}/active"):
        reply = post(house, f"/campaign/{path}", {}, headers)
        assert (reply.status, reply.json()) == (404, missing)
    assert get(house, f"/campaign/{unknown}", headers) == missing


def test_a_list_is_filtered_sorted_and_paged(house, headers):
    category = {"translations": {"en": {"name": "drinks"}}, "active": 1}
    reply = post(house, "/campaignCategory", {"campaign_category": category}, headers)
    category_id = reply.json()["campaignCategoryId"]
    offer(house, headers, "tea", labels="kind:hot;size:big", categories=[category_id])
    offer(house, headers, "ice", labels=[{"key": "kind", "value": "cold"}], costInPoints=5.5)
    offer(house, headers, "off", active=False, reward="gift_code", featured=True)
    listed = [
        ("", ["tea", "ice", "off"]),
        ("?sort=name&direction=desc", ["tea", "off", "ice"]),
        ("?labels[0][key]=kind&labels[0][value]=hot", ["tea"]),
        ("?labels[0][key]=kind", ["tea", "ice"]),
        (f"?categoryId[]={category_id}", ["tea"]),
        ("?isFeatured=1", ["off"]),
        ("?name=TE", ["tea"]),
        ("?campaignType=gift_code", ["off"]),
    ]
    for query, expected in listed:
        assert names(get(house, "/campaign" + query, headers)) == (expected, len(expected)), query
    page = get(house, "/campaign?perPage=1&page=2&sort=costInPoints", headers)
    assert names(page) == (["off"], 3)
    assert get(house, "/campaign?name=ice", headers)["campaigns"][0]["costInPoints"] == 5.5
    tea = get(house, "/campaign?name=tea", headers)["campaigns"][0]
    assert tea["categoryNames"] == {category_id: "drinks"}
    assert house.call("GET", "/api/campaign?sort=coupons", headers=headers).status == 400
    for query in ("labels=kind:hot", "labels[0]=kind", "labels[key]=kind", "labels[0][key]="):
        reply = house.call("GET", f"/api/campaign?{query}", headers=headers)
        assert (reply.status, list(reply.json())) == (400, ["error"]), query
    active = get(house, "/campaign/active", headers)
    assert [each["name"] for each in active["campaigns"]] == ["tea", "ice"]
    assert set(active["campaigns"][0]) == {"id", "name"}


def test_anybody_sees_what_is_public_and_open(house, headers):
    offer(house, headers, "open", public=True)
    offer(house, headers, "hidden")
    offer(house, headers, "off", public=True, active=False)
    later = {"allTimeVisible": 0, "visibleFrom": "2100-01-01"}
    offer(house, headers, "later", public=True, campaignVisibility=later)
    reply = get(house, "/DEFAULT/campaign/public/available", {})
    assert names(reply) == (["open"], 1)
    (shown,) = reply["campaigns"]
    documented = {
        "name": "open",
        "brandIcon": False,
        "rewardCampaignId": shown["campaignId"],
        "reward": "discount_code",
        "active": True,
        "costInPoints": 0,
        "singleCoupon": False,
        "unlimited": True,
        "campaignActivity": {"allTimeActive": True},
        "campaignVisibility": {"allTimeVisible": True},
        "labels": [],
        "daysInactive": 0,
        "daysValid": 0,
        "featured": False,
        "photos": [],
        "public": True,
        "fulfillmentTracking": False,
        "segmentNames": {},
        "levelNames": {},
        "categoryNames": [],
        "usageLeft": 2,
        "visibleForCustomersCount": 0,
        "usersWhoUsedThisCampaignCount": 0,
        "brandDescription": None,
        "shortDescription": None,
        "conditionsDescription": None,
        "usageInstruction": None,
    }
    assert {**shown, **documented} == shown
    assert not {"coupons", "levels", "segments"} & set(shown)


def test_a_member_sees_what_they_may_buy(house, headers):
    ann, bob = (house.member(("email", f"{name}@example.com")) for name in ("ann", "bob"))
    level = json.dumps({"name": "gold", "conditionValue": 9, "reward": {"value": 0}})
    level_id = house.execute(Define(house.tenant_id, 0, "Level", level)).definition_id
    house.execute(MoveToLevel(house.tenant_id, 0, ann.number, level_id))
    gold_id = offer(house, headers, "gold", target="level", levels=[level_id], featured=1)
    offer(house, headers, "all")
    offer(house, headers, "none", coupons=[])
    percent = {"reward": "percentage_discount_code", "transactionPercentageValue": 10}
    offer(house, headers, "percent", **percent)
    own = get(house, "/customer/campaign/available", customer(house, ann.member_id))
    assert names(own) == (["gold", "all"], 2)
    (shown, _) = own["campaigns"]
    documented = {
        "campaignId": gold_id,
        "usageLeft": 2,
        "usageLeftForCustomer": 2,
        "canBeBoughtByCustomer": True,
        "visibleForCustomersCount": 1,
        "usersWhoUsedThisCampaignCount": 0,
        "segmentNames": [],
        "levelNames": {level_id: "gold"},
    }
    assert {**shown, **documented} == shown
    assert not {"coupons", "levels", "segments"} & set(shown)
    other = get(house, "/customer/campaign/available", customer(house, bob.member_id))
    assert names(other) == (["all"], 1)
    for prefix, who in (("admin", headers), ("seller", seller(house))):
        path = f"/{prefix}/customer/{ann.member_id}/campaign/available"
        assert names(get(house, path, who)) == (["gold", "all"], 2)
        assert names(get(house, path + "?isFeatured=1", who)) == (["gold"], 1)
        assert names(get(house, path + "?hasSegment=1", who)) == ([], 0)
        shown = get(house, path, who)["campaigns"][0]
        assert (shown["coupons"], shown["levels"]) == (["a", "b"], [level_id])
    visible = get(house, f"/DEFAULT/campaign/{gold_id}/customers/visible", headers)
    assert visible["total"] == 1
    assert visible["customers"][0]["customerId"] == ann.member_id
    everybody = offer(house, headers, "everybody")
    visible = get(house, f"/campaign/{everybody}/customers/visible?perPage=1&page=2", headers)
    assert (visible["customers"][0]["customerId"], visible["total"]) == (bob.member_id, 2)


def test_whom_a_reward_is_for_is_listed_in_both_directions(house, headers, monkeypatch):
    monkeypatch.setattr(campaigns_audience, "_PAGE_ROWS", 2)
    several = [house.member(("card", str(at))) for at in range(6)]
    ids = [each.member_id for each in several]
    gone = house.member(("card", "gone")).member_id
    assert house.call("DELETE", f"/api/customer/{gone}", headers=headers).status == 204
    house.settle()
    level = json.dumps({"name": "gold", "conditionValue": 9, "reward": {"value": 0}})
    level_id = house.execute(Define(house.tenant_id, 0, "Level", level)).definition_id
    for each in several[:3]:
        house.execute(MoveToLevel(house.tenant_id, 0, each.number, level_id))
    segment_ids = [segment(house, headers, chosen) for chosen in (ids[1:4], ids[2:5])]
    house.settle()
    rewards = [
        (offer(house, headers), ids),
        (offer(house, headers, target="level", levels=[level_id]), ids[:3]),
        (offer(house, headers, target="segment", segments=segment_ids), ids[1:5]),
    ]
    for reward_id, expected in rewards:
        path = f"/campaign/{reward_id}/customers/visible?perPage=2"
        for query, ordered in (("", expected), ("&direction=desc", expected[::-1])):
            pages = [get(house, f"{path}{query}&page={number}", headers) for number in range(1, 5)]
            assert {each["total"] for each in pages} == {len(expected)}
            found = [one["customerId"] for each in pages for one in each["customers"]]
            assert found == ordered, (expected, query)


def segment(house, headers, customers):
    criterion = {"type": "customer_list", "customers": customers}
    form = {"name": "some", "active": True, "parts": [{"criteria": [criterion]}]}
    return post(house, "/segment", {"segment": form}, headers).json()["segmentId"]


def test_lists_look_at_names_in_the_language_they_show(house, headers):
    for texts in ({"en": "tea", "pl": "herbata"}, {"en": "coffee"}, {"en": "ice", "pl": "zimno"}):
        translations = {language: {"name": name} for language, name in texts.items()}
        body = {"active": True, "public": True, "unlimited": True, "coupons": ["a"]}
        form = {"campaign": {**body, "translations": translations}}
        assert post(house, "/campaign", form, headers).status == 200
    ann = house.member(("email", "ann@example.com"))
    listed = {
        "/campaign": headers,
        "/campaign/public/available": {},
        "/customer/campaign/available": customer(house, ann.member_id),
    }
    for path, who in listed.items():
        for query, expected in (
            ("sort=name", ["coffee", "ice", "tea"]),
            ("sort=name&_locale=pl", ["coffee", "herbata", "zimno"]),
            ("sort=name&_locale=pl&direction=desc", ["zimno", "herbata", "coffee"]),
            ("name=HERB&_locale=pl", ["herbata"]),
            ("name=tea&_locale=pl", []),
            ("name=coff&_locale=pl", ["coffee"]),
            ("name=herb", []),
            ("name=tea&_locale=xx", ["tea"]),
        ):
            found = names(get(house, f"{path}?{query}", who))
            assert found == (expected, len(expected)), (path, query)


def test_only_those_named_may_come(house, headers):
    ann = house.member(("email", "ann@example.com"))
    reward_id = offer(house, headers)
    own, shop = customer(house, ann.member_id), seller(house)
    for path in ("/campaign", f"/campaign/{reward_id}", "/campaign/bought", "/campaignCategory"):
        for who in (own, shop):
            assert house.call("GET", "/api" + path, headers=who).status == 403, path
        assert house.call("GET", "/api" + path).status == 401
    assert house.call("GET", "/api/seller/campaign", headers=own).status == 403
    other = permanent(house, tenant_id=house.tenant("second"))
    assert house.call("GET", f"/api/campaign/{reward_id}", headers=other).status == 404


def test_descriptions_are_rendered_where_html_is_asked_for(house, headers):
    body = [*DOCUMENTED, "campaign[translations][en][brandDescription]=_A_ **b** <script>"]
    body.remove("campaign[translations][en][brandDescription]=Some brand description")
    reward_id = post(house, "/campaign", body, headers).json()["campaignId"]
    shown = get(house, f"/campaign/{reward_id}?format=html", headers)
    assert shown["brandDescription"] == ("<p><em>A</em> <strong>b</strong> &lt;script&gt;</p>")
    assert shown["name"] == "Discount Code Campaign"


def test_an_edit_keeps_what_it_does_not_send(house, headers):
    reply = post(house, "/campaign", DOCUMENTED, headers)
    path = f"/campaign/{reply.json()['campaignId']}"
    whole = get(house, path, headers)
    assert post(house, path, {}, headers, "PUT").status == 200
    assert get(house, path, headers) == whole
    edits = {
        "costInPoints": (5, {"costInPoints": 5}),
        "labels": ("a:b", {"labels": [{"key": "a", "value": "b"}]}),
        "segments": ([LEVEL_IDS[0]], {"segments": [LEVEL_IDS[0]], "levels": []}),
        "reward": ("gift_code", {"reward": "gift_code"}),
        "active": (False, {"active": False}),
        "translations": ({"en": {"usageInstruction": ""}}, {}),
        "campaignActivity": ({"allTimeActive": 1}, {"campaignActivity": {"allTimeActive": True}}),
        "categories": ([], {}),
    }
    for name, (value, changed) in edits.items():
        body = {"campaign": {name: value}}
        assert post(house, path, body, headers, "PUT").status == 200, name
        shown = get(house, path, headers)
        whole.update(changed)
        if name == "translations":
            del whole["usageInstruction"], whole["translations"][0]["usageInstruction"]
        if name == "segments":
            whole["target"] = None
        assert shown == {key: each for key, each in whole.items() if each is not None}, name


def test_labels_without_a_value_can_be_sent_back_as_they_are_shown(house, headers):
    path = "/campaign/" + offer(house, headers, "tea", labels="new:;kind:hot")
    labels = get(house, path, headers)["labels"]
    assert labels == [{"key": "new", "value": ""}, {"key": "kind", "value": "hot"}]
    assert post(house, path, {"campaign": {"labels": labels}}, headers, "PUT").status == 200
    assert get(house, path, headers)["labels"] == labels


@pytest.mark.parametrize(
    ("part", "prefix"), [("campaignActivity", "active"), ("campaignVisibility", "visible")]
)
def test_one_end_of_a_rewards_time_may_be_sent_alone(house, headers, part, prefix):
    reply = post(house, "/campaign", DOCUMENTED, headers)
    path = f"/campaign/{reply.json()['campaignId']}"
    first, last, always = f"{prefix}From", f"{prefix}To", f"allTime{prefix.title()}"

    def sent(**fields):
        return post(house, path, {"campaign": {part: fields}}, headers, "PUT")

    def shown():
        return {
            name: value if name == always else value[:10]
            for name, value in get(house, path, headers)[part].items()
        }

    start = SHOWN[part][first][:10]
    assert sent(**{last: "2030-01-02"}).status == 200
    assert shown() == {always: False, first: start, last: "2030-01-02"}
    assert sent(**{first: "2029-01-02"}).status == 200
    assert shown() == {always: False, first: "2029-01-02", last: "2030-01-02"}
    reply = sent(**{last: "2028-01-01"})
    children = reply.json()["form"]["children"][part]["children"]
    assert (reply.status, bool(children[last])) == (400, True), "before the beginning that is kept"
    assert sent(**{first: ""}).status == 200
    assert shown() == {always: False, last: "2030-01-02"}
    assert sent(**{always: 1}).status == 200
    assert shown() == {always: True}
    assert sent(**{last: "2030-01-02"}).status == 200
    assert shown() == {always: False, last: "2030-01-02"}
    assert post(house, path, {"campaign": {part: []}}, headers, "PUT").status == 200
    assert shown() == {always: True}


def test_a_language_of_a_reward_stays_until_it_is_sent_empty(house, headers):
    reward_id = offer(house, headers)

    def names_after(**translations):
        body = {"campaign": {"translations": translations}}
        reply = post(house, f"/campaign/{reward_id}", body, headers, "PUT")
        assert reply.status == 200, reply.body
        shown = get(house, f"/campaign/{reward_id}", headers)["translations"]
        return {each["locale"]: each["name"] for each in shown}

    assert names_after(pl={"name": "herbata"}) == {"en": "tea", "pl": "herbata"}
    assert names_after(en={"name": "black tea"}) == {"en": "black tea", "pl": "herbata"}
    assert names_after(pl=None) == {"en": "black tea"}
    body = {"campaign": {"translations": {"en": None}}}
    assert post(house, f"/campaign/{reward_id}", body, headers, "PUT").status == 400
