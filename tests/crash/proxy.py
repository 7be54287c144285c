"""A network that fails on purpose: a TCP proxy in front of a server, with a knife.

`Proxy` listens on a local port and carries each connection to the server's socket. `lose_reply`
cuts a connection when the server has given a certain answer, before anything of it is passed on;
`cut` ends every connection and refuses new ones until `mend`.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

_BUFFER_BYTES = 65_536
_PATIENCE_SECONDS = 30


class Proxy:
    """Carries bytes between local clients and the server at a Unix socket."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._pairs: set[_Pair] = set()
        self._doomed: bytes | None = None
        self._passes = 0
        self._is_cut = False
        self.replies_lost = 0
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def lose_reply(self, holding: bytes = b"", *, after: int = 0) -> None:
        """The server's next answer that holds these bytes reaches nobody; or a later one."""
        with self._lock:
            self._doomed = holding
            self._passes = after

    def cut(self) -> None:
        """No connection lives, and none can be made."""
        with self._lock:
            self._is_cut = True
            pairs = list(self._pairs)
        for pair in pairs:
            pair.end()

    def mend(self) -> None:
        """New connections can be made."""
        with self._lock:
            self._is_cut = False

    def close(self) -> None:
        """Stop for good."""
        self.cut()
        # Closing alone would leave the other thread waiting.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(_PATIENCE_SECONDS)

    def is_doomed(self, reply: bytes) -> bool:
        """Whether this reply is to be lost; asked once for each."""
        with self._lock:
            if self._doomed is None or self._doomed not in reply:
                return False
            self._passes -= 1
            if self._passes >= 0:
                return False
            self._doomed = None
            self.replies_lost += 1
            return True

    def forget(self, pair: _Pair) -> None:
        """A connection has ended."""
        with self._lock:
            self._pairs.discard(pair)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                pair = None if self._is_cut else _Pair(self, client, self._server)
                if pair is not None:
                    self._pairs.add(pair)
            if pair is None:
                client.close()
            else:
                pair.start()


class _Pair:
    """One client's connection and the one made for it."""

    def __init__(self, proxy: Proxy, client: socket.socket, server: str) -> None:
        self._proxy = proxy
        self._client = client
        self._server = socket.socket(socket.AF_UNIX)
        self._address = server

    def start(self) -> None:
        try:
            self._server.connect(self._address)
        except OSError:
            self.end()
            return
        for carry in (self._carry_requests, self._carry_replies):
            threading.Thread(target=carry, daemon=True).start()

    def end(self) -> None:
        for side in (self._client, self._server):
            with contextlib.suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)
            side.close()
        self._proxy.forget(self)

    def _carry_requests(self) -> None:
        for data in _received(self._client):
            try:
                self._server.sendall(data)
            except OSError:
                break
        self.end()

    def _carry_replies(self) -> None:
        for data in _received(self._server):
            if self._proxy.is_doomed(data):
                break
            try:
                self._client.sendall(data)
            except OSError:
                break
        self.end()


def _received(side: socket.socket) -> Iterator[bytes]:
    with contextlib.suppress(OSError):
        while data := side.recv(_BUFFER_BYTES):
            yield data


@contextlib.contextmanager
def proxied(server: str) -> Iterator[Proxy]:
    """A proxy for the length of a block."""
    proxy = Proxy(server)
    try:
        yield proxy
    finally:
        proxy.close()
