"""Log lines: one JSON object each on standard error, bounded, escaped, without secrets.

Every string is cut to `limits.log_field_chars_max`, control and non-ASCII characters are escaped
(a CRLF or an ANSI sequence in a user id stays inside its line), and what follows `apikey=`,
`Authorization:`, `X-API-KEY:`, `Bearer` and the like is replaced. There is no access log:
a line is written when a request is refused or fails. A path is written as its route has it, since
what stands in its place may name a member, and lines outlive whoever is forgotten.
Source: OWASP ASVS 5.0, 16.2.5 and 16.4.1.
"""

from __future__ import annotations

import contextlib
import json
import logging
import re
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO, cast
from urllib.parse import unquote

import structlog

from guerdon import limits
from guerdon.clock import Clock, SystemClock, to_datetime
from guerdon.web.request import Request

_SECRET = re.compile(
    r"""(?ix)
    (?:
    ( (?:api_?key|token|refresh_token|permanent_token|password|secret) ["']? \s* [=:] \s* ["']?
    | (?:authorization|x-api-key|x-auth-token) ["']? \s* [=:,] \s* (?:b?["'])?
      (?:(?:basic|bearer)\s+)?
    )
    [^\s&"',;)}\]]+
    | ( \b(?:bearer|basic) \s+ ) [A-Za-z0-9._~+/=-]{12,}  # shorter ones are words of a sentence
    )
    """
)
_FRAMES_MAX = 20
_PIECES_SHOWN = 3
_WORD = re.compile(r"[A-Za-z0-9_.-]{0,32}")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def install(clock: Clock | None = None, stream: TextIO | None = None) -> None:
    """Send structlog's lines, and the standard library's warnings, to `stream` as JSON."""
    output = stream or sys.stderr
    stamp = _Stamp(clock or SystemClock())
    structlog.configure(
        processors=[structlog.processors.add_log_level, stamp, bounded, rendered],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=cast("TextIO", _Outlet(output))),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers = [_Bridge()]
    root.setLevel(logging.WARNING)


def redacted(text: str) -> str:
    """The text without credentials, and not longer than a log field may be."""
    cut = text[: limits.log_field_chars_max]
    return _SECRET.sub(lambda found: (found.group(1) or found.group(2)) + "[redacted]", cut)


def bounded(
    _logger: object, _level: str, fields: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Processor: every value short, plain and free of secrets."""
    return {redacted(str(name)): _plain(value) for name, value in fields.items()}


def rendered(_logger: object, _level: str, fields: MutableMapping[str, Any]) -> str:
    """Processor: one line of ASCII JSON."""
    return json.dumps(fields, ensure_ascii=True, separators=(",", ":"))


class RequestLog:
    """Lines about requests that were refused or failed; refusals are bounded in number."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._second = 0.0
        self._lines = 0
        self._unprinted = 0

    def refused(
        self, request: Request, status: int, room: str, code: str, reason: str = ""
    ) -> None:
        """A request answered with a 4xx or 503; `reason` is what the sender was not told."""
        if self._has_room():
            fields = _request_fields(request, room)
            if reason:
                fields["reason"] = reason
            self._write("request_refused", status=status, code=code, **fields)

    def connection_refused(self, client: str | None, status: int, code: str) -> None:
        """A connection ended before there was a request to hand on."""
        if self._has_room():
            self._write("connection_refused", client=client, status=status, code=code)

    def failed(self, request: Request, room: str, request_id: str, error: BaseException) -> None:
        """A request that met a defect of ours: its id is in the answer, its cause is here."""
        structlog.get_logger().error(
            "request_failed",
            request_id=request_id,
            error=type(error).__name__,
            message=str(error),
            frames=[
                f"{frame.filename}:{frame.lineno} {frame.name}"
                for frame in traceback.extract_tb(error.__traceback__)[-_FRAMES_MAX:]
            ],
            **_request_fields(request, room),
        )

    def _has_room(self) -> bool:
        now = self._clock.monotonic()
        if now - self._second >= 1.0:
            self._second = now
            self._lines = 0
        if self._lines >= limits.log_refusals_per_second_max:
            self._unprinted += 1
            return False
        self._lines += 1
        return True

    def _write(self, event: str, **fields: object) -> None:
        if self._unprinted:
            fields["unprinted"] = self._unprinted
            self._unprinted = 0
        structlog.get_logger().info(event, **fields)


class _Stamp:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def __call__(
        self, _logger: object, _level: str, fields: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        fields["time"] = to_datetime(self._clock.now()).isoformat(timespec="milliseconds")
        return fields


class _Outlet:
    """A stream whose reader may be gone.

    A line that cannot be written must not cost the work that it tells of, nor that of others in the
    same commit.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        # A closed stream is a ValueError, a closed pipe or a full disk an OSError.
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._stream.flush()


class _Bridge(logging.Handler):
    """Carries the standard library's records into structlog."""

    def emit(self, record: logging.LogRecord) -> None:
        fields: dict[str, Any] = {"logger": record.name}
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            fields["error"] = f"{type(error).__name__}: {error}"
        structlog.get_logger().log(record.levelno, record.getMessage(), **fields)


def _plain(value: object) -> object:
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value[: limits.headers_max]]
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    return redacted(str(value))


def shown_path(raw_path: bytes, params: Mapping[str, str] | None) -> str:
    """A path without what was put in its route's places: `/apiv3/users/{user}`; a uuid stays.

    params: what was put where; None when no route took the path: then only its beginning is shown.
    """
    pieces = raw_path.decode("latin-1").split("/")
    if params is None:
        start = [piece if _WORD.fullmatch(piece) else "*" for piece in pieces[1:_PIECES_SHOWN]]
        return "/" + "/".join(start + ["*"] * (len(pieces) > _PIECES_SHOWN))
    names = {value: f"{{{name}}}" for name, value in params.items() if not _UUID.fullmatch(value)}
    return "/".join(names.get(unquote(piece), piece) for piece in pieces)


def _request_fields(request: Request, room: str) -> dict[str, Any]:
    client = request.client
    return {
        "room": room,
        "method": request.method,
        "path": shown_path(request.raw_path, request.scope.get("path_params")),
        "client": client[0] if client else None,
    }
