"""What is sealed opens for whom it was sealed, and for nobody and nowhere else."""

from __future__ import annotations

import pytest

from guerdon.clock import SystemClock
from guerdon.errors import StoreError
from guerdon.store.vault import Vault

TEXT = '{"name":"Zoë 🎁"}'


@pytest.fixture
def vault() -> Vault:
    return Vault(bytes(range(32)), SystemClock())


def test_what_is_sealed_opens_again(vault: Vault) -> None:
    key = vault.new_key(1, 2)
    sealed = vault.seal(key, 1, 2, "decision:3", TEXT)
    assert vault.unseal(key, 1, 2, "decision:3", sealed) == TEXT
    again = Vault(bytes(range(32)), SystemClock())
    assert again.unseal(key, 1, 2, "decision:3", sealed) == TEXT
    assert TEXT.encode() not in sealed


@pytest.mark.parametrize(
    ("tenant_id", "number", "context"),
    [(9, 2, "decision:3"), (1, 9, "decision:3"), (1, 2, "decision:4")],
)
def test_what_was_moved_elsewhere_does_not_open(
    vault: Vault, tenant_id: int, number: int, context: str
) -> None:
    key = vault.new_key(1, 2)
    sealed = vault.seal(key, 1, 2, "decision:3", TEXT)
    fresh = Vault(bytes(range(32)), SystemClock())
    with pytest.raises(StoreError, match="does not open"):
        fresh.unseal(key, tenant_id, number, context, sealed)


def test_another_secret_key_opens_nothing(vault: Vault) -> None:
    key = vault.new_key(1, 2)
    sealed = vault.seal(key, 1, 2, "x", TEXT)
    with pytest.raises(StoreError):
        Vault(bytes(32), SystemClock()).unseal(key, 1, 2, "x", sealed)


@pytest.mark.parametrize("place", [0, 5, 12, 20, -1])
def test_a_changed_byte_opens_nothing(vault: Vault, place: int) -> None:
    key = vault.new_key(1, 2)
    sealed = bytearray(vault.seal(key, 1, 2, "x", TEXT))
    sealed[place] ^= 1
    with pytest.raises(StoreError):
        vault.unseal(key, 1, 2, "x", bytes(sealed))


def test_no_two_seals_are_alike(vault: Vault) -> None:
    key = vault.new_key(1, 2)
    sealed = {vault.seal(key, 1, 2, "x", TEXT) for _ in range(10_000)}
    assert len({each[:12] for each in sealed}) == 10_000
    assert vault.new_key(1, 2) != vault.new_key(1, 2)


@pytest.mark.slow
def test_a_million_seals_under_one_key_have_a_nonce_each() -> None:
    """A key seals at most one part of each decision; 96 random bits are safe for 2**32 of them."""
    vault = Vault(bytes(range(32)), SystemClock())
    key = vault.new_key(1, 2)
    assert len({vault.seal(key, 1, 2, "x", "")[:12] for _ in range(1_000_000)}) == 1_000_000


def test_an_installations_own_secret_is_locked_under_its_name(vault: Vault) -> None:
    locked = vault.lock("signing:1", b"secret")
    assert vault.unlock("signing:1", locked) == b"secret"
    with pytest.raises(StoreError):
        vault.unlock("signing:2", locked)
