"""Folders whose names survive a power cut.

A name is an entry of the folder above it: what is in a synced file is on disk, but whether anybody
finds the file again depends on that entry. So whoever makes something syncs the folder it is in.
"""

from __future__ import annotations

import os
from pathlib import Path


def make(folder: Path) -> None:
    """Make a folder for its owner alone, and those above it that are missing; nothing if it is.

    Errors: OSError.
    """
    if folder.is_dir():
        return
    make(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    sync(folder.parent)


def sync(folder: Path) -> None:
    """Put the names in a folder on disk. Errors: OSError."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
