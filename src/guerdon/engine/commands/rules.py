"""Earning points by rules that are used on purpose."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from guerdon.engine.commands import Command


class Earned(msgspec.Struct, frozen=True, array_like=True):
    """What was earned, in hundredths."""

    points: int


class ReportEvent(Command, frozen=True):
    """Something a custom event rule is about was done: the rule that gives most pays.

    Errors: NotFound `unknown_member`; Refused `unknown_event`, `limit_reached`.
    """

    Answer: ClassVar[Any] = Earned
    number: int
    event_name: str
    actor: str = ""


class UseCode(Command, frozen=True):
    """A code was scanned: every rule of that code pays, or only `rule_id`'s.

    Errors: as those of `ReportEvent`.
    """

    Answer: ClassVar[Any] = Earned
    number: int
    code: str
    rule_id: str = ""
    actor: str = ""


class SkipActivity(Command, frozen=True):
    """Let the rules pass an activity by, one they cannot get past.

    Errors: NotFound `unknown_activity`; Refused `activity_passed` when they have been asked about
            it already.
    """

    position: int


class VisitPlace(Command, frozen=True):
    """Somebody is at a place: every rule around it pays, or only `rule_id`'s.

    Coordinates are ten-millionths of a degree.
    Errors: as those of `ReportEvent`.
    """

    Answer: ClassVar[Any] = Earned
    number: int
    latitude: int
    longitude: int
    rule_id: str = ""
    actor: str = ""
