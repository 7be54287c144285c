"""Roles as documented: made, shown, changed, removed; and what they allow is all there is."""

import pytest

from dialects.openloyalty.staff import (
    BLANK,
    MISSING,
    NOT_A_CHOICE,
    children,
    get,
    role,
    send,
    staff,
)
from dialects.openloyalty.till import permanent
from guerdon import limits
from guerdon.dialects.openloyalty import nouns
from guerdon.dialects.openloyalty.roles import ACCESSES, RESOURCES

DOCUMENTED = [
    "role[name]=Super admin",
    "role[default]=true",
    "role[permissions][0][resource]=LEVEL",
    "role[permissions][0][access]=MODIFY",
    "role[permissions][1][resource]=EARNING_RULE",
    "role[permissions][1][access]=MODIFY",
]
ROLE = "/admin/acl/role"


@pytest.fixture(autouse=True)
def _everybody_is_looked_up_anew(monkeypatch):
    monkeypatch.setattr(limits, "auth_cache_seconds", 0)


def granted(*permissions):
    lines = ["role[name]=x"]
    for at, (resource, _, access) in enumerate(each.partition(":") for each in permissions):
        at_ = f"role[permissions][{at}]"
        lines += [f"{at_}[resource]={resource}", f"{at_}[access]={access}"]
    return lines


def test_the_documented_requests_make_show_change_and_remove_a_role(house):
    headers = permanent(house)
    for store in ("", "/DEFAULT"):
        reply = send(house, headers, store + ROLE, DOCUMENTED)
        assert (reply.status, reply.body) == ((404, reply.body) if store else (204, b""))
    listed = get(house, headers, ROLE).json()
    master, made = listed["roles"]
    assert (list(listed), listed["total"]) == (["roles", "total"], 2)
    assert master == {
        "id": 1,
        "name": "Super admin",
        "role": "ROLE_ADMIN",
        "master": True,
        "default": True,
        "permissions": [],
    }
    number = made["id"]
    ids = [each.pop("id") for each in made["permissions"]]
    assert len(set(ids)) == 2
    assert made == {
        "id": number,
        "name": "Super admin",
        "role": "ROLE_ADMIN",
        "master": False,
        "default": True,
        "permissions": [
            {"resource": "LEVEL", "access": "MODIFY"},
            {"resource": "EARNING_RULE", "access": "MODIFY"},
        ],
    }
    fewer = [*DOCUMENTED[:4], "role[name]=Reporter admin"][1:]
    assert send(house, headers, f"{ROLE}/{number}", fewer, "PUT").status == 204
    shown = get(house, headers, f"{ROLE}/{number}").json()
    assert (shown["name"], len(shown["permissions"])) == ("Reporter admin", 1)
    assert send(house, headers, f"{ROLE}/{number}", [], "DELETE").status == 204
    for method, body in (("GET", []), ("PUT", DOCUMENTED), ("DELETE", [])):
        missing = send(house, headers, f"{ROLE}/{number}", body, method)
        assert (missing.status, missing.json()) == (404, MISSING)
    assert get(house, headers, f"{ROLE}/1").json()["master"] is True
    assert send(house, headers, f"{ROLE}/1", [], "DELETE").status == 404


def test_what_can_be_granted_is_listed_and_every_request_asks_for_some_of_it(house):
    headers = permanent(house)
    resources = get(house, headers, "/admin/acl/resources").json()
    assert {"code": "EARNING_RULE", "name": "Earning rules"} in resources["resources"]
    assert resources["total"] == len(resources["resources"]) == len(RESOURCES)
    assert get(house, headers, "/admin/acl/accesses").json() == {
        "accesses": [{"code": "VIEW", "name": "View"}, {"code": "MODIFY", "name": "Modify"}],
        "total": 2,
    }
    for endpoint in nouns.endpoints():
        own = endpoint.path == "/admin/password/change"
        if "admin" in endpoint.contexts and not own:
            resource, _, access = endpoint.permission.partition(":")
            assert resource in RESOURCES, endpoint
            assert access in ACCESSES, endpoint
            assert access == "VIEW" or endpoint.method != "GET", endpoint


def test_a_role_allows_what_it_names_and_nothing_else(house):
    sees = staff(house, "LEVEL:VIEW")
    changes = staff(house, "LEVEL:MODIFY", "SETTINGS:VIEW")
    stores = staff(house, "STORE:MODIFY")
    level = [
        "level[translations][en][name]=l",
        "level[conditionValue]=0",
        "level[reward][name]=r",
        "level[reward][value]=0",
        "level[reward][code]=r",
    ]
    for headers, method, path, lines, status in (
        (sees, "GET", "/level", [], 200),
        (sees, "POST", "/level/create", level, 403),
        (sees, "GET", "/settings", [], 403),
        (changes, "POST", "/DEFAULT/level/create", level, 200),
        (changes, "GET", "/DEFAULT/level", [], 200),
        (changes, "GET", "/settings", [], 200),
        (changes, "POST", "/settings", ["settings[returns]=0"], 403),
        (changes, "GET", "/event", [], 403),
        (changes, "GET", "/admin/customer", [], 403),
        (changes, "GET", ROLE, [], 403),
        (stores, "POST", "/store", ["store[code]=S", "store[name]=s"], 200),
        (stores, "GET", "/level", [], 403),
    ):
        reply = send(house, headers, path, lines, method)
        assert reply.status == status, (method, path, reply.body)
        if status == 403:
            assert reply.json() == {"message": "Access Denied."}


def test_nobody_grants_what_they_may_not_do_and_a_change_is_felt_at_once(house):
    master = permanent(house)
    own = staff(house, "ACL:MODIFY", "LEVEL:VIEW")
    assert send(house, own, ROLE, granted("LEVEL:VIEW", "ACL:VIEW")).status == 204
    refused = children(send(house, own, ROLE, granted("LEVEL:VIEW", "LEVEL:MODIFY")))
    parts = refused["permissions"]["children"]
    assert (parts["0"]["children"]["resource"], parts["1"]["children"]["resource"]) == (
        {},
        NOT_A_CHOICE,
    )
    more = role(house, "STORE:MODIFY").ordinal
    for method, lines in (("PUT", granted("LEVEL:VIEW")), ("DELETE", [])):
        assert send(house, own, f"{ROLE}/{more}", lines, method).status == 403
    blank = children(send(house, own, ROLE, ["role[permissions][0][resource]=NOTHING"]))
    assert blank["name"] == BLANK
    (wrong,) = blank["permissions"]["children"].values()
    assert wrong["children"] == {"resource": NOT_A_CHOICE, "access": BLANK}

    held = get(house, own, ROLE).json()["roles"][1]["id"]
    assert get(house, own, "/level").status == 200
    used = send(house, master, f"{ROLE}/{held}", [], "DELETE")
    assert (used.status, used.json()) == (
        400,
        {"error": "The role is assigned to an administrator."},
    )
    fewer = granted("ACL:VIEW")
    assert send(house, master, f"{ROLE}/{held}", fewer, "PUT").status == 204
    assert get(house, own, "/level").status == 403
    assert send(house, own, ROLE, fewer).status == 403
    assert get(house, own, ROLE).status == 200


def test_there_is_one_default_role(house):
    headers = permanent(house)
    for name in ("first", "second"):
        lines = [f"role[name]={name}", "role[default]=1"]
        assert send(house, headers, ROLE, lines).status == 204
    defaults = [
        each["name"] for each in get(house, headers, ROLE).json()["roles"] if each["default"]
    ]
    assert defaults == ["Super admin", "second"]


def test_a_role_that_is_renamed_still_grants_what_it_granted(house):
    headers = permanent(house)
    assert send(house, headers, ROLE, DOCUMENTED).status == 204
    whole = get(house, headers, ROLE).json()["roles"][1]
    path = f"{ROLE}/{whole['id']}"
    assert send(house, headers, path, ["role[name]=renamed"], "PUT").status == 204
    assert get(house, headers, path).json() == {**whole, "name": "renamed"}
    refused = children(send(house, headers, path, ["role[default]=1"], "PUT"))
    assert refused["name"] == BLANK, "what is required is not kept"
    lines = ["role[name]=renamed", "role[permissions]="]
    assert send(house, headers, path, lines, "PUT").status == 204
    assert get(house, headers, path).json()["permissions"] == []


def test_nobody_renames_a_role_that_grants_what_they_may_not_do(house):
    own = staff(house, "ACL:MODIFY", "LEVEL:VIEW")
    more = role(house, "STORE:MODIFY").ordinal
    assert send(house, own, f"{ROLE}/{more}", ["role[name]=mine"], "PUT").status == 403
