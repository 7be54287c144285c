"""How long `guerdon serve` takes on ten million activities until it says that it is ready."""

from __future__ import annotations

import time

from bench import process
from bench.figure import Figure, Goal, measured, median, spread
from bench.journal import open_journal
from bench.product import Product
from bench.session import Session

READY = Goal(at_most=2.0)
seconds_max = 60.0


def run(session: Session) -> list[Figure]:
    """From starting the command to the first 200 of /readyz."""
    journal = open_journal(session)
    with session.scratch() as folder:
        product = journal.product(folder)
        taken = [start(product) for _ in range(session.repeats)]
    return [
        measured(
            f"start-up on {session.rows:,} activities, s",
            median(taken),
            READY,
            f"until /readyz is 200: {spread(taken)} s; the file is in the page cache",
        )
    ]


def start(product: Product) -> float:
    """Start once, wait for readiness, stop."""
    began = time.perf_counter()
    product.server.start()
    try:
        while not is_ready(product.port):
            if time.perf_counter() - began > seconds_max:
                raise process.Broken(f"not ready: {product.server.log_tail()}")
            time.sleep(0.005)
        return time.perf_counter() - began
    finally:
        product.server.stop()


def is_ready(port: int) -> bool:
    """Whether /readyz is answered with 200 now."""
    try:
        return process.request(port, "GET", "/readyz")[0] == 200
    except OSError:
        return False
