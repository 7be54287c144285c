"""Who was forgotten, kept beside the database, in a file that no backup of it overwrites.

A line names nobody: it has the tenant's code and the member's uuid. Lines of several machines may
be put together in any order.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from guerdon import folders
from guerdon.errors import StoreUnavailable
from guerdon.store.port import Row, Rows

FILE = "forgotten.jsonl"


class Forgotten(msgspec.Struct, frozen=True, rename="camel"):
    """A line: who was forgotten, when (microseconds), and whether they are on no list any more."""

    tenant: str
    member_id: str
    at: int
    deleted: bool


class Register:
    """The file with everybody who was forgotten. Errors: StoreUnavailable when it fails."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def all(self) -> list[Forgotten]:
        """Every line, oldest first. One that a crash cut short was told to nobody."""
        found = []
        with _failures():
            lines = self._path.read_bytes().splitlines() if self._path.exists() else []
        for line in lines:
            with contextlib.suppress(msgspec.DecodeError):
                found.append(msgspec.json.decode(line, type=Forgotten))
        return found

    def add(self, several: Iterable[Forgotten]) -> None:
        """Append lines, and sync them: all of them, or none and an error."""
        # A line of its own, whatever a crash left of the last one.
        content = b"".join(b"\n" + msgspec.json.encode(each) + b"\n" for each in several)
        if not content:
            return
        with _failures():
            folders.make(self._path.parent)
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
            descriptor = os.open(self._path, flags, 0o600)
            try:
                # Every worker writes to it: what one takes back must not be another's.
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                self._append(descriptor, content)
            finally:
                os.close(descriptor)

    def _append(self, descriptor: int, content: bytes) -> None:
        end = os.fstat(descriptor).st_size
        try:
            while content:
                content = content[os.write(descriptor, content) :]
            os.fsync(descriptor)
            if end == 0:
                folders.sync(self._path.parent)
        except OSError:
            # What cannot be taken back is half a line, or one that is told once more.
            with contextlib.suppress(OSError):
                os.ftruncate(descriptor, end)
            raise


def of_member(rows: Rows, tenant_id: int, number: int) -> Forgotten | None:
    """What is to be written of a member; None for one who was not forgotten."""
    row = rows.one("forgotten_member", tenant_id=tenant_id, number=number)
    return _forgotten(row) if row else None


def everybody(rows: Rows) -> list[Forgotten]:
    """All that is to be written, oldest first."""
    return [_forgotten(row) for row in rows.all("forgotten_members")]


def _forgotten(row: Row) -> Forgotten:
    tenant, member_id, at, status = row
    return Forgotten(tenant, member_id, at, status == "deleted")


@contextlib.contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreUnavailable(f"the list of forgotten members: {error}") from error
