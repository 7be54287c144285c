"""A store of each engine, with one committer and a clock that stands still."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from conformance.stores import Bench
from guerdon import limits
from guerdon.config import Config
from guerdon.engine import deletions
from guerdon.followers import index
from guerdon.store import activities, memory, postings


@pytest.fixture
def bench(config: Config) -> Iterator[Bench]:
    built = Bench(config)
    yield built
    built.close()


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks, packs and slices so small that a short history crosses all their borders."""
    for module in (activities, memory):
        monkeypatch.setattr(module, "BLOCK_POSITIONS", 16)
    monkeypatch.setattr(limits, "index_tail_rows_max", 48)
    monkeypatch.setattr(limits, "index_batch_rows_max", 48)
    monkeypatch.setattr(index, "_BLOCK", 16)
    monkeypatch.setattr(index, "_SLICE_ROWS", 8)
    monkeypatch.setattr(index, "_SLICE_PACKS", 1)
    monkeypatch.setattr(index, "_SLICE_MERGED_BYTES", 64)
    monkeypatch.setattr(index, "_MERGE_EVERY", 2)
    monkeypatch.setattr(postings, "PACKS_MAX", 3)
    monkeypatch.setattr(deletions, "_SLICE_POSITIONS", 8)
