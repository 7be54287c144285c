"""Administrators: what is known of them, how they come in, and what they may do."""

from __future__ import annotations

from typing import Any, ClassVar

from guerdon.engine.commands import Command
from guerdon.engine.commands.definitions import Defined


class DefineAdministrator(Command, frozen=True):
    """Make an administrator, or change one; what is left empty stays as it is.

    body:          JSON text of an object: firstName, lastName, phone, email, external (whether it
                   is a system with a permanent token), roles (ids of definitions; none: everything
                   is allowed), tokenHint.
    username:      unique in the installation; empty for a new one: its id.
    password_hash: argon2.
    token_hash:    SHA-256 of a permanent token.

    Errors: NotFound `unknown_administrator`; NotFound `unknown_definition` with `field` roles;
            Duplicate `administrator_exists` with `field` username, email or apiKey.
    """

    Answer: ClassVar[Any] = Defined
    body: str
    active: bool
    admin_id: str = ""
    username: str = ""
    password_hash: str = ""
    token_hash: bytes = b""
    actor: str = ""


class ChangeAdministratorPassword(Command, frozen=True):
    """Give an administrator a new password and log them out everywhere else.

    Errors: NotFound `unknown_administrator`.
    """

    admin_id: str
    password_hash: str
    actor: str = ""


class RequestAdministratorReset(Command, frozen=True):
    """Send an administrator a token to set a new password with; an older one is void.

    Errors: NotFound `unknown_administrator`; Refused `no_address` without an e-mail address.
    """

    admin_id: str


class ResetAdministratorPassword(Command, frozen=True):
    """Set a new password for the administrator who was sent this token, once.

    Errors: NotFound `bad_token`.
    """

    token: str
    password_hash: str


class DefineRole(Command, frozen=True):
    """Make a role, or put a new one in its place.

    body: JSON text: name, default (what new administrators get; there is one at most),
          permissions as a list of {resource, access}.
    Errors: NotFound `unknown_definition`.
    """

    Answer: ClassVar[Any] = Defined
    body: str
    role_id: str = ""
    actor: str = ""


class RemoveRole(Command, frozen=True):
    """Remove a role. Errors: NotFound `unknown_definition`; Refused `role_in_use`."""

    role_id: str
    actor: str = ""
