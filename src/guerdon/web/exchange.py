"""One request and its answer on a connection, as ASGI's `receive` and `send`.

The answer's head waits for the first part of the body, so that both leave in one write. An answer
that begins before the request's body has come says that it is the last one on its connection.
Source: asgi.readthedocs.io, HTTP 2.3; RFC 9112 sections 6, 7.1 and 9.6.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any, Protocol

import structlog

from guerdon import errors, limits
from guerdon.web import answers
from guerdon.web import body as bodies
from guerdon.web.answers import Answer
from guerdon.web.app import Application
from guerdon.web.asgi import App, Message, Scope
from guerdon.web.routing import Match

_BODILESS = frozenset((204, 304))
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_JOINED_BYTES_MAX = limits.unread_bytes_max  # a larger body is not copied behind its head
_DISCONNECT = {"type": "http.disconnect"}

_LINES: dict[answers.Pairs, bytes] = {}

STATUS_LINES = {
    status: b"HTTP/1.1 %d %b\r\n" % (status, phrase.encode())
    for status, phrase in (
        dict.fromkeys(range(200, 600), "") | {known.value: known.phrase for known in HTTPStatus}
    ).items()
}


class Carrier(Protocol):
    """What an exchange needs of its connection."""

    is_write_paused: bool
    transport: asyncio.Transport

    @property
    def is_ending(self) -> bool:
        """Whether no request follows this one."""

    def begin(self, exchange: Exchange) -> None:
        """Run the application for this exchange."""

    def answered(self, exchange: Exchange) -> None:
        """The answer has been handed to the transport."""

    def common_headers(self) -> bytes:
        """The headers every answer has, as they go over the wire."""

    def finished(self, exchange: Exchange) -> None:
        """The application has returned."""

    async def writable(self) -> None:
        """Wait until the sender has read enough of what was written."""

    def wanting(self) -> None:
        """The application waits for more of the body."""


def _lines(answer: Answer) -> bytes:
    """A quick answer's headers as they go over the wire; what never changes is written once."""
    headers = tuple(answer.headers)
    known = _LINES.get(headers)
    if known is None:
        known = b"".join(b"%b: %b\r\n" % pair for pair in headers)
        if known.count(b"\n") != len(headers) or known.count(b"\r") != len(headers):
            raise errors.Misconfigured("A header of the answer holds a line end.")
        if len(_LINES) < limits.header_lines_cache_max:
            _LINES[headers] = known
    if answer.status in _BODILESS:
        return known
    return b"%bcontent-length: %d\r\n" % (known, len(answer.body))


class Exchange:
    """A request that is being answered.

    is_cut:  the sender is gone, or its body is broken.
    is_late: its body has not come in time; whoever wants it is told so.
    """

    __slots__ = (
        "_body",
        "_chunked",
        "_head",
        "_is_delivered",
        "_left_bytes",
        "_waiter",
        "carrier",
        "is_complete",
        "is_cut",
        "is_late",
        "is_started",
        "keep_alive",
        "more_body",
        "quick",
        "scope",
        "task",
        "wants_continue",
    )

    def __init__(
        self, carrier: Carrier, scope: Scope, *, keep_alive: bool, wants_continue: bool
    ) -> None:
        self.carrier = carrier
        self.scope = scope
        self.keep_alive = keep_alive
        self.wants_continue = wants_continue
        self.is_complete = False
        self.is_cut = False
        self.is_late = False
        self.is_started = False
        self.more_body = True
        self.quick: Match | None = None
        self.task: asyncio.Task[None] | None = None
        self._body = b""
        self._chunked = False
        self._head = b""
        self._is_delivered = False
        self._left_bytes = 0
        self._waiter: asyncio.Future[None] | None = None

    async def run(self, app: App) -> None:
        """Let the application answer; whatever it does, there is an answer or the end."""
        try:
            await app(self.scope, self.receive, self.send)
            if not self.is_complete and not self.is_cut:
                structlog.get_logger().error("application_gave_no_answer")
                self._fail()
        except asyncio.CancelledError:
            # The server stops waiting for this request; nothing else runs in this task.
            self._fail()
        except Exception as error:  # the last resort: the sender must not wait for ever
            structlog.get_logger().error("application_failed", error=repr(error))
            self._fail()
        finally:
            self.carrier.finished(self)

    def run_quickly(self, app: Application) -> bool:
        """Begin to answer the quick way, now that the body is whole; False: `run` must."""
        match, self.quick = self.quick, None
        return (
            match is not None
            and not self.is_cut
            and app.answer_quickly(match, self.scope, self._body, self._settle)
        )

    def _settle(self, answer: Answer | None) -> None:
        """The quick way has come to its end: with an answer, or at the ordinary way's beginning."""
        if self.is_cut:
            return
        if answer is None:
            self.carrier.begin(self)
            return
        if self.carrier.is_ending:
            self.keep_alive = False
        self.is_started = self.is_complete = True
        self.carrier.transport.write(
            b"".join(
                (
                    STATUS_LINES[answer.status],
                    self.carrier.common_headers(),
                    _lines(answer),
                    b"" if self.keep_alive else b"connection: close\r\n",
                    b"\r\n",
                    answer.body,
                )
            )
        )
        self.carrier.answered(self)

    # --- The request's side ----------------------------------------------------------------------

    def feed(self, body: bytes) -> int:
        """More of the body has come; the number of bytes that wait for the application."""
        self._body += body
        self._wake()
        return len(self._body)

    def feed_end(self) -> None:
        """The body is whole."""
        self.more_body = False
        self._wake()

    def cut(self) -> None:
        """The rest will never come: the application must not take what came for the whole."""
        self.is_cut = True
        self._wake()

    async def receive(self) -> Message:
        """ASGI's receive. Errors: Refused `body_timeout`."""
        if self.is_late:
            raise bodies.late()
        if self.wants_continue:
            self.wants_continue = False
            if not self.is_started and not self.is_cut:
                self.carrier.transport.write(_CONTINUE)
        while not self.is_cut and not self.is_complete:
            if self._body or (not self.more_body and not self._is_delivered):
                body, self._body = self._body, b""
                self._is_delivered = not self.more_body
                return {"type": "http.request", "body": body, "more_body": self.more_body}
            self.carrier.wanting()
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        return dict(_DISCONNECT)

    # --- The answer's side -----------------------------------------------------------------------

    async def send(self, message: Message) -> None:
        """ASGI's send. Errors: Misconfigured - the application breaks ASGI's order."""
        if self.carrier.is_write_paused and not self.is_cut:
            await self.carrier.writable()
        if self.is_cut:
            return
        kind = message["type"]
        if kind == "http.response.body" and self.is_started and not self.is_complete:
            self._write(message.get("body", b""), more=message.get("more_body", False))
        elif kind == "http.response.start" and not self.is_started:
            self._start(message["status"], message.get("headers", ()))
        else:
            raise errors.Misconfigured(f"The application sent {kind!r} out of order.")

    def _start(self, status: int, headers: answers.Pairs) -> None:
        self.wants_continue = False
        if self.more_body or self.carrier.is_ending:
            self.keep_alive = False
        parts = [STATUS_LINES[status], self.carrier.common_headers()]
        is_sized = status in _BODILESS or self.scope["method"] == "HEAD"
        count = 0
        for name, value in headers:
            if name == b"content-length":
                is_sized = True
                self._left_bytes = int(value)
            elif name == b"connection" and b"close" in value.lower():
                self.keep_alive = False
                continue
            parts += (name, b": ", value, b"\r\n")
            count += 1
        head = b"".join(parts[2:])
        # A line end inside a value would begin a header, or an answer, of somebody else's making.
        if head.count(b"\n") != count or head.count(b"\r") != count:
            raise errors.Misconfigured("A header of the answer holds a line end.")
        if not is_sized:
            self._chunked = True
            parts.append(b"transfer-encoding: chunked\r\n")
        if not self.keep_alive:
            parts.append(b"connection: close\r\n")
        parts.append(b"\r\n")
        self._head = b"".join(parts)
        self.is_started = True

    def _write(self, body: Any, *, more: bool) -> None:
        if self.scope["method"] == "HEAD":
            body = b""
            self._left_bytes = 0
        elif self._chunked:
            body = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
            if not more:
                body += b"0\r\n\r\n"
        else:
            self._left_bytes -= len(body)
            if self._left_bytes < 0 or (self._left_bytes and not more):
                raise errors.Misconfigured("The answer's body is not as long as declared.")
        if self._head or body:
            if len(body) <= _JOINED_BYTES_MAX:
                self.carrier.transport.write(self._head + body)
            else:
                self.carrier.transport.writelines((self._head, body))
            self._head = b""
        if not more:
            self.is_complete = True
            self._wake()
            self.carrier.answered(self)

    # --- Endings ---------------------------------------------------------------------------------

    def _fail(self) -> None:
        """End an exchange whose application did not."""
        if self.is_complete or self.is_cut:
            return
        self.keep_alive = False
        if self.is_started and not self._head:
            self.carrier.transport.abort()
            return
        answer = answers.problem(500, code="internal_error")
        self._left_bytes = len(answer.body)
        self._chunked = False
        length = (b"content-length", b"%d" % self._left_bytes)
        self._start(answer.status, (*answer.headers, length))
        self._write(answer.body, more=False)

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None:
            self._waiter = None
            if not waiter.done():
                waiter.set_result(None)
