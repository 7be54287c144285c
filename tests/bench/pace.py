"""Requests at a steady rate, whatever the server does: what a slow answer delays is counted.

Run as `python -m bench.pace OPTIONS`, with the options as JSON: {"port", "path", "headers",
"number", "clients", "per_second", "samples"}. Ends when its standard input does; then `samples`
holds a line for each request: the second (epoch) at which it was found to be due, up to a tick
after it was, its latency in milliseconds from then on, and the status (0 when the connection was
lost).
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import httptools
import uvloop

from bench import process
from bench.load import Requests, next_number
from bench.load_asyncio import endless, read_requests

tick_seconds = 0.001


class Client(asyncio.Protocol):
    """One keep-alive connection, free or waiting for an answer."""

    transport: asyncio.Transport
    parser: httptools.HttpResponseParser

    def __init__(self, pacer: Pacer) -> None:
        self.pacer = pacer
        self.due = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.pacer.free.append(self)

    def send(self, due: float) -> None:
        """Send the next request, which was due at `due`."""
        self.due = due
        self.parser = httptools.HttpResponseParser(self)
        self.transport.write(next(self.pacer.stream))

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_message_complete(self) -> None:
        """The whole answer is here (called by the parser)."""
        self.pacer.answered(self, self.parser.get_status_code())

    def connection_lost(self, error: Exception | None) -> None:
        if self.pacer.over:
            return
        if self in self.pacer.free:
            self.pacer.free.remove(self)  # idle for longer than the server keeps one
        else:
            self.pacer.answered(self, 0)


class Pacer:
    """Sends each request when it is due, or as soon as a connection is free."""

    def __init__(self, options: dict[str, Any]) -> None:
        requests = read_requests(Path(options["path"]), options["headers"])
        self.stream = endless(requests, options["number"])
        self.gap = 1 / options["per_second"]
        self.free: deque[Client] = deque()
        self.waiting: deque[float] = deque()
        self.samples: list[tuple[float, float, int]] = []
        self.over = False
        self.loop = asyncio.get_running_loop()
        self.next_due = 0.0

    def begin(self) -> None:
        """The first request is due now."""
        self.next_due = time.time()
        self.tick()

    def tick(self) -> None:
        """Send what is due."""
        now = time.time()
        while self.next_due <= now:
            self.next_due += self.gap
            if self.free:
                self.free.popleft().send(now)
            else:
                self.waiting.append(now)
        if not self.over:
            self.loop.call_later(tick_seconds, self.tick)

    def answered(self, client: Client, status: int) -> None:
        """Note the latency; send what has been waiting."""
        self.samples.append((client.due, time.time() - client.due, status))
        if self.waiting and status:
            client.send(self.waiting.popleft())
        elif status:
            self.free.append(client)

    def write(self, path: Path) -> None:
        """The samples, in seconds since the epoch."""
        with path.open("w") as out:
            for due, latency, status in self.samples:
                out.write(f"{due:.6f} {latency * 1e3:.3f} {status}\n")


async def drive(options: dict[str, Any]) -> None:
    """Run until standard input ends."""
    pacer = Pacer(options)
    loop = asyncio.get_running_loop()
    for _ in range(options["clients"]):
        await loop.create_connection(lambda: Client(pacer), process.LOCAL, options["port"])
    ended = asyncio.Event()
    loop.add_reader(sys.stdin.fileno(), ended.set)
    pacer.begin()
    await ended.wait()
    pacer.over = True
    pacer.write(Path(options["samples"]))


@dataclass(frozen=True)
class Sample:
    """One request."""

    at: float
    milliseconds: float
    status: int


class Paced:
    """The load as a child, from entering to leaving; `samples` are there afterwards."""

    def __init__(self, port: int, requests: Requests, *, per_second: int, clients: int) -> None:
        self.file = requests.path.with_suffix(".samples")
        self.samples: list[Sample] = []
        self.options = {
            "port": port,
            "path": str(requests.path),
            "headers": dict(requests.headers),
            "number": next_number(),
            "clients": clients,
            "per_second": per_second,
            "samples": str(self.file),
        }

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "bench.pace", json.dumps(self.options)]
        self.child = subprocess.Popen(command, stdin=subprocess.PIPE, env=process.environment())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.child.communicate()
        for line in self.file.read_text().splitlines() if self.file.exists() else ():
            due, latency, status = line.split()
            self.samples.append(Sample(float(due), float(latency), int(status)))

    def between(self, start: float, end: float) -> list[Sample]:
        """The requests that were due in a span of time."""
        return [each for each in self.samples if start <= each.at < end]


if __name__ == "__main__":
    uvloop.run(drive(json.loads(sys.argv[1])))
