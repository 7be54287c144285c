"""Defining what a programme is made of."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from guerdon.engine.commands import Command


class Defined(msgspec.Struct, frozen=True, array_like=True):
    """What was defined or changed."""

    definition_id: str


class Define(Command, frozen=True):
    """Define something, or put a whole new body in place of its old one.

    kind:          one of `domain.definitions.KINDS`.
    body:          JSON text of an object, as already validated.
    definition_id: what is changed; empty: something new.
    is_secret:     keep the body sealed in the journal.

    Errors: NotFound `unknown_definition`.
    """

    Answer: ClassVar[Any] = Defined
    kind: str
    body: str
    definition_id: str = ""
    active: bool = True
    is_secret: bool = False
    actor: str = ""


class Undefine(Command, frozen=True):
    """Remove a definition. Errors: NotFound `unknown_definition`."""

    kind: str
    definition_id: str
    actor: str = ""
