"""Moves of a game that wait, with what is expected of each, until one commit carries them out."""

from __future__ import annotations

from collections.abc import Callable

from conformance.stores import Bench
from guerdon.engine import commands
from guerdon.errors import GuerdonError


class Moves:
    """A game's waiting commands; `together_max` of them do not wait for more."""

    together_max = 1_000_000

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self._waiting: list[tuple[commands.Command, str, Callable[[str], None]]] = []

    def send_moves(self) -> None:
        """Carry out what is waiting, in one commit."""
        waiting, self._waiting = self._waiting, []
        outcomes = self.bench.together(*(command for command, _, _ in waiting))
        for (command, expected, keep), outcome in zip(waiting, outcomes, strict=True):
            refused = outcome.code if isinstance(outcome, GuerdonError) else ""
            assert refused == expected, command
            if not refused:
                keep(getattr(outcome, "transfer_id", ""))

    def _do(
        self,
        command: commands.Command,
        expected: str,
        keep: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._waiting.append((command, expected, keep))
        if len(self._waiting) >= self.together_max:
            self.send_moves()
