"""What Open Loyalty has and Guerdon leaves out: answered with 501 and the reason.

A documented request never gets lost in a 404: whoever sends one of these learns that it is known,
that it is not served, and why.
Source: Open Loyalty 4.3, "Settings" (translations, messages, logos, files) and the photos of
        levels, rewards and earning rules.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from guerdon.dialects.openloyalty import refusals
from guerdon.dialects.openloyalty.desk import Answer, Endpoint, Visit
from guerdon.web import answers

TEXTS = "Translations belong to the cockpits of Open Loyalty, which Guerdon does not serve."
MESSAGES = "Message templates are not kept: what members are told is left to webhooks."
PICTURES = "Pictures for shop fronts are not kept; a file server does that better."
CONDITIONS = "The terms are not kept; the setting programConditionsUrl says where they are."

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
    PICTURES: (
        ("GET", "/settings/logo"),
        ("POST", "/settings/logo"),
        ("DELETE", "/settings/logo"),
        ("GET", "/settings/logo/{size}"),
        ("GET", "/settings/small-logo"),
        ("POST", "/settings/small-logo"),
        ("DELETE", "/settings/small-logo"),
        ("GET", "/settings/small-logo/{size}"),
        ("GET", "/settings/hero-image"),
        ("POST", "/settings/hero-image"),
        ("DELETE", "/settings/hero-image"),
        ("GET", "/settings/hero-image/{size}"),
        ("GET", "/settings/photo/{name}"),
        ("POST", "/settings/photo/{name}"),
        ("DELETE", "/settings/photo/{name}"),
        ("GET", "/settings/photo/{name}/{size}"),
        ("GET", "/level/{level}/photo"),
        ("POST", "/level/{level}/photo"),
        ("DELETE", "/level/{level}/photo"),
        ("GET", "/earningRule/{earningRule}/photo"),
        ("POST", "/earningRule/{earningRule}/photo"),
        ("DELETE", "/earningRule/{earningRule}/photo"),
        ("GET", "/campaign/{campaign}/brand_icon"),
        ("POST", "/campaign/{campaign}/brand_icon"),
        ("DELETE", "/campaign/{campaign}/brand_icon"),
        ("POST", "/campaign/{campaign}/photo"),
        ("GET", "/campaign/{campaign}/photo/{photoId}"),
        ("DELETE", "/campaign/{campaign}/photo/{photoId}"),
    ),
    CONDITIONS: (
        ("GET", "/settings/conditions-file"),
        ("POST", "/settings/conditions-file"),
        ("DELETE", "/settings/conditions-file"),
    ),
}


def endpoints() -> list[Endpoint]:
    """Everything that is left out."""
    return [
        Endpoint(method, path, _refused(reason), "anyone")
        for reason, requests in LEFT_OUT.items()
        for method, path in requests
    ]


def _refused(reason: str) -> Callable[[Visit], Awaitable[Answer]]:
    error = {"error": {"code": 501, "message": reason}}

    async def refused(_visit: Visit) -> Answer:
        return answers.json_answer(501, error, refusals.JSON)

    return refused
