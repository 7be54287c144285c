"""What forms say about levels, and how answers show them.

Source: Open Loyalty 4.3, "Levels". One of its examples writes an hour with one digit: it is taken.
"""

from __future__ import annotations

import re
from typing import Any

from guerdon import limits
from guerdon.dialects.openloyalty.forms import BLANK, WRONG, Form
from guerdon.dialects.openloyalty.visits import Visit
from guerdon.domain.purchases import money_number
from guerdon.store.definitions import Definition

LOCALE = "en"
_TEXTS = ("name", "description")
_LOCALE = re.compile(r"[A-Za-z]{2,3}(?:[_-][A-Za-z]{2,4})?")
_SHORT_HOUR = re.compile(r"(\S+)[ T]([0-9]:[0-9]{2}.*)")


def body(visit: Visit, form: Form, before: dict[str, Any]) -> dict[str, Any]:
    """A level's definition from the form `level`, `before` an edit if it is one.

    Errors: InvalidForm from the form's `check`.
    """
    reward = form.child("reward")
    found: dict[str, Any] = {
        "translations": translations(form, before.get("translations", {})),
        "conditionValue": money_number(form.money("conditionValue")),
        "reward": {
            "name": reward.text("name"),
            "value": money_number(reward.percent("value")),
            "code": reward.text("code"),
        },
        "specialRewards": [_special(visit, each) for each in form.children("specialRewards")],
    }
    least = form.money("minOrder", required=False)
    if least is not None:
        found["minOrder"] = money_number(least)
    if len(found["specialRewards"]) > limits.special_rewards_max:
        form.fail("specialRewards", WRONG)
    return {**found, **form.kept(before), "translations": found["translations"]}


def translations(form: Form, before: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    """Names and descriptions by locale, those not sent as they stood before an edit.

    The default locale's name is required, and so is that of any other that is sent; one that is
    sent empty is taken away. The default locale's may stand beside the translations.
    """
    given = form.child("translations")
    found = dict(before)
    for locale in dict.fromkeys([LOCALE, *given.names()]):
        if not _LOCALE.fullmatch(locale):
            given.fail(locale, WRONG)
            continue
        texts = (
            form.texts_of(LOCALE, dict.fromkeys(_TEXTS, ()))
            if locale == LOCALE
            else given.child(locale)
        )
        if texts.is_emptied and locale != LOCALE:
            found.pop(locale, None)
            continue
        name = texts.text("name")
        description = texts.text("description", required=False, chars_max=limits.string_chars_max)
        said = {"name": name, "description": description or ""}
        found[locale] = {**said, **texts.kept(before.get(locale, {}))}
    return found


def _special(visit: Visit, form: Form) -> dict[str, Any]:
    """A reward of a span of time; the span may be of any kind, as in the documents."""
    return {
        "specialRewardId": visit.engine.clock.uuid(),
        "name": form.text("name"),
        "value": money_number(form.percent("value")),
        "code": form.text("code"),
        "active": form.switch("active", required=False) or False,
        "startAt": _moment(visit, form, "startAt"),
        "endAt": _moment(visit, form, "endAt"),
    }


def _moment(visit: Visit, form: Form, name: str) -> int:
    short = _SHORT_HOUR.fullmatch(str(form.raw(name) or ""))
    if short is None:
        return form.moment(name)
    padded = Form({name: f"{short[1]} 0{short[2]}"}, visit.timezone)
    moment = padded.moment(name)
    if not padded.is_valid:
        form.fail(name, WRONG if moment == 0 else BLANK)
    return moment


def shown(visit: Visit, level: Definition, *, has_photo: bool) -> dict[str, Any]:
    """A level as administrators and sellers see it."""
    body = level.body
    found = {
        "levelId": level.definition_id,
        **texts(visit, body),
        "hasPhoto": has_photo,
        "active": level.active,
        "conditionValue": body["conditionValue"],
        "reward": body["reward"],
        "specialRewards": [_shown_special(visit, each) for each in body["specialRewards"]],
        "translations": [
            {**each, "id": at, "locale": locale}
            for at, (locale, each) in enumerate(body["translations"].items(), 1)
        ],
    }
    if "minOrder" in body:
        found["minOrder"] = body["minOrder"]
    return found


def brief(visit: Visit, level: Definition, *, has_photo: bool) -> dict[str, Any]:
    """A level as members see it."""
    condition = level.body["conditionValue"]
    return {**texts(visit, level.body), "conditionValue": condition, "hasPhoto": has_photo}


def texts(visit: Visit, body: dict[str, Any]) -> dict[str, str]:
    """Name and description in the language that was asked for, or else in the default one."""
    known: dict[str, dict[str, str]] = body.get("translations") or {}
    found = known.get(visit.asked("_locale")) or known.get(LOCALE) or {}
    return {"name": found.get("name", ""), "description": found.get("description", "")}


def _shown_special(visit: Visit, special: dict[str, Any]) -> dict[str, Any]:
    start_at, end_at = visit.date(special["startAt"]), visit.date(special["endAt"])
    return {**special, "startAt": start_at, "endAt": end_at}
