"""Who may come in: signed tokens, permanent tokens, and nobody else."""

import asyncio

import jwt
import pytest

from dialects.openloyalty.session import PASSWORD, StillClock, administrator, bearer, log_in
from guerdon import limits
from guerdon.clock import SECOND, SystemClock
from guerdon.dialects.openloyalty import tokens
from guerdon.dialects.openloyalty.keyring import Keyring
from guerdon.engine.commands import RevokeKey
from guerdon.engine.engine import Engine
from guerdon.errors import Unauthenticated

EVENTS = "/api/event"


class LaterClock(SystemClock):
    """The machine's clock, some seconds ahead."""

    def __init__(self, seconds):
        super().__init__()
        self._later = seconds * SECOND

    def now(self):
        return super().now() + self._later


def status(house, headers=None, target=EVENTS, **call):
    return house.call("GET", target, headers=headers or {}, **call).status


def rotate(house):
    command = tokens.new_signing_key(house.clock, house.engine.vault)
    house.execute(command)
    return command


def test_without_a_credential_one_is_asked_for(house):
    reply = house.call("GET", EVENTS)
    assert reply.status == 401
    assert reply.json() == {"code": 401, "message": "Authentication Required"}
    assert reply.headers["www-authenticate"] == "Bearer"


def test_a_malformed_authorization_is_refused(house):
    wrong = (
        "",
        "Bearer",
        "Bearer ",
        "Bearer a b",
        "Bearer x.y.z",
        "Basic YWRtaW46b3Blbg==",
        "token",
    )
    for value in (*wrong, "\xff\xfe"):
        reply = house.call("GET", EVENTS, headers={"authorization": value})
        assert (reply.status, list(reply.json())) == (401, ["code", "message"]), value


def test_two_authorizations_are_none(house):
    good = administrator(house)["authorization"]
    assert status(house, [("authorization", good)]) == 200
    assert status(house, [("authorization", good), ("authorization", good)]) == 401


def test_the_scheme_is_read_in_any_case(house):
    token = administrator(house)["authorization"].partition(" ")[2]
    assert status(house, {"authorization": f"bEaReR {token}"}) == 200


def test_a_signed_token_of_nobody_is_refused(house):
    administrator(house)
    keyring = Keyring(house.engine)
    kid, private = house.run(keyring.private())
    nobody = tokens.Holder("nobody", house.tenant_id, "admin", None)
    token = tokens.issued(nobody, kid, private, house.clock.now())
    assert status(house, bearer(token)) == 401


def test_a_remembered_token_still_ends_on_time(house):
    administrator(house)
    keyring = Keyring(house.engine)
    kid, private = house.run(keyring.private())
    row = house.read(lambda rows: rows.one("administrator_by_username", username="admin"))
    admin = tokens.Holder(row[0], row[1], row[3], None)
    lifetime = limits.jwt_lifetime_seconds_max * SECOND
    dead = tokens.issued(admin, kid, private, house.clock.now() - lifetime - 60 * SECOND)
    alive = tokens.issued(admin, kid, private, house.clock.now() - lifetime + 60 * SECOND)
    assert [status(house, bearer(token)) for token in (alive, dead, alive)] == [200, 401, 200]


# --- signing keys --------------------------------------------------------------------------------


def test_the_first_key_is_made_when_it_is_first_needed(house):
    assert not house.read(lambda rows: rows.all("signing_keys", since=0))
    administrator(house)
    assert len(house.read(lambda rows: rows.all("signing_keys", since=0))) == 1


def test_workers_that_start_together_agree_on_a_key(house):
    keyrings = [Keyring(house.engine) for _ in range(3)]
    kids = {house.run(keyring.private())[0] for keyring in keyrings}
    assert len(kids) == 1


def test_askers_of_one_worker_share_the_first_key(house):
    keyring = Keyring(house.engine)

    async def together():
        return await asyncio.gather(*(keyring.private() for _ in range(5)))

    assert len({kid for kid, _ in house.run(together())}) == 1


def test_after_a_rotation_old_tokens_hold_and_new_ones_are_signed_anew(house):
    old = administrator(house)
    command = rotate(house)
    assert status(house, old) == 200
    kid, _ = house.run(Keyring(house.engine).private())
    assert kid == command.kid
    assert len(house.read(lambda rows: rows.all("signing_keys", since=2**62))) == 1


def test_a_key_that_another_worker_has_just_made_is_known_at_once(house):
    administrator(house)
    rotate(house)
    another_worker = Keyring(house.engine)
    kid, private = house.run(another_worker.private())
    row = house.read(lambda rows: rows.one("administrator_by_username", username="admin"))
    token = tokens.issued(
        tokens.Holder(row[0], row[1], row[3], None), kid, private, house.clock.now()
    )
    assert status(house, bearer(token)) == 200


def test_a_retired_key_is_forgotten_when_its_last_token_is_dead(house):
    token = administrator(house)["authorization"].partition(" ")[2]
    kid = jwt.get_unverified_header(token)["kid"]
    rotate(house)
    lifetime = limits.jwt_lifetime_seconds_max + limits.jwt_leeway_seconds
    for seconds, is_known in ((lifetime - 60, True), (lifetime + 60, False)):
        clock = LaterClock(seconds)
        parts = (house.engine._submitter, house.engine._asker, clock, house.engine.vault)
        keyring = Keyring(Engine(*parts))
        if is_known:
            assert house.run(keyring.public(kid)) is not None
        else:
            with pytest.raises(Unauthenticated):
                house.run(keyring.public(kid))


def test_a_name_that_cannot_be_a_key_of_ours_asks_the_store_nothing(house):
    administrator(house)
    keyring = Keyring(house.engine)
    asked = []
    ask = house.engine.read

    async def counted(question):
        asked.append(question)
        return await ask(question)

    house.engine.read = counted
    for kid in ("../../etc/passwd", "' OR 1=1 --", "x" * 10_000, "", "A" * 36):
        with pytest.raises(Unauthenticated):
            house.run(keyring.public(kid))
    assert not asked


# --- permanent tokens ----------------------------------------------------------------------------


def test_a_permanent_token_is_a_key_of_this_dialect(house):
    key = house.key("openloyalty")
    assert status(house, {"x-auth-token": key}) == 200
    assert status(house, {}, f"{EVENTS}?auth_token={key}") == 200
    assert status(house, {}, f"{EVENTS}?perPage=5&auth_token={key}") == 200


def test_a_wrong_permanent_token_is_forbidden(house):
    for key in ("wrong", "gk_", "'OR/**/1=1--", "x" * 4_000):
        reply = house.call("GET", EVENTS, headers={"x-auth-token": key})
        assert (reply.status, reply.json()) == (403, {"message": "Invalid API key"})


def test_a_key_of_another_dialect_does_not_open_this_room(house):
    for dialect in ("woowup", "conscent", "meditopia", "native"):
        assert status(house, {"x-auth-token": house.key(dialect)}) == 403


def test_a_key_may_be_tied_to_addresses(house):
    key = house.key("openloyalty", allow_ip=("192.0.2.0/24",))
    assert status(house, {"x-auth-token": key}, peer="192.0.2.77") == 200
    assert status(house, {"x-auth-token": key}, peer="198.51.100.1") == 403
    spoofed = {"x-auth-token": key, "x-forwarded-for": "192.0.2.77"}
    assert status(house, spoofed, peer="198.51.100.1") == 403


def test_a_revoked_key_is_forbidden(house):
    key = house.key("openloyalty")
    assert status(house, {"x-auth-token": key}) == 200
    house.execute(RevokeKey(0, 0, 1))
    house.engine.directory.forget()
    assert status(house, {"x-auth-token": key}) == 403


def test_two_permanent_tokens_are_none(house):
    key = house.key("openloyalty")
    assert status(house, [("x-auth-token", key), ("x-auth-token", key)]) in (401, 403)
    assert status(house, {}, f"{EVENTS}?auth_token={key}&auth_token={key}") == 400
    assert status(house, {}, f"{EVENTS}?auth_token=") == 401


def test_a_hundred_wrong_keys_in_a_minute_are_too_many_but_the_right_one_works(house):
    key = house.key("openloyalty")
    house.engine.clock = StillClock()
    wrong = [status(house, {"x-auth-token": f"wrong-{number}"}) for number in range(101)]
    assert wrong == [403] * 100 + [429]
    assert status(house, {"x-auth-token": key}) == 200


def test_a_key_has_no_refresh_tokens_to_revoke(house):
    key = house.key("openloyalty")
    assert status(house, {"x-auth-token": key}, "/api/token/revoke") == 200


def test_a_rate_limit_holds_for_keys_and_administrators_alike(house):
    house.engine.clock = StillClock()
    house.setting("rate_limit.per_minute", 3)
    for headers in ({"x-auth-token": house.key("openloyalty")}, administrator(house)):
        replies = [house.call("GET", EVENTS, headers=headers) for _ in range(4)]
        assert [reply.status for reply in replies] == [200, 200, 200, 429]
        assert replies[0].headers["x-rate-limit-limit"] == "3"
        assert replies[0].headers["x-rate-limit-remaining"] == "2"
        assert int(replies[3].headers["retry-after"]) > 0


def test_nothing_tells_of_a_rate_limit_when_there_is_none(house):
    reply = house.call("GET", EVENTS, headers=administrator(house))
    assert not [name for name in reply.headers if name.startswith("x-rate-limit")]


def test_logging_in_twice_gives_two_tokens_that_both_hold(house):
    house.admin("admin", PASSWORD)
    for _ in range(2):
        assert status(house, bearer(log_in(house).json()["token"])) == 200
