"""Answers: what a handler returns and how it goes over the wire.

An `Answer` is a status, a list of header pairs and the body's bytes; Content-Length is added when
it is sent, so that it cannot disagree with the body. Header lists that never change are prebuilt
here, as RFC 9457 problem bodies are for the paths that belong to no dialect.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from guerdon import errors, limits
from guerdon.web.asgi import Send

Pairs = Sequence[tuple[bytes, bytes]]

JSON: Pairs = ((b"content-type", b"application/json"),)
TEXT: Pairs = ((b"content-type", b"text/plain; charset=utf-8"),)
HTML: Pairs = ((b"content-type", b"text/html; charset=utf-8"),)
PROBLEM: Pairs = ((b"content-type", b"application/problem+json"),)
NO_HEADERS: Pairs = ()
UNAVAILABLE = 503

_STATUS_BY_CLASS: tuple[tuple[type[errors.GuerdonError], int], ...] = (
    (errors.NotFound, 404),
    (errors.Unauthenticated, 401),
    (errors.Forbidden, 403),
    (errors.Duplicate, 409),
    (errors.KeyReused, 422),
    (errors.TooLarge, 413),
    (errors.StoreError, 503),
)
_STATUS_BY_CODE = {
    "body_timeout": 408,
    "method_not_allowed": 405,
    "too_large": 422,  # a part of the body; a whole body that is too large is TooLarge, 413
    "too_many_requests": 429,
    "unsupported_encoding": 415,
    "unsupported_media_type": 415,
}
_TITLES = {
    400: "Bad request",
    401: "Authentication is required",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
    408: "Request timeout",
    409: "Conflict",
    413: "Content too large",
    415: "Unsupported media type",
    422: "Unprocessable content",
    429: "Too many requests",
    500: "Internal error",
    503: "Service unavailable",
}
_BODILESS = frozenset({204, 304})


class Answer:
    """One answer. Headers are lower-case bytes, without Content-Length."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, headers: Pairs = NO_HEADERS, body: bytes = b"") -> None:
        self.status = status
        self.headers = headers
        self.body = body

    def __repr__(self) -> str:
        return f"Answer({self.status}, {list(self.headers)!r}, {self.body!r})"

    def with_headers(self, *pairs: tuple[bytes, bytes]) -> Answer:
        """The same answer with more headers."""
        return Answer(self.status, (*self.headers, *pairs), self.body)


NO_CONTENT = Answer(204)


async def send_answer(send: Send, answer: Answer) -> None:
    """Hand an answer to the server in ASGI's two messages."""
    headers = list(answer.headers)
    if answer.status not in _BODILESS:
        headers.append((b"content-length", b"%d" % len(answer.body)))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


def json_answer(status: int, value: object, headers: Pairs = JSON) -> Answer:
    """A value as compact JSON."""
    return Answer(status, headers, msgspec.json.encode(value))


def retry_header(seconds: int = limits.retry_after_seconds) -> tuple[bytes, bytes]:
    """`Retry-After` as whole seconds: real clients read a date as 0."""
    return (b"retry-after", b"%d" % max(1, seconds))


def status_of(error: errors.GuerdonError) -> int:
    """The status an error has where a dialect documents no other one."""
    for kind, status in _STATUS_BY_CLASS:
        if isinstance(error, kind):
            return status
    return _STATUS_BY_CODE.get(error.code, 400) if isinstance(error, errors.Refused) else 500


def problem(
    status: int, *, code: str, detail: str = "", headers: Pairs = NO_HEADERS, **members: object
) -> Answer:
    """A problem body. Source: RFC 9457; `code`, `field`, `index`, `requestId` are our members."""
    title = _TITLES.get(status, "Error")
    body: dict[str, object] = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "code": code,
    }
    if detail:
        body["detail"] = detail
    body.update((name, value) for name, value in members.items() if value is not None)
    return Answer(status, (*PROBLEM, *headers), msgspec.json.encode(body))


def problem_of(error: errors.GuerdonError) -> Answer:
    """An error of ours as a problem body; a 503 says when to come back."""
    status = status_of(error)
    headers: Pairs = (retry_header(),) if status == UNAVAILABLE else NO_HEADERS
    field = getattr(error, "field", None)
    index = getattr(error, "index", None)
    return problem(
        status, code=error.code, detail=error.message, headers=headers, field=field, index=index
    )
