"""A million lots that are due at once, while partners go on sending."""

from __future__ import annotations

import time
from pathlib import Path

from bench import process
from bench.bodies import Member
from bench.figure import Figure, Goal, measured, summary
from bench.load import Requests
from bench.pace import Paced, Sample
from bench.product import Product
from bench.session import Session

RATE = Goal(at_least=20_000)
QUIET = Goal(at_most=2)
lots, lots_quick = 1_000_000, 150_000
members = 10_000
per_second, clients = 1_000, 64
quiet_seconds, quiet_seconds_quick = 20, 6
settling_seconds = 3  # of the generator and of a new worker
per_second_min = 500  # below it there is no sense in waiting
LEFT = "SELECT coalesce(sum(total), 0) FROM counter WHERE name = 'points:of:adding:active'"


def run(session: Session) -> list[Figure]:
    """The server starts with all of them due; the quiet value is taken afterwards."""
    count = lots_quick if session.quick else lots
    quiet_for = quiet_seconds_quick if session.quick else quiet_seconds
    with session.scratch() as folder:
        product = Product(folder)
        options = {"folder": str(product.folder), "lots": count, "members": members}
        process.run_module("programme", {"workload": "lots", **options})
        product.make_keys()
        requests = singles(product, folder)
        with (
            product,
            Paced(product.port, requests, per_second=per_second, clients=clients) as load,
        ):
            began, left = time.time(), product.number(LEFT)
            expired = until_expired(product, count / per_second_min)
            time.sleep(settling_seconds)
            quiet_from = time.time()
            time.sleep(quiet_for)
            quiet_to = time.time()
    during = load.between(began + settling_seconds, expired)
    quiet = load.between(quiet_from, quiet_to)
    return told(count, left / (expired - began), during, quiet)


def singles(product: Product, folder: Path) -> Requests:
    """Conscent requests of the members who have the lots."""
    known = [Member(f"u{at}", "") for at in range(members)]
    return product.singles(folder, known)


def until_expired(product: Product, seconds_max: float) -> float:
    """Wait until no lot is left; when that was."""
    began = time.time()
    while product.number(LEFT):
        if time.time() - began > seconds_max:
            raise process.Broken("the lots did not expire in time")
        time.sleep(0.1)
    return time.time()


def told(count: int, rate: float, during: list[Sample], quiet: list[Sample]) -> list[Figure]:
    """The figures of the course."""
    failed = sum(each.status != 200 for each in (*during, *quiet))
    before, meanwhile = (summary([each.milliseconds for each in some]) for some in (quiet, during))
    return [
        measured(
            "due lots expired under load, /s",
            rate,
            RATE,
            f"{count:,} lots of {members:,} members due at the start, {per_second:,}/s singles"
            " sent meanwhile",
            sound=failed == 0,
        ),
        measured(
            "ingest p99 while lots expire / quiet",
            meanwhile["p99"] / before["p99"],
            QUIET,
            f"{per_second:,}/s singles: quiet {describe(before)}; meanwhile {describe(meanwhile)};"
            f" {len(during):,} requests, {failed} failed",
            sound=failed == 0,
        ),
    ]


def describe(each: dict[str, float]) -> str:
    """In short."""
    return f"p50 {each['p50']:.1f} p99 {each['p99']:.1f} max {each['max']:.0f} ms"
