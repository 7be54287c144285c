"""One HTTP request, as handlers see it: thin views on the ASGI scope, made when asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from guerdon import limits
from guerdon.faults import fault
from guerdon.web import body, form
from guerdon.web.asgi import Headers, Receive, Scope


class Request:
    """A request. Path parameters are decoded text; everything else is bytes as received."""

    __slots__ = ("_headers", "params", "receive", "scope")

    def __init__(self, scope: Scope, receive: Receive, params: Mapping[str, str]) -> None:
        self.scope = scope
        self.receive = receive
        self.params = params
        self._headers: dict[bytes, bytes] | None = None

    @property
    def method(self) -> str:
        """The method of the request line; override headers are never read."""
        return cast("str", self.scope["method"])

    @property
    def raw_path(self) -> bytes:
        """The path as sent, percent escapes and all, without the query."""
        return cast("bytes", self.scope["raw_path"])

    @property
    def query_string(self) -> bytes:
        """What follows the question mark, as sent."""
        return cast("bytes", self.scope["query_string"])

    @property
    def client(self) -> tuple[str, int] | None:
        """The socket's peer; None on a unix socket. See `peers` for the peer behind a proxy."""
        return cast("tuple[str, int] | None", self.scope["client"])

    @property
    def headers(self) -> dict[bytes, bytes]:
        """Headers by lower-case name; several of one name are joined by `, ` (RFC 9110 5.3)."""
        headers = self._headers
        if headers is None:
            pairs: Headers = self.scope["headers"]
            headers = dict(pairs)
            if len(headers) != len(pairs):
                headers = _joined(pairs)
            self._headers = headers
        return headers

    def values(self, name: bytes) -> list[bytes]:
        """Every header of this lower-case name, in order."""
        return [value for key, value in self.scope["headers"] if key == name]

    async def body(self, bytes_max: int = limits.body_bytes_max) -> bytes:
        """The whole body. Errors: see `body.read_body`."""
        whole = await body.read_body(self.scope, self.receive, bytes_max)
        fault("after_body")
        return whole

    def query(self) -> dict[str, str]:
        """Query parameters. Errors: Refused `duplicate_parameter`, `invalid_parameter`."""
        return form.query(self.scope)


def _joined(pairs: Headers) -> dict[bytes, bytes]:
    joined: dict[bytes, bytes] = {}
    for name, value in pairs:
        before = joined.get(name)
        joined[name] = value if before is None else before + b", " + value
    return joined
