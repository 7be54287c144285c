"""One attempt at a webhook: what is sent, and what each answer means (W3, W5, W8)."""

import asyncio
import socket
import ssl
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from guerdon import __version__, limits
from guerdon.clock import SECOND, SystemClock
from guerdon.outbound import webhook
from unit.outbound.network import (
    OK,
    SECRET,
    START,
    Names,
    Network,
    ScriptedWire,
    StandingClock,
    delivery,
    listening,
    read_request,
)

NOW = START // SECOND
PUBLIC = "93.184.215.14"


def outgoing(**changes):
    plain = {
        "url": "https://hooks.example:8443/in?x=1",
        "message_id": "msg_1",
        "timestamp_seconds": NOW,
        "body": b'{"a":1}',
        "secrets": (SECRET,),
    }
    return webhook.Outgoing(**{**plain, **changes})


def attempt(wire=None, *, names=None, network=None, seconds_max=5.0, **changes):
    network = network or Network(wire)
    names = names or Names([PUBLIC])
    return asyncio.run(webhook.send(outgoing(**changes), names, network, seconds_max=seconds_max))


def answered(status, *headers, body=b""):
    lines = [b"HTTP/1.1 %d X" % status, *headers, b"content-length: %d" % len(body)]
    return attempt(ScriptedWire(b"\r\n".join(lines) + b"\r\n\r\n" + body))


def sent_headers(wire):
    lines = wire.sent.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
    return dict(line.lower().split(": ", 1) for line in lines)


# --- What is sent --------------------------------------------------------------------------------


def test_the_pinned_address_is_dialled_and_the_name_kept_for_tls_and_host():
    network = Network()
    names = Names([PUBLIC], ["10.0.0.1"])
    assert attempt(network=network, names=names).error is None
    assert network.dialled == [(PUBLIC, 8443, "hooks.example")]
    assert names.asked == [("hooks.example", 8443)]
    assert sent_headers(network.wire)["host"] == "hooks.example:8443"


def test_plain_http_asks_for_no_tls():
    network = Network()
    attempt(network=network, url="http://hooks.example/in")
    assert network.dialled == [(PUBLIC, 80, None)]
    assert sent_headers(network.wire)["host"] == "hooks.example"


def test_the_body_goes_out_byte_for_byte_with_a_signature_over_it():
    wire = ScriptedWire(OK)
    now = SystemClock().now() // SECOND
    body = '{"name":"José","n":1.50}'.encode()
    attempt(wire, body=body, timestamp_seconds=now)
    assert wire.sent.startswith(b"POST /in?x=1 HTTP/1.1\r\n")
    assert wire.sent.endswith(b"\r\n\r\n" + body)
    headers = sent_headers(wire)
    assert headers["content-type"] == "application/json"
    assert headers["content-length"] == str(len(body))
    assert headers["accept-encoding"] == "identity"
    assert headers["user-agent"] == f"guerdon/{__version__}"
    signature = wire.sent.partition(b"webhook-signature: ")[2].partition(b"\r\n")[0].decode()
    Webhook(SECRET).verify(body, {**headers, "webhook-signature": signature})


def test_an_endpoints_own_headers_are_added_but_never_replace_ours():
    wire = ScriptedWire(OK)
    own = (
        ("X-Key", "k"),
        ("Content-Type", "application/cloudevents+json"),
        ("Host", "other.example"),
        ("Webhook-Id", "forged"),
        ("Content-Length", "0"),
        ("Transfer-Encoding", "chunked"),
    )
    attempt(wire, headers=own)
    headers = sent_headers(wire)
    assert headers["x-key"] == "k"
    assert headers["content-type"] == "application/cloudevents+json"
    assert headers["host"] == "hooks.example:8443"
    assert headers["webhook-id"] == "msg_1"
    assert headers["content-length"] == "7"
    assert "transfer-encoding" not in headers


@pytest.mark.parametrize(
    "header",
    [("X", "a\r\nY: b"), ("X\r\nY", "a"), ("X Y", "a"), ("", "a"), ("X", "é"), ("X", " a")],
)
def test_a_header_that_is_none_stops_the_attempt_before_any_connection(header):
    network = Network()
    assert attempt(network=network, headers=(header,)).error == "header_invalid"
    assert network.dialled == []


def test_without_a_valid_secret_nothing_is_dialled():
    network = Network()
    assert attempt(network=network, secrets=()).error == "secret_invalid"
    assert attempt(network=network, secrets=("whsec_short",)).error == "secret_invalid"
    assert network.dialled == []


# --- What an answer means ------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_every_2xx_delivers(status):
    result = answered(status)
    assert (result.status, result.error) == (status, None)


@pytest.mark.parametrize("status", [300, 304, 400, 401, 404, 409, 413, 422, 500, 501, 599])
def test_every_other_status_fails_and_is_tried_again(status):
    result = answered(status)
    assert (result.status, result.error) == (status, f"http_{status}")
    assert not result.give_up


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("location", [b"http://127.0.0.1/", b"https://public.example/", b"/again"])
def test_a_redirect_is_a_failure_and_is_not_followed(status, location):
    head = b"HTTP/1.1 %d X\r\nlocation: %s\r\ncontent-length: 0\r\n\r\n" % (status, location)
    network = Network(ScriptedWire(head))
    assert attempt(network=network).error == f"http_{status}"
    assert len(network.dialled) == 1


def test_what_a_receiver_says_is_gone_is_given_up():
    result = answered(410)
    assert result.error == "http_410"
    assert result.give_up


def test_a_receiver_may_have_a_message_given_up_by_a_header():
    for wish in (b"abort-message", b"disable"):
        assert answered(422, b"Webhook-Delivery: " + wish).give_up
    assert not answered(422, b"Webhook-Delivery: whatever").give_up


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_busy_receiver_may_say_when_to_come_back(status):
    assert answered(status, b"Retry-After: 120").retry_after_seconds == 120


def test_retry_after_means_nothing_beside_another_status():
    assert answered(404, b"Retry-After: 120").retry_after_seconds is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("120", 120),
        (" 120 ", 120),
        ("1000000000", limits.retry_after_seconds_max),
        ("9" * 20, limits.retry_after_seconds_max),
        ("-1", None),
        ("+5", None),
        ("1.5", None),
        ("٣", None),
        ("soon", None),
        ("", None),
        ("9" * 500, None),
        (formatdate(NOW + 90, usegmt=True), 90),
        (formatdate(NOW + 10**9, usegmt=True), limits.retry_after_seconds_max),
        (formatdate(NOW - 90, usegmt=True), None),
        ("Thu, 32 Foo 2025 00:00:00 GMT", None),
        ("Fri, 31 Dec 99999 23:59:59 GMT", None),
        (f"Fri, 31 Dec {'9' * 20} 23:59:59 GMT", None),
        (f"Fri, 31 Dec 2025 23:59:59 +{'9' * 20}", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_within_a_bound_and_junk_is_ignored(text, seconds):
    assert webhook.retry_after(text, NOW) == seconds


@given(st.text(alphabet=st.characters(max_codepoint=255)) | st.from_regex(r"\w{3}, .*GMT"))
def test_no_retry_after_header_makes_us_fall_over(text):
    seconds = webhook.retry_after(text, NOW)
    assert seconds is None or 0 <= seconds <= limits.retry_after_seconds_max


def test_the_start_of_the_answer_is_kept_for_the_operator_on_one_printable_line():
    result = answered(500, body=b"bad\r\n\x1b[31mthing \xff" + b"x" * 5_000)
    assert result.detail.startswith("bad   [31mthing \N{REPLACEMENT CHARACTER}xxx")
    assert len(result.detail) <= limits.delivery_detail_chars_max
    assert result.detail.isprintable()


# --- No answer -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConnectionRefusedError(), "connection_failed"),
        (OSError("unreachable"), "connection_failed"),
        (ssl.SSLCertVerificationError("self-signed"), "tls_failed"),
        (TimeoutError(), "timeout"),
    ],
)
def test_a_connection_that_fails_says_how(error, code):
    assert attempt(network=Network(error=error)).error == code


def test_a_name_that_does_not_resolve_says_so_and_nothing_is_dialled():
    network = Network()
    result = attempt(network=network, names=Names(socket.gaierror(-2, "unknown")))
    assert result.error == "name_not_resolved"
    assert network.dialled == []


@pytest.mark.parametrize(
    ("wire", "code"),
    [
        (ScriptedWire(), "protocol_error"),
        (ScriptedWire(b"SSH-2.0-OpenSSH\r\n"), "protocol_error"),
        (ScriptedWire(b"HTTP/1.1 200"), "protocol_error"),
        (ScriptedWire(b"HTTP/1.1 200 X\r\na: " + b"x" * 20_000), "protocol_error"),
        (ScriptedWire(then=ConnectionResetError()), "connection_failed"),
        (ScriptedWire(b"HTTP/1.1 200 X\r\n", then=ConnectionResetError()), "connection_failed"),
    ],
)
def test_an_answer_that_never_comes_whole_is_a_failure(wire, code):
    assert attempt(wire).error == code
    assert wire.aborted


@pytest.mark.parametrize("then", [b"", ConnectionResetError()])
def test_a_2xx_delivers_even_when_its_body_breaks_off(then):
    result = attempt(ScriptedWire(b"HTTP/1.1 200 X\r\ncontent-length: 9\r\n\r\nhalf", then=then))
    assert (result.status, result.error, result.detail) == (200, None, "half")


def test_interim_answers_are_passed_over():
    wire = ScriptedWire(b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n", OK)
    assert attempt(wire).status == 204


# --- Wired together ------------------------------------------------------------------------------


def test_a_delivery_reaches_a_real_receiver_which_can_verify_it():
    received = []

    async def accept(reader, writer):
        received.append(await read_request(reader))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
        await writer.drain()

    async def deliver():
        async with listening(accept) as port:
            send = webhook.sender(SystemClock(), Names(["127.0.0.1"]), allow_private=True)
            url = f"http://receiver:{port}/hook"
            return await send(delivery(target=url, secrets=(SECRET,), body='{"a":1}'))

    result = asyncio.run(deliver())
    assert (result.status, result.error, result.detail) == (200, None, "ok")
    line, headers, body = received[0]
    assert line == "POST /hook HTTP/1.1"
    assert headers["host"].startswith("receiver:")
    assert Webhook(SECRET).verify(body, headers) == {"a": 1}


def test_each_attempt_has_the_same_id_with_a_new_time_and_signature():
    clock = StandingClock()
    wires = [ScriptedWire(OK), ScriptedWire(OK)]
    for wire in wires:
        send = webhook.sender(clock, Names([PUBLIC]), allow_private=False, connect=Network(wire))
        asyncio.run(send(delivery(secrets=(SECRET,))))
        clock.moment += 5 * SECOND
    first, second = map(sent_headers, wires)
    assert first["webhook-id"] == second["webhook-id"] == "msg_1"
    assert int(second["webhook-timestamp"]) == int(first["webhook-timestamp"]) + 5
    assert first["webhook-signature"] != second["webhook-signature"]
