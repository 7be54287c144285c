"""The load generator for machines without wrk: raw protocols on uvloop, no pipelining.

Run as `python -m bench.load_asyncio OPTIONS`, with the options as JSON (see `load.drive_asyncio`).
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import httptools
import uvloop

from bench import load, process

Parts = tuple[bytes, ...]


class Client(asyncio.Protocol):
    """One keep-alive connection: sends, waits for the whole answer, sends again."""

    transport: asyncio.Transport
    parser: httptools.HttpResponseParser

    def __init__(self, next_request: Callable[[], bytes], ledger: Ledger) -> None:
        self.next_request = next_request
        self.ledger = ledger
        self.began = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.send()

    def send(self) -> None:
        """Send the next request; the parser is fresh for each answer."""
        self.parser = httptools.HttpResponseParser(self)
        self.began = time.perf_counter()
        self.transport.write(self.next_request())

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_message_complete(self) -> None:
        """The whole answer is here (called by the parser)."""
        self.ledger.latencies.append(time.perf_counter() - self.began)
        self.ledger.statuses[self.parser.get_status_code()] += 1
        if not self.ledger.over:
            self.send()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.ledger.over:
            self.ledger.broken += 1


class Ledger:
    """What the clients saw together."""

    def __init__(self) -> None:
        self.latencies: list[float] = []
        self.statuses: Counter[int] = Counter()
        self.broken = 0
        self.over = False

    def told(self, seconds: float) -> dict[str, Any]:
        """The fields of `load.Load`."""
        ordered = sorted(self.latencies) or [0.0]
        return {
            "requests": sum(self.statuses.values()),
            "seconds": seconds,
            "p50_ms": ordered[len(ordered) // 2] * 1e3,
            "p99_ms": ordered[int(len(ordered) * 0.99)] * 1e3,
            "max_ms": ordered[-1] * 1e3,
            "refused": sum(n for status, n in self.statuses.items() if status >= 400),
            "broken": self.broken,
            "statuses": {str(status): n for status, n in self.statuses.items()},
        }


def read_requests(path: Path, headers: dict[str, str]) -> list[Parts]:
    """Each line as the bytes to send, cut where the number goes."""
    requests = []
    for line in path.read_text().splitlines():
        method, target, body = line.split("\t")
        lines = [f"{method} {target} HTTP/1.1", f"Host: {process.LOCAL}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if body:
            lines.append(f"Content-Length: {len(body.encode())}")
        whole = "\r\n".join([*lines, "", body]).encode()
        requests.append(tuple(whole.split(load.MARK.encode(), 1)))
    return requests


def endless(requests: list[Parts], number: int) -> Iterator[bytes]:
    """The requests round and round, each marked one with a fresh number."""
    while True:
        for parts in requests:
            if len(parts) == 1:
                yield parts[0]
            else:
                number += 1
                yield b"%s%012d%s" % (parts[0], number, parts[1])


async def drive(options: dict[str, Any]) -> dict[str, Any]:
    """Run the clients for the given seconds."""
    ledger = Ledger()
    stream = endless(read_requests(Path(options["path"]), options["headers"]), options["number"])
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    for _ in range(options["clients"]):
        await loop.create_connection(
            lambda: Client(stream.__next__, ledger), process.LOCAL, options["port"]
        )
    await asyncio.sleep(options["seconds"])
    ledger.over = True
    return ledger.told(time.perf_counter() - began)


if __name__ == "__main__":
    print(json.dumps(uvloop.run(drive(json.loads(sys.argv[1])))))
