"""The product against what is usually built: a typical service, and an event-sourcing library."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bench import process
from bench.bodies import Member
from bench.figure import Figure, Goal, alternate, measured, median, short, spread
from bench.figures.single import after_settling, describe, warm_up
from bench.load import Requests, drive
from bench.peers import typical
from bench.product import TENANT, Product
from bench.session import Session

TYPICAL_SINGLE = Goal(at_least=20)
TYPICAL_BATCH = Goal(at_least=10)
STREAM_SINGLE = Goal(at_least=5)
STREAM_BATCH = Goal(at_least=2.5)
KEY = "a-key-of-the-typical-service"
HEADERS = {
    "X-API-KEY": KEY,
    "Authorization": f"Bearer {KEY}",
    "content-type": "application/json",
    "accept": "text/plain",
}
workers = 2
STATE = '{"orderId":"000000000000","amount":123.45,"currency":"INR"}'


def run(session: Session) -> list[Figure]:
    """Each peer in turn with the product, singles and batches."""
    with session.scratch() as folder, Product(folder) as product:
        members = product.make_members()
        singles = product.singles(folder, members)
        batches = product.batches(folder, members)
        with typical_service(folder, session, members) as service:
            return [
                *compare("single event", product, service, singles, 1, session),
                *compare("batch of 100", product, service, batches, 100, session),
            ]


def compare(
    kind: str,
    product: Product,
    service: process.Server,
    requests: Requests,
    events: int,
    session: Session,
) -> list[Figure]:
    """One kind of request against both peers."""
    warm_up(product, requests)
    same = replace(requests, headers=HEADERS)
    drive(service.port, same, seconds=1)
    products, services, streams = alternate(
        session.repeats,
        lambda: after_settling(product, requests, session),
        lambda: drive(service.port, same, seconds=session.seconds),
        lambda: stream(requests.path.parent, events, session),
    )
    theirs = [each.per_second * events for each in services]
    rate = median([each.per_second for each in products]) * events
    note = describe(products, events)
    sound = all(each.sound for each in products)
    single = events == 1
    return [
        measured(
            f"{kind} / FastAPI+SQLAlchemy+PostgreSQL",
            rate / median(theirs),
            TYPICAL_SINGLE if single else TYPICAL_BATCH,
            f"{note}; theirs {short(median(theirs))}/s ({spread(theirs)}), {workers} workers",
            sound=sound and all(each.sound for each in services),
        ),
        measured(
            f"{kind} / eventsourcing on SQLite, in process",
            rate / median(streams),
            STREAM_SINGLE if single else STREAM_BATCH,
            f"{note}; theirs {short(median(streams))}/s ({spread(streams)})",
            sound=sound,
        ),
    ]


def stream(folder: Path, events: int, session: Session) -> float:
    """Events a second of the library, one caller in process (more callers only slow it down)."""
    options = {"folder": str(folder), "seconds": session.seconds, "group": events, "state": STATE}
    return float(process.run_module("peers.stream", options)["per_second"])


def typical_service(folder: Path, session: Session, members: Sequence[Member]) -> process.Server:
    """The typical service with the same members, not yet started."""
    address = session.cluster.database("typical")
    typical.prepare(address, code=TENANT, key=KEY, members=members)
    port = process.free_port()
    command = [sys.executable, "-m", "uvicorn", "bench.peers.typical:app"]
    command += ["--workers", str(workers), "--loop", "uvloop", "--http", "httptools"]
    command += ["--no-access-log", "--log-level", "warning", "--port", str(port)]
    env = {"TYPICAL_DATABASE_URL": address}
    return process.Server(command, port=port, log=folder / "typical.log", env=env)
