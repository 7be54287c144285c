"""Showing and editing customers: documented keys and types, only what changed, only oneself."""

import json

import pytest

from dialects.openloyalty import crowd
from dialects.openloyalty.crowd import WHOLE, code_in, enrol, errors, get, level, post, sent
from dialects.openloyalty.session import StillClock
from dialects.openloyalty.till import customer, sale, seller
from guerdon import limits

TEXT, NUMBER, SWITCH, LIST, OBJECT = str, (int, float), bool, list, dict
BRIEF = {
    "customerId": TEXT,
    "active": SWITCH,
    "firstName": TEXT,
    "lastName": TEXT,
    "gender": TEXT,
    "email": TEXT,
    "phone": TEXT,
    "birthDate": TEXT,
    "address": OBJECT,
    "loyaltyCardNumber": TEXT,
    "createdAt": TEXT,
    "levelId": TEXT,
    "agreement1": SWITCH,
    "agreement2": SWITCH,
    "agreement3": SWITCH,
    "updatedAt": TEXT,
    "campaignPurchases": LIST,
    "transactionsCount": NUMBER,
    "transactionsAmount": NUMBER,
    "transactionsAmountWithoutDeliveryCosts": NUMBER,
    "amountExcludedForLevel": NUMBER,
    "averageTransactionAmount": NUMBER,
    "lastTransactionDate": TEXT,
    "currency": TEXT,
    "levelPercent": TEXT,
}
STANDING = {"id": TEXT, "status": OBJECT, "labels": LIST, "level": OBJECT}
DETAILS = BRIEF | STANDING | {"version": int, "segments": LIST}
TYPES = ["new", "active", "blocked", "deleted"]
STATES = ["no-card", "card-sent", "with-card"]


@pytest.fixture
def admin(house):
    return crowd.permanent(house)


def put(house, member_id, fields, headers):
    return post(house, f"/DEFAULT/customer/{member_id}", fields, headers, "PUT")


def decided(house, headers, after):
    found = crowd.decided(house, headers, "OpenLoyalty.Domain.User.*")[after:]
    return [(name, payload) for name, _, payload in found]


def fits(shape, documented, beside=()):
    assert set(shape) == set(documented) | set(beside)
    for name, kind in documented.items():
        assert isinstance(shape[name], kind), name


def bought(house, admin, member_id):
    form = sale("D-1", buyer={"name": "J K", "email": "john3@example.com"})
    assert post(house, "/transaction", form, admin).status == 200


def test_details_and_lists_have_the_documented_keys_and_types(house, admin):
    house.setting("programme.timezone", "Europe/Warsaw")
    level_id = level(house)
    pos_id = crowd.pos(house)
    member_id = enrol(
        house, admin, WHOLE, gender="male", posId=pos_id, createdAt="2016-08-08 10:53:14"
    )
    bought(house, admin, member_id)
    details = get(house, f"/DEFAULT/customer/{member_id}", admin)
    fits(details, DETAILS, {"company", "posId", "posIdentifier"})
    assert details["birthDate"] == "1990-01-01T00:00:00+0100"
    assert details["createdAt"] == "2016-08-08T10:53:14+0200"
    assert details["status"] == {
        "availableTypes": TYPES,
        "availableStates": STATES,
        "type": "active",
        "state": "with-card",
    }
    assert details["level"] == {
        "levelId": {"id": level_id, "levelId": level_id},
        "name": "level0",
        "translations": {"en": {"name": "level0"}},
    }
    assert details["company"] == {"name": "Company name", "nip": "111-222-33-44"}
    assert details["currency"] == "eur"
    assert (details["levelPercent"], details["transactionsCount"]) == ("14.00%", 1)
    for path in ("/DEFAULT/customer", "/admin/customer"):
        listed = get(house, path, admin)
        assert listed["total"] == 1
        fits(listed["customers"][0], BRIEF, {"company", "posId"})
    body = ["search[firstName]=joh", "search[city]=wroc", "search[postcode]=00"]
    reply = post(house, "/DEFAULT/pos/search/customer", body, seller(house))
    assert list(reply.json()) == ["customers"]
    fits(reply.json()["customers"][0], BRIEF | STANDING, {"company", "posId", "posIdentifier"})
    nobody = post(house, "/pos/search/customer", ["search[city]=Paris"], admin)
    assert nobody.json() == {"customers": []}


def test_a_day_of_birth_long_ago_has_four_digits_of_year(house, admin):
    house.setting("programme.timezone", "Asia/Tokyo")
    member = house.member(("email", "a@example.com"), profile={"birthDate": "0001-01-01"})
    details = get(house, f"/DEFAULT/customer/{member.member_id}", admin)
    assert details["birthDate"] == "0001-01-01T00:00:00+0918"


def test_an_edit_decides_only_about_the_parts_that_change(house, admin):
    level(house)
    member_id = enrol(house, admin, WHOLE)
    before = len(decided(house, admin, 0))
    reply = put(house, member_id, WHOLE, admin)
    assert reply.json() == {"customerId": member_id}
    assert decided(house, admin, before) == []
    fields = ["customer[email]=john4@example.com", "customer[phone]=", "customer[agreement2]=1"]
    assert put(house, member_id, fields, admin).status == 200
    ((name, payload),) = decided(house, admin, before)
    assert (name, list(payload)) == (
        "CustomerDetailsWereUpdated",
        ["customerId", "customerData", "updateAt"],
    )
    assert payload["customerData"] == {
        "email": "john4@example.com",
        "phone": None,
        "agreement2": True,
    }
    assert get(house, "/customer/check?emailOrPhone=john4@example.com", admin) == {"total": 1}


def test_an_edit_of_many_parts_decides_about_each(house, admin):
    level(house)
    member_id = enrol(house, admin, WHOLE)
    before = len(decided(house, admin, 0))
    who = {"customerId": member_id}
    fields = [
        "customer[phone]=",
        "customer[address][city]=Warszawa",
        "customer[company][name]=",
        "customer[company][nip]=",
        "customer[loyaltyCardNumber]=9",
        "customer[labels]=colour:red;size:big",
    ]
    assert put(house, member_id, fields, admin).status == 200
    changed = decided(house, admin, before)
    moment = changed[0][1]["updateAt"]
    assert [(name, payload) for name, payload in changed] == [
        (
            "CustomerDetailsWereUpdated",
            {
                "customerId": who,
                "customerData": {
                    "phone": None,
                    "labels": [
                        {"key": "colour", "value": "red"},
                        {"key": "size", "value": "big"},
                    ],
                },
                "updateAt": moment,
            },
        ),
        (
            "CustomerAddressWasUpdated",
            {
                "customerId": who,
                "addressData": {
                    "street": "Street",
                    "postal": "00-000",
                    "city": "Warszawa",
                    "province": "Dolnoslaskie",
                    "country": "Poland",
                },
                "updateAt": moment,
            },
        ),
        (
            "CustomerCompanyDetailsWereUpdated",
            {"customerId": who, "companyData": [], "updateAt": moment},
        ),
        (
            "CustomerLoyaltyCardNumberWasUpdated",
            {"customerId": who, "cardNumber": "9", "updateAt": moment},
        ),
    ]
    details = get(house, f"/customer/{member_id}", admin)
    assert "phone" not in details
    assert "company" not in details
    assert details["birthDate"].startswith("1990-01-01T00:00:00")
    assert (details["loyaltyCardNumber"], details["address"]["city"]) == ("9", "Warszawa")
    assert get(house, "/customer/check?emailOrPhone=000000004000", admin) == {"total": 0}


def test_a_part_that_is_sent_empty_is_gone(house, admin):
    level(house)
    member_id = enrol(house, admin, WHOLE)
    for name, nothing in (("company", None), ("address", {})):
        body = json.dumps({"customer": {name: nothing}})
        headers = {**admin, "content-type": "application/json"}
        reply = house.call("PUT", f"/api/customer/{member_id}", headers=headers, body=body)
        assert reply.status == 200, reply.body
        assert not get(house, f"/customer/{member_id}", admin).get(name)


def test_a_part_of_which_nothing_is_known_stays(house, admin):
    level(house)
    member_id = enrol(house, admin, WHOLE)
    before = get(house, f"/customer/{member_id}", admin)
    for part in ({"zip": "00-001"}, ["00-001"]):
        body = json.dumps({"customer": {"address": part, "company": part}})
        headers = {**admin, "content-type": "application/json"}
        reply = house.call("PUT", f"/api/customer/{member_id}", headers=headers, body=body)
        assert reply.status == 200, reply.body
        assert get(house, f"/customer/{member_id}", admin) == before


def test_what_an_edit_refuses_changes_nothing(house, admin):
    level(house)
    enrol(house, admin)
    member_id = enrol(house, admin, WHOLE)
    before = len(crowd.decided(house, admin))
    reply = put(house, member_id, ["customer[phone]=+440000000"], admin)
    assert errors(reply) == {"phone": ["This value is not a valid phone number."]}
    taken = ["customer[email]=john4@example.com", "customer[firstName]="]
    assert set(errors(put(house, member_id, taken, admin))) == {"email", "firstName"}
    assert len(crowd.decided(house, admin)) == before


def test_a_customer_sees_and_edits_nobody_else(house, admin):
    level(house)
    chosen = level(house, "level1", 20)
    mine, other = enrol(house, admin), enrol(house, admin, WHOLE)
    me = customer(house, mine)
    assert get(house, f"/customer/{mine}", me)["customerId"] == mine
    for method, path in (
        ("GET", f"/customer/{other}"),
        ("PUT", f"/customer/{other}"),
        ("GET", f"/customer/{other}/status"),
        ("GET", f"/customer/customer/{other}/status"),
        ("GET", f"/customer/{other}/avatar"),
        ("POST", f"/customer/{other}/avatar"),
        ("GET", f"/customer/{other}/pushy-token"),
        ("DELETE", f"/customer/{other}/pushy-token/x"),
        ("GET", "/customer"),
        ("POST", f"/admin/customer/{mine}/activate"),
        ("POST", f"/customer/{mine}/pos"),
        ("POST", "/customer/register"),
        ("GET", "/customer/registrations"),
    ):
        assert house.call(method, "/api" + path, headers=me).status == 403, path
    fields = ["customer[lastName]=Nowak", f"customer[levelId]={chosen}", "customer[createdAt]=2001"]
    assert put(house, mine, [*fields[:2], "customer[createdAt]=2001-01-01"], me).status == 200
    details = get(house, f"/customer/{mine}", admin)
    assert (details["lastName"], details["level"]["name"]) == ("Nowak", "level0")
    assert not details["createdAt"].startswith("2001")
    there = crowd.permanent(house, tenant_id=house.tenant("other"))
    assert house.call("GET", f"/api/customer/{mine}", headers=there).status == 404
    assert get(house, "/customer", there) == {"customers": [], "total": 0}


def test_an_edit_that_sends_back_what_was_shown_sets_no_level_by_hand(house, admin):
    level(house)
    chosen = level(house, "level1", 20)
    member_id = enrol(house, admin, WHOLE)
    shown = get(house, f"/customer/{member_id}", admin)
    before = len(decided(house, admin, 0))
    del shown["createdAt"]  # a day that was given is kept as a detail
    form = {"customer": {**shown, "lastName": "Nowak"}}
    assert crowd.post(house, f"/customer/{member_id}", form, admin, "PUT").status == 200
    edited = get(house, f"/customer/{member_id}", admin)
    assert edited["lastName"] == "Nowak"
    assert "manuallyAssignedLevelId" not in edited
    assert [name for name, _ in decided(house, admin, before)] == ["CustomerDetailsWereUpdated"]
    assert put(house, member_id, [f"customer[levelId]={chosen}"], admin).status == 200
    by_hand = get(house, f"/customer/{member_id}", admin)["manuallyAssignedLevelId"]
    assert by_hand == {"levelId": chosen}


def test_nobody_asks_without_end_who_is_a_customer(house, admin):
    level(house)
    house.clock = house.engine.clock = StillClock()
    me = customer(house, enrol(house, admin))
    few, most = limits.login_failures_per_minute_max, limits.key_failures_per_minute_max
    path = "/api/customer/check?emailOrPhone="
    assert [house.call("GET", path + "a", headers=me).status for _ in range(few)] == [200] * few
    for number in range(most - few):
        assert house.call("GET", f"{path}{number}", headers=me).status == 200
    for headers, status in ((me, 429), ({}, 429), (admin, 200)):
        assert house.call("GET", path + "b", headers=headers).status == status


def test_a_new_name_to_log_in_with_is_confirmed_by_the_customer(house, admin):
    level(house)
    member_id = enrol(house, admin)
    me = customer(house, member_id)
    fields = ["customer[email]=new@example.com", "customer[lastName]=Nowak"]
    assert put(house, member_id, fields, me).status == 200
    details = get(house, f"/customer/{member_id}", me)
    assert (details["email"], details["lastName"]) == ("john4@example.com", "Nowak")
    ((kind, target, body),) = sent(house)
    assert (kind, target) == ("mail", "new@example.com")
    path = f"/api/DEFAULT/customer/confirm-change/{code_in(body)}"
    assert house.call("POST", "/api/customer/confirm-change/1").status == 404
    reply = house.call("POST", path)
    assert (reply.status, reply.body) == (204, b"")
    assert house.call("POST", path).status == 404
    assert get(house, f"/customer/{member_id}", me)["email"] == "new@example.com"
    assert get(house, "/customer/check?emailOrPhone=john4@example.com", me) == {"total": 0}
    house.setting("members.confirm_changes", False)
    assert put(house, member_id, ["customer[phone]=500600"], me).status == 200
    assert get(house, f"/customer/{member_id}", me)["phone"] == "500600"


def test_of_two_new_names_each_is_confirmed_where_it_leads(house, admin):
    level(house)
    member_id = enrol(house, admin)
    me = customer(house, member_id)
    fields = ["customer[email]=new@example.com", "customer[phone]=500600"]
    assert put(house, member_id, fields, me).status == 200
    confirmed = []
    for target in ("new@example.com", "500600"):
        ((_, to, body),) = sent(house)
        assert to == target
        reply = house.call("POST", f"/api/customer/confirm-change/{code_in(body)}")
        assert reply.status == 204, reply.body
        details = get(house, f"/customer/{member_id}", me)
        confirmed.append((details["email"], details["phone"]))
    assert confirmed == [("new@example.com", "000000005000"), ("new@example.com", "500600")]
    assert sent(house) == []


def test_activating_and_blocking_decide_once(house, admin):
    level(house)
    member_id = enrol(house, admin)
    before = len(decided(house, admin, 0))
    for who, headers in (("admin", admin), ("seller", seller(house))):
        for word in ("deactivate", "deactivate", "activate", "activate"):
            path = f"/api/DEFAULT/{who}/customer/{member_id}/{word}"
            reply = house.call("POST", path, headers=headers)
            assert (reply.status, reply.body) == (200, b"")
            shown = get(house, f"/customer/{member_id}", admin)
            assert shown["active"] is (word == "activate")
            assert shown["status"]["type"] == ("active" if shown["active"] else "blocked")
            assert ("state" in shown["status"]) is shown["active"]
    changed = decided(house, admin, before)
    assert [name for name, _ in changed] == ["CustomerWasDeactivated", "CustomerWasActivated"] * 2
    assert list(changed[0][1]) == ["customerId", "deactivatedAt"]
    nobody = "00000000-0000-0000-0000-000000000000"
    reply = house.call("POST", f"/api/admin/customer/{nobody}/activate", headers=admin)
    assert reply.status == 404


def test_a_place_is_assigned_by_its_id(house, admin):
    level(house)
    member_id, pos_id = enrol(house, admin), crowd.pos(house)
    for path, headers in ((f"/customer/{member_id}/pos", admin),) * 2 + (
        (f"/seller/customer/{member_id}/pos", seller(house)),
    ):
        reply = post(house, "/DEFAULT" + path, [f"posId={pos_id}"], headers)
        assert (reply.status, reply.json()) == (200, [])
    reply = post(house, f"/customer/{member_id}/pos", ["x=1"], admin)
    assert (reply.status, reply.json()) == (400, {"posId": "field is required"})
    assert post(house, f"/customer/{member_id}/pos", ["posId=x"], admin).status == 404
    assert [name for name, _ in decided(house, admin, 0)].count("PosWasAssignedToCustomer") == 1
    assert get(house, f"/customer/{member_id}", admin)["posIdentifier"] == "pos2"


def test_the_newsletter_is_taken_for_the_first_time_once(house, admin):
    level(house)
    member_id = enrol(house, admin)
    for agreed in "1010":
        assert put(house, member_id, [f"customer[agreement2]={agreed}"], admin).status == 200
    own = [name for name, _, _ in crowd.decided(house, admin, "Guerdon.Member.*")]
    assert own.count("NewsletterWasSubscribed") == 1


def test_registrations_are_counted_by_day(house, admin):
    level(house)
    enrol(house, admin)
    enrol(house, admin, WHOLE)
    for path in ("/DEFAULT/customer/registrations", "/customer/registrations/daily"):
        days = get(house, path, admin)
        assert len(days) == 30
        assert list(days) == sorted(days)
        assert list(days.values()) == [0] * 29 + [2]
    assert get(house, "/admin/customer-statuses", admin) == {"statuses": TYPES}


def test_the_status_has_the_documented_keys_and_types(house, admin):
    level(house)
    level(house, "level1", 20, 0.05)
    member_id = enrol(house, admin, WHOLE)
    bought(house, admin, member_id)
    for path, headers in (
        (f"/DEFAULT/admin/customer/{member_id}/status", admin),
        (f"/DEFAULT/customer/customer/{member_id}/status", customer(house, member_id)),
        (f"/DEFAULT/seller/customer/{member_id}/status", seller(house)),
        (f"/customer/{member_id}/status", admin),
    ):
        status = get(house, path, headers)
        fits(
            status,
            {
                "firstName": TEXT,
                "lastName": TEXT,
                "customerId": TEXT,
                "points": NUMBER,
                "p2pPoints": NUMBER,
                "totalEarnedPoints": NUMBER,
                "usedPoints": NUMBER,
                "expiredPoints": NUMBER,
                "lockedPoints": NUMBER,
                "level": TEXT,
                "levelName": TEXT,
                "levelConditionValue": NUMBER,
                "nextLevel": TEXT,
                "nextLevelName": TEXT,
                "nextLevelConditionValue": NUMBER,
                "transactionsAmountWithoutDeliveryCosts": NUMBER,
                "transactionsAmountToNextLevel": NUMBER,
                "averageTransactionsAmount": TEXT,
                "transactionsCount": NUMBER,
                "transactionsAmount": NUMBER,
                "currency": TEXT,
                "pointsExpiringNextMonth": NUMBER,
                "pointsExpiringBreakdown": OBJECT,
            },
        )
    assert (status["level"], status["levelName"]) == ("14.00%", "level0")
    assert (status["nextLevel"], status["nextLevelConditionValue"]) == ("5.00%", 20)
    assert status["transactionsAmountToNextLevel"] == 20 - status["transactionsAmount"]
    assert status["averageTransactionsAmount"] == f"{status['transactionsAmount']}.00"


def test_a_status_by_points_says_what_the_next_level_and_the_review_need(house, admin):
    house.setting("levels.tier_assign_type", "points")
    house.setting("levels.downgrade_mode", "after_x_days")
    house.setting("points.expiry", "at_the_end_of_the_month")
    level(house)
    level(house, "level1", 200, 0.2)
    member_id = enrol(house, admin)
    fields = [f"transfer[customer]={member_id}", "transfer[points]=61.5"]
    assert post(house, "/points/transfer/add", fields, admin).status == 200
    status = get(house, f"/admin/customer/{member_id}/status", admin)
    assert (status["points"], status["pointsToNextLevel"]) == (61.5, 138.5)
    assert status["pointsSinceLastLevelRecalculation"] == 61.5
    assert (status["pointsRequiredToRetainLevel"], status["levelWillExpireInDays"]) == (0, 365)
    assert "transactionsAmountToNextLevel" not in status
    assert status["pointsExpiringNextMonth"] == 0


def test_a_path_names_a_customer_by_card_as_well(house, admin):
    level_id = level(house)
    theirs, other = (
        enrol(house, admin, email=f"{card}@example.com", phone=None, loyaltyCardNumber=card)
        for card in ("4444-555", "777")
    )
    assert get(house, "/customer/4444-555", admin)["customerId"] == theirs
    assert get(house, "/admin/customer/777/status", admin)["customerId"] == other
    assert get(house, "/admin/customer/777/campaign/bought", admin)["total"] == 0
    renamed = put(house, "777", {"customer": {"lastName": "New"}}, admin)
    assert renamed.json() == {"customerId": other}
    moved = post(house, "/customer/777/level", {"levelId": level_id}, admin)
    assert moved.status == 200, moved.body
    assert get(house, f"/customer/{other}", admin)["manuallyAssignedLevelId"] == {
        "levelId": level_id
    }
    for nobodys in ("4444", "0777", "4444-5555"):
        assert house.call("GET", f"/api/customer/{nobodys}", headers=admin).status == 404
    assert house.call("DELETE", f"/api/customer/{other}", headers=admin).status in (200, 204)
    assert house.call("GET", "/api/customer/777", headers=admin).status == 404


def test_a_customer_names_only_themselves_by_card(house, admin):
    member_id = enrol(house, admin, loyaltyCardNumber="mine")
    enrol(house, admin, email="you@example.com", phone=None, loyaltyCardNumber="yours")
    me = customer(house, member_id)
    assert get(house, "/customer/mine", me)["customerId"] == member_id
    for card in ("yours", "nobodys"):
        assert house.call("GET", f"/api/customer/{card}", headers=me).status == 403
