"""What Open Loyalty has and Guerdon leaves out: answered with 501 and the reason.

A documented request never gets lost in a 404: whoever sends one of these, logged in or not, learns
that it is known, that it is not served, and why.
Source: Open Loyalty 4.3, "Settings": translations, messages, files.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from guerdon.dialects.openloyalty import refusals
from guerdon.dialects.openloyalty.desk import STORE_PARAMETER, Answer, Endpoint, Visit
from guerdon.web import answers

TEXTS = "Translations belong to the cockpits of Open Loyalty, which Guerdon does not serve."
MESSAGES = "Message templates are not kept: what members are told is left to webhooks."
CONDITIONS = "No file with the terms is kept: the setting programConditionsUrl says where it is."

LEFT_OUT: dict[str, tuple[tuple[str, str], ...]] = {
    TEXTS: (
        ("GET", "/admin/translations"),
        ("POST", "/admin/translations"),
        ("GET", "/admin/translations/{code}"),
        ("PUT", "/admin/translations/{code}"),
        ("DELETE", "/admin/translations/{code}"),
        ("GET", "/translations"),
    ),
    MESSAGES: (
        ("GET", "/message"),
        ("POST", "/message"),
        ("GET", "/message/events"),
        ("GET", "/message/{messageId}"),
        ("PUT", "/message/{messageId}"),
        ("POST", "/message/{messageId}/activate"),
        ("POST", "/message/{messageId}/deactivate"),
        ("GET", "/settings/emails"),
        ("GET", "/settings/emails/{email}"),
        ("PUT", "/settings/emails/{email}"),
    ),
    CONDITIONS: (
        ("POST", "/settings/conditions-file"),
        ("DELETE", "/settings/conditions-file"),
    ),
}


def endpoints() -> list[Endpoint]:
    """Everything that is left out; with a store's code or not, and whether it exists or not."""
    return [
        Endpoint(method, store + path, _refused(reason), "anyone", in_store=False)
        for reason, requests in LEFT_OUT.items()
        for method, path in requests
        for store in ("", f"/{{{STORE_PARAMETER}}}")
    ]


def _refused(reason: str) -> Callable[[Visit], Awaitable[Answer]]:
    error = {"error": {"code": 501, "message": reason}}

    async def refused(_visit: Visit) -> Answer:
        return answers.json_answer(501, error, refusals.JSON)

    return refused
