"""How members prove who they are: passwords, and tokens that are sent to them."""

from __future__ import annotations

from typing import Any, ClassVar

from guerdon.engine.commands import Command


class ActivateByToken(Command, frozen=True):
    """Activate whoever was sent this token by mail or this code by SMS. The answer is the number.

    Errors: NotFound `bad_token` - unknown, used, expired, or of a blocked or deleted member.
    """

    Answer: ClassVar[Any] = int
    token: str
    by_sms: bool = False


class SendActivation(Command, frozen=True):
    """Send a member an activation token by mail, or a code by SMS; an older one is void.

    Errors: NotFound `unknown_member`; Refused `no_address` when there is no e-mail or phone;
            Refused `already_active`.
    """

    number: int
    by_sms: bool = False
    actor: str = ""


class ConfirmChange(Command, frozen=True):
    """Put the new e-mail or phone in force that the token was sent to; the member's number.

    Of a change of both, the phone is sent a token of its own then.
    Errors: NotFound `bad_token`; Duplicate `member_exists` when somebody took it meanwhile.
    """

    Answer: ClassVar[Any] = int
    token: str


class ChangeMemberPassword(Command, frozen=True):
    """Give a member a new password, hashed with argon2. It ends every log-in there was before.

    Errors: NotFound `unknown_member`.
    """

    number: int
    password_hash: str
    actor: str = ""


class RequestPasswordReset(Command, frozen=True):
    """Send a member a token to set a new password with: by mail, or by SMS without an e-mail.

    Errors: NotFound `unknown_member`; Refused `no_address`.
    """

    number: int


class ResetMemberPassword(Command, frozen=True):
    """Set a new password for whoever was sent this token. The answer is the member's number.

    It ends every log-in there was before.
    Errors: NotFound `bad_token`.
    """

    Answer: ClassVar[Any] = int
    token: str
    password_hash: str


class RecordMemberLogin(Command, frozen=True):
    """A member was let in. Errors: NotFound `unknown_member`; Refused `not_active`."""

    number: int
