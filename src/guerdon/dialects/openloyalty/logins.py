"""Logging in, staying logged in, logging out.

A login answers a signed token and a refresh token. A refresh token is 256 random bits, kept as a
hash only; each use gives a new signed token and prolongs the refresh token. Whoever is unknown is
refused like whoever has the wrong password: in the same words, after the same time.

Errors: Unauthenticated (401) - wrong name, password or refresh token.
        Refused `missing_field`, `inactive_account` (400; of a seller);
        `too_many_requests` (429) - too many wrong passwords.
Source: Open Loyalty 4.3, "Authorization"; OWASP ASVS 5.0, 6.3.1 and 6.3.8.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator
from typing import Any

from guerdon import limits
from guerdon.clock import DAY, SECOND
from guerdon.dialects.openloyalty import passports, people, refusals, tokens
from guerdon.dialects.openloyalty.attempts import Attempt, Attempts
from guerdon.dialects.openloyalty.keyring import Keyring
from guerdon.dialects.openloyalty.passports import Kind, Passport
from guerdon.engine.commands import RecordLogin, RefreshLogin
from guerdon.engine.commands.credentials import RecordMemberLogin
from guerdon.engine.engine import Engine
from guerdon.errors import Refused, Unauthenticated
from guerdon.store.port import Rows
from guerdon.store.vault import Vault
from guerdon.web import body, form, peers, strictjson
from guerdon.web.passwords import PasswordChecks
from guerdon.web.request import Request

_FORM = "application/x-www-form-urlencoded"
Pair = dict[str, str]


class Logins:
    """The three things that can be done with a login."""

    def __init__(self, engine: Engine, keyring: Keyring, trusted: peers.Networks) -> None:
        self._attempts = Attempts()
        self._checks = PasswordChecks()
        self._engine = engine
        self._keyring = keyring
        self._trusted = trusted

    async def logged_in(self, request: Request, kind: Kind, store_code: str) -> Pair:
        """Both tokens, for a name and its password."""
        given = await fields(request)
        username, password = _text(given, "_username"), _text(given, "_password")
        attempt = self.attempt(request, username)
        vault = self._engine.vault
        passport = await self._engine.read(
            lambda rows: passports.named(
                rows, vault, kind, people.tenant_with_store(rows, store_code), username
            )
        )
        is_right = await self.is_password(passport, password)
        if passport is None or not is_right:
            raise _wrong()
        if not passport.active:
            if kind == "seller":
                raise Refused("The account is inactive.", code=refusals.INACTIVE)
            raise _wrong()
        attempt.succeeded()
        return await self._admitted(passport)

    def attempt(self, request: Request, username: str) -> Attempt:
        """Count a try of somebody's password. Errors: Refused `too_many_requests`."""
        seconds = self._engine.clock.now() / SECOND
        peer = peers.peer_address(request.scope, self._trusted)
        return self._attempts.begin(username, peer, seconds)

    async def is_password(self, passport: Passport | None, password: str) -> bool:
        """Whether a password is right; whoever is unknown is refused after the same time."""
        return await self._checks.check(passport.password_hash if passport else None, password)

    async def hashed(self, password: str) -> str:
        """The text of a password that is stored, argon2's."""
        return await self._checks.hashed(password)

    @contextlib.asynccontextmanager
    async def evenly(self) -> AsyncIterator[None]:
        """What is done within ends no sooner than `limits.even_answer_seconds` after it began.

        Whoever is known is owed a message, which takes a commit; the time must not tell. What
        fails is told at once.
        """
        clock = self._engine.clock
        until = clock.monotonic() + limits.even_answer_seconds
        yield
        await asyncio.sleep(max(0.0, until - clock.monotonic()))

    async def refreshed(self, request: Request) -> Pair:
        """A new signed token for a refresh token, which is prolonged."""
        refresh_token = _text(await fields(request), "refresh_token")
        token_hash = _hash(refresh_token)
        vault = self._engine.vault
        passport = await self._engine.read(lambda rows: _by_refresh_token(rows, vault, token_hash))
        if passport is None or not passport.active:
            raise _unknown_refresh_token()
        expires_at = _expiry(self._engine.clock.now())
        tenant_id = passport.holder.tenant_id
        try:
            await self._engine.execute(
                RefreshLogin(tenant_id, 0, token_hash=token_hash, expires_at=expires_at)
            )
        except Unauthenticated as refused:
            raise _unknown_refresh_token() from refused
        return {"token": await self._token(passport), "refresh_token": refresh_token}

    async def _admitted(self, passport: Passport) -> Pair:
        engine = self._engine
        tenant_id = passport.holder.tenant_id
        token = await self._token(passport)
        refresh_token = engine.clock.secret(limits.refresh_token_bytes).hex()
        if passport.kind == "customer":
            await engine.execute(RecordMemberLogin(tenant_id, 0, number=passport.number))
        await engine.execute(
            RecordLogin(
                tenant_id,
                0,
                kind=passport.kind,
                person_id=passport.holder.id,
                token_hash=_hash(refresh_token),
                expires_at=_expiry(engine.clock.now()),
            )
        )
        return {"token": token, "refresh_token": refresh_token}

    async def _token(self, passport: Passport) -> str:
        kid, private = await self._keyring.private()
        return tokens.issued(passport.holder, kid, private, self._engine.clock.now())


async def fields(request: Request) -> dict[str, Any]:
    """What a small JSON or form body holds. Errors: those of `body`, `form` and `strictjson`."""
    raw = await request.body(limits.login_body_bytes_max)
    media_type, _ = body.content_type(request.headers)
    if media_type == _FORM:
        return dict(form.flat(raw))
    body.require_json(request.headers)
    value = strictjson.decode(raw)
    if not isinstance(value, dict):
        raise Refused("The body must be a JSON object.", code="invalid_body")
    return value


def _text(given: dict[str, Any], name: str) -> str:
    value = given.get(name)
    if not isinstance(value, str) or not value:
        raise Refused(f"{name} is required.", code="missing_field", field=name)
    return value


def _by_refresh_token(rows: Rows, vault: Vault, token_hash: bytes) -> Passport | None:
    row = rows.one("refresh_token", token_hash=token_hash)
    if row is None or row[1] not in passports.KINDS:
        return None
    return passports.of(rows, vault, row[1], row[0], row[2])


def _wrong() -> Unauthenticated:
    return Unauthenticated("Bad credentials", code="invalid_credentials")


def _hash(refresh_token: str) -> bytes:
    return hashlib.sha256(refresh_token.encode()).digest()


def _expiry(now: int) -> int:
    return now + limits.refresh_token_days * DAY


def _unknown_refresh_token() -> Unauthenticated:
    return Unauthenticated("An authentication exception occurred.", code="invalid_refresh_token")
