"""Settings: Open Loyalty's names for a programme's settings.

Most names stand for a setting of Guerdon's and change what it does. Some are only kept for the
clients that show them (`programme.shown`). The rest are about what Guerdon does not do: they have
one value, and any other is refused instead of being taken and ignored.
Source: Open Loyalty 4.3, "Settings".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from guerdon import limits
from guerdon.dialects.openloyalty import choices, pictures
from guerdon.dialects.openloyalty.desk import Answer, Endpoint, Visit
from guerdon.dialects.openloyalty.forms import MISSING_CHOICE, WRONG, Form
from guerdon.engine.commands import ChangeSettings
from guerdon.engine.settings import SETTINGS, SHOWN

UNSUPPORTED = "This is not supported."
_PRIORITY = "customersIdentificationPriority"


class Mapped(NamedTuple):
    """A name of Open Loyalty's: the setting it stands for, how a form has it, how it is shown."""

    setting: str
    read: Callable[[Form, str], Any]
    show: Callable[[Any], Any] = lambda value: value


def _switch(form: Form, name: str) -> bool:
    return form.switch(name)


def _whole(form: Form, name: str) -> int:
    return form.whole(name)


def _optional_whole(form: Form, name: str) -> int:
    return form.whole(name, required=False) or 0


def _text(form: Form, name: str) -> str:
    return form.text(name)


def _currency(form: Form, name: str) -> str:
    """A code of ISO 4217, which clients send in either case, since answers have it in both."""
    return form.text(name).upper()


def _optional_text(form: Form, name: str) -> str:
    return form.text(name, required=False, chars_max=limits.string_chars_max) or ""


def _words(form: Form, name: str) -> list[str]:
    return form.texts(name)


def _priority(form: Form, name: str) -> list[str]:
    parts = form.children(name)
    fields = choices.IDENTIFICATION
    found = [(part.whole("priority"), part.choice("field", fields)) for part in parts]
    return [field for _, field in sorted(found)]


def _priority_shown(value: list[str]) -> list[dict[str, Any]]:
    return [{"priority": place, "field": field} for place, field in enumerate(value, 1)]


def _empty_zero(value: int) -> str:
    return str(value) if value else ""


MAPPED: dict[str, Mapped] = {
    "excludedLevelCategories": Mapped("purchases.excluded_level_categories", _words),
    _PRIORITY: Mapped("purchases.identification", _priority, _priority_shown),
    "excludedDeliverySKUs": Mapped("purchases.excluded_delivery_skus", _words),
    "excludedLevelSKUs": Mapped("purchases.excluded_level_skus", _words),
    "customerStatusesEarning": Mapped("earning.statuses", _words),
    "customerStatusesSpending": Mapped("spending.statuses", _words),
    "returns": Mapped("purchases.returns", _switch),
    "allowCustomersProfileEdits": Mapped("members.allow_profile_edits", _switch),
    "allTimeNotLocked": Mapped("points.all_time_not_locked", _switch),
    "levelResetPointsOnDowngrade": Mapped("levels.reset_points_on_downgrade", _switch),
    "excludeDeliveryCostsFromTierAssignment": Mapped("levels.exclude_delivery_costs", _switch),
    "pointsDaysActiveCount": Mapped("points.days_active", _whole),
    "pointsDaysLocked": Mapped("points.days_locked", _whole),
    "currency": Mapped("programme.currency", _currency),
    "timezone": Mapped("programme.timezone", _text),
    "pointsDaysExpiryAfter": Mapped("points.expiry", _text),
    "tierAssignType": Mapped("levels.tier_assign_type", _text),
    "levelDowngradeMode": Mapped("levels.downgrade_mode", _text),
    "levelDowngradeDays": Mapped("levels.downgrade_days", _whole),
    "levelDowngradeBase": Mapped("levels.downgrade_base", _text),
    "preferredCommunicationMethod": Mapped("members.activation_method", _text),
    "maxPointsRedeemed": Mapped("rewards.cashback_points_max", _optional_whole, _empty_zero),
}
FIXED: dict[str, Any] = {
    "accountActivationRequired": True,
    "marketingVendorsValue": "none",
    "pushySecretKey": "",
    "webhooks": False,
    "uriWebhooks": "",
    "webhookHeaderName": "",
    "webhookHeaderValue": "",
}


async def show(visit: Visit) -> Answer:
    """`GET /settings`."""
    own = await visit.read(lambda rows: pictures.of_programme(rows, visit.tenant_id))
    return visit.ok({"settings": {**own, **shown(visit.settings)}})


async def change(visit: Visit) -> Answer:
    """`POST /settings`: what is not sent stays as it is."""
    form = await visit.form("settings")
    values = _read(form, visit.settings)
    form.check()
    changed = tuple((name, msgspec.json.encode(value).decode()) for name, value in values.items())
    await visit.execute(
        ChangeSettings(visit.tenant_id, visit.key_id, changed=changed, actor=visit.actor)
    )
    return visit.ok({"settings": shown({**visit.settings, **values})})


async def public(visit: Visit) -> Answer:
    """`GET /settings/public`."""
    allowed = visit.settings["members.allow_profile_edits"]
    return visit.ok({"settings": {"allowCustomersProfileEdits": allowed}})


async def list_choices(visit: Visit) -> Answer:
    """`GET /settings/choices/{type}`: values by what they are called."""
    if visit.params["type"] == "smsGatewayConfig":
        return visit.ok({"fields": []})  # a gateway is set up where the messages are sent
    found = choices.named(visit.params["type"])
    return visit.missing() if found is None else visit.ok({"choices": found})


async def css(visit: Visit) -> Answer:
    """`GET /settings/css`."""
    text = visit.settings[SHOWN]["cssTemplate"]
    return visit.sent("text/css; charset=utf-8", text.encode())


async def manifest(visit: Visit) -> Answer:
    """`GET /settings/manifest`: a web application's, without icons: nobody measures pictures."""
    about = visit.settings[SHOWN]
    return visit.ok(
        {
            "name": about["programName"],
            "short_name": about["programName"],
            "icons": [],
            "start_url": "/",
            "display": "standalone",
            "scope": "/",
            "background_color": "#FFFFFF",
            "theme_color": about["accentColor"] or "#FFFFFF",
        }
    )


async def activation(visit: Visit) -> Answer:
    """`GET /settings/activation`."""
    method = visit.settings["members.activation_method"]
    return visit.ok({"method": method, "required": FIXED["accountActivationRequired"]})


async def activation_method(visit: Visit) -> Answer:
    """`GET /settings/activation-method`, of release 3.2."""
    return visit.ok({"method": visit.settings["members.activation_method"]})


def endpoints() -> list[Endpoint]:
    """Everything about settings."""
    return [
        Endpoint("GET", "/settings", show, "admin", "SETTINGS:VIEW"),
        Endpoint("POST", "/settings", change, "admin", "SETTINGS:MODIFY"),
        Endpoint("GET", "/settings/choices/{type}", list_choices, "anyone"),
        Endpoint("GET", "/settings/public", public, "anyone"),
        Endpoint("GET", "/settings/css", css, "anyone"),
        Endpoint("GET", "/settings/manifest", manifest, "anyone"),
        Endpoint("GET", "/settings/activation", activation, "anyone"),
        Endpoint("GET", "/settings/activation-method", activation_method, "anyone"),
    ]


def shown(settings: dict[str, Any]) -> dict[str, Any]:
    """A tenant's settings under Open Loyalty's names."""
    found = {name: each.show(settings[each.setting]) for name, each in MAPPED.items()}
    return {**found, **settings[SHOWN], **FIXED}


def _read(form: Form, settings: dict[str, Any]) -> dict[str, Any]:
    """What a form changes, by our names; the form knows what is wrong with it."""
    values: dict[str, Any] = {}
    for name, each in MAPPED.items():
        if not form.has(name):
            form.raw(name)
            continue
        value = each.read(form, name)
        if form.is_right(name) and not SETTINGS[each.setting].accepts(value):
            form.fail(name, MISSING_CHOICE if isinstance(value, str) else WRONG)
        values[each.setting] = value
    about = dict(settings[SHOWN])
    for name, value in about.items():
        if form.has(name):
            is_number = isinstance(value, int)
            about[name] = _whole(form, name) if is_number else _optional_text(form, name)
        else:
            form.raw(name)
    if about != settings[SHOWN]:
        values[SHOWN] = about
    for name, value in FIXED.items():
        read = _switch if isinstance(value, bool) else _optional_text
        if form.has(name) and read(form, name) not in {value, ""}:
            form.fail(name, UNSUPPORTED)
        form.raw(name)
    # Its old name for points that never expire.
    if form.has("allTimeActive") and form.switch("allTimeActive", required=False):
        values.setdefault("points.expiry", "all_time_active")
    return values
