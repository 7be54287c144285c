"""What surrounds the documented requests: versions, health, browsers, and what is not there."""

from guerdon.dialects.openloyalty.routes import Api, room
from guerdon.engine.engine import Engine
from guerdon.errors import StoreUnavailable

GETS = ("/api/", "/api/healthcheck", "/api/event", "/api/event/1", "/api/token/revoke")
POSTS = ("/api/admin/login_check", "/api/token/refresh")


def permanent(house):
    return {"x-auth-token": house.key("openloyalty")}


class UnreachableAsker:
    """The way to a store that is gone."""

    async def ask(self, question):
        raise StoreUnavailable('connection to server at "db.inside" failed')

    ask_long = ask

    async def close(self):
        return None


def test_the_version_is_what_clients_of_the_format_expect(house):
    for target in ("/api/", "/api"):
        reply = house.call("GET", target)
        assert (reply.status, reply.json()) == (200, {"name": "OpenLoyalty", "version": "4.3.0"})


def test_a_healthy_store_is_ok(house):
    reply = house.call("GET", "/api/healthcheck")
    assert (reply.status, reply.json()) == (200, [{"name": "Store", "status": "OK"}])


def test_a_lost_store_is_a_problem(house):
    engine = house.engine
    broken = Engine(engine._submitter, UnreachableAsker(), engine.clock, engine.vault)
    answer = house.run(Api(broken, house.config).health(None))
    assert answer.status == 503
    assert b'"status":"Problem","message":"The store cannot be reached."' in answer.body
    assert b"db.inside" not in answer.body


def test_a_browser_may_ask_from_anywhere(house):
    for target in (*GETS, *POSTS):
        reply = house.call("OPTIONS", target, headers={"origin": "https://shop.example"})
        assert (reply.status, reply.body) == (204, b""), target
        assert reply.headers["access-control-allow-origin"] == "*"
        assert reply.headers["access-control-allow-methods"] == "GET, POST, PUT, DELETE"
        # The wildcard is for what libraries add; it covers all but the first.
        allowed = reply.headers["access-control-allow-headers"].split(", ")
        assert {"Authorization", "*"} <= set(allowed)


def test_every_answer_can_be_read_by_a_web_page(house):
    for target in (*GETS, "/api/nothing", "/api/event/1/2"):
        for headers in ({}, permanent(house), {"x-auth-token": "wrong"}):
            reply = house.call("GET", target, headers=headers)
            assert reply.headers["access-control-allow-origin"] == "*", target
            assert "access-control-allow-credentials" not in reply.headers


def test_an_unknown_path_is_not_found_in_the_frameworks_words(house):
    for target in ("/api/nothing", "/api/events", "/api/DEFAULT/event", "/api/x/y"):
        reply = house.call("GET", target)
        assert reply.status == 404, target
        assert reply.json() == {"error": {"code": 404, "message": "Not Found"}}


def test_another_method_is_told_which_there_are(house):
    for method, target, allow in (
        ("DELETE", "/api/event", "GET, HEAD, OPTIONS"),
        ("POST", "/api/event/1", "GET, HEAD, OPTIONS"),
        ("GET", "/api/admin/login_check", "OPTIONS, POST"),
        ("TRACE", "/api/event", "GET, HEAD, OPTIONS"),
        ("PUT", "/api/token/refresh", "OPTIONS, POST"),
    ):
        reply = house.call(method, target)
        assert (reply.status, reply.headers["allow"]) == (405, allow), target
        assert reply.json() == {"error": {"code": 405, "message": "Method Not Allowed"}}


def test_a_malformed_path_is_a_bad_request(house):
    for target in ("/api//event", "/api/event/..", "/api/event/%00", "/api/event;a"):
        reply = house.call("GET", target)
        assert reply.status == 400, target
        assert isinstance(reply.json()["error"], str)


def test_a_get_with_a_body_is_a_bad_request(house):
    reply = house.call("GET", "/api/event", headers=permanent(house), body=b"{}")
    assert reply.status == 400


def test_a_store_that_is_away_is_said_so_and_when_to_come_back(house):
    built = room(house.engine, house.config)
    answer = built.failed(None, StoreUnavailable())
    assert answer.status == 503
    assert b'"code":503' in answer.body


def test_a_defect_of_ours_tells_nothing_but_its_number(house):
    answer = room(house.engine, house.config).crashed(None, "r-1")
    assert answer.status == 500
    assert answer.body == (
        b'{"error":{"code":500,"message":"Internal Server Error","requestId":"r-1"}}'
    )


def test_a_head_request_has_a_gets_headers(house):
    headers = permanent(house)
    assert house.call("HEAD", "/api/event", headers=headers).status == 200
