"""Who is calling: a person with a signed token, or a system with a permanent one.

A signed token is good only while its person is: who that is is asked again when the answer
is older than `limits.auth_cache_seconds`, and a token's own end counts to the second. A permanent
token is an API key of this dialect, or that of an administrator who is a system.

Errors: Unauthenticated (401) - nothing there, or a token that does not hold.
        Forbidden (403) - a permanent token that is wrong, or used from elsewhere.
        Refused `too_many_requests` (429) - too many wrong ones, or too many requests.
Source: Open Loyalty 4.3, "Authorization".
"""

from __future__ import annotations

import hashlib

import msgspec

from guerdon import errors, limits
from guerdon.clock import SECOND
from guerdon.dialects.openloyalty import people, refusals, tokens
from guerdon.dialects.openloyalty.keyring import Keyring
from guerdon.dialects.openloyalty.people import Caller
from guerdon.engine.directory import Key
from guerdon.engine.engine import Engine
from guerdon.errors import Forbidden, Unauthenticated
from guerdon.store.port import Rows
from guerdon.web import credentials, peers, ratelimit
from guerdon.web.request import Request


class _Remembered(msgspec.Struct, frozen=True):
    until: float
    claims: tokens.Claims
    caller: Caller


class Callers:
    """Finds the caller of each request."""

    def __init__(self, engine: Engine, keyring: Keyring, trusted: peers.Networks) -> None:
        self._engine = engine
        self._keyring = keyring
        self._trusted = trusted
        self._remembered: dict[bytes, _Remembered] = {}
        self._failures = ratelimit.Failures()
        self._windows = ratelimit.Windows()

    def presents(self, request: Request) -> bool:
        """Whether a request comes with a credential at all, right or wrong."""
        return (
            request.scope.get("guerdon.key") is not None
            or not credentials.openloyalty_token(request).is_missing
            or not _permanent_token(request).is_missing
        )

    async def caller(self, request: Request) -> Caller:
        """Who sent this request."""
        found = await self._found(request)
        if found.per_minute_max:
            sender = found.id or found.key_id
            seconds = self._engine.clock.now() / SECOND
            verdict = self._windows.take(sender, found.per_minute_max, seconds)
            request.scope[refusals.RATE_LIMIT] = verdict.headers()
            if not verdict.allowed:
                raise _too_many()
        return found

    def remembered(self, request: Request) -> Caller | None:
        """Who sent this request, if they were let in a moment ago and no rate limits them.

        Costs no await; None: ask `caller`.
        """
        if request.scope.get("guerdon.key") is not None:
            return None
        header = request.headers.get(b"authorization")
        if header is not None:
            known = self._remembered.get(header)
            found = known.caller if known and self._holds(known) else None
        else:
            key = self._engine.directory.remembered(request.headers.get(b"x-auth-token", b""))
            address = peers.peer_address(request.scope, self._trusted)
            found = people.of_key(key) if key and _is_let_in(key, address) else None
        return None if found is None or found.per_minute_max else found

    async def _found(self, request: Request) -> Caller:
        key: Key | None = request.scope.get("guerdon.key")
        if key is not None:
            return people.of_key(key)
        # The header as a whole, since reading it again costs more than all the rest.
        header = request.headers.get(b"authorization", b"")
        known = self._remembered.get(header)
        if known and self._holds(known):
            return known.caller
        signed = credentials.openloyalty_token(request)
        if signed.secrets:
            self._remembered.pop(header, None)
            return await self._signed(header, signed.secrets[0])
        permanent = _permanent_token(request)
        if signed.is_malformed or permanent.is_malformed:
            raise Unauthenticated("Invalid JWT Token", code="invalid_token")
        if permanent.is_missing:
            raise Unauthenticated("Authentication Required")
        return await self._permanent(request, permanent.secrets[0])

    def _holds(self, known: _Remembered) -> bool:
        clock = self._engine.clock
        return clock.monotonic() < known.until and tokens.is_timely(known.claims, clock.now())

    async def _signed(self, header: bytes, token: bytes) -> Caller:
        clock = self._engine.clock
        text = token.decode("ascii")
        public = await self._keyring.public(tokens.kid_of(text))
        claims = tokens.verified(text, public, clock.now())
        caller = await self._engine.read(lambda rows: _person(rows, claims))
        if caller is None:
            raise Unauthenticated("Invalid JWT Token", code="unknown_person")
        if len(self._remembered) >= limits.tokens_remembered_max:
            self._remembered.clear()
        until = clock.monotonic() + limits.auth_cache_seconds
        self._remembered[header] = _Remembered(until, claims, caller)
        return caller

    async def _permanent(self, request: Request, secret: bytes) -> Caller:
        directory = self._engine.directory
        key = directory.remembered(secret) or await directory.key(secret)
        address = peers.peer_address(request.scope, self._trusted)
        if key is None:
            token_hash = hashlib.sha256(secret).digest()
            external = await self._engine.read(lambda rows: people.external(rows, token_hash))
            if external is not None:
                return external
        if key is None or not _is_let_in(key, address):
            seconds = self._engine.clock.now() / SECOND
            if not self._failures.take(address, seconds).allowed:
                raise _too_many()
            raise Forbidden("Invalid API key")
        return people.of_key(key)


def _is_let_in(key: Key, address: peers.Address | None) -> bool:
    return key.dialect == "openloyalty" and peers.is_allowed(address, key.allow_ip)


def _permanent_token(request: Request) -> credentials.Presented:
    presented = credentials.openloyalty_permanent_token(request)
    if not presented.is_missing or b"auth_token" not in request.query_string:
        return presented
    secret = request.query().get("auth_token")
    if secret is None:
        return presented
    return credentials.Presented((secret.encode(),)) if secret else credentials.MALFORMED


def _person(rows: Rows, claims: tokens.Claims) -> Caller | None:
    """Who a token speaks of, as they are now."""
    if tokens.SELLER in claims.roles:
        return people.seller(rows, claims.programme, claims.sub)
    if tokens.CUSTOMER in claims.roles:
        return people.customer(rows, claims.programme, claims.sub, claims.iat)
    return people.administrator(rows, claims.sub)


def _too_many() -> errors.Refused:
    return errors.Refused("Too many requests", code="too_many_requests")
