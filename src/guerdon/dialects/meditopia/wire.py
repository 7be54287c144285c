"""How Meditopia's room answers: nothing for success, one envelope for every error.

Source: the pages "Sending Events" and "User Check": the envelope, the codes A_1000, A_1001, A_1002,
        A_1004 (with its message) and G_1005, and 401, 404 and 422 as their statuses. A_1003 is
        documented nowhere and never sent. Codes beginning with `E_` are ours: four digits that
        name what is wrong with a batch, or 1000 plus the status for what can happen to any
        request.
"""

from __future__ import annotations

from typing import Any

from guerdon import errors
from guerdon.web import answers, idempotency
from guerdon.web.answers import NO_CONTENT, Answer
from guerdon.web.request import Request

STORED = NO_CONTENT
REPLAYED = NO_CONTENT.with_headers(idempotency.REPLAYED)

_E_STATUS = 1_000
_CONFLICT = 409
_UNPROCESSABLE = 422
_INVALID_JSON = (422, "E_1000")
_INVALID_FIELD = (422, "E_1003")
_KNOWN = {
    "missing_credential": (401, "A_1000"),
    "malformed_credential": (401, "A_1001"),
    "unknown_credential": (401, "A_1002"),
    "address_not_allowed": (401, "A_1004"),
    "unreadable_token": (422, "G_1005"),
    "invalid_json": _INVALID_JSON,
    "duplicate_key": _INVALID_JSON,
    "too_deep": _INVALID_JSON,
    "invalid_number": _INVALID_JSON,
    "invalid_string": _INVALID_JSON,
    "batch_size": (422, "E_1001"),
    "unknown_event": (422, "E_1002"),
    "invalid_batch": _INVALID_FIELD,
    "invalid_field": _INVALID_FIELD,
    "invalid_datetime": _INVALID_FIELD,
    "future_datetime": _INVALID_FIELD,
    "duplicate_parameter": _INVALID_FIELD,
    "invalid_parameter": _INVALID_FIELD,
    "unknown_member": (404, "E_1404"),
    "no_such_path": (404, "E_1004"),
}
_MESSAGES = {
    "missing_credential": "The Authorization header is missing.",
    "malformed_credential": "The Authorization header is not a Bearer token.",
    "unknown_credential": "Invalid Bearer token.",
    "address_not_allowed": "Bad request.",
    "unreadable_token": "Error while decrypting token.",
    "unknown_member": "User not found.",
}
_FIELDS = {"external": "partnerUserID"}


def failed(_request: Request, error: errors.GuerdonError) -> Answer:
    """A refusal or a failure of the store."""
    status, code = _status_and_code(error)
    said: dict[str, Any] = {"code": code, "message": _MESSAGES.get(error.code, error.message)}
    index = getattr(error, "index", None)
    if index is not None:
        said["index"] = index
    field = getattr(error, "field", None)
    if field is not None:
        said["field"] = _FIELDS.get(field, field)
    answer = _envelope(status, said)
    if isinstance(error, errors.Throttled):
        return answer.with_headers(answers.retry_header(error.retry_seconds))
    return answer


def not_found(request: Request) -> Answer:
    """No such path."""
    return failed(request, errors.NotFound("There is no such path.", code="no_such_path"))


def method_not_allowed(_request: Request, allow: str) -> Answer:
    """Another method."""
    return _envelope(405, {"code": "E_1405", "message": f"Allowed: {allow}."})


def crashed(_request: Request, request_id: str) -> Answer:
    """A defect of ours."""
    return _envelope(500, {"code": "E_1500", "message": "Internal error.", "requestId": request_id})


def _status_and_code(error: errors.GuerdonError) -> tuple[int, str]:
    if error.code == errors.TooLarge.code and not isinstance(error, errors.TooLarge):
        # A part of the body; a body that is too large as a whole is a TooLarge.
        return _INVALID_JSON if getattr(error, "field", None) is None else _INVALID_FIELD
    known = _KNOWN.get(error.code)
    if known is not None:
        return known
    status = answers.status_of(error)
    if status == _CONFLICT:
        status = _UNPROCESSABLE
    return status, f"E_{_E_STATUS + status}"


def _envelope(status: int, error: dict[str, Any]) -> Answer:
    return answers.json_answer(status, {"success": False, "errors": [error]})
