"""The real product, started for a figure as an operator starts it.

Tenant, keys and members come from the operator's commands; the address allowlist is set, so every
check that a deployment makes is made.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import apsw
import psutil
import psycopg

from bench import bodies, load, process
from bench.bodies import Member
from bench.session import members_count

TENANT = "bench"
DIALECTS = ("conscent", "meditopia", "woowup")
COMMAND = str(Path(sys.executable).with_name("guerdon"))
REGISTERED, LOGGED_IN = 204, 200
PASSWORD = "a-long-password-for-the-bench"
auth_cache_seconds = 1.2  # a key's settings may be one second old
quiet_share = 0.05  # of one core, over half a second
quiet_seconds_max = 120.0
batch_bodies = 512  # of a hundred events: each of the members is in some


class Product:
    """A Guerdon with one tenant, in a folder of its own."""

    def __init__(
        self,
        folder: Path,
        *,
        address: str | None = None,
        env: Mapping[str, str] | None = None,
        keys: Mapping[str, dict[str, Any]] | None = None,
    ) -> None:
        """With `keys` the folder holds data already, made under them."""
        self.folder = folder / "product"
        self.folder.mkdir(exist_ok=keys is not None)
        self.keys = dict(keys or {})
        self.address = address
        self.env = dict(env or {})
        self.env["GUERDON_DATA_DIR"] = str(self.folder)
        if address:
            self.env["GUERDON_DATABASE_URL"] = address
        self.members: list[Member] = []
        self.tails: list[int] = []  # at the end of each load
        self.settled: list[float] = []  # seconds, each time
        self.server = self.new_server()

    def new_server(self) -> process.Server:
        """A server on a port of its own, not yet started."""
        port = process.free_port()
        command = [COMMAND, "serve", "--port", str(port)]
        return process.Server(command, port=port, log=self.folder / "serve.log", env=self.env)

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.folder / "guerdon.db"

    @property
    def port(self) -> int:
        """Where it listens."""
        return self.server.port

    def command(self, *words: str) -> dict[str, Any]:
        """Run an operator's command; its JSON answer."""
        told: dict[str, Any] = json.loads(process.run([COMMAND, *words, "--json"], env=self.env))
        return told

    def set_up(self) -> None:
        """Create the tenant and a key per dialect; each has an address allowlist."""
        self.command("tenant", "create", TENANT)
        self.make_keys()

    def make_keys(self) -> None:
        """The keys of a tenant that exists."""
        for dialect in DIALECTS:
            words = ["--tenant", TENANT, "--dialect", dialect, "--allow-ip", "127.0.0.0/8"]
            self.keys[dialect] = self.command("key", "create", *words)

    def key(self, dialect: str) -> str:
        """The secret of a dialect's key."""
        return str(self.keys[dialect]["key"])

    def __enter__(self) -> Self:
        if not self.keys:
            self.set_up()
        self.server.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        code = self.server.stop()
        if error is None and code != 0:
            raise process.Broken(f"the product ended with {code}: {self.server.log_tail()}")

    def make_members(self) -> list[Member]:
        """Register the members through Meditopia's route, with tokens; only the first time.

        Unknown tokens are registered while a setting says so; afterwards they are refused again.
        """
        if not self.members:
            self.members = list(bodies.new_members(members_count))
            self.set_auto_create(on=True)
            headers = self.meditopia_headers()
            for method, path, body in bodies.registrations(self.members):
                status, answer = process.request(self.port, method, path, body.encode(), headers)
                if status != REGISTERED:
                    raise process.Broken(f"registering members: {status} {answer[:300]!r}")
            self.set_auto_create(on=False)
            self.settle()
        return self.members

    def set_auto_create(self, *, on: bool) -> None:
        """Whether Meditopia's unknown tokens are registered."""
        value = "true" if on else "false"
        self.command("setting", "set", "--tenant", TENANT, "members.auto_create.meditopia", value)
        time.sleep(auth_cache_seconds)

    def administrator_token(self) -> str:
        """Create an administrator and log in; the bearer token."""
        words = ["admin", "create", "--tenant", TENANT, "--username", "bench", "--password-stdin"]
        process.run([COMMAND, *words, "--json"], env=self.env, stdin=PASSWORD)
        body = json.dumps({"_username": "bench", "_password": PASSWORD}).encode()
        headers = {"content-type": "application/json"}
        status, answer = process.request(self.port, "POST", "/api/admin/login_check", body, headers)
        if status != LOGGED_IN:
            raise process.Broken(f"logging in: {status} {answer[:300]!r}")
        return str(json.loads(answer)["token"])

    def activities(self) -> int:
        """How many activities the journal has been given, from the database itself."""
        return self.number("SELECT sum(activity_position) FROM head")

    def tail(self) -> int:
        """How many activities the index by member has not taken in yet."""
        indexed = "SELECT coalesce(sum(position), 0) FROM follower WHERE name = 'index'"
        return self.activities() - self.number(indexed)

    def number(self, question: str) -> int:
        """The one number a query answers with."""
        if self.address:
            with psycopg.connect(self.address) as database:
                row = database.execute(question).fetchone()
                return int(row[0]) if row else 0
        source = apsw.Connection(str(self.database), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            return int(str(source.execute(question).get))
        finally:
            source.close()

    def texts(self, question: str) -> list[str]:
        """The one column of texts a query answers with, from the SQLite file."""
        source = apsw.Connection(str(self.database), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            return [str(row[0]) for row in source.execute(question)]
        finally:
            source.close()

    def processes(self) -> list[psutil.Process]:
        """The server's process and its children."""
        parent = psutil.Process(self.server.pid)
        return [parent, *parent.children(recursive=True)]

    def settle(self) -> float:
        """Wait until the work that follows an answer is done; the seconds it took.

        A comparator must not run while our followers still use the machine.
        """
        began = time.perf_counter()
        while time.perf_counter() - began < quiet_seconds_max:
            before = self.cpu_seconds()
            time.sleep(0.5)
            if self.cpu_seconds() - before < quiet_share * 0.5:
                break
        self.settled.append(time.perf_counter() - began)
        return self.settled[-1]

    def cpu_seconds(self) -> float:
        """CPU time the product's processes have used so far."""
        return sum(sum(each.cpu_times()[:2]) for each in self.processes())

    def memory_bytes(self) -> int:
        """Resident memory of the product's processes together."""
        return sum(int(each.memory_info().rss) for each in self.processes())

    def singles(self, folder: Path, members: Sequence[Member]) -> load.Requests:
        """Conscent requests for the load."""
        headers = {
            "X-API-KEY": self.key("conscent"),
            "content-type": "application/json",
            "accept": "text/plain",
        }
        lines = bodies.singles(TENANT, members, members_count)
        return load.Requests.write(folder / "singles.txt", lines, headers=headers, status=200)

    def batches(self, folder: Path, members: Sequence[Member]) -> load.Requests:
        """Meditopia requests for the load."""
        lines = bodies.batches(members, batch_bodies)
        headers = self.meditopia_headers()
        return load.Requests.write(folder / "batches.txt", lines, headers=headers, status=204)

    def meditopia_headers(self) -> dict[str, str]:
        """What a partner of Meditopia's sends with each batch."""
        return {
            "Authorization": f"Bearer {self.key('meditopia')}",
            "content-type": "application/json",
        }
