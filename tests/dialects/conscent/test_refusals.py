from __future__ import annotations

import json

from dialects.conscent import samples
from guerdon import limits
from guerdon.clock import to_datetime

EVENT = {"eventType": "ORDER_PLACED", "userId": "u-1"}

# Body, status, error, field.
MALFORMED = [
    (b"", 400, "invalid_json", None),
    (b"{", 400, "invalid_json", None),
    (b"\xff\xfe{\x00}\x00", 400, "invalid_json", None),
    (b'\xef\xbb\xbf{"eventType":"A","userId":"u"}', 400, "invalid_json", None),
    (b'{"eventType":"A","userId":"u",}', 400, "invalid_json", None),
    (b'{"eventType":"A","userId":"u","x":NaN}', 400, "invalid_json", None),
    (b'{"eventType":"A","userId":"u","x":1e400}', 400, "invalid_json", None),
    (b'{"eventType":"A","userId":9007199254740993}', 400, "invalid_number", None),
    (b'{"eventType":"A","eventType":"B","userId":"u"}', 400, "duplicate_key", "eventType"),
    (b'{"eventType":"A","userId":"\\u0000"}', 400, "invalid_string", None),
    (b'{"eventType":"A","userId":"\\ud800"}', 400, "invalid_json", None),
    (b'{"eventType":"A","userId":"u","x":' + b"[" * 40 + b"]" * 40 + b"}", 400, "too_deep", None),
    (b"[]", 400, "invalid_event", None),
    (b"null", 400, "invalid_event", None),
    (b"1", 400, "invalid_event", None),
    (b'"x"', 400, "invalid_event", None),
    (b"{}", 400, "missing_field", "eventType"),
    (b'{"userId":"u"}', 400, "missing_field", "eventType"),
    (b'{"eventType":"A"}', 400, "missing_field", "userId"),
    (b'{"eventType":"A","userId":null}', 400, "missing_field", "userId"),
    (b'{"EVENTTYPE":"A","userId":"u"}', 400, "missing_field", "eventType"),
    (b'{"eventType":"","userId":"u"}', 400, "invalid_field", "eventType"),
    (b'{"eventType":7,"userId":"u"}', 400, "invalid_field", "eventType"),
    (b'{"eventType":"A\\n","userId":"u"}', 400, "invalid_field", "eventType"),
    (b'{"eventType":"%s","userId":"u"}' % (b"x" * 129), 400, "invalid_field", "eventType"),
    (b'{"eventType":"A","userId":""}', 400, "invalid_field", "userId"),
    (b'{"eventType":"A","userId":true}', 400, "invalid_field", "userId"),
    (b'{"eventType":"A","userId":1.5}', 400, "invalid_field", "userId"),
    (b'{"eventType":"A","userId":["u"]}', 400, "invalid_field", "userId"),
    (b'{"eventType":"A","userId":"%s"}' % (b"x" * 256), 400, "invalid_field", "userId"),
    (b'{"eventType":"A","userId":"u","eventId":""}', 400, "invalid_field", "eventId"),
    (b'{"eventType":"A","userId":"u","eventId":{}}', 400, "invalid_field", "eventId"),
    (b'{"eventType":"A","userId":"u","occurredAt":1}', 400, "invalid_datetime", "occurredAt"),
    (b'{"eventType":"A","userId":"u","occurredAt":"2024-W32-2T15:04:05"}', 400, "invalid_datetime",
     "occurredAt"),
    (b'{"eventType":"A","userId":"u","occurredAt":"2999-01-01 00:00:00"}', 400, "future_datetime",
     "occurredAt"),
]  # fmt: skip


def test_a_malformed_event_is_refused_with_its_reason_and_kept_as_an_outcome(house) -> None:
    headers = samples.headers(house.key("conscent"))
    for body, status, error, field in MALFORMED:
        reply = house.call("POST", samples.PATH, headers=headers, body=body)
        assert (reply.status, reply.json()["error"]) == (status, error), body
        assert reply.json().get("field") == field, body
        assert reply.json()["message"]
        assert reply.headers["content-type"] == "application/json"
    assert not house.activities()
    kept = [(row[2], row[3], bytes(row[9])) for row in reversed(house.outcomes())]
    assert kept == [("refused", error, body) for body, _, error, _ in MALFORMED]


def test_an_outcome_says_who_sent_what_where(house) -> None:
    headers = samples.headers(house.key("conscent"))
    house.call("POST", samples.PATH, headers=headers, body=b'{"eventType":"A"}')
    [row] = house.outcomes()
    assert row[4] == "userId is missing. (field userId)"
    assert row[5] == "conscent"
    assert row[6] > 0
    assert row[7:9] == ("POST", samples.PATH)
    assert row[10] == len(b'{"eventType":"A"}')


def test_too_much_is_refused(house) -> None:
    headers = samples.headers(house.key("conscent"))
    body = json.dumps({**EVENT, "x": ["y" * 8_000] * 9})
    reply = house.call("POST", samples.PATH, headers=headers, body=body)
    assert (reply.status, reply.json()["error"]) == (413, "too_large")
    for extra in ({"x": ["ü" * 4_000] * 4}, {"x": list(range(3_000))}, {"x": "y" * 8_193}):
        body = json.dumps({**EVENT, **extra}, ensure_ascii=False)
        reply = house.call("POST", samples.PATH, headers=headers, body=body)
        assert (reply.status, reply.json()["error"]) == (422, "too_large"), extra
    assert not house.activities()
    assert len(house.outcomes()) == 4


def test_an_event_that_is_too_large_as_a_whole_names_no_field(house) -> None:
    body = json.dumps({**EVENT, "x": ["ü" * 4_000] * 4}, ensure_ascii=False)
    reply = house.call(
        "POST", samples.PATH, headers=samples.headers(house.key("conscent")), body=body
    )
    assert "field" not in reply.json()
    assert reply.json()["message"].startswith("The event is larger than ")


def test_the_largest_event_is_stored(house) -> None:
    headers = samples.headers(house.key("conscent"))
    event = {"eventType": "x" * 128, "userId": "y" * 255, "x": "z" * 8_000}
    reply = house.call("POST", samples.PATH, headers=headers, body=json.dumps(event))
    assert reply.status == 200


def test_only_json_is_taken(house) -> None:
    headers = samples.headers(house.key("conscent"))
    for media_type in (None, "text/plain", "application/json; charset=utf-16"):
        sent = {**headers, "content-type": media_type or ""}
        if media_type is None:
            del sent["content-type"]
        reply = house.call("POST", samples.PATH, headers=sent, body=samples.BODY)
        assert (reply.status, reply.json()["error"]) == (415, "unsupported_media_type")
    assert not house.activities()
    assert [bytes(row[9]) for row in house.outcomes()] == [samples.BODY] * 3
    sent = {**headers, "content-type": "application/json; charset=UTF-8"}
    assert house.call("POST", samples.PATH, headers=sent, body=samples.BODY).status == 200


def test_the_clock_of_a_sender_may_be_a_little_fast(house) -> None:
    headers = samples.headers(house.key("conscent"))
    for seconds, status in ((limits.clock_skew_seconds_max - 5, 200), (3_600, 400)):
        moment = to_datetime(house.clock.now() + seconds * 1_000_000)
        body = json.dumps({**EVENT, "occurredAt": moment.isoformat()})
        assert house.call("POST", samples.PATH, headers=headers, body=body).status == status


def test_other_paths_and_methods_are_answered_in_the_same_shape(house) -> None:
    headers = samples.headers(house.key("conscent"))
    reply = house.call("POST", "/reward/demo/api/other", headers=headers, body=b"{}")
    assert (reply.status, reply.json()["error"]) == (404, "not_found")
    reply = house.call("PUT", samples.PATH, headers=headers, body=samples.BODY)
    assert (reply.status, reply.json()["error"]) == (405, "method_not_allowed")
    assert reply.headers["allow"] == "POST"
    assert house.call("POST", samples.PATH + "/", headers=headers, body=samples.BODY).status == 200
