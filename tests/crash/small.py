"""Small bounds: what happens every few thousand commits happens every few."""

from __future__ import annotations

from collections.abc import Callable

from guerdon import limits
from guerdon.followers import index
from guerdon.store import activities, postings


def shrink(put: Callable[[object, str, object], None], *, checkpoint_pages: int = 60) -> None:
    """Checkpoints, packs and merges come often enough to be hit by a seeded crash.

    Checkpoints are made by the writer itself, so that the n-th operation is always the same.
    put: `monkeypatch.setattr` in a test, `setattr` in a process of its own.
    """
    put(limits, "wal_pages_round", checkpoint_pages)
    put(limits, "wal_pages_at_once_max", 1_000)
    put(limits, "index_tail_rows_max", 128)
    put(limits, "index_batch_rows_max", 128)
    put(limits, "clockwork_duties_max", 16)
    put(limits, "rules_slice_positions", 64)
    put(limits, "rules_slice_activities", 16)
    put(limits, "erasure_slice_rows", 4)
    put(activities, "BLOCK_POSITIONS", 64)
    put(index, "_BLOCK", 64)
    put(index, "_SLICE_ROWS", 32)
    put(index, "_SLICE_PACKS", 3)
    put(index, "_SLICE_MERGED_BYTES", 64)
    put(index, "_MERGE_EVERY", 2)
    put(postings, "PACKS_MAX", 2)
    put(postings, "_BUCKET_SHIFT", 2)
    put(postings, "_BUCKET_MASK", 3)
