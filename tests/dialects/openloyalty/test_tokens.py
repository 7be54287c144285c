"""Tokens under attack. Each attack starts from a token that holds."""

import base64
import hashlib
import hmac
import json

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from guerdon import limits
from guerdon.clock import SECOND, SystemClock
from guerdon.dialects.openloyalty import tokens
from guerdon.errors import StoreError, Unauthenticated
from guerdon.store.vault import Vault

NOW_SECONDS = 1_700_000_000
NOW = NOW_SECONDS * SECOND
VAULT = Vault(bytes(32), SystemClock())
ADMIN = tokens.Holder(
    id="a-1",
    tenant_id=1,
    username="admin",
    last_login_at=1_602_756_398_000_000,
    is_super=True,
)


@pytest.fixture(scope="module")
def command():
    return tokens.new_signing_key(SystemClock(), VAULT)


@pytest.fixture(scope="module")
def private(command):
    return tokens.private_key(VAULT, command.kid, command.sealed_pem)


@pytest.fixture(scope="module")
def token(command, private):
    return tokens.issued(ADMIN, command.kid, private, NOW)


@pytest.fixture
def accepts(command):
    """Whether a token is let in, looking its key up by name as the keyring does."""
    keys = {command.kid: tokens.public_key(command.public_pem)}

    def check(token, now=NOW):
        try:
            kid = tokens.kid_of(token)
            if kid not in keys:
                return False
            return tokens.verified(token, keys[kid], now).sub == "a-1"
        except Unauthenticated:
            return False

    return check


@pytest.fixture
def signed(command, private):
    """A token signed by the right key, with other claims or another header."""

    def sign(header=(), **changes):
        claims = {
            "iat": NOW_SECONDS,
            "exp": NOW_SECONDS + 3600,
            "sub": "a-1",
            "iss": "guerdon",
            "aud": "guerdon",
            "username": "admin",
            **changes,
        }
        claims = {name: value for name, value in claims.items() if value is not ...}
        head = {"alg": "RS256", "typ": "JWT", "kid": command.kid, **dict(header)}
        return raw_token(head, claims, private)

    return sign


def part(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")


def raw_token(header, claims, key):
    """Sign whatever is given, as a library that checks nothing would."""
    signing_input = part(header) + b"." + part(claims)
    algorithm = jwt.get_algorithm_by_name("RS256")
    return joined(signing_input, algorithm.sign(signing_input, key))


def joined(signing_input, signature):
    return (signing_input + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


def test_a_fresh_token_holds(token, accepts):
    assert accepts(token)


def test_a_token_says_what_open_loyaltys_say_and_whose_programme_it_is_of(token, command):
    claims = jwt.decode(token, options={"verify_signature": False})
    assert jwt.get_unverified_header(token) == {
        "alg": "RS256",
        "kid": command.kid,
        "typ": "JWT",
    }
    assert claims == {
        "iat": NOW_SECONDS,
        "exp": NOW_SECONDS + 86_400,
        "iss": "guerdon",
        "aud": "guerdon",
        "sub": "a-1",
        "id": "a-1",
        "username": "admin",
        "roles": ["ROLE_ADMIN", "ROLE_USER"],
        "lastLoginAt": "2020-10-15T10:06:38+00:00",
        "permissions": {},
        "superAdmin": True,
        "programme": 1,
    }


def test_the_private_key_is_kept_locked(command, private):
    pem = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    assert pem not in command.sealed_pem
    assert b"PRIVATE KEY" not in command.sealed_pem
    with pytest.raises(StoreError):
        tokens.private_key(Vault(bytes([1]) * 32, SystemClock()), command.kid, command.sealed_pem)
    with pytest.raises(StoreError):
        tokens.private_key(VAULT, "another-kid", command.sealed_pem)


@pytest.mark.parametrize("alg", ["none", "NoNe", "HS256", "RS512", "ES256", "", None, 7, []])
def test_no_other_algorithm_is_even_named(alg, signed, accepts):
    assert not accepts(signed({"alg": alg}))


def test_an_unsigned_token_is_refused(command, accepts):
    header = {"alg": "none", "typ": "JWT", "kid": command.kid}
    claims = {"iat": NOW_SECONDS, "exp": NOW_SECONDS + 60, "sub": "a-1", "aud": "guerdon"}
    unsigned = (part(header) + b"." + part(claims)).decode()
    assert not accepts(unsigned + ".")
    assert not accepts(unsigned)


@pytest.mark.parametrize("alg", ["HS256", "RS256"])
def test_the_public_key_is_no_shared_secret(alg, token, command, accepts):
    header = {"alg": alg, "typ": "JWT", "kid": command.kid}
    signing_input = part(header) + b"." + token.split(".")[1].encode()
    signature = hmac.new(command.public_pem.encode(), signing_input, hashlib.sha256).digest()
    assert not accepts(joined(signing_input, signature))


def test_another_key_does_not_sign_for_ours(command, accepts, token):
    stranger = rsa.generate_private_key(65_537, 2048)
    claims = jwt.decode(token, options={"verify_signature": False})
    header = {"alg": "RS256", "typ": "JWT", "kid": command.kid}
    assert not accepts(raw_token(header, claims, stranger))
    elliptic = jwt.encode(
        claims,
        ec.generate_private_key(ec.SECP256R1()),
        algorithm="ES256",
        headers={"kid": command.kid},
    )
    assert not accepts(elliptic)


@pytest.mark.parametrize("position", [0, 1, 2])
def test_a_changed_part_breaks_the_signature(position, token, accepts):
    parts = token.split(".")
    middle = len(parts[position]) // 2
    changed = "A" if parts[position][middle] != "A" else "B"
    parts[position] = parts[position][:middle] + changed + parts[position][middle + 1 :]
    assert not accepts(".".join(parts))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda token: token + ".",
        lambda token: "." + token,
        lambda token: token + ".x",
        lambda token: token.rpartition(".")[0] + ".",
        lambda token: token.replace(".", ".."),
        lambda token: token + "=",
        lambda token: token + "\n",
        lambda token: " " + token,
        lambda _: "",
        lambda _: "..",
        lambda _: "a.b.c",
        lambda _: part(None).decode() + ".a.a",
        lambda _: part([[]]).decode() + ".a.a",
        lambda _: base64.urlsafe_b64encode(b"[" * 9_000).decode().rstrip("=") + ".a.a",
        lambda _: base64.urlsafe_b64encode(b"\xff\xfe").decode().rstrip("=") + ".a.a",
    ],
)
def test_what_has_not_the_shape_of_a_token_is_refused(spoil, token, accepts):
    assert not accepts(spoil(token))


@pytest.mark.parametrize(
    "extra",
    [
        {"crit": ["exp"]},
        {"b64": False},
        {"jku": "https://attacker.example/keys"},
        {"x5u": "https://attacker.example/cert"},
        {"jwk": {"kty": "RSA", "n": "AQAB", "e": "AQAB"}},
        {"typ": "JOSE"},
        {"cty": "JWT"},
    ],
)
def test_a_header_with_more_in_it_is_refused_even_when_signed(extra, signed, accepts):
    assert accepts(signed())
    assert not accepts(signed(extra))


@pytest.mark.parametrize(
    "kid",
    [
        "unknown",
        "../../etc/passwd",
        "' OR 1=1 --",
        "x" * 10_240,
        "",
        None,
        7,
        ["a"],
        {"kid": "a"},
    ],
)
def test_a_kid_is_a_name_to_look_up_and_nothing_else(kid, signed, accepts):
    assert not accepts(signed({"kid": kid}))


@pytest.mark.parametrize("missing", ["exp", "iat", "sub", "iss", "aud"])
def test_every_claim_that_matters_is_required(missing, signed, accepts):
    assert not accepts(signed(**{missing: ...}))


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": NOW_SECONDS - 3600},
        {"exp": str(NOW_SECONDS + 3600)},
        {"exp": NOW_SECONDS + 3600.5},
        {"exp": True},
        {"exp": None},
        {"exp": 10**30},
        {"exp": -(10**30)},
        {"exp": NOW_SECONDS + limits.jwt_lifetime_seconds_max + 1},
        {"exp": NOW_SECONDS, "iat": NOW_SECONDS},
        {"iat": NOW_SECONDS + 3600, "exp": NOW_SECONDS + 7200},
        {"iat": str(NOW_SECONDS)},
        {"iat": -(10**30)},
        {"nbf": NOW_SECONDS + 3600},
        {"nbf": "soon"},
        {"nbf": 10**30},
        {"iss": "somebody"},
        {"iss": ["guerdon"]},
        {"iss": None},
        {"aud": "another"},
        {"aud": ["another"]},
        {"aud": []},
        {"aud": 7},
        {"sub": 7},
        {"sub": None},
        {"username": 7},
    ],
)
def test_a_signed_token_with_a_wrong_claim_is_refused(claims, signed, accepts):
    assert not accepts(signed(**claims))


def test_we_may_be_one_of_several_audiences(signed, accepts):
    assert accepts(signed(aud=["another", "guerdon"]))


def test_a_token_lives_thirty_seconds_longer_for_clocks_that_differ(signed, accepts):
    lived = signed(iat=NOW_SECONDS - 60, exp=NOW_SECONDS)
    assert accepts(lived, NOW + 29 * SECOND)
    assert not accepts(lived, NOW + 30 * SECOND)
    assert not accepts(lived, NOW + 31 * SECOND)


def test_a_token_from_the_near_future_is_let_in(signed, accepts):
    early = signed(iat=NOW_SECONDS, nbf=NOW_SECONDS)
    assert accepts(early, NOW - 30 * SECOND)
    assert not accepts(early, NOW - 31 * SECOND)
