"""The committer in this process, driven as the server drives it: a group, upkeep, a slice of work.

Also the endless activities it is fed: two hundred thousand members, twenty types of which the
first is a fifth of all, times that follow positions but for some that arrive late.
"""

from __future__ import annotations

import hashlib
import itertools
import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bench import bodies, process
from bench.bodies import Member
from guerdon import bootstrap, config
from guerdon.clock import DAY, Clock, SystemClock
from guerdon.engine.commands import (
    AddActivityType,
    Append,
    Command,
    Ingest,
    Item,
    RegisterMember,
    ReplayKey,
    Row,
)
from guerdon.errors import GuerdonError
from guerdon.followers.background import Upkeep
from guerdon.limits import batch_replay_hours
from guerdon.store import activities

began_at = 1_735_689_600_000_000  # 2025-01-01, microseconds
step = 2_592_000  # between two activities: ten million take three hundred days
jitter = 3_600_000_000
late_share, late_max = 0.01, 7 * DAY
common_share = 0.2  # of the first type
registrations_per_group = 200
look_seconds = 0.1  # by then the background work looks again at what is new
replay_seconds = batch_replay_hours * 3_600


class Driver:
    """A committer over the data folder of a product that does not run."""

    def __init__(self, folder: Path, clock: Clock | None = None) -> None:
        settings = config.load({"data_dir": str(folder)}, {}, folder)
        clock = clock or SystemClock()
        self.store = bootstrap.open_store(settings, clock, print)
        self.store.migrate()
        self.committer = bootstrap.committer(settings, self.store, clock)
        self.upkeep = Upkeep()

    def close(self) -> None:
        """Let go of the store."""
        self.committer.close()

    def commit(self, commands: Sequence[Command]) -> list[Any]:
        """The answers of one group; a refusal is raised."""
        outcomes = self.committer.run(commands)
        for each in outcomes:
            if isinstance(each, GuerdonError):
                raise process.Broken(f"the committer refused: {each!r}")
        return outcomes

    def between(self, *, busy: bool) -> bool:
        """What the server does after a group (`busy`) or when idle; True: there is more."""
        self.committer.maintain()
        return self.upkeep.slice(self.committer, busy=busy)

    def catch_up(self) -> None:
        """Do all background work there is."""
        time.sleep(look_seconds)
        self.work_off()
        self.upkeep.settle(self.committer)

    def work_off(self) -> None:
        """Do the background work that is known of, as an idle server does."""
        while self.between(busy=False):
            pass

    def last(self, tenant_id: int) -> int:
        """The newest position."""
        return activities.last_position(self.committer.writer, tenant_id)

    def tail(self, tenant_id: int) -> int:
        """How many activities are not packed yet."""
        return self.last(tenant_id) - activities.indexed(self.committer.writer, tenant_id)

    def prepare(self, tenant_id: int, members: Sequence[Member]) -> None:
        """Register the members, in order of their numbers, and add the types."""
        self.commit([AddActivityType(tenant_id, 0, name) for name in bodies.TYPES])
        for start in range(0, len(members), registrations_per_group):
            self.commit(
                [
                    RegisterMember(tenant_id, 0, (("external", m.external), ("token", m.token)))
                    for m in members[start : start + registrations_per_group]
                ]
            )
            self.between(busy=True)

    def type_ids(self, tenant_id: int, member: Member) -> tuple[int, tuple[int, ...]]:
        """The head's version and the ids of `bodies.TYPES`, told by one small batch of a member."""
        who = (("external", member.external),)
        items = tuple(Item(name, who, began_at, None) for name in bodies.TYPES)
        named = self.commit([Ingest(tenant_id, 0, "conscent", items)])[0].names
        return named.version, named.type_ids


class Source:
    """Endless ready batches from a position on; the same position gives the same batch."""

    def __init__(
        self, tenant_id: int, version: int, types: Sequence[int], members: int, position: int
    ) -> None:
        self.tenant_id = tenant_id
        self.version = version
        self.position = position
        self.members = members
        others = (1 - common_share) / (len(types) - 1)
        weights = [common_share, *itertools.repeat(others, len(types) - 1)]
        self.dice = random.Random(position)
        self.types = self.dice.choices(types, weights, k=65_536)
        self.amounts = [self.dice.randrange(100, 100_000) / 100 for _ in range(1_024)]

    def batch(self, events: int) -> Append:
        """The next batch, with the key under which a partner's batch is recognised."""
        position, self.position = self.position, self.position + events
        rows = tuple(self.rows(position, events))
        digest = hashlib.sha256(b"%d" % position).digest()
        key = ReplayKey(b"meditopia batch " + digest, digest, replay_seconds)
        return Append(self.tenant_id, 0, self.version, rows, key)

    def rows(self, position: int, events: int) -> Iterator[Row]:
        """Activities as the committer takes them."""
        rolled, types, amounts = self.dice.random, self.types, self.amounts
        for place in range(position, position + events):
            occurred = began_at + place * step + int(rolled() * jitter)
            if rolled() < late_share:
                occurred = max(began_at, occurred - int(rolled() * late_max))
            amount = amounts[place & 1_023]
            data = (
                f'{{"amount":{amount},"channel":"app","currency":"INR","orderId":"{place:012d}"}}'
            )
            yield types[place & 65_535], int(rolled() * self.members) + 1, occurred, data

    def group(self, batches: int, events: int) -> list[Append]:
        """Batches that share a commit."""
        return [self.batch(events) for _ in range(batches)]


def seconds_of(act: Any) -> float:
    """How long a call takes."""
    began = time.perf_counter()
    act()
    return time.perf_counter() - began
