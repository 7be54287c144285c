"""`GET /api/event` against real registrations: the documented exchange, pages, filters, tenants."""

import fnmatch
import json
import random
import re

import pytest

from dialects.openloyalty.session import administrator
from guerdon.domain.openloyalty_types import OPEN_LOYALTY_TYPES
from guerdon.store import decisions

KEYS = ["id", "uuid", "payload", "type", "recorderOn"]
REGISTRATION = [
    "OpenLoyalty.Domain.User.Event.CustomerWasRegistered",
    "OpenLoyalty.Domain.Account.Event.AccountWasCreated",
    "OpenLoyalty.Domain.User.Event.AssignedAccountToCustomer",
    "OpenLoyalty.Domain.User.Event.CustomerWasAssignedToStore",
    "OpenLoyalty.Domain.Account.Event.AccountWasAssignedToStore",
    "OpenLoyalty.Domain.User.Event.CustomerWasActivated",
    "OpenLoyalty.Domain.User.Event.CustomerInvitationTokenWasCreated",
]
SORTS = {
    "id": lambda event: event["id"],
    "uuid": lambda event: event["uuid"],
    "type": lambda event: event["type"],
    "name": lambda event: event["type"],
    "recorderOn": lambda event: event["id"],  # later events have later times
    "recordedOn": lambda event: event["id"],
    "recorded_on": lambda event: event["id"],
}


@pytest.fixture
def admin(house):
    return {"accept": "application/json", "x-auth-token": house.key("openloyalty")}


def register(house, count=1):
    for number in range(count):
        house.member(("external", f"m-{number}"), profile={"email": f"m{number}@example.com"})


def page(house, admin, query="", **call):
    reply = house.call("GET", f"/api/event{query}", headers=admin, **call)
    assert reply.status == 200, reply.body
    return reply.json()


def journal(house, tenant_id=None):
    """Everything, as the store has it, in the words of the wire."""
    tenant = tenant_id or house.tenant_id
    found = house.read(lambda rows: decisions.page(rows, house.engine.vault, tenant, limit=100_000))
    return [
        {
            "id": each.position,
            "uuid": each.aggregate,
            "payload": json.loads(each.payload),
            "type": each.type,
            "recorderOn": each.recorded_at,
        }
        for each in found
    ]


def without_time(events):
    return [{**event, "recorderOn": None} for event in events]


def test_the_documented_list_has_its_keys_and_types(house, admin):
    register(house)
    reply = house.call("GET", "/api/event", headers=admin)
    assert (reply.status, reply.headers["content-type"]) == (200, "application/json")
    assert list(reply.json()) == ["events", "total"]
    for event in reply.json()["events"]:
        assert list(event) == KEYS
        assert isinstance(event["id"], int)
        assert isinstance(event["payload"], dict)
        assert re.fullmatch(r"[0-9a-f-]{36}", event["uuid"])
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", event["recorderOn"])


def test_the_documented_details_are_one_event_of_the_list(house, admin):
    register(house)
    listed = page(house, admin, "?fromId=3&perPage=1")["events"][0]
    reply = house.call("GET", "/api/event/3", headers=admin)
    assert (reply.status, reply.json()) == (200, listed)
    assert list(reply.json()) == KEYS


def test_a_member_that_any_dialect_creates_is_registered_in_seven_events(house, admin):
    register(house)
    events = page(house, admin, "?perPage=100&type=OpenLoyalty.*")["events"]
    assert [event["type"] for event in events] == REGISTRATION
    assert set(REGISTRATION) <= set(OPEN_LOYALTY_TYPES)
    registered, created, assigned, customer_in_store, account_in_store, activated, token = (
        event["payload"] for event in events
    )
    assert list(registered) == ["customerId", "customerData", "updateAt"]
    assert registered["customerData"]["email"] == "m0@example.com"
    assert list(created) == ["accountId", "customerId"]
    assert list(assigned) == ["customerId", "accountId"]
    assert list(customer_in_store) == ["customerId", "storeId", "storeCode", "updateAt"]
    assert list(account_in_store) == ["accountId", "storeId", "storeCode"]
    assert list(activated) == ["customerId", "activatedAt"]
    assert list(token) == ["customerId", "invitationToken", "createdAt"]
    assert account_in_store["storeCode"] == "DEFAULT"
    for event in events:
        aggregate = "accountId" if ".Account." in event["type"] else "customerId"
        assert event["payload"][aggregate] == {aggregate: event["uuid"]}


def test_payload_times_are_in_the_programmes_zone_and_recording_times_in_utc(house, admin):
    house.setting("programme.timezone", "Asia/Kolkata")
    register(house)
    event = page(house, admin, f"?type={REGISTRATION[0]}")["events"][0]
    assert event["payload"]["updateAt"].endswith("+05:30")
    assert event["recorderOn"].endswith("+00:00")


def test_pages_are_ten_long_and_at_most_a_hundred(house, admin):
    register(house, 25)
    total = len(journal(house))
    assert total > 100
    assert len(page(house, admin)["events"]) == 10
    for per_page, expected in ((1, 1), (99, 99), (100, 100), (101, 100), (5_000, 100)):
        found = page(house, admin, f"?perPage={per_page}")
        assert (len(found["events"]), found["total"]) == (expected, total)


def test_every_filter_gives_what_a_list_comprehension_gives(house, admin):
    register(house, 12)
    everything = journal(house)
    chance = random.Random(4)
    types = [
        None,
        REGISTRATION[0],
        "OpenLoyalty.*",
        "*Store",
        "*.Account.*",
        "Guerdon.*",
        "None",
        "*",
    ]
    for _ in range(60):
        start = chance.choice([None, 0, 1, 2, chance.randint(1, len(everything)), 10_000])
        limit = chance.choice([1, 2, 7, 10, 100])
        sort = chance.choice([None, *SORTS])
        direction = chance.choice([None, "ASC", "DESC", "asc", "desc"])
        kind = chance.choice(types)
        asked = {"fromId": start, "perPage": limit, "sort": sort, "direction": direction}
        pairs = [f"{name}={value}" for name, value in asked.items() if value is not None]
        query = "&".join([*pairs, *([f"type={kind}"] if kind else [])])

        matching = [
            event
            for event in everything
            if event["id"] >= (start or 1) and fnmatch.fnmatchcase(event["type"], kind or "*")
        ]
        is_down = (direction or "").upper() == "DESC"
        window = matching[-limit:] if is_down and start is None else matching[:limit]
        expected = sorted(window, key=SORTS[sort or "id"])[:: -1 if is_down else 1]
        found = page(house, admin, f"?{query}")
        assert without_time(found["events"]) == without_time(expected), query
        assert found["total"] == len(matching), query


def test_the_latest_recorded_are_the_highest_ids(house, admin):
    register(house, 3)
    everything = [event["id"] for event in journal(house)]
    for sort in ("id", "recorderOn", "recordedOn", "recorded_on"):
        for query, expected in (
            ("", everything[:5]),
            ("&direction=DESC", everything[:-6:-1]),
            ("&direction=DESC&fromId=2", everything[5:0:-1]),
        ):
            found = page(house, admin, f"?perPage=5&sort={sort}{query}")["events"]
            assert [event["id"] for event in found] == expected, (sort, query)


def test_any_descending_order_is_one_of_the_newest_events(house, admin):
    register(house, 3)
    newest = [event["id"] for event in journal(house)[-5:]]
    for sort in ("uuid", "type", "name"):
        found = page(house, admin, f"?perPage=5&sort={sort}&direction=DESC")["events"]
        assert sorted(event["id"] for event in found) == newest
        keys = [(SORTS[sort](event), event["id"]) for event in found]
        assert keys == sorted(keys, reverse=True)


def test_a_reader_that_follows_the_ids_misses_nothing_while_events_arrive(house, admin):
    seen, start = [], 1
    for round_number in range(30):
        if round_number < 10:
            house.member(("external", f"late-{round_number}"))
        found = page(house, admin, f"?fromId={start}&perPage=4")["events"]
        seen += [event["id"] for event in found]
        start = seen[-1] + 1 if seen else 1
    assert seen == list(range(1, len(journal(house)) + 1))


def test_a_query_that_cannot_be_meant_is_a_bad_request(house, admin):
    for query in (
        "perPage=0",
        "perPage=-1",
        "perPage=1e2",
        "perPage=%D9%A3",
        "perPage=",
        "perPage=1&perPage=100",
        "fromId=x",
        "fromId=-5",
        "fromId=99999999999999999999",
        "sort=name;drop%20table",
        "sort=payload",
        "direction=SIDEWAYS",
        "type=%00",
        "type=%ff",
    ):
        reply = house.call("GET", f"/api/event?{query}", headers=admin)
        assert reply.status == 400, query
        assert list(reply.json()) == ["error"], query
        assert isinstance(reply.json()["error"], str), query


def test_an_unknown_or_malformed_event_is_not_found(house, admin):
    for event_id in (
        "212333",
        "0",
        "-1",
        "01",
        "1.0",
        "1e0",
        "x",
        "%D9%A1",
        "9" * 400,
        "1%20",
        "1'",
    ):
        reply = house.call("GET", f"/api/event/{event_id}", headers=admin)
        assert reply.status == 404, event_id
        assert reply.json() == {"error": {"code": 404, "message": "Not Found"}}


def test_hostile_text_in_a_type_filter_finds_nothing(house, admin):
    for text in ("'%20OR%201=1%20--", "%25", "_", "[a-z]*", "?*"):
        assert page(house, admin, f"?type={text}") == {"events": [], "total": 0}


# --- tenants -------------------------------------------------------------------------------------


def test_an_administrator_sees_the_events_of_their_tenant_only(house, admin):
    register(house, 5)
    other_id = house.tenant("other")
    others = {
        "signed": administrator(house, "somebody", tenant_id=other_id),
        "permanent": {"x-auth-token": house.key("openloyalty", tenant_id=other_id)},
    }
    ours, theirs = journal(house), journal(house, other_id)
    assert len(ours) > len(theirs)
    for headers in others.values():
        found = page(house, headers, "?perPage=100")
        assert without_time(found["events"]) == without_time(theirs)
        assert found["total"] == len(theirs)
        last = ours[-1]["id"]
        assert house.call("GET", f"/api/event/{last}", headers=headers).status == 404
        assert page(house, headers, f"?type={REGISTRATION[0]}") == {"events": [], "total": 0}
    assert len(page(house, admin, f"?type={REGISTRATION[0]}")["events"]) == 5


def test_nothing_in_a_request_names_another_tenant(house, admin):
    other_id = house.tenant("other")
    expected = page(house, admin)
    assert page(house, {**admin, "x-tenant": "other"}, f"?tenant_id={other_id}") == expected
