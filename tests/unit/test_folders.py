"""A folder that was made is found again after a power cut."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from guerdon import config, folders
from guerdon.clock import SystemClock
from guerdon.store.sqlite.store import SqliteStore


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders that were synced, in order."""
    seen: list[Path] = []
    really = os.fsync

    def fsync(descriptor: int) -> None:
        really(descriptor)
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            seen.append(Path(f"/proc/self/fd/{descriptor}").readlink())

    monkeypatch.setattr(os, "fsync", fsync)
    return seen


def test_each_new_folder_is_synced_in_the_one_above_it(tmp_path: Path, synced: list[Path]) -> None:
    folders.make(tmp_path / "a" / "b")
    assert synced == [tmp_path, tmp_path / "a"]
    assert stat.S_IMODE((tmp_path / "a" / "b").stat().st_mode) == 0o700
    folders.make(tmp_path / "a" / "b")
    assert synced == [tmp_path, tmp_path / "a"]


def test_the_data_folder_is_on_disk_before_anything_is_in_it(
    tmp_path: Path, synced: list[Path]
) -> None:
    config.load({}, {}, tmp_path)
    assert synced == [tmp_path, tmp_path / "data"]


def test_the_folder_of_a_database_elsewhere_is_on_disk_too(
    tmp_path: Path, synced: list[Path]
) -> None:
    SqliteStore(tmp_path / "elsewhere" / "guerdon.db", SystemClock()).migrate()
    assert tmp_path in synced
