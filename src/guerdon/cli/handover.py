"""What a worker is told by the process that starts it: one line of JSON on standard input.

The settings travel whole, so that a worker started later has the same ones, whatever has become of
the environment and the TOML file since; and on a pipe, because arguments and variables of a process
can be read by others. The pipe stays open: its end is the end of the parent.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from guerdon import config
from guerdon.config import Config

READY = b"ready\n"
"""What a worker says on standard output when it accepts connections."""


class Order(msgspec.Struct, frozen=True):
    """One worker's task.

    index:       0 to workers - 1; worker 0 also does what must be done once: deliveries, and with
                 PostgreSQL the followers.
    listener_fd: this worker's listening TCP socket, inherited.
    tally_fd:    the file all workers keep their counts in, inherited.
    risks:       what the operator has accepted about the storage.
    settings:    `as_texts` of the settings in force.
    """

    index: int
    workers: int
    listener_fd: int
    tally_fd: int
    risks: list[str]
    settings: dict[str, str]

    def config(self) -> Config:
        """The settings in force."""
        # An empty file in place of the usual one: nothing else may have a say.
        return config.load({"config": os.devnull, **self.settings}, {}, Path.cwd())


def as_texts(settings: Config) -> dict[str, str]:
    """Every setting as the text that gives it."""
    return {name: _text(getattr(settings, name)) for name in config.NAMES}


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bytes):
        return value.hex()
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
