"""WoowUp's envelope, and what a refusal looks like in it.

Every answer is `{"payload", "message", "code", "time"}`; `time` is how long it took, as text with
the suffix `ms`. A refusal has the same shape: its payload is an empty list, or `{"errors": [...]}`
where the sender's own fields were wrong. Connectors show `payload.errors` for every code except
`internal_error`, where they show `message`.

Source: WoowUp's events and users pages; the vendor's PHP clients and its VTEX connector.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from guerdon import errors
from guerdon.clock import Clock
from guerdon.web import answers
from guerdon.web.answers import Answer
from guerdon.web.request import Request

Pairs = Sequence[tuple[bytes, bytes]]

_STARTED = "guerdon.woowup.started"
_HEADERS = "guerdon.woowup.headers"
_MILLISECONDS = 1_000
_ELSEWHERE = frozenset({409, 422})
_NOTHING: Sequence[Any] = ()

_encode = msgspec.json.Encoder().encode

# What a code of ours is called there: status, code, message (None: the error's own).
_DOCUMENTED: dict[str, tuple[int, str, str | None]] = {
    "account_deleted": (410, "account_deleted", "gone: account deleted"),
    "duplicate": (400, "bad_request", "duplicated event"),
    "invalid_email": (400, "invalid_email", None),
    "member_exists": (400, "internal_error", "usuario existente"),
    "method_not_allowed": (405, "method_not_allowed", "method not allowed"),
    "segment_not_found": (404, "segment_not_found", "segment not found"),
    "too_many_requests": (429, "too_many_request", "too many request"),
    "type_exists": (400, "bad_request", "duplicated event"),
    "unknown_member": (404, "not_found", "user not found"),
    "unknown_type": (404, "not_found", "event not found"),
    "user_not_found": (404, "user_not_found", "user not found"),
}
_UNEXPECTED = (500, "internal_error", "")
_FORBIDDEN = (403, "forbidden", "forbidden: authentication failed")


class Wire:
    """Renders answers; one for the room."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def start(self, request: Request) -> None:
        """Remember when the request began."""
        request.scope[_STARTED] = self._clock.monotonic()

    def add_headers(self, request: Request, *pairs: tuple[bytes, bytes]) -> None:
        """Send these with the answer, whatever it will be."""
        request.scope[_HEADERS] = (*request.scope.get(_HEADERS, ()), *pairs)

    def ok(
        self, request: Request, payload: Any, *, status: int = 200, message: str = "ok"
    ) -> Answer:
        """A success."""
        return self._envelope(request, status, "ok", message, payload)

    def bare(self, request: Request, value: Any) -> Answer:
        """A value without an envelope, as two documented answers are."""
        return Answer(200, _headers(request), _encode(value))

    def both(self, request: Request, value: dict[str, Any]) -> Answer:
        """A bare object that is its own envelope: the same fields again as `payload`."""
        head = _encode(value)[:-1]
        return Answer(
            200,
            _headers(request),
            b'%b,"payload":%b,"message":"ok","code":"ok","time":"%dms"}'
            % (head, _encode(value), self._elapsed(request)),
        )

    def refusal(
        self,
        request: Request,
        status: int,
        code: str,
        message: str,
        reasons: Sequence[str] = (),
    ) -> Answer:
        """A refusal; reasons make the payload `{"errors": [...]}`."""
        payload: Any = {"errors": reasons} if reasons else _NOTHING
        return self._envelope(request, status, code, message, payload)

    def failed(self, request: Request, error: errors.GuerdonError) -> Answer:
        """A refusal or store failure raised by a handler or by the web layer."""
        if isinstance(error, errors.Unauthenticated | errors.Forbidden):
            return self.refusal(request, *_FORBIDDEN)
        documented = _DOCUMENTED.get(error.code)
        if documented is not None:
            status, code, message = documented
            return self.refusal(request, status, code, message or error.message)
        if isinstance(error, errors.StoreError):
            return self.refusal(request, answers.UNAVAILABLE, error.code, error.message)
        if not isinstance(error, errors.Refused):
            return self.refusal(request, *_UNEXPECTED)
        code = "not_found" if isinstance(error, errors.NotFound) else "bad_request"
        reasons = () if isinstance(error, errors.NotFound | errors.Duplicate) else (error.message,)
        return self.refusal(request, _status_of(error), code, error.message, reasons)

    def not_found(self, request: Request) -> Answer:
        """No such path."""
        return self.refusal(request, 404, "not_found", "not found")

    def method_not_allowed(self, request: Request, _allow: str) -> Answer:
        """The path exists, not with this method."""
        status, code, message = _DOCUMENTED["method_not_allowed"]
        return self.refusal(request, status, code, message or "")

    def crashed(self, request: Request, request_id: str) -> Answer:
        """A defect of ours: the documented body, and an id to ask the operator about."""
        body = b'{"payload":[],"message":"","code":"internal_error","time":"%dms","request_id":%b}'
        filled = body % (self._elapsed(request), _encode(request_id))
        return Answer(500, _headers(request), filled)

    def _envelope(
        self, request: Request, status: int, code: str, message: str, payload: Any
    ) -> Answer:
        body = b'{"payload":%b,"message":%b,"code":"%b","time":"%dms"}' % (
            _encode(payload),
            _encode(message),
            code.encode(),
            self._elapsed(request),
        )
        return Answer(status, _headers(request), body)

    def _elapsed(self, request: Request) -> int:
        """Milliseconds since `start`; 0 for what was answered before any handler."""
        started: float | None = request.scope.get(_STARTED)
        if started is None:
            return 0
        return int((self._clock.monotonic() - started) * _MILLISECONDS)


def _status_of(error: errors.Refused) -> int:
    """400 for all that is wrong in a request, where others have finer words.

    An idempotency key that was used before is no field of WoowUp's: 422, as its own draft asks.
    """
    status = answers.status_of(error)
    if status in _ELSEWHERE and not isinstance(error, errors.KeyReused):
        return 400
    return status


def _headers(request: Request) -> Pairs:
    added: Pairs = request.scope.get(_HEADERS, ())
    return (*answers.JSON, *added) if added else answers.JSON
