"""Logging in as documented, and as an attacker would."""

import hashlib
import re

import jwt
import pytest

from dialects.openloyalty.session import FORM, JSON, PASSWORD, StillClock, bearer, log_in
from guerdon import limits
from guerdon.clock import DAY

LOGIN = "/api/admin/login_check"
REFRESH = "/api/token/refresh"
REVOKE = "/api/token/revoke"


@pytest.fixture
def admin(house):
    return house.admin("admin", PASSWORD)


def refresh(house, refresh_token, headers=FORM):
    body = f"refresh_token={refresh_token}"
    return house.call("POST", REFRESH, headers=headers, body=body)


def stored_refresh_token(house, refresh_token):
    token_hash = hashlib.sha256(refresh_token.encode()).digest()
    return house.read(lambda rows: rows.one("refresh_token", token_hash=token_hash))


def test_the_documented_login_gives_both_tokens(house, admin):
    charset = {"content-type": "application/json; charset=utf-8"}
    for headers, body in (
        (JSON, '{"_username":"admin","_password":"open"}'),
        (charset, '{ "_username" : "admin", "_password" : "open", "_remember_me": true }'),
        (FORM, "_username=admin&_password=open"),
        (FORM, "_username=%61dmin&_password=op%65n&_target_path=%2F"),
    ):
        reply = house.call("POST", LOGIN, headers=headers, body=body)
        assert (reply.status, reply.headers["content-type"]) == (200, "application/json"), body
        assert list(reply.json()) == ["token", "refresh_token"]
        assert re.fullmatch(r"[0-9a-f]{64}", reply.json()["refresh_token"])
        header = jwt.get_unverified_header(reply.json()["token"])
        assert (header["typ"], header["alg"]) == ("JWT", "RS256")
        assert house.call("GET", "/api/event", headers=bearer(reply.json()["token"])).status == 200


def test_a_token_tells_when_its_holder_was_here_before(house, admin):
    first, second = (
        jwt.decode(log_in(house).json()["token"], options={"verify_signature": False})
        for _ in range(2)
    )
    assert first["lastLoginAt"] is None
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", second["lastLoginAt"])
    assert first["id"] == second["id"] == admin


def test_a_wrong_name_is_refused_in_the_words_of_a_wrong_password(house, admin):
    wrong_password = log_in(house, password="shut")
    wrong_name = log_in(house, username="nobody")
    assert wrong_password.status == wrong_name.status == 401
    refused = {"code": 401, "message": "Bad credentials"}
    assert wrong_password.json() == wrong_name.json() == refused
    assert wrong_password.headers["www-authenticate"] == "Bearer"


def test_what_is_no_login_is_refused_in_its_shape(house, admin):
    for headers, body, status in (
        (JSON, '{"_username":"admin"}', 400),
        (JSON, '{"_username":"admin","_password":""}', 400),
        (JSON, '{"_username":"admin","_password":{"$ne":""}}', 400),
        (JSON, '{"_username":"admin","_password":["open"]}', 400),
        (JSON, '{"_username":"x","_username":"admin","_password":"open"}', 400),
        (JSON, '["admin","open"]', 400),
        (JSON, "null", 400),
        (JSON, "{", 400),
        (JSON, '{"_username":"admin\\u0000","_password":"open"}', 400),
        (FORM, "_username=x&_username=admin&_password=open", 400),
        (FORM, "_username=admin%00&_password=open", 400),
        (FORM, '{"_username":"admin","_password":"open"}', 400),
        (JSON, '{"_username":"admin\' OR 1=1 --","_password":"open"}', 401),
        (JSON, '{"_username":"admin","_password":"' + "x" * 2_000 + '"}', 401),
        (JSON, '{"_username":"ADMIN","_password":"open"}', 401),
    ):
        reply = house.call("POST", LOGIN, headers=headers, body=body)
        assert reply.status == status, body
        assert list(reply.json()) == (["error"] if status == 400 else ["code", "message"]), body
        assert "open" not in reply.body.decode()


def test_a_body_of_the_wrong_kind_is_refused_by_the_framework(house):
    login = '{"_username":"admin","_password":"open"}'
    long = '{"_username":"' + "x" * limits.login_body_bytes_max + '"}'
    for headers, body, status in (
        ({"content-type": "text/plain"}, login, 415),
        ({}, login, 415),
        (JSON, long, 413),
    ):
        reply = house.call("POST", LOGIN, headers=headers, body=body)
        assert reply.status == status
        assert reply.json()["error"]["code"] == status


def test_the_eleventh_wrong_password_in_a_minute_is_not_even_looked_at(house, admin):
    house.engine.clock = StillClock()
    tries = [log_in(house, password="shut").status for _ in range(10)]
    assert tries == [401] * 10
    refused = log_in(house)
    assert refused.status == 429
    assert list(refused.json()) == ["message"]
    assert int(refused.headers["retry-after"]) > 0
    assert log_in(house, peer="198.51.100.7").status == 200


def test_a_refresh_token_gives_a_new_pair(house, admin):
    given = log_in(house).json()["refresh_token"]
    for headers, body in (
        (FORM, f"refresh_token={given}"),
        (JSON, f'{{"refresh_token":"{given}"}}'),
    ):
        reply = house.call("POST", REFRESH, headers=headers, body=body)
        assert (reply.status, list(reply.json())) == (200, ["token", "refresh_token"])
        assert house.call("GET", "/api/event", headers=bearer(reply.json()["token"])).status == 200
        assert refresh(house, reply.json()["refresh_token"]).status == 200


def test_each_use_prolongs_a_refresh_token(house, admin):
    refresh_token = log_in(house).json()["refresh_token"]
    before = stored_refresh_token(house, refresh_token)[3]
    assert refresh(house, refresh_token).status == 200
    after = stored_refresh_token(house, refresh_token)[3]
    assert before < after <= house.clock.now() + limits.refresh_token_days * DAY


def test_only_the_hash_of_a_refresh_token_is_kept(house, admin):
    refresh_token = log_in(house).json()["refresh_token"]
    row = stored_refresh_token(house, refresh_token)
    assert row[:3] == (house.tenant_id, "admin", admin)
    raw = bytes.fromhex(refresh_token)
    assert house.read(lambda rows: rows.one("refresh_token", token_hash=raw)) is None


def test_an_unknown_refresh_token_is_refused(house):
    for unknown in ("0558f8bb29948c4e54c443f", "0" * 64, "' OR 1=1 --"):
        reply = refresh(house, unknown)
        assert (reply.status, list(reply.json())) == (401, ["code", "message"]), unknown


def test_a_refresh_without_a_token_is_a_bad_request(house):
    assert house.call("POST", REFRESH, headers=FORM, body="x=1").status == 400


def test_revoking_forgets_all_refresh_tokens_of_the_caller_and_no_others(house, admin):
    house.admin("other", PASSWORD)
    first, second = log_in(house).json(), log_in(house).json()
    other = log_in(house, "other").json()
    reply = house.call("GET", REVOKE, headers=bearer(first["token"]))
    assert (reply.status, reply.body) == (200, b"")
    assert refresh(house, first["refresh_token"]).status == 401
    assert refresh(house, second["refresh_token"]).status == 401
    assert refresh(house, other["refresh_token"]).status == 200


def test_revoking_needs_a_login(house):
    assert house.call("GET", REVOKE).status == 401
