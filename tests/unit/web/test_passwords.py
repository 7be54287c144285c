import asyncio

import pytest
from argon2 import PasswordHasher

from guerdon import errors, limits
from guerdon.web import passwords
from guerdon.web.passwords import PasswordChecks, is_password, password_hash


@pytest.fixture(scope="module")
def stored():
    return password_hash("open sesame")


def test_a_password_is_kept_as_argon2id(stored):
    """With 64 MiB and three passes: RFC 9106's second recommended option."""
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert "open" not in stored


def test_only_the_same_password_is_right(stored):
    assert is_password(stored, "open sesame")
    assert not is_password(stored, "open sesame ")


@pytest.mark.parametrize("password", ["", "x" * (limits.password_chars_max + 1)])
def test_an_empty_or_endless_password_is_not_hashed(password):
    with pytest.raises(errors.Refused) as refused:
        password_hash(password)
    assert refused.value.code == "invalid_password"


def test_an_endless_password_is_wrong_without_being_hashed(stored):
    assert not is_password(stored, "x" * (limits.password_chars_max + 1))


def test_nobody_costs_as_much_as_somebody(stored):
    """The same parameters, so the same work; a change of defaults must change both."""
    assert not PasswordHasher().check_needs_rehash(passwords.NOBODY)
    assert (
        passwords.NOBODY.rpartition("$")[0].rpartition("$")[0]
        == (stored.rpartition("$")[0].rpartition("$")[0])
    )


def test_nobody_has_no_password(stored):
    async def checked():
        checks = PasswordChecks()
        return await checks.check(None, "open sesame"), await checks.check(stored, "open sesame")

    assert asyncio.run(checked()) == (False, True)


def test_too_many_waiting_checks_are_refused(stored):
    async def crowd():
        checks = PasswordChecks()
        checks._waiting = limits.password_checks_waiting_max
        with pytest.raises(errors.StoreBusy):
            await checks.check(stored, "open sesame")
        return checks._waiting

    assert asyncio.run(crowd()) == limits.password_checks_waiting_max
