"""Batches of 100 events over HTTP, against the bare database storing the same rows."""

from __future__ import annotations

from bench.figure import Figure, Goal, alternate, measured, median, short, spread
from bench.figures.single import after_settling, bare, describe, warm_up
from bench.product import Product
from bench.session import Session

MANY = Goal(at_least=0.9)
COPY = Goal(at_least=1.0)
events_per_batch = 100


def run(session: Session) -> list[Figure]:
    """SQLite, against `executemany` in 100-row transactions."""
    with session.scratch() as folder, Product(folder) as product:
        return [ratio("batch of 100 / bare executemany", MANY, "many", product, session)]


def run_postgres(session: Session) -> list[Figure]:
    """PostgreSQL, against binary COPY in 100-row transactions."""
    address = session.cluster.database("product")
    with session.scratch() as folder, Product(folder, address=address) as product:
        return [ratio("batch of 100 / bare COPY, PostgreSQL", COPY, "copy", product, session)]


def ratio(name: str, goal: Goal, mode: str, product: Product, session: Session) -> Figure:
    """Events a second over HTTP by rows a second of the bare database."""
    folder = product.folder
    requests = product.batches(folder, product.make_members())
    warm_up(product, requests)
    before = product.activities()
    products, bares = alternate(
        session.repeats,
        lambda: after_settling(product, requests, session),
        lambda: bare(mode, product, folder, session),
    )
    stored = product.activities() - before
    answered = sum(each.requests - each.refused for each in products) * events_per_batch
    rate = median([each.per_second for each in products]) * events_per_batch
    note = (
        f"{describe(products, events_per_batch)}; bare {short(median(bares))}/s ({spread(bares)});"
        f" {stored:,} rows stored for {answered:,} answered; after a load"
        f" up to {max(product.tails):,} are not packed yet,"
        f" {max(product.settled[-session.repeats :]):.1f} s later all"
    )
    sound = stored >= answered and all(each.sound for each in products)
    return measured(name, rate / median(bares), goal, note, sound=sound)
