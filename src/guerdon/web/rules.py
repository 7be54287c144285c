"""What all connections of a server share: their bounds, and what a request's head may say.

Source: RFC 9112 sections 3.2, 6.1 and 7.2; RFC 9110 section 7.2.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from guerdon import limits
from guerdon.web import answers, logs
from guerdon.web.asgi import Headers
from guerdon.web.exchange import STATUS_LINES
from guerdon.web.heads import Heads

Refusal = tuple[int, str]
"""A status and a code."""

METHOD_NOT_ALLOWED = 405
MALFORMED: Refusal = (400, "malformed_request")

_ABSOLUTE = re.compile(rb"https?://([^/?#@]+)(/[^#]*)", re.IGNORECASE)
_HOST = re.compile(rb"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
_CHUNKED = b"chunked"
_FRAMING = (b"content-length", b"transfer-encoding")
_METHODS = b"DELETE, GET, HEAD, PATCH, POST, PUT"
_VERSIONS = frozenset(("1.0", "1.1"))


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one connection may cost. Seconds and bytes; tests hand in tiny ones."""

    body_seconds: float = limits.body_seconds_max + limits.body_grace_seconds
    connections_max: int = limits.connections_max
    header_bytes_max: int = limits.header_bytes_max
    header_seconds: float = limits.header_seconds_max
    headers_max: int = limits.headers_max
    idle_seconds: float = limits.keep_alive_seconds
    linger_bytes_max: int = limits.linger_bytes_max
    linger_seconds: float = limits.linger_seconds
    unread_bytes_max: int = limits.unread_bytes_max
    url_bytes_max: int = limits.url_bytes_max
    write_seconds: float = limits.write_seconds_max


class Rules:
    """`hosts`: the names the server answers to, empty: any; `refused` counts refusals by code."""

    def __init__(self, bounds: Bounds, hosts: Collection[str], log: logs.RequestLog) -> None:
        self.bounds = bounds
        self.refused: Counter[str] = Counter()
        self.heads = Heads()
        self._common: tuple[object, bytes] = (None, b"")
        self._hosts = frozenset(host.lower().encode() for host in hosts)
        self._hosts_seen: set[bytes] = set()
        self._log = log

    def of_version_and_hosts(self, version: str, hosts_count: int, host: bytes) -> Refusal | None:
        """Why a head is refused; `host` is the last of its `hosts_count` Host headers."""
        if version not in _VERSIONS:
            return (505, "version_unsupported")
        if hosts_count == 0 and version == "1.0":
            return None
        if hosts_count == 1 and host in self._hosts_seen:
            return None
        if hosts_count != 1 or not _HOST.fullmatch(host):
            return (400, "invalid_host")
        if self._hosts and _name(host) not in self._hosts:
            return (400, "unknown_host")
        if len(self._hosts_seen) >= limits.hosts_cache_max:
            self._hosts_seen.clear()
        self._hosts_seen.add(host)
        return None

    def of_headers(self, headers: Headers, *, is_measured: bool) -> Refusal | None:
        """Why a head is refused for its size; measured only when it may be too large."""
        if len(headers) > self.bounds.headers_max:
            return (431, "too_many_headers")
        if is_measured:
            size_bytes = sum(len(name) + len(value) for name, value in headers)
            if size_bytes > self.bounds.header_bytes_max:
                return (431, "header_too_large")
        return None

    def common_headers(self, pairs: Headers) -> bytes:
        """The server's own headers as bytes; `pairs` is a new list each second (its Date)."""
        if self._common[0] is not pairs:
            self._common = (pairs, b"".join(b"%b: %b\r\n" % pair for pair in pairs))
        return self._common[1]

    def answer(self, refusal: Refusal, client: str | None, common_headers: bytes) -> bytes:
        """A refusal as it goes over the wire, counted and logged."""
        status, code = refusal
        self.refused[code] += 1
        self._log.connection_refused(client, status, code)
        answer = answers.problem(status, code=code)
        headers = [*answer.headers, (b"connection", b"close")]
        if status == METHOD_NOT_ALLOWED:
            headers.append((b"allow", _METHODS))
        if status == answers.UNAVAILABLE:
            headers.append(answers.retry_header())
        headers.append((b"content-length", b"%d" % len(answer.body)))
        lines = b"".join(b"%b: %b\r\n" % pair for pair in headers)
        return STATUS_LINES[status] + common_headers + lines + b"\r\n" + answer.body


def path_of(target: bytes, method: bytes, host: bytes) -> bytes | Refusal:
    """The path of a target that is no plain path: only the same host's full URL has one."""
    if method == b"CONNECT":
        return (METHOD_NOT_ALLOWED, "method_not_allowed")
    if target == b"*":
        return target
    absolute = _ABSOLUTE.fullmatch(target)
    if absolute is None or absolute.group(1).lower() != host.lower():
        return (400, "bad_path")
    return absolute.group(2)


def of_length(version: str, headers: Headers) -> Refusal | None:
    """HTTP/1.0 has no chunks.

    Of the codings below chunks none is understood. Those whose last is another one have no end
    that is known, and the parser refuses them.
    """
    if version == "1.0" and b"transfer-encoding" in dict(headers):
        return MALFORMED
    *others, last = _codings(headers) or [b""]
    if others and last == _CHUNKED:
        return MALFORMED if _CHUNKED in others else (501, "unsupported_coding")
    return None


def head_of_body(headers: Headers) -> bytes:
    """A head that says nothing but how the body of a message with these headers ends."""
    lines = [b"%b: %b\r\n" % pair for pair in headers if pair[0] in _FRAMING]
    return b"POST / HTTP/1.1\r\n%b\r\n" % b"".join(lines)


def _codings(headers: Headers) -> list[bytes]:
    """The transfer codings of a message, in the order in which they were applied."""
    values = [value for name, value in headers if name == b"transfer-encoding"]
    codings = [coding.strip().lower() for coding in b",".join(values).split(b",")]
    return [coding for coding in codings if coding]


def _name(host: bytes) -> bytes:
    """A Host header's name, without port, in lower case."""
    if host.startswith(b"["):
        return host.partition(b"]")[0].lower() + b"]"
    return host.partition(b":")[0].lower()
