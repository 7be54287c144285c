"""What the fields of forms may be chosen from, each value by what it is called.

Source: ISO 639-1 for languages, ISO 3166-1 for countries; the IANA time zone database; Open Loyalty
        4.3 and, in how a list looks, release 3, whose pages ask for all of them when they open.
"""

from __future__ import annotations

from functools import cache
from typing import Any
from zoneinfo import available_timezones

from guerdon.dialects.openloyalty.countries import COUNTRIES
from guerdon.dialects.openloyalty.languages import LANGUAGES
from guerdon.domain.rules import (
    ACCOUNT_CREATED,
    FIRST_PURCHASE,
    LOGGED_IN,
    NEWSLETTER_SUBSCRIPTION,
    PERIODS,
    REFERRAL_EVENTS,
    REWARD_TYPES,
)

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
    "preferredCommunicationMethod": ("email", "sms"),
    "deliveryStatus": ("ordered", "canceled", "shipped", "delivered"),
}
_OTHERS: dict[str, Any] = {
    "language": LANGUAGES,
    "country": COUNTRIES,
    "availableCustomerStatuses": ["new", "active", "blocked", "deleted"],
    "availableAccountActivationMethods": ["email", "sms"],
    "availableFrontendTranslations": [{"name": "English", "code": "en", "default": True}],
    "availableMarketingVendors": {"none": {"name": "Disabled", "config": {}}},
    "availablePointExpireAfter": {word: word for word in _WORDS["pointsDaysExpiryAfter"]},
    "earningRuleLimitPeriod": {
        f"1 {period}" if period in ("day", "week", "month") else period: period
        for period in PERIODS
    },
    "promotedEvents": {
        "Customer logged in": LOGGED_IN,
        "First purchase": FIRST_PURCHASE,
        "Account created": ACCOUNT_CREATED,
        "Newsletter subscription": NEWSLETTER_SUBSCRIPTION,
    },
    "referralEvents": {event: event for event in REFERRAL_EVENTS},
    "referralTypes": {whose: whose for whose in REWARD_TYPES},
}


def named(type: str) -> Any:
    """The choices of a type, mostly by their names; None for a type nobody knows."""
    if type == "timezone":
        return _timezones()
    if type in _OTHERS:
        return _OTHERS[type]
    words = _WORDS.get(type)
    return None if words is None else {word.replace("_", " ").capitalize(): word for word in words}


@cache
def _timezones() -> dict[str, dict[str, str]]:
    """Time zones by their part of the world and their city; `UTC` is among the others."""
    found: dict[str, dict[str, str]] = {}
    for zone in sorted(available_timezones()):
        region, _, city = zone.partition("/")
        if city:
            found.setdefault(region, {})[city.replace("_", " ").replace("/", " - ")] = zone
    return {**found, "Other": {"UTC": "UTC"}}
