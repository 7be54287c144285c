"""An installation as an operator has it: a data folder, the command `guerdon`, real processes.

Nothing here reaches into the package. A server is ready when it says so on standard output, and
gone when its output ends; times are only bounds after which a test has failed.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import apsw
import psycopg
import pytest

from acceptance.spawner import spawner
from postgres import cluster, fresh_database

GUERDON = str(Path(sys.executable).with_name("guerdon"))
PATIENCE_SECONDS = 60
ENGINES = ("sqlite", pytest.param("postgres", marks=pytest.mark.postgres))
# For what the engines have little part in: on PostgreSQL it is looked at when there is time.
ENGINES_SLOWLY = (
    "sqlite",
    pytest.param("postgres", marks=[pytest.mark.postgres, pytest.mark.slow]),
)


class Finished(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


class Reply(NamedTuple):
    """One answer as the client read it."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Server:
    """A running `guerdon serve` (or `demo`)."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self.process = process
        self.log = log
        self.lines: list[str] = []
        self.url = ""

    @property
    def port(self) -> int:
        port = urlsplit(self.url).port
        assert port is not None
        return port

    def wait_for(self, beginning: str) -> str:
        """The first line of its output that begins so."""
        assert self.process.stdout is not None
        with self._guard():
            for line in self.process.stdout:
                self.lines.append(line.rstrip("\n"))
                if line.startswith(beginning):
                    return self.lines[-1]
        raise AssertionError(f"it ended: {self.log.read_text()[-4000:]}")

    def call(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | str | None = None,
    ) -> Reply:
        """One request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        with contextlib.closing(connection):
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            named = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(answer.status, named, answer.read())

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Ask it to end; its exit code."""
        self.process.send_signal(number)
        return self.ended()

    def ended(self) -> int:
        """Wait for its end; the exit code."""
        with self._guard():
            code = self.process.wait()
        assert self.process.stdout is not None
        self.lines += self.process.stdout.read().splitlines()
        self.process.stdout.close()
        return code

    def workers(self) -> list[int]:
        """The process ids of its workers."""
        tasks = Path(f"/proc/{self.process.pid}/task")
        children = [path.read_text() for path in tasks.glob("*/children")]
        return [int(each) for text in children for each in text.split()]

    @contextlib.contextmanager
    def _guard(self) -> Iterator[None]:
        guard = threading.Timer(PATIENCE_SECONDS, self.process.kill)
        guard.start()
        try:
            yield
        finally:
            guard.cancel()


class Installation:
    """A data folder and a database; commands and servers find both by their environment."""

    def __init__(self, folder: Path, database_url: str | None = None) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.database_url = database_url
        kept = {name: text for name, text in os.environ.items() if not name.startswith("GUERDON_")}
        self.environ = {**kept, "GUERDON_DATA_DIR": str(self.data)}
        if database_url is not None:
            self.environ["GUERDON_DATABASE_URL"] = database_url

    @property
    def engine(self) -> str:
        return "sqlite" if self.database_url is None else "postgres"

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.data / "guerdon.db"

    def run(self, *words: str, stdin: str = "") -> Finished:
        """Run a command to its end, in a process of its own."""
        with tempfile.TemporaryDirectory() as name:
            streams = Path(name)
            (streams / "in").write_text(stdin)
            code = spawner().run(
                words,
                environ=self.environ,
                folder=self.folder,
                streams=streams,
                patience_seconds=PATIENCE_SECONDS,
            )
            return Finished(code, (streams / "out").read_text(), (streams / "err").read_text())

    def told(self, *words: str, stdin: str = "") -> Any:
        """Run a command that succeeds; its JSON object."""
        done = self.run(*words, "--json", stdin=stdin)
        assert done.code == 0, done
        return json.loads(done.out)

    def refused(self, *words: str, stdin: str = "") -> str:
        """Run a command that is refused; its reason."""
        done = self.run(*words, stdin=stdin)
        assert done.code == 1, done
        assert done.err.count("\n") == 1, done.err
        return done.err.strip()

    def tenant(self, code: str = "demo") -> None:
        self.told("tenant", "create", code)

    def key(self, dialect: str, *options: str, tenant: str = "demo") -> str:
        words = ("key", "create", "--tenant", tenant, "--dialect", dialect, *options)
        return str(self.told(*words)["key"])

    def start(self, *options: str, command: tuple[str, ...] = (GUERDON, "serve")) -> Server:
        """Start a server on a free port; it need not be ready yet."""
        log = self.folder / "server.log"
        with log.open("a") as errors:
            process = subprocess.Popen(
                [*command, "--port", "0", *options],
                env=self.environ,
                cwd=self.folder,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,
            )
        return Server(process, log)

    @contextlib.contextmanager
    def serving(self, *options: str) -> Iterator[Server]:
        """A server that is ready; it is stopped at the end, and must end well."""
        server = self.start(*options)
        try:
            server.url = server.wait_for("Guerdon serves on ").removeprefix("Guerdon serves on ")
            yield server
            if server.process.returncode is None:
                assert server.stop() == 0, server.log.read_text()[-4000:]
        finally:
            if server.process.returncode is None:
                server.process.kill()
                server.ended()

    @contextlib.contextmanager
    def copied(self, folder: Path) -> Iterator[Installation]:
        """A copy of this installation, of which no server runs."""
        shutil.copytree(self.data, folder / "data")
        if self.database_url is None:
            yield Installation(folder)
            return
        source = self.rows("SELECT current_database()")[0][0]
        name = f"{source}_copy_{folder.name}"
        cluster().execute(f'CREATE DATABASE "{name}" TEMPLATE "{source}"')
        try:
            yield Installation(folder, cluster().url(name))
        finally:
            cluster().drop(name)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Ask the database itself."""
        if self.database_url is not None:
            with psycopg.connect(self.database_url) as connection:
                return list(connection.execute(statement.encode()).fetchall())
        connection = apsw.Connection(str(self.database), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            return list(connection.execute(statement))
        finally:
            connection.close()

    def change(self, statement: str) -> None:
        """Change the database itself, behind the product's back."""
        if self.database_url is not None:
            with psycopg.connect(self.database_url) as connection:
                connection.execute(statement.encode())
            return
        connection = apsw.Connection(str(self.database))
        try:
            connection.execute(statement)
        finally:
            connection.close()


@contextlib.contextmanager
def installed(engine: str, folder: Path) -> Iterator[Installation]:
    """An empty installation: no data folder yet, and a database nobody has used."""
    if engine == "sqlite":
        yield Installation(folder)
        return
    with fresh_database(migrated=False) as url:
        yield Installation(folder, url)
