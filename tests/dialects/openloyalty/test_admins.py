"""Administrators as documented: made, changed and listed, with passwords or permanent tokens."""

import pytest

from dialects.openloyalty.session import log_in
from dialects.openloyalty.staff import (
    BLANK,
    NOT_A_CHOICE,
    USED,
    WRONG,
    children,
    everything,
    role,
    send,
)
from dialects.openloyalty.till import bearer, decided, permanent, post
from guerdon import limits

PERSON = [
    "admin[email]=administrator@example.com",
    "admin[external]=0",
    "admin[plainPassword]=password1234",
    "admin[isActive]=1",
]
SYSTEM = [
    "admin[email]=administrator@example.com",
    "admin[external]=1",
    "admin[apiKey]=customPermanentToken",
    "admin[isActive]=1",
]
CHANGED = [
    "admin[firstName]=first+name",
    "admin[lastName]=last+name",
    "admin[phone]=00000000000",
    "admin[email]=administrator@example.com",
    "admin[plainPassword]=newPassword12!",
    "admin[external]=0",
]
FIELDS = (
    "firstName",
    "lastName",
    "phone",
    "email",
    "plainPassword",
    "external",
    "apiKey",
    "isActive",
)


@pytest.fixture(autouse=True)
def _everybody_is_looked_up_anew(monkeypatch):
    monkeypatch.setattr(limits, "auth_cache_seconds", 0)


def sent(house, headers, lines, admin_id="", method="POST"):
    path = f"/admin/data/{admin_id}" if admin_id else "/admin/data"
    return send(house, headers, path, lines, method)


def made(house, headers, lines, *roles):
    reply = sent(
        house, headers, [*lines, *(f"admin[roles][{at}]={each}" for at, each in enumerate(roles))]
    )
    assert reply.status == 200, reply.body
    return reply.json()["id"]


def listed(house, headers, query=""):
    reply = house.call("GET", f"/api/admin{query}", headers=headers)
    assert reply.status == 200, reply.body
    return reply.json()


def entry(house, username, password):
    reply = log_in(house, username, password)
    return reply.status, bearer(reply.json().get("token"))


def test_the_documented_requests_make_show_and_change_a_person(house):
    headers = permanent(house)
    number = role(house, "LEVEL:VIEW", name="Reporter admin").ordinal
    admin_id = made(house, headers, PERSON, number)
    shown = house.call("GET", f"/api/admin/data/{admin_id}", headers=headers).json()
    assert len(shown.pop("createAt")) == len("2017-09-21T13:54:04+0200")
    assert shown == {
        "id": admin_id,
        "username": "administrator@example.com",
        "isActive": True,
        "email": "administrator@example.com",
        "external": False,
        "dtype": "admin",
    }
    status, own = entry(house, "administrator@example.com", "password1234")
    assert status == 200
    assert house.call("GET", "/api/level", headers=own).status == 200

    changed = sent(house, headers, [*CHANGED, f"admin[roles][0]={number}"], admin_id, "PUT")
    assert changed.status == 200
    (user,) = listed(house, headers)["users"]
    assert user.pop("createAt")
    assert user == {
        **shown,
        "firstName": "first name",
        "lastName": "last name",
        "phone": "00000000000",
        "roles": [{"id": number, "name": "Reporter admin", "role": "ROLE_ADMIN", "master": False}],
    }
    assert entry(house, "administrator@example.com", "password1234")[0] == 401
    assert entry(house, "administrator@example.com", "newPassword12!")[0] == 200
    # What is not sent stays; whoever is not active is out at once, and so is their login.
    off = sent(house, headers, ["admin[isActive]=0"], admin_id, "PUT")
    assert off.status == 200
    assert house.call("GET", "/api/level", headers=own).status == 401
    assert entry(house, "administrator@example.com", "newPassword12!")[0] == 401


def test_a_system_comes_with_its_own_token_of_which_only_the_end_is_shown(house):
    headers = permanent(house)
    admin_id = made(house, headers, SYSTEM)
    shown = house.call("GET", f"/api/admin/data/{admin_id}", headers=headers).json()
    assert list(shown) == [
        "id",
        "username",
        "isActive",
        "createAt",
        "email",
        "external",
        "apiKey",
        "dtype",
    ]
    assert (shown["username"], shown["external"]) == (admin_id, True)
    assert shown["apiKey"] == "...oken"
    member = house.member(("email", "a@example.com"))
    for target, own in (
        ("/api/admin?auth_token=customPermanentToken", {}),
        ("/api/admin", {"x-auth-token": "customPermanentToken"}),
    ):
        reply = house.call("GET", target, headers=own)
        assert (reply.status, list(reply.json())) == (200, ["users", "total"]), target
    transfer = {"transfer": {"customer": member.member_id, "points": 9}}
    assert post(house, "/points/transfer/add", transfer, own).status == 200
    ((_, _, payload),) = decided(house, headers, "*.PointsWereAdded")
    assert payload["pointsTransfer"]["issuer"] == "api"
    wrong = house.call("GET", "/api/admin", headers={"x-auth-token": "customPermanentTokeN"})
    assert (wrong.status, list(wrong.json())) == (403, ["message"])
    # A person again: the old token is good for nothing, and a password is needed.
    person = ["admin[external]=0"]
    assert children(sent(house, headers, person, admin_id, "PUT"))["plainPassword"] == BLANK
    person.append("admin[plainPassword]=password1234")
    assert sent(house, headers, person, admin_id, "PUT").status == 200
    assert house.call("GET", "/api/admin", headers=own).status == 403
    assert entry(house, "administrator@example.com", "password1234")[0] == 200
    # Who logs in with an address logs in with the new one when it changes.
    moved = ["admin[email]=New@Example.com"]
    assert sent(house, headers, moved, admin_id, "PUT").status == 200
    assert entry(house, "administrator@example.com", "password1234")[0] == 401
    assert entry(house, "new@example.com", "password1234")[0] == 200
    named = house.admin("root", "password1234")
    assert sent(house, headers, ["admin[email]=r@example.com"], named, "PUT").status == 200
    assert entry(house, "root", "password1234")[0] == 200


def test_wrong_forms_are_told_field_by_field_as_documented(house):
    headers = permanent(house)
    empty = children(sent(house, headers, []))
    assert tuple(empty) == FIELDS
    assert (empty["email"], empty["plainPassword"]) == (BLANK, BLANK)
    admin_id = made(house, headers, SYSTEM)
    assert tuple(children(sent(house, headers, [], admin_id, "PUT"))) == FIELDS
    twice = [line for line in SYSTEM if "apiKey" not in line]
    assert children(sent(house, headers, twice)) == {
        **{name: {} for name in FIELDS},
        "email": USED,
        "apiKey": BLANK,
    }
    other = ["admin[email]=other@example.com", *SYSTEM[1:]]
    assert children(sent(house, headers, other))["apiKey"] == USED
    for line, field in (
        ("admin[email]=no address", "email"),
        ("admin[plainPassword]=short", "plainPassword"),
        ("admin[apiKey]=short", "apiKey"),
        ("admin[isActive]=perhaps", "isActive"),
        ("admin[roles][0]=37", "roles"),
    ):
        good = [each for each in PERSON if not each.startswith(line.partition("=")[0])]
        assert children(sent(house, headers, [*good, line]))[field]["errors"], line
    assert listed(house, headers)["total"] == 1
    missing = house.call("GET", "/api/admin/data/no-uuid", headers=headers)
    assert (missing.status, missing.json()["error"]["code"]) == (404, 404)


def test_an_administrator_without_an_address_can_be_edited_with_what_is_shown(house):
    headers = permanent(house)
    house.admin("Boss", "open sesame")
    (shown,) = listed(house, headers)["users"]
    assert shown["email"] == "Boss"
    path, edited = f"/admin/data/{shown['id']}", {**shown, "roles": [1], "firstName": "Ann"}
    reply = post(house, path, {"admin": edited}, headers, "PUT")
    assert reply.status == 200, reply.body
    assert listed(house, headers)["users"] == [{**shown, "firstName": "Ann"}]
    assert entry(house, "Boss", "open sesame")[0] == 200
    other = post(house, path, {"admin": {**edited, "email": "other"}}, headers, "PUT")
    assert children(other)["email"] == WRONG


def test_a_repeated_request_with_a_key_makes_one_administrator(house):
    headers = {**permanent(house), "idempotency-key": '"a"'}
    first, second = (sent(house, headers, PERSON) for _ in range(2))
    assert (first.status, second.status) == (200, 200), second.body
    assert first.json() == second.json()
    headers["idempotency-key"] = '"b"'
    assert children(sent(house, headers, PERSON))["email"] == USED
    assert "password1234" not in everything(house)


def test_nobody_makes_or_changes_somebody_who_may_do_more(house):
    headers = permanent(house)
    few = role(house, "ADMIN:MODIFY", "LEVEL:VIEW", name="few").ordinal
    more = role(house, "ADMIN:MODIFY", "LEVEL:MODIFY", name="more").ordinal
    master = made(house, headers, ["admin[email]=m@example.com", *PERSON[1:]], 1)
    equal = made(house, headers, ["admin[email]=e@example.com", *PERSON[1:]], few)
    made(house, headers, PERSON, few)
    own = entry(house, "administrator@example.com", "password1234")[1]
    new = ["admin[email]=n@example.com", *PERSON[1:]]
    for roles in (["admin[roles][0]=1"], [f"admin[roles][0]={more}"], []):
        assert children(sent(house, own, new + roles))["roles"] == NOT_A_CHOICE, roles
    assert sent(house, own, [*new, f"admin[roles][0]={few}"]).status == 200
    for admin_id, status in ((master, 403), (equal, 200)):
        reply = sent(house, own, ["admin[phone]=1"], admin_id, "PUT")
        assert reply.status == status, reply.body
    # Without roles in the form, the default role is given.
    role(house, "ADMIN:VIEW", name="usual", default=True)
    usual = made(house, headers, ["admin[email]=u@example.com", *PERSON[1:]])
    (found,) = [each for each in listed(house, headers)["users"] if each["id"] == usual]
    assert [each["name"] for each in found["roles"]] == ["usual"]
    theirs = entry(house, "u@example.com", "password1234")[1]
    assert sent(house, theirs, new).status == 403
    assert listed(house, theirs, "?perPage=2&sort=email&direction=desc")["total"] == 5
    house.tenant("second")
    stranger = {"x-auth-token": house.key("openloyalty", tenant_id=house.tenant("third"))}
    assert listed(house, stranger) == {"users": [], "total": 0}
    assert sent(house, stranger, ["admin[phone]=1"], equal, "PUT").status == 404


def test_neither_passwords_nor_tokens_are_read_anywhere(house):
    headers = permanent(house)
    made(house, headers, ["admin[email]=s@example.com", *SYSTEM[1:]])
    made(house, headers, PERSON)
    answers = b"".join(
        house.call("GET", target, headers=headers).body
        for target in ("/api/admin", "/api/event?perPage=100", "/api/audit/log?perPage=100")
    )
    stored = house.read(lambda rows: repr(rows.all("administrators", tenant_id=house.tenant_id)))
    kept = house.read(
        lambda rows: repr(
            rows.all("decisions_from", **{"tenant_id": house.tenant_id, "from": 1, "limit": 100})
        )
    )
    for secret in ("customPermanentToken", "password1234"):
        assert secret not in stored + kept
        assert secret.encode() not in answers
    assert b"argon2" not in answers
    assert "argon2" not in kept
    assert "$argon2id$" in stored


def test_administrators_are_sorted_by_their_names(house):
    headers = permanent(house)
    for first, last in (("b", "x"), ("a", "y")):
        person = {"email": f"{first}@example.com", "plainPassword": "password1234"}
        lines = [f"admin[{name}]={value}" for name, value in person.items()]
        made(house, headers, [*lines, f"admin[firstName]={first}", f"admin[lastName]={last}"])
    for sort, expected in (("firstName", ["a", "b"]), ("lastName", ["b", "a"])):
        found = listed(house, headers, f"?sort={sort}")["users"]
        assert [each["firstName"] for each in found] == expected
