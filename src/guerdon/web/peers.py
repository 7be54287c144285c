"""Whose address a request came from, and whether it may.

The peer is the socket's address. Only when that is a trusted proxy are forwarding headers read:
from the right, the first hop that is no trusted proxy is the peer; everything left of it was
written by somebody we do not know. Whatever cannot be understood is no address (None), and no
address is on no allowlist. IPv4 written as IPv6 (`::ffff:192.0.2.1`) is IPv4.
Source: RFC 7239; OWASP ASVS 5.0, 4.1.3 and 15.3.4.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import (
    AddressValueError,
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

import structlog

from guerdon import errors, limits
from guerdon.web.asgi import Scope

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Networks = tuple[Network, ...]

_MAPPED_PREFIX = 96
_IPV4_PORT = re.compile(r"([0-9.]+):[0-9]{1,5}")
_IPV6_PORT = re.compile(r"\[([^\]]*)\](?::[0-9]{1,5})?")
_PAIR = r'[A-Za-z]+=(?:"[^"\\,;]*"|[^\s",;=]+)'
_ELEMENT = re.compile(rf"\s*{_PAIR}(?:\s*;\s*{_PAIR})*\s*")
_FOR = re.compile(r'(?:^|;)\s*for="?([^",;]*)"?', re.IGNORECASE)


def networks(texts: Iterable[str]) -> Networks:
    """CIDRs, or single addresses, as networks. Errors: Refused `invalid_network`."""
    found: list[Network] = []
    for text in texts:
        try:
            network = ip_network(text.strip())
        except ValueError as bad:
            raise errors.Refused(f"{bad}.", code="invalid_network", field=text) from bad
        found.append(_unmapped_network(network))
    return tuple(found)


def peer_address(scope: Scope, trusted_networks: Networks) -> Address | None:
    """The peer of a request; None when there is none (unix socket) or it cannot be told."""
    client = scope["client"]
    if client is None:
        return None
    if not trusted_networks:
        _NOTICE.look(scope)
        return _parsed(client[0])
    chains: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        if name in (b"x-forwarded-for", b"forwarded"):
            chains[name] = chains[name] + b"," + value if name in chains else value
    if sum(map(len, chains.values())) > limits.forwarded_bytes_max:
        return None
    chain = chains.get(b"x-forwarded-for")
    return _behind(client[0], chain, chains.get(b"forwarded"), trusted_networks)


def is_allowed(address: Address | None, allowed: Networks) -> bool:
    """Whether an allowlist lets an address in. An empty list lets everybody in."""
    if not allowed:
        return True
    return address is not None and any(_holds(network, address) for network in allowed)


@lru_cache(maxsize=limits.peers_cache_max)
def _parsed(text: str) -> Address | None:
    """An address in any usual spelling: with a zone, with brackets, with a port."""
    bracketed = _IPV6_PORT.fullmatch(text) or _IPV4_PORT.fullmatch(text)
    if bracketed:
        text = bracketed.group(1)
    try:
        address = ip_address(text.partition("%")[0])
    except (AddressValueError, ValueError):
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


@lru_cache(maxsize=limits.peers_cache_max)
def _behind(
    host: str, chain: bytes | None, forwarded: bytes | None, trusted: Networks
) -> Address | None:
    socket_peer = _parsed(host)
    if socket_peer is None or not _is_trusted(socket_peer, trusted):
        return socket_peer
    found = []
    if chain is not None:
        found.append(_last_untrusted(_plain_hops(chain), trusted))
    if forwarded is not None:
        found.append(_last_untrusted(_forwarded_hops(forwarded), trusted))
    if not found:
        return socket_peer
    # A proxy writes one of the two headers and may pass the client's own copy of the other on,
    # so when they name different addresses, one of them may be made up.
    return found[0] if all(address == found[0] for address in found) else None


def _last_untrusted(hops: list[str], trusted: Networks) -> Address | None:
    if not hops or len(hops) > limits.forwarded_hops_max:
        return None
    address: Address | None = None
    for hop in reversed(hops):
        address = _parsed(hop)
        if address is None or not _is_trusted(address, trusted):
            return address
    return address


def _plain_hops(chain: bytes) -> list[str]:
    return [hop.strip(" \t") for hop in chain.decode("latin-1").split(",")]


def _forwarded_hops(forwarded: bytes) -> list[str]:
    """The `for` of each element; none at all when one of them is malformed or lacks it."""
    hops = []
    for element in forwarded.decode("latin-1").split(","):
        named = _FOR.findall(element) if _ELEMENT.fullmatch(element) else []
        if len(named) != 1:
            return []
        hops.append(named[0])
    return hops


def _is_trusted(address: Address, trusted: Networks) -> bool:
    return any(_holds(network, address) for network in trusted)


def _holds(network: Network, address: Address) -> bool:
    return address in _unmapped_network(network)


@lru_cache(maxsize=limits.peers_cache_max)
def _unmapped_network(network: Network) -> Network:
    if isinstance(network, IPv6Network) and network.prefixlen >= _MAPPED_PREFIX:
        mapped = network.network_address.ipv4_mapped
        if mapped is not None:
            return IPv4Network((int(mapped), network.prefixlen - _MAPPED_PREFIX))
    return network


class _Notice:
    """Says once that forwarding headers arrive although no proxy is trusted."""

    def __init__(self) -> None:
        self.is_given = False

    def look(self, scope: Scope) -> None:
        if self.is_given:
            return
        for name, _ in scope["headers"]:
            if name in (b"x-forwarded-for", b"forwarded"):
                self.is_given = True
                structlog.get_logger().warning("forwarding_headers_ignored")
                return


_NOTICE = _Notice()
