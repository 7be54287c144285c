"""The documented examples again: with wrong values, and with another tenant's credentials."""

import json
import random
import re

import pytest

from dialects.openloyalty.furnished import Furnished
from dialects.openloyalty.session import FORM, JSON
from dialects.openloyalty.test_exchanges import EXCHANGES, filled, sent
from dialects.openloyalty.till import customer, permanent
from guerdon.store import decisions
from guerdon.web import form

VALUES = (
    *(None, True, 0, -1, 1.005, 1e308, 10**18, -(10**30), "", "x" * 300, "\0", "é😀", "٣"),
    *("1e400", "NaN", "-0", "1,5", "2018-02-30", "0001-01-01", "9999-12-31T23:59:59+14:00"),
    *("0b5c3f68-7a5e-4d0a-9d53-7f1c8ce0f1aa", "' OR 1=1 --", "../x", "=1+1", "[ ]", " ", "\r\n"),
    *([], [[]], [None], ["x"] * 50, [{"key": None}], {}, {"a": {}}, {"0": "x", "2": "y"}),
)
IDS = ("x", "00000000-0000-0000-0000-000000000000", "9" * 20, "-1", "%20", "%ff", "..%2f")
QUERIES = (
    *("page=99999999999", "page=-1", "perPage=-1", "page[]=1", "sort=x", "sort[]=x", "type[]=x"),
    *("fromId=99999999999999999999", "grossValueFrom=1e999", "purchaseDateFrom=0001-01-01"),
    *("transactionsCountFrom=99999999999999999999", "hoursFromLastUpdateTo=-1", "labels=x"),
    *("createdAtFrom=9999-12-31", "email[]=x", "_locale[]=x", "firstName=%25", "state[]=x"),
)
EDITS = {
    "customer": "/api/customer/{customer}",
    "seller": "/api/seller/{seller}",
    "campaign": "/api/campaign/{campaign}",
    "campaign_category": "/api/campaignCategory/{campaignCategory}",
    "store": "/api/store/{store}",
    "settings": "/api/settings",
}
"""Forms of which nothing is required, by their roots."""
FIELD_VALUES, REQUEST_QUERIES = 1, 2
"""How many wrong values each field gets, and how many wrong queries each list."""


def leaves(value, path=()):
    """The path of everything inside a form."""
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            yield from leaves(item, (*path, key))
    if path:
        yield path


def spoilt(given, path, value):
    """A form with another value at a path."""
    body = json.loads(json.dumps(given))
    inside = body
    for key in path[:-1]:
        inside = inside[key]
    inside[path[-1]] = value
    return json.dumps(body)


def wrong_requests(each, ids, chance):
    """Requests like a documented one with something wrong: (target, headers, body)."""
    target, body = filled(each["url"], ids), filled(each.get("body", ""), ids)
    kind = {} if not body else JSON if body.startswith("{") else FORM
    if body:
        rows = form.rows_apart(form.pairs(body.encode()), "coupons")
        given = json.loads(body) if body.startswith("{") else form.nested_pairs(rows)
        for path in leaves(given):
            for value in chance.sample(VALUES, FIELD_VALUES):
                yield target, JSON, spoilt(given, path, value)
    if "{" in each["url"]:
        yield re.sub(r"\{\w+\}", chance.choice(IDS), each["url"].partition("?")[0]), kind, body
    if each["method"] == "GET":
        for query in chance.sample(QUERIES, REQUEST_QUERIES):
            yield f"{target.partition('?')[0]}?{query}", {}, ""


@pytest.mark.slow
def test_nothing_that_is_sent_breaks_the_server(house):
    furnished = Furnished(house)
    chance = random.Random(20)
    for each in EXCHANGES:
        headers = furnished.callers[each["as"]]
        for target, kind, body in wrong_requests(each, furnished.ids, chance):
            call = {"headers": {**headers, **kind}, "body": body}
            reply = house.call(each["method"], target, **call)
            assert reply.status < 500, (each["method"], target, body, reply.body)


@pytest.mark.parametrize("wrong", [{"name": "x"}, {"root": "x"}, {"root": None}, [{"root": {}}]])
def test_an_edit_that_says_everything_elsewhere_is_refused(house, wrong):
    furnished = Furnished(house)
    for root, url in EDITS.items():
        body = json.dumps(wrong).replace('"root"', f'"{root}"')
        headers = {**furnished.callers["admin"], **JSON}
        method = "POST" if root == "settings" else "PUT"
        reply = house.call(method, filled(url, furnished.ids), headers=headers, body=body)
        assert (reply.status, "form" in reply.json()) == (400, True), (url, body)
        body = json.dumps({root: {}})
        reply = house.call(method, filled(url, furnished.ids), headers=headers, body=body)
        assert reply.status in {200, 204}, (url, reply.body)


@pytest.mark.slow
def test_another_tenants_credentials_reach_nothing(house):
    furnished = Furnished(house)
    other = house.tenant("other")
    stranger = permanent(house, tenant_id=other)
    strangers = dict.fromkeys(furnished.callers, stranger) | {"anyone": {}}

    def journal():
        return house.read(lambda rows: decisions.total(rows, house.tenant_id))

    before = journal()
    furnished.callers = strangers
    for each in EXCHANGES:
        reply = sent(house, furnished, each)
        if "{" in each["url"]:
            assert reply.status in {400, 403, 404}, (each["method"], each["url"], reply.body)
        if "{" in each["url"] + each.get("body", "") or each["method"] == "GET":
            assert not re.search(rb"John|Doe|customer@example|level20|scan_id", reply.body), each
    assert journal() == before


def test_a_customer_reaches_nobody_else(house):
    furnished = Furnished(house)
    other = customer(house, furnished.ids["other"])
    furnished.callers = dict.fromkeys(furnished.callers, other)
    anothers = ("{customer}", "{leaver}", "{transaction}", "{own_coupon}", "Numebr]=123")
    for each in EXCHANGES:
        words = each["url"] + each.get("body", "")
        if any(word in words for word in anothers):
            reply = sent(house, furnished, each)
            assert reply.status in {400, 403, 404}, (each["method"], words, reply.body)
            assert b"customer@example" not in reply.body, each
