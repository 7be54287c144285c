"""The signing keys, as every worker knows them.

Keys are read again when they are older than `limits.auth_cache_seconds`, and at once when a token
names one that is not there: another worker may have made it a moment ago. Askers that come while
the keys are being read share the next reading, so that invented names cost one question at a time.
The first key is made when it is first needed. A retired key stays until its last token is dead.
"""

from __future__ import annotations

import asyncio
import math
import re

import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from guerdon import limits
from guerdon.clock import SECOND
from guerdon.dialects.openloyalty import tokens
from guerdon.engine.engine import Engine
from guerdon.errors import Unauthenticated
from guerdon.store.port import Row, Rows

_KID = re.compile(r"[0-9a-f-]{36}")
# A worker may sign with a key for as long as it has not heard that it is retired.
_SECONDS_KEPT = (
    limits.jwt_lifetime_seconds_max
    + limits.jwt_leeway_seconds
    + math.ceil(limits.auth_cache_seconds)
)


class SigningKey(msgspec.Struct, frozen=True):
    """One key; the private half stays locked until it signs."""

    kid: str
    public: RSAPublicKey
    sealed_pem: bytes
    retired_at: int | None


class Keyring:
    """Keys by their names."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._keys: dict[str, SigningKey] = {}
        self._opened: dict[str, RSAPrivateKey] = {}
        self._read_at = -math.inf
        self._reading = asyncio.Lock()
        self._making = asyncio.Lock()

    async def public(self, kid: str) -> RSAPublicKey:
        """The key that verifies. Errors: Unauthenticated for a name that is not one of ours."""
        if not _KID.fullmatch(kid):
            raise _unknown()
        asked_at = self._engine.clock.monotonic()
        await self._read(not_before=asked_at - limits.auth_cache_seconds)
        if kid not in self._keys:
            await self._read(not_before=asked_at)
        key = self._keys.get(kid)
        if key is None:
            raise _unknown()
        return key.public

    async def private(self) -> tuple[str, RSAPrivateKey]:
        """The name and the key that signs now, the newest; made if there is none yet."""
        await self._read(not_before=self._engine.clock.monotonic() - limits.auth_cache_seconds)
        key = self._newest()
        if key is None:
            key = await self._first()
        opened = self._opened.get(key.kid)
        if opened is None:
            opened = tokens.private_key(self._engine.vault, key.kid, key.sealed_pem)
            self._opened = {key.kid: opened}
        return key.kid, opened

    async def _first(self) -> SigningKey:
        async with self._making:
            await self._read(not_before=self._engine.clock.monotonic())
            key = self._newest()
            while key is None:
                engine = self._engine
                command = await asyncio.to_thread(
                    tokens.new_signing_key, engine.clock, engine.vault
                )
                await engine.execute(command)
                await self._read(not_before=engine.clock.monotonic())
                key = self._newest()
            return key

    def _newest(self) -> SigningKey | None:
        """Keys stand newest first."""
        return next((key for key in self._keys.values() if key.retired_at is None), None)

    async def _read(self, *, not_before: float) -> None:
        """Have the keys as they were at `not_before` (monotonic seconds) or later."""
        if self._read_at >= not_before:
            return
        async with self._reading:
            if self._read_at >= not_before:
                return
            started_at = self._engine.clock.monotonic()
            since = self._engine.clock.now() - _SECONDS_KEPT * SECOND
            rows = await self._engine.read(lambda rows: _live(rows, since))
            self._keys = {row[0]: _key(row, self._keys.get(row[0])) for row in rows}
            self._read_at = started_at


def _live(rows: Rows, since: int) -> list[Row]:
    return rows.all("signing_keys", since=since)


def _key(row: Row, known: SigningKey | None) -> SigningKey:
    kid, public_pem, sealed_pem, _, retired_at = row
    public = known.public if known else tokens.public_key(public_pem)
    return SigningKey(kid, public, bytes(sealed_pem), retired_at)


def _unknown() -> Unauthenticated:
    return Unauthenticated("Invalid JWT Token", code="unknown_signing_key")
