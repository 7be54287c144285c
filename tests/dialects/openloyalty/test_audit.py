"""The audit log: the documented requests, who may ask, searches, sheets and archives."""

import csv
import io
import json
import re
from xml.etree import ElementTree as ET

import pytest

from dialects.openloyalty.crowd import JOHN, enrol, level
from dialects.openloyalty.staff import children, get, send, staff
from dialects.openloyalty.till import customer, permanent, post, token
from guerdon import limits
from guerdon.clock import DAY, to_datetime
from guerdon.dialects.openloyalty import audit_words, tokens
from guerdon.domain.openloyalty_types import OPEN_LOYALTY_TYPES, USER
from guerdon.engine.commands import CreateAdministrator
from guerdon.engine.commands.points import AddPoints

LOG, ARCHIVE = "/audit/log", "/audit/log/archive"
KEYS = [
    "auditLogId",
    "createdAt",
    "eventType",
    "entityType",
    "entityId",
    "username",
    "data",
]


@pytest.fixture
def admin(house):
    admin_id = house.execute(CreateAdministrator(house.tenant_id, 0, "admin", "no hash"))
    return token(house, tokens.ADMIN, admin_id)


def logs(house, headers, query=""):
    reply = get(house, headers, f"{LOG}?perPage=100&{query}")
    assert reply.status == 200, reply.body
    return reply.json()["logs"]


def words(found):
    return [(each["eventType"], each["username"]) for each in found]


def test_an_entry_says_what_was_asked_for_about_what_and_by_whom(house, admin):
    level_id = level(house)
    member_id = enrol(house, admin, birthDate="1990-09-11")
    reply = get(house, admin, f"{LOG}?perPage=3&direction=DESC")
    body = reply.json()
    assert list(body) == ["logs", "total"]
    assert (len(body["logs"]), type(body["total"])) == (3, int)
    assert all(list(each) == KEYS for each in body["logs"])
    found = logs(house, admin, f"entityId={member_id}")
    named = {each["eventType"]: each for each in found}
    assert words(found)[:2] == [("RegisterCustomer", "admin"), ("AssignAccountToCustomer", "admin")]
    assert list(named["ActivateCustomer"]["data"]) == ["activatedAt"]
    assert named["MoveCustomerToLevel"]["data"] == [level_id]
    registered = named["RegisterCustomer"]
    assert list(registered["auditLogId"]) == ["auditLogId"]
    assert registered["entityType"] == "customer"
    assert re.fullmatch(r"[0-9-]{10}T[0-9:]{8}[+-][0-9]{4}", registered["createdAt"])
    assert registered["data"]["firstName"] == "John"
    assert registered["data"]["email"] == "john4@example.com"
    assert registered["data"]["birthDate"] == 653011200
    # The same entry has the same id, and is found by it.
    one = registered["auditLogId"]["auditLogId"]
    assert logs(house, admin, f"auditLogId={one}") == [registered]
    for nobodys in ("x", "916e963e-dd14-4ef8-849a-e5b54779657d", one[:-1] + "f"):
        assert logs(house, admin, f"auditLogId={nobodys}") == []


def test_the_log_is_searched_and_ordered_as_documented(house, admin):
    level(house)
    system = permanent(house)
    member_id = enrol(house, admin)
    other_id = enrol(house, system, email="o@example.com", phone="000000005001")
    house.execute(AddPoints(house.tenant_id, 0, 1, 5_00))
    me = customer(house, member_id)
    assert post(house, f"/customer/{member_id}", {"customer": {"lastName": "X"}}, me, "PUT").status
    everything = logs(house, admin)
    assert [each["auditLogId"] for each in logs(house, admin, "sort=createdAt&direction=desc")] == [
        each["auditLogId"] for each in everything[::-1]
    ]
    customers = logs(house, admin, "entityType=customer")
    assert {each["entityType"] for each in customers} == {"customer"}
    assert customers == [each for each in everything if each["entityType"] == "customer"]
    assert get(house, admin, f"{LOG}?entityType=customer").json()["total"] == len(customers)
    added = logs(house, admin, "eventType=AddPoints")
    assert words(added) == [("AddPoints", "<notlogged>")]
    assert added[0]["entityType"] == "account"
    assert logs(house, admin, "eventType=NoSuch") == logs(house, admin, "entityType=nosuch") == []
    names = {each["username"] for each in everything}
    assert names >= {"admin", "<notlogged>", "john4@example.com", "key 1"}
    for name in (*names, "nobody@example.com"):
        expected = [each for each in everything if each["username"] == name]
        assert logs(house, admin, f"username={name}") == expected
    both = logs(house, admin, f"entityId={other_id.upper()}&eventType=ActivateCustomer")
    assert words(both) == [("ActivateCustomer", "key 1")]
    by_name = logs(house, admin, "sort=username&direction=DESC")
    assert [each["username"] for each in by_name] == sorted(
        (each["username"] for each in everything), reverse=True
    )
    second = get(house, admin, f"{LOG}?entityType=customer&page=2&perPage=2&sort=entityId").json()
    assert (len(second["logs"]), second["total"]) == (2, len(customers))
    for query, count in (
        ("createdAtFrom=2019-01-01", len(everything)),
        ("createdAtTo=2019-01-01", 0),
        ("createdAtTo=2999-01-01T00:00:00", len(everything)),
        ("createdAtFrom=2999-01-01", 0),
    ):
        assert get(house, admin, f"{LOG}?{query}").json()["total"] == count
    for query in ("createdAtFrom=soon", "sort=data", "perPage=-1"):
        assert get(house, admin, f"{LOG}?{query}").status == 400


def test_a_search_that_does_not_look_at_everything_says_so(house, admin, monkeypatch):
    enrol(house, admin)
    whole = get(house, admin, f"{LOG}?username=admin")
    assert "x-guerdon-searched" not in whole.headers
    monkeypatch.setattr(limits, "audit_rows_scanned_max", 2)
    reply = get(house, admin, f"{LOG}?username=admin")
    assert reply.headers["x-guerdon-searched"] == "2"
    assert reply.json()["logs"] == whole.json()["logs"][-2:]


def test_a_view_is_exported_as_a_sheet(house, admin):
    evil = [*JOHN[:1], "customer[lastName]==HYPERLINK(1)", *JOHN[2:]]
    enrol(house, admin, evil)
    reply = get(house, admin, f"{LOG}/export?sort=username&direction=DESC&entityType=customer")
    assert (reply.status, reply.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    assert "audit-log.csv" in reply.headers["content-disposition"]
    rows = list(csv.reader(io.StringIO(reply.body.decode())))
    assert rows[0] == KEYS
    expected = logs(house, admin, "sort=username&direction=DESC&entityType=customer")
    assert [row[0] for row in rows[1:]] == [each["auditLogId"]["auditLogId"] for each in expected]
    registered = next(row for row in rows if row[2] == "RegisterCustomer")
    assert json.loads(registered[6])["lastName"] == "=HYPERLINK(1)"
    assert not any(cell.startswith("=") for row in rows for cell in row)


def test_an_archive_is_made_once_listed_and_downloaded(house, admin, monkeypatch):
    enrol(house, admin)
    before = get(house, admin, f"{LOG}?perPage=1").json()["total"]
    assert get(house, admin, ARCHIVE).json() == {"archives": [], "total": 0}
    nothing = send(house, admin, ARCHIVE, ["archive[beforeDate]=2019-03-10"])
    assert (nothing.status, nothing.json()) == (
        200,
        {
            "totalArchived": 0,
            "message": "No logs to archive from this time range. The file was not created.",
        },
    )
    # A day later everything so far is before that day.
    real = house.clock.now()
    monkeypatch.setattr(house.clock, "now", lambda: real + DAY)
    day = to_datetime(house.clock.now()).date()
    made = send(house, admin, ARCHIVE, [f"archive[beforeDate]={day}"])
    filename = f"audit_log_archive_before_{day:%Y_%m_%d}.xml"
    assert made.json() == {"totalArchived": before, "filename": filename}
    again = send(house, admin, ARCHIVE, [f"archive[beforeDate]={day}"])
    assert again.json() == {
        "totalArchived": 0,
        "filename": filename,
        "message": "Archive for this date range has already been generated.",
    }
    assert get(house, admin, ARCHIVE).json() == {"archives": [filename], "total": 1}
    reply = get(house, admin, f"{ARCHIVE}/{filename}")
    assert reply.headers["content-type"].startswith("application/xml")
    entries = ET.fromstring(reply.body)  # noqa: S314 - our own
    assert len(entries) == before
    assert [child.tag for child in entries[0]] == KEYS
    shown = [each.findtext("auditLogId") for each in entries]
    everything = [each["auditLogId"]["auditLogId"] for each in logs(house, admin)]
    assert shown == everything[:before]
    assert get(house, admin, f"{ARCHIVE}/no.xml").status == 404
    for wrong in ("archive[beforeDate]=2999-01-01", "archive[beforeDate]=soon", "archive[x]=1"):
        assert children(send(house, admin, ARCHIVE, [wrong]))["beforeDate"]["errors"]
    monkeypatch.setattr(limits, "audit_rows_listed_max", 3)
    assert get(house, admin, f"{LOG}/export").status == 400


def test_only_an_administrator_who_may_sees_the_log_and_a_tenant_only_its_own(house, admin):
    member_id = enrol(house, admin)
    me = customer(house, member_id)
    may_see = staff(house, "AUDIT:VIEW")
    may_not = staff(house, "CUSTOMER:MODIFY")
    for path in (LOG, f"{LOG}/export", ARCHIVE):
        assert get(house, {}, path).status == 401
        assert get(house, me, path).status == get(house, may_not, path).status == 403
        assert get(house, may_see, path).status == 200
        assert get(house, may_see, f"/DEFAULT{path}").status == 200
    lines = ["archive[beforeDate]=2019-03-10"]
    assert send(house, may_see, ARCHIVE, lines).status == 403
    tenant_id = house.tenant("other")
    others = permanent(house, tenant_id=tenant_id)
    found = logs(house, others)
    assert member_id not in json.dumps(found)
    assert logs(house, others, "username=admin") == []


def test_a_forgotten_member_is_no_name_in_the_log(house, admin, monkeypatch):
    monkeypatch.setattr(limits, "auth_cache_seconds", 0)
    member_id = enrol(house, admin)
    me = customer(house, member_id)
    assert post(house, f"/customer/{member_id}", {"customer": {"lastName": "Y"}}, me, "PUT").status
    assert post(house, f"/admin/customer/{member_id}/anonymize", [], admin).status == 204
    house.settle()
    assert get(house, me, f"/customer/{member_id}").status == 401
    found = logs(house, admin)
    text = json.dumps(found)
    for name in ("John", "Kowalski", "john4@example.com", "000000005000"):
        assert name not in text
    assert words(found)[-1] == ("AnonymizeCustomer", "admin")
    named = {each["eventType"]: each for each in found}
    assert named["RegisterCustomer"]["data"] == []
    assert named["UpdateCustomerDetails"]["username"] == member_id


def test_every_documented_type_has_a_commands_name():
    for name in OPEN_LOYALTY_TYPES:
        assert audit_words.event_type(name) != name.rpartition(".")[2]
    own = "Guerdon.EarningLimit.Event.EarningLimitWasMet"
    assert (audit_words.event_type(own), audit_words.entity_type(own)) == (
        "EarningLimitWasMet",
        "earningLimit",
    )
    assert audit_words.entity_type("Guerdon.Administrator.Event.X") == "user"
    assert audit_words.entity_type(USER + "InvitationWasCreated") == "invitation"
