"""One run of the benchmark: its folders, its lengths, and what its figures share."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bench import postgres, process

FOLDER = process.TESTS.parent / "build" / "bench"
members_count = 10_000


@dataclass
class Session:
    """How long to measure, and where. `repeats` is the n of every median."""

    quick: bool = False
    rows: int = 10_000_000  # of the big journal
    seconds: int = 4
    repeats: int = 3
    folder: Path = FOLDER
    closing: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    _cluster: postgres.Cluster | None = None

    @classmethod
    def of_length(cls, *, quick: bool, rows: int) -> Session:
        """A full run, or a quick one that only shows the direction."""
        FOLDER.mkdir(parents=True, exist_ok=True)
        seconds, repeats = (1, 1) if quick else (4, 3)
        return cls(quick=quick, rows=rows, seconds=seconds, repeats=repeats)

    @property
    def cluster(self) -> postgres.Cluster:
        """The run's PostgreSQL, started when first asked for."""
        if self._cluster is None:
            self._cluster = self.closing.enter_context(postgres.Cluster())
        return self._cluster

    @contextlib.contextmanager
    def scratch(self) -> Iterator[Path]:
        """A folder for one figure, on the disk of the checkout; removed afterwards."""
        folder = Path(tempfile.mkdtemp(prefix="figure-", dir=self.folder))
        try:
            yield folder
        finally:
            shutil.rmtree(folder)

    def close(self) -> None:
        """Stop what the figures shared."""
        self.closing.close()
