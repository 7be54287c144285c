"""What every request needs to know, remembered for a moment.

Keys and settings change rarely and are asked for with each request: an answer may be
`limits.auth_cache_seconds` old, which is also how long a revoked key may go on working.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

import msgspec

from guerdon import limits
from guerdon.clock import Clock
from guerdon.engine import settings
from guerdon.store.port import Row, Rows

_ENTRIES_MAX = 10_000


class Key(msgspec.Struct, frozen=True):
    """A live credential: whose it is, for which dialect, and from where it may be used."""

    key_id: int
    tenant_id: int
    tenant_code: str
    dialect: str
    allow_ip: tuple[IPv4Network | IPv6Network, ...]
    scopes: tuple[str, ...]
    settings: dict[str, Any]
    """The tenant's settings, as old as the key."""


class Directory:
    """Looks credentials and settings up."""

    def __init__(
        self, ask: Callable[[Callable[[Rows], Any]], Awaitable[Any]], clock: Clock
    ) -> None:
        self._ask = ask
        self._clock = clock
        self._keys: dict[bytes, tuple[float, Key]] = {}

    def remembered(self, secret: bytes) -> Key | None:
        """The key if it was looked up a moment ago; costs no await."""
        entry = self._keys.get(secret)
        if entry is not None and entry[0] > self._clock.monotonic():
            return entry[1]
        return None

    async def key(self, secret: bytes) -> Key | None:
        """The live key with this secret, or None (unknown or revoked)."""
        key = self.remembered(secret)
        if key is not None:
            return key
        digest = hashlib.sha256(secret).digest()
        found: Key | None = await self._ask(lambda rows: _key(rows, digest))
        if found is None:
            self._keys.pop(secret, None)
            return None
        if len(self._keys) >= _ENTRIES_MAX:
            self._keys.clear()
        self._keys[secret] = (self._clock.monotonic() + limits.auth_cache_seconds, found)
        return found

    def forget(self) -> None:
        """Look everything up afresh from now on."""
        self._keys.clear()

    async def settings(self, tenant_id: int) -> dict[str, Any]:
        """A tenant's settings as they are now."""
        found: dict[str, Any] = await self._ask(lambda rows: read_settings(rows, tenant_id))
        return found


def read_settings(rows: Rows, tenant_id: int) -> dict[str, Any]:
    """A tenant's settings, stored ones over defaults."""
    stored = [(row[0], row[1]) for row in rows.all("settings", tenant_id=tenant_id)]
    return settings.with_defaults(stored)


def by_id(rows: Rows, key_id: int) -> tuple[Key, bool] | None:
    """A key by its id, and whether it is live."""
    row = rows.one("key", key_id=key_id)
    if row is None:
        return None
    key_id, tenant_id, dialect, _, allow_ip, scopes, _, revoked_at = row
    code = next(each[1] for each in rows.all("tenants") if each[0] == tenant_id)
    found = (key_id, tenant_id, code, dialect, allow_ip, scopes)
    return _from_row(rows, found), revoked_at is None


def _key(rows: Rows, digest: bytes) -> Key | None:
    row = rows.one("key_by_hash", secret_hash=digest)
    if row is None or row[6] is not None:
        return None
    return _from_row(rows, row)


def _from_row(rows: Rows, row: Row) -> Key:
    return Key(
        key_id=row[0],
        tenant_id=row[1],
        tenant_code=row[2],
        dialect=row[3],
        allow_ip=tuple(ip_network(text) for text in msgspec.json.decode(row[4])),
        scopes=tuple(msgspec.json.decode(row[5])),
        settings=read_settings(rows, row[1]),
    )
