"""Who may come in: the key, the address it is used from, and how often.

The order is fixed: the key first, since the allowlist and the rate belong to it; then the address;
then the rate. A wrong key costs its sender a place in the window of failures; a right one is never
slowed down by what others send from the same address.

Errors: Unauthenticated `missing_credential`, `malformed_credential`, `unknown_credential`;
        Forbidden `address_not_allowed`; Throttled.
Source: Meditopia's page names the three in this order; OWASP ASVS 5.0, 6.3.1.
Cost:   under a microsecond for a sender who was let in a moment ago.
"""

from __future__ import annotations

from guerdon import errors, limits
from guerdon.clock import SECOND
from guerdon.engine.directory import Key
from guerdon.engine.engine import Engine
from guerdon.web import peers
from guerdon.web.credentials import Presented
from guerdon.web.peers import Networks
from guerdon.web.ratelimit import Failures, Windows
from guerdon.web.request import Request

_RATE = "rate_limit.per_minute"
_MINUTE_SECONDS = 60


class Door:
    """One dialect's entrance."""

    def __init__(self, engine: Engine, dialect: str, trusted_proxies: Networks) -> None:
        self._clock = engine.clock
        self._dialect = dialect
        self._directory = engine.directory
        self._failures = Failures()
        self._let_in: dict[tuple[int, str], Key] = {}
        self._remembered = engine.directory.remembered
        self._trusted_proxies = trusted_proxies
        self._windows = Windows(_MINUTE_SECONDS)

    def quick(self, request: Request, secret: bytes) -> Key | None:
        """The key of a sender let in a moment ago, without waiting; None: ask `admit`."""
        key = self._remembered(secret)
        if key is None or key.dialect != self._dialect or key.settings[_RATE]:
            return None
        if key.allow_ip:
            client = request.scope["client"]
            # The key itself is kept: when it is looked up again, so is the address.
            if client is None or self._let_in.get((key.key_id, client[0])) is not key:
                return None
        return key

    async def admit(self, request: Request, presented: Presented) -> Key:
        """The key a request comes with."""
        replayed: Key | None = request.scope.get("guerdon.key")
        if replayed is not None and replayed.dialect == self._dialect:
            return replayed
        if presented.is_missing:
            raise errors.Unauthenticated(code="missing_credential")
        if presented.is_malformed:
            raise errors.Unauthenticated(code="malformed_credential")
        for secret in presented.secrets:
            key = await self._directory.key(secret)
            if key is not None and key.dialect == self._dialect:
                self._check_address(request, key)
                self._check_rate(key)
                return key
        raise self._wrong(request)

    def _check_address(self, request: Request, key: Key) -> None:
        if not key.allow_ip:
            return
        address = peers.peer_address(request.scope, self._trusted_proxies)
        if not peers.is_allowed(address, key.allow_ip):
            raise errors.Forbidden(code="address_not_allowed")
        # Behind a proxy the socket's peer says nothing about the sender, so nothing is remembered.
        if not self._trusted_proxies:
            if len(self._let_in) >= limits.peers_cache_max:
                self._let_in.clear()
            self._let_in[key.key_id, request.scope["client"][0]] = key

    def _check_rate(self, key: Key) -> None:
        per_minute = key.settings[_RATE]
        if per_minute:
            verdict = self._windows.take(key.key_id, per_minute, self._seconds())
            if not verdict.allowed:
                raise errors.Throttled(verdict.retry_after)

    def _wrong(self, request: Request) -> errors.Refused:
        address = peers.peer_address(request.scope, self._trusted_proxies)
        verdict = self._failures.take(address, self._seconds())
        if not verdict.allowed:
            return errors.Throttled(verdict.retry_after)
        return errors.Unauthenticated(code="unknown_credential")

    def _seconds(self) -> float:
        return self._clock.now() / SECOND
