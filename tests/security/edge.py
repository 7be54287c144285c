"""A real server on a free port, and a client that sends exactly the bytes it is given."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import NamedTuple

from guerdon import errors
from guerdon.web import answers, strictjson
from guerdon.web.answers import Answer
from guerdon.web.app import Application, Probes
from guerdon.web.body import require_json
from guerdon.web.request import Request
from guerdon.web.routing import Room, Route
from guerdon.web.rules import Bounds
from guerdon.web.server import build, listen

PATIENCE_SECONDS = 20  # a test that waits longer has failed; none waits that long when it passes


class Reply(NamedTuple):
    """One answer as the client read it."""

    status: int
    headers: dict[str, str]
    body: bytes


class Edge:
    """The application under test: what reached a handler is in `seen`."""

    def __init__(self, bounds: Bounds | None = None, *, hosts=(), shutdown_seconds=5.0):
        self.seen: list[tuple[str, bytes]] = []
        self.entered = threading.Event()
        self._leave: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._started = threading.Event()
        self.app = Application([self._room()], Probes(self._ready, self._metrics, dict))
        self.server = build(
            self.app,
            bounds=bounds or Bounds(),
            hosts=hosts,
            on_started=self._started.set,
            shutdown_seconds=shutdown_seconds,
            sweep_seconds=0.01,
        )
        (self.listener,) = listen("127.0.0.1", 0)
        self.port: int = self.listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def start(self) -> None:
        self._thread.start()
        assert self._started.wait(PATIENCE_SECONDS)

    def stop(self) -> None:
        self.leave()
        self.server.stop()
        self.join()

    def join(self) -> None:
        self._thread.join(PATIENCE_SECONDS)
        assert not self._thread.is_alive()

    def leave(self) -> None:
        """Let every handler that waits go on."""
        if self._loop is not None and self._leave is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._leave.set)

    def connect(self) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.port), PATIENCE_SECONDS)
        connection.settimeout(PATIENCE_SECONDS)
        return connection

    def send(self, data: bytes, *, then_close: bool = True) -> list[Reply]:
        """Everything the server answers to `data` until it ends the connection.

        `then_close`: say that nothing follows, so that a server that keeps the connection ends
        it; without, the server must end it by itself.
        """
        with self.connect() as connection:
            with contextlib.suppress(ConnectionError):
                connection.sendall(data)
                if then_close:
                    connection.shutdown(socket.SHUT_WR)
            return replies(rest(connection))

    def _serve(self) -> None:
        self.server.run(sockets=[self.listener])

    async def _ready(self):
        return True, {}

    async def _metrics(self):
        return b""

    def _room(self) -> Room:
        routes = [
            Route(method, path, handler)
            for path, handler in {
                "/echo": self._echo,
                "/ignore": self._ignore,
                "/json": self._json,
                "/large": self._large,
                "/slow": self._slow,
                "/smug": self._ignore,
            }.items()
            for method in ("GET", "POST", "DELETE")
        ]
        routes.append(Route("POST", "/quick", self._noted, lambda _request, _body: None))
        return Room("edge", "/x", [*routes, Route("GET", "/v1/{name}", self._ignore)])

    async def _echo(self, request: Request) -> Answer:
        body = await request.body()
        self.seen.append((request.raw_path.decode(), body))
        return Answer(200, answers.TEXT, body)

    async def _ignore(self, request: Request) -> Answer:
        self.seen.append((request.raw_path.decode(), b""))
        return Answer(200, answers.TEXT, b"ignored")

    async def _json(self, request: Request) -> Answer:
        require_json(request.headers)
        body = await request.body()
        value = strictjson.decode(body)
        if not isinstance(value, dict):
            raise errors.Refused("An object is expected.", code="invalid")
        self.seen.append((request.raw_path.decode(), body))
        return Answer(200, answers.JSON, strictjson.canonical(value).encode())

    async def _large(self, request: Request) -> Answer:
        self.seen.append((request.raw_path.decode(), b""))
        return Answer(200, answers.TEXT, b"x" * 50_000_000)

    async def _noted(self, request: Request) -> Answer:
        self.seen.append((request.raw_path.decode(), b""))
        return Answer(200, answers.TEXT, await request.body())

    async def _slow(self, request: Request) -> Answer:
        body = await request.body()
        self._loop = asyncio.get_running_loop()
        self._leave = self._leave or asyncio.Event()
        self.entered.set()
        await self._leave.wait()
        self.seen.append((request.raw_path.decode(), body))
        return Answer(200, answers.TEXT, b"done")


@contextlib.contextmanager
def serving(bounds: Bounds | None = None, **options) -> Iterator[Edge]:
    """An edge that serves until the block ends."""
    edge = Edge(bounds, **options)
    edge.start()
    try:
        yield edge
    finally:
        edge.stop()


def request(
    path: str = "/x/echo", body: bytes = b"", *headers: bytes, method: str = "POST", host="a"
) -> bytes:
    """A well-formed request; more header lines may be given."""
    lines = [f"{method} {path} HTTP/1.1".encode(), b"Host: " + host.encode(), *headers]
    if body:
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def rest(connection: socket.socket) -> bytes:
    """What the server still sends until it ends the connection."""
    received = bytearray()
    with contextlib.suppress(ConnectionResetError):
        while data := connection.recv(65_536):
            received += data
    return bytes(received)


def one_reply(connection: socket.socket) -> Reply:
    """The next answer on a connection that stays open."""
    received = b""
    while b"\r\n\r\n" not in received:
        data = connection.recv(65_536)
        assert data, received
        received += data
    head, _, body = received.partition(b"\r\n\r\n")
    status, headers = _head(head)
    while len(body) < int(headers.get("content-length", "0")):
        data = connection.recv(65_536)
        assert data, received
        body += data
    return Reply(status, headers, body)


def replies(received: bytes) -> list[Reply]:
    """All answers in what a server sent."""
    found = []
    while received:
        head, separator, received = received.partition(b"\r\n\r\n")
        assert separator, head
        status, headers = _head(head)
        length = int(headers.get("content-length", "0"))
        found.append(Reply(status, headers, received[:length]))
        received = received[length:]
    return found


def _head(head: bytes) -> tuple[int, dict[str, str]]:
    status_line, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(": ") for line in lines)
    return int(status_line.split()[1]), {name.lower(): value for name, _, value in pairs}
