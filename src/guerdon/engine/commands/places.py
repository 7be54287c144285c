"""Places and who works there: stores, points of sale, sellers."""

from __future__ import annotations

from typing import Any, ClassVar

from guerdon.engine.commands import Command
from guerdon.engine.commands.definitions import Defined


class DefineStore(Command, frozen=True):
    """Open a store, or change one; its code stays what it is.

    code:     unique in the installation, but for each tenant's first store, DEFAULT.
    currency: three capital letters; empty: the programme's.
    Errors:   NotFound `unknown_store`; Duplicate `store_exists`; Refused `invalid_code`,
              `default_store` when the store DEFAULT would be closed.
    """

    Answer: ClassVar[Any] = Defined
    code: str
    name: str
    currency: str = ""
    active: bool = True
    store_id: str = ""
    actor: str = ""


class DefinePos(Command, frozen=True):
    """Open a point of sale, or put a new description in its place.

    body: JSON text: name, identifier (unique), description, location.
    Errors: NotFound `unknown_definition`; Duplicate `pos_exists` with `field` identifier.
    """

    Answer: ClassVar[Any] = Defined
    body: str
    pos_id: str = ""
    actor: str = ""


class DefineSeller(Command, frozen=True):
    """Register a seller, or change one: names that `body` has are replaced, others are kept.

    body: JSON text: firstName, lastName, email (unique, lower case), phone, posId, passwordHash
          (argon2). All of it is sealed.
    Errors: NotFound `unknown_seller`; NotFound `unknown_definition` with `field` posId; Duplicate
            `seller_exists` with `field` email.
    """

    Answer: ClassVar[Any] = Defined
    body: str
    active: bool | None = None
    seller_id: str = ""
    actor: str = ""


class RemoveSeller(Command, frozen=True):
    """Delete a seller: who it was is forgotten, that there was one is not.

    Errors: NotFound `unknown_seller`.
    """

    seller_id: str
    actor: str = ""
