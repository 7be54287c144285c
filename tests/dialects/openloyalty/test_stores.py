"""Stores as documented, and their codes in paths: open ones, closed ones, and none at all."""

import json

from dialects.openloyalty.session import JSON
from dialects.openloyalty.staff import BLANK, MISSING, USED, WRONG, children, get, send
from dialects.openloyalty.till import customer, decided, permanent, seller
from guerdon.dialects.openloyalty import nouns
from guerdon.engine.commands.credentials import ChangeMemberPassword
from guerdon.web import passwords

DOCUMENTED = [
    "store[active] = 1",
    "store[name] = store_name",
    "store[currency] = EUR",
    "store[code] = store_code",
]
DOCUMENTED_CHANGE = ["store[name] = store_name", "store[active] = 0"]


def made(house, headers, code, **more):
    fields = {"code": code, "name": code, **more}
    reply = send(house, headers, "/store", [f"store[{key}]={fields[key]}" for key in fields])
    assert (reply.status, list(reply.json())) == (200, ["storeId"]), reply.body
    return reply.json()["storeId"]


def test_the_documented_requests_make_show_and_change_a_store(house):
    headers = permanent(house)
    reply = send(house, headers, "/store", DOCUMENTED)
    assert (reply.status, list(reply.json())) == (200, ["storeId"]), reply.body
    store_id = reply.json()["storeId"]
    shown = get(house, headers, f"/store/{store_id}").json()
    assert shown == {
        "storeId": store_id,
        "code": "store_code",
        "currency": "EUR",
        "name": "store_name",
        "active": True,
    }
    listed = get(house, headers, "/store").json()
    assert (list(listed), listed["total"]) == (["stores", "total"], 2)
    assert listed["stores"][1] == shown
    assert listed["stores"][0]["code"] == "DEFAULT"
    reply = send(house, headers, f"/store/{store_id}", DOCUMENTED_CHANGE, "PUT")
    assert (reply.status, reply.body) == (204, b"")
    assert get(house, headers, f"/store/{store_id}").json() == {**shown, "active": False}
    # What is not sent stays as it is.
    assert send(house, headers, f"/store/{store_id}", ["store[name]=x"], "PUT").status == 204
    assert get(house, headers, "/store?active=0&name=X").json() == {
        "stores": [{**shown, "active": False, "name": "x"}],
        "total": 1,
    }
    by_code = get(house, headers, "/store?sort=code&direction=desc&perPage=1").json()
    assert ([each["code"] for each in by_code["stores"]], by_code["total"]) == (["store_code"], 2)
    for method in ("GET", "PUT"):
        missing = send(house, headers, "/store/no-uuid", [], method)
        assert (missing.status, missing.json()) == (404, MISSING)
    assert len(decided(house, headers, "Guerdon.Store.*")) == 3


def test_a_store_without_a_currency_has_the_programmes(house):
    headers = permanent(house)
    store_id = made(house, headers, "PL")
    house.setting("programme.currency", "PLN")
    assert get(house, headers, f"/store/{store_id}").json()["currency"] == "PLN"


def test_a_store_takes_the_currencies_that_the_settings_take(house):
    headers = permanent(house)
    for at, currency in enumerate(("EUR", "PLN", "ZZZ", "eur", "EURO", "E1R", "€€€", "EU")):
        settings = send(house, headers, "/settings", [f"settings[currency]={currency}"])
        lines = [f"store[code]=c{at}", "store[name]=n", f"store[currency]={currency}"]
        reply = send(house, headers, "/store", lines)
        assert reply.status == settings.status, currency
        if currency == "eur":
            path = f"/store/{reply.json()['storeId']}"
            assert get(house, headers, path).json()["currency"] == "EUR"


def test_wrong_forms_are_told_field_by_field(house):
    headers = permanent(house)
    empty = children(send(house, headers, "/store", []))
    assert empty == {"code": BLANK, "name": BLANK, "currency": {}, "active": {}}
    for code, told in (
        ("DEFAULT", USED),
        ("level", WRONG),
        ("admin", WRONG),
        ("two words", WRONG),
        ("x" * 65, WRONG),
        ("ä", WRONG),
    ):
        reply = send(house, headers, "/store", [f"store[code]={code}", "store[name]=n"])
        assert children(reply)["code"] == told, code
    for field, value in (("currency", "euro"), ("active", "perhaps")):
        lines = ["store[code]=c", "store[name]=n", f"store[{field}]={value}"]
        assert children(send(house, headers, "/store", lines))[field] == WRONG
    assert get(house, headers, "/store").json()["total"] == 1
    default = get(house, headers, "/store").json()["stores"][0]["storeId"]
    closed = send(house, headers, f"/store/{default}", ["store[active]=0"], "PUT")
    assert children(closed)["active"] == WRONG


def test_no_code_that_begins_a_path_is_a_stores(house):
    headers = permanent(house)
    paths = [each.path for each in nouns.endpoints()]
    beginnings = {path.split("/")[1] for path in (*paths, "/event", "/healthcheck", "/token")}
    for code in sorted(each for each in beginnings if not each.startswith("{")):
        reply = send(house, headers, "/store", [f"store[code]={code}", "store[name]=n"])
        assert children(reply)["code"] == WRONG, code


def test_a_closed_store_is_there_for_administrators_only(house):
    headers = permanent(house)
    store_id = made(house, headers, "UK3")
    member = house.member(("email", "a@example.com"))
    password = passwords.password_hash("open sesame")
    house.execute(ChangeMemberPassword(house.tenant_id, 0, member.number, password))
    mine, behind_the_till = customer(house, member.member_id), seller(house)
    asked = (
        (headers, "/UK3/level"),
        (mine, "/UK3/customer/level"),
        (behind_the_till, "/UK3/seller/level"),
        ({}, "/UK3/settings/public"),
    )
    for caller, path in asked:
        assert get(house, caller, path).status == 200, path
        assert get(house, caller, path.replace("UK3", "UK4")).json() == MISSING, path
        assert get(house, caller, path.replace("UK3", "uk3")).status == 404, path
    login = json.dumps({"_username": "a@example.com", "_password": "open sesame"})
    door = "/api/UK3/customer/login_check"
    assert house.call("POST", door, headers=JSON, body=login).status == 200
    assert send(house, headers, f"/store/{store_id}", ["store[active]=0"], "PUT").status == 204
    assert house.call("POST", door, headers=JSON, body=login).status == 401
    for caller, path in asked:
        reply = get(house, caller, path)
        assert reply.status == (200 if caller is headers else 404), path
        assert get(house, caller, path.replace("UK3", "DEFAULT")).status == 200, path


def test_a_code_means_one_store_in_the_whole_installation(house):
    headers = permanent(house)
    store_id = made(house, headers, "UK3")
    theirs = permanent(house, tenant_id=house.tenant("second"))
    assert get(house, theirs, "/UK3/level").status == 404
    assert get(house, theirs, f"/store/{store_id}").status == 404
    # Visitors name no tenant: a second store of that code would shut them out of both.
    lines = ["store[code]=UK3", "store[name]=n"]
    assert children(send(house, theirs, "/store", lines))["code"] == USED
    assert get(house, {}, "/UK3/settings/public").status == 200
    assert get(house, {}, "/settings/public").status == 404, "which of the two is meant?"
    made(house, theirs, "UK4")
    assert get(house, theirs, "/UK4/level").json() == {"levels": [], "total": 0}
    assert get(house, {}, "/UK4/settings/public").status == 200


def test_a_store_is_found_by_its_id_in_capital_letters(house):
    headers = permanent(house)
    store_id = made(house, headers, "north", currency="EUR")
    assert get(house, headers, f"/store/{store_id.upper()}").json()["storeId"] == store_id
