"""A webhook cannot be aimed at the operator's network (W2-W6).

What points inward is refused when it is saved and again when it is sent; nothing is dialled.
"""

import asyncio
import socket

import pytest

from guerdon.errors import Refused
from guerdon.outbound import guard, webhook
from unit.outbound.network import (
    SECRET,
    START,
    Names,
    Network,
    ScriptedWire,
    listening,
    read_request,
)

PUBLIC = "93.184.215.14"

# (the host as it stands in the URL, what the machine's resolver makes of it)
INWARD = [
    ("127.0.0.1", "127.0.0.1"),
    ("localhost", "127.0.0.1"),
    ("2130706433", "127.0.0.1"),
    ("0177.0.0.1", "127.0.0.1"),
    ("127.1", "127.0.0.1"),
    ("0x7f.1", "127.0.0.1"),
    ("[::1]", "::1"),
    ("[::ffff:127.0.0.1]", "::ffff:127.0.0.1"),
    ("[64:ff9b::7f00:1]", "64:ff9b::7f00:1"),
    ("[2002:7f00:1::]", "2002:7f00:1::"),
    ("10.0.0.1", "10.0.0.1"),
    ("100.64.0.1", "100.64.0.1"),
    ("169.254.169.254", "169.254.169.254"),
    ("[fd00::1]", "fd00::1"),
    ("[fe80::1]", "fe80::1"),
    ("0.0.0.0", "0.0.0.0"),  # noqa: S104 - a target to refuse
    ("192.0.0.192", "192.0.0.192"),
    ("224.0.0.1", "224.0.0.1"),
    ("240.0.0.1", "240.0.0.1"),
    ("metadata.example", "169.254.169.254"),
    ("database.example", "10.1.2.3"),
    ("six.example", "fd00::1"),
    ("scoped.example", "fe80::1%2"),
    ("nat.example", "64:ff9b::a00:1"),
]

UNFIT = [
    "file:///etc/passwd",
    "gopher://hooks.example/",
    "https://user:pass@hooks.example/",
    "https://hooks.example:22/",
    "https://hooks.example/\r\nHost: inside",
    "https://hooks.example/ HTTP/1.1\r\nX: y",
    "https://hооks.example/",  # noqa: RUF001 - the Cyrillic letters are the attack
    "https://hooks.example/" + "x" * 3_000,
]


def sent(url, names, network=None, *, allow_private=False):
    request = webhook.Outgoing(
        url=url,
        message_id="msg_1",
        timestamp_seconds=START // 1_000_000,
        body=b"{}",
        secrets=(SECRET,),
        allow_private=allow_private,
    )
    how = {} if network is None else {"connect": network}
    return asyncio.run(webhook.send(request, names, **how))


@pytest.mark.parametrize(("host", "address"), INWARD)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_an_inward_target_is_refused_when_it_is_saved_and_when_it_is_sent(scheme, host, address):
    url = f"{scheme}://{host}:8443/"
    with pytest.raises(Refused) as caught:
        asyncio.run(guard.pin(guard.parse(url), Names([address])))
    assert caught.value.code == "target_not_public"

    network = Network()
    assert sent(url, Names([address]), network).error == "target_not_public"
    assert network.dialled == []


def test_a_name_that_turns_inward_after_it_was_saved_is_refused_when_it_is_sent():
    names, network = Names([PUBLIC], ["10.0.0.1"]), Network()
    target = guard.parse("https://hooks.example/")
    assert asyncio.run(guard.pin(target, names)) == PUBLIC
    assert sent("https://hooks.example/", names, network).error == "target_not_public"
    assert network.dialled == []


def test_a_name_that_turns_inward_between_look_up_and_connection_gains_nothing():
    names, network = Names([PUBLIC], ["127.0.0.1"]), Network()
    assert sent("https://hooks.example/", names, network).error is None
    assert network.dialled == [(PUBLIC, 443, "hooks.example")]
    assert len(names.asked) == 1
    assert b"host: hooks.example\r\n" in network.wire.sent.lower()


@pytest.mark.parametrize("found", [[PUBLIC, "10.0.0.1"], ["10.0.0.1", PUBLIC], [PUBLIC, "::1"]])
def test_a_name_with_one_inward_address_among_public_ones_is_refused(found):
    network = Network()
    assert sent("https://hooks.example/", Names(found), network).error == "target_not_public"
    assert network.dialled == []


@pytest.mark.parametrize("url", UNFIT)
def test_a_url_that_is_more_than_a_url_is_refused_before_any_look_up(url):
    names, network = Names([PUBLIC]), Network()
    assert sent(url, names, network).error == "url_invalid"
    assert names.asked == []
    assert network.dialled == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_receiver_cannot_send_us_on_not_even_to_a_server_that_is_there(status):
    reached = []

    async def inside(_reader, _writer):
        reached.append("inside")

    async def redirected():
        async with listening(inside) as inner:

            async def receiver(reader, writer):
                await read_request(reader)
                location = f"http://127.0.0.1:{inner}/"
                head = f"HTTP/1.1 {status} X\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n"
                writer.write(head.encode())
                await writer.drain()

            async with listening(receiver) as outer:
                request = webhook.Outgoing(
                    url=f"http://127.0.0.1:{outer}/",
                    message_id="msg_1",
                    timestamp_seconds=START // 1_000_000,
                    body=b"{}",
                    secrets=(SECRET,),
                    allow_private=True,
                )
                return await webhook.send(request, Names([]))

    assert asyncio.run(redirected()).error == f"http_{status}"
    assert reached == []


def test_the_private_switch_opens_addresses_and_nothing_else():
    network = Network()
    open_ = {"allow_private": True}
    assert sent("http://receiver:8080/", Names(["172.18.0.3"]), network, **open_).error is None
    assert network.dialled == [("172.18.0.3", 8080, None)]
    for url in UNFIT:
        assert sent(url, Names([PUBLIC]), network, **open_).error == "url_invalid"
    assert len(network.dialled) == 1


def test_a_private_target_is_not_told_apart_by_what_answers_there():
    """The refusal comes before any connection, so it cannot be used to scan the network."""
    closed = Network(error=ConnectionRefusedError())
    answering = Network(ScriptedWire(b"HTTP/1.1 200 X\r\n\r\nsecret"))
    names = Names(["10.0.0.1"])
    url = "http://inside.example/"
    assert sent(url, names, closed) == sent(url, names, answering)


def test_a_look_up_that_fails_reveals_only_that():
    network = Network()
    result = sent("https://nowhere.example/", Names(socket.gaierror(-2, "unknown")), network)
    assert result.error == "name_not_resolved"
    assert network.dialled == []
