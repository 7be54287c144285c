"""A log line is one line, bounded, and holds no secret."""

from __future__ import annotations

import io
import json
import logging

import pytest
import structlog

from guerdon import limits
from guerdon.web import logs
from guerdon.web.request import Request


class FixedClock:
    def __init__(self):
        self.seconds = 100.0

    def now(self):
        return 1_700_000_000_000_000

    def monotonic(self):
        return self.seconds

    def uuid(self):
        return "00000000-0000-4000-8000-000000000000"

    def secret(self, size_bytes):
        return b"\0" * size_bytes


@pytest.fixture
def clock():
    return FixedClock()


@pytest.fixture
def lines(clock):
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    stream = io.StringIO()
    logs.install(clock, stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


def request_to(path: bytes) -> Request:
    scope = {"method": "POST", "raw_path": path, "client": ("192.0.2.1", 4000), "headers": []}
    return Request(scope, None, {})


def test_a_line_is_json_with_time_and_level(lines):
    structlog.get_logger().info("started", port=8181)
    [line] = lines()
    assert line == {
        "event": "started",
        "level": "info",
        "port": 8181,
        "time": "2023-11-14T22:13:20.000+00:00",
    }


@pytest.mark.parametrize("text", ['a\r\n{"event":"forged"}', "\x1b[2Ja", "a\u2028b\x85c", "\0"])
def test_no_text_can_forge_a_line_or_steer_a_terminal(lines, text, capsys):
    structlog.get_logger().info("refused", user=text)
    [line] = lines()
    assert line["user"] == text
    assert json.dumps(text, ensure_ascii=True).isascii()


def test_every_character_on_the_wire_is_printable_ascii(clock):
    stream = io.StringIO()
    structlog.reset_defaults()
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    logs.install(clock, stream)
    structlog.get_logger().info("refused", user="é\x1b\r\n\u202e")
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()
    text = stream.getvalue()
    assert text.endswith("\n")
    assert all(" " <= character <= "~" for character in text[:-1])


def test_a_field_is_cut(lines):
    structlog.get_logger().info("refused", user="x" * 1_000_000, items=["y" * 1_000_000])
    [line] = lines()
    assert len(line["user"]) == limits.log_field_chars_max
    assert len(line["items"][0]) == limits.log_field_chars_max


SECRET = "s3cr3t-VALUE+/=="


@pytest.mark.parametrize(
    "text",
    [
        f"GET /apiv3/users?limit=1&apikey={SECRET}&page=0",
        f"apikey={SECRET}",
        f"Authorization: Basic {SECRET}",
        f"authorization: Bearer {SECRET}",
        f"authorization: {SECRET}",
        f"(b'authorization', b'Bearer {SECRET}')",
        f"('x-api-key', '{SECRET}')",
        f"X-API-KEY: {SECRET}",
        f"X-AUTH-TOKEN: {SECRET}",
        f'{{"token":"{SECRET}"}}',
        f'{{"refresh_token": "{SECRET}", "a": 1}}',
        f"password={SECRET}",
        f"sent Bearer {SECRET} twice",
    ],
)
def test_no_secret_is_written(lines, text):
    structlog.get_logger().info("refused", detail=text, header=text.encode())
    assert SECRET not in json.dumps(lines())
    assert "[redacted]" in lines()[0]["detail"]


def test_ordinary_text_is_left_alone(lines):
    structlog.get_logger().info("refused", detail="The basic rule: tokens are read once.")
    assert lines()[0]["detail"] == "The basic rule: tokens are read once."


def test_warnings_of_the_libraries_come_out_in_the_same_shape(lines):
    def broken():
        raise OSError("Authorization: Basic " + SECRET)

    try:
        broken()
    except OSError:
        logging.getLogger("uvicorn.error").exception("it broke %s", "twice")
    [line] = lines()
    assert line["event"] == "it broke twice"
    assert line["logger"] == "uvicorn.error"
    assert line["level"] == "error"
    assert SECRET not in json.dumps(line)


def test_what_libraries_say_in_passing_is_not_written(lines):
    logging.getLogger("uvicorn.error").info("Started server process")
    assert lines() == []


def test_a_refused_request_is_one_line(lines, clock):
    logs.RequestLog(clock).refused(request_to(b"/apiv3/x"), 404, "woowup", "not_found")
    [line] = lines()
    assert line["event"] == "request_refused"
    assert line["path"] == "/apiv3/x"
    assert (line["status"], line["code"], line["room"]) == (404, "not_found", "woowup")
    assert line["client"] == "192.0.2.1"


def test_no_path_names_a_member():
    uuid = "1cb6d205-8b77-40e1-a801-052185ed52d9"
    told = {"user": "ann@example.com", "customer": uuid, "storeCode": "DEFAULT"}
    for path, params, shown in (
        (b"/apiv3/users/ann%40example.com/exist", told, "/apiv3/users/{user}/exist"),
        (b"/api/DEFAULT/customer/" + uuid.encode(), told, f"/api/{{storeCode}}/customer/{uuid}"),
        (b"/livez", {}, "/livez"),
        (b"/apiv3/users/YW5u/gone", None, "/apiv3/users/*"),
        (b"/a\xff", None, "/*"),
        (b"/", None, "/"),
    ):
        assert logs.shown_path(path, params) == shown


def test_a_flood_of_refusals_is_counted_instead_of_printed(lines, clock):
    log = logs.RequestLog(clock)
    for _ in range(1_000):
        log.refused(request_to(b"/"), 404, "house", "not_found")
    assert len(lines()) == limits.log_refusals_per_second_max
    clock.seconds += 1
    log.refused(request_to(b"/"), 404, "house", "not_found")
    assert lines()[-1]["unprinted"] == 1_000 - limits.log_refusals_per_second_max


def test_a_defect_is_written_with_its_place(lines, clock):
    def broken():
        raise ZeroDivisionError("apikey=" + SECRET)

    try:
        broken()
    except ZeroDivisionError as error:
        logs.RequestLog(clock).failed(request_to(b"/"), "house", clock.uuid(), error)
    [line] = lines()
    assert line["request_id"] == clock.uuid()
    assert line["error"] == "ZeroDivisionError"
    assert line["frames"][-1].endswith(" broken")
    assert SECRET not in json.dumps(line)
