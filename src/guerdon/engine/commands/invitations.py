"""Inviting people."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from guerdon.engine.commands import Command


class Invited(msgspec.Struct, frozen=True, array_like=True):
    """A new invitation and its token."""

    invitation_id: str
    token: str


class Invite(Command, frozen=True):
    """A member invites somebody by mail, or by telephone where there is no e-mail address.

    number: who invites. email, phone: who is invited; one of them is empty.
    Errors: NotFound `unknown_member`; Refused `member_status`, `too_many_invitations`.
    """

    Answer: ClassVar[Any] = Invited
    number: int
    email: str = ""
    phone: str = ""
    actor: str = ""
