"""How answers show earning rules.

Levels and segments are shown by their names, too; where there are none that is an empty list, as
the documents show it. What a rule does not have is left out.

Source: Open Loyalty 4.3, "Earning rules", "Customer earning rules".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import msgspec

from guerdon.dialects.openloyalty.visits import Visit
from guerdon.domain.geography import DEGREE
from guerdon.domain.purchases import money_number
from guerdon.domain.registration import points_number
from guerdon.store import definitions, pictures
from guerdon.store.definitions import Definition
from guerdon.store.port import Rows

Shape = dict[str, Any]
_DIGITS = 7


def names(rows: Rows, tenant_id: int, kind: str) -> dict[str, str]:
    """Everything of a kind by its id: what it is called."""
    return {
        each.definition_id: _name(each.body) for each in definitions.of_kind(rows, tenant_id, kind)
    }


def _name(body: Shape) -> str:
    translated = body.get("translations", {}).get("en", {}).get("name")
    return str(translated or body.get("name", ""))


class Shapes:
    """Shows a tenant's rules; `usages` are one member's: rule id -> window -> how often."""

    def __init__(self, visit: Visit, rows: Rows, usages: dict[str, dict[str, int]]) -> None:
        self._visit = visit
        self._usages = usages
        self._photos = pictures.of_kind(rows, visit.tenant_id, "Rule")
        self._levels = names(rows, visit.tenant_id, "Level")
        self._segments = names(rows, visit.tenant_id, "Segment")

    def shown_to_member(self, rule: Definition) -> Shape:
        """One rule without the code of a `qrcode`: whoever knows it has been where it hangs."""
        shape = self.shown(rule)
        return {name: value for name, value in shape.items() if name not in ("hasPhoto", "code")}

    def shown(self, rule: Definition) -> Shape:
        """One rule."""
        body = rule.body
        shape: Shape = {
            "levels": body.get("levels", []),
            "segments": body.get("segments", []),
            "earningRuleId": rule.definition_id,
            "name": body.get("name", ""),
            "description": body.get("description", ""),
            "active": rule.active,
        }
        for name in ("startAt", "endAt"):
            if body.get(name) is not None:
                shape[name] = self._visit.date(body[name])
        shape["allTimeActive"] = body.get("allTimeActive", False)
        if body.get("pos"):
            shape["pos"] = body["pos"]
        if body.get("lastExecutedRule"):
            shape["lastExecutedRule"] = True
        shape["usages"] = [
            {"period": window, "used": count}
            for window, count in self._usages.get(rule.definition_id, {}).items()
        ]
        shape.update(_own_fields(body))
        shape["type"] = body.get("type", "")
        shape["hasPhoto"] = rule.definition_id in self._photos
        if shape["type"] == "custom_event":
            shape["usageUrl"] = self._usage_url(body.get("eventName", ""))
        shape["segmentNames"] = _named(self._segments, shape["segments"])
        shape["levelNames"] = _named(self._levels, shape["levels"])
        return shape

    def _usage_url(self, event_name: str) -> str:
        request = self._visit.request
        host = request.headers.get(b"host", b"").decode("latin-1")
        scheme = request.scope.get("scheme", "http")
        name = quote(event_name, safe="")
        return f"{scheme}://{host}/api/v1/earnRule/{name}/customer/:customerId"


def _named(known: dict[str, str], ids: list[str]) -> Shape | list[str]:
    return {each: known[each] for each in ids if each in known} or []


def _own_fields(body: Shape) -> Shape:
    """What a rule's type says besides, each amount as a number of its unit."""
    return {name: show(body[name]) for name, show in _SHOWN.items() if name in body}


def _as_it_is(value: Any) -> Any:
    return value


def _multipliers(value: list[Shape]) -> list[Shape]:
    return [{**each, "multiplier": money_number(each["multiplier"])} for each in value]


def _degrees(value: int) -> int | msgspec.Raw:
    whole, rest = divmod(abs(value), DEGREE)
    sign = "-" if value < 0 else ""
    return msgspec.Raw(f"{sign}{whole}.{rest:0{_DIGITS}}".encode())


_SHOWN: dict[str, Callable[[Any], Any]] = {
    "eventName": _as_it_is,
    "rewardType": _as_it_is,
    "pointsAmount": points_number,
    "pointValue": money_number,
    "excludedSKUs": _as_it_is,
    "inclusionType": _as_it_is,
    "includedLabels": _as_it_is,
    "excludedLabels": _as_it_is,
    "excludeDeliveryCost": _as_it_is,
    "minOrderValue": money_number,
    "multiplier": money_number,
    "skuIds": _as_it_is,
    "labels": _as_it_is,
    "labelMultipliers": _multipliers,
    "rewardCampaignId": _as_it_is,
    "code": _as_it_is,
    "latitude": _degrees,
    "longitude": _degrees,
    "radius": money_number,
    "limit": _as_it_is,
}
