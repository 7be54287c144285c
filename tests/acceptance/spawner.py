"""Runs commands as processes of their own without importing everything for each.

A child process has imported the command line; for every command it forks, and the fork gets the
environment, the folder and the standard streams that a shell would give it.
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from guerdon.cli.main import main

_TESTS = Path(__file__).parents[1]


class Spawner:
    """The child, and the way to it."""

    def __init__(self) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-m", "acceptance.spawner"],
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(_TESTS), *sys.path])},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(
        self,
        words: Sequence[str],
        *,
        environ: Mapping[str, str],
        folder: Path,
        streams: Path,
        patience_seconds: float,
    ) -> int:
        """Run `guerdon` with these words; its exit code.

        Standard input is read from, and output written to, the files `in`, `out` and `err` in the
        folder `streams`.
        """
        order = {
            "words": ["guerdon", *words],
            "environ": dict(environ),
            "folder": str(folder),
            "streams": str(streams),
        }
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        guard = threading.Timer(patience_seconds, self._child.kill)
        guard.start()
        try:
            print(json.dumps(order), file=self._child.stdin, flush=True)
            return int(self._child.stdout.readline())
        finally:
            guard.cancel()

    def close(self) -> None:
        """End the child."""
        with self._child:
            self._child.stdin.close()  # type: ignore[union-attr]


@functools.cache
def spawner() -> Spawner:
    """The session's spawner, started on first use."""
    started = Spawner()
    atexit.register(started.close)
    return started


def _serve() -> None:
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _run(order)
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _run(order: dict[str, object]) -> None:
    """Become the command."""
    streams = Path(str(order["streams"]))
    for number, name, flags in (
        (0, "in", os.O_RDONLY),
        (1, "out", os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
        (2, "err", os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
    ):
        descriptor = os.open(streams / name, flags, 0o600)
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.environ.clear()
    os.environ.update(order["environ"])  # type: ignore[call-overload]
    os.chdir(str(order["folder"]))
    sys.argv = list(order["words"])  # type: ignore[call-overload]
    code: object = 0
    try:
        main()
    except SystemExit as ended:
        code = ended.code
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 1)


if __name__ == "__main__":
    _serve()
