from __future__ import annotations

import json

import pytest

from dialects.conscent import samples
from guerdon.store import catalogue, members, points


@pytest.mark.parametrize("tool", [samples.curl, samples.fetch, samples.guzzle, samples.request])
def test_every_documented_sample_is_stored_and_answered_in_json(house, tool) -> None:
    headers, body = tool(house.key("conscent"))
    reply = house.call("POST", samples.PATH, headers=headers, body=body)
    assert reply.status == 200
    assert reply.headers["content-type"] == "text/plain; charset=utf-8"
    assert reply.json() == {"success": True, "eventId": "1"}
    [stored] = house.activities()
    kind = house.read(lambda rows: catalogue.by_id(rows, house.tenant_id, stored.type_id))
    user = ("external", "42bede01c83fa3947")
    number = house.read(lambda rows: members.find(rows, house.tenant_id, *user))
    assert (kind.name, stored.number, stored.data) == ("ORDER_PLACED", number, None)
    assert stored.occurred_at == stored.recorded_at
    assert not house.outcomes()


def test_the_content_type_follows_accept_and_the_bytes_do_not(house) -> None:
    headers = samples.headers(house.key("conscent"))
    for at, (accept, wanted) in enumerate(
        [
            ("text/plain", "text/plain; charset=utf-8"),
            ("TEXT/plain;q=0.9", "text/plain; charset=utf-8"),
            ("text/plain, text/plain;charset=utf-8", "text/plain; charset=utf-8"),
            ("application/json", "application/json"),
            ("application/json, text/plain, */*", "application/json"),
            ("*/*", "application/json"),
            (None, "application/json"),
        ],
        start=1,
    ):
        sent = {**headers, "accept": accept} if accept else dict(headers)
        if accept is None:
            del sent["accept"]
        reply = house.call("POST", samples.PATH, headers=sent, body=samples.BODY)
        assert reply.headers["content-type"] == wanted, accept
        assert reply.body == b'{"success":true,"eventId":"%d"}' % at


def test_other_fields_are_kept_as_data_and_never_applied(house) -> None:
    headers = samples.headers(house.key("conscent"))
    extra = {
        "points": 999999,
        "tenant": "other",
        "isAdmin": True,
        "__proto__": {"polluted": 1},
        "cart": [{"sku": "Ä-1", "price": 12.5}],
        "note": "'; DROP TABLE activity; --",
    }
    body = json.dumps({"eventType": "CART", "userId": "u-1", **extra})
    assert house.call("POST", samples.PATH, headers=headers, body=body).status == 200
    [stored] = house.activities()
    assert json.loads(stored.data) == extra
    [member] = house.read(lambda rows: members.after(rows, house.tenant_id, 0, 10))
    account = house.read(lambda rows: points.account(rows, house.tenant_id, member.number, 0))
    assert account.available == 0


def test_events_of_one_user_are_of_one_member_whatever_the_dialect(house) -> None:
    registered = house.member(("external", "42bede01c83fa3947"), ("email", "a@example.com"))
    headers = samples.headers(house.key("conscent"))
    for _ in range(2):
        house.call("POST", samples.PATH, headers=headers, body=samples.BODY)
    assert [stored.number for stored in house.activities()] == [registered.number] * 2


def test_a_number_as_user_id_is_its_text(house) -> None:
    headers = samples.headers(house.key("conscent"))
    for user in (b"42", b"42.0", b'"42"'):
        body = b'{"eventType":"A","userId":%s}' % user
        assert house.call("POST", samples.PATH, headers=headers, body=body).status == 200
    assert len({stored.number for stored in house.activities()}) == 1


def test_user_ids_are_compared_as_they_came(house) -> None:
    headers = samples.headers(house.key("conscent"))
    users = ["é", "e\u0301", "E\u0301", "a\u200b", "a", "\u202ea", "\U0001f600", "İ", "i", " a"]
    for user in users * 2:
        body = json.dumps({"eventType": "A", "userId": user})
        assert house.call("POST", samples.PATH, headers=headers, body=body).status == 200
    assert len({stored.number for stored in house.activities()}) == len(users)


def test_a_sender_may_say_when_it_happened(house) -> None:
    headers = samples.headers(house.key("conscent"))
    for text in ("2024-08-06 15:04:05", "2024-08-06T10:04:05-05:00"):
        body = json.dumps({"eventType": "A", "userId": "u", "occurredAt": text})
        assert house.call("POST", samples.PATH, headers=headers, body=body).status == 200
    body = b'{"eventType":"A","userId":"u","occurredAt":null,"eventId":null}'
    assert house.call("POST", samples.PATH, headers=headers, body=body).status == 200
    first, second, third = house.activities()
    assert first.occurred_at == second.occurred_at == 1_722_956_645_000_000
    assert third.occurred_at == third.recorded_at
    assert [stored.data for stored in (first, second, third)] == [None] * 3


def test_an_unknown_user_can_be_refused(house) -> None:
    headers = samples.headers(house.key("conscent"))
    house.setting("members.auto_create.conscent", False)
    reply = house.call("POST", samples.PATH, headers=headers, body=samples.BODY)
    assert reply.status == 404
    assert reply.headers["content-type"] == "application/json"
    assert reply.json()["error"] == "unknown_member"
    assert reply.json()["field"] == "userId"
    assert not house.activities()
    assert [row[2] for row in house.outcomes()] == ["refused"]
    house.member(("external", "42bede01c83fa3947"))
    assert house.call("POST", samples.PATH, headers=headers, body=samples.BODY).status == 200
