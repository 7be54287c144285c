"""Levels as documented: requests, answers, refusals, who may do what, and the sheet."""

import pytest

from dialects.openloyalty.session import FORM
from dialects.openloyalty.till import customer, decided, permanent, post, sale, seller
from guerdon import limits
from guerdon.dialects.openloyalty import sheets

DOCUMENTED = [
    "level[translations][en][name]=Silver",
    "level[translations][en][description]=Silver+description",
    "level[active]=1",
    "level[conditionValue]=4",
    "level[minOrder]=1",
    "level[reward][name]=reward4name",
    "level[reward][value]=4",
    "level[reward][code]=4",
    "level[specialRewards][0][name]=specialreward4",
    "level[specialRewards][0][value]=4",
    "level[specialRewards][0][code]=4",
    "level[specialRewards][0][active]=1",
    "level[specialRewards][0][startAt]=2018-02-01+08:33",
    "level[specialRewards][0][endAt]=2018-02-15+11:27",
]
DOCUMENTED_EDIT = [
    "level[translations][en][name]=Gold",
    "level[translations][en][description]=gold-level-description",
    "level[active]=1",
    "level[conditionValue]=3",
    "level[minOrder]=3",
    "level[reward][name]=reward3xyzname",
    "level[reward][value]=3",
    "level[reward][code]=3",
    "level[specialRewards][0][name]=special-reward-for-customer",
    "level[specialRewards][0][value]=3",
    "level[specialRewards][0][code]=3",
    "level[specialRewards][0][active]=1",
    "level[specialRewards][0][startAt]=2018-02-01+8:20",
    "level[specialRewards][0][endAt]=2017-10-15+13:07",
]
FRAMEWORK_404 = {"error": {"code": 404, "message": "Not Found"}}


def sent(house, path, lines, headers, method="POST"):
    body = "&".join(lines)
    return house.call(method, f"/api{path}", headers={**headers, **FORM}, body=body)


def form(condition=0, value=0, **more):
    level = {
        "translations": {"en": {"name": f"level {condition}"}},
        "conditionValue": condition,
        "reward": {"name": "r", "value": value, "code": "c"},
        "active": True,
    }
    return {"level": {**level, **more}}


def level(house, headers, *given, **more):
    reply = post(house, "/level/create", form(*given, **more), headers)
    assert reply.status == 200, reply.body
    return reply.json()["levelId"]


def get(house, path, headers):
    return house.call("GET", f"/api{path}", headers=headers)


def types(value):
    """The JSON types of an answer, key by key."""
    if isinstance(value, dict):
        return {key: types(each) for key, each in value.items()}
    if isinstance(value, list):
        return [types(each) for each in value]
    return "number" if type(value) in (int, float) else type(value).__name__


def test_documented_requests_make_and_change_a_level(house):
    headers = permanent(house)
    reply = sent(house, "/DEFAULT/level/create", DOCUMENTED, headers)
    assert (reply.status, types(reply.json())) == (200, {"levelId": "str"})
    level_id = reply.json()["levelId"]
    shown = get(house, f"/DEFAULT/level/{level_id}", headers).json()
    special_id = shown["specialRewards"][0].pop("specialRewardId")
    assert len(special_id) == 36
    assert shown == {
        "levelId": level_id,
        "name": "Silver",
        "description": "Silver description",
        "hasPhoto": False,
        "active": True,
        "conditionValue": 4,
        "minOrder": 1,
        "reward": {"name": "reward4name", "value": 0.04, "code": "4"},
        "specialRewards": [
            {
                "name": "specialreward4",
                "value": 0.04,
                "code": "4",
                "active": True,
                "startAt": "2018-02-01T08:33:00+0000",
                "endAt": "2018-02-15T11:27:00+0000",
            }
        ],
        "translations": [
            {"name": "Silver", "description": "Silver description", "id": 1, "locale": "en"}
        ],
    }
    # The documented change names an hour with one digit, and an end before the beginning.
    reply = sent(house, f"/DEFAULT/level/{level_id}", DOCUMENTED_EDIT, headers, "PUT")
    assert (reply.status, reply.json()) == (200, {"levelId": level_id})
    changed = get(house, f"/level/{level_id}", headers).json()
    assert (changed["name"], changed["conditionValue"]) == ("Gold", 3)
    assert changed["specialRewards"][0]["startAt"] == "2018-02-01T08:20:00+0000"
    actors = [name for name, _, _ in decided(house, headers, "Guerdon.Level.*")]
    assert actors == ["LevelWasDefined", "LevelWasDefined"]


def test_lists_are_as_documented_and_speak_the_language_asked_for(house):
    headers = permanent(house)
    translations = {
        "en": {"name": "Bronze", "description": "Bronze level description"},
        "pl": {"name": "Brązowy", "description": "Opis poziomu brązowego"},
    }
    bronze = level(house, headers, 0, 14, translations=translations)
    level(house, headers, 20.5, "15")
    level(house, headers, 200, 20, active=False)
    reply = get(house, "/DEFAULT/level", headers).json()
    assert reply["total"] == 3
    assert reply["levels"][0] == {
        "levelId": bronze,
        "name": "Bronze",
        "description": "Bronze level description",
        "hasPhoto": False,
        "active": True,
        "conditionValue": 0,
        "reward": {"name": "r", "value": 0.14, "code": "c"},
        "specialRewards": [],
        "translations": [
            {**translations["en"], "id": 1, "locale": "en"},
            {**translations["pl"], "id": 2, "locale": "pl"},
        ],
    }
    polish = get(house, "/level?_locale=pl&sort=conditionValue&direction=desc", headers).json()
    assert [each["name"] for each in polish["levels"]] == ["level 200", "level 20.5", "Brązowy"]
    second = get(house, "/level?perPage=2&page=2", headers).json()
    assert ([each["name"] for each in second["levels"]], second["total"]) == (["level 200"], 3)
    member = house.member(("email", "a@example.com"))
    mine = get(house, "/DEFAULT/customer/level", customer(house, member.member_id)).json()
    assert mine["total"] == 2
    assert mine["levels"][1] == {
        "name": "level 20.5",
        "description": "",
        "conditionValue": 20.5,
        "hasPhoto": False,
    }
    behind_the_till = seller(house)
    assert get(house, "/seller/level", behind_the_till).json()["total"] == 3
    assert get(house, f"/seller/level/{bronze}", behind_the_till).json()["name"] == "Bronze"


def test_a_level_is_put_out_of_use_and_removed(house):
    headers = permanent(house)
    bronze, silver = level(house, headers, 0), level(house, headers, 0, 1)
    member = house.member(("email", "a@example.com"))
    for active, left in ((0, bronze), (1, silver)):
        reply = post(house, f"/level/{silver}/activate", [f"active={active}"], headers)
        assert (reply.status, reply.body) == (204, b"")
        assert get(house, f"/level/{silver}", headers).json()["active"] is bool(active)
        house.settle()
        shown = get(house, f"/level/{left}/customers", headers).json()
        assert shown == {"customers": [{"customerId": member.member_id}], "total": 1}
    reply = house.call("DELETE", f"/api/DEFAULT/level/{silver}", headers=headers)
    assert (reply.status, reply.body) == (204, b"")
    house.settle()
    assert get(house, f"/level/{bronze}/customers", headers).json()["total"] == 1
    for method, path in (
        ("GET", f"/level/{silver}"),
        ("DELETE", f"/level/{silver}"),
        ("GET", f"/level/{silver}/customers"),
        ("GET", f"/csv/level/{silver}"),
        ("GET", "/level/no-uuid"),
    ):
        missing = house.call(method, f"/api{path}", headers=headers)
        assert (missing.status, missing.json()) == (404, FRAMEWORK_404)


def test_a_wrong_form_names_every_field(house):
    headers = permanent(house)
    blank = {"errors": ["This value should not be blank."]}
    reply = post(house, "/level/create", {"level": {}}, headers)
    assert reply.status == 400
    children = reply.json()["form"]["children"]
    assert children["conditionValue"] == blank
    assert children["reward"]["children"] == dict.fromkeys(("name", "value", "code"), blank)
    assert children["translations"]["children"]["en"]["children"]["name"] == blank
    assert (children["active"], children["minOrder"], children["specialRewards"]) == ({}, {}, {})
    wrong = form(
        -1,
        translations={"en": {"name": "x"}, "no locale": {"name": "y"}},
        active="perhaps",
        specialRewards=[{"name": "s", "value": "x", "code": "c", "startAt": "soon", "endAt": ""}],
    )
    children = post(house, "/level/create", wrong, headers).json()["form"]["children"]
    not_valid = {"errors": ["This value is not valid."]}
    assert children["conditionValue"] == {"errors": ["This value should be 0 or more."]}
    assert children["active"] == not_valid
    assert children["translations"]["children"]["no locale"] == not_valid
    special = children["specialRewards"]["children"]["0"]["children"]
    assert (special["value"], special["startAt"], special["endAt"]) == (not_valid, not_valid, blank)
    assert get(house, "/level", headers).json()["total"] == 0


def test_there_is_an_end_of_levels(house, monkeypatch):
    monkeypatch.setattr(limits, "levels_max", 1)
    headers = permanent(house)
    level_id = level(house, headers)
    reply = post(house, "/level/create", form(), headers)
    assert (reply.status, reply.json()["errors"]) == (400, ["There can be 1 levels."])
    assert post(house, f"/level/{level_id}", form(), headers, "PUT").status == 200


def test_a_level_is_set_by_hand_and_taken_back(house):
    headers = permanent(house)
    bronze, silver = level(house, headers, 0), level(house, headers, 20, 1)
    member = house.member(("email", "a@example.com"))
    path = f"/DEFAULT/customer/{member.member_id}"
    reply = post(house, f"{path}/level", [f"levelId={silver}"], headers)
    assert (reply.status, reply.json()) == (200, [])
    ((_, first), (uuid, moved)) = [
        (uuid, payload) for _, uuid, payload in decided(house, headers, "*CustomerWasMovedToLevel")
    ]
    assert "oldLevelId" not in first
    assert uuid == member.member_id
    del moved["updateAt"]
    assert moved == {
        "customerId": {"customerId": member.member_id},
        "levelId": {"levelId": silver},
        "oldLevelId": {"levelId": bronze},
        "manually": True,
        "removeLevelManually": False,
    }
    empty = post(house, f"{path}/level", {}, headers)
    assert (empty.status, empty.json()) == (400, {"levelId": "field is required"})
    wrong = post(house, f"{path}/level", {"levelId": "x"}, headers)
    assert wrong.status == 400
    assert "levelId" in wrong.json()["form"]["children"]
    freed = house.call("POST", f"/api{path}/remove-manually-level", headers=headers)
    assert (freed.status, freed.body) == (204, b"")
    again = house.call("POST", f"/api{path}/remove-manually-level", headers=headers)
    assert (again.status, again.json()) == (
        400,
        {"error": "Customer is not assigned to level manually"},
    )
    nobody = path[:-4] + "0000"
    assert post(house, f"{nobody}/level", {"levelId": silver}, headers).status == 404
    assert get(house, f"/level/{bronze}/customers", headers).json()["total"] == 1


def test_a_level_that_was_removed_is_nobodys_by_hand(house):
    headers = permanent(house)
    level(house, headers, 0)
    silver = level(house, headers, 20, 1)
    path = f"/customer/{house.member(('email', 'a@example.com')).member_id}"
    assert post(house, f"{path}/level", [f"levelId={silver}"], headers).status == 200
    assert "manuallyAssignedLevelId" in get(house, path, headers).json()
    assert house.call("DELETE", f"/api/level/{silver}", headers=headers).status == 204
    assert "manuallyAssignedLevelId" not in get(house, path, headers).json()


def test_purchases_raise_members_to_the_level_they_earn(house):
    headers = permanent(house)
    level(house, headers, 0)
    silver = level(house, headers, 3, 0.2)
    profile = {"firstName": "Jan", "lastName": "Nowak", "email": "user@example.com"}
    member = house.member(("email", "user@example.com"), profile=profile)
    assert post(house, "/transaction", sale("d-1"), headers).status == 200
    shown = get(house, f"/DEFAULT/admin/level/{silver}/customers", headers).json()
    assert shown == {"customers": [{"customerId": member.member_id, **profile}], "total": 1}


def test_members_of_a_level_are_listed_page_by_page_in_both_directions(house):
    headers = permanent(house)
    bronze = level(house, headers)
    ids = [house.member(("card", str(at))).member_id for at in range(5)]

    def page(query):
        found = get(house, f"/level/{bronze}/customers?{query}", headers).json()
        assert found["total"] == 5
        return [each["customerId"] for each in found["customers"]]

    assert page("perPage=2&page=2") == ids[2:4]
    assert page("perPage=2&page=1&direction=desc") == [ids[4], ids[3]]
    assert page("perPage=2&page=3&direction=desc") == [ids[0]]
    assert page("perPage=2&page=4&direction=desc") == []


def test_the_sheet_is_the_documented_one_and_safe_to_open(house, monkeypatch):
    monkeypatch.setattr(limits, "csv_slice_members", 2)
    headers = permanent(house)
    bronze = level(house, headers)
    house.setting("programme.timezone", "Europe/Warsaw")
    jane = {
        "firstName": "Jane",
        "lastName": 'von "Doe", née',
        "email": "jane@example.com",
        "gender": "female",
        "phone": "+48111112222",
        "birthDate": "1990-09-11",
        "createdAt": "2016-08-08T10:53:14+02:00",
        "loyaltyCardNumber": "0000",
        "agreement1": True,
        "agreement2": False,
    }
    house.member(("card", "0000"), profile=jane)
    house.member(("card", "1"), profile={"firstName": '=HYPERLINK("x")', "lastName": "-1"})
    house.member(("card", "2"), profile={"firstName": "@SUM(A1)", "lastName": "two\nlines"})
    reply = get(house, f"/DEFAULT/csv/level/{bronze}", headers)
    assert reply.status == 200
    assert reply.headers["content-type"].startswith("text/csv")
    lines = reply.body.decode().split("\n", 4)
    assert lines[0] == (
        '"First name","Last name","E-mail address",Gender,Telephone,"Loyalty card number",'
        'Birthdate,"Created at","Legal agreement","Marketing agreement","Data processing agreement"'
    )
    assert lines[1] == (
        'Jane,"von ""Doe"", née",jane@example.com,female,+48111112222,0000,'
        '"1990-09-11 00:00:00","2016-08-08 10:53:14",1,,'
    )
    assert lines[2].startswith('"\'=HYPERLINK(""x"")",-1,')
    assert lines[3] == "'@SUM(A1),\"two"
    assert lines[4].startswith('lines",')
    monkeypatch.setattr(limits, "csv_members_max", 2)
    assert get(house, f"/csv/level/{bronze}", headers).status == 400


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("plain", "plain"),
        ("+1", "+1"),
        ("-1.5", "-1.5"),
        ("-", "'-"),
        ("+1+1", "'+1+1"),
        ("=1", "'=1"),
        ("\t=1", '"\'\t=1"'),
        ("a\0b", "ab"),
        ("a,b", '"a,b"'),
        ('say "x"', '"say ""x"""'),
        ("a\rb", '"a\rb"'),
        ("\uff1d1+1", "'\uff1d1+1"),
        ("\uff20SUM(A1)", "'\uff20SUM(A1)"),
        ("\n=1+1", '"\'\n=1+1"'),
        ("a;=1+1", "a;'=1+1"),
        ('"a";@SUM(A1) ;b', '"""a"";\'@SUM(A1) ;b"'),
        (";;\uff1d1", ";;'\uff1d1"),
        ("a;b=c", "a;b=c"),
    ],
)
def test_a_cell_is_never_a_formula(cell, written):
    assert sheets.line([cell]) == (written + "\n").encode()


def test_only_who_may_sees_and_changes_levels(house):
    headers = permanent(house)
    bronze = level(house, headers)
    member = house.member(("email", "a@example.com"))
    me, till = customer(house, member.member_id), seller(house)
    for method, path in (
        ("GET", "/level"),
        ("POST", "/level/create"),
        ("GET", f"/level/{bronze}"),
        ("PUT", f"/level/{bronze}"),
        ("DELETE", f"/level/{bronze}"),
        ("POST", f"/level/{bronze}/activate"),
        ("GET", f"/level/{bronze}/customers"),
        ("GET", f"/csv/level/{bronze}"),
        ("POST", f"/customer/{member.member_id}/level"),
        ("POST", f"/customer/{member.member_id}/remove-manually-level"),
    ):
        for caller in (me, till):
            assert house.call(method, f"/api{path}", headers=caller).status == 403, path
        assert house.call(method, f"/api{path}").status == 401, path
    assert get(house, "/seller/level", me).status == 403
    assert get(house, "/customer/level", till).status == 403
    other = house.tenant("other")
    theirs = permanent(house, tenant_id=other)
    assert get(house, f"/level/{bronze}", theirs).status == 404
    assert get(house, "/level", theirs).json() == {"levels": [], "total": 0}
    assert house.call("DELETE", f"/api/level/{bronze}", headers=theirs).status == 404


def test_an_edit_of_a_level_keeps_what_it_does_not_send(house):
    headers = permanent(house)
    special = {
        "name": "s",
        "value": 4.5,
        "code": "c",
        "startAt": "2018-02-01",
        "endAt": "2018-02-15",
    }
    texts = {
        "en": {"name": "Bronze", "description": "first"},
        "pl": {"name": "Brązowy", "description": "pierwszy"},
    }
    level_id = level(
        house, headers, 1.55, 0.15, minOrder=1.55, specialRewards=[special], translations=texts
    )
    path = f"/level/{level_id}"
    whole = get(house, path, headers).json()

    def changed(**fields):
        reply = post(house, path, form(1.55, 0.15, **fields), headers, "PUT")
        assert reply.status == 200, reply.body
        return get(house, path, headers).json()

    english, polish = whole["translations"]
    renamed = changed(translations={"en": {"name": "Silver"}})
    expected = [{**english, "name": "Silver"}, polish]
    assert renamed == {**whole, "name": "Silver", "translations": expected}
    assert len(renamed["specialRewards"]) == 1
    both = changed(translations={"en": {"name": "Bronze"}, "pl": {"name": "B", "description": ""}})
    assert both["translations"] == [english, {**polish, "name": "B", "description": ""}]
    one = changed(translations={"en": {"name": "Bronze"}, "pl": None})
    assert one["translations"] == [english], "a language that is sent empty is gone"
    emptied = changed(translations={"en": {"name": "Bronze"}}, minOrder="", specialRewards=[])
    assert ("minOrder" in emptied, emptied["specialRewards"]) == (False, [])
    for missing in ("translations", "conditionValue", "reward"):
        fields = {name: value for name, value in form()["level"].items() if name != missing}
        assert post(house, path, {"level": fields}, headers, "PUT").status == 400, missing


def test_texts_may_stand_beside_the_translations(house):
    headers = permanent(house)
    bare = {name: value for name, value in form()["level"].items() if name != "translations"}
    texts = {"name": "Bronze", "description": "first"}
    made = post(house, "/level/create", {"level": {**bare, **texts}}, headers)
    path = f"/level/{made.json()['levelId']}"
    english = {**texts, "id": 1, "locale": "en"}
    assert get(house, path, headers).json()["translations"] == [english]

    polish = {"translations": {"pl": {"name": "Br"}}}
    for more, expected in (({"name": "Tin"}, "Tin"), ({"name": "Zinc", **polish}, "Zinc")):
        assert post(house, path, {"level": {**bare, **more}}, headers, "PUT").status == 200
        shown = get(house, path, headers).json()
        assert (shown["name"], shown["description"]) == (expected, "first")
    both = {**bare, "name": "beside", "translations": {"en": {"name": "within"}}}
    assert post(house, path, {"level": both}, headers, "PUT").status == 200
    assert get(house, path, headers).json()["name"] == "within"

    refused = post(house, path, {"level": {**bare, "name": ""}}, headers, "PUT")
    assert refused.status == 400
    assert refused.json()["form"]["children"]["name"]["errors"]


def test_levels_are_sorted_by_how_many_have_them(house):
    headers = permanent(house)
    first, idle, second = (level(house, headers, condition) for condition in (0, 50, 90))
    for email in ("a@example.com", "b@example.com", "c@example.com"):
        member = house.member(("email", email))
        if email != "c@example.com":
            path = f"/customer/{member.member_id}/level"
            assert post(house, path, {"levelId": second}, headers).status == 200
    post(house, f"/customer/{member.member_id}/level", {"levelId": first}, headers)
    for direction, expected in (("asc", [idle, first, second]), ("desc", [second, first, idle])):
        query = f"?sort=customersCount&direction={direction}"
        found = get(house, f"/level{query}", headers).json()
        assert ([each["levelId"] for each in found["levels"]], found["total"]) == (expected, 3)
