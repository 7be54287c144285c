"""Where a webhook may go: the grammar of its URL, and public addresses only.

A URL is somebody else's text, and the server that dials it stands inside the operator's network.
So a URL is judged twice: when it is saved (`parse`, then `pin`) and again at every attempt, since
what a name resolves to changes. Only resolved addresses count; every one of them must be public;
and the connection goes to the very address that was judged, so that a second look-up cannot give
another answer.

Ports: 80, 443 and 8000 to 65535. Receivers on high ports are common (8080, 8443); below 8000 live
the line protocols that a forged HTTP request can talk to: SSH, SMTP, Redis, IRC.

Source: the IANA special-purpose address registries (RFC 6890 and its successors). `ipaddress`
alone is not enough: it takes 100.64.0.0/10, NAT64 and 6to4 forms of loopback, and multicast for
global.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import msgspec

from guerdon import limits
from guerdon.errors import Refused

Resolver = Callable[[str, int], Awaitable[list[str]]]
"""(host, port) -> addresses as text, best first. Raises OSError when the name has none."""

_PORTS = {"http": 80, "https": 443}
_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<target>[/?](?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*)?",
    re.ASCII,
)
_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9_-]{1,63}(?<!-))*", re.ASCII)
# Resolvers take a last label of this form for a number: 2130706433, 0x7f.1, 0177.0.0.1.
_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)", re.ASCII)
# RFC 6761 6.3: these names never leave the machine.
_LOCAL = re.compile(r"(?:.*\.)?localhost")
_NAME_CHARS_MAX = 253

_CLOSED_V4 = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",  # this network
            "10.0.0.0/8",  # private
            "100.64.0.0/10",  # shared with the provider
            "127.0.0.0/8",  # loopback
            "168.63.129.16/32",  # Azure's platform, public in form only
            "169.254.0.0/16",  # link-local; the clouds' metadata
            "172.16.0.0/12",  # private
            "192.0.0.0/24",  # protocol assignments; Oracle's metadata
            "192.0.2.0/24",  # documentation
            "192.88.99.0/24",  # 6to4 relays
            "192.168.0.0/16",  # private
            "198.18.0.0/15",  # benchmarks
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved; broadcast
        ),
    )
)
_OPEN_V6 = ip_network("2000::/3")
_CLOSED_V6 = tuple(
    map(
        ip_network,
        (
            "2001::/23",  # protocol assignments: Teredo, ORCHID, benchmarks
            "2001:db8::/32",  # documentation
            "3fff::/20",  # documentation
        ),
    )
)
_NAT64 = ip_network("64:ff9b::/96")


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """A URL in its parts. `host` is lower-case, an IPv6 address without brackets."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """What the Host header says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def parse(url: str, *, https_only: bool = False, allow_private: bool = False) -> Target:
    """The URL's parts, if it is one that a webhook may have. Looks nothing up.

    Errors: Refused `url_invalid` - another scheme, credentials, a port outside the policy, a
    fragment, a character that needs escaping, a name outside ASCII (write its xn-- form), too
    long. Refused `target_not_public` - what needs no look-up to be seen: an address that is not
    public, localhost, a number posing as a name.
    """
    if len(url) > limits.webhook_url_chars_max:
        raise _invalid(f"longer than {limits.webhook_url_chars_max} characters")
    match = _URL.fullmatch(url)
    if match is None:
        raise _invalid("not a plain http or https URL")
    scheme, path = match["scheme"], match["target"] or "/"
    if https_only and scheme != "https":
        raise _invalid("not https")
    port = int(match["port"] or _PORTS[scheme])
    if port not in _PORTS.values() and not limits.webhook_port_min <= port <= limits.port_max:
        raise _invalid(f"port {port}: 80, 443 and {limits.webhook_port_min} up are allowed")
    host = _host(match["host"].lower())
    if not allow_private and (_LOCAL.fullmatch(host) or (_literal(host) and not is_public(host))):
        raise _not_public(host, "an address of this machine or network")
    return Target(scheme=scheme, host=host, port=port, path="/" * (path[0] == "?") + path)


async def pin(target: Target, resolver: Resolver, *, allow_private: bool = False) -> str:
    """The address to dial: the first of those the host has, all of which must be public.

    `allow_private` lets an operator test against a receiver of their own.

    Errors: Refused `target_not_public`; OSError - the name cannot be resolved.
    """
    literal = _literal(target.host)
    found = [target.host] if literal else await resolver(target.host, target.port)
    if not found:
        raise _not_public(target.host, "no address")
    if not allow_private:
        for address in found:
            if not is_public(address):
                raise _not_public(target.host, address)
    return found[0]


def is_public(address: str) -> bool:
    """Whether an address belongs to the public internet. Anything doubtful does not."""
    try:
        plain = _unwrapped(ip_address(address))
    except ValueError:
        return False
    if isinstance(plain, IPv4Address):
        return not any(plain in network for network in _CLOSED_V4)
    if plain.scope_id is not None or plain not in _OPEN_V6:
        return False
    return not any(plain in network for network in _CLOSED_V6)


def _unwrapped(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address inside a mapped, 6to4 or NAT64 one: that is where the packets go."""
    if isinstance(address, IPv4Address) or address.scope_id is not None:
        return address
    inner = address.ipv4_mapped or address.sixtofour
    if inner is None and address in _NAT64:
        inner = IPv4Address(int(address) & 0xFFFF_FFFF)
    return address if inner is None else inner


def _host(text: str) -> str:
    if text.startswith("["):
        if not isinstance(_literal(text[1:-1]), IPv6Address):
            raise _invalid("not an IPv6 address")
        return text[1:-1]
    if _NUMBER.fullmatch(text) and _literal(text) is None:
        raise _not_public(text, "a number posing as a name")
    if len(text) > _NAME_CHARS_MAX or not _NAME.fullmatch(text):
        raise _invalid("not a host name")
    return text


def _literal(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def _invalid(reason: str) -> Refused:
    return Refused(f"the URL cannot be a webhook's: {reason}", code="url_invalid", field="url")


def _not_public(host: str, reason: str) -> Refused:
    return Refused(
        f"{host} is not on the public internet: {reason}", code="target_not_public", field="url"
    )
