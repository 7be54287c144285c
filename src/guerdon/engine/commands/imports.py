"""Importing files: each row is a command of its own, carried out once."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import msgspec

from guerdon import limits
from guerdon.engine.commands import Command
from guerdon.engine.commands.members import EnrolMember
from guerdon.engine.commands.points import AddPoints, SpendPoints
from guerdon.engine.commands.purchases import AssignPurchase, RegisterPurchase

Kind = Literal["customers", "points", "transactions", "matches"]
Row = EnrolMember | AddPoints | SpendPoints | RegisterPurchase | AssignPurchase


class ImportStarted(msgspec.Struct, frozen=True, array_like=True):
    """An import's id; `is_known` when the same file was begun before."""

    import_id: int
    is_known: bool


class StartImport(Command, frozen=True):
    """Begin to import a file, or take up the import of the same content.

    The same content within `limits.import_replay_hours` is the same import: rows that are through
    are not carried out again, whether it was cut off or finished.

    digest: SHA-256 of the file. rows_total: how many rows it has.
    """

    Answer: ClassVar[Any] = ImportStarted
    kind: Kind
    digest: bytes
    rows_total: int
    actor: str = ""


class RowDone(msgspec.Struct, frozen=True, array_like=True):
    """The uuid of what a row made; or, with a message, why it made nothing."""

    made: str
    message: str = ""


class ImportRow(Command, frozen=True):
    """Carry a row out, unless it is through: then the answer is what became of it.

    place:   which row of the file, from 0 on.
    command: what the row asks for; None: nothing, for the reason in `message`.

    A refusal is an answer with a message, and remembered like one, unless the command was refused
    half-way: then it is raised, and the row is sent again without its command.
    """

    Answer: ClassVar[Any] = RowDone
    import_id: int
    place: int
    command: Row | None = None
    message: str = ""
    actor: str = ""

    @property
    def weight(self) -> int:
        """Rows come many at a time, and those who send them read on meanwhile."""
        return limits.group_events_max // limits.import_group_rows


class FinishImport(Command, frozen=True):
    """Note that every row of an import is through."""

    import_id: int
