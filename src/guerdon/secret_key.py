"""The secret key under which a database is sealed: given as a text, or made once and kept."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import re
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from guerdon import folders, limits
from guerdon.errors import Misconfigured

_VARIABLE = "GUERDON_SECRET_KEY"


def fresh() -> bytes:
    """A key that nobody has."""
    return AESGCM.generate_key(8 * limits.secret_key_bytes)


def from_text(text: str) -> bytes:
    """A 32-byte key: 64 hex digits, base64 of 32 bytes, or the SHA-256 of a longer passphrase.

    Errors: Misconfigured - shorter than 32 characters.
    """
    if re.fullmatch(rf"[0-9A-Fa-f]{{{2 * limits.secret_key_bytes}}}", text):
        return bytes.fromhex(text)
    standard = text.rstrip("=").replace("-", "+").replace("_", "/")
    if re.fullmatch(r"[A-Za-z0-9+/]{43}", standard):
        return base64.b64decode(standard + "=")
    if len(text) < limits.secret_key_chars_min:
        raise Misconfigured(f"secret_key is shorter than {limits.secret_key_chars_min} characters")
    return hashlib.sha256(text.encode()).digest()


def kept(path: Path, made: Callable[[], bytes | None]) -> bytes:
    """The key in `path`, made now if there is none and may be.

    Only this file's mode is checked: a file the operator names is the operator's, and container
    platforms mount theirs readable by all inside the container.
    """
    if not is_there(path):
        secret = made()
        if secret is not None:
            _write(path, secret)
    try:
        with path.open(encoding="ascii") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            text = file.read().strip()
    except FileNotFoundError as error:
        raise Misconfigured(missing(path)) from error
    except OSError as error:
        raise Misconfigured(f"{path}: {error.strerror}; or set {_VARIABLE}") from error
    except UnicodeDecodeError as error:
        raise Misconfigured(f"{path}: no key is in it; or set {_VARIABLE}") from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise Misconfigured(f"{path} can be read by others (mode {mode:o}): chmod 600 it")
    try:
        return from_text(text)
    except Misconfigured as error:
        raise Misconfigured(f"{path}: {error.message}") from error


def is_there(path: Path) -> bool:
    """Whether a key is kept. Errors: Misconfigured - nobody may look."""
    try:
        return path.exists()
    except OSError as error:  # a folder that nobody may look into, a name that is none
        raise Misconfigured(f"{path}: {error.strerror}; or set {_VARIABLE}") from error


def missing(path: Path) -> str:
    """What to say when the key that a database was sealed under is not in `path`."""
    return (
        f"{path} is missing, the secret key that the database was sealed under:"
        f" put it back, or set {_VARIABLE}"
    )


def _write(path: Path, secret: bytes) -> None:
    """Write the key whole or not at all, and never over another's.

    A key half written, or two processes with different keys, would make what was encrypted
    unreadable. So it is written beside its place (mode 600, O_EXCL), synced, and then linked
    there: of two processes one link succeeds, and both read what stands there.

    Errors: Misconfigured - nothing can be made there.
    """
    try:
        _linked(path, secret)
    except OSError as error:
        raise Misconfigured(
            f"data_dir {path.parent}: no secret key can be made: {error.strerror}"
        ) from error


def _linked(path: Path, secret: bytes) -> None:
    folders.make(path.parent)
    descriptor, beside = tempfile.mkstemp(prefix=".secret.key.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secret.hex() + "\n")
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(beside, path)
    finally:
        Path(beside).unlink()
    folders.sync(path.parent)
