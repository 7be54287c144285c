"""The grammar of a webhook's URL, and which addresses are public (W2-W4, W6).

That nothing is dialled when these refuse is shown in tests/security/test_outbound_targets.py.
"""

import asyncio
from ipaddress import ip_address

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from guerdon import limits
from guerdon.errors import Refused
from guerdon.outbound import guard
from unit.outbound.network import Names

CLOSED = [
    "0.0.0.0",  # noqa: S104 - closed
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.1.2.3",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a00:1",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "2002:a9fe:a9fe::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "2606:4700:4700::1111%eth0",
    "fec0::1",
    "ff02::1",
    "",
    "localhost",
    "8.8.8.8/32",
    "010.8.8.8",
]
OPEN = [
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.1",
    "223.255.255.255",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
    "2002:808:808::1",
    "2606:4700:4700::1111",
    "2a00:1450:4001:81b::200e",
]


def pinned(url, *answers, allow_private=False):
    target = guard.parse(url, allow_private=allow_private)
    return asyncio.run(guard.pin(target, Names(*answers), allow_private=allow_private))


def code_of(url, **how):
    with pytest.raises(Refused) as caught:
        guard.parse(url, **how)
    assert caught.value.field == "url"
    return caught.value.code


@pytest.mark.parametrize("address", CLOSED)
def test_an_address_that_is_not_plainly_public_is_closed(address):
    assert not guard.is_public(address)


@pytest.mark.parametrize("address", OPEN)
def test_a_public_address_is_open_also_inside_an_ipv6_form(address):
    assert guard.is_public(address)


@given(st.ip_addresses())
@example(ip_address("100.64.0.1"))
def test_no_address_that_python_calls_private_is_ever_open(address):
    mapped = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None)
    if guard.is_public(str(address)) and mapped is None:
        assert not address.is_private
        assert not address.is_loopback
        assert not address.is_link_local
        assert not address.is_multicast
        assert not address.is_unspecified


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("https://a.example", ("https", "a.example", 443, "/")),
        ("https://A.Example/Hook?x=%2F1&y", ("https", "a.example", 443, "/Hook?x=%2F1&y")),
        ("https://a.example?x=1", ("https", "a.example", 443, "/?x=1")),
        ("http://a.example:80/", ("http", "a.example", 80, "/")),
        ("https://a_b.example:8443/h", ("https", "a_b.example", 8443, "/h")),
        ("https://xn--bcher-kva.example/", ("https", "xn--bcher-kva.example", 443, "/")),
        ("https://8.8.8.8:65535/", ("https", "8.8.8.8", 65535, "/")),
        ("https://[2606:4700::1]:8443/", ("https", "2606:4700::1", 8443, "/")),
    ],
)
def test_a_plain_url_comes_apart_into_its_parts(url, parts):
    target = guard.parse(url)
    assert (target.scheme, target.host, target.port, target.path) == parts


def test_the_authority_names_the_port_only_when_it_is_not_the_schemes_own():
    assert guard.parse("https://a.example:443/").authority == "a.example"
    assert guard.parse("http://a.example:443/").authority == "a.example:443"
    assert guard.parse("https://[2606:4700::1]:8443/").authority == "[2606:4700::1]:8443"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a.example",
        "//a.example/",
        "https://",
        "https:///path",
        "file:///etc/passwd",
        "gopher://a.example/",
        "ftp://a.example/",
        "HTTPS//a.example",
        "https://user@a.example/",
        "https://user:pass@a.example/",
        "https://8.8.8.8:80@10.0.0.1/",
        "https://a.example\\@10.0.0.1/",
        "https://a.example:22/",
        "https://a.example:0/",
        "https://a.example:25/",
        "https://a.example:6379/",
        "https://a.example:7999/",
        "https://a.example:65536/",
        "https://a.example:/",
        "https://a.example:٤٤٣/",
        "https://a.example/\r\nHost: b.example",
        "https://a.example\r\n/",
        "https://a.example/ x",
        "https://a.example/\n",
        "https://a.example/\x00",
        "https://a.example/#fragment",
        "https://a.example/%zz",
        "https://a.example/é",
        "https://аpple.example/",  # noqa: RUF001 - the Cyrillic letter is the attack
        "https://１２７.0.0.1/",  # noqa: RUF001 - so are the full-width digits
        "https://a。example/",
        "https://-a.example/",
        "https://a-.example/",
        "https://a..example/",
        "https://.example/",
        "https://a.example./",
        "https://" + "a" * 64 + ".example/",
        "https://" + "a." * 126 + "example/",
        "https://[::1",
        "https://[fe80::1%eth0]/",
        "https://[v1.x]/",
        "https://[1.2.3.4]:443/",
        "https://a.example/" + "x" * 3_000,
    ],
)
def test_anything_but_a_plain_url_is_refused(url):
    assert code_of(url, allow_private=True) == "url_invalid"


def test_a_url_may_have_the_length_of_the_bound_and_no_more():
    start = "https://a.example/"
    longest = start + "x" * (limits.webhook_url_chars_max - len(start))
    assert guard.parse(longest)
    assert code_of(longest + "x") == "url_invalid"


def test_plain_http_is_refused_where_https_is_required():
    assert guard.parse("http://a.example/")
    assert code_of("http://a.example/", https_only=True) == "url_invalid"


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "10.0.0.1", "169.254.169.254", "0.0.0.0"),  # noqa: S104 - refused here
        *("[::1]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[fd00::1]"),
        "[fe80::1]",
        *("localhost", "x.localhost"),
        *("2130706433", "0177.0.0.1", "127.1", "0x7f.1", "0x7f000001", "127.0.0.1.1", "1", "a.1"),
    ],
)
def test_a_host_that_needs_no_look_up_is_refused_when_it_is_saved(host):
    assert code_of(f"https://{host}/") == "target_not_public"


@pytest.mark.parametrize("host", ["2130706433", "0177.0.0.1", "127.1", "0x7f.1"])
def test_a_number_posing_as_a_name_is_refused_even_where_private_ones_are_allowed(host):
    assert code_of(f"https://{host}/", allow_private=True) == "target_not_public"


def test_an_address_is_pinned_without_a_look_up():
    names = Names(["10.0.0.1"])
    target = guard.parse("https://8.8.8.8/")
    assert asyncio.run(guard.pin(target, names)) == "8.8.8.8"
    assert names.asked == []


def test_the_first_of_a_names_public_addresses_is_pinned():
    assert pinned("https://a.example/", ["8.8.4.4", "2606:4700::1"]) == "8.8.4.4"


@pytest.mark.parametrize(
    "found", [["8.8.8.8", "10.0.0.1"], ["10.0.0.1", "8.8.8.8"], ["fe80::1%2"], ["127.0.0.1"], []]
)
def test_one_address_that_is_not_public_spoils_a_name(found):
    with pytest.raises(Refused) as caught:
        pinned("https://a.example/", found)
    assert caught.value.code == "target_not_public"


def test_an_operator_may_allow_private_targets():
    assert pinned("http://localhost:8080/", ["127.0.0.1"], allow_private=True) == "127.0.0.1"
    assert pinned("http://10.0.0.1:8080/", [], allow_private=True) == "10.0.0.1"
    assert pinned("http://receiver:8080/", ["172.18.0.3"], allow_private=True) == "172.18.0.3"


@given(st.text(max_size=60))
def test_no_text_makes_the_grammar_fall_over(text):
    for url in (text, f"https://{text}/", f"https://a.example/{text}"):
        try:
            target = guard.parse(url)
        except Refused:
            continue
        assert target.host.isascii()
        assert target.path.isprintable()
