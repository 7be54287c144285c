"""Logging in, staying logged in, logging out.

A login answers a signed token and a refresh token. A refresh token is 256 random bits, kept as a
hash only; each use gives a new signed token and prolongs the refresh token. Whoever is unknown is
refused like whoever has the wrong password: in the same words, after the same time.

Errors: Unauthenticated (401) - wrong name, password or refresh token.
        Refused `missing_field` (400); `too_many_requests` (429) - too many wrong passwords.
Source: Open Loyalty 4.3, "Authorization"; OWASP ASVS 5.0, 6.3.1 and 6.3.8.
"""

from __future__ import annotations

import hashlib
from typing import Any

from guerdon import limits
from guerdon.clock import DAY, SECOND
from guerdon.dialects.openloyalty import tokens
from guerdon.dialects.openloyalty.attempts import Attempts
from guerdon.dialects.openloyalty.keyring import Keyring
from guerdon.engine.commands import RecordLogin, RefreshLogin
from guerdon.engine.engine import Engine
from guerdon.errors import Refused, Unauthenticated
from guerdon.store.port import Row, Rows
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

    async def logged_in(self, request: Request) -> Pair:
        """Both tokens, for a name and its password."""
        given = await fields(request)
        username, password = _text(given, "_username"), _text(given, "_password")
        seconds = self._engine.clock.now() / SECOND
        peer = peers.peer_address(request.scope, self._trusted)
        attempt = self._attempts.begin(username, peer, seconds)
        row = await self._engine.read(lambda rows: _by_username(rows, username))
        stored = row[4] if row else None
        is_right = await self._checks.check(stored, password)
        if row is None or not is_right or not row[5]:
            raise Unauthenticated("Invalid credentials.", code="invalid_credentials")
        attempt.succeeded()
        return await self._admitted(row)

    async def refreshed(self, request: Request) -> Pair:
        """A new signed token for a refresh token, which is prolonged."""
        refresh_token = _text(await fields(request), "refresh_token")
        token_hash = _hash(refresh_token)
        row = await self._engine.read(lambda rows: _by_refresh_token(rows, token_hash))
        if row is None or not row[5]:
            raise _unknown_refresh_token()
        now = self._engine.clock.now()
        try:
            await self._engine.execute(
                RefreshLogin(row[1], 0, token_hash=token_hash, expires_at=_expiry(now))
            )
        except Unauthenticated as refused:
            raise _unknown_refresh_token() from refused
        return {"token": await self._token(row), "refresh_token": refresh_token}

    async def _admitted(self, row: Row) -> Pair:
        engine = self._engine
        token = await self._token(row)
        refresh_token = engine.clock.secret(limits.refresh_token_bytes).hex()
        await engine.execute(
            RecordLogin(
                row[1],
                0,
                kind="admin",
                person_id=row[0],
                token_hash=_hash(refresh_token),
                expires_at=_expiry(engine.clock.now()),
            )
        )
        return {"token": token, "refresh_token": refresh_token}

    async def _token(self, row: Row) -> str:
        kid, private = await self._keyring.private()
        administrator = tokens.Administrator(
            admin_id=row[0], tenant_id=row[1], username=row[3], last_login_at=row[6]
        )
        return tokens.issued(administrator, kid, private, self._engine.clock.now())


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


def _by_username(rows: Rows, username: str) -> Row | None:
    return rows.one("administrator_by_username", username=username)


def _by_refresh_token(rows: Rows, token_hash: bytes) -> Row | None:
    token = rows.one("refresh_token", token_hash=token_hash)
    return rows.one("administrator", admin_id=token[2]) if token else None


def _hash(refresh_token: str) -> bytes:
    return hashlib.sha256(refresh_token.encode()).digest()


def _expiry(now: int) -> int:
    return now + limits.refresh_token_days * DAY


def _unknown_refresh_token() -> Unauthenticated:
    return Unauthenticated("An authentication exception occurred.", code="invalid_refresh_token")
