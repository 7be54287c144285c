"""Builds the library that makes each sync slower, and says how to load it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_name("slow_sync.c")


class NoCompiler(Exception):
    """There is no C compiler here, so a slower disk cannot be modelled."""


def library(folder: Path) -> Path:
    """Compile the library into `folder`; NoCompiler when there is no gcc or cc."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        raise NoCompiler(str(NoCompiler.__doc__))
    built = folder / "slow_sync.so"
    command = [compiler, "-O2", "-shared", "-fPIC", "-o", str(built), str(SOURCE), "-ldl"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NoCompiler(f"the C compiler refused: {done.stderr[-300:]}")
    return built


def environment(built: Path, microseconds: int) -> dict[str, str]:
    """What a child's environment needs for its syncs to take `microseconds` longer."""
    return {"LD_PRELOAD": str(built), "SLOW_SYNC_MICROSECONDS": str(microseconds)}
