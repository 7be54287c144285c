"""How Conscent's room answers.

The documented 200 is empty, but the page's own JavaScript reads every answer as JSON: so every
body is JSON, the errors' too. The content type follows `Accept`: all documented samples name only
`text/plain`. No errors are documented; their shape and statuses are ours.
Source: the page "API from server", tabs "javaScript", "php" and "Node".
"""

from __future__ import annotations

from typing import Any

from guerdon import errors
from guerdon.web import answers, idempotency
from guerdon.web.answers import Answer, Pairs
from guerdon.web.request import Request

_PLAIN = b"text/plain"
_JSON_REPLAYED: Pairs = (*answers.JSON, idempotency.REPLAYED)
_TEXT_REPLAYED: Pairs = (*answers.TEXT, idempotency.REPLAYED)
# One answer for a missing key, a wrong key, a wrong address and a wrong partner: who asks without
# a right does not learn which partners there are.
_UNAUTHENTICATED = answers.json_answer(
    401, {"error": "unauthenticated", "message": "A valid X-API-KEY of this partner is required."}
)
_FIELDS = {"external": "userId", "type": "eventType"}


def stored(request: Request, position: int, *, is_replayed: bool) -> Answer:
    """The event is stored, or was before."""
    accept = request.headers.get(b"accept")
    is_plain = accept == _PLAIN or (accept is not None and _accepts_only_plain(accept))
    if is_replayed:
        headers = _TEXT_REPLAYED if is_plain else _JSON_REPLAYED
    else:
        headers = answers.TEXT if is_plain else answers.JSON
    return Answer(200, headers, b'{"success":true,"eventId":"%d"}' % position)


def failed(_request: Request, error: errors.GuerdonError) -> Answer:
    """A refusal or a failure of the store."""
    if isinstance(error, errors.Unauthenticated | errors.Forbidden):
        return _UNAUTHENTICATED
    body: dict[str, Any] = {"error": error.code, "message": error.message}
    field = getattr(error, "field", None)
    if field is not None:
        body["field"] = _FIELDS.get(field, field)
    answer = answers.json_answer(answers.status_of(error), body)
    if isinstance(error, errors.Throttled):
        return answer.with_headers(answers.retry_header(error.retry_seconds))
    return answer


def not_found(_request: Request) -> Answer:
    """No such path."""
    return answers.json_answer(404, {"error": "not_found", "message": "There is no such path."})


def method_not_allowed(_request: Request, allow: str) -> Answer:
    """Another method."""
    message = f"Allowed: {allow}."
    return answers.json_answer(405, {"error": "method_not_allowed", "message": message})


def crashed(_request: Request, request_id: str) -> Answer:
    """A defect of ours."""
    body = {"error": "internal_error", "message": "Internal error.", "requestId": request_id}
    return answers.json_answer(500, body)


def _accepts_only_plain(accept: bytes) -> bool:
    """Whether every media range is `text/plain`, parameters aside. Source: RFC 9110 12.5.1."""
    ranges = [part.partition(b";")[0].strip().lower() for part in accept.split(b",")]
    named = [media_range for media_range in ranges if media_range]
    return bool(named) and all(media_range == _PLAIN for media_range in named)
