"""Which migrations are applied, and when a database is left alone."""

from __future__ import annotations

import pytest

from guerdon.errors import Unsafe
from guerdon.store import migrations
from guerdon.store.migrations import Migration


def made(*names: str) -> list[Migration]:
    return [Migration(name, name.split("_")[1], "") for name in names]


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_an_engines_own_files_stand_among_the_portable_ones_in_order(engine: str) -> None:
    names = [migration.name for migration in migrations.known(engine)]
    assert names == sorted(names)
    assert names[:2] == ["0001_pre_foundation", "0002_pre_append_only"]
    assert all(migration.text for migration in migrations.known(engine))


def test_what_is_applied_is_not_applied_again() -> None:
    names = [migration.name for migration in migrations.known("sqlite")]
    assert [each.name for each in migrations.missing("sqlite", set())] == names
    assert [each.name for each in migrations.missing("sqlite", set(names[:1]))] == names[1:]
    assert migrations.missing("sqlite", set(names)) == []


def test_a_database_of_a_newer_release_is_refused() -> None:
    with pytest.raises(Unsafe, match="9999_pre_future"):
        migrations.missing("sqlite", {"9999_pre_future"})


def test_before_the_switch_only_the_leading_safe_parts_are_applied() -> None:
    some = made("1_pre_a", "2_pre_b", "3_post_c", "4_pre_d")
    assert migrations.up_to(some, "pre") == some[:2]
    assert migrations.up_to(some, "post") == some
    assert migrations.up_to(made("1_post_a", "2_pre_b"), "pre") == []
