"""A database belongs to the secret key it was first opened with."""

from __future__ import annotations

import contextlib
from typing import Any

import msgspec
import pytest

from conformance.stores import FixedClock
from guerdon import bootstrap
from guerdon.config import Config
from guerdon.errors import Misconfigured
from guerdon.store import fitting
from guerdon.store.port import Store
from guerdon.store.vault import Vault

OTHER = bytes(range(1, 33))


@pytest.fixture
def store(config: Config) -> Store:
    made = bootstrap.open_store(config, FixedClock(), pytest.fail)
    made.migrate()
    return made


def test_a_database_belongs_to_the_first_key_that_may_write(config: Config, store: Store) -> None:
    other = msgspec.structs.replace(config, secret_key=OTHER)
    clock = FixedClock()
    bootstrap.require_key(store, other, clock)
    for _ in range(2):
        bootstrap.committer(config, store, clock).close()
        bootstrap.require_key(store, config, clock)
    with pytest.raises(Misconfigured, match="does not fit"):
        bootstrap.require_key(store, other, clock)
    with pytest.raises(Misconfigured, match="does not fit"):
        bootstrap.committer(other, store, clock)
    # Whoever was refused has let go.
    bootstrap.committer(config, store, clock).close()


def test_no_key_is_made_for_a_database_that_belongs_to_one(config: Config, store: Store) -> None:
    made = bootstrap.fresh_key(config)
    assert made is not None
    assert made != bootstrap.fresh_key(config)
    bootstrap.committer(config, store, FixedClock()).close()
    assert bootstrap.fresh_key(config) is None


@pytest.mark.parametrize(
    "config", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)
def test_of_two_processes_with_two_keys_the_second_is_refused(config: Config, store: Store) -> None:
    clock = FixedClock()
    ours, theirs = Vault(config.secret_key, clock), Vault(OTHER, clock)

    class Slow:
        """A writer before whose transaction another process comes."""

        def __init__(self, writer: Any) -> None:
            self._writer = writer

        def __getattr__(self, name: str) -> Any:
            return getattr(self._writer, name)

        def begin(self) -> None:
            with contextlib.closing(store.writer()) as other:
                fitting.settle(other, theirs)
            self._writer.begin()

    with contextlib.closing(store.writer()) as writer:
        with pytest.raises(Misconfigured, match="does not fit"):
            fitting.settle(Slow(writer), ours)
        fitting.require(writer, theirs)
