"""Child processes: every comparator, peer and product runs in one of its own.

A child inherits this interpreter; modules of this folder are run as `python -m bench.NAME`.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

TESTS = Path(__file__).resolve().parents[1]
start_seconds_max = 120.0
stop_seconds_max = 60.0
LOCAL = "127.0.0.1"


class Broken(Exception):
    """A child did not do what the measurement needs; the message says what it printed."""


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment, with this folder importable as `bench`."""
    merged = {name: value for name, value in os.environ.items() if not name.startswith("GUERDON_")}
    merged["PYTHONPATH"] = str(TESTS)
    merged.update(extra or {})
    return merged


def run(
    command: Sequence[str], *, env: Mapping[str, str] | None = None, stdin: str | None = None
) -> str:
    """Run a command to its end; returns its standard output. Broken when it exits non-zero."""
    done = subprocess.run(
        command, env=environment(env), input=stdin, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise Broken(f"{' '.join(command)[:300]}: exit {done.returncode}: {done.stderr[-2000:]}")
    return done.stdout


def run_module(
    name: str, options: Mapping[str, object], *, env: Mapping[str, str] | None = None
) -> Any:
    """Run `python -m bench.NAME` with its options as one JSON argument; returns its JSON answer."""
    command = [sys.executable, "-m", f"bench.{name}", json.dumps(options)]
    return json.loads(run(command, env=env).splitlines()[-1])


def free_port() -> int:
    """A TCP port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind((LOCAL, 0))
        return int(probe.getsockname()[1])


class Server:
    """A child that listens on a local TCP port.

    Its output goes to `log`. `start` returns once it accepts connections; `stop` asks it to end
    (SIGTERM) and insists (SIGKILL) only after `stop_seconds_max`.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        port: int,
        log: Path,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.command = list(command)
        self.env = dict(env or {})
        self.port = port
        self.log = log
        self.child: subprocess.Popen[bytes] | None = None
        self.seconds_to_listen = 0.0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start the child and wait until its port accepts."""
        began = time.perf_counter()
        with self.log.open("ab") as out:
            self.child = subprocess.Popen(
                self.command,
                env=environment(self.env),
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        while not self.accepts():
            if self.child.poll() is not None:
                raise Broken(f"{self.command[:4]} ended at start: {self.log_tail()}")
            if time.perf_counter() - began > start_seconds_max:
                self.stop()
                raise Broken(f"{self.command[:4]} does not listen: {self.log_tail()}")
            time.sleep(0.01)
        self.seconds_to_listen = time.perf_counter() - began

    def accepts(self) -> bool:
        """Whether the port takes a connection now."""
        with socket.socket() as probe:
            probe.settimeout(0.5)
            return probe.connect_ex((LOCAL, self.port)) == 0

    def stop(self) -> int:
        """End the child; returns its exit code."""
        if self.child is None:
            return 0
        child, self.child = self.child, None
        child.send_signal(signal.SIGTERM)
        try:
            return child.wait(stop_seconds_max)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            return child.wait()

    @property
    def pid(self) -> int:
        """The child's process id."""
        if self.child is None:
            raise Broken("not running")
        return self.child.pid

    def log_tail(self) -> str:
        """The end of what the child printed."""
        return self.log.read_text(errors="replace")[-2000:]


def request(
    port: int, method: str, path: str, body: bytes | None = None, headers: Any = None
) -> tuple[int, bytes]:
    """One request on a connection of its own: (status, body)."""
    connection = http.client.HTTPConnection(LOCAL, port, timeout=30)
    try:
        connection.request(method, path, body, dict(headers or {}))
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()
