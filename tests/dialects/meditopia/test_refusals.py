from __future__ import annotations

import json

from dialects.meditopia import samples
from dialects.meditopia.samples import EVENTS, batch, camel, snake, without

# The event, and the code and field of its refusal.
MALFORMED_EVENTS = [
    (camel(event="purchase"), "E_1002", "event"),
    (camel(event="Video"), "E_1002", "event"),
    (camel(event="video\n"), "E_1002", "event"),
    (camel(event=None), "E_1002", "event"),
    (camel(event=["video"]), "E_1002", "event"),
    (without(camel(), "event"), "E_1002", "event"),
    (without(camel(), "token"), "E_1003", "token"),
    (camel(token=""), "E_1003", "token"),
    (camel(token=None), "E_1003", "token"),
    (camel(token=7), "E_1003", "token"),
    (camel(token="x" * 2_049), "E_1003", "token"),
    (without(camel(), "partnerUserID"), "E_1003", "partnerUserID"),
    (without(snake(), "partner_user_id"), "E_1003", "partnerUserID"),
    (snake(partnerUserID=None), "E_1003", "partnerUserID"),
    (camel(partnerUserID=17), "E_1003", "partnerUserID"),
    (camel(partnerUserID="x" * 256), "E_1003", "partnerUserID"),
    (without(camel(), "receivedAt"), "E_1003", "receivedAt"),
    (without(snake(), "received_at"), "E_1003", "receivedAt"),
    (camel(receivedAt=None), "E_1003", "receivedAt"),
    (camel(receivedAt=1722956645), "E_1003", "receivedAt"),
    (camel(receivedAt=["2024-08-06 15:04:05"]), "E_1003", "receivedAt"),
    (camel(receivedAt="2024-08-06"), "E_1003", "receivedAt"),
    (camel(receivedAt="2024-W32-2T15:04:05"), "E_1003", "receivedAt"),
    (camel(receivedAt="2024-08-06 24:00:00"), "E_1003", "receivedAt"),
    (camel(receivedAt="2024-08-06 15:04:60"), "E_1003", "receivedAt"),
    (camel(receivedAt="2024-02-30 00:00:00"), "E_1003", "receivedAt"),
    (camel(receivedAt="\u0662\u0660\u0662\u0664-08-06 15:04:05"), "E_1003", "receivedAt"),
    (camel(receivedAt="0001-01-01T00:00:00+14:00"), "E_1003", "receivedAt"),
    (camel(receivedAt="9999-12-31 23:59:59"), "E_1003", "receivedAt"),
    (camel(eventValue=["x" * 8_000] * 3), "E_1003", "eventValue"),
    ([], "E_1003", "event"),
    ("video", "E_1003", "event"),
    (None, "E_1003", "event"),
    (1, "E_1003", "event"),
]

# The body, and the code of its refusal.
MALFORMED_BODIES = [
    (b"", "E_1000"),
    (b"{", "E_1000"),
    (b'{"events":[NaN]}', "E_1000"),
    (b'{"events":[],"events":[]}', "E_1000"),
    (b'{"events":[9007199254740993]}', "E_1000"),
    (b'{"events":["\\u0000"]}', "E_1000"),
    (b'{"events":["\\ud800"]}', "E_1000"),
    (b'{"events":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "E_1000"),
    (b'{"events":[' + b"1," * 3_000 + b"1]}", "E_1000"),
    (b'{"events":[' + b"{}," * 100 + b"{}]}", "E_1001"),
    (b'{"events":[]}', "E_1001"),
    (b'{"events":null}', "E_1003"),
    (b'{"events":{}}', "E_1003"),
    (b"{}", "E_1003"),
    (b"[]", "E_1003"),
    (b"null", "E_1003"),
    (b"1", "E_1003"),
    (b'"x"', "E_1003"),
]


def test_one_malformed_event_refuses_the_whole_batch_and_is_pointed_at(house) -> None:
    samples.members(house)
    headers = samples.headers(house.key("meditopia"))
    for bad, code, field in MALFORMED_EVENTS:
        for first in (camel(), snake()):
            events = [first] * 100
            events[57] = bad
            reply = house.call("POST", EVENTS, headers=headers, body=batch(*events))
            assert reply.status == 422, bad
            [error] = reply.json()["errors"]
            assert reply.json()["success"] is False
            assert (error["code"], error["index"], error["field"]) == (code, 57, field), bad
            assert error["message"]
    assert not house.activities()
    assert len(house.outcomes()) == 2 * len(MALFORMED_EVENTS)


def test_the_first_event_may_be_the_malformed_one(house) -> None:
    samples.members(house)
    headers = samples.headers(house.key("meditopia"))
    for bad, code, field in MALFORMED_EVENTS:
        reply = house.call("POST", EVENTS, headers=headers, body=batch(bad, camel()))
        [error] = reply.json()["errors"]
        assert (error["code"], error["index"], error["field"]) == (code, 0, field), bad
    assert not house.activities()


def test_a_malformed_body_is_refused_and_kept_as_an_outcome(house) -> None:
    headers = samples.headers(house.key("meditopia"))
    for body, code in MALFORMED_BODIES:
        reply = house.call("POST", EVENTS, headers=headers, body=body)
        assert reply.status == 422, body[:80]
        assert [error["code"] for error in reply.json()["errors"]] == [code], body[:80]
    assert not house.activities()
    kept = [bytes(row[9]) for row in reversed(house.outcomes())]
    assert kept == [body[:65_536] for body, _ in MALFORMED_BODIES]
    assert [row[10] for row in reversed(house.outcomes())] == [
        len(body) for body, _ in MALFORMED_BODIES
    ]


def test_a_batch_of_a_hundred_and_one_is_refused(house) -> None:
    samples.members(house)
    headers = samples.headers(house.key("meditopia"))
    reply = house.call("POST", EVENTS, headers=headers, body=batch(*[camel()] * 101))
    assert (reply.status, reply.json()["errors"][0]["code"]) == (422, "E_1001")
    assert not house.activities()


def test_an_unknown_user_refuses_the_whole_batch(house) -> None:
    samples.members(house)
    headers = samples.headers(house.key("meditopia"))
    events = [camel()] * 100
    for stranger in (
        camel(token="user-token-3"),
        camel(partnerUserID="user-2"),
        camel(partnerUserID="user-3"),
        camel(event="register", partnerUserID="user-2"),
    ):
        events[57] = stranger
        reply = house.call("POST", EVENTS, headers=headers, body=batch(*events))
        assert reply.status == 404, stranger
        [error] = reply.json()["errors"]
        assert (error["code"], error["index"]) == ("E_1404", 57), stranger
    assert not house.activities()
    assert [row[3] for row in house.outcomes()] == ["unknown_member"] * 4


def test_a_malformed_batch_tells_nothing_about_users(house) -> None:
    samples.members(house)
    headers = samples.headers(house.key("meditopia"))
    body = batch(camel(token="nobody"), camel(event="nothing"))
    reply = house.call("POST", EVENTS, headers=headers, body=body)
    assert (reply.status, reply.json()["errors"][0]["code"]) == (422, "E_1002")


def test_positions_of_refused_batches_leave_no_gap(house) -> None:
    samples.members(house)
    headers = samples.headers(house.key("meditopia"))
    good = batch(camel(), camel())
    assert house.call("POST", EVENTS, headers=headers, body=good).status == 204
    bad = batch(camel(), camel(token="nobody"))
    assert house.call("POST", EVENTS, headers=headers, body=bad).status == 404
    assert house.call("POST", EVENTS, headers=headers, body=batch(camel())).status == 204
    assert [each.position for each in house.activities()] == [1, 2, 3]


def test_too_large_a_body_is_refused(house) -> None:
    headers = samples.headers(house.key("meditopia"))
    body = b'{"events":[' + b" " * 1_048_576 + b"]}"
    reply = house.call("POST", EVENTS, headers=headers, body=body)
    assert (reply.status, reply.json()["errors"][0]["code"]) == (413, "E_1413")
    assert len(house.outcomes()) == 1


def test_only_json_is_taken(house) -> None:
    headers = {**samples.headers(house.key("meditopia")), "Content-Type": "text/plain"}
    reply = house.call("POST", EVENTS, headers=headers, body=samples.DOCUMENTED)
    assert (reply.status, reply.json()["errors"][0]["code"]) == (415, "E_1415")


def test_other_paths_and_methods_are_answered_in_the_envelope(house) -> None:
    for method, path, status, code in (
        ("GET", EVENTS, 405, "E_1405"),
        ("POST", "/default/v1/users", 404, "E_1004"),
        ("POST", "/default/v1//events", 400, "E_1400"),
    ):
        reply = house.call(method, path)
        assert reply.status == status
        assert reply.headers["content-type"] == "application/json"
        assert json.loads(reply.body)["errors"][0]["code"] == code
