"""Sealing: what is personal is encrypted under the member's own key.

A member's key is 32 random bytes, kept wrapped under the installation's secret key. Destroying the
wrapped key makes every fragment sealed under it unreadable for good, while the journal, its hash
chain and all balances stay as they are.

Source: AES-256-GCM (NIST SP 800-38D), 96-bit random nonces; the associated data binds a fragment to
        its tenant, member and position, so that it cannot be moved to another event.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from guerdon.clock import Clock
from guerdon.errors import DoesNotOpen, StoreError

_NONCE_BYTES = 12
_KEY_BYTES = 32
_CACHE_MAX = 50_000


class Vault:
    """Makes, wraps and uses members' keys.

    Errors: StoreError when a wrapped key or an installation's secret does not open (the secret key
            is a wrong one); DoesNotOpen when only what is sealed under a key does not.
    """

    def __init__(self, secret_key: bytes, clock: Clock) -> None:
        self._master = AESGCM(secret_key)
        self._clock = clock
        self._open: dict[bytes, AESGCM] = {}

    def new_key(self, tenant_id: int, number: int) -> bytes:
        """A fresh wrapped key for one member."""
        key = self._clock.secret(_KEY_BYTES)
        wrapped = self._encrypt(self._master, key, _key_context(tenant_id, number))
        self._remember(wrapped, AESGCM(key))
        return wrapped

    def seal(self, wrapped: bytes, tenant_id: int, number: int, context: str, text: str) -> bytes:
        """Encrypt `text` under a wrapped key; `context` must be given again to open it."""
        cipher = self._cipher(wrapped, tenant_id, number)
        return self._encrypt(cipher, text.encode(), context.encode())

    def unseal(
        self, wrapped: bytes, tenant_id: int, number: int, context: str, sealed: bytes
    ) -> str:
        """The text that was sealed."""
        cipher = self._cipher(wrapped, tenant_id, number)
        try:
            return _decrypted(cipher, sealed, context.encode()).decode()
        except InvalidTag as wrong:
            raise DoesNotOpen from wrong

    def require_opens(self, wrapped: bytes, tenant_id: int, number: int) -> None:
        """Refuse a wrapped key that does not open."""
        self._cipher(wrapped, tenant_id, number)

    def forget(self, wrapped: bytes) -> None:
        """Do not remember an opened key any longer: it was destroyed."""
        self._open.pop(wrapped, None)

    def lock(self, context: str, secret: bytes) -> bytes:
        """Encrypt an installation-wide secret, such as a signing key."""
        return self._encrypt(self._master, secret, context.encode())

    def unlock(self, context: str, locked: bytes) -> bytes:
        """The installation-wide secret that was locked."""
        return self._opened(locked, context.encode())

    def _cipher(self, wrapped: bytes, tenant_id: int, number: int) -> AESGCM:
        cipher = self._open.get(wrapped)
        if cipher is None:
            key = self._opened(wrapped, _key_context(tenant_id, number))
            cipher = AESGCM(key)
            self._remember(wrapped, cipher)
        return cipher

    def _remember(self, wrapped: bytes, cipher: AESGCM) -> None:
        if len(self._open) >= _CACHE_MAX:
            self._open.clear()
        self._open[wrapped] = cipher

    def _encrypt(self, cipher: AESGCM, plain: bytes, context: bytes) -> bytes:
        nonce = self._clock.secret(_NONCE_BYTES)
        return nonce + cipher.encrypt(nonce, plain, context)

    def _opened(self, locked: bytes, context: bytes) -> bytes:
        try:
            return _decrypted(self._master, locked, context)
        except InvalidTag as wrong:
            raise StoreError("a sealed key does not open: wrong secret key?") from wrong


def _decrypted(cipher: AESGCM, sealed: bytes, context: bytes) -> bytes:
    return cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], context)


def _key_context(tenant_id: int, number: int) -> bytes:
    return f"seal:{tenant_id}:{number}".encode()
