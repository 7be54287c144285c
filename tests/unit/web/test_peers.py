"""An allowlist sees the address nobody could make up, or none."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from structlog.testing import capture_logs

from guerdon import errors
from guerdon.web import peers
from guerdon.web.peers import is_allowed, networks, peer_address

PROXY = "10.0.0.1"
TRUSTED = networks(["10.0.0.0/8", "fd00::/8"])
ALLOWED = networks(["203.0.113.0/24"])


def peer(client, headers=(), trusted=TRUSTED):
    scope = {"client": None if client is None else (client, 4000), "headers": list(headers)}
    address = peer_address(scope, trusted)
    return None if address is None else str(address)


def through(*chains, name=b"x-forwarded-for"):
    return peer(PROXY, [(name, chain) for chain in chains])


def test_without_a_proxy_the_socket_tells():
    assert peer("198.51.100.7", trusted=()) == "198.51.100.7"
    assert peer("198.51.100.7") == "198.51.100.7"


@pytest.mark.parametrize("trusted", [(), TRUSTED])
def test_headers_from_somebody_else_are_never_believed(trusted):
    headers = [(b"x-forwarded-for", b"203.0.113.9"), (b"forwarded", b"for=203.0.113.9")]
    assert peer("198.51.100.7", headers, trusted) == "198.51.100.7"


def test_with_no_trusted_proxy_not_even_a_private_address_may_forward():
    assert peer(PROXY, [(b"x-forwarded-for", b"203.0.113.9")], trusted=()) == PROXY


def test_forwarding_headers_without_a_trusted_proxy_are_named_once(monkeypatch):
    monkeypatch.setattr(peers, "_NOTICE", peers._Notice())
    with capture_logs() as lines:
        for _ in range(3):
            peer(PROXY, [(b"x-forwarded-for", b"203.0.113.9")], trusted=())
    assert [line["event"] for line in lines] == ["forwarding_headers_ignored"]


def test_the_right_most_untrusted_hop_is_the_peer():
    assert through(b"203.0.113.9") == "203.0.113.9"
    assert through(b"203.0.113.9, 198.51.100.7") == "198.51.100.7"
    assert through(b"203.0.113.9, 198.51.100.7, 10.2.3.4,10.9.9.9") == "198.51.100.7"
    assert through(b"garbage, 198.51.100.7") == "198.51.100.7"


def test_several_headers_are_one_chain():
    assert through(b"203.0.113.9", b"198.51.100.7") == "198.51.100.7"
    assert through(b"198.51.100.7", b"10.2.3.4") == "198.51.100.7"


def test_a_proxy_that_adds_nothing_is_itself_the_peer():
    assert peer(PROXY) == PROXY


def test_a_chain_of_proxies_only_leads_to_the_first_of_them():
    assert through(b"10.7.7.7, 10.2.3.4") == "10.7.7.7"


@pytest.mark.parametrize(
    ("hop", "address"),
    [
        (b"203.0.113.9:4711", "203.0.113.9"),
        (b"[2001:db8::1]:4711", "2001:db8::1"),
        (b"[2001:db8::1]", "2001:db8::1"),
        (b"2001:DB8:0::1", "2001:db8::1"),
        (b"fe80::1%eth0", "fe80::1"),
        (b"::ffff:203.0.113.9", "203.0.113.9"),
        (b"[::ffff:cb00:7109]:80", "203.0.113.9"),
        (b" \t203.0.113.9 ", "203.0.113.9"),
    ],
)
def test_an_address_is_read_in_its_usual_spellings(hop, address):
    assert through(hop) == address


@pytest.mark.parametrize(
    "chain",
    [
        b"",
        b" ",
        b"203.0.113.9,",
        b"203.0.113.9, garbage",
        b"203.0.113.009",
        b"0x7f.1",
        b"3405803785",
        b"203.0.113.9:port",
        b"[203.0.113.9",
        b"203.0.113.9/32",
        b"unknown",
        b"\xff",
        "\uff12\uff10\uff13.0.113.9".encode(),  # full-width digits
        b"203.0.113.9, " * 1_000 + b"203.0.113.9",
        b"10.0.0.1," * 40 + b"10.0.0.1",
    ],
)
def test_garbage_is_no_address(chain):
    assert through(chain) is None


@pytest.mark.parametrize(
    ("value", "address"),
    [
        (b"for=203.0.113.9", "203.0.113.9"),
        (b"For=203.0.113.9;proto=https;by=10.0.0.1", "203.0.113.9"),
        (b'proto=http; for="[2001:db8::1]:4711"', "2001:db8::1"),
        (b"for=203.0.113.9, for=198.51.100.7, for=10.2.3.4", "198.51.100.7"),
        (b'for="203.0.113.9:80"', "203.0.113.9"),
        (b"for=unknown", None),
        (b"for=_hidden", None),
        (b"proto=https", None),
        (b"for=203.0.113.9;for=198.51.100.7", None),
        (b'for="203.0.113.9', None),
        (b"for=198.51.100.7, 203.0.113.9", None),
        (b'for="198.51.100.7, for=203.0.113.9"', None),
        (b"for=", None),
        (b"", None),
    ],
)
def test_the_standard_s_header_is_understood(value, address):
    assert through(value, name=b"forwarded") == address


def test_two_headers_that_disagree_are_no_address():
    same = [(b"x-forwarded-for", b"203.0.113.9"), (b"forwarded", b"for=203.0.113.9")]
    other = [(b"x-forwarded-for", b"198.51.100.7"), (b"forwarded", b"for=203.0.113.9")]
    assert peer(PROXY, same) == "203.0.113.9"
    assert peer(PROXY, other) is None


@pytest.mark.parametrize("client", ["::ffff:10.0.0.1", "fd00::1%eth0"])
def test_a_proxy_is_recognised_in_its_other_spellings(client):
    assert peer(client, [(b"x-forwarded-for", b"203.0.113.9")]) == "203.0.113.9"


def test_a_unix_socket_has_no_address_and_none_is_not_on_an_allowlist():
    assert peer(None) is None
    assert not is_allowed(None, ALLOWED)
    assert is_allowed(None, ())


def test_a_socket_address_that_cannot_be_read_is_none():
    assert peer("testclient") is None


@pytest.mark.parametrize(
    ("address", "allowed", "expected"),
    [
        ("203.0.113.9", ["203.0.113.0/24"], True),
        ("203.0.114.9", ["203.0.113.0/24"], False),
        ("203.0.113.9", ["203.0.113.9"], True),
        ("203.0.113.9", ["::ffff:203.0.113.0/120"], True),
        ("203.0.113.9", ["::/0"], False),
        ("2001:db8::1", ["2001:db8::/32"], True),
        ("2001:db8::1", ["0.0.0.0/0"], False),
        ("2001:db8::1", ["203.0.113.0/24", "2001:db8::1"], True),
    ],
)
def test_an_allowlist_holds_networks_and_addresses(address, allowed, expected):
    assert is_allowed(ip_address(address), networks(allowed)) is expected


@pytest.mark.parametrize("text", ["", "x", "203.0.113.9/24", "203.0.113.0/33", "10.0.0.1-9"])
def test_what_is_no_network_is_refused_by_name(text):
    with pytest.raises(errors.Refused) as refused:
        networks([text])
    assert refused.value.code == "invalid_network"
    assert refused.value.field == text
