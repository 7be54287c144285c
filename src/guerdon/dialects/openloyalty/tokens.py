"""Signed tokens: RS256, checked by keys of ours that are looked up by name and by nothing else.

A token is read in this order: its shape, its header (exactly `alg`, `kid` and `typ`, so that a key
inside or behind a header is never looked at), the key of that `kid`, the signature, and only then
what it claims. Times are checked against our own clock.

Units:  claims are whole seconds since 1970; everything else is microseconds.
Source: RFC 7519; RFC 8725 (sections 3.1, 3.8, 3.10); claims as Open Loyalty's, with `sub`, `iss`
        and `aud` besides.
"""

from __future__ import annotations

import re
from typing import Any, Literal, cast

import jwt
import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    RSAPublicKey,
    generate_private_key,
)

from guerdon import limits
from guerdon.clock import SECOND, Clock, to_datetime
from guerdon.engine.commands import AddSigningKey
from guerdon.errors import Unauthenticated
from guerdon.store.vault import Vault

ALGORITHM = "RS256"
ISSUER = "guerdon"
ADMIN, SELLER, CUSTOMER = "ROLE_ADMIN", "ROLE_SELLER", "ROLE_PARTICIPANT"
_PUBLIC_EXPONENT = 65_537
_SHAPE = re.compile(r"([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_OPTIONS: Any = {
    "require": ["exp", "iat", "sub", "iss", "aud"],
    # Checked here against the clock: the library asks the machine's.
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
}


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The only header a token of ours has."""

    alg: Literal["RS256"]
    kid: str
    typ: Literal["JWT"] = "JWT"


class Claims(msgspec.Struct, frozen=True):
    """What a token of ours must say, as far as it decides anything.

    `programme` is the tenant; what else a token says of its holder is for clients to look at.
    """

    sub: str
    username: str
    iat: int
    exp: int
    nbf: int | None = None
    roles: tuple[str, ...] = ()
    programme: int = 0


class Holder(msgspec.Struct, frozen=True):
    """Who a token is for; `last_login_at` in microseconds, None before the first.

    role:        `ADMIN`, `SELLER` or `CUSTOMER`.
    permissions: what an administrator may do, accesses by resource.
    """

    id: str
    tenant_id: int
    username: str
    last_login_at: int | None
    role: str = ADMIN
    permissions: dict[str, list[str]] = {}
    is_super: bool = False


def new_signing_key(clock: Clock, vault: Vault) -> AddSigningKey:
    """A fresh key as the command that puts it to use. Cost: about 100 ms."""
    private = generate_private_key(_PUBLIC_EXPONENT, limits.signing_key_bits)
    kid = clock.uuid()
    pem = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public_pem = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return AddSigningKey(
        tenant_id=0,
        key_id=0,
        kid=kid,
        public_pem=public_pem.decode(),
        sealed_pem=vault.lock(_context(kid), pem),
    )


def private_key(vault: Vault, kid: str, sealed_pem: bytes) -> RSAPrivateKey:
    """A stored private key, opened. Errors: StoreError when it does not open."""
    pem = vault.unlock(_context(kid), sealed_pem)
    return cast("RSAPrivateKey", serialization.load_pem_private_key(pem, password=None))


def public_key(public_pem: str) -> RSAPublicKey:
    """A stored public key."""
    return cast("RSAPublicKey", serialization.load_pem_public_key(public_pem.encode()))


def issued(holder: Holder, kid: str, key: RSAPrivateKey, now: int) -> str:
    """A token for its holder, good for `limits.jwt_lifetime_seconds_max` from `now` on."""
    seconds = now // SECOND
    last_login_at = holder.last_login_at
    claims = {
        "iat": seconds,
        "exp": seconds + limits.jwt_lifetime_seconds_max,
        "iss": ISSUER,
        "aud": ISSUER,
        "sub": holder.id,
        "programme": holder.tenant_id,
        "roles": [holder.role, "ROLE_USER"],
        "username": holder.username,
        "id": holder.id,
        "lastLoginAt": None if last_login_at is None else _shown(last_login_at),
        "permissions": holder.permissions,
        "superAdmin": holder.is_super,
    }
    return jwt.encode(claims, key, algorithm=ALGORITHM, headers={"kid": kid})


def kid_of(token: str) -> str:
    """The name of the key a token says it was signed with; nothing is verified yet.

    Errors: Unauthenticated for whatever cannot be a token of ours.
    """
    shape = _SHAPE.fullmatch(token)
    if shape is None:
        raise _invalid()
    try:
        header = jwt.utils.base64url_decode(shape.group(1))
        return msgspec.json.decode(header, type=Header).kid
    except (msgspec.MsgspecError, ValueError) as wrong:
        raise _invalid() from wrong


def verified(token: str, key: RSAPublicKey, now: int) -> Claims:
    """What a token claims, once its signature and its times hold. Errors: Unauthenticated."""
    try:
        found = jwt.decode(
            token, key, algorithms=[ALGORITHM], audience=ISSUER, issuer=ISSUER, options=_OPTIONS
        )
        claims = msgspec.convert(found, Claims)
    except (jwt.InvalidTokenError, msgspec.ValidationError) as wrong:
        raise _invalid() from wrong
    if not is_timely(claims, now):
        raise Unauthenticated("Expired JWT Token", code="expired_token")
    return claims


def is_timely(claims: Claims, now: int) -> bool:
    """Whether a token lives at `now` (microseconds), give or take the leeway, and not too long."""
    leeway = limits.jwt_leeway_seconds * SECOND
    starts = max(claims.iat, claims.iat if claims.nbf is None else claims.nbf) * SECOND
    lifetime = claims.exp - claims.iat
    return (
        starts <= now + leeway
        and now - leeway < claims.exp * SECOND
        and 0 < lifetime <= limits.jwt_lifetime_seconds_max
    )


def _invalid() -> Unauthenticated:
    return Unauthenticated("Invalid JWT Token", code="invalid_token")


def _shown(moment: int) -> str:
    return to_datetime(moment).isoformat(timespec="seconds")


def _context(kid: str) -> str:
    return "signing-key:" + kid
