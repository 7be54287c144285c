"""Putting members on levels by hand."""

from __future__ import annotations

from guerdon.engine.commands import Command


class MoveToLevel(Command, frozen=True):
    """Put a member on a level by hand: the lowest they can have from now on.

    Errors: NotFound `unknown_member`, `unknown_definition`; Refused `inactive_level`.
    """

    number: int
    level_id: str
    actor: str = ""


class RemoveManualLevel(Command, frozen=True):
    """Take back what was set by hand: the member has the level they earned.

    Errors: NotFound `unknown_member`; Refused `no_manual_level`.
    """

    number: int
    actor: str = ""
