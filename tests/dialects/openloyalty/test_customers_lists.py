"""Lists of customers: every documented filter, pages, orders, and how far a search looks."""

import pytest

from dialects.openloyalty import crowd
from dialects.openloyalty.crowd import enrol, get, level, post
from dialects.openloyalty.till import ITEMS, sale
from guerdon import limits

PEOPLE = ("Ada", "Bob", "Cyd", "Dan", "Eve")


@pytest.fixture
def admin(house):
    level(house)
    headers = crowd.permanent(house)
    for at, name in enumerate(PEOPLE):
        enrol(
            house,
            headers,
            firstName=name,
            lastName="Doe" if at % 2 else "Roe",
            email=f"{name.lower()}@example.com",
            phone=f"50060070{at}",
            loyaltyCardNumber=f"card-{at}",
        )
    for at, count in ((0, 1), (1, 2), (1, 4)):
        email = f"{PEOPLE[at].lower()}@example.com"
        form = sale(f"D-{count}", items=ITEMS[:1] * count, buyer={"name": "x", "email": email})
        assert post(house, "/transaction", form, headers).status == 200
    return headers


def names(house, headers, query=""):
    found = get(house, f"/DEFAULT/customer{query}", headers)
    return "".join(each["firstName"][0] for each in found["customers"]), found["total"]


FILTERS = [
    ("?firstName=a", "AD"),
    ("?firstName=a&strict=1", ""),
    ("?firstName=ADA&strict=1", "A"),
    ("?lastName=oe&firstName=e", "E"),
    ("?email=example.com&strict=0", "ABCDE"),
    ("?email=example.com&strict=1", ""),
    ("?email=BOB@example.com&strict=1", "B"),
    ("?phone=5006", "ABCDE"),
    ("?phone=500600702&strict=1", "C"),
    ("?phone=500600702&strict=1&lastName=Doe", ""),
    ("?emailOrPhone=500600702&strict=1", "C"),
    ("?emailOrPhone=BOB@", "B"),
    ("?loyaltyCardNumber=card-3&strict=1", "D"),
    ("?loyaltyCardNumber=-4", "E"),
    ("?transactionsCountFrom=1", "AB"),
    ("?transactionsCount=1", "A"),
    ("?transactionsCountFrom=1&transactionsCountTo=1", "A"),
    ("?transactionsCountTo=0", "CDE"),
    ("?transactionsAmountFrom=1.5", "B"),
    ("?transactionsAmountTo=5", "ACDE"),
    ("?averageTransactionAmountFrom=3", "B"),
    ("?averageTransactionAmountFrom=0.5&averageTransactionAmountTo=1", "A"),
    ("?daysFromLastTransactionTo=30", ""),
    ("?daysFromLastTransactionTo=99999", "AB"),
    ("?hoursFromLastUpdateTo=1", "ABCDE"),
]


def test_a_filter_finds_whom_it_describes(house, admin):
    for query, expected in FILTERS:
        assert names(house, admin, query) == (expected, len(expected)), query


def test_a_plus_that_was_not_escaped_finds_whom_it_was_meant_for(house, admin):
    enrol(house, admin, firstName="Fay", email="fay+shop@example.com", phone="+48500700800")
    for query in (
        "?email=fay+shop@example.com",
        "?email=fay+shop@example.com&strict=1",
        "?emailOrPhone=fay+shop@example.com",
        "?phone=+48500700800",
        "?phone=+48500700800&strict=1",
        "?emailOrPhone=+48500700800&strict=1",
    ):
        assert names(house, admin, query) == ("F", 1), query


def test_pages_and_orders_show_everybody_once(house, admin):
    assert names(house, admin) == ("ABCDE", 5)
    assert names(house, admin, "?page=2&perPage=2") == ("CD", 5)
    assert names(house, admin, "?page=3&perPage=2&direction=desc") == ("A", 5)
    assert names(house, admin, "?page=4&perPage=2") == ("", 5)
    assert names(house, admin, "?sort=firstName&direction=desc&perPage=3") == ("EDC", 5)
    assert names(house, admin, "?sort=transactionsAmount&direction=desc&perPage=2") == ("BA", 5)
    assert names(house, admin, "?sort=lastTransactionDate&perPage=5")[0][:2] == "AB"
    assert names(house, admin, "?lastName=roe&sort=createdAt&direction=desc") == ("ECA", 3)
    ids = [
        each["customerId"] for each in get(house, "/customer?sort=customerId", admin)["customers"]
    ]
    assert ids == sorted(ids)
    for query in (
        "?sort=shoe",
        "?strict=2",
        "?transactionsCountFrom=x",
        "?transactionsAmountTo=-1",
    ):
        assert house.call("GET", "/api/customer" + query, headers=admin).status == 400, query


def test_a_search_says_how_far_it_looked_when_there_are_more(house, admin, monkeypatch):
    monkeypatch.setattr(limits, "search_members_max", 2)
    monkeypatch.setattr(limits, "search_slice_members", 2)
    reply = house.call("GET", "/api/customer?email=example", headers=admin)
    assert (reply.json()["total"], reply.headers["x-guerdon-searched"]) == (2, "2")
    whole = house.call("GET", "/api/customer", headers=admin)
    assert (whole.json()["total"], "x-guerdon-searched" in whole.headers) == (5, False)
    one = house.call("GET", "/api/customer?email=eve@example.com&strict=1", headers=admin)
    assert (one.json()["total"], "x-guerdon-searched" in one.headers) == (1, False)


def test_they_are_sorted_by_the_day_they_are_shown_with(house, admin):
    given = {"firstName": "Fay", "email": "fay@example.com", "phone": None}
    enrol(house, admin, **given, createdAt="2010-05-01")
    assert names(house, admin, "?sort=createdAt") == ("FABCDE", 6)
    assert names(house, admin, "?sort=createdAt&direction=desc")[0][-1] == "F"
    assert names(house, admin) == ("ABCDEF", 6)
