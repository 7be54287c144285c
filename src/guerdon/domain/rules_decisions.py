"""What is recorded of rules besides the points they gave.

A transfer of points carries its explanation: every rule that was asked, what it gave, or why it
gave nothing. Uses that a limit counts are decisions of their own, and so is an occasion on which
rules were asked and there were no points.

Units: points are hundredths, shown as numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from guerdon.domain.decisions import Decision
from guerdon.domain.registration import points_number
from guerdon.domain.rules import Outcome, names

RULES_WERE_USED = "Guerdon.Rule.Event.RulesWereUsed"
RULES_GAVE_NO_POINTS = "Guerdon.Rule.Event.RulesGaveNoPoints"


class Occasion(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """What rules were asked about; what does not apply is left out.

    activity:  the position of an activity in its journal.
    event:     the name of an activity's type, of a system event or of a referral's.
    """

    activity: int | None = None
    event: str | None = None
    transaction_id: str | None = None
    invitation_id: str | None = None


class Verdict(msgspec.Struct, frozen=True):
    """What rules gave together; the same for everybody and every occasion they treat alike.

    points: hundredths.
    names:  of the rules that gave some.
    told:   of each rule, in the order they were asked, what it gave or why not.
    uses:   of the rules whose uses a limit counts.
    """

    outcomes: tuple[Outcome, ...]
    points: int
    names: str
    told: tuple[dict[str, Any], ...]
    uses: tuple[dict[str, str], ...]


def verdict(outcomes: Sequence[Outcome]) -> Verdict:
    """What the outcomes of rules come to."""
    return Verdict(
        outcomes=tuple(outcomes),
        points=sum(outcome.points for outcome in outcomes),
        names=names(outcomes),
        told=tuple(_told(outcome) for outcome in outcomes),
        uses=tuple(
            {"earningRuleId": outcome.rule.rule_id, "window": outcome.window}
            for outcome in outcomes
            if outcome.window and not outcome.reason
        ),
    )


def explanation(occasion: Occasion, given: Verdict) -> list[dict[str, Any]]:
    """What each rule gave on an occasion and why not, in the order they were asked."""
    about = msgspec.to_builtins(occasion)
    return [{**told, **about} for told in given.told]


def used(member_id: str, number: int, given: Verdict) -> Decision:
    """The uses that a limit counts."""
    return _about(RULES_WERE_USED, member_id, number, uses=given.uses)


def gave_no_points(member_id: str, number: int, occasion: Occasion, given: Verdict) -> Decision:
    """Rules were asked, and there were no points to give."""
    return _about(RULES_GAVE_NO_POINTS, member_id, number, explanation=explanation(occasion, given))


def _told(outcome: Outcome) -> dict[str, Any]:
    return {
        "earningRuleId": outcome.rule.rule_id,
        "name": outcome.rule.name,
        "type": outcome.rule.type,
        "value": points_number(outcome.points),
        **({"reason": outcome.reason} if outcome.reason else {}),
    }


def _about(type: str, member_id: str, number: int, **parts: Any) -> Decision:
    payload = {"customerId": {"customerId": member_id}, **parts}
    return Decision(type=type, aggregate=member_id, number=number, payload=payload)
