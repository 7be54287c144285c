"""Every request gets one answer, in the shape of the room its path belongs to."""

from __future__ import annotations

import asyncio
import json

import pytest
from structlog.testing import capture_logs

from guerdon import errors
from guerdon.web import answers
from guerdon.web.answers import Answer
from guerdon.web.app import Application, Probes
from guerdon.web.request import Request
from guerdon.web.routing import Room, Route


async def ready():
    return False, {"store": "full"}


async def metrics():
    return b"metric 1\n"


PROBES = Probes(ready, metrics, lambda: {"version": "0.1.0"})


async def echo(request: Request) -> Answer:
    return Answer(200, answers.TEXT, await request.body() + request.params["name"].encode())


async def refuse(request: Request) -> Answer:
    raise errors.TooLarge("Too much.")


async def crash(request: Request) -> Answer:
    raise ZeroDivisionError("a defect")


async def fail(request: Request) -> Answer:
    raise errors.StoreFull


def not_found(request: Request) -> Answer:
    return Answer(404, body=b"room: not found")


def method_not_allowed(request: Request, allow: str) -> Answer:
    return Answer(405, body=b"room: " + allow.encode())


def failed(request: Request, error: errors.GuerdonError) -> Answer:
    return Answer(answers.status_of(error), body=b"room: " + error.code.encode())


def crashed(request: Request, request_id: str) -> Answer:
    return Answer(500, body=b"room: " + request_id.encode())


ROUTES = (
    Route("POST", "/echo/{name}", echo),
    Route("POST", "/refuse", refuse),
    Route("POST", "/crash", crash),
    Route("POST", "/fail", fail),
)
ROOM = Room("room", "/room", ROUTES, not_found, method_not_allowed, failed, crashed)


def scope_of(method, path, headers=()):
    return {
        "type": "http",
        "method": method,
        "raw_path": path,
        "query_string": b"",
        "headers": list(headers),
        "client": ("192.0.2.1", 4000),
    }


async def ask(application, method, path, body=b"", headers=()):
    sent = []

    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message):
        sent.append(message)

    await application(scope_of(method, path, headers), receive, send)
    if not sent:
        return None
    start, rest = sent
    return start["status"], dict(start["headers"]), rest["body"]


@pytest.fixture
def application():
    return Application([ROOM], PROBES)


def asked(application, *request, **more):
    return asyncio.run(ask(application, *request, **more))


def test_a_handler_s_answer_goes_out_with_its_length(application):
    status, headers, body = asked(application, "POST", b"/room/echo/you", b"hello ")
    assert (status, body) == (200, b"hello you")
    assert headers[b"content-length"] == b"9"
    assert application.counts["room", 200] == 1
    assert application.inflight == 0


def test_204_has_neither_length_nor_type():
    async def done(request: Request) -> Answer:
        return answers.NO_CONTENT

    application = Application([Room("a", "/a", (Route("POST", "", done),))], PROBES)
    assert asked(application, "POST", b"/a") == (204, {}, b"")


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("POST", b"/room/nothing", (404, b"room: not found")),
        ("PUT", b"/room/fail", (405, b"room: POST")),
        ("POST", b"/room/refuse", (413, b"room: too_large")),
        ("POST", b"/room/fail", (503, b"room: store_full")),
        ("POST", b"/room/%2e%2e/fail", (400, b"room: bad_path")),
    ],
)
def test_what_goes_wrong_is_said_in_the_room_s_own_shape(application, method, path, expected):
    with capture_logs() as lines:
        status, _, body = asked(application, method, path)
    assert (status, body) == expected
    assert lines[0]["event"] == "request_refused"
    assert lines[0]["status"] == status


def test_what_the_database_says_of_itself_is_for_the_log_alone():
    said = 'connection to server at "db.inside" (10.1.2.3) failed for user "loyal"'

    async def lost(_request: Request) -> Answer:
        raise errors.StoreUnavailable(said)

    async def unreadable():
        raise errors.StoreUnavailable(said)

    rooms = [Room("open", "/open", (Route("POST", "", lost),))]
    application = Application(rooms, Probes(ready, unreadable, dict))
    for method, path in (("POST", b"/open"), ("GET", b"/metrics")):
        with capture_logs() as lines:
            status, _, body = asked(application, method, path)
        assert status == 503
        assert json.loads(body)["detail"] == "The store cannot be reached."
        assert lines[0]["reason"] == said


def test_405_names_the_methods_in_allow(application):
    with capture_logs():
        _, headers, _ = asked(application, "TRACE", b"/room/fail")
    assert headers[b"allow"] == b"POST"


def test_every_503_says_when_to_come_back(application):
    with capture_logs():
        _, headers, _ = asked(application, "POST", b"/room/fail")
    assert int(headers[b"retry-after"]) >= 1


def test_a_defect_is_answered_with_an_id_and_logged_with_its_cause(application):
    with capture_logs() as lines:
        status, _, body = asked(application, "POST", b"/room/crash")
    assert status == 500
    assert b"defect" not in body
    [line] = lines
    assert line["log_level"] == "error"
    assert line["message"] == "a defect"
    assert body == b"room: " + line["request_id"].encode()


def test_a_path_of_no_room_gets_a_problem_body(application):
    with capture_logs():
        status, headers, body = asked(application, "GET", b"/nowhere")
    assert status == 404
    assert headers[b"content-type"] == b"application/problem+json"
    assert json.loads(body)["code"] == "not_found"


@pytest.mark.parametrize(
    "headers", [[(b"content-length", b"3")], [(b"transfer-encoding", b"chunked")]]
)
def test_a_get_with_a_body_is_refused(application, headers):
    with capture_logs():
        status, _, body = asked(application, "GET", b"/version", headers=headers)
    assert (status, json.loads(body)["code"]) == (400, "unexpected_body")


def test_a_get_of_length_zero_is_served(application):
    assert asked(application, "GET", b"/version", headers=[(b"content-length", b"0")])[0] == 200


def test_nobody_is_answered_after_a_disconnect(application):
    sent = []

    async def receive():
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    asyncio.run(application(scope_of("POST", b"/room/echo/you"), receive, send))
    assert sent == []
    assert application.inflight == 0


def test_above_the_bound_requests_are_turned_away_and_probes_answer():
    async def asking():
        entered, leave = asyncio.Event(), asyncio.Event()

        async def slow(request: Request) -> Answer:
            entered.set()
            await leave.wait()
            return answers.NO_CONTENT

        room = Room("slow", "/slow", (Route("POST", "", slow),), failed=failed)
        application = Application([room], PROBES, inflight_max=1)
        first = asyncio.create_task(ask(application, "POST", b"/slow"))
        await entered.wait()
        with capture_logs():
            refused = await ask(application, "POST", b"/slow")
        probe = await ask(application, "GET", b"/livez")
        leave.set()
        return refused, probe, await first

    refused, probe, first = asyncio.run(asking())
    assert (refused[0], refused[2]) == (503, b"room: store_busy")
    assert b"retry-after" in refused[1]
    assert probe[0] == 200
    assert first[0] == 204


def test_a_request_cancelled_by_the_stopping_server_learns_that_its_outcome_is_unknown():
    async def asking():
        entered = asyncio.Event()

        async def stuck(request: Request) -> Answer:
            entered.set()
            await asyncio.Event().wait()
            return answers.NO_CONTENT

        sent = []

        async def receive():
            return {"type": "http.request"}

        async def send(message):
            sent.append(message)

        application = Application([Room("s", "/s", (Route("POST", "", stuck),))], PROBES)
        task = asyncio.create_task(application(scope_of("POST", b"/s"), receive, send))
        await entered.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return sent

    start, body = asyncio.run(asking())
    assert start["status"] == 503
    assert json.loads(body["body"])["code"] == "outcome_unknown"


def test_the_probes_answer(application):
    assert json.loads(asked(application, "GET", b"/livez")[2]) == {"status": "alive"}
    assert json.loads(asked(application, "GET", b"/version")[2]) == {"version": "0.1.0"}
    assert asked(application, "GET", b"/metrics")[2] == b"metric 1\n"
    with capture_logs():
        status, _, body = asked(application, "GET", b"/readyz")
    assert (status, json.loads(body)) == (503, {"status": "not ready", "store": "full"})


def test_what_no_route_takes_goes_to_the_room_s_own_application():
    async def inner(scope, receive, send):
        await answers.send_answer(send, Answer(202, body=scope["raw_path"]))

    room = Room("v1", "/v1", (Route("POST", "/hot", echo),), asgi=inner)
    application = Application([room], PROBES)
    assert asked(application, "GET", b"/v1/hot")[2] == b"/v1/hot"
    assert asked(application, "GET", b"/v1/cold")[0] == 202
    with capture_logs():
        assert asked(application, "GET", b"/v1/%2e%2e/x")[0] == 400


def lifespan(application):
    async def living():
        inbox = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
        sent = []

        async def receive():
            return inbox.pop(0)

        async def send(message):
            sent.append(message["type"])

        await application({"type": "lifespan"}, receive, send)
        return sent

    return asyncio.run(living())


def test_callbacks_run_at_start_and_in_reverse_at_the_end():
    seen = []

    def noting(word):
        async def callback():
            seen.append(word)

        return callback

    application = Application(
        [],
        PROBES,
        on_startup=[noting("store"), noting("engine")],
        on_shutdown=[noting("close store"), noting("stop engine")],
    )
    assert lifespan(application) == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert seen == ["store", "engine", "stop engine", "close store"]


def test_a_start_that_fails_is_told_to_the_server():
    async def broken():
        raise errors.StoreUnavailable

    with capture_logs() as lines:
        sent = lifespan(Application([], PROBES, on_startup=[broken]))
    assert sent == ["lifespan.startup.failed"]
    assert lines[0]["event"] == "startup_failed"


def test_one_stop_that_fails_does_not_keep_the_others_from_stopping():
    seen = []

    async def fine():
        seen.append("closed")

    async def broken():
        raise errors.StoreUnavailable

    with capture_logs() as lines:
        sent = lifespan(Application([], PROBES, on_shutdown=[fine, broken]))
    assert sent[-1] == "lifespan.shutdown.failed"
    assert seen == ["closed"]
    assert lines[0]["event"] == "shutdown_failed"
