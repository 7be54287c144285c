"""The committer's socket in the data folder: bound for its owner alone, whatever its path's length.

A unix socket's path has 107 bytes. A longer one is reached through `/proc/self/fd`, where the
folder, once open, has a short name.
"""

from __future__ import annotations

import contextlib
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

from guerdon import folders, limits
from guerdon.errors import Locked, Misconfigured

_FOLDERS = Path("/proc/self/fd")


def bind(path: Path) -> socket.socket:
    """A listening socket at `path`, mode 600.

    Whoever calls this holds the store, so a socket that nobody serves is what a killed process
    left behind.

    Errors: Locked when another server uses this data folder, for another database; Misconfigured.
    """
    require_folder_safe(path.parent)
    with short(path) as name:
        if _answers(name):
            raise Locked(f"another server uses the data folder {path.parent}")
        path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        mask = os.umask(0o177)
        try:
            listener.bind(name)
            listener.listen(limits.port_backlog)
        except OSError as error:
            listener.close()
            raise Misconfigured(f"{path}: {error.strerror}") from error
        finally:
            os.umask(mask)
    listener.setblocking(False)
    return listener


def connect(path: Path) -> socket.socket:
    """A connection to the socket at `path`. Errors: OSError when nobody listens."""
    with short(path) as name:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.connect(name)
        except OSError:
            connection.close()
            raise
    connection.setblocking(False)
    return connection


def is_served(path: Path) -> bool:
    """Whether somebody listens at `path`."""
    if not path.exists():
        return False
    with short(path) as name:
        return _answers(name)


def require_folder_safe(folder: Path) -> None:
    """Errors: Misconfigured when anybody may replace what stands in the folder."""
    folders.make(folder)
    mode = folder.stat().st_mode
    if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
        raise Misconfigured(f"everybody can write to {folder}: chmod o-w it")


@contextlib.contextmanager
def short(path: Path) -> Iterator[str]:
    """A name of the file at `path` that fits into a socket's address."""
    if len(os.fsencode(path)) <= limits.socket_path_bytes_max:
        yield str(path)
        return
    if not _FOLDERS.is_dir():
        raise Misconfigured(f"{path} is longer than {limits.socket_path_bytes_max} bytes")
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield str(_FOLDERS / str(folder) / path.name)
    finally:
        os.close(folder)


def _answers(name: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        return probe.connect_ex(name) == 0
