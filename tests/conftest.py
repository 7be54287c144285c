"""The house: a whole Guerdon in this process, on each engine.

A test talks to it as a partner would (`call`), as the operator would (`execute`), or asks the store
(`read`). Everything runs on one event loop that the fixture owns.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import structlog
from argon2 import PasswordHasher
from hypothesis import settings

from guerdon import bootstrap
from guerdon.clock import SystemClock
from guerdon.config import Config
from guerdon.engine import commands
from guerdon.store import activities
from guerdon.store.port import Store
from guerdon.web import passwords
from guerdon.web.app import Application, Probes
from postgres import fresh_database

SECRET_KEY = bytes(range(32))
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
NOBODY = CHEAP.hash("nobody")
# How long an example takes is the machine's affair.
settings.register_profile("guerdon", deadline=None)
settings.load_profile("guerdon")


_LOGGERS = tuple(map(logging.getLogger, ("", "uvicorn", "uvicorn.error", "uvicorn.access")))


@pytest.fixture(autouse=True)
def _lines_go_nowhere_after_their_test() -> Iterator[None]:
    """A test that installs the log leaves no later one with the stream it has closed."""
    before = [(each.handlers[:], each.level, each.propagate) for each in _LOGGERS]
    yield
    structlog.reset_defaults()
    for logger, (handlers, level, propagate) in zip(_LOGGERS, before, strict=True):
        logger.handlers[:], logger.propagate = handlers, propagate
        logger.setLevel(level)


class Reply(msgspec.Struct):
    """An answer as the client sees it."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class House:
    """A tenant `demo`, all rooms, an inline committer with its background work."""

    def __init__(self, config: Config, store: Store, loop: asyncio.AbstractEventLoop) -> None:
        self.config = config
        self.store = store
        self.clock = SystemClock()
        self._loop = loop
        self.committer = bootstrap.inline_committer(config, store, self.clock)
        self.engine = bootstrap.engine(config, store, self.committer, self.clock)
        self.app: Application = bootstrap.application(self.engine, config, _probes(), self.clock)
        self.tenant_id = self.tenant("demo")

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self._loop.run_until_complete(work)

    def execute(self, command: commands.Command) -> Any:
        async def submit() -> Any:
            return await self.engine.execute(command)

        return self.run(submit())

    def read(self, question: Callable[[Any], Any]) -> Any:
        return self.run(self.engine.read(question))

    def tenant(self, code: str) -> int:
        return self.execute(commands.CreateTenant(0, 0, code, code))

    def key(
        self, dialect: str, *, allow_ip: tuple[str, ...] = (), tenant_id: int | None = None
    ) -> str:
        tenant = tenant_id or self.tenant_id
        return self.execute(commands.CreateKey(tenant, 0, dialect, allow_ip)).secret

    def admin(self, username: str, password: str, *, tenant_id: int | None = None) -> str:
        tenant = tenant_id or self.tenant_id
        hashed = passwords.password_hash(password)
        return self.execute(commands.CreateAdministrator(tenant, 0, username, hashed))

    def member(self, *identities: tuple[str, str], profile: dict[str, Any] | None = None) -> Any:
        text = json.dumps(profile or {})
        return self.execute(commands.RegisterMember(self.tenant_id, 0, identities, text))

    def setting(self, name: str, value: Any, *, tenant_id: int | None = None) -> None:
        tenant = tenant_id or self.tenant_id
        self.execute(commands.ChangeSetting(tenant, 0, name, json.dumps(value)))
        self.engine.directory.forget()

    def settle(self) -> None:
        """Run all background work to its end."""
        self.committer.settle()

    def activities(self, tenant_id: int | None = None) -> list[Any]:
        tenant = tenant_id or self.tenant_id
        return self.read(lambda rows: activities.after(rows, tenant, position=0, limit=10_000))

    def outcomes(self, tenant_id: int | None = None) -> list[Any]:
        tenant = tenant_id or self.tenant_id
        return self.read(
            lambda rows: rows.all("outcomes", tenant_id=tenant, before=2**62, since=0, limit=10_000)
        )

    def call(
        self,
        method: str,
        target: str,
        *,
        headers: dict[str, str] | list[tuple[str, str]] | None = None,
        body: bytes | str = b"",
        peer: str = "203.0.113.9",
    ) -> Reply:
        return self.run(self._call(method, target, headers or {}, body, peer))

    async def _call(self, method: str, target: str, headers: Any, body: Any, peer: str) -> Reply:
        path, _, query = target.partition("?")
        content = body.encode() if isinstance(body, str) else body
        pairs = list(headers.items()) if isinstance(headers, dict) else list(headers)
        raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in pairs]
        raw.insert(0, (b"host", b"127.0.0.1"))
        if content and not any(name == b"content-length" for name, _ in raw):
            raw.append((b"content-length", str(len(content)).encode()))
        scope = {
            "type": "http",
            "http_version": "1.1",
            "scheme": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": raw,
            "client": (peer, 40_000),
            "server": ("127.0.0.1", 8181),
            "extensions": {},
        }
        quick = await self._quick(scope, content)
        if quick is not None:
            return quick
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": content, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        start = next(each for each in sent if each["type"] == "http.response.start")
        answer = b"".join(each.get("body", b"") for each in sent)
        named = {name.decode(): value.decode("latin-1") for name, value in start["headers"]}
        return Reply(start["status"], named, answer)

    async def _quick(self, scope: dict[str, Any], body: bytes) -> Reply | None:
        """The answer of the quick way, where the route has one and takes it, as in the server."""
        match = self.app.quick_match(scope["method"], scope["raw_path"])
        if match is None:
            return None
        settled: asyncio.Future[Any] = self._loop.create_future()
        if not self.app.answer_quickly(match, scope, body, settled.set_result):
            return None
        answer = await settled
        if answer is None:
            return None
        named = {name.decode(): value.decode("latin-1") for name, value in answer.headers}
        if answer.status != 204:
            named["content-length"] = str(len(answer.body))
        return Reply(answer.status, named, answer.body)

    def close(self) -> None:
        self.run(self.engine.close())


def _probes() -> Probes:
    async def ready() -> tuple[bool, dict[str, Any]]:
        return True, {}

    async def metrics() -> bytes:
        return b""

    return Probes(ready, metrics, dict)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def config(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Config]:
    if request.param == "sqlite":
        yield Config(
            data_dir=tmp_path,
            database_url=f"sqlite:///{tmp_path / 'guerdon.db'}",
            secret_key=SECRET_KEY,
        )
        return
    with fresh_database() as url:
        yield Config(data_dir=tmp_path, database_url=url, secret_key=SECRET_KEY)


@pytest.fixture
def house(config: Config, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    # Slow hashes are tested with the passwords; here they would only be waited for.
    monkeypatch.setattr(passwords, "_HASHER", CHEAP)
    monkeypatch.setattr(passwords, "NOBODY", NOBODY)
    store = bootstrap.open_store(config, SystemClock(), pytest.fail)
    store.migrate()
    loop = asyncio.new_event_loop()
    built = House(config, store, loop)
    yield built
    built.close()
    loop.close()
