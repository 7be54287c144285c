"""What the system refuses beside SQLite is told as what it is."""

from __future__ import annotations

import errno

import pytest

from guerdon.store.sqlite.trouble import of_system


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.EROFS, "store_read_only"),
        (errno.EACCES, "store_read_only"),
        (errno.ENOSPC, "store_full"),
        (errno.EDQUOT, "store_full"),
        (errno.ENOENT, "store_unavailable"),
    ],
)
def test_a_refusal_of_the_system_in_our_words(number: int, code: str) -> None:
    told = of_system(OSError(number, "because", "data/guerdon.db.lock"))
    assert (told.code, told.message) == (code, "data/guerdon.db.lock: because")
    assert of_system(OSError(number, "because")).message == "because"
