"""Passwords: hashed slowly on purpose, compared without telling who exists.

Cost:   64 MiB and about 50 ms of a core for each hash or check, so on a server `check` runs in a
        thread, a few at a time; when too many wait, more are refused.
Source: RFC 9106 section 4, second recommended option, which is argon2-cffi's default.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from guerdon import limits
from guerdon.errors import Refused, StoreBusy

T = TypeVar("T")
_HASHER = PasswordHasher()

NOBODY = (
    "$argon2id$v=19$m=65536,t=3,p=4$Z3VlcmRvbi1uby1vbmUhIQ"
    "$Bno46cRM5rDgOJCFrMHVGF1yMOedFhRtwD/elEyeKPM"
)
"""What is checked when there is no such user, so that it takes the same time."""


def password_hash(password: str) -> str:
    """The text to store. Errors: Refused `invalid_password` when it is empty or too long."""
    if not 0 < len(password) <= limits.password_chars_max:
        raise Refused(
            f"A password has 1 to {limits.password_chars_max} characters.",
            code="invalid_password",
            field="password",
        )
    return _HASHER.hash(password)


def is_password(stored: str, password: str) -> bool:
    """Whether `password` is the one that was hashed."""
    if len(password) > limits.password_chars_max:
        return False
    try:
        return _HASHER.verify(stored, password)
    except VerifyMismatchError:
        return False


class PasswordChecks:
    """Checks in threads, `limits.password_checks_running_max` at a time."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(limits.password_checks_running_max)
        self._waiting = 0

    async def check(self, stored: str | None, password: str) -> bool:
        """Whether the password is right; False for None, after the same time.

        Errors: StoreBusy when too many checks are waiting.
        """
        is_right = await self._in_turn(is_password, stored or NOBODY, password)
        return is_right and stored is not None

    async def hashed(self, password: str) -> str:
        """The text to store. Errors: as `password_hash`; StoreBusy."""
        return await self._in_turn(password_hash, password)

    async def _in_turn(self, work: Callable[..., T], *values: str) -> T:
        if self._waiting >= limits.password_checks_waiting_max:
            raise StoreBusy("Too many people are logging in; try again.")
        self._waiting += 1
        try:
            async with self._turns:
                return await asyncio.to_thread(work, *values)
        finally:
            self._waiting -= 1
