"""`GET /api/event` in pages of 100 over HTTP, against bare tuple reads of the same rows.

Readers are served by every worker there is, the committer has nothing to do: so the goal is for a
worker on each of two cores. What one of them does is told beside it.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

from bench import process
from bench.figure import (
    Figure,
    Goal,
    alternate,
    figure_without_goal,
    measured,
    median,
    short,
    spread,
)
from bench.figures.single import describe
from bench.load import Requests, drive
from bench.product import Product
from bench.session import Session

PAGES = Goal(at_least=0.4)
workers_counts = (2, 1)
page_events = 100
readers = 16


def run(session: Session) -> list[Figure]:
    """Random pages of the decision journal that real registrations left."""
    return [figure(session, workers) for workers in workers_counts]


def figure(session: Session, workers: int) -> Figure:
    """The same with so many workers."""
    env = {"GUERDON_WORKERS": str(workers)}
    with session.scratch() as folder, Product(folder, env=env) as product:
        product.make_members()
        requests = requests_for(product, folder)
        drive(product.port, requests, clients=readers, seconds=1)
        options = {
            "mode": "read",
            "source": str(product.database),
            "table": "decision",
            "seconds": session.seconds,
            "group": page_events,
        }
        products, bares = alternate(
            session.repeats,
            lambda: drive(product.port, requests, clients=readers, seconds=session.seconds),
            lambda: float(process.run_module("bare", options)["per_second"]),
        )
    rate = median([each.per_second for each in products]) * page_events
    note = (
        f"{describe(products, page_events)}; bare {short(median(bares))} rows/s ({spread(bares)});"
        " registrations"
    )
    sound = all(each.sound for each in products)
    name = f"GET /api/event page of 100 / bare tuples, {workers} worker{'s' * (workers > 1)}"
    if workers == 1:
        return figure_without_goal(name, rate / median(bares), note)
    return measured(name, rate / median(bares), PAGES, note, sound=sound)


def requests_for(product: Product, folder: Path) -> Requests:
    """Pages of a journal that holds registrations, as an administrator asks for them."""
    token = product.administrator_token()
    requests = Requests.write(
        folder / "pages.txt",
        pages(newest(product, token)),
        headers={"Authorization": f"Bearer {token}", "accept": "application/json"},
        status=200,
    )
    full_page(product, requests)
    return requests


def newest(product: Product, token: str) -> int:
    """The position of the newest decision, by halving: only the public route is used."""
    low, high = 1, 1
    while events_from(product, token, high):
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        if events_from(product, token, middle):
            low = middle
        else:
            high = middle
    return low


def events_from(product: Product, token: str, position: int) -> bool:
    """Whether there is an event at or after the position."""
    path = f"/api/event?fromId={position}&perPage=1"
    status, body = process.request(
        product.port, "GET", path, headers={"Authorization": f"Bearer {token}"}
    )
    if status != 200:
        raise process.Broken(f"GET {path}: {status} {body[:300]!r}")
    return b'"uuid"' in body


def full_page(product: Product, requests: Requests) -> None:
    """Broken unless the first page really holds a hundred events."""
    with requests.path.open() as lines:
        method, path, _ = lines.readline().split("\t")
    _, body = process.request(product.port, method, path, headers=requests.headers)
    found = json.loads(body)
    events = found if isinstance(found, list) else found.get("events", [])
    if len(events) != page_events:
        raise process.Broken(f"GET {path} gives {len(events)} events: {body[:200]!r}")


def pages(last: int) -> Iterator[tuple[str, str, str]]:
    """Requests for full pages at random positions."""
    dice = random.Random(3)
    for _ in range(5_000):
        start = dice.randint(1, max(1, last - page_events))
        yield "GET", f"/api/event?fromId={start}&perPage={page_events}", ""
