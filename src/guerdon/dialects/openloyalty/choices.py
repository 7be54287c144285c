"""What the fields of forms may be chosen from, each value by what it is called.

Source: ISO 639-1 for languages; the IANA time zone database; Open Loyalty 4.3 for the rest.
"""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones

from guerdon.dialects.openloyalty.languages import LANGUAGES

IDENTIFICATION = ("phone", "loyaltyCardNumber", "email")
_WORDS: dict[str, tuple[str, ...]] = {
    "customersIdentificationPriority": IDENTIFICATION,
    "tierAssignType": ("transactions", "points"),
    "levelDowngradeMode": ("none", "automatic", "after_x_days"),
    "levelDowngradeBase": (
        "none",
        "active_points",
        "earned_points",
        "earned_points_since_last_level_change",
    ),
    "pointsDaysExpiryAfter": (
        "all_time_active",
        "after_x_days",
        "at_the_end_of_the_month",
        "at_the_end_of_the_year",
    ),
    "availableCustomerStatuses": ("new", "active", "blocked", "deleted"),
    "availableAccountActivationMethods": ("email", "sms"),
    "preferredCommunicationMethod": ("email", "sms"),
    "deliveryStatus": ("ordered", "canceled", "shipped", "delivered"),
}


def named(type: str) -> dict[str, str] | None:
    """The choices of a type by their names, sorted; None for a type nobody knows."""
    if type == "language":
        return LANGUAGES
    if type == "timezone":
        return _timezones()
    words = _WORDS.get(type)
    return None if words is None else {word.replace("_", " ").capitalize(): word for word in words}


@cache
def _timezones() -> dict[str, str]:
    return {name: name for name in sorted(available_timezones()) if "/" in name or name == "UTC"}
