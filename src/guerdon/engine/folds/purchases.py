"""Purchases and returns, and whom they belong to."""

from __future__ import annotations

from guerdon.engine.folds.fact import Fold

FOLDS: dict[str, Fold] = {}
CLEARED: tuple[str, ...] = ()
