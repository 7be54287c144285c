"""The demo's programme: what earns points, what they are worth, and a reward to begin with.

It is defined through the routes an administrator uses. What there is already, by its name, is left
as it is, so that it may be defined again after a start that was cut short.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Ask = Callable[[str, str, Any], Any]
"""An administrator's request: method, path below `/api`, body or None; what was answered."""

SETTINGS = {"tierAssignType": "points", "levelDowngradeBase": "earned_points"}
"""What a member has earned makes their level, so spending points costs nobody theirs."""
LEVELS = {"Bronze": 0, "Silver": 100, "Gold": 500}
EARNS = {"ORDER_PLACED": 50, "video": 20, "purchase-product": 30}
"""Points by type of activity: one reported by Conscent, by Meditopia, by WoowUp."""
REWARD, REWARD_COST, REWARD_CODE = "A free coffee", 40, "COFFEE"


def define(ask: Ask) -> str:
    """Define all of it; the reward's id."""
    ask("POST", "/settings", {"settings": SETTINGS})
    known = _listed(ask, "/level", "levels")
    for name, condition in LEVELS.items():
        if name not in known:
            ask("POST", "/level/create", {"level": _level(name, condition)})
    known = _listed(ask, "/earningRule", "earningRules")
    for rule in _rules():
        if rule["name"] not in known:
            ask("POST", "/earningRule", {"earningRule": rule})
    known = _listed(ask, "/campaign", "campaigns")
    reward = known.get(REWARD) or ask("POST", "/campaign", {"campaign": _reward()})
    return str(reward["campaignId"])


def _level(name: str, condition: int) -> dict[str, Any]:
    percent = condition / 100
    return {
        "translations": {"en": {"name": name}},
        "active": True,
        "conditionValue": condition,
        "reward": {"name": f"{name} discount", "value": percent, "code": name.lower()},
    }


def _reward() -> dict[str, Any]:
    return {
        "reward": "gift_code",
        "translations": {"en": {"name": REWARD}},
        "active": True,
        "costInPoints": REWARD_COST,
        "unlimited": True,
        "singleCoupon": True,
        "coupons": [REWARD_CODE],
    }


def _rules() -> list[dict[str, Any]]:
    """A rule for each type of activity, and one for purchases."""
    on_activities = [
        {"type": "custom_event", "name": name, "eventName": name, "pointsAmount": points}
        for name, points in EARNS.items()
    ]
    return [*on_activities, {"type": "points", "name": "A point for each euro", "pointValue": 1}]


def _listed(ask: Ask, path: str, plural: str) -> dict[str, Any]:
    """What there is of a kind, by name."""
    return {each["name"]: each for each in ask("GET", f"{path}?perPage=100", None)[plural]}
