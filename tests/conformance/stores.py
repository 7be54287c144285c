"""What the suite's tests share: a clock that repeats itself, and a committer to write with."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest

from guerdon import bootstrap
from guerdon.clock import SECOND
from guerdon.config import Config
from guerdon.engine import commands
from guerdon.engine.committer import Committer
from guerdon.errors import GuerdonError
from guerdon.followers.background import Upkeep
from guerdon.store.port import Rows, Store
from postgres import fresh_database

T = TypeVar("T")
only_on_sqlite = pytest.mark.parametrize("config", ["sqlite"], indirect=True)
only_on_postgres = pytest.mark.parametrize(
    "config", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)
START = 1_700_000_000 * SECOND
SECRET_KEY = bytes(range(32))


class FixedClock:
    """Stands still until it is moved; its ids and secrets come in one fixed order."""

    def __init__(self, moment: int = START) -> None:
        self.moment = moment
        self.passed = 0.0
        self.pace = 1.0
        self._drawn = 0

    def now(self) -> int:
        return self.moment

    def monotonic(self) -> float:
        self.passed += self.pace
        return self.passed

    def uuid(self) -> str:
        text = self.secret(16).hex()
        return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))

    def secret(self, size_bytes: int) -> bytes:
        self._drawn += 1
        return hashlib.shake_256(b"%d" % self._drawn).digest(size_bytes)


class Bench:
    """A store with one committer, one reader and a tenant `a`."""

    def __init__(self, config: Config, *, tenant_id: int = 0) -> None:
        self.config = config
        self.clock = FixedClock()
        self.store: Store = bootstrap.open_store(config, self.clock, _alarm)
        self.store.migrate()
        self.vault = bootstrap.vault(config, self.clock)
        self.committer = Committer(self.store, self.clock, self.vault)
        self.upkeep = Upkeep()
        self.reader = self.store.reader()
        self.tenant_id = tenant_id or self.tenant("a")

    def tenant(self, code: str) -> int:
        return int(self.do(commands.CreateTenant(0, 0, code, code)))

    def do(self, command: commands.Command) -> Any:
        """The command's answer, alone in its transaction; raises what it was refused with."""
        (outcome,) = self.committer.run([command])
        if isinstance(outcome, GuerdonError):
            raise outcome
        return outcome

    def together(self, *several: commands.Command) -> list[Any]:
        """The outcomes of commands that share a commit."""
        return self.committer.run(several)

    def ask(self, question: Callable[[Rows], T]) -> T:
        return self.reader.ask(question)

    def settle(self) -> None:
        """Run all background work to its end."""
        self.upkeep.settle(self.committer)

    def member(self, *identities: tuple[str, str]) -> int:
        return int(self.do(commands.RegisterMember(self.tenant_id, 0, identities)).number)

    def close(self) -> None:
        self.reader.close()
        self.committer.close()


@contextmanager
def opened(engine: str, folder: Path, *, tenant_id: int = 0) -> Iterator[Bench]:
    """A bench on a new database of an engine: `sqlite` or `postgres`."""
    if engine == "sqlite":
        yield from _opened(f"sqlite:///{folder / 'guerdon.db'}", folder, tenant_id)
        return
    with fresh_database() as url:
        yield from _opened(url, folder, tenant_id)


def _opened(url: str, folder: Path, tenant_id: int) -> Iterator[Bench]:
    config = Config(data_dir=folder, database_url=url, secret_key=SECRET_KEY)
    bench = Bench(config, tenant_id=tenant_id)
    try:
        yield bench
    finally:
        bench.close()


def ingest(
    tenant_id: int,
    names: Sequence[str],
    *,
    type: str = "seen",
    key_id: int = 0,
    **more: Any,
) -> commands.Ingest:
    """An activity of each of the named members, who are taken in if they are new."""
    items = tuple(commands.Item(type, (("external", name),)) for name in names)
    return commands.Ingest(
        tenant_id,
        key_id,
        "conscent",
        items,
        unknown_member="create",
        unknown_type="add",
        **more,
    )


def in_threads(*works: Callable[[], None]) -> None:
    """Run all at once; raises the first error any of them met."""
    failed: list[BaseException] = []

    def run(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            # Raised again by whoever started the threads.
            failed.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]


@contextmanager
def committers(bench: Bench, count: int) -> Iterator[list[Committer]]:
    """Several processes' committers on one database."""
    clock = bench.clock
    made = [
        Committer(bootstrap.open_store(bench.config, clock, _alarm), clock, bench.vault)
        for _ in range(count)
    ]
    try:
        yield made
    finally:
        for each in made:
            each.close()


def _alarm(message: str) -> None:
    raise RuntimeError(message)
