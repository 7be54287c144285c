"""Forgetting members."""

from __future__ import annotations

from guerdon.engine.commands import Command


class Forgetting(Command, frozen=True):
    """A member is to be forgotten."""

    number: int
    actor: str = ""


class AnonymizeMember(Forgetting, frozen=True):
    """Forget everything personal about a member, for good; their points and history still count.

    What names them is gone from every answer when this is answered. What lies in old requests is
    sought out in the background. One who is forgotten already stays so.

    Errors: NotFound `unknown_member` (also for one who was deleted).
    """


class DeleteMember(Forgetting, frozen=True):
    """The same, and the member is on no list any more.

    Errors: NotFound `unknown_member` (also for one who was deleted).
    """
