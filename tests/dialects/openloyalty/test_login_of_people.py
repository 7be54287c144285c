"""Sellers and members log in like administrators do, each at their own door and tenant."""

import functools
import json

import jwt
import pytest

from dialects.openloyalty.session import JSON, bearer
from dialects.openloyalty.till import permanent, post
from guerdon.engine.commands.credentials import ChangeMemberPassword
from guerdon.engine.commands.definitions import Define
from guerdon.engine.commands.places import DefineStore
from guerdon.web import passwords

PASSWORD = "example123!@#"
MEMBER = (("email", "max@example.com"), ("phone", "48234234000"), ("card", "0001"))
SELLER = {"firstName": "Ann", "lastName": "Shop", "email": "ann@example.com"}
REFUSED = {"code": 401, "message": "Bad credentials"}


@functools.cache
def hashed():
    return passwords.password_hash(PASSWORD)


@pytest.fixture
def people(house):
    """The uuids of a member and a seller with the same password."""
    member = house.member(*MEMBER)
    house.execute(ChangeMemberPassword(house.tenant_id, 0, member.number, hashed()))
    return {"customer": member.member_id, "seller": seller(house, house.tenant_id)}


def seller(house, tenant_id):
    body = json.dumps({**SELLER, "passwordHash": hashed()})
    return house.execute(Define(tenant_id, 0, "Seller", body)).definition_id


def log_in(house, kind, username, password=PASSWORD, store=""):
    body = json.dumps({"_username": username, "_password": password})
    return house.call("POST", f"/api{store}/{kind}/login_check", headers=JSON, body=body)


def refresh(house, pair):
    body = json.dumps({"refresh_token": pair["refresh_token"]})
    return house.call("POST", "/api/token/refresh", headers=JSON, body=body)


def test_each_comes_in_at_their_own_door_by_every_name_they_have(house, people):
    doors = (
        ("customer", [value for _, value in MEMBER] + ["MAX@example.com"], "ROLE_PARTICIPANT"),
        ("seller", ["ann@example.com"], "ROLE_SELLER"),
    )
    for kind, names, role in doors:
        for name in names:
            reply = log_in(house, kind, name, store="/DEFAULT")
            assert (reply.status, list(reply.json())) == (200, ["token", "refresh_token"]), name
        claims = jwt.decode(reply.json()["token"], options={"verify_signature": False})
        assert claims["id"] == people[kind]
        assert role in claims["roles"]
        assert (claims["permissions"], claims["superAdmin"]) == ({}, False)
        for other in {"customer", "seller", "admin"} - {kind}:
            reply = log_in(house, other, names[0])
            assert (reply.status, reply.json()) == (401, REFUSED), (kind, other)
        assert log_in(house, kind, names[0], "wrong").json() == REFUSED


def test_a_refresh_token_lasts_until_it_is_revoked_or_its_holder_is_blocked(house, people):
    for kind, name in (("customer", "max@example.com"), ("seller", "ann@example.com")):
        pair, kept = log_in(house, kind, name).json(), log_in(house, kind, name).json()
        again = refresh(house, pair)
        assert (again.status, list(again.json())) == (200, ["token", "refresh_token"])
        own = bearer(again.json()["token"])
        reply = house.call("GET", "/api/token/revoke", headers=own)
        assert (reply.status, reply.body) == (200, b"")
        assert [refresh(house, each).status for each in (pair, kept)] == [401, 401]
    pair = log_in(house, "customer", "max@example.com").json()
    path = f"/admin/customer/{people['customer']}/deactivate"
    assert post(house, path, [], permanent(house)).status == 200
    assert refresh(house, pair).status == 401
    assert log_in(house, "customer", "max@example.com").json() == REFUSED


def test_who_is_switched_on_again_has_to_log_in_again(house, people):
    headers = permanent(house)
    for kind, name, at in (
        ("customer", "max@example.com", "/admin/customer"),
        ("seller", "ann@example.com", "/seller"),
    ):
        pair = log_in(house, kind, name).json()
        for word in ("deactivate", "activate"):
            assert post(house, f"{at}/{people[kind]}/{word}", [], headers).status == 200
        assert refresh(house, pair).status == 401, kind
        assert log_in(house, kind, name).status == 200, kind


def test_of_several_tenants_the_stores_code_tells_whose_customer_somebody_is(house, people):
    other = house.tenant("other")
    seller(house, other)
    for tenant_id, code in ((house.tenant_id, "NORTH"), (other, "SOUTH")):
        house.execute(DefineStore(tenant_id, 0, code, code))
    assert log_in(house, "customer", "0001").json() == REFUSED
    assert log_in(house, "customer", "0001", store="/SOUTH").json() == REFUSED
    reply = log_in(house, "customer", "0001", store="/NORTH")
    own = bearer(reply.json()["token"])
    assert house.call("GET", "/api/customer/points/transfer", headers=own).status == 200
    assert house.call("GET", "/api/NORTH/customer/points/transfer", headers=own).status == 200
    assert house.call("GET", "/api/SOUTH/customer/points/transfer", headers=own).status == 404
    sellers = {
        jwt.decode(
            log_in(house, "seller", "ann@example.com", store=store).json()["token"],
            options={"verify_signature": False},
        )["id"]
        for store in ("/NORTH", "/SOUTH")
    }
    assert len(sellers) == 2
