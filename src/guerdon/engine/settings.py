"""A tenant's settings: every name, its default, and what it accepts.

Values are kept as JSON text and read as plain values. The list below is the documentation.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from guerdon import limits
from guerdon.errors import Refused


class Kind(msgspec.Struct, frozen=True):
    """Values that a setting may have: in words, and whether one is among them."""

    takes: str
    accepts: Callable[[Any], bool]


class Setting(msgspec.Struct, frozen=True):
    """One setting: its default, the values it takes, and what it is for."""

    default: Any
    kind: Kind
    about: str

    def accepts(self, value: Any) -> bool:
        """Whether it may have this value."""
        return self.kind.accepts(value)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= limits.webhook_url_chars_max


def _whole(low: int, high: int) -> Kind:
    return Kind(
        f"a whole number from {low} to {high}",
        lambda value: type(value) is int and low <= value <= high,
    )


def _one_of(*choices: str) -> Kind:
    return Kind(f"one of {', '.join(choices)}", lambda value: value in choices)


def _are_statuses(value: Any) -> bool:
    statuses = {"new", "active", "blocked", "deleted"}
    return isinstance(value, list) and all(each in statuses for each in value)


def _is_currency(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch("[A-Z]{3}", value) is not None


def _are_words(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) <= limits.setting_words_max
        and all(isinstance(each, str) and _is_text(each) for each in value)
    )


def _order_of(*choices: str) -> Kind:
    """Some of these words, each at most once."""
    return Kind(
        f"a JSON list of some of {', '.join(choices)}",
        lambda value: (
            isinstance(value, list)
            and all(each in choices for each in value)
            and len(set(value)) == len(value)
        ),
    )


def _is_timezone(value: Any) -> bool:
    if not isinstance(value, str) or not value:
        return False
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _is_shown(value: Any) -> bool:
    """The names of the default, each with a value of its type."""
    return (
        isinstance(value, dict)
        and value.keys() == _SHOWN_DEFAULT.keys()
        and all(
            type(each) is type(_SHOWN_DEFAULT[name])
            and (not isinstance(each, str) or len(each) <= limits.string_chars_max)
            for name, each in value.items()
        )
    )


_SWITCH = Kind("true or false", lambda value: isinstance(value, bool))
_TEXT = Kind(f"a text of at most {limits.webhook_url_chars_max} characters", _is_text)
_STATUSES = Kind("a JSON list of some of new, active, blocked", _are_statuses)
_CURRENCY = Kind("three capital letters", _is_currency)
_WORDS = Kind(f"a JSON list of at most {limits.setting_words_max} texts", _are_words)
_TIMEZONE = Kind("the name of a time zone, as Europe/Warsaw", _is_timezone)
_NAMES_SHOWN = Kind("a JSON object with all names of its default, each of its type", _is_shown)
SHOWN = "programme.shown"
_SHOWN_DEFAULT: dict[str, Any] = {
    "programName": "Loyalty Program",
    "programPointsSingular": "Point",
    "programPointsPlural": "Points",
    "programConditionsUrl": "",
    "programFaqUrl": "",
    "programUrl": "",
    "helpEmailAddress": "",
    "accentColor": "",
    "cssTemplate": "",
    "expirePointsNotificationDays": 10,
    "expireCouponsNotificationDays": 10,
    "expireLevelsNotificationDays": 10,
}
SETTINGS: dict[str, Setting] = {
    "members.auto_create.conscent": Setting(True, _SWITCH, "register unknown Conscent users"),
    "members.auto_create.meditopia": Setting(False, _SWITCH, "register unknown tokens"),
    "members.auto_create.woowup": Setting(False, _SWITCH, "register unknown WoowUp users"),
    "meditopia.batch_replay": Setting(
        True, _SWITCH, "a byte-identical batch within a day is stored once"
    ),
    "meditopia.status_url": Setting("", _TEXT, "where status messages go; empty: nowhere"),
    "meditopia.status_naming": Setting(
        "camel", _one_of("camel", "snake"), "spelling of `action` in status messages"
    ),
    "meditopia.status_secret": Setting(
        "", _TEXT, "whsec_ secret that signs status messages; empty: made by Guerdon"
    ),
    "meditopia.partner_id": Setting("", _TEXT, "`partnerID` in status messages"),
    "woowup.list_envelope": Setting(False, _SWITCH, "GET /events answers an envelope"),
    "woowup.duplicates": Setting(
        "reject", _one_of("reject", "ignore", "accept"), "what a repeated user event gets"
    ),
    "rate_limit.per_minute": Setting(
        0, _whole(0, 1_000_000), "requests a minute for each key; 0: no limit"
    ),
    "outcomes.days": Setting(
        limits.outcome_days, _whole(1, 3_650), "how long refused requests are kept"
    ),
    "invitations.link": Setting(
        "", _TEXT, "page in letters of invitation, `{token}` in it; empty: the token itself"
    ),
    "earning.statuses": Setting(
        ["active"], _STATUSES, "statuses of members who earn points by rules"
    ),
    "spending.statuses": Setting(
        ["active"], _STATUSES, "statuses of members who may spend points on rewards"
    ),
    "rewards.cashback_points_max": Setting(
        0, _whole(0, 1_000_000_000), "points a member may turn into cashback a day; 0: any"
    ),
    "purchases.returns": Setting(True, _SWITCH, "purchases may be brought back"),
    "purchases.identification": Setting(
        ["phone", "loyaltyCardNumber", "email"],
        _order_of("phone", "loyaltyCardNumber", "email"),
        "what a buyer is recognised by, in this order",
    ),
    "purchases.excluded_delivery_skus": Setting([], _WORDS, "SKUs that are delivery costs"),
    "purchases.excluded_level_skus": Setting([], _WORDS, "SKUs that do not count for levels"),
    "purchases.excluded_level_categories": Setting(
        [], _WORDS, "categories that do not count for levels"
    ),
    "points.expiry": Setting(
        "all_time_active",
        _one_of(
            "all_time_active",
            "after_x_days",
            "at_the_end_of_the_month",
            "at_the_end_of_the_year",
        ),
        "when points expire that were added without a validity of their own",
    ),
    "points.days_active": Setting(
        90, _whole(1, limits.points_days_max), "days that points last with `after_x_days`"
    ),
    "points.all_time_not_locked": Setting(True, _SWITCH, "added points can be spent at once"),
    "points.days_locked": Setting(
        0, _whole(0, limits.points_days_max), "days that added points are locked, otherwise"
    ),
    "points.spend_order": Setting(
        "expiry", _one_of("expiry", "created"), "which lots are spent first"
    ),
    "members.activation_method": Setting(
        "email", _one_of("email", "sms"), "how who registers alone is activated"
    ),
    "members.activation_link": Setting(
        "", _TEXT, "page that activates, with {token} in it; empty: mails have the token"
    ),
    "members.reset_link": Setting("", _TEXT, "page that sets a password, with {token} in it"),
    "members.change_link": Setting("", _TEXT, "page that confirms, with {token} in it"),
    "members.confirm_changes": Setting(
        True, _SWITCH, "members confirm a new e-mail or phone of their own before it counts"
    ),
    "members.sms_url": Setting("", _TEXT, "where SMS go as webhooks; empty: to files"),
    "programme.currency": Setting("EUR", _CURRENCY, "ISO 4217 code of all amounts of money"),
    "programme.timezone": Setting("UTC", _TIMEZONE, "the programme's time zone"),
    SHOWN: Setting(
        _SHOWN_DEFAULT, _NAMES_SHOWN, "what Open Loyalty's clients show; decides nothing here"
    ),
    "members.allow_profile_edits": Setting(True, _SWITCH, "members may change their own details"),
    "levels.tier_assign_type": Setting(
        "transactions", _one_of("transactions", "points"), "what a member's level is made of"
    ),
    "levels.downgrade_mode": Setting(
        "automatic",
        _one_of("none", "automatic", "after_x_days"),
        "when points may let a member fall to a lower level",
    ),
    "levels.downgrade_days": Setting(
        365, _whole(1, 36_500), "after how many days a level is reviewed"
    ),
    "levels.downgrade_base": Setting(
        "active_points",
        _one_of("none", "active_points", "earned_points", "earned_points_since_last_level_change"),
        "which points make a level; none means active ones",
    ),
    "levels.reset_points_on_downgrade": Setting(
        False, _SWITCH, "a review of active points ends with none left"
    ),
    "levels.exclude_delivery_costs": Setting(
        False, _SWITCH, "delivery costs do not count for a level"
    ),
}


def parse(name: str, text: str) -> Any:
    """The value a setting's text stands for; a bare word counts as a string.

    So does a number where a text is wanted, such as a partner's id.

    Errors: Refused `unknown_setting`, `invalid_setting`.
    """
    setting = SETTINGS.get(name)
    if setting is None:
        raise Refused(f"there is no setting {name}", code="unknown_setting", field=name)
    try:
        value = msgspec.json.decode(text)
    except msgspec.DecodeError:
        value = text
    if setting.accepts(value):
        return value
    if type(value) not in {int, float} or not setting.accepts(text):
        raise Refused(
            f"{name} does not take {text}, but {setting.kind.takes}",
            code="invalid_setting",
            field=name,
        )
    return text


def with_defaults(stored: list[tuple[str, str]]) -> dict[str, Any]:
    """All settings of a tenant: stored ones over defaults."""
    values = {name: setting.default for name, setting in SETTINGS.items()}
    values.update((name, msgspec.json.decode(text)) for name, text in stored)
    return values
