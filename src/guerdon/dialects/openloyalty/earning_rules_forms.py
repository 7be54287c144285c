"""What forms say about earning rules.

A form may send the fields of every type; only those of the rule's own type are looked at. Several
products are a list or one text parted by semicolons, several labels likewise, each `key:value` or
an object. An empty list may be written `[ ]`, as the documents do. What an edit does not send stays
as it is; of a rule that becomes one of another type only what every rule has. Whom a rule is for is
sent as a whole.

Source: Open Loyalty 4.3, "Earning rules"; the parted texts are of its 3.2 forms.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from guerdon import limits
from guerdon.dialects.openloyalty.forms import AUDIENCE, BLANK, WRONG, Form
from guerdon.domain import geography
from guerdon.domain.rules import LIMITED, PERIODS, REFERRAL_EVENTS, REWARD_TYPES, TYPES

_EMPTY = ("", "[]", "[ ]")
_COORDINATE = re.compile(r"[+-]?[0-9]{1,3}(?:\.[0-9]{0,20})?(?:[eE][+-]?[0-9]{1,2})?")
_RATE_MAX = limits.rule_rate_max
_TIME = ("startAt", "endAt")
_OF_EVERY_TYPE = ("description", "allTimeActive", *_TIME, *AUDIENCE, "pos", "lastExecutedRule")
Body = dict[str, Any]


def body(form: Form, before: Body) -> Body:
    """A rule's definition from the form `earningRule`, `before` an edit if it is one.

    Errors: InvalidForm from the form's `check`.
    """
    known = str(before.get("type", ""))
    kind = form.choice("type", TYPES, required=not known) or known
    if kind != known:
        before = {name: before[name] for name in _OF_EVERY_TYPE if name in before}
    time = _time(form, before)
    found: Body = {
        "type": kind,
        "name": form.text("name"),
        "description": form.text("description", required=False, chars_max=limits.string_chars_max)
        or "",
        **time,
        "target": form.choice("target", ("level", "segment"), required=False) or "level",
        "levels": ids(form, "levels"),
        "segments": ids(form, "segments"),
        "pos": ids(form, "pos"),
        "lastExecutedRule": form.switch("lastExecutedRule", required=False) or False,
    }
    found.update(_OF_TYPE[kind](form))
    if kind in LIMITED:
        found["limit"] = _limit(form.child("limit"), before.get("limit", {}))
    found.update({**form.kept(before, AUDIENCE), **time})
    _require_products(form, found)
    return found


def ids(form: Form, name: str) -> list[str]:
    """Several ids; none when they are written as an empty list."""
    return [] if _is_empty(form, name) else form.ids(name)


def degrees(form: Form, name: str, most: int) -> int:
    """A coordinate in ten-millionths of a degree; 0 when it is wrong."""
    given = form.raw(name)
    text = "" if given is None else str(given).strip()
    exact = Decimal(text) if _COORDINATE.fullmatch(text) else None
    if exact is None or abs(exact) * geography.DEGREE > most:
        form.fail(name, WRONG if text else BLANK)
        return 0
    return int((exact * geography.DEGREE).to_integral_value())


def _time(form: Form, before: Body) -> Body:
    """Whether a rule holds always, which it does not any more once an end is sent; and its ends."""
    known = form.kept(before)
    always = form.switch("allTimeActive", required=False)
    if always is None:
        is_dated = any(map(form.has, _TIME))
        always = not is_dated and known.get("allTimeActive", known.keys().isdisjoint(_TIME))
    span = {
        name: moment
        for name, read in zip(_TIME, (form.moment, form.end), strict=True)
        if (moment := read(name, required=not always and name not in known)) is not None
    }
    return {"allTimeActive": always, **span}


def _general(form: Form) -> Body:
    return {
        "pointValue": form.money("pointValue", high=_RATE_MAX),
        "excludedSKUs": _skus(form, "excludedSKUs"),
        "inclusionType": form.choice(
            "inclusionType", ("none", "include_labels", "exclude_labels"), required=False
        )
        or "none",
        "includedLabels": _labels(form, "includedLabels"),
        "excludedLabels": _labels(form, "excludedLabels"),
        "excludeDeliveryCost": form.switch("excludeDeliveryCost", required=False) or False,
        "minOrderValue": form.money("minOrderValue", required=False) or 0,
    }


def _product(form: Form) -> Body:
    return {
        "multiplier": form.money("multiplier", high=_RATE_MAX),
        "skuIds": _skus(form, "skuIds"),
        "labels": _labels(form, "labels"),
    }


def _require_products(form: Form, found: Body) -> None:
    """What multiplies the points of products needs some, whether sent or kept."""
    is_for_products = found["type"] == "multiply_for_product"
    if is_for_products and not found["skuIds"] and not found["labels"]:
        form.fail("skuIds", BLANK)


def _product_labels(form: Form) -> Body:
    multipliers = [
        {
            "key": each.text("key"),
            "value": each.text("value"),
            "multiplier": each.money("multiplier", high=_RATE_MAX),
        }
        for each in form.children("labelMultipliers")
    ]
    if not multipliers:
        form.fail("labelMultipliers", BLANK)
    if len(multipliers) > limits.rule_label_multipliers_max:
        form.fail("labelMultipliers", WRONG)
    return {"labelMultipliers": multipliers[: limits.rule_label_multipliers_max]}


def _instant_reward(form: Form) -> Body:
    return {"rewardCampaignId": form.uuid("rewardCampaignId")}


def _purchased(form: Form) -> Body:
    skus = _skus(form, "skuIds")
    if not skus:
        form.fail("skuIds", BLANK)
    return {"skuIds": skus, **_points(form)}


def _event(form: Form) -> Body:
    return {"eventName": form.text("eventName"), **_points(form)}


def _referral(form: Form) -> Body:
    return {
        "eventName": form.choice("eventName", REFERRAL_EVENTS),
        "rewardType": form.choice("rewardType", REWARD_TYPES),
        **_points(form),
    }


def _geolocation(form: Form) -> Body:
    return {
        "latitude": degrees(form, "latitude", geography.LATITUDE_MAX),
        "longitude": degrees(form, "longitude", geography.LONGITUDE_MAX),
        "radius": form.money("radius"),
        **_points(form),
    }


def _qrcode(form: Form) -> Body:
    return {"code": form.text("code"), **_points(form)}


def _points(form: Form) -> Body:
    return {"pointsAmount": form.points("pointsAmount", low=1)}


def _limit(form: Form, before: Body) -> Body:
    known = form.kept(before)
    active = form.switch("active", required=False)
    if active is None:
        active = known.get("active")
    if not active:
        return {} if active is None else {**known, "active": False}
    period = form.choice("period", PERIODS, required="period" not in known)
    times = form.whole("limit", required="limit" not in known, low=1)
    return {"active": True, "period": period, "limit": times, **known}


def _skus(form: Form, name: str) -> list[str]:
    if _is_empty(form, name):
        return []
    raw = form.raw(name)
    texts = raw.split(";") if isinstance(raw, str) else form.texts(name)
    return [text for text in map(str.strip, texts) if text]


def _labels(form: Form, name: str) -> list[dict[str, str]]:
    if _is_empty(form, name):
        return []
    raw = form.raw(name)
    given = list(raw.values()) if isinstance(raw, dict) else raw
    pieces = given.split(";") if isinstance(given, str) else given
    labels = [_label(each) for each in pieces] if isinstance(pieces, list) else [None]
    if None in labels:
        form.fail(name, WRONG)
    return [label for label in labels if label is not None]


def _label(given: object) -> dict[str, str] | None:
    key: Any
    value: Any
    if isinstance(given, str):
        key, colon, value = given.partition(":")
    elif isinstance(given, dict):
        key, colon, value = given.get("key", ""), ":", given.get("value", "")
    else:
        return None
    is_label = colon and isinstance(key, str) and isinstance(value, str) and key.strip()
    return {"key": key.strip(), "value": value.strip()} if is_label else None


def _is_empty(form: Form, name: str) -> bool:
    raw = form.raw(name)
    return raw is None or (isinstance(raw, str) and raw.strip() in _EMPTY)


_OF_TYPE: dict[str, Callable[[Form], Body]] = {
    "points": _general,
    "multiply_for_product": _product,
    "multiply_by_product_labels": _product_labels,
    "instant_reward": _instant_reward,
    "product_purchase": _purchased,
    "event": _event,
    "custom_event": _event,
    "referral": _referral,
    "geolocation": _geolocation,
    "qrcode": _qrcode,
}
