"""The application: rooms composed into one raw ASGI callable.

A request is routed to a room's handler; whatever goes wrong is answered in that room's own shape:
unknown path, wrong method, refusal, store failure, too many requests in flight (503 with
Retry-After), and a defect of ours (500 with a request id, the cause in the log). The probes
`/livez`, `/readyz`, `/metrics` and `/version` are a room that stays open under overload.
Source: asgi.readthedocs.io, HTTP and lifespan protocols.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import structlog

from guerdon import errors, limits
from guerdon.clock import Clock, SystemClock
from guerdon.web import answers, logs
from guerdon.web.answers import Answer
from guerdon.web.asgi import Message, Receive, Scope, Send
from guerdon.web.request import Request
from guerdon.web.routing import Handler, Match, Room, Route, Router

Callback = Callable[[], Awaitable[None]]
_BODILESS_METHODS = frozenset(("GET", "HEAD"))
_REFUSED_FROM = 400
_METRICS = ((b"content-type", b"text/plain; version=0.0.4; charset=utf-8"),)


@dataclass(frozen=True, slots=True)
class Probes:
    """What the operator's tools ask; none needs a credential, none tells a secret.

    `ready` gives (is ready, reasons as a JSON object); `metrics` Prometheus text; `version` a
    JSON object.
    """

    ready: Callable[[], Awaitable[tuple[bool, dict[str, Any]]]]
    metrics: Callable[[], Awaitable[bytes]]
    version: Callable[[], dict[str, Any]]


def probes_room(probes: Probes) -> Room:
    """The probes as routes."""

    async def live(_request: Request) -> Answer:
        return answers.json_answer(200, {"status": "alive"})

    async def ready(_request: Request) -> Answer:
        is_ready, reasons = await probes.ready()
        status = "ready" if is_ready else "not ready"
        return answers.json_answer(200 if is_ready else 503, {"status": status, **reasons})

    async def metrics(_request: Request) -> Answer:
        return Answer(200, _METRICS, await probes.metrics())

    async def version(_request: Request) -> Answer:
        return answers.json_answer(200, probes.version())

    routes = (
        Route("GET", "/livez", live),
        Route("GET", "/readyz", ready),
        Route("GET", "/metrics", metrics),
        Route("GET", "/version", version),
    )
    return Room("house", "", routes, is_always_open=True)


class Application:
    """Raw ASGI. `counts` holds the answers given so far by (room, status), for the metrics."""

    def __init__(
        self,
        rooms: Sequence[Room],
        probes: Probes,
        *,
        clock: Clock | None = None,
        on_startup: Sequence[Callback] = (),
        on_shutdown: Sequence[Callback] = (),
        inflight_max: int = limits.inflight_requests_max,
    ) -> None:
        house = probes_room(probes)
        self.counts: Counter[tuple[str, int]] = Counter()
        self.inflight = 0
        self._clock = clock or SystemClock()
        self._inflight_max = inflight_max
        self._log = logs.RequestLog(self._clock)
        self._on_shutdown = on_shutdown
        self._on_startup = on_startup
        self._router = Router((*rooms, house), outside=house)
        self._trouble: tuple[float, str] | None = None

    @property
    def trouble(self) -> str | None:
        """The code of the last failure of the store, while it is `limits.trouble_seconds` young."""
        if self._trouble is None or self._trouble[0] < self._clock.monotonic():
            return None
        return self._trouble[1]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._other(scope, receive, send)
            return
        match = self._router.resolve(scope["method"], scope["raw_path"])
        if match.handler is None and match.error is None and match.room.asgi is not None:
            await match.room.asgi(scope, receive, send)
            return
        request = Request(scope, receive, match.params)
        scope["path_params"] = match.params if match.handler else None
        self.inflight += 1
        try:
            if match.handler is None or self.inflight > self._inflight_max:
                self._refuse(match)
            if scope["method"] in _BODILESS_METHODS:
                _refuse_body(request)
            answer = await cast("Handler", match.handler)(request)
        except errors.Disconnected:
            return
        except asyncio.CancelledError:
            # The server gave up waiting while it stops; whether the store committed is unknown.
            await answers.send_answer(send, match.room.failed(request, errors.OutcomeUnknown()))
            raise
        except Exception as error:  # every failure has an answer: see _failed
            answer = self._failed(request, match, error)
        else:
            if answer.status >= _REFUSED_FROM:
                answer = self._noted(request, match, answer, code="")
        finally:
            self.inflight -= 1
        self.counts[match.room.name, answer.status] += 1
        await answers.send_answer(send, answer)

    def quick_match(self, method: str, raw_path: bytes) -> Match | None:
        """Where a request leads, if its route has a quick way."""
        match = self._router.resolve(method, raw_path)
        return match if match.quick is not None else None

    def answer_quickly(
        self, match: Match, scope: Scope, body: bytes, done: Callable[[Answer | None], None]
    ) -> bool:
        """Begin to answer a whole request the quick way; False: take the ordinary one.

        `done` is called with the answer, or with None when the ordinary way must be taken after
        all; nothing has been stored then.
        """
        quick = match.quick
        if quick is None or self.inflight >= self._inflight_max:
            return False
        request = Request(scope, _nothing_more, match.params)
        try:
            pending = quick(request, body)
        except Exception:  # the ordinary way meets it again, and answers for it
            return False
        if pending is None:
            return False
        tell, command, render = pending
        self.inflight += 1

        def finish(outcome: Any) -> None:
            self.inflight -= 1
            answer: Answer | None = None
            if isinstance(outcome, errors.StoreError):
                answer = self._failed(request, match, outcome)
            elif not isinstance(outcome, errors.GuerdonError):
                try:
                    answer = render(request, outcome)
                except Exception as defect:  # every failure has an answer: see _failed
                    answer = self._failed(request, match, defect)
            if answer is not None:
                self.counts[match.room.name, answer.status] += 1
            done(answer)

        tell(command, finish)
        return True

    def _refuse(self, match: Match) -> None:
        """Why a request gets no handler."""
        if match.error is not None:
            raise match.error
        if match.handler is None:
            raise errors.NotFound
        if not match.room.is_always_open:
            raise errors.StoreBusy("Too many requests are in flight; try again.")

    def _failed(self, request: Request, match: Match, error: Exception) -> Answer:
        """What did not work, in the words of the room; a defect of ours with an id for the log."""
        room = match.room
        if match.handler is None and match.error is None:
            code = "not_found" if match.allow is None else "method_not_allowed"
            return self._noted(request, match, _unrouted(request, match), code=code)
        if isinstance(error, errors.StoreError) and not isinstance(error, errors.StoreBusy):
            until = self._clock.monotonic() + limits.trouble_seconds
            self._trouble = (until, error.code)
            answer = room.failed(request, error.without_particulars())
            return self._noted(request, match, answer, code=error.code, reason=error.message)
        if isinstance(error, errors.GuerdonError):
            return self._noted(request, match, room.failed(request, error), code=error.code)
        request_id = self._clock.uuid()
        self._log.failed(request, room.name, request_id, error)
        return room.crashed(request, request_id)

    def _noted(
        self, request: Request, match: Match, answer: Answer, *, code: str, reason: str = ""
    ) -> Answer:
        """A refusal, logged; a 503 says when to come back."""
        self._log.refused(request, answer.status, match.room.name, code, reason)
        if answer.status != answers.UNAVAILABLE:
            return answer
        if any(name == b"retry-after" for name, _ in answer.headers):
            return answer
        return answer.with_headers(answers.retry_header())

    async def _other(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    async def _live(self, receive: Receive, send: Send) -> None:
        """ASGI's lifespan: start everything, wait, stop everything in reverse order."""
        await receive()
        try:
            for start in self._on_startup:
                await start()
        except Exception as error:  # told to the server, which does not start
            structlog.get_logger().error("startup_failed", error=repr(error))
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        failed = await self._stopped()
        kind = "lifespan.shutdown.failed" if failed else "lifespan.shutdown.complete"
        await send({"type": kind})

    async def _stopped(self) -> bool:
        """Run every shutdown callback, even after one failed."""
        failed = False
        for stop in reversed(self._on_shutdown):
            try:
                await stop()
            except Exception as error:  # the others must still be stopped
                failed = True
                structlog.get_logger().error("shutdown_failed", error=repr(error))
        return failed


async def _nothing_more() -> Message:
    """What a request whose body is whole has yet to receive."""
    return {"type": "http.disconnect"}


def _unrouted(request: Request, match: Match) -> Answer:
    if match.allow is None:
        return match.room.not_found(request)
    answer = match.room.method_not_allowed(request, match.allow)
    return answer.with_headers((b"allow", match.allow.encode()))


def _refuse_body(request: Request) -> None:
    """A GET's body has no meaning; a proxy that drops it and we must not disagree about it.

    Source: RFC 9110 9.3.1.
    """
    headers = request.headers
    if b"transfer-encoding" in headers or headers.get(b"content-length", b"0").strip(b"0"):
        raise errors.Refused("A GET request has no body.", code="unexpected_body")
