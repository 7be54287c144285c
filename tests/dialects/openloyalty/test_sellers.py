"""Sellers as documented: registered, let in, kept out, and gone."""

import json

import pytest

from dialects.openloyalty.session import JSON, bearer
from dialects.openloyalty.staff import (
    BLANK,
    MISSING,
    USED,
    WRONG,
    children,
    everything,
    get,
    send,
)
from dialects.openloyalty.test_pos import FEW
from dialects.openloyalty.till import decided, permanent
from guerdon import limits

REGISTERED = [
    "seller[firstName]=John",
    "seller[lastName]=Travolta",
    "seller[active]=1",
    "seller[email]=user@example.com",
    "seller[phone]=999888777",
    "seller[plainPassword]=admin123",
]
CHANGED = [
    "seller[firstName]=Jacek",
    "seller[lastName]=Kowalski",
    "seller[active]=0",
    "seller[email]=user@example.com",
    "seller[phone]=555444333",
    "seller[plainPassword]=admin",
]
POS = "seller[posId]="


@pytest.fixture(autouse=True)
def _everybody_is_looked_up_anew(monkeypatch):
    monkeypatch.setattr(limits, "auth_cache_seconds", 0)


@pytest.fixture
def headers(house):
    return permanent(house)


@pytest.fixture
def pos_id(house, headers):
    return send(house, headers, "/pos", FEW).json()["posId"]


def register(house, headers, pos_id, **changed):
    """The uuid of the documented seller, with some fields changed."""
    fields = dict(each.split("=", 1) for each in [*REGISTERED, POS + pos_id])
    fields |= {f"seller[{name}]": value for name, value in changed.items()}
    lines = [f"{name}={value}" for name, value in fields.items()]
    reply = send(house, headers, "/DEFAULT/seller/register", lines)
    assert reply.status == 200, reply.body
    return reply.json()["sellerId"]


def login(house, username, password, store=""):
    body = json.dumps({"_username": username, "_password": password})
    return house.call("POST", f"/api{store}/seller/login_check", headers=JSON, body=body)


def test_the_documented_requests_register_show_and_change_a_seller(house, headers, pos_id):
    reply = send(house, headers, "/DEFAULT/seller/register", [*REGISTERED, POS + pos_id])
    seller_id = reply.json()["sellerId"]
    assert (reply.status, reply.json()) == (
        200,
        {"sellerId": seller_id, "password": "admin123", "email": "user@example.com"},
    )
    shown = get(house, headers, f"/DEFAULT/seller/{seller_id}").json()
    assert shown == {
        "name": "John Travolta",
        "sellerId": seller_id,
        "firstName": "John",
        "lastName": "Travolta",
        "email": "user@example.com",
        "phone": "999888777",
        "posId": pos_id,
        "posName": "testname",
        "posCity": "Wroclaw",
        "active": True,
        "deleted": False,
    }
    assert get(house, headers, "/DEFAULT/seller").json() == {"sellers": [shown], "total": 1}
    reply = send(house, headers, f"/DEFAULT/seller/{seller_id}", [*CHANGED, POS + pos_id], "PUT")
    assert (reply.status, reply.json()) == (200, {"sellerId": seller_id})
    changed = get(house, headers, f"/seller/{seller_id}").json()
    assert (changed["name"], changed["active"]) == ("Jacek Kowalski", False)
    assert send(house, headers, f"/seller/{seller_id}", ["seller[phone]=1"], "PUT").status == 200
    assert get(house, headers, f"/seller/{seller_id}").json() == {**changed, "phone": "1"}


def test_a_seller_is_let_in_while_active_and_gone_when_deleted(house, headers, pos_id):
    seller_id = register(house, headers, pos_id, email="User@Example.com")
    reply = login(house, "user@EXAMPLE.com", "admin123", store="/DEFAULT")
    assert (reply.status, list(reply.json())) == (200, ["token", "refresh_token"])
    own = bearer(reply.json()["token"])
    assert get(house, own, "/seller/pos").status == 200
    assert get(house, own, "/level").status == 403
    for path in (f"/seller/{seller_id}", "/customer", "/transaction"):
        assert get(house, own, path).status == 200, path
    somebody = register(house, headers, pos_id, email="other@example.com")
    assert get(house, own, f"/seller/{somebody}").status == 403
    assert send(house, headers, f"/seller/{somebody}/delete", []).status == 200
    assert login(house, "user@example.com", "wrong").status == 401

    def switched(how):
        path = f"/DEFAULT/seller/{seller_id}/{how}"
        done = send(house, headers, path, [])
        assert (done.status, done.body) == (200, b""), how
        refresh = [f"refresh_token={reply.json()['refresh_token']}"]
        return send(house, {}, "/token/refresh", refresh).status

    assert switched("deactivate") == 401
    assert get(house, own, "/seller/pos").status == 401
    refused = login(house, "user@example.com", "admin123")
    assert (refused.status, list(refused.json())) == (400, ["message"]), "as documented"
    switched("activate")
    assert login(house, "user@example.com", "admin123").status == 200
    assert get(house, own, "/seller/pos").status == 200
    assert switched("delete") == 401
    assert get(house, own, "/seller/pos").status == 401
    assert login(house, "user@example.com", "admin123").status == 401
    assert get(house, headers, "/seller").json() == {"sellers": [], "total": 0}
    assert get(house, headers, f"/seller/{seller_id}").json() == MISSING
    for method, path in (("PUT", ""), ("POST", "/activate"), ("POST", "/delete")):
        missing = send(house, headers, f"/seller/{seller_id}{path}", REGISTERED[:1], method)
        assert (missing.status, missing.json()) == (404, MISSING), (method, path)
    # The address is free again, and nothing personal of who had it is left among the sellers.
    assert register(house, headers, pos_id) != seller_id


def test_lists_are_filtered_and_sorted(house, headers, pos_id):
    for name in ("Anna", "Beata", "Cezary"):
        register(house, headers, pos_id, firstName=name, email=f"{name}@example.com")
    for query, names in (
        ("", ["Anna", "Beata", "Cezary"]),
        ("?firstName=EA", ["Beata"]),
        ("?email=cez&lastName=tra", ["Cezary"]),
        ("?phone=000", []),
        ("?sort=firstName&direction=DESC", ["Cezary", "Beata", "Anna"]),
        ("?perPage=2&page=2", ["Cezary"]),
    ):
        listed = get(house, headers, "/seller" + query).json()
        assert [each["firstName"] for each in listed["sellers"]] == names, query
        is_filtered = any(name in query for name in ("Name=", "email=", "phone="))
        assert listed["total"] == (len(names) if is_filtered else 3), query


def test_wrong_forms_are_told_field_by_field(house, headers, pos_id):
    empty = children(send(house, headers, "/seller/register", []))
    required = ("firstName", "lastName", "email", "posId", "plainPassword")
    assert empty == {**dict.fromkeys(required, BLANK), "phone": {}, "active": {}}
    seller_id = register(house, headers, pos_id)
    register(house, headers, pos_id, email="other@example.com")
    nowhere = "0b5c3f68-7a5e-4d0a-9d53-7f1c8ce0f1aa"
    for name, value, told in (
        ("email", "no address", WRONG),
        ("email", "other@example.com", USED),
        ("posId", nowhere, WRONG),
        ("active", "perhaps", WRONG),
        ("firstName", "", BLANK),
    ):
        lines = [f"seller[{name}]={value}"]
        assert children(send(house, headers, f"/seller/{seller_id}", lines, "PUT"))[name] == told
    shown = get(house, headers, f"/seller/{seller_id}").json()
    assert (shown["email"], shown["posId"]) == ("user@example.com", pos_id)


def test_a_sellers_password_is_kept_as_a_hash_and_sealed_in_the_journal(house, headers, pos_id):
    register(house, headers, pos_id, plainPassword="open-sesame-1")
    events = json.dumps(decided(house, headers))
    assert "open-sesame-1" not in events + everything(house)
    assert "argon2" not in events
    assert "user@example.com" not in events


def test_a_phone_number_can_be_taken_away(house, headers, pos_id):
    seller_id = register(house, headers, pos_id)
    path = f"/seller/{seller_id.upper()}"
    assert get(house, headers, path).json()["phone"] == "999888777"
    assert send(house, headers, path, ["seller[phone]="], "PUT").status == 200
    assert "phone" not in get(house, headers, path).json()
