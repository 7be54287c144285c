"""One secret key for one database: another, or none, is refused before anything happens."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from acceptance.conftest import Populated
from acceptance.installation import Installation

MEMBER = ("member", "create", "--tenant", "demo", "--email")
COMMANDS = (
    ("tenant", "create", "shop"),
    (*MEMBER, "c@d.example"),
    ("setting", "list", "--tenant", "demo", "--reveal"),
    ("rebuild",),
    ("migrate",),
    ("serve", "--port", "0"),
    ("demo", "--port", "0"),
    ("doctor",),
)


def _key(installation: Installation) -> Path:
    return installation.data / "secret.key"


def _names(installation: Installation) -> list[str]:
    return sorted(os.listdir(installation.data))  # noqa: PTH208 - names, hidden ones too


def _sealed(installation: Installation) -> list[tuple[int, int]]:
    return installation.rows("SELECT tenant_id, number FROM seal ORDER BY tenant_id, number")


def _decisions(installation: Installation) -> int:
    return int(installation.rows("SELECT count(*) FROM decision")[0][0])


def test_a_missing_key_is_not_made_again(either: Installation) -> None:
    either.tenant()
    either.told(*MEMBER, "a@b.example")
    good = _key(either).rename(either.folder / "good")
    names, decided = _names(either), _decisions(either)
    for words in COMMANDS:
        assert "secret.key is missing" in either.refused(*words), words
    assert (_names(either), _decisions(either)) == (names, decided)
    good.rename(_key(either))
    either.told(*MEMBER, "c@d.example")
    assert either.told("rebuild")["decisions"]["demo"] == _decisions(either)


def test_another_key_is_refused(either: Installation) -> None:
    either.tenant()
    either.told(*MEMBER, "a@b.example")
    sealed, decided = _sealed(either), _decisions(either)
    either.environ["GUERDON_SECRET_KEY"] = "ab" * 32
    for words in COMMANDS:
        assert "the secret key does not fit the database" in either.refused(*words), words
    assert (_sealed(either), _decisions(either)) == (sealed, decided)
    del either.environ["GUERDON_SECRET_KEY"]
    with either.serving():
        either.environ["GUERDON_SECRET_KEY"] = "ab" * 32
        assert "does not fit" in either.refused(*MEMBER, "c@d.example")
        del either.environ["GUERDON_SECRET_KEY"]
        either.told(*MEMBER, "c@d.example")


def test_a_database_in_use_and_a_new_data_folder_are_refused_together(
    installation: Installation,
) -> None:
    installation.tenant()
    url = installation.database_url or f"sqlite:///{installation.database}"
    other = Installation(installation.folder / "other", url)
    other.folder.mkdir()
    assert "secret.key is missing" in other.refused("tenant", "list")
    assert not other.data.exists()


def test_a_database_belongs_to_a_key_before_anything_personal_is_in_it(
    sqlite: Installation,
) -> None:
    sqlite.tenant()
    assert _sealed(sqlite) == [(0, 0)]
    _key(sqlite).unlink()
    assert "secret.key is missing" in sqlite.refused(*MEMBER, "a@b.example")


def test_a_database_of_an_earlier_release_keeps_its_key(populated: Populated) -> None:
    installation = populated.installation
    installation.change("DELETE FROM seal WHERE tenant_id = 0")
    installation.environ["GUERDON_SECRET_KEY"] = "ab" * 32
    assert "does not fit" in installation.refused("tenant", "create", "shop")
    del installation.environ["GUERDON_SECRET_KEY"]
    installation.told("tenant", "create", "shop")
    assert (0, 0) in _sealed(installation)


@pytest.mark.parametrize("words", [("config", "show"), ("doctor",)])
def test_who_only_looks_makes_no_key(sqlite: Installation, words: tuple[str, ...]) -> None:
    sqlite.run(*words)
    assert not _key(sqlite).exists()


def test_a_backup_needs_no_key(sqlite: Installation) -> None:
    sqlite.tenant()
    _key(sqlite).unlink()
    sqlite.told("backup", str(sqlite.folder / "b.db"))
    assert not _key(sqlite).exists()


@pytest.mark.parametrize("harm", [lambda key: key.chmod(0o644), lambda key: key.write_text("-")])
def test_a_key_that_cannot_be_read_is_not_asked_for_where_none_is_needed(
    sqlite: Installation, harm: Callable[[Path], None]
) -> None:
    sqlite.tenant()
    harm(_key(sqlite))
    assert "secret.key" in sqlite.refused("tenant", "list")
    assert "secret.key" in sqlite.refused("doctor")
    assert sqlite.told("config", "show")["settings"]
    assert sqlite.told("backup", "copy.db")["bytes"]
