"""What partners and background work do to a store, from a seed, and what they were told.

The commands are run by the real committer, in groups, with the real background work between them;
a `Sent` remembers each command, the disk operation at which it began and the one at which its
answer came. Every activity's data names its command, so that a store can be asked afterwards how
much of which command it holds.
"""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from guerdon.clock import SECOND
from guerdon.engine import names
from guerdon.engine.commands import (
    ChangeSetting,
    Command,
    CreateTenant,
    DeleteActivities,
    Ingest,
    Ingested,
    Item,
    RecordOutcome,
    RegisterMember,
    ReplayKey,
)
from guerdon.engine.commands.points import (
    AddPoints,
    BlockPoints,
    SpendPoints,
    TransferPoints,
)
from guerdon.engine.committer import Committer
from guerdon.errors import GuerdonError, Stale, StoreError
from guerdon.followers.background import Upkeep
from guerdon.store.port import Store
from guerdon.store.vault import Vault

SECRET_KEY = bytes(range(32))
TYPES = ("Login", "Share", "Purchase")
DOOMED = "Doomed"
"""The type whose activities are taken out of the journal again."""

_START = 1_800_000_000 * SECOND
_EVER = _START + 10**10


class TickingClock:
    """Time and identifiers from a seed: each look at the hour is a little later."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._now = _START
        self._monotonic = 0.0

    def now(self) -> int:
        self._now += 1_000
        return self._now

    def jump(self, microseconds: int) -> None:
        """The hour is set, forward or back."""
        self._now += microseconds

    def monotonic(self) -> float:
        self._monotonic += 0.4
        return self._monotonic

    def uuid(self) -> str:
        text = f"{self._chance.getrandbits(128):032x}"
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-8{text[17:20]}-{text[20:]}"

    def secret(self, size_bytes: int) -> bytes:
        return self._chance.randbytes(size_bytes)


class Sent(msgspec.Struct):
    """One command: its tag, when it began (a number of disk operations), and what came of it."""

    tag: str
    command: Command
    began: int
    answered: int | None = None
    answer: Any = None

    @property
    def ingest(self) -> Ingest | None:
        """The command, if it stores activities."""
        return self.command if isinstance(self.command, Ingest) else None

    @property
    def is_acknowledged(self) -> bool:
        """Whether its sender was told that it is stored."""
        return self.answered is not None and not isinstance(self.answer, GuerdonError)

    @property
    def is_refused(self) -> bool:
        """Whether its sender was told that it is not."""
        return isinstance(self.answer, GuerdonError)


class Partner:
    """Whoever sends: commands from a seed, each activity marked with its command's tag."""

    def __init__(self, seed: int, *, first_tag: int = 1) -> None:
        self.chance = random.Random(seed)
        self.tenants: list[int] = []
        self._numbers = itertools.count(first_tag)

    def batch(
        self,
        tenant_id: int,
        size: int,
        *,
        type: str | None = None,
        has_key: bool = False,
        has_event_ids: bool = False,
    ) -> Ingest:
        """A batch of a tenant's activities by members of a small circle, some of them new."""
        tag = str(next(self._numbers))
        items = tuple(
            Item(
                type=type or self.chance.choice(TYPES),
                identities=(("external", f"m{self.chance.randint(1, 25)}"),),
                occurred_at=_START + self.chance.randint(0, 10**9),
                data=json.dumps({"tag": tag, "n": number, "pad": "x" * self.chance.randint(0, 60)}),
                event_id=f"{tag}-{number}" if has_event_ids else None,
            )
            for number in range(size)
        )
        replay = ReplayKey(b"key " + tag.encode(), tag.encode(), 86_400) if has_key else None
        return Ingest(
            tenant_id,
            1,
            "conscent",
            items,
            unknown_member="create",
            unknown_type="add",
            replay=replay,
        )

    def command(self, batch_max: int) -> Command:
        """Mostly batches; now and then one of the rarer things."""
        tenant_id = self.chance.choice(self.tenants)
        throw = self.chance.random()
        if throw < 0.75:
            size = self.chance.choice((1, 1, 2, 7, self.chance.randint(1, batch_max)))
            kind = self.chance.choice(("key", "ids", "plain"))
            return self.batch(
                tenant_id,
                min(size, batch_max),
                type=DOOMED if self.chance.random() < 0.15 else None,
                has_key=kind == "key",
                has_event_ids=kind == "ids",
            )
        return self._rare_command(tenant_id, throw)

    def _rare_command(self, tenant_id: int, throw: float) -> Command:
        number = self.chance.randint(1, 5)
        if throw < 0.80:
            return self._points_command(tenant_id, number)
        if throw < 0.85:
            return deletion(tenant_id)
        if throw < 0.89:
            value = json.dumps(self.chance.randint(1, 90))
            return ChangeSetting(tenant_id, 0, "outcomes.days", value)
        if throw < 0.93:
            identity = ("email", f"e{next(self._numbers)}@example.com")
            return RegisterMember(tenant_id, 1, (identity,), '{"firstName": "Ada"}')
        if throw < 0.96:
            return RecordOutcome(
                tenant_id, 1, "refused", "invalid", "no", "conscent", "POST", "/", b"{}", 2
            )
        return Ingest(tenant_id, 1, "woowup", (Item("Login", (("email", "nobody"),)),))

    def _points_command(self, tenant_id: int, number: int) -> Command:
        points = self.chance.randint(1, 500)
        return self.chance.choice(
            (
                AddPoints(tenant_id, 1, number, points, "gift: test"),
                AddPoints(tenant_id, 1, number, points, validity_days=1),
                SpendPoints(tenant_id, 1, number, points // 2 + 1),
                BlockPoints(tenant_id, 1, number, points // 2 + 1),
                TransferPoints(tenant_id, 1, number, number % 5 + 1, points // 2 + 1),
            )
        )


def deletion(tenant_id: int) -> DeleteActivities:
    """Take everything doomed out of the journal, and tell somebody when it is gone."""
    return DeleteActivities(tenant_id, 1, DOOMED, 0, _EVER, "a@example.com")


class Workload:
    """Runs a partner's commands against a store; `ledger` is everything that was sent."""

    def __init__(
        self,
        store: Store,
        seed: int,
        *,
        disk: Any = (),
        clock: TickingClock | None = None,
        first_tag: int = 1,
    ) -> None:
        self.partner = Partner(seed, first_tag=first_tag)
        self.batch = self.partner.batch
        self.clock = clock or TickingClock(seed)
        self.ledger: list[Sent] = []
        self.troubles: list[StoreError] = []
        self.upkeep = Upkeep()
        self.store = store
        self.committer = Committer(store, self.clock, Vault(SECRET_KEY, self.clock))
        self._disk = disk
        self._names = names.Memory()

    @property
    def tenants(self) -> list[int]:
        """Whose commands are sent."""
        return self.partner.tenants

    def tick(self) -> int:
        """How many operations the disk has seen."""
        return len(self._disk)

    def make_tenants(self, count: int) -> None:
        """Create tenants, and remember their ids."""
        for each in range(count):
            sent = self.send([CreateTenant(0, 0, f"tenant{each}", "T")])[0]
            self.tenants.append(sent.answer)

    def run(self, groups: int, *, batch_max: int = 100, background: bool = True) -> None:
        """So many groups of commands, with upkeep between them."""
        chance = self.partner.chance
        for _ in range(groups):
            self.send([self.partner.command(batch_max) for _ in range(chance.randint(1, 4))])
            if background:
                self.work(slices=chance.randint(0, 3))

    def work(self, slices: int) -> None:
        """Upkeep and background work, as between two groups."""
        try:
            self.committer.maintain()
            for _ in range(slices):
                self.upkeep.slice(self.committer, busy=False)
        except StoreError as error:
            # As the committer's hosts do: the next command meets the same trouble.
            self.troubles.append(error)

    def settle(self) -> None:
        """Background work to its end."""
        self.upkeep.settle(self.committer)

    def send(self, commands: Sequence[Command]) -> list[Sent]:
        """Run one group as a worker sends it: with numbers where the names are remembered."""
        group = [Sent(tag_of(command), command, self.tick()) for command in commands]
        self.ledger += group
        outcomes = self.committer.run([self._short(command) for command in commands])
        for sent, outcome in zip(group, outcomes, strict=True):
            is_stale = isinstance(outcome, Stale)
            sent.answer = self.committer.run([sent.command])[0] if is_stale else outcome
            sent.answered = self.tick()
            if isinstance(sent.answer, Ingested) and sent.ingest:
                self._names.learn(sent.ingest, sent.answer)
        return group

    def _short(self, command: Command) -> Command:
        if not isinstance(command, Ingest):
            return command
        return self._names.append(command) or command


def tag_of(command: Command) -> str:
    """What a command's activities are marked with; empty for a command that stores none."""
    if isinstance(command, Ingest) and command.items and command.items[0].data:
        return str(json.loads(command.items[0].data)["tag"])
    return ""


def ingests(ledger: Iterable[Sent]) -> Iterator[tuple[Sent, Ingest]]:
    """What was sent to be stored in a journal."""
    for sent in ledger:
        if sent.tag and sent.ingest is not None:
            yield sent, sent.ingest
