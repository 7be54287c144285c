"""The list of forgotten members and the database, compared at the start."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from guerdon.engine import forgotten
from guerdon.store.forgotten import Forgotten

MANY = [Forgotten("demo", f"member-{number}", number, deleted=True) for number in range(300)]


class Lines(list[Forgotten]):
    """Lines that know how often all of them were looked at."""

    looks = 0

    def __iter__(self) -> Iterator[Forgotten]:
        self.looks += 1
        return super().__iter__()


def test_a_long_list_is_not_looked_at_for_each_of_its_lines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines, added = Lines(MANY[:-1]), []
    monkeypatch.setattr(forgotten.forgotten, "everybody", lambda _rows: MANY)
    register: Any = SimpleNamespace(all=lambda: lines, add=added.extend)
    committer: Any = SimpleNamespace(writer=None)
    assert forgotten.agree(committer, register) == 0
    assert added == MANY[-1:]
    assert lines.looks <= 2
