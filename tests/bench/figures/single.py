"""Durable single events over HTTP, against the bare database and against an empty handler."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench import process, slow_sync
from bench.figure import Figure, Goal, alternate, measured, median, short, skipped, spread
from bench.load import Load, Requests, drive
from bench.product import Product
from bench.session import Session

BARE = Goal(at_least=5)
EMPTY = Goal(at_least=0.7)
SLOW = Goal(at_least=15)
slow_microseconds = 1_000
ANSWER = '{"success":true,"eventId":"1000000"}'  # the size of a real answer


def run(session: Session) -> list[Figure]:
    """Against one transaction per event, and against the empty handler."""
    with session.scratch() as folder, Product(folder) as product, empty(folder) as handler:
        requests = product.singles(folder, product.make_members())
        warm_up(product, requests)
        products, bares, empties = alternate(
            session.repeats,
            lambda: after_settling(product, requests, session),
            lambda: bare("single", product, folder, session),
            lambda: drive(handler.port, requests, seconds=session.seconds),
        )
    note = describe(products)
    bare_rate, empty_rate = median(bares), median([each.per_second for each in empties])
    rate = median([each.per_second for each in products])
    sound = all(each.sound for each in products)
    return [
        measured(
            "single event / bare transaction",
            rate / bare_rate,
            BARE,
            f"{note}; bare {short(bare_rate)}/s ({spread(bares)})",
            sound=sound,
        ),
        measured(
            "single event / empty handler",
            rate / empty_rate,
            EMPTY,
            f"{note}; empty {short(empty_rate)}/s ({empties[0].describe()})",
            sound=sound and all(each.sound for each in empties),
        ),
    ]


def run_slow_disk(session: Session) -> list[Figure]:
    """The same against bare transactions when every sync takes a millisecond longer."""
    name = "single event / bare transaction, sync +1 ms"
    with session.scratch() as folder:
        try:
            env = slow_sync.environment(slow_sync.library(folder), slow_microseconds)
        except slow_sync.NoCompiler as missing:
            return [skipped(name, SLOW, str(missing))]
        with Product(folder, env=env) as product:
            requests = product.singles(folder, product.make_members())
            warm_up(product, requests)
            products, bares = alternate(
                session.repeats,
                lambda: after_settling(product, requests, session),
                lambda: bare("single", product, folder, session, env=env),
            )
    rate, bare_rate = median([each.per_second for each in products]), median(bares)
    slowed = bare_rate < 1e6 / slow_microseconds
    note = f"{describe(products)}; bare {short(bare_rate)}/s ({spread(bares)})"
    return [
        measured(
            name,
            rate / bare_rate,
            SLOW,
            note if slowed else f"{note}; the syncs were not slowed",
            sound=slowed and all(each.sound for each in products),
        )
    ]


def empty(folder: Path) -> process.Server:
    """The empty handler, not yet started."""
    port = process.free_port()
    options = json.dumps({"port": port, "status": 200, "body": ANSWER})
    command = [sys.executable, "-m", "bench.empty", options]
    return process.Server(command, port=port, log=folder / "empty.log")


def warm_up(product: Product, requests: Requests) -> None:
    """Send every request of the file once, uncounted: a worker has seen each member afterwards.

    That is the state a server is in after its first minutes; a member's first event costs a
    look-up by the committer. The journal then has rows for the comparator, too.
    """
    sent = 0
    while sent < requests.count:
        load = drive(product.port, requests, seconds=1)
        if not load.sound:
            raise process.Broken(f"the warm-up was refused: {load.describe()}")
        sent += load.requests
    product.settle()


def after_settling(product: Product, requests: Requests, session: Session) -> Load:
    """Load the product, then let its followers finish before the comparator's turn."""
    load = drive(product.port, requests, seconds=session.seconds)
    product.tails.append(product.tail())
    product.settle()
    return load


def bare(
    mode: str,
    product: Product,
    folder: Path,
    session: Session,
    *,
    env: Mapping[str, str] | None = None,
) -> float:
    """Rows a second of the bare database with the product's own table and rows."""
    options = {
        "mode": mode,
        "source": product.address or str(product.database),
        "folder": str(folder),
        "table": "activity",
        "seconds": session.seconds,
        "group": 100,
    }
    return float(process.run_module("bare", options, env=env)["per_second"])


def describe(loads: Sequence[Load], events: int = 1) -> str:
    """The product's rate and latency in short."""
    rates = [each.per_second * events for each in loads]
    middle = sorted(loads, key=lambda each: each.per_second)[len(loads) // 2]
    rate = f"{short(median(rates))}/s ({spread(rates)})"
    return f"product, members seen before, {rate}, {middle.describe()}"
