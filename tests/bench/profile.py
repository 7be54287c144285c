"""Why a figure is missed: sample running processes with py-spy and say where their time goes.

    python -m bench.profile PID [--seconds 5] [--native]
    python -m bench.profile singles | batches | pages [--postgres] [--seconds 5] [--native]

The second form starts the product, loads it as the figure does, and samples each of its processes.
Needs py-spy (package `py-spy`) and the right to look into the process. The raw samples (folded
stacks, for any flame-graph tool) are written to build/bench/profile-PID.txt. Beside each process
stands how much of a core it used: what is not at its limit is not the reason.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench import load, process
from bench.figures import events, single
from bench.load import Requests
from bench.product import Product
from bench.session import FOLDER, Session

hertz = 250
LOADS = ("singles", "batches", "pages")


@dataclass(frozen=True)
class Profile:
    """Samples by function: `self_` where it was on top, `total` where it was on the stack."""

    samples: int
    self_: Counter[str]
    total: Counter[str]

    def table(self, lines: int = 25) -> str:
        """The heaviest functions, in per cent of the samples."""
        rows = [f"{self.samples} samples", "  self  function"]
        rows += [self.line(n, name) for name, n in self.self_.most_common(lines)]
        rows.append(" total  function")
        rows += [self.line(n, name) for name, n in self.total.most_common(lines)]
        return "\n".join(rows)

    def line(self, count: int, name: str) -> str:
        """One function."""
        return f"{count / max(1, self.samples):6.1%}  {name}"


def start(
    pid: int, *, seconds: int, native: bool = False, idle: bool = False
) -> tuple[subprocess.Popen[bytes], Path]:
    """Begin sampling a process; the sampler ends by itself after `seconds`."""
    spy = shutil.which("py-spy") or str(Path(sys.executable).with_name("py-spy"))
    if not Path(spy).exists():
        raise process.Broken("py-spy is not installed")
    raw = FOLDER / f"profile-{pid}.txt"
    command = [spy, "record", "--pid", str(pid), "--rate", str(hertz), "--format", "raw"]
    command += ["--function", "--duration", str(seconds), "--output", str(raw)]
    command += ["--native"] if native else []
    command += ["--idle"] if idle else []
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, stdout=quiet, stderr=quiet), raw


def read(raw: Path) -> Profile:
    """Count folded stacks by function."""
    self_: Counter[str] = Counter()
    total: Counter[str] = Counter()
    samples = 0
    for folded in raw.read_text().splitlines():
        stack, count = folded.rsplit(" ", 1)
        frames = stack.split(";")
        samples += int(count)
        self_[frames[-1]] += int(count)
        for name in set(frames):
            total[name] += int(count)
    return Profile(samples, self_, total)


def sample(processes: list[psutil.Process], *, seconds: int, native: bool) -> None:
    """Sample processes side by side and print a table for each."""
    begun = [(each, start(each.pid, seconds=seconds, native=native)) for each in processes]
    before = [sum(each.cpu_times()[:2]) for each in processes]
    time.sleep(seconds)
    used = [
        (sum(each.cpu_times()[:2]) - spent) / seconds
        for each, spent in zip(processes, before, strict=True)
    ]
    for (each, (sampler, raw)), cores in zip(begun, used, strict=True):
        sampler.wait()
        print(f"\n--- {each.pid} {' '.join(each.cmdline())[:70]}: {cores:.2f} of a core")
        print(read(raw).table() if raw.exists() else "no samples")


def under_load(name: str, session: Session, *, seconds: int, native: bool, postgres: bool) -> None:
    """Start the product, load it, sample it."""
    address = session.cluster.database("product") if postgres else None
    with session.scratch() as folder, Product(folder, address=address) as product:
        requests, clients = prepared(name, product, folder)
        loads: list[load.Load] = []
        loading = threading.Thread(
            target=lambda: loads.append(
                load.drive(product.port, requests, clients=clients, seconds=seconds + 3)
            )
        )
        loading.start()
        time.sleep(1)
        sample(product.processes(), seconds=seconds, native=native)
        loading.join()
        print(f"\n{loads[0].per_second:,.0f} requests/s while sampled, {loads[0].describe()}")


def prepared(name: str, product: Product, folder: Path) -> tuple[Requests, int]:
    """The figure's requests and clients, warm."""
    members = product.make_members()
    if name == "pages":
        return events.requests_for(product, folder), events.readers
    make = product.singles if name == "singles" else product.batches
    requests = make(folder, members)
    single.warm_up(product, requests)
    return requests, 64


def main() -> None:
    """Profile one process now, or the product under a load."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("what", help=f"a process id, or {', '.join(LOADS)}")
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--native", action="store_true")
    parser.add_argument("--postgres", action="store_true")
    options = parser.parse_args()
    how = {"seconds": options.seconds, "native": options.native}
    if options.what not in LOADS:
        sample([psutil.Process(int(options.what))], **how)
        return
    session = Session.of_length(quick=True, rows=Session.rows)
    try:
        under_load(options.what, session, postgres=options.postgres, **how)
    finally:
        session.close()


if __name__ == "__main__":
    main()
