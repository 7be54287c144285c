"""The audit log's archives."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from guerdon.engine.commands import Command


class Archived(msgspec.Struct, frozen=True, array_like=True):
    """What became of a request to archive: how many entries; `known` when the file was there."""

    total: int
    known: bool = False


class ArchiveAudit(Command, frozen=True):
    """Keep which decisions an archive holds: those before a moment that no earlier one has.

    The decisions stay where they are; the file is written from them whenever it is asked for.
    Errors: TooLarge above `limits.audit_rows_listed_max` decisions.
    """

    Answer: ClassVar[Any] = Archived
    filename: str
    before: int
    actor: str = ""
