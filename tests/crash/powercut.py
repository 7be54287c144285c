"""A disk that remembers what was done to it, and can say what a power cut would have left.

`Disk` is an apsw VFS over the system's own: everything works as usual, and every write, truncate,
sync, creation and deletion of the database, its log and its journal is written down. `left_at`
then builds the files as they could stand after the power went at any of these operations:

* what was synced is there;
* of what was not synced, each operation is there, missing, or (a write) there in some of its
  512-byte sectors, as a seeded `random.Random` decides - disks reorder;
* a file's name is on disk once its folder was synced, which SQLite does with the first sync of a
  new journal or log; until then the old file, the new one or neither may be found;
* an operation whose sync *failed* is settled by the same lottery at once: later syncs do not bring
  it back, because the kernel has marked its pages clean.

The `-shm` file is memory and does not survive.

Source: sqlite.org/atomiccommit.html sections 2 and 9; the sector size and "powersafe overwrite" are
        what SQLite assumes of a disk.
"""

from __future__ import annotations

import contextlib
import itertools
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import apsw
import msgspec

SECTOR_BYTES = 512
_names = itertools.count(1)


class Operation(msgspec.Struct, frozen=True):
    """One thing done to one file. `kind` is a method of `_Platter`."""

    kind: str
    file: str
    at: int = 0
    data: bytes = b""


Hook = Callable[[Operation], None]
"""Sees an operation before it is done; raises `Failing` to have it fail."""


class Disk:
    """A folder whose files' fate is written down; `vfs` is the name to open them with."""

    def __init__(self) -> None:
        self.vfs = f"powercut-{next(_names)}"
        self.operations: list[Operation] = []
        self.hook: Hook | None = None
        self.errno = 0
        self._registered = _Vfs(self.vfs, self)

    def __len__(self) -> int:
        return len(self.operations)

    def close(self) -> None:
        """Take the VFS away again."""
        self._registered.unregister()

    def adopt(self, folder: Path) -> None:
        """Take the files of a folder as they are for synced; they are opened with `vfs` next."""
        for file in sorted(folder.iterdir()):
            self.operations.append(Operation("create", file.name))
            self.operations.append(Operation("write", file.name, 0, file.read_bytes()))
            self.operations.append(Operation("sync", file.name))
        self.operations.append(Operation("sync_folder", ""))

    def left_at(self, at: int, chance: random.Random) -> dict[str, bytes]:
        """The files after a power cut just before operation number `at`."""
        platter = _Platter(chance)
        for operation in self.operations[:at]:
            platter.take(operation)
        return platter.after_cut()

    def done(self, operation: Operation, do: Callable[[bytes], None]) -> None:
        """Do an operation and write it down, unless the hook has it fail."""
        if self.hook is not None:
            try:
                self.hook(operation)
            except Failing as failing:
                self._failed(operation, failing, do)
        do(operation.data)
        self.operations.append(operation)

    def _failed(self, operation: Operation, failing: Failing, do: Callable[[bytes], None]) -> None:
        self.errno = failing.errno
        if operation.kind == "sync":
            self.operations.append(Operation("sync_failed", operation.file))
        elif failing.done_bytes:
            part = operation.data[: failing.done_bytes]
            do(part)
            self.operations.append(msgspec.structs.replace(operation, data=part))
        raise failing.error()


class Failing(Exception):
    """Raised by a hook: the operation fails with SQLite's `code`, after `done_bytes` of a write."""

    def __init__(self, code: int, errno: int, done_bytes: int = 0) -> None:
        super().__init__(code, errno, done_bytes)
        self.code = code
        self.errno = errno
        self.done_bytes = done_bytes

    def error(self) -> Exception:
        """SQLite's own error for the code."""
        return apsw.exception_for(self.code)


@contextlib.contextmanager
def recording() -> Iterator[Disk]:
    """A disk for the length of a block."""
    disk = Disk()
    try:
        yield disk
    finally:
        disk.close()


def write(files: dict[str, bytes], folder: Path) -> Path:
    """Put the files a power cut left into a folder of their own; the folder."""
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def copy_live(folder: Path, target: Path) -> Path:
    """The files as another process would find them now: all writes, no memory."""
    target.mkdir(parents=True)
    for file in folder.iterdir():
        if file.is_file() and not file.name.endswith(("-shm", ".lock")):
            shutil.copyfile(file, target / file.name)
    return target


# --- the VFS -------------------------------------------------------------------------------------


class _Vfs(apsw.VFS):
    def __init__(self, name: str, disk: Disk) -> None:
        self._disk = disk
        super().__init__(name, "")

    def xGetLastError(self) -> tuple[int, str]:  # noqa: N802 - apsw's name
        return self._disk.errno, ""

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:  # noqa: N802
        path = Path(name.filename() if isinstance(name, apsw.URIFilename) else str(name))
        is_new = not path.exists()
        opened = _File(self._disk, path.name, name, flags)
        if is_new and path.exists():
            self._disk.operations.append(Operation("create", path.name))
        return opened

    def xDelete(self, name: str, syncdir: bool) -> None:  # noqa: N802
        kind = "delete_for_good" if syncdir else "delete"
        operation = Operation(kind, Path(name).name)
        self._disk.done(operation, lambda _: super(_Vfs, self).xDelete(name, syncdir))


class _File(apsw.VFSFile):
    def __init__(self, disk: Disk, file: str, name: Any, flags: list[int]) -> None:
        self._disk = disk
        self._name = file
        super().__init__("", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        operation = Operation("write", self._name, offset, bytes(data))
        self._disk.done(operation, lambda part: super(_File, self).xWrite(part, offset))

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        operation = Operation("truncate", self._name, newsize)
        self._disk.done(operation, lambda _: super(_File, self).xTruncate(newsize))

    def xSync(self, flags: int) -> None:  # noqa: N802
        operation = Operation("sync", self._name)
        self._disk.done(operation, lambda _: super(_File, self).xSync(flags))


# --- what is really on disk ----------------------------------------------------------------------


class _Content:
    """One file: what is on disk, and what only the page cache knows."""

    def __init__(self) -> None:
        self.on_disk = bytearray()
        self.pending: list[Operation] = []

    def sync(self) -> None:
        for operation in self.pending:
            _apply(self.on_disk, operation)
        self.pending.clear()

    def settle(self, chance: random.Random) -> None:
        """Decide each pending operation's fate."""
        leaning = chance.choice((0.0, 0.5, 0.9, 1.0))
        for operation in self.pending:
            if chance.random() < leaning:
                _apply(self.on_disk, operation)
            elif operation.kind == "write" and chance.random() < 0.5:
                for sector in _sectors(operation):
                    if chance.random() < 0.5:
                        _apply(self.on_disk, sector)
        self.pending.clear()


def _apply(content: bytearray, operation: Operation) -> None:
    if operation.kind == "truncate":
        del content[operation.at :]
        return
    content.extend(bytes(max(0, operation.at - len(content))))
    content[operation.at : operation.at + len(operation.data)] = operation.data


def _sectors(operation: Operation) -> Iterator[Operation]:
    """A write as the sectors it touches."""
    start, end = operation.at, operation.at + len(operation.data)
    while start < end:
        until = min(end, (start // SECTOR_BYTES + 1) * SECTOR_BYTES)
        part = operation.data[start - operation.at : until - operation.at]
        yield Operation("write", operation.file, start, part)
        start = until


class _Platter:
    """All files, and which of them the folder names on disk."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._named: dict[str, _Content] = {}  # as processes see them
        self._on_disk: dict[str, _Content] = {}  # as the folder on disk has them
        self._fresh_logs: set[str] = set()  # created and not synced yet

    def take(self, operation: Operation) -> None:
        getattr(self, f"_{operation.kind}")(operation)

    def after_cut(self) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        for name in sorted(self._named.keys() | self._on_disk.keys()):
            candidates = [self._named.get(name), self._on_disk.get(name)]
            content = candidates[0]
            if candidates[0] is not candidates[1]:
                content = self._chance.choice(candidates)
            if content is not None:
                content.settle(self._chance)
                found[name] = bytes(content.on_disk)
        return found

    def _create(self, operation: Operation) -> None:
        self._named[operation.file] = _Content()
        if operation.file.endswith(("-wal", "-journal")):
            self._fresh_logs.add(operation.file)

    def _write(self, operation: Operation) -> None:
        self._named[operation.file].pending.append(operation)

    _truncate = _write

    def _sync(self, operation: Operation) -> None:
        self._named[operation.file].sync()
        if operation.file in self._fresh_logs:
            self._fresh_logs.discard(operation.file)
            self._sync_folder()

    def _sync_failed(self, operation: Operation) -> None:
        self._named[operation.file].settle(self._chance)

    def _delete(self, operation: Operation) -> None:
        self._named.pop(operation.file, None)
        self._fresh_logs.discard(operation.file)

    def _delete_for_good(self, operation: Operation) -> None:
        self._delete(operation)
        self._sync_folder()

    def _sync_folder(self, _: Operation | None = None) -> None:
        self._on_disk = dict(self._named)
