"""A command that its sender may send again, and that is carried out once."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from guerdon.engine.commands import Command, ReplayKey


class Answered(msgspec.Struct, frozen=True, array_like=True):
    """What the command was answered, now or when its key came first, as MessagePack."""

    answer: bytes
    is_replayed: bool


class Once(Command, frozen=True):
    """Carry a command out unless its key was seen before; then answer what was answered.

    What is refused is not remembered: the same key may come again with what is right.

    order:  the command as MessagePack; see `engine.once.order`.
    replay: what it is known by; its fingerprint is of whatever the sender sent.
    actor:  the command's own.

    Errors: KeyReused when the key came with something else; else those of the command.
    """

    Answer: ClassVar[Any] = Answered
    order: bytes
    replay: ReplayKey
    actor: str = ""
