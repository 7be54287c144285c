"""Commands with a key: carried out once, however often they are sent.

The answer is kept in the transaction that made it true, so a sender who never got it can ask again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Union

import msgspec

from guerdon.engine import idempotency
from guerdon.engine.commands import Command, Handlers, ReplayKey
from guerdon.engine.commands.once import Answered, Once
from guerdon.store.transaction import Transaction

_encode = msgspec.msgpack.Encoder().encode


def order(command: Command, replay: ReplayKey) -> Once:
    """A command, to be carried out once for a key."""
    actor = getattr(command, "actor", "")
    return Once(command.tenant_id, command.key_id, _encode(command), replay, actor)


def answer_to(command: Command, answered: Answered) -> Any:
    """What the command itself is answered."""
    kind = command.Answer
    return None if kind is None else msgspec.msgpack.decode(answered.answer, type=kind)


def carried_out_by(handlers: Handlers) -> Callable[[Transaction, Once], Answered]:
    """The handler of `Once` for commands that these handlers carry out."""
    commands: Any = Union[tuple(handlers)]  # noqa: UP007 - known at run time only
    decode = msgspec.msgpack.Decoder(commands).decode

    def carry_out(tx: Transaction, command: Once) -> Answered:
        seen = idempotency.recall_answer(tx, command.tenant_id, command.replay)
        if seen is not None:
            return Answered(seen, is_replayed=True)
        wanted = decode(command.order)
        answer = _encode(handlers[type(wanted)](tx, wanted))
        idempotency.remember_answer(tx, command.tenant_id, command.replay, answer)
        return Answered(answer, is_replayed=False)

    return carry_out
