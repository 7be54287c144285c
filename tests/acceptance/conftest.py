"""Installations on each engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from acceptance.activity import populate
from acceptance.installation import ENGINES, ENGINES_SLOWLY, Installation, installed


@pytest.fixture(params=ENGINES)
def installation(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    """An empty installation of the test's own."""
    with installed(request.param, tmp_path) as made:
        yield made


@pytest.fixture(params=ENGINES_SLOWLY)
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    """An empty installation, for what the engines have little part in."""
    with installed(request.param, tmp_path) as made:
        yield made


class Populated(NamedTuple):
    """An installation in which something has happened, and the credentials used for it."""

    installation: Installation
    secrets: dict[str, str]


@pytest.fixture(scope="session", params=ENGINES)
def template(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Populated]:
    """One that stands still, to be copied."""
    with installed(request.param, tmp_path_factory.mktemp("template")) as made:
        with made.serving() as server:
            secrets = populate(made, server)
        yield Populated(made, secrets)


@pytest.fixture
def populated(template: Populated, tmp_path: Path) -> Iterator[Populated]:
    """A copy of the test's own."""
    with template.installation.copied(tmp_path) as made:
        yield Populated(made, template.secrets)


@pytest.fixture
def sqlite(tmp_path: Path) -> Installation:
    """An empty installation on SQLite, for what only one file has."""
    return Installation(tmp_path)
