"""Who may come in: the key, its allowlist, its rate limit.

A missing key, a wrong one, one of another dialect and one used from a forbidden address get one
and the same answer, so that nothing can be learnt by trying.

Errors: Forbidden; Refused `too_many_requests` - the key's rate limit, or too many wrong keys from
        one address.
Source: WoowUp's pages on authentication (403) and on rate limits (its headers and estimator).
"""

from __future__ import annotations

from guerdon.clock import SECOND
from guerdon.dialects.woowup.wire import Wire
from guerdon.engine.directory import Key
from guerdon.engine.engine import Engine
from guerdon.errors import Forbidden, Refused
from guerdon.web import credentials, peers
from guerdon.web.peers import Networks
from guerdon.web.ratelimit import Failures, Verdict, Windows
from guerdon.web.request import Request

DIALECT = "woowup"


class Door:
    """Lets requests in; one for the room."""

    def __init__(self, engine: Engine, wire: Wire, trusted_proxies: Networks) -> None:
        self._clock = engine.clock
        self._directory = engine.directory
        self._failures = Failures()
        self._trusted_proxies = trusted_proxies
        self._windows = Windows()
        self._wire = wire

    async def admit(self, request: Request) -> Key:
        """The key the request may act with."""
        replaying: Key | None = request.scope.get("guerdon.key")
        if replaying is not None:
            return replaying
        key = await self._key(request)
        if key is None:
            raise self._wrong(request)
        if key.allow_ip and not self._is_allowed(request, key):
            raise Forbidden
        per_minute = key.settings["rate_limit.per_minute"]
        if per_minute:
            self._limit(request, self._windows.take(key.key_id, per_minute, self._seconds()))
        return key

    async def _key(self, request: Request) -> Key | None:
        directory = self._directory
        for secret in credentials.woowup_keys(request).secrets:
            key = directory.remembered(secret) or await directory.key(secret)
            if key is not None:
                return key if key.dialect == DIALECT else None
        return None

    def _is_allowed(self, request: Request, key: Key) -> bool:
        peer = peers.peer_address(request.scope, self._trusted_proxies)
        return peers.is_allowed(peer, key.allow_ip)

    def _wrong(self, request: Request) -> Forbidden | Refused:
        peer = peers.peer_address(request.scope, self._trusted_proxies)
        verdict = self._failures.take(peer, self._seconds())
        if verdict.allowed:
            return Forbidden()
        self._wire.add_headers(request, *verdict.headers())
        return _too_many()

    def _limit(self, request: Request, verdict: Verdict) -> None:
        self._wire.add_headers(request, *verdict.headers())
        if not verdict.allowed:
            raise _too_many()

    def _seconds(self) -> float:
        return self._clock.now() / SECOND


def _too_many() -> Refused:
    return Refused("too many request", code="too_many_requests")
