"""No space left: said as such, in either of the two ways a system can say it."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from crash import space

TESTS = Path(__file__).resolve().parents[1]
GOES_ON = {
    "told": ["store_full"],
    "still": ["store_full"] * 3,
    "replayed": [False, True],
}


def test_a_limit_on_the_size_of_files_is_a_full_store(tmp_path):
    command = [sys.executable, "-m", "crash.space", str(tmp_path / "guerdon.db")]
    path = os.pathsep.join([str(TESTS), *sys.path])
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    told = json.loads(done.stdout)
    assert told.pop("stored_after") > 0
    assert told == GOES_ON


@contextlib.contextmanager
def small_file_system(folder: Path) -> Iterator[Path]:
    """Eight mebibytes of memory as a disk."""
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root may mount a file system")
    mounted = _mount("-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder))
    if mounted.returncode != 0:
        pytest.skip(f"this machine mounts no file system: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _mount(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["mount", *words], capture_output=True, text=True, check=False)


def test_a_full_disk_is_a_full_store(tmp_path):
    with small_file_system(tmp_path / "disk") as folder:
        ballast = folder / "ballast"

        def take() -> None:
            free = os.statvfs(folder)
            ballast.write_bytes(bytes(max(0, free.f_bavail * free.f_frsize - 150_000)))

        def give() -> None:
            ballast.unlink(missing_ok=True)
            assert _mount("-o", "remount,size=16m", str(folder)).returncode == 0

        told = space.run(folder / "guerdon.db", take=take, give=give)
    assert told.pop("stored_after") > 0
    assert told == GOES_ON
