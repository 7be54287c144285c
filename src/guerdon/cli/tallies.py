"""The counts of all workers, kept in one file without a name that each of them has open.

Every worker counts its own answers; whoever is asked for metrics adds all of them up, so that it
does not matter which worker is asked. A worker that is started again goes on where the one before
it stopped, so that no count ever goes back.

A slot is a length, a checksum and MessagePack. A reader that meets a slot while it is being written
sees a wrong checksum and takes what it read there the time before.
"""

from __future__ import annotations

import mmap
import os
import struct
import tempfile
import zlib
from collections import Counter
from pathlib import Path

import msgspec

from guerdon import limits

Counts = Counter[tuple[str, int]]
"""(room, status) -> answers."""

_HEAD = struct.Struct("<II")
_decode = msgspec.msgpack.Decoder(list[tuple[str, int, int]]).decode
_READINGS_MAX = 100


def create(workers: int) -> int:
    """A file with a slot for each worker; its descriptor, to be inherited."""
    file, name = tempfile.mkstemp(prefix="guerdon-tally-")
    Path(name).unlink()
    os.ftruncate(file, workers * limits.tally_bytes_max)
    return file


class Tallies:
    """One worker's view: its own slot, and everybody's sum."""

    def __init__(self, file: int, index: int, workers: int) -> None:
        self._map = mmap.mmap(file, workers * limits.tally_bytes_max)
        self._index = index
        self._read: list[Counts] = [Counter() for _ in range(workers)]
        self._before = self._slot(index)

    def publish(self, counts: Counts) -> None:
        """Show what this worker has counted since it started."""
        whole = self._before + counts
        content = msgspec.msgpack.encode([(*key, total) for key, total in sorted(whole.items())])
        if len(content) > limits.tally_bytes_max - _HEAD.size:
            return
        head = _HEAD.pack(len(content), zlib.crc32(content))
        start = self._index * limits.tally_bytes_max
        self._map[start : start + _HEAD.size + len(content)] = head + content

    def total(self) -> Counts:
        """The answers of all workers since the server started."""
        self._read = [self._slot(index) for index in range(len(self._read))]
        return sum(self._read, Counter())

    def _slot(self, index: int) -> Counts:
        start = index * limits.tally_bytes_max
        for _ in range(_READINGS_MAX):
            length, checksum = _HEAD.unpack_from(self._map, start)
            if length == 0:
                return Counter()
            content = self._map[start + _HEAD.size : start + _HEAD.size + length]
            if zlib.crc32(content) == checksum:
                return Counter({(room, status): total for room, status, total in _decode(content)})
        return self._read[index]
