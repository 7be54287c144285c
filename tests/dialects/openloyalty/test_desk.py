"""What every endpoint gets for nothing: its caller, its store, its form, its page."""

import json

import pytest

from dialects.openloyalty.desk import serve
from dialects.openloyalty.session import FORM, JSON, administrator
from guerdon.dialects.openloyalty.desk import Endpoint


def permanent(house, **tenant):
    return {"x-auth-token": house.key("openloyalty", **tenant)}


async def who(visit):
    return visit.ok({"kind": visit.caller.kind, "store": visit.store_code, "issuer": visit.issuer})


async def level(visit):
    return visit.ok({"level": visit.params["level"]})


async def created(visit):
    form = await visit.form("level")
    name = form.text("name", chars_max=5)
    points = form.points("points", low=100)
    active = form.switch("active", required=False)
    reward = form.child("reward")
    value = reward.money("value", required=False)
    starts = [part.moment("startAt") for part in form.children("specialRewards")]
    form.check()
    found = {"name": name, "points": points, "active": active, "value": value, "starts": starts}
    return visit.ok(found)


async def listed(visit):
    page = visit.page(("name",), "name")
    names = ["b", "a", None, "c"]
    return visit.listed("names", page.cut(names, lambda name, _: name), len(names))


async def uploaded(visit):
    await visit.form("avatar")
    file = visit.file("avatar")
    return visit.ok([file.name, file.media_type, file.content.decode()])


def test_an_endpoint_is_served_with_a_store_and_without(house):
    call = serve(
        house,
        Endpoint("GET", "/level", who, "admin"),
        Endpoint("GET", "/level/{level}", level, "admin"),
        Endpoint("GET", "/level/count", who, "admin"),
    )
    headers = permanent(house)
    for target in ("/try/level", "/try/DEFAULT/level", "/try/level/count"):
        reply = call("GET", target, headers=headers)
        assert reply.json() == {"kind": "key", "store": "DEFAULT", "issuer": "api"}, target
    for target in ("/try/level/x1", "/try/DEFAULT/level/x1"):
        assert call("GET", target, headers=headers).json() == {"level": "x1"}
    assert call("GET", "/try/NOWHERE/level", headers=headers).status == 404
    assert call("OPTIONS", "/try/DEFAULT/level").status == 204
    assert call("DELETE", "/try/level", headers=headers).status == 405
    assert call("GET", "/try/level").json() == {"code": 401, "message": "Authentication Required"}


def test_only_those_may_come_whom_the_endpoint_names(house):
    call = serve(
        house,
        Endpoint("GET", "/a", who, "admin"),
        Endpoint("GET", "/c", who, ("seller", "customer")),
        Endpoint("GET", "/e", who, "anyone"),
    )
    headers = administrator(house)
    assert call("GET", "/try/a", headers=headers).json()["kind"] == "admin"
    refused = call("GET", "/try/c", headers=headers)
    assert (refused.status, refused.json()) == (403, {"message": "Access Denied."})
    assert call("GET", "/try/e", headers=headers).json()["kind"] == "admin"
    assert call("GET", "/try/e").json()["kind"] == "anyone"
    assert call("GET", "/try/e", headers={"authorization": "Bearer x.y.z"}).status == 401
    house.tenant("second")
    assert call("GET", "/try/e").status == 404, "which of the two is meant?"


def test_a_form_is_read_alike_from_json_and_from_brackets(house):
    call = serve(house, Endpoint("POST", "/form", created, "admin"))
    headers = permanent(house)
    body = {
        "level": {
            "name": "gold",
            "points": 12.34,
            "active": False,
            "reward": {"value": "0.15"},
            "specialRewards": [{"startAt": "2019-02-20 09:28"}, {"startAt": "2019-02-20"}],
        }
    }
    spelled = (
        "level[name]=gold&level[points]=12.340&level[active]=0&level[reward][value]=0.15"
        "&level[specialRewards][0][startAt]=2019-02-20T10:28:00%2B0100"
        "&level[specialRewards][1][startAt]=2019-02-20"
    )
    expected = {
        "name": "gold",
        "points": 1234,
        "active": False,
        "value": 1500,
        "starts": [1_550_654_880_000_000, 1_550_620_800_000_000],
    }
    for kind, text in ((JSON, json.dumps(body)), (FORM, spelled)):
        reply = call("POST", "/try/form", headers=headers | kind, body=text)
        assert (reply.status, reply.json()) == (200, expected)


@pytest.mark.parametrize("amount", [12.345, 12.3400001, "12.345", True])
def test_points_are_taken_as_they_were_sent_or_not_at_all(house, amount):
    call = serve(house, Endpoint("POST", "/form", created, "admin"))
    body = {"level": {"name": "gold", "points": amount}}
    reply = call("POST", "/try/form", headers=permanent(house) | JSON, body=json.dumps(body))
    assert reply.status == 400
    children = reply.json()["form"]["children"]
    assert children["points"] == {"errors": ["This value is not valid."]}


def test_everything_wrong_with_a_form_is_said_at_once(house):
    call = serve(house, Endpoint("POST", "/form", created, "admin"))
    body = {
        "level": {
            "name": "platinum",
            "points": "0.5",
            "active": "perhaps",
            "reward": {"value": "much"},
            "specialRewards": [{"startAt": "2019-02-20"}, {"startAt": "2019-02-31"}, {}],
        }
    }
    reply = call("POST", "/try/form", headers=permanent(house) | JSON, body=json.dumps(body))
    wrong = {"errors": ["This value is not valid."]}
    blank = {"errors": ["This value should not be blank."]}
    long = "This value is too long. It should have 5 characters or less."
    assert reply.status == 400
    assert reply.json() == {
        "form": {
            "children": {
                "name": {"errors": [long]},
                "points": {"errors": ["This value should be 1 or more."]},
                "active": wrong,
                "reward": {"children": {"value": wrong}},
                "specialRewards": {
                    "children": {
                        "0": {"children": {"startAt": {}}},
                        "1": {"children": {"startAt": wrong}},
                        "2": {"children": {"startAt": blank}},
                    }
                },
            }
        },
        "errors": [],
    }


def test_a_page_is_what_was_asked_for(house):
    call = serve(house, Endpoint("GET", "/list", listed, "admin"))
    headers = permanent(house)
    for query, names in (
        ("", ["a", "b", "c", None]),
        ("?direction=ASC&perPage=0&page=0", ["a", "b", "c", None]),
        ("?direction=down", ["c", "b", "a", None]),
        ("?perPage=2&page=2", ["c", None]),
        ("?perPage=100&page=100", []),
    ):
        reply = call("GET", "/try/list" + query, headers=headers)
        assert reply.json() == {"names": names, "total": 4}, query
    for query in ("?perPage=-1", "?sort=colour", "?page=x", "?perPage=101&page=101", "?page[]=1"):
        reply = call("GET", "/try/list" + query, headers=headers)
        assert reply.status == 400, query
        assert list(reply.json()) == ["error"]


def test_a_file_comes_as_one_part_of_several(house):
    call = serve(house, Endpoint("POST", "/avatar", uploaded, "admin"))
    headers = permanent(house) | {"content-type": "multipart/form-data; boundary=xx"}
    body = (
        '--xx\r\nContent-Disposition: form-data; name="avatar[file]"; filename="me.png"\r\n'
        "Content-Type: image/png\r\n\r\nbytes\r\n--xx--\r\n"
    )
    reply = call("POST", "/try/avatar", headers=headers, body=body)
    assert reply.json() == ["me.png", "image/png", "bytes"]
    for broken in ("", "--xx", body[:-8], body.replace("xx", "yy"), "x" * 3_000_000):
        reply = call("POST", "/try/avatar", headers=headers, body=broken or "--")
        assert reply.status in (400, 413), broken[:20]
