"""Who comes in, from where, how often; and what the room says to everything else."""

from __future__ import annotations

import base64

import pytest

from dialects.woowup.partner import Partner, shape
from guerdon import limits
from guerdon.errors import Refused, StoreFull

FORBIDDEN = (403, [], "forbidden: authentication failed", "forbidden")


def spelled(key: str) -> list[str]:
    user = base64.b64encode(f"{key}:".encode()).decode()
    password = base64.b64encode(f":{key}".encode()).decode()
    return [
        f"Basic {key}",
        f"basic {key}",
        f"BASIC  {key}",
        f"Bearer {key}",
        key,
        f"Basic {user}",
        f"Basic {password}",
    ]


def test_every_documented_spelling_of_the_key_is_accepted(partner: Partner) -> None:
    for value in spelled(partner.secret):
        assert partner.get("/events", headers={"authorization": value}).status == 200, value
    reply = partner.get(f"/events?apikey={partner.secret}&limit=5", headers={"accept": "*/*"})
    assert reply.status == 200


NO_KEYS: tuple[tuple[str, str], ...] = (
    ("accept", "*/*"),
    ("authorization", ""),
    ("authorization", "Basic"),
    ("authorization", "Basic wrong"),
    ("authorization", "Digest x"),
    ("authorization", "Basic " + "x" * 10_000),
    ("authorization", "Basic \xff\xfe"),
    ("x-api-key", "wrong"),
)


def test_anything_else_is_the_same_403(partner: Partner) -> None:
    for header in NO_KEYS:
        for method, path in (("GET", "/events"), ("POST", "/user-events"), ("GET", "/users/1")):
            reply = partner.call(method, path, headers=[header])
            assert shape(reply) == FORBIDDEN, header


def test_two_keys_in_one_request_are_a_403(partner: Partner) -> None:
    twice = [("authorization", f"Basic {partner.secret}")] * 2
    assert shape(partner.get("/events", headers=twice)) == FORBIDDEN


def test_a_key_of_another_dialect_is_a_403(partner: Partner) -> None:
    for dialect in ("conscent", "meditopia", "native"):
        other = partner.house.key(dialect)
        reply = partner.get("/events", headers={"authorization": f"Basic {other}"})
        assert shape(reply) == FORBIDDEN


def test_an_allowlist_holds(partner: Partner) -> None:
    listed = Partner(partner.house, allow_ip=("198.51.100.0/24",))
    assert listed.get("/events", peer="198.51.100.7").status == 200
    assert shape(listed.get("/events", peer="203.0.113.9")) == FORBIDDEN
    forged = {"authorization": f"Basic {listed.secret}", "x-forwarded-for": "198.51.100.7"}
    assert shape(listed.get("/events", headers=forged, peer="203.0.113.9")) == FORBIDDEN


def test_too_many_wrong_keys_from_one_address_are_a_429(partner: Partner) -> None:
    wrong = {"authorization": "Basic wrong"}
    for _ in range(limits.key_failures_per_minute_max):
        assert partner.get("/events", headers=wrong, peer="198.51.100.7").status == 403
    reply = partner.get("/events", headers=wrong, peer="198.51.100.7")
    assert shape(reply) == (429, [], "too many request", "too_many_request")
    assert int(reply.headers["retry-after"]) >= 1
    assert partner.get("/events", peer="198.51.100.7").status == 200
    assert partner.get("/events", headers=wrong, peer="198.51.100.8").status == 403


def test_the_rate_limit_is_off_until_it_is_set(partner: Partner) -> None:
    assert "x-rate-limit-limit" not in partner.get("/events").headers


def test_the_rate_limit_answers_the_documented_429(partner: Partner) -> None:
    partner.house.setting("rate_limit.per_minute", 3)
    left = []
    for _ in range(3):
        reply = partner.get("/events")
        assert reply.status == 200
        assert reply.headers["x-rate-limit-limit"] == "3"
        left.append(int(reply.headers["x-rate-limit-remaining"]))
    assert left == [2, 1, 0]
    reply = partner.post("/user-events", b"{}")
    assert shape(reply) == (429, [], "too many request", "too_many_request")
    assert reply.headers["x-rate-limit-remaining"] == "0"
    assert int(reply.headers["x-rate-limit-reset"]) > partner.house.clock.now() // 1_000_000
    assert 1 <= int(reply.headers["retry-after"]) <= 60
    assert Partner(partner.house).get("/events").status == 200


def test_an_unknown_path_is_a_404_in_the_envelope(partner: Partner) -> None:
    for path in ("/nothing", "/users/1/nothing", "", "/purchases", "/events/1/2"):
        assert shape(partner.get(path)) == (404, [], "not found", "not_found")


def test_another_method_is_a_405_in_the_envelope(partner: Partner) -> None:
    for method, path, allow in (
        ("PATCH", "/events", "GET, HEAD, POST"),
        ("DELETE", "/users/1", "GET, HEAD, PUT"),
        ("POST", "/user-events/bulk", "DELETE"),
        ("TRACE", "/events", "GET, HEAD, POST"),
    ):
        reply = partner.call(method, path)
        assert shape(reply) == (405, [], "method not allowed", "method_not_allowed")
        assert reply.headers["allow"] == allow


def test_a_malformed_path_is_a_400_in_the_envelope(partner: Partner) -> None:
    for path in ("/users//exist", "/users/%zz", "/users/%00", "/users/..", "/users/%2e%2e/exist"):
        status, _, _, code = shape(partner.get(path))
        assert (status, code) == (400, "bad_request")


def test_a_get_with_a_body_is_refused(partner: Partner) -> None:
    for path in ("/events", "/user-events", "/users/1"):
        status, _, _, code = shape(partner.get(path, body=b'{"a":1}'))
        assert (status, code) == (400, "bad_request")


def test_a_body_above_the_documented_size_is_a_413(partner: Partner) -> None:
    body = b'{"a":"%s"}' % (b"x" * limits.woowup_body_bytes_max)
    status, _, _, code = shape(partner.post("/user-events", body))
    assert (status, code) == (413, "bad_request")


def test_a_failing_store_is_a_503_with_retry_after(
    partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(_command: object) -> None:
        raise StoreFull

    monkeypatch.setattr(partner.house.engine, "execute", full)
    reply = partner.post("/events", {"name": "a"})
    status, payload, _, code = shape(reply)
    assert (status, payload, code) == (503, [], "store_full")
    assert int(reply.headers["retry-after"]) >= 1


def test_a_deleted_account_is_the_documented_410(
    partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def deleted(_command: object) -> None:
        raise Refused(code="account_deleted")

    monkeypatch.setattr(partner.house.engine, "execute", deleted)
    reply = partner.post("/events", {"name": "a"})
    assert shape(reply) == (410, [], "gone: account deleted", "account_deleted")


def test_a_defect_is_the_documented_500_and_tells_nothing(
    partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_command: object) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(partner.house.engine, "execute", broken)
    reply = partner.post("/events", {"name": "a"})
    assert shape(reply) == (500, [], "", "internal_error")
    assert len(reply.json()["request_id"]) == 36
    assert b"secret" not in reply.body


def test_every_answer_even_of_a_refusal_says_what_was_repaired(partner: Partner) -> None:
    reply = partner.post("/user-events", b'{"event":"other","service_uid":"u",}')
    assert reply.status == 404
    assert reply.headers["x-guerdon-repaired"] == "trailing-comma"
    reply = partner.post("/events", b'{"name":"a"\n"x":[1,],}')
    assert reply.headers["x-guerdon-repaired"] == "missing-comma, trailing-comma"
