"""One admitted request: what it says, whom it is for, and how it is answered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import structlog

from guerdon import limits
from guerdon.dialects.woowup import bodies, params
from guerdon.dialects.woowup.bodies import Fields
from guerdon.dialects.woowup.door import DIALECT
from guerdon.dialects.woowup.wire import Wire
from guerdon.engine import once
from guerdon.engine.commands import Command
from guerdon.engine.commands.once import Answered
from guerdon.engine.directory import Key
from guerdon.engine.engine import Engine
from guerdon.store.port import Rows
from guerdon.web import idempotency
from guerdon.web.answers import Answer
from guerdon.web.request import Request

T = TypeVar("T")

_REPAIRED = b"x-guerdon-repaired"


class Visit:
    """A request whose key was let in."""

    __slots__ = ("_body", "engine", "key", "request", "tenant_id", "wire")

    def __init__(self, engine: Engine, wire: Wire, request: Request, key: Key) -> None:
        self.engine = engine
        self.key = key
        self.request = request
        self.tenant_id = key.tenant_id
        self.wire = wire
        self._body = b""

    @property
    def path_id(self) -> str:
        """The decoded `{id}` of the path."""
        return self.request.params["id"]

    @property
    def has_key(self) -> bool:
        """Whether the sender marked the request with an `Idempotency-Key`."""
        return idempotency.HEADER in self.request.headers

    def query(self) -> dict[str, str]:
        """The query's parameters, empty ones left out. Errors: those of `form.query`."""
        return params.given(self.request.query())

    async def body(self) -> bytes:
        """The body as sent. Errors: those of `Request.body`."""
        self._body = await self.request.body(limits.woowup_body_bytes_max)
        return self._body

    def value(self, body: bytes) -> Any:
        """What the body says. Errors: those of `bodies.decode`."""
        value, repairs = bodies.decode(body)
        if repairs:
            self._note(repairs)
        return value

    async def fields(self) -> Fields:
        """The body's fields. Errors: those of `bodies`."""
        return bodies.required_object(self.value(await self.body()))

    async def ask(self, question: Callable[[Rows, int], T]) -> T:
        """The answer to a question about this tenant."""
        tenant_id = self.tenant_id
        return await self.engine.read(lambda rows: question(rows, tenant_id))

    async def execute(self, command: Command) -> Any:
        """Change something; with an `Idempotency-Key` once, and answered alike each time."""
        asked = self.request.scope["method"].encode() + b" " + self.request.scope["raw_path"]
        replay = idempotency.replay_key(self.request, DIALECT, asked + b"\n" + self._body)
        if replay is None:
            return await self.engine.execute(command)
        answered: Answered = await self.engine.execute(once.order(command, replay))
        if answered.is_replayed:
            self.wire.add_headers(self.request, idempotency.REPLAYED)
        return once.answer_to(command, answered)

    def ok(self, payload: Any, *, status: int = 200, message: str = "ok") -> Answer:
        """A success."""
        return self.wire.ok(self.request, payload, status=status, message=message)

    def refusal(self, status: int, code: str, message: str, reasons: Sequence[str] = ()) -> Answer:
        """A refusal in a documented shape of its own."""
        return self.wire.refusal(self.request, status, code, message, reasons)

    def _note(self, repairs: tuple[str, ...]) -> None:
        named = ", ".join(repairs).replace("_", "-")
        self.wire.add_headers(self.request, (_REPAIRED, named.encode()))
        structlog.get_logger().info(
            "body_repaired", room="woowup", path=self.request.raw_path, repairs=repairs
        )


Handler = Callable[[Visit], Awaitable[Answer]]
