"""Invitations and referral tokens."""

from __future__ import annotations

from guerdon.engine.folds.fact import Fold

FOLDS: dict[str, Fold] = {}
CLEARED: tuple[str, ...] = ()
