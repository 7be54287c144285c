"""What goes wrong, in Open Loyalty's shapes, readable from any web page.

* Who you are (401, 403, 429): `{"message": "…"}`; a 401 also says `"code": 401`, by which clients
  know that their token has expired.
* What you asked (400): `{"error": "…"}`, or for a form
  `{"form": {"children": {"name": {"errors": ["…"]}, "active": {}}}, "errors": []}`.
* Everything else: `{"error": {"code": 404, "message": "Not Found"}}`.

Every answer carries the CORS headers: credentials are tokens, never cookies, so that any origin may
read what it has a token for, and send any header besides: frameworks and tracers add theirs.
Source: Open Loyalty 4.3; its framework's own errors; the Fetch standard, "CORS protocol", by which
        a wildcard does not cover `Authorization`.
"""

from __future__ import annotations

from http import HTTPStatus

from guerdon import errors, limits
from guerdon.web import answers
from guerdon.web.answers import Answer
from guerdon.web.request import Request

CORS: answers.Pairs = ((b"access-control-allow-origin", b"*"),)
JSON: answers.Pairs = (*answers.JSON, *CORS)
_ALLOWED = b"Authorization, Content-Type, Idempotency-Key, X-AUTH-TOKEN, *"
_PREFLIGHT: answers.Pairs = (
    *CORS,
    (b"access-control-allow-methods", b"GET, POST, PUT, DELETE"),
    (b"access-control-allow-headers", _ALLOWED),
    (b"access-control-max-age", b"%d" % limits.preflight_seconds),
)
_ABOUT_THE_SENDER = frozenset({401, 403, 429})
_ABOUT_THE_REQUEST = 400
_CHALLENGE: answers.Pairs = ((b"www-authenticate", b"Bearer"),)

INACTIVE = "inactive_account"
"""The code of a refusal that is about the sender although its status is 400."""

RATE_LIMIT = "guerdon.rate_limit"
"""Where a request's scope keeps the headers that tell of its rate limit, if there is one."""


async def preflight(_request: Request) -> Answer:
    """What a browser asks before it sends a request from another origin."""
    return Answer(204, _PREFLIGHT)


def not_found(_request: Request) -> Answer:
    """No such path, or nothing there."""
    return _framework(404)


def method_not_allowed(_request: Request, _allow: str) -> Answer:
    """The path has other methods."""
    return _framework(405)


def failed(request: Request, error: errors.GuerdonError) -> Answer:
    """A refusal, or what the store could not do."""
    if isinstance(error, errors.InvalidForm):
        form = {"form": {"children": error.tree}, "errors": error.messages}
        return answers.json_answer(_ABOUT_THE_REQUEST, form, JSON)
    status = answers.status_of(error)
    if status in _ABOUT_THE_SENDER or error.code == INACTIVE:
        body: dict[str, object] = {"message": error.message}
        if status == HTTPStatus.UNAUTHORIZED:
            body = {"code": int(HTTPStatus.UNAUTHORIZED), **body}
        answer = answers.json_answer(status, body, JSON)
        return answer.with_headers(*_advice(request, status))
    if status == _ABOUT_THE_REQUEST:
        return answers.json_answer(status, {"error": error.message}, JSON)
    if isinstance(error, errors.NotFound):
        return _framework(status)
    return _framework(status, error.message)


def crashed(_request: Request, request_id: str) -> Answer:
    """A defect of ours; the log knows the cause by the request's id."""
    body = {"error": {"code": 500, "message": "Internal Server Error", "requestId": request_id}}
    return answers.json_answer(500, body, JSON)


def _advice(request: Request, status: int) -> answers.Pairs:
    """How to do better: which credential (RFC 9110 11.6.1), or when to come back."""
    if status == HTTPStatus.UNAUTHORIZED:
        return _CHALLENGE
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        limited: answers.Pairs = request.scope.get(RATE_LIMIT, ())
        return limited or (answers.retry_header(limits.failure_segment_seconds),)
    return ()


def _framework(status: int, message: str = "") -> Answer:
    message = message or HTTPStatus(status).phrase
    return answers.json_answer(status, {"error": {"code": status, "message": message}}, JSON)
