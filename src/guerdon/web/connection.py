"""One connection: what may be said on it, how much of it, and how long it may take.

httptools (llhttp of Node.js) parses, strictly. What it leaves open is decided here:

* deadlines for header, body, reading the answer, and idleness (all looked at by one sweep, since
  a timer for each request costs as much as a handler);
* bounds on URL (414), header bytes and header count (431), and on connections (503);
* exactly one Host with a valid, allowed name; HTTP/1.0 and 1.1 only (505); no target that is not
  a path, except one that names the same host;
* an offer of another protocol (`Upgrade`) is passed over, and nothing behind its request is read;
* no Transfer-Encoding from HTTP/1.0, no coding but `chunked` (501), no `100 Continue` to HTTP/1.0;
* trailers are dropped: a header that comes after the body must not become one that came before;
* a refusal is the last answer, is sent after those still owed, and is followed by a lingering
  close, so that the sender can read it; what is left unread is never taken for a request.

Phases: idle -> head -> body -> owed (the request is whole, its answer is not) -> idle, or -> lost.
Source: RFC 9112 sections 3.2, 6.1, 6.3 and 9.6; RFC 9110 sections 7.2, 7.8 and 10.1.1.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any
from urllib.parse import unquote

import httptools
from uvicorn import Config
from uvicorn.server import ServerState

from guerdon import errors
from guerdon.web import answers, rules
from guerdon.web.app import Application
from guerdon.web.asgi import Headers, Scope
from guerdon.web.exchange import Exchange
from guerdon.web.heads import Head
from guerdon.web.routing import Match
from guerdon.web.rules import Refusal, Rules

IDLE, HEAD, BODY, OWED, LOST = range(5)
NEVER = float("inf")

_ASGI = {"version": "3.0", "spec_version": "2.3"}
_SLASH = 0x2F


class Connection(asyncio.Protocol):
    """The protocol of one connection. `deadline` is in the loop's time; see `late`."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        rules: Rules,
    ) -> None:
        self.deadline = NEVER
        self.is_stopping = False
        self.is_write_paused = False
        self.phase = IDLE
        self.transport: asyncio.Transport
        self._app = config.loaded_app
        self._app_state = app_state
        self._quick_application = (
            config.loaded_app if isinstance(config.loaded_app, Application) else None
        )
        self._bounds = rules.bounds
        self._client: tuple[str, int] | None = None
        self._current: Exchange | None = None  # of the message being read, or read last
        self._drained: asyncio.Future[None] | None = None
        self._is_read_paused = False
        self._lingered_bytes = 0
        self._loop = _loop or asyncio.get_running_loop()
        self._owed_refusal: Refusal | None = None
        self._parser = httptools.HttpRequestParser(self)
        # A request may follow one that said `Connection: close`; it is read and never served.
        self._parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._queue: deque[Exchange] = deque()
        self._reason: Refusal | None = None
        self._rules = rules
        self._running: Exchange | None = None
        self._scheme = "http"
        self._server: tuple[str, int] | None = None
        self._state = server_state
        self._begin()

    def _begin(self) -> None:
        """Forget the message before."""
        self._head_bytes = 0
        self._headers: Headers = []
        self._learnt: tuple[dict[str, Any], Match] | None = None
        self._host = b""
        self._hosts_count = 0
        self._is_coded = False
        self._is_offer = False
        self._trailers_count = 0
        self._url = b""
        self._wants_continue = False

    # --- A connection's life: called by the loop and by the server -------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.transport = transport
        self._client = _address(transport.get_extra_info("peername"))
        self._server = _address(transport.get_extra_info("sockname"))
        if transport.get_extra_info("sslcontext"):
            self._scheme = "https"
        connections: set[Any] = self._state.connections
        connections.add(self)
        self.deadline = self._loop.time() + self._bounds.idle_seconds
        excess = len(connections) - self._bounds.connections_max
        if excess > self._bounds.connections_max:
            transport.abort()
        elif excess > 0:
            self._write_refusal((answers.UNAVAILABLE, "too_many_connections"))

    def connection_lost(self, _exc: Exception | None) -> None:
        self.phase = LOST
        self.deadline = NEVER
        connections: set[Any] = self._state.connections
        connections.discard(self)
        for exchange in (self._running, self._current, *self._queue):
            if exchange is not None:
                exchange.cut()
        self._queue.clear()
        self.resume_writing()
        del self._parser  # each holds the other

    def data_received(self, data: bytes) -> None:
        begins = self.phase == IDLE
        known = self._rules.heads.recall(data) if begins else None
        if known is not None:
            self._serve(*known)
            return
        # Fed in slices no larger than a header may be, so that one which began and ended within
        # a slice needs no measuring, whatever else arrived with it.
        size_max = self._bounds.header_bytes_max
        if len(data) <= size_max:
            self._feed(data)
        else:
            for start in range(0, len(data), size_max):
                self._feed(data[start : start + size_max])
        if begins and self._learnt is not None:
            self._rules.heads.learn(data, *self._learnt)

    def eof_received(self) -> bool:
        """The sender sends no more; what is owed is still answered, unless its body is cut."""
        if self._running is None or (self.phase == BODY and self._current is self._running):
            return False
        self.is_stopping = True
        return True

    def pause_writing(self) -> None:
        self.is_write_paused = True
        if self.phase == OWED:
            self.deadline = self._loop.time() + self._bounds.write_seconds

    def resume_writing(self) -> None:
        self.is_write_paused = False
        if self.phase == OWED:
            self.deadline = NEVER
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)
        self._drained = None

    def late(self) -> None:
        """The deadline has passed: end what takes too long."""
        self.deadline = NEVER
        if self.phase == HEAD:
            self._refuse((408, "header_timeout"))
        elif self.phase == BODY:
            self._late_body()
        elif self.phase == IDLE and not self.transport.get_write_buffer_size():
            self.transport.close()
        else:
            self.transport.abort()

    def shutdown(self) -> None:
        """The server stops: finish what has been read, begin nothing."""
        self.is_stopping = True
        if self._running is None:
            self.transport.close()

    # --- A message's life: called by the parser --------------------------------------------------

    def on_message_begin(self) -> None:
        self.phase = HEAD
        if not self._is_read_paused:
            self.deadline = self._loop.time() + self._bounds.header_seconds
        self._begin()

    def on_url(self, url: bytes) -> None:
        self._url += url
        if len(self._url) > self._bounds.url_bytes_max:
            raise self._malformed((414, "url_too_long"))

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.phase != HEAD:
            self._trailers_count += 1
            if self._trailers_count > self._bounds.headers_max:
                raise self._malformed((431, "too_many_headers"))
            return
        name = name.lower()
        if name == b"host":
            self._host = value
            self._hosts_count += 1
        elif name == b"expect":
            self._wants_continue = value.lower() == b"100-continue"
        elif name == b"transfer-encoding":
            self._is_coded = True
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        version: str = self._parser.get_http_version()
        if version == "1.0":
            self._wants_continue = False  # it knows no interim answers: RFC 9110 10.1.1
        is_upgrade: bool = self._parser.should_upgrade()
        refusal = self._refusal_of_head(version)
        if refusal is not None:
            raise self._malformed(refusal)
        keep_alive = version == "1.1" and not is_upgrade and self._parser.should_keep_alive()
        exchange = Exchange(
            self,
            self._scope(version),
            keep_alive=keep_alive,
            wants_continue=self._wants_continue,
        )
        self._current = exchange
        self._is_offer = is_upgrade
        self.phase = BODY
        if not self._is_read_paused:
            self.deadline = self._loop.time() + self._bounds.body_seconds
        if self._quick_application is not None and not self._wants_continue:
            exchange.quick = self._quick_application.quick_match(
                exchange.scope["method"], exchange.scope["raw_path"]
            )
        if self._running is None:
            self._run(exchange)
        else:
            self._queue.append(exchange)
            self._pause_reading()

    def on_body(self, body: bytes) -> None:
        if self._current is not None and not self._current.is_complete:
            waiting_bytes = self._current.feed(body)
            if waiting_bytes > self._bounds.unread_bytes_max:
                if self._current.quick is not None:
                    # Too large to wait for: the ordinary way reads it bit by bit.
                    self._current.quick = None
                    if self._current is self._running:
                        self.begin(self._current)
                self._pause_reading()

    def on_message_complete(self) -> None:
        if self._is_offer:
            return  # the parser takes the body for the other protocol: `_decline` reads it
        self.phase = OWED
        self.deadline = NEVER
        if self._current is not None:
            self._current.feed_end()
            if self._current.quick is not None and self._current.keep_alive:
                self._learnt = _shared(self._current.scope), self._current.quick
            if self._current.quick is not None and self._current is self._running:
                self._run(self._current)

    # --- What an exchange needs ------------------------------------------------------------------

    @property
    def is_ending(self) -> bool:
        """Whether the running request is the last one that is answered."""
        return self.is_stopping and not self._queue

    def answered(self, exchange: Exchange) -> None:
        self._running = None
        self._state.total_requests += 1
        if self.transport.is_closing():
            return
        self._resume_reading()
        if not exchange.keep_alive:
            if self.phase == BODY and self._current is exchange:
                self._linger()
            else:
                self.transport.close()
        elif self._queue:
            self._run(self._queue.popleft())
        elif self._owed_refusal is not None:
            self._write_refusal(self._owed_refusal)
        elif self.is_stopping:
            self.transport.close()
        elif self.phase == OWED:
            self.phase = IDLE
            self.deadline = self._loop.time() + self._bounds.idle_seconds

    def common_headers(self) -> bytes:
        return self._rules.common_headers(self._state.default_headers)

    def finished(self, exchange: Exchange) -> None:
        if exchange.task is not None:
            self._state.tasks.discard(exchange.task)

    async def writable(self) -> None:
        if self._drained is None:
            self._drained = self._loop.create_future()
        await self._drained

    def wanting(self) -> None:
        self._resume_reading()

    # --- What is read ----------------------------------------------------------------------------

    def _feed(self, data: bytes) -> None:
        if self.phase == LOST:
            self._lingered_bytes += len(data)
            if self._lingered_bytes > self._bounds.linger_bytes_max:
                self.transport.abort()
            return
        self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserInvalidMethodError:
            self._refuse((rules.METHOD_NOT_ALLOWED, "method_not_allowed"))
        except httptools.HttpParserError:
            self._refuse(self._reason or rules.MALFORMED)
        except httptools.HttpParserUpgrade as offer:
            self._decline(data[offer.args[0] :])
        if self.phase == HEAD and self._head_bytes >= self._bounds.header_bytes_max:
            self._refuse((431, "header_too_large"))

    def _decline(self, behind_head: bytes) -> None:
        """Go on as if another protocol had not been offered: its request is served as the last one.

        Java's HttpClient offers HTTP/2 with all it sends over plain HTTP. Source: RFC 9110 7.8.
        """
        self._is_offer = False
        self._parser = httptools.HttpRequestParser(_Body(self))
        self._feed(rules.head_of_body(self._headers) + behind_head)

    def _serve(self, head: Head, body: bytes) -> None:
        """Answer a whole request whose head is known."""
        scope = head.scope | {
            "client": self._client,
            "server": self._server,
            "state": self._app_state.copy(),
        }
        exchange = Exchange(self, scope, keep_alive=True, wants_continue=False)
        exchange.quick = head.match
        exchange.feed(body)
        exchange.feed_end()
        self._current = exchange
        self.phase = OWED
        self.deadline = NEVER
        self._run(exchange)

    def _run(self, exchange: Exchange) -> None:
        """Answer this one next; what has a quick way waits for its whole body."""
        self._running = exchange
        is_waiting = exchange.quick is not None and exchange.more_body
        app = self._quick_application
        if not is_waiting and (app is None or not exchange.run_quickly(app)):
            self.begin(exchange)

    def begin(self, exchange: Exchange) -> None:
        """Run the application for this exchange."""
        exchange.task = self._loop.create_task(exchange.run(self._app))
        self._state.tasks.add(exchange.task)

    def _late_body(self) -> None:
        """Refuse a body that does not come: in the words of the room that was to wait for it.

        An ordinary handler waits itself, and not as long; one with a quick way has not begun.
        """
        exchange = self._current
        if exchange is None or exchange is not self._running or exchange.quick is None:
            self._refuse((408, "body_timeout"))
            return
        exchange.quick = None
        exchange.is_late = True
        self.deadline = self._loop.time() + self._bounds.body_seconds
        self.begin(exchange)

    def _pause_reading(self) -> None:
        if not self._is_read_paused:
            self._is_read_paused = True
            self.deadline = NEVER  # the sender is not late while nobody listens
            self.transport.pause_reading()

    def _resume_reading(self) -> None:
        if self._is_read_paused:
            self._is_read_paused = False
            if self.phase == HEAD:
                self.deadline = self._loop.time() + self._bounds.header_seconds
            elif self.phase == BODY:
                self.deadline = self._loop.time() + self._bounds.body_seconds
            self.transport.resume_reading()

    def _scope(self, version: str) -> Scope:
        raw_path, _, query = self._url.partition(b"?")
        path = raw_path.decode("ascii")
        return {
            "type": "http",
            "asgi": _ASGI,
            "http_version": version,
            "method": self._parser.get_method().decode("ascii"),
            "scheme": self._scheme,
            "path": unquote(path) if "%" in path else path,
            "raw_path": raw_path,
            "query_string": query,
            "root_path": "",
            "headers": self._headers,
            "client": self._client,
            "server": self._server,
            "state": self._app_state.copy(),
        }

    def _refusal_of_head(self, version: str) -> Refusal | None:
        refusal = self._rules.of_headers(self._headers, is_measured=self._head_bytes > 0)
        if refusal is None:
            refusal = self._rules.of_version_and_hosts(version, self._hosts_count, self._host)
        if refusal is None and (self._url[0] != _SLASH or b"#" in self._url):
            path = rules.path_of(self._url, self._parser.get_method(), self._host)
            if isinstance(path, tuple):
                return path
            self._url = path
        if refusal is None and (version == "1.0" or self._is_coded):
            refusal = rules.of_length(version, self._headers)
        return refusal

    def _malformed(self, refusal: Refusal) -> errors.Refused:
        """The error to raise inside the parser, which only reports that there was one."""
        self._reason = refusal
        return errors.Refused(code=refusal[1])

    # --- How it ends -----------------------------------------------------------------------------

    def _refuse(self, refusal: Refusal) -> None:
        """End the connection with a last answer, after the answers still owed."""
        if self.transport.is_closing():
            return
        broken = self._current if self.phase == BODY else None
        if broken is not None:
            broken.cut()
            if broken in self._queue:
                self._queue.remove(broken)
            elif broken.is_started:
                self.transport.abort()
                return
            elif broken is self._running:
                self._running = None
        self.phase = LOST
        self.deadline = NEVER
        if self._running is not None:
            self._owed_refusal = refusal
        else:
            self._write_refusal(refusal)

    def _write_refusal(self, refusal: Refusal) -> None:
        client = self._client[0] if self._client else None
        self.transport.write(self._rules.answer(refusal, client, self.common_headers()))
        self._linger()

    def _linger(self) -> None:
        """Close our side, and wait a moment for the other's.

        Closing on unread bytes would reset the connection and take the answer with it.
        """
        self.phase = LOST
        self.deadline = self._loop.time() + self._bounds.linger_seconds
        self._resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()


class _Body:
    """What a parser tells of the last message's body, and nothing of what comes behind it."""

    def __init__(self, connection: Connection) -> None:
        self.on_body = connection.on_body
        self.on_header = connection.on_header
        self._complete = connection.on_message_complete
        self._is_complete = False

    def on_message_complete(self) -> None:
        if not self._is_complete:
            self._is_complete = True
            self._complete()


def _shared(scope: Scope) -> dict[str, Any]:
    """What every connection's scope has in common for the same head."""
    own = ("client", "server", "state")
    return {name: value for name, value in scope.items() if name not in own}


def _address(name: object) -> tuple[str, int] | None:
    """A socket's (host, port); None for a unix socket."""
    if isinstance(name, (tuple, list)):
        return str(name[0]), int(name[1])
    return None
