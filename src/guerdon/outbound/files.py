"""Messages as files, for who has no server to send them by: nothing is lost meanwhile."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from guerdon import folders, limits
from guerdon.outbound.delivery import Attempt


def written(folder: Path, name: str, content: bytes) -> Attempt:
    """Write the file whole or not at all; a second time it replaces itself.

    Errors, as `Attempt.error`: `file_failed`.
    """
    try:
        folders.make(folder)
        descriptor, beside = tempfile.mkstemp(prefix=".", suffix=Path(name).suffix, dir=folder)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(beside).rename(folder / name)
            folders.sync(folder)
        except OSError:
            Path(beside).unlink(missing_ok=True)
            raise
    except OSError as error:
        return Attempt(error="file_failed", detail=brief(str(error)))
    return Attempt(detail=name)


def removed(folder: Path, name: str) -> Attempt:
    """Take a message back that is to be forgotten; one that was never written is gone, too.

    Errors, as `Attempt.error`: `file_failed`.
    """
    try:
        (folder / name).unlink(missing_ok=True)
    except OSError as error:
        return Attempt(error="file_failed", detail=brief(str(error)))
    return Attempt(detail=name)


def brief(text: str) -> str:
    """The start of a text, on one printable line."""
    text = "".join(each if each.isprintable() else " " for each in text)
    return text[: limits.delivery_detail_chars_max]
