"""Segments as documented: requests, answers, refusals, and who may do what."""

import pytest

from conformance.stores import only_on_sqlite
from dialects.openloyalty.session import FORM
from dialects.openloyalty.till import customer, permanent, post, sale, seller
from guerdon import limits
from guerdon.domain.segments import TYPES

POS = "00000000-0000-474c-1111-b0dd880c07e2"
DOCUMENTED = [
    "segment[name]=testsm",
    "segment[active]=1",
    "segment[description]=testsmdescription",
    "segment[parts][0][criteria][0][type]=anniversary",
    "segment[parts][0][criteria][0][days]=2",
    "segment[parts][0][criteria][0][anniversaryType]=registration",
]
DOCUMENTED_EDIT = [
    "segment[name]=tests",
    "segment[active]=0",
    "segment[description]=tests",
    "segment[parts][0][criteria][0][type]=anniversary",
    "segment[parts][0][criteria][0][days]=2",
    "segment[parts][0][criteria][0][anniversaryType]=birthday",
]
LABEL = {"key": "colour", "value": "red"}
CRITERIA = [
    ({"type": "anniversary", "anniversaryType": "birthday", "days": 10}, {}),
    ({"type": "bought_in_pos", "posIds": [POS]}, {}),
    ({"type": "transaction_count", "min": 10, "max": 20}, {}),
    ({"type": "transaction_amount", "fromAmount": 10.5, "toAmount": 50}, {}),
    ({"type": "average_transaction_amount", "fromAmount": 1, "toAmount": 10_000}, {}),
    ({"type": "last_purchase_n_days_before", "days": 30}, {}),
    (
        {"type": "purchase_period", "fromDate": "2018-02-19 09:45", "toDate": "2018-02-20"},
        {"fromDate": "2018-02-19T09:45:00+0000", "toDate": "2018-02-20T23:59:59+0000"},
    ),
    ({"type": "transaction_percent_in_pos", "posId": POS, "percent": 12.5}, {"percent": 0.125}),
    ({"type": "bought_skus", "skuIds": ["SKU1", "SKU2"]}, {}),
    ({"type": "bought_makers", "makers": ["ACME"]}, {}),
    ({"type": "bought_labels", "labels": [LABEL]}, {}),
    ({"type": "customer_has_labels", "labels": [{"key": "colour"}]}, {}),
    ({"type": "customer_has_labels_with_values", "labels": [LABEL]}, {}),
    ({"type": "customer_list", "customers": [POS]}, {}),
]


def sent(house, path, lines, headers, method="POST"):
    body = "&".join(lines)
    return house.call(method, f"/api{path}", headers={**headers, **FORM}, body=body)


def form(*criteria, **more):
    parts = [{"criteria": [criterion]} for criterion in criteria]
    return {"segment": {"name": "n", "active": True, "parts": parts, **more}}


def segment(house, headers, *criteria, **more):
    reply = post(house, "/segment", form(*criteria, **more), headers)
    assert reply.status == 200, reply.body
    return reply.json()["segmentId"]


def get(house, path, headers):
    return house.call("GET", f"/api{path}", headers=headers)


@pytest.mark.parametrize("zone", ["America/New_York", "Europe/Warsaw"])
def test_a_period_may_be_all_of_the_calendar(house, zone):
    house.setting("programme.timezone", zone)
    criterion = {"type": "purchase_period", "fromDate": "0001-01-01", "toDate": "9999-12-31"}
    assert segment(house, permanent(house), criterion)


def test_documented_requests_make_change_and_switch_a_segment(house):
    headers = permanent(house)
    reply = sent(house, "/DEFAULT/segment", DOCUMENTED, headers)
    assert (reply.status, list(reply.json())) == (200, ["segmentId"])
    segment_id = reply.json()["segmentId"]
    # The documents' example has a backquote behind the id.
    shown = get(house, f"/DEFAULT/segment/{segment_id}`", headers).json()
    assert len(shown.pop("createdAt")) == len("2018-02-19T09:45:06+0100")
    ((part,),) = [shown.pop("parts")]
    assert len(part["segmentPartId"]) == len(part["criteria"][0].pop("criterionId")) == 36
    assert part["criteria"] == [
        {"anniversaryType": "registration", "days": 2, "type": "anniversary"}
    ]
    assert shown == {
        "segmentId": segment_id,
        "name": "testsm",
        "description": "testsmdescription",
        "active": True,
        "customersCount": 0,
        "averageTransactionAmount": 0,
        "averageTransactions": 0,
        "averageClv": 0,
        "currency": "EUR",
    }
    reply = sent(house, f"/DEFAULT/segment/{segment_id}", DOCUMENTED_EDIT, headers, "PUT")
    assert (reply.status, reply.json()) == (200, {"segmentId": segment_id})
    changed = get(house, f"/segment/{segment_id}", headers).json()
    assert (changed["name"], changed["active"]) == ("tests", False)
    for word, active in (("activate", True), ("deactivate", False)):
        reply = house.call("POST", f"/api/DEFAULT/segment/{segment_id}/{word}", headers=headers)
        assert (reply.status, reply.body) == (204, b"")
        assert get(house, f"/segment/{segment_id}", headers).json()["active"] is active
    assert house.call("DELETE", f"/api/segment/{segment_id}", headers=headers).status == 204
    for path in (f"/segment/{segment_id}", f"/csv/segment/{segment_id}", "/segment/none"):
        missing = get(house, path, headers)
        assert missing.json() == {"error": {"code": 404, "message": "Not Found"}}


def test_every_criterion_is_taken_and_shown_again(house):
    headers = permanent(house)
    assert {criterion["type"] for criterion, _ in CRITERIA} == set(TYPES)
    segment_id = segment(house, headers, *(criterion for criterion, _ in CRITERIA))
    parts = get(house, f"/segment/{segment_id}", headers).json()["parts"]
    shown = [part["criteria"][0] for part in parts]
    for (given, other), each in zip(CRITERIA, shown, strict=True):
        assert each.pop("criterionId")
        assert each == {**given, **other}
    # Whoever is looked at meets all of them or not, without a mistake.
    house.member(("card", "1"), profile={"birthDate": "1990-01-01", "labels": [LABEL]})


BLANK = {"errors": ["This value should not be blank."]}


@pytest.mark.parametrize(
    ("criterion", "field"),
    [
        ({"type": "unknown"}, "type"),
        ({}, "type"),
        ({"type": "anniversary", "days": 1}, "anniversaryType"),
        ({"type": "anniversary", "anniversaryType": "birthday", "days": -1}, "days"),
        ({"type": "bought_in_pos"}, "posIds"),
        ({"type": "bought_in_pos", "posIds": ["x"]}, "posIds"),
        ({"type": "transaction_count"}, "min"),
        ({"type": "transaction_count", "min": 3, "max": 2}, "max"),
        ({"type": "transaction_amount", "fromAmount": "x"}, "fromAmount"),
        ({"type": "last_purchase_n_days_before"}, "days"),
        ({"type": "purchase_period", "fromDate": "2020-01-02", "toDate": "2020-01-01"}, "toDate"),
        ({"type": "transaction_percent_in_pos", "posId": POS, "percent": 101}, "percent"),
        ({"type": "bought_skus", "skuIds": []}, "skuIds"),
        ({"type": "bought_labels", "labels": []}, "labels"),
        ({"type": "customer_list", "customers": [POS, POS, POS]}, "customers"),
    ],
)
@only_on_sqlite
def test_a_wrong_criterion_names_its_field(house, monkeypatch, criterion, field):
    monkeypatch.setattr(limits, "segment_values_max", 2)
    reply = post(house, "/segment", form(criterion), permanent(house))
    assert reply.status == 400
    part = reply.json()["form"]["children"]["parts"]["children"]["0"]["children"]
    assert part["criteria"]["children"]["0"]["children"][field]["errors"]


def test_a_segment_has_a_name_parts_and_not_too_much_of_them(house, monkeypatch):
    headers = permanent(house)
    children = post(house, "/segment", {"segment": {}}, headers).json()["form"]["children"]
    assert (children["name"], children["parts"]) == (BLANK, BLANK)
    assert (children["description"], children["active"]) == ({}, {})
    empty = {"segment": {"name": "n", "parts": [{"criteria": []}]}}
    children = post(house, "/segment", empty, headers).json()["form"]["children"]
    assert children["parts"]["children"]["0"]["children"]["criteria"] == BLANK
    criterion = {"type": "transaction_count", "min": 1}
    monkeypatch.setattr(limits, "segment_criteria_max", 2)
    assert post(house, "/segment", form(*[criterion] * 3), headers).status == 400
    monkeypatch.setattr(limits, "segments_max", 1)
    segment(house, headers, criterion)
    refused = post(house, "/segment", form(criterion), headers)
    assert refused.json()["errors"] == ["There can be 1 segments."]


LEVEL = {
    "level": {
        "translations": {"en": {"name": "l"}},
        "conditionValue": 0,
        "reward": {"name": "r", "value": 20, "code": "c"},
        "active": 1,
    }
}


def test_members_are_listed_with_what_is_documented(house, monkeypatch):
    headers = permanent(house)
    level_id = post(house, "/level/create", LEVEL, headers).json()["levelId"]
    buyers = segment(house, headers, {"type": "transaction_count", "min": 1}, name="buyers")
    profile = {"firstName": "Tomasz", "lastName": "Test80", "email": "user@example.com"}
    tomasz = house.member(("email", "user@example.com"), profile={**profile, "agreement1": True})
    other = house.member(("email", "other@example.com"), profile={"firstName": "Ada"})
    house.member(("card", "9"))
    path = f"/customer/{tomasz.member_id}/level"
    assert post(house, path, {"levelId": level_id}, headers).status == 200
    assert post(house, "/transaction", sale("d-1"), headers).status == 200
    buyer = {"email": "other@example.com"}
    assert post(house, "/transaction", sale("d-2", buyer=buyer), headers).status == 200
    reply = get(house, f"/DEFAULT/segment/{buyers}/customers", headers).json()
    assert reply["total"] == 2
    shown = reply["customers"][0]
    for name in ("createdAt", "updatedAt", "lastTransactionDate"):
        assert shown.pop(name).startswith("20")
    assert shown == {
        "segmentId": buyers,
        "customerId": tomasz.member_id,
        "gender": "not_disclosed",
        "segmentName": "buyers",
        "firstName": "Tomasz",
        "lastName": "Test80",
        "email": "user@example.com",
        "active": True,
        "address": [],
        "levelId": level_id,
        "manuallyAssignedLevelId": {"levelId": level_id},
        "agreement1": True,
        "agreement2": False,
        "agreement3": False,
        "status": {
            "availableTypes": ["new", "active", "blocked", "deleted"],
            "availableStates": ["no-card", "card-sent", "with-card"],
            "type": "active",
            "state": "no-card",
        },
        "campaignPurchases": [],
        "transactionsCount": 1,
        "transactionsAmount": 3,
        "transactionsAmountWithoutDeliveryCosts": 3,
        "amountExcludedForLevel": 0,
        "averageTransactionAmount": 3,
        "currency": "eur",
        "levelPercent": "20.00%",
    }
    found_and_listed(house, headers, buyers, monkeypatch, (tomasz.member_id, other.member_id))


def found_and_listed(house, headers, buyers, monkeypatch, both):
    """The two buyers are counted, sorted, searched and exported."""
    (listed,) = get(house, "/segment", headers).json()["segments"]
    averages = [listed[f"average{name}"] for name in ("TransactionAmount", "Transactions", "Clv")]
    assert (listed["customersCount"], averages) == (2, [3, 1, 3])

    def names(query):
        reply = get(house, f"/segment/{buyers}/customers?{query}", headers)
        found = [each["customerId"] for each in reply.json()["customers"]]
        return found, reply.json()["total"], reply.headers.get("x-guerdon-searched")

    both = list(both)
    assert names("direction=desc") == (both[::-1], 2, None)
    assert names("perPage=1&page=2") == (both[1:], 2, None)
    assert names("firstName=tom&lastName=80") == (both[:1], 1, None)
    assert names("firstName=nobody") == ([], 0, None)
    monkeypatch.setattr(limits, "search_slice_members", 1)
    assert names("email=example") == (both, 2, None)
    assert names("email=OTHER@") == (both[1:], 1, None)
    monkeypatch.setattr(limits, "search_members_max", 1)
    assert names("firstName=a") == (both[:1], 1, "1")
    sheet = get(house, f"/DEFAULT/csv/segment/{buyers}", headers).body.decode().splitlines()
    assert sheet[0].startswith('"First name","Last name"')
    assert sheet[1].startswith("Tomasz,Test80,user@example.com,")
    assert [line[:4] for line in sheet[2:]] == ["Ada,"]


def test_members_are_sorted_as_all_members_are(house, monkeypatch):
    headers = permanent(house)
    known = [("Cleo", "c@x.example"), ("Bea", "a@x.example"), ("Ann", "b@y.example")]
    profiles = [{"firstName": first, "email": email} for first, email in known]
    ids = [house.member(("email", each["email"]), profile=each).member_id for each in profiles]
    unnamed = house.member(("card", "9")).member_id
    house.member(("card", "10"))
    listed = {"type": "customer_list", "customers": [*ids, unnamed]}
    segment_id = segment(house, headers, listed)
    house.settle()
    cleo, bea, ann = ids

    def names(query):
        reply = get(house, f"/segment/{segment_id}/customers?{query}", headers)
        found = [each["customerId"] for each in reply.json()["customers"]]
        return found, reply.json()["total"], reply.headers.get("x-guerdon-searched")

    monkeypatch.setattr(limits, "search_slice_members", 2)
    assert names("sort=firstName") == ([ann, bea, cleo, unnamed], 4, None)
    assert names("sort=firstName&direction=desc") == ([cleo, bea, ann, unnamed], 4, None)
    assert names("sort=email&perPage=2&page=2") == ([cleo, unnamed], 4, None)
    assert names("sort=email&email=x.example&direction=desc") == ([cleo, bea], 2, None)
    assert names("sort=customerId") == (sorted([*ids, unnamed]), 4, None)
    assert names("sort=createdAt&direction=desc") == ([unnamed, ann, bea, cleo], 4, None)
    monkeypatch.setattr(limits, "search_members_max", 2)
    assert names("sort=firstName") == ([bea, cleo], 2, "2")
    reply = get(house, f"/segment/{segment_id}/customers?sort=shoe", headers)
    assert (reply.status, list(reply.json())) == (400, ["error"])


def test_only_who_may_sees_and_changes_segments(house):
    headers = permanent(house)
    segment_id = segment(house, headers, {"type": "transaction_count", "max": 9})
    member = house.member(("email", "a@example.com"))
    callers = customer(house, member.member_id), seller(house)
    for method, path in (
        ("GET", "/segment"),
        ("POST", "/segment"),
        ("GET", f"/segment/{segment_id}"),
        ("PUT", f"/segment/{segment_id}"),
        ("DELETE", f"/segment/{segment_id}"),
        ("POST", f"/segment/{segment_id}/activate"),
        ("POST", f"/segment/{segment_id}/deactivate"),
        ("GET", f"/segment/{segment_id}/customers"),
        ("GET", f"/csv/segment/{segment_id}"),
    ):
        for caller in callers:
            assert house.call(method, f"/api{path}", headers=caller).status == 403, path
        assert house.call(method, f"/api{path}").status == 401, path
    theirs = permanent(house, tenant_id=house.tenant("other"))
    assert get(house, f"/segment/{segment_id}/customers", theirs).status == 404
    assert get(house, "/segment", theirs).json() == {"segments": [], "total": 0}
    assert get(house, f"/segment/{segment_id}", headers).json()["customersCount"] == 1


def test_an_edit_of_a_segment_keeps_its_description_until_it_is_sent(house):
    headers = permanent(house)
    criterion = {"type": "transaction_count", "max": 9}
    segment_id = segment(house, headers, criterion, description="few purchases")
    path = f"/segment/{segment_id}"

    def changed(**fields):
        reply = post(house, path, form(criterion, **fields), headers, "PUT")
        assert reply.status == 200, reply.body
        shown = get(house, path, headers).json()
        return shown["name"], shown["description"]

    assert changed(name="renamed") == ("renamed", "few purchases")
    assert changed(name="renamed", description="") == ("renamed", "")
    for missing in ({"name": "n"}, {"parts": form(criterion)["segment"]["parts"]}):
        assert post(house, path, {"segment": missing}, headers, "PUT").status == 400
