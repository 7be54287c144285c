"""HTTP load: keep-alive clients in a closed loop, one request in flight each.

`wrk` drives when it is installed (Debian package `wrk`), through a generated Lua script; else our
own generator (`load_asyncio`), in a process of its own. Both read the same request file: one
request a line, `METHOD<TAB>PATH<TAB>BODY`; where a body holds `MARK`, each sending puts a number
of the same width in its place, so that no two bodies are equal.
"""

from __future__ import annotations

import itertools
import json
import shutil
import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench import process

MARK = "@@@@@@@@@@@@"  # twelve characters, replaced by a twelve-digit number
numbers_per_run = 100_000_000
_runs = itertools.count(1)


def next_number() -> int:
    """Where a run's numbers begin, so that no two runs send the same body."""
    return next(_runs) * numbers_per_run


SCRIPT = string.Template(
    """
local requests, index, number = {}, $first, $number
function init(args)
  for line in io.lines("$path") do
    local method, path, body = line:match("^([^\\t]*)\\t([^\\t]*)\\t(.*)$$")
    if body == "" then body = nil end
    local text = wrk.format(method, path, $headers, body)
    local from, to = text:find("$mark", 1, true)
    if from then
      table.insert(requests, {text:sub(1, from - 1), text:sub(to + 1)})
    else
      table.insert(requests, text)
    end
  end
end
function request()
  index = index % #requests + 1
  local entry = requests[index]
  if type(entry) == "string" then return entry end
  number = number + 1
  return entry[1] .. string.format("%012d", number) .. entry[2]
end
function done(summary, latency, all)
  local e = summary.errors
  io.write(string.format(
    '{"requests":%d,"microseconds":%d,"p50":%f,"p99":%f,"max":%f,"refused":%d,"broken":%d}\\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    latency.max, e.status, e.connect + e.read + e.write + e.timeout))
end
"""
)


@dataclass(frozen=True)
class Load:
    """What one run gave. `refused` counts answers above 399, `broken` socket errors."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    max_ms: float
    refused: int
    broken: int
    generator: str
    statuses: Mapping[str, int] = field(default_factory=dict)

    @property
    def per_second(self) -> float:
        """Accepted requests a second."""
        return (self.requests - self.refused) / self.seconds

    @property
    def sound(self) -> bool:
        """Whether every answer was a success."""
        return self.refused == 0 and self.broken == 0 and self.requests > 0

    def describe(self) -> str:
        """Latencies and failures in short."""
        trouble = "" if self.sound else f" REFUSED {self.refused} BROKEN {self.broken}"
        statuses = f" {dict(self.statuses)}" if trouble and self.statuses else ""
        return f"p50 {self.p50_ms:.1f} p99 {self.p99_ms:.1f} ms{trouble}{statuses}"


@dataclass(frozen=True)
class Requests:
    """A request file and the headers all its requests carry."""

    path: Path
    headers: Mapping[str, str]
    status: int  # of a success
    count: int = 0  # lines in the file

    @classmethod
    def write(
        cls,
        path: Path,
        lines: Iterable[tuple[str, str, str]],
        *,
        headers: Mapping[str, str],
        status: int,
    ) -> Requests:
        """Write (method, path, body) lines; bodies must hold no line break."""
        count = 0
        with path.open("w") as out:
            for method, target, body in lines:
                out.write(f"{method}\t{target}\t{body}\n")
                count += 1
        return cls(path, headers, status, count)

    def probe(self, port: int) -> None:
        """Send the first request once; Broken when its answer is not the expected success."""
        with self.path.open() as lines:
            method, target, body = lines.readline().rstrip("\n").split("\t")
        body = body.replace(MARK, f"{next_number():012d}")
        status, answer = process.request(
            port, method, target, body.encode() or None, dict(self.headers)
        )
        if status != self.status:
            raise process.Broken(f"{method} {target[:80]}: {status} {answer[:300]!r}")


def drive(port: int, requests: Requests, *, clients: int = 64, seconds: int = 2) -> Load:
    """Load the server for `seconds`; the first request is checked alone beforehand."""
    requests.probe(port)
    wrk = shutil.which("wrk")
    if wrk:
        return drive_wrk(wrk, port, requests, clients=clients, seconds=seconds)
    return drive_asyncio(port, requests, clients=clients, seconds=seconds)


def drive_wrk(wrk: str, port: int, requests: Requests, *, clients: int, seconds: int) -> Load:
    """Load by wrk: one thread, since the server needs the other core."""
    number = next_number()
    script = requests.path.with_suffix(".lua")
    headers = ",".join(f"[{json.dumps(k)}]={json.dumps(v)}" for k, v in requests.headers.items())
    script.write_text(
        SCRIPT.substitute(
            first=number // numbers_per_run * 7_919,
            number=number,
            path=requests.path,
            headers="{" + headers + "}",
            mark=MARK,
        )
    )
    url = f"http://{process.LOCAL}:{port}"
    command = [wrk, "-t1", f"-c{clients}", f"-d{seconds}s", "--timeout", "10s", "-s", str(script)]
    printed = process.run([*command, url])
    told = json.loads(printed.splitlines()[-1])
    return Load(
        requests=told["requests"],
        seconds=told["microseconds"] / 1e6,
        p50_ms=told["p50"] / 1e3,
        p99_ms=told["p99"] / 1e3,
        max_ms=told["max"] / 1e3,
        refused=told["refused"],
        broken=told["broken"],
        generator="wrk",
    )


def drive_asyncio(port: int, requests: Requests, *, clients: int, seconds: int) -> Load:
    """Load by our own generator, in a process of its own."""
    told = process.run_module(
        "load_asyncio",
        {
            "port": port,
            "path": str(requests.path),
            "headers": dict(requests.headers),
            "clients": clients,
            "seconds": seconds,
            "number": next_number(),
        },
    )
    return Load(**told, generator="asyncio")
