"""The real network: TLS to the name although the address is pinned, and the machine's resolver."""

import asyncio
import socket
import ssl

import pytest

from guerdon.outbound import wire
from unit.outbound.certificates import certificate
from unit.outbound.network import listening


@pytest.fixture
def trusted(tmp_path, monkeypatch):
    """A server's TLS context for receiver.example, whose certificate this process trusts."""
    context, path = certificate(tmp_path, "receiver.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    wire.tls.cache_clear()
    yield context
    wire.tls.cache_clear()


async def echo(reader, writer):
    writer.write(await reader.readexactly(4))
    await writer.drain()


def asked(context, tls_name):
    """Dial loopback and send four bytes; what comes back until the end."""

    async def ask():
        async with listening(echo, tls=context) as port:
            connection = await wire.dial("127.0.0.1", port, tls_name)
            try:
                await connection.send(b"ping")
                return await connection.receive()
            finally:
                connection.abort()

    return asyncio.run(ask())


def test_a_plain_connection_carries_bytes_both_ways():
    assert asked(None, None) == b"ping"


def test_the_server_is_asked_for_its_name_and_must_prove_it_although_an_address_is_dialled(trusted):
    names = []
    trusted.sni_callback = lambda _socket, name, _context: names.append(name)
    assert asked(trusted, "receiver.example") == b"ping"
    assert names == ["receiver.example"]


def test_a_server_that_is_somebody_else_is_refused(trusted):
    with pytest.raises(ssl.SSLCertVerificationError):
        asked(trusted, "other.example")


def test_a_server_without_a_known_authority_is_refused(tmp_path):
    context, _ = certificate(tmp_path, "receiver.example")
    with pytest.raises(ssl.SSLCertVerificationError):
        asked(context, "receiver.example")


def test_the_machines_resolver_finds_addresses_even_of_numbers_in_disguise():
    async def look_up(host):
        resolver = wire.SystemResolver()
        try:
            return await resolver(host, 80)
        finally:
            resolver.close()

    assert asyncio.run(look_up("127.0.0.1")) == ["127.0.0.1"]
    assert asyncio.run(look_up("2130706433")) == ["127.0.0.1"]


def test_a_name_that_cannot_be_resolved_is_an_os_error(monkeypatch):
    def unknown(*_arguments, **_options):
        raise socket.gaierror(-2, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    async def look_up():
        resolver = wire.SystemResolver()
        try:
            await resolver("nowhere.example", 80)
        finally:
            resolver.close()

    with pytest.raises(OSError, match="unknown"):
        asyncio.run(look_up())
