"""Memory over a minute of mixed load: flat, once the caches are warm."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

from bench.figure import Figure, Goal, measured, median
from bench.figures.single import warm_up
from bench.load import Load, drive
from bench.product import Product
from bench.session import Session

FLAT = Goal(at_most=1.1)
minute = 60
warming_seconds = 15
window_samples = 10  # compared: the first and the last ten seconds
mebibyte = 2**20


def run(session: Session) -> list[Figure]:
    """Singles and batches together for a minute, 32 clients each."""
    with session.scratch() as folder, Product(folder) as product:
        members = product.make_members()
        kinds = product.singles(folder, members), product.batches(folder, members)
        for each in kinds:
            warm_up(product, each)
        loads: list[Load] = []
        seconds = warming_seconds + minute
        threads = [
            threading.Thread(
                target=lambda kind=kind: loads.append(
                    drive(product.port, kind, clients=32, seconds=seconds)
                )
            )
            for kind in kinds
        ]
        for thread in threads:
            thread.start()
        time.sleep(warming_seconds)
        resident = [product.memory_bytes()]
        samples = watch(product, minute)
        resident.append(product.memory_bytes())
        for thread in threads:
            thread.join()
    first, last = median(samples[:window_samples]), median(samples[-window_samples:])
    note = (
        f"{first / mebibyte:.0f} MiB at the start of the minute, {last / mebibyte:.0f} at its end;"
        f" slope {slope(samples) * minute / mebibyte:+.1f} MiB a minute; resident with mapped pages"
        f" {resident[0] / mebibyte:.0f} and {resident[1] / mebibyte:.0f} MiB;"
        f" {sum(each.requests for each in loads):,} requests"
    )
    sound = len(loads) == len(kinds) and all(each.sound for each in loads)
    return [measured("memory after a minute / before", last / first, FLAT, note, sound=sound)]


def slope(samples: Sequence[float]) -> float:
    """The rise a second of the straight line nearest to the samples, one a second."""
    return statistics.linear_regression(range(len(samples)), samples).slope


def watch(product: Product, seconds: int) -> list[float]:
    """The product's own memory once a second."""
    samples = []
    for _ in range(seconds):
        samples.append(float(sum(own_bytes(each) for each in product.processes())))
        time.sleep(1)
    return samples


def own_bytes(each: psutil.Process) -> int:
    """Memory that is the process's own; the pages of a mapped database file are not.

    Source: proc_pid_status(5), RssAnon.
    """
    status = Path(f"/proc/{each.pid}/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) * 1024
    return int(each.memory_info().rss)
