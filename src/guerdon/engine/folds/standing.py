"""Standing: status, seller, point of sale, avatar of a member."""

from __future__ import annotations

from guerdon.engine.folds.fact import Fold

FOLDS: dict[str, Fold] = {}
CLEARED: tuple[str, ...] = ()
