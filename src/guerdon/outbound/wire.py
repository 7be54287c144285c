"""The network as outgoing webhooks use it: names looked up, one connection, bytes.

Two seams, so that a test can stand in for the network: a resolver and a `Connect`.
"""

from __future__ import annotations

import asyncio
import functools
import socket
import ssl
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import httpx

from guerdon import limits

_READ_BYTES = 16_384


class Wire(Protocol):
    """An open connection."""

    async def send(self, data: bytes) -> None:
        """Write it all. Raises OSError when the connection is gone."""

    async def receive(self) -> bytes:
        """Some bytes; none at the end. Raises OSError when the connection is gone."""

    def abort(self) -> None:
        """Close at once, whatever is still under way."""


Connect = Callable[[str, int, str | None], Awaitable[Wire]]
"""(address, port, the name to ask TLS for or None for plain HTTP) -> an open connection."""


class SystemResolver:
    """The machine's resolver, on threads of its own.

    A look-up cannot be cancelled. On the shared threads of the event loop a few names whose
    servers never answer would stall every other look-up, and so every other receiver.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(limits.deliveries_running_max, "resolver")

    async def __call__(self, host: str, port: int) -> list[str]:
        """The addresses of `host`, in the order in which the system would try them."""
        look_up = functools.partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        found = await asyncio.get_running_loop().run_in_executor(self._threads, look_up)
        return [str(entry[4][0]) for entry in found]

    def close(self) -> None:
        """Take no more look-ups; the ones under way end by themselves."""
        self._threads.shutdown(wait=False, cancel_futures=True)


async def dial(address: str, port: int, tls_name: str | None) -> Wire:
    """A connection to this very address; with TLS, to a server that proves to be `tls_name`."""
    reader, writer = await asyncio.open_connection(
        address, port, ssl=tls() if tls_name else None, server_hostname=tls_name
    )
    return _Stream(reader, writer)


@functools.cache
def tls() -> ssl.SSLContext:
    """What a server must prove: a certificate for its name from a known authority, TLS 1.2 up."""
    # Certificates come with the package, since a slim container has none; SSL_CERT_FILE replaces
    # them. Made once: reading them takes tens of milliseconds.
    context = httpx.create_ssl_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


class _Stream:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def receive(self) -> bytes:
        return await self._reader.read(_READ_BYTES)

    def abort(self) -> None:
        self._writer.transport.abort()
