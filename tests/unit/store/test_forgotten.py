"""The list of forgotten members: a line is written whole, or somebody is told."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from guerdon import folders
from guerdon.errors import StoreUnavailable
from guerdon.store.forgotten import Forgotten, Register

ANN = Forgotten("demo", "00000000-0000-4000-8000-000000000001", 1, deleted=True)
BOB = Forgotten("demo", "00000000-0000-4000-8000-000000000002", 2, deleted=False)


def full(*_: Any) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def short_writes(monkeypatch: pytest.MonkeyPatch, *sizes: int) -> None:
    """Let the disk take so many bytes at a time, and after that none."""
    left, write = list(sizes), os.write

    def some(descriptor: int, content: bytes) -> int:
        if not left:
            full()
        return write(descriptor, content[: left.pop(0)])

    monkeypatch.setattr(os, "write", some)


def test_half_a_line_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    register = Register(tmp_path / "forgotten.jsonl")
    register.add([ANN])
    before = (tmp_path / "forgotten.jsonl").read_bytes()
    with monkeypatch.context() as disk:
        short_writes(disk, 40)
        with pytest.raises(StoreUnavailable):
            register.add([BOB])
    assert (tmp_path / "forgotten.jsonl").read_bytes() == before
    register.add([BOB])
    assert register.all() == [ANN, BOB]


def test_a_line_written_in_pieces_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    register = Register(tmp_path / "forgotten.jsonl")
    short_writes(monkeypatch, 10, 20, 10_000)
    register.add([ANN, BOB])
    assert register.all() == [ANN, BOB]


def test_a_name_that_is_not_synced_is_synced_the_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register = Register(tmp_path / "forgotten.jsonl")
    with monkeypatch.context() as disk:
        disk.setattr(folders, "sync", full)
        with pytest.raises(StoreUnavailable):
            register.add([ANN])
    synced: list[Path] = []
    monkeypatch.setattr(folders, "sync", synced.append)
    register.add([ANN])
    assert (register.all(), synced) == ([ANN], [tmp_path])
