"""One attempt at a webhook: POST the signed body to the pinned address and judge the answer.

The receiver is a stranger's server. It cannot send us elsewhere (no redirect is followed), cannot
hold us (one deadline covers look-up, connection, TLS, request and answer) and cannot fill us (the
answer is read to a bound, never inflated).

The status decides. A 2xx is a success even if its body never ends: the receiver has said that it
has the message, and sending it again would be a duplicate.

Source: Standard Webhooks 1.0.0: 2xx succeeds, 3xx fails, 410 wants nothing more, 429 and 5xx may
say when to come back. Ours is the tenant's setting, which nobody but the operator changes: after a
410 this message is given up, and the next one is tried.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import Awaitable, Callable
from datetime import UTC
from email.utils import parsedate_to_datetime

import h11
import msgspec

from guerdon import __version__, limits
from guerdon.clock import SECOND, Clock
from guerdon.errors import Refused
from guerdon.outbound import guard, sign
from guerdon.outbound.delivery import Attempt, Delivery, Pairs
from guerdon.outbound.wire import Connect, Wire, dial

_RETRY_AFTER_STATUSES = frozenset({429, 502, 503, 504})
_STATUS_GONE = 410
_GIVE_UP_WISHES = frozenset({"abort-message", "disable"})
# RFC 9110 5.1 and 5.5, without the bytes outside ASCII.
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+:(?:[!-~](?:[ -~]*[!-~])?)?", re.ASCII)


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """One request to make. `timestamp_seconds` is the attempt's time, seconds since the epoch."""

    url: str
    message_id: str
    timestamp_seconds: int
    body: bytes
    secrets: tuple[str, ...]
    headers: Pairs = ()
    allow_private: bool = False


async def send(
    request: Outgoing,
    resolver: guard.Resolver,
    connect: Connect = dial,
    *,
    seconds_max: float = limits.webhook_seconds_max,
) -> Attempt:
    """Make one attempt. Every failure is an `Attempt` with an error, none is raised.

    Errors, as `Attempt.error`: `url_invalid`, `target_not_public`, `secret_invalid`,
    `header_invalid` - nothing was sent; `name_not_resolved`, `tls_failed`, `connection_failed`,
    `timeout`, `protocol_error` - no answer came; `http_<status>` - the receiver refused.
    """
    answer = _Answer()
    try:
        async with asyncio.timeout(seconds_max):
            await _exchange(request, resolver, connect, answer)
    except Refused as refusal:
        return Attempt(error=refusal.code, detail=refusal.message)
    except (OSError, h11.ProtocolError) as error:
        # TimeoutError is an OSError. What had come until then may be enough to judge.
        if answer.status is None:
            return Attempt(
                error=_code(error), detail=str(error)[: limits.delivery_detail_chars_max]
            )
    return judge(answer.status or 0, answer.headers, answer.text, request.timestamp_seconds)


def judge(status: int, headers: dict[str, str], detail: str, now_seconds: int) -> Attempt:
    """What an answer means. `headers` have lower-case names."""
    if 200 <= status <= 299:  # noqa: PLR2004 - the class of success
        return Attempt(status=status, detail=detail)
    wish = headers.get("webhook-delivery", "").strip().lower()
    asked = headers.get("retry-after", "") if status in _RETRY_AFTER_STATUSES else ""
    return Attempt(
        status=status,
        error=f"http_{status}",
        detail=detail,
        retry_after_seconds=retry_after(asked, now_seconds),
        give_up=status == _STATUS_GONE or wish in _GIVE_UP_WISHES,
    )


def retry_after(text: str, now_seconds: int) -> int | None:
    """Seconds to wait, bounded, out of a Retry-After header; None when it says nothing sensible.

    Source: RFC 9110 10.2.3: a number of seconds or an HTTP date.
    """
    text = text.strip()
    if re.fullmatch(r"[0-9]{1,20}", text):
        return min(int(text), limits.retry_after_seconds_max)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    # A date without a zone is GMT, the only one HTTP dates have.
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    wait = int(moment.timestamp()) - now_seconds
    return min(wait, limits.retry_after_seconds_max) if wait > 0 else None


def sender(
    clock: Clock, resolver: guard.Resolver, *, allow_private: bool, connect: Connect = dial
) -> Callable[[Delivery], Awaitable[Attempt]]:
    """How a `Deliverer` sends its webhooks."""

    async def send_webhook(delivery: Delivery) -> Attempt:
        request = Outgoing(
            url=delivery.target,
            message_id=delivery.message_id,
            timestamp_seconds=clock.now() // SECOND,
            body=delivery.body.encode(),
            secrets=delivery.secrets,
            headers=delivery.headers,
            allow_private=allow_private,
        )
        return await send(request, resolver, connect)

    return send_webhook


class _Answer:
    """What has come of the receiver's answer so far."""

    def __init__(self) -> None:
        self.status: int | None = None
        self.headers: dict[str, str] = {}
        self._body = bytearray()

    def keep(self, data: bytes) -> None:
        self._body += data[: limits.delivery_detail_chars_max - len(self._body)]

    @property
    def text(self) -> str:
        """The start of the body, fit for a page or a log line."""
        text = self._body.decode("utf-8", "replace")
        return "".join(each if each.isprintable() else " " for each in text)


async def _exchange(
    request: Outgoing, resolver: guard.Resolver, connect: Connect, answer: _Answer
) -> None:
    target = guard.parse(request.url, allow_private=request.allow_private)
    headers = _headers(request, target)
    address = await guard.pin(target, resolver, allow_private=request.allow_private)
    wire = await connect(address, target.port, target.host if target.scheme == "https" else None)
    try:
        http = h11.Connection(h11.CLIENT, max_incomplete_event_size=limits.header_bytes_max)
        head = h11.Request(method="POST", target=target.path, headers=headers)
        whole = (http.send(head), http.send(h11.Data(data=request.body)))
        await wire.send(b"".join(part or b"" for part in whole))
        http.send(h11.EndOfMessage())
        await _read(http, wire, answer)
    finally:
        wire.abort()


def _headers(request: Outgoing, target: guard.Target) -> list[tuple[str, str]]:
    ours = {
        "host": target.authority,
        "user-agent": f"Guerdon/{__version__}",
        "content-type": "application/json",
        "content-length": str(len(request.body)),
        "accept": "*/*",
        "accept-encoding": "identity",
        "connection": "close",
        **sign.headers(
            request.message_id, request.timestamp_seconds, request.body, request.secrets
        ),
    }
    # A header of the endpoint's own may replace what describes the body, nothing that frames,
    # addresses or signs the request.
    fixed = {*ours, "transfer-encoding"} - {"user-agent", "content-type", "accept"}
    for name, value in request.headers:
        if not _HEADER.fullmatch(f"{name}:{value}"):
            raise Refused("not a header", code="header_invalid", field="headers")
        if name.lower() not in fixed:
            ours[name.lower()] = value
    return list(ours.items())


async def _read(http: h11.Connection, wire: Wire, answer: _Answer) -> None:
    """Read the answer into `answer`, until it ends or its bound is reached.

    The body is read although the status decides: closing on a receiver that is still writing
    looks to it like a failure of ours.
    """
    body_bytes = 0
    while body_bytes <= limits.webhook_response_bytes_max:
        event = http.next_event()
        if event is h11.NEED_DATA:
            http.receive_data(await wire.receive())
        elif isinstance(event, h11.Response):
            answer.headers = {
                name.decode(): value.decode("latin-1") for name, value in event.headers
            }
            answer.status = event.status_code
        elif isinstance(event, h11.Data):
            body_bytes += len(event.data)
            answer.keep(bytes(event.data))
        elif not isinstance(event, h11.InformationalResponse):
            return


def _code(error: Exception) -> str:
    for kind, code in (
        (TimeoutError, "timeout"),
        (socket.gaierror, "name_not_resolved"),
        (ssl.SSLError, "tls_failed"),
        (OSError, "connection_failed"),
    ):
        if isinstance(error, kind):
            return code
    return "protocol_error"
