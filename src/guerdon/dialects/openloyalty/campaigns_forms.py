"""What forms say about rewards and their categories, as bodies of definitions.

The reward's type may stand beside its English name, as the documented sample has it; without one
it is a discount code. The English texts may stand beside the translations. A description's
languages are those of `LANGUAGES`. What an edit does not send stays as it is, in every part of the
form; whom a reward is for is sent as a whole.
Source: Open Loyalty 4.3, "Reward campaigns": the fields of its form, in its order.
"""

from __future__ import annotations

from typing import Any

from guerdon import limits
from guerdon.dialects.openloyalty import markdown
from guerdon.dialects.openloyalty.campaigns_shapes import TEXTS
from guerdon.dialects.openloyalty.forms import AUDIENCE, BLANK, MISSING_CHOICE, WRONG, Form
from guerdon.domain.amounts import RATE
from guerdon.domain.rewards import CASHBACK, LANGUAGES, PERCENTAGE, TYPES

_PERCENT_MAX = 1_000 * RATE
_LABEL_PARTS = 2
Body = dict[str, Any]


def reward(form: Form, before: Body) -> Body:
    """The body of a reward, `before` an edit if it is one; what is wrong is noted in the form."""
    type_given = form.choice("reward", TYPES, required=False) or _type_beside_name(form)
    kind = type_given or before.get("reward", TYPES[0])
    body: Body = {
        "reward": kind,
        "translations": _translations(form, TEXTS, before),
        "costInPoints": form.points("costInPoints", required=False) or 0,
        **_audience(form),
        **_amounts(form),
        **_days(form),
        "campaignVisibility": _span(form, "campaignVisibility", "visible", before),
        "campaignActivity": _span(form, "campaignActivity", "active", before),
        "labels": _labels(form),
        "categories": form.ids("categories"),
        "featured": bool(form.switch("featured", required=False)),
        "public": bool(form.switch("public", required=False)),
        "fulfillmentTracking": bool(form.switch("fulfillmentTracking", required=False)),
        "pushNotificationText": form.text("pushNotificationText", required=False),
        "moreInformationLink": form.text("moreInformationLink", required=False),
        "cashbackProvider": form.text("cashbackProvider", required=False),
    }
    made = {"reward": kind, "translations": body["translations"]}
    body.update({**form.kept(before, AUDIENCE), **made})
    _require_value(form, body)
    return {name: value for name, value in body.items() if value is not None}


def codes(form: Form) -> tuple[str, ...] | None:
    """The whole stock, or None when the form says nothing about it."""
    if not form.has("coupons"):
        form.texts("coupons")
        return None
    return tuple(form.texts("coupons", chars_max=limits.code_chars_max))


def category(form: Form, before: Body) -> Body:
    """The body of a category, `before` an edit if it is one."""
    order = form.whole("sortOrder", required=False, high=limits.integer_abs_max) or 0
    body = {"translations": _translations(form, (), before), "sortOrder": order}
    return {**body, **form.kept(before), "translations": body["translations"]}


def _translations(form: Form, texts: tuple[str, ...], before: Body) -> dict[str, dict[str, str]]:
    part = form.child("translations")
    shown = {name: _shown(before, name) for name in ("name", *texts)}
    found = {}
    for locale in LANGUAGES:
        is_first = locale == LANGUAGES[0]
        spoken = form.texts_of(locale, shown) if is_first else part.child(locale)
        known = spoken.kept(before.get("translations", {}).get(locale, {}))
        is_new = is_first and "name" not in known
        said = {"name": spoken.text("name", required=is_new)}
        for name in texts:
            said[name] = spoken.text(name, required=False, chars_max=limits.reward_text_chars_max)
        if texts:
            said["brandName"] = spoken.text("brandName", required=False)
        whole = {name: text for name, text in {**said, **known}.items() if text}
        if whole:
            found[locale] = whole
    return found


def _shown(before: Body, name: str) -> list[str]:
    """How answers show a text beside the translations: in any language, rendered or not.

    Clients send whole answers back, which were not always asked for in English.
    """
    spoken = [texts[name] for texts in before.get("translations", {}).values() if name in texts]
    return [*spoken, *map(markdown.html, spoken)]


def _type_beside_name(form: Form) -> str | None:
    beside = form.child("translations").child(LANGUAGES[0]).raw("reward")
    return beside if beside in TYPES else None


def _audience(form: Form) -> Body:
    target = form.choice("target", ("level", "segment"), required=False)
    levels, segments = form.ids("levels"), form.ids("segments")
    return {
        "target": target,
        "levels": [] if target == "segment" else levels,
        "segments": [] if target == "level" else segments,
    }


def _amounts(form: Form) -> Body:
    return {
        "unlimited": bool(form.switch("unlimited", required=False)),
        "singleCoupon": bool(form.switch("singleCoupon", required=False)),
        "limit": form.whole("limit", required=False) or 0,
        "limitPerUser": form.whole("limitPerUser", required=False) or 0,
        "pointValue": form.money("pointValue", required=False),
        "transactionPercentageValue": form.money(
            "transactionPercentageValue", required=False, high=_PERCENT_MAX
        ),
        "rewardValue": form.money("rewardValue", required=False),
        "tax": form.money("tax", required=False),
        "taxPriceValue": form.money("taxPriceValue", required=False),
    }


def _days(form: Form) -> Body:
    high = limits.reward_days_max
    return {
        "daysInactive": form.whole("daysInactive", required=False, high=high) or 0,
        "daysValid": form.whole("daysValid", required=False, high=high) or 0,
    }


def _span(form: Form, name: str, prefix: str, before: Body) -> Body:
    """When something holds: always, unless it is said otherwise or either end is known."""
    part, first, last = form.child(name), f"{prefix}From", f"{prefix}To"
    always = part.switch(f"allTime{prefix.title()}", required=False)
    ends = {first: part.moment(first, required=False), last: part.end(last, required=False)}
    ends.update(part.kept({end: before.get(name, {}).get(end) for end in ends}))
    known = {end: moment for end, moment in ends.items() if moment is not None}
    if always is None:
        always = not known
    if not always and len(known) == len(ends) and known[last] < known[first]:
        part.fail(last, WRONG)
    return {f"allTime{prefix.title()}": always, **({} if always else known)}


def _labels(form: Form) -> list[dict[str, str]]:
    """Labels as one text `key:value;key:value`, or as a list of keys and values."""
    given = form.raw("labels")
    if given is None or given == "":
        return []
    if isinstance(given, str):
        pairs = [text.split(":", 1) for text in given.split(";") if text.strip()]
        if not all(len(pair) == _LABEL_PARTS and pair[0].strip() for pair in pairs):
            form.fail("labels", WRONG)
            return []
        return [{"key": key.strip(), "value": value.strip()} for key, value in pairs]
    parts = form.children("labels")
    return [
        {"key": part.text("key"), "value": part.text("value", required=False) or ""}
        for part in parts
    ]


def _require_value(form: Form, body: Body) -> None:
    """Cashback and percentage codes need what they are made of."""
    names = {CASHBACK: "pointValue", PERCENTAGE: "transactionPercentageValue"}
    name = names.get(body["reward"])
    if name and not body.get(name):
        form.fail(name, BLANK)


def delivery_status(form: Form, choices: tuple[str, ...]) -> str:
    """One of the delivery's statuses."""
    status = form.text("status")
    if status and status not in choices:
        form.fail("status", MISSING_CHOICE)
    return status
