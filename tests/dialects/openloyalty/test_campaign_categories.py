"""Categories of rewards as documented."""

import pytest

from dialects.openloyalty.counter import Counter

NAME = "campaign_category[translations][en][name]="
BLANK = {"errors": ["This value should not be blank."]}


@pytest.fixture
def counter(house):
    return Counter(house)


def create(counter, *fields):
    reply = counter.ask("/DEFAULT/campaignCategory", fields)
    assert (reply.status, list(reply.json())) == (200, ["campaignCategoryId"]), reply.body
    return reply.json()["campaignCategoryId"]


def test_a_category_is_kept_as_documented(counter):
    category_id = create(
        counter,
        NAME + "Category A",
        "campaign_category[translations][pl][name]=Kategoria A",
        "campaign_category[active]=1",
        "campaign_category[sortOrder]=0",
    )
    path = f"/DEFAULT/campaignCategory/{category_id}"
    shown = counter.get(path)
    listed = counter.get("/DEFAULT/campaignCategory")
    assert listed == {"categories": [shown], "total": 1}
    ids = [each.pop("id") for each in shown["translations"]]
    assert [type(each) for each in ids] == [int, int]
    assert len(set(ids)) == 2
    assert shown == {
        "name": "Category A",
        "campaignCategoryId": category_id,
        "active": True,
        "sortOrder": 0,
        "translations": [
            {"name": "Category A", "locale": "en"},
            {"name": "Kategoria A", "locale": "pl"},
        ],
    }
    assert counter.get(path + "?_locale=pl")["name"] == "Kategoria A"
    assert counter.get(path + "?_locale=xx")["name"] == "Category A"
    changed = [NAME + "B", "campaign_category[sortOrder]=7"]
    reply = counter.ask(path, changed, method="PUT")
    assert (reply.status, reply.json()) == (200, {"campaignCategoryId": category_id})
    shown = counter.get(path)
    assert (shown["name"], shown["sortOrder"], shown["active"]) == ("B", 7, True)
    assert [each["name"] for each in shown["translations"]] == ["B", "Kategoria A"]
    counter.ask(path, ["campaign_category[active]=0"], method="PUT")
    shown = counter.get(path)
    assert (shown["name"], shown["sortOrder"], shown["active"]) == ("B", 7, False)
    assert counter.ask(path + "/active", {"active": True}).status == 204
    assert counter.get(path)["active"] is True
    blank = counter.ask(path, [NAME], method="PUT").json()["form"]["children"]["translations"]
    assert blank["children"]["en"]["children"]["name"] == BLANK


def test_categories_are_filtered_sorted_and_paged(counter):
    for name, active, order in (("Drinks", 1, 3), ("Food", 0, 1), ("Driving", 1, 2)):
        create(
            counter,
            NAME + name,
            f"campaign_category[active]={active}",
            f"campaign_category[sortOrder]={order}",
        )
    listed = {
        "": ["Drinks", "Food", "Driving"],
        "?active=1": ["Drinks", "Driving"],
        "?active=0": ["Food"],
        "?name=dri": ["Drinks", "Driving"],
        "?sort=sortOrder": ["Food", "Driving", "Drinks"],
        "?sort=name&direction=desc": ["Food", "Driving", "Drinks"],
    }
    for query, names in listed.items():
        found = counter.get("/campaignCategory" + query)
        assert [each["name"] for each in found["categories"]] == names, query
        assert found["total"] == len(names), query
    page = counter.get("/campaignCategory?perPage=1&page=2&sort=name")
    assert ([each["name"] for each in page["categories"]], page["total"]) == (["Driving"], 3)


def test_names_are_sorted_without_regard_to_case(counter):
    for name in ("cheese", "Bread", "Dates", "apples"):
        create(counter, NAME + name)
    found = counter.get("/campaignCategory?sort=name")["categories"]
    assert [each["name"] for each in found] == ["apples", "Bread", "cheese", "Dates"]


def test_a_wrong_category_is_refused_field_by_field(counter):
    reply = counter.ask("/campaignCategory", [])
    assert reply.status == 400
    children = reply.json()["form"]["children"]
    assert children["translations"]["children"] == {
        "en": {"children": {"name": BLANK}},
        "pl": {"children": {"name": {}}},
    }
    assert (children["active"], children["sortOrder"]) == ({}, {})
    wrong = [NAME + "x", "campaign_category[sortOrder]=first", "campaign_category[active]=maybe"]
    children = counter.ask("/campaignCategory", wrong).json()["form"]["children"]
    assert {name for name, child in children.items() if "errors" in child} == {
        "sortOrder",
        "active",
    }
    unknown = "/campaignCategory/00000000-0000-0000-0000-000000000000"
    assert counter.house.call("GET", "/api" + unknown, headers=counter.admin).status == 404
    assert counter.ask(unknown, [NAME + "x"], method="PUT").status == 404


def test_a_reward_tells_its_categories_by_name(counter):
    category_id = create(counter, NAME + "Drinks", "campaign_category[active]=1")
    reward_id = counter.offer(categories=[category_id])
    counter.offer()
    assert counter.get(f"/campaign/{reward_id}")["categoryNames"] == {category_id: "Drinks"}
    for path, who in (
        ("/campaign", counter.admin),
        ("/customer/campaign/available", counter.own),
        (f"/admin/customer/{counter.ann.member_id}/campaign/available", counter.admin),
    ):
        found = counter.get(f"{path}?categoryId[]={category_id}", who)
        assert [each["campaignId"] for each in found["campaigns"]] == [reward_id], path
