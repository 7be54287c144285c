"""Stand-ins for the network and the clock, and a real receiver on loopback."""

import asyncio
from contextlib import asynccontextmanager

from guerdon.clock import SECOND
from guerdon.outbound.delivery import Delivery

START = 1_754_000_000 * SECOND
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OK = b"HTTP/1.1 204 No Content\r\n\r\n"


def delivery(**changes):
    """A first attempt at a webhook, with whatever the test changes."""
    plain = {
        "tenant_id": 1,
        "delivery_id": 2,
        "kind": "webhook",
        "message_id": "msg_1",
        "target": "https://a.example/hook",
        "body": "{}",
        "attempt": 1,
        "fence": 1,
    }
    return Delivery(**{**plain, **changes})


class StandingClock:
    """A clock that moves only when told; its secrets are all one byte."""

    def __init__(self, now=START, byte=b"\x80"):
        self.moment = now
        self.seconds = 0.0
        self.byte = byte

    def now(self):
        return self.moment

    def monotonic(self):
        return self.seconds

    def uuid(self):
        return "00000000-0000-4000-8000-000000000000"

    def secret(self, size_bytes):
        # 0x8000 is the middle: no jitter.
        return (self.byte + bytes(size_bytes))[:size_bytes]


class Names:
    """A resolver: gives its answers one after the other, the last one for ever."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []

    async def __call__(self, host, port):
        self.asked.append((host, port))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, OSError):
            raise answer
        return list(answer)


class ScriptedWire:
    """A connection that answers with these pieces; then it ends, breaks or hangs."""

    def __init__(self, *pieces, then=b""):
        self.pieces = list(pieces)
        self.then = then
        self.sent = b""
        self.aborted = False

    async def send(self, data):
        self.sent += data

    async def receive(self):
        if self.pieces:
            return self.pieces.pop(0)
        if isinstance(self.then, OSError):
            raise self.then
        if self.then == "hang":
            await asyncio.Event().wait()
        return self.then

    def abort(self):
        self.aborted = True


class Network:
    """Hands out one wire and remembers every connection asked for."""

    def __init__(self, wire=None, error=None):
        self.wire = wire or ScriptedWire(OK)
        self.error = error
        self.dialled = []

    async def __call__(self, address, port, tls_name):
        self.dialled.append((address, port, tls_name))
        if self.error:
            raise self.error
        return self.wire


@asynccontextmanager
async def listening(handle, tls=None):
    """A real server on a free port of loopback; gives the port. `handle(reader, writer)`."""
    tasks = set()

    async def serve(reader, writer):
        tasks.add(asyncio.current_task())
        try:
            await handle(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass  # The client may hang up at any time, and the test may be over.
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


async def read_request(reader):
    """(request line, headers with lower-case names, body) of one HTTP request."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    pairs = (line.split(": ", 1) for line in head[1:] if line)
    headers = {name.lower(): value for name, value in pairs}
    return head[0], headers, await reader.readexactly(int(headers["content-length"]))
