"""One transaction of the committer: many units of work, one commit.

Positions are given out here, from the tenant's head row, whose lock is held until the commit: so
commit order is position order on every engine. Journal rows are collected and written in one go
just before the commit; state tables are written as the units go.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import tzinfo
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Any

import msgspec

from guerdon import limits
from guerdon.clock import Clock
from guerdon.domain.decisions import Decision
from guerdon.errors import NotFound
from guerdon.store import decision_blocks
from guerdon.store.port import Row, Writer
from guerdon.store.vault import Vault

GENESIS = bytes(32)
_encode = msgspec.msgpack.Encoder().encode
_besides = attrgetter("activity_position", "member_number", "row_number", "identity_version")
"""What of a head changes when something is done besides deciding."""
_decided = attrgetter("decision_position", "decision_hash", "member_number", "identity_version")
"""What changes when anything is decided."""
_TENANT: Callable[[Row], int] = itemgetter(0)
_ENTRY: Callable[[Row], decision_blocks.Entry] = itemgetter(1, 2, 6)
"""A decision's position, its type and its ordinal, of the row that is stored."""


class Head(msgspec.Struct):
    """A tenant's counters, as its locked row has them plus what this transaction added."""

    tenant_id: int
    activity_position: int
    decision_position: int
    decision_hash: bytes
    recorded_at: int
    member_number: int
    row_number: int
    identity_version: int


class Memory:
    """What a committer remembers of a tenant between transactions: only facts that stay true.

    An entry may be added freely; when one stops being true (an identity unbound, a type hidden, a
    setting changed) the head's `identity_version` is raised, and every committer forgets.
    """

    __slots__ = ("definitions", "identities", "newest", "settings", "timezone", "types", "version")

    entries_max = 2_000_000

    def __init__(self, version: int) -> None:
        self.version = version
        self.identities: dict[tuple[str, str], int] = {}
        self.types: dict[str, int] = {}
        self.settings: dict[str, Any] | None = None
        self.timezone: tzinfo | None = None
        self.definitions: dict[str, Any] = {}
        self.newest: Sequence[decision_blocks.Entry] = ()
        """Decisions that fill no block of the journal yet, the last if nobody else added any."""


class Transaction:
    """Units of work on their way to one commit.

    `now` is the clock at the start, in microseconds; `moment(tenant)` never goes back. `uuid` and
    `secret` are the clock's. `actor` is on whose behalf the present unit decides.
    """

    def __init__(
        self, rows: Writer, clock: Clock, vault: Vault, memories: dict[int, Memory]
    ) -> None:
        self.rows = rows
        self.now = clock.now()
        self.uuid = clock.uuid
        self.secret = clock.secret
        self.vault = vault
        self.memories = memories
        self.actor = ""
        self.is_hurried = False
        """Whether background work should take little time: see `Transaction.portion`."""
        self.is_awaited: Callable[[], bool] | None = None
        """Asked by background work that can stop early; None: who else waits cannot be seen."""
        self.accounts: dict[tuple[int, int], Any] = {}
        """Members' accounts as they are now, by tenant and number; folds keep them so."""
        self.lots: dict[tuple[int, int], Any] = {}
        """Transfers as they are now, by tenant and position; a fold that changes one drops it."""
        self.purses: dict[tuple[int, int], Any] = {}
        """Members' lots as they are now, of those it was asked for; see `engine.purses`."""
        self.newcomers: dict[tuple[int, int], Any] = {}
        """Members registered in this transaction; see `engine.newcomers`."""
        self.judged: dict[int, Any] = {}
        """What rules give to whom, of those asked about activities; see `engine.rules`."""
        self.free: set[tuple[int, str, str]] = set()
        """Names (tenant, kind, value) that nobody has; a fold that gives one takes it out."""
        self.unanswered: set[tuple[int, bytes]] = set()
        """Hashes of keys (tenant, hash) that no answer is kept for; see `engine.idempotency`."""
        self.forms: dict[str, Any] = {}
        """What registrations of this group ask for, by their text; see `engine.enrolment`."""
        self.unread: set[tuple[int, int, int]] = set()
        """Rows of imports (tenant, import, place) that are not through."""
        self._writes = rows.writes
        self._heads: dict[int, Head] = {}
        self._found: dict[int, Head] = {}  # as they are in the store
        self._valid: dict[int, Memory] = {}
        self._activities: list[Row] = []
        self._decisions: list[Row] = []
        self._counts: dict[tuple[int, str], int] = {}
        self._totals: dict[tuple[int, str], int] = {}
        self._seals: dict[tuple[int, int], bytes | None] = {}
        self._unsealed: set[tuple[int, int]] = set()

    def portion(self, items: int, *, at_rest: int = 0) -> int:
        """How much of a slice of background work to do: all of it, or little.

        at_rest: as much if that is more, by work that stops as soon as somebody waits.
        """
        if self.is_hurried:
            return min(items, limits.upkeep_hurried_items_max)
        return items if self.is_awaited is None else max(items, at_rest)

    # --- one tenant ---------------------------------------------------------------------------

    def head(self, tenant_id: int) -> Head:
        """The tenant's head, locked until the commit. Errors: NotFound for no such tenant."""
        head = self._heads.get(tenant_id)
        if head is None:
            row = self.rows.one("lock_head", tenant_id=tenant_id)
            if row is None:
                raise NotFound("no such tenant", code="unknown_tenant")
            self._found[tenant_id] = Head(tenant_id, *row)
            head = Head(tenant_id, *row)
            head.recorded_at = max(head.recorded_at, self.now)
            self._heads[tenant_id] = head
        return head

    def holds(self, tenant_id: int) -> bool:
        """Whether it has locked the tenant's head."""
        return tenant_id in self._heads

    def memory(self, tenant_id: int) -> Memory:
        """What is remembered of the tenant, valid for this transaction."""
        memory = self._valid.get(tenant_id)
        if memory is not None:
            return memory
        head = self.head(tenant_id)
        memory = self.memories.get(tenant_id)
        if memory is None or memory.version != head.identity_version:
            memory = self.memories[tenant_id] = Memory(head.identity_version)
        elif len(memory.identities) > Memory.entries_max:
            memory.identities.clear()
        self._valid[tenant_id] = memory
        return memory

    def forget(self, tenant_id: int) -> None:
        """Make every committer drop what it remembers of the tenant."""
        head = self.head(tenant_id)
        head.identity_version += 1
        self.memories[tenant_id] = self._valid[tenant_id] = Memory(head.identity_version)

    def redefine(self, tenant_id: int) -> None:
        """Make every committer drop the definitions it remembers of the tenant."""
        self.forget(tenant_id)

    def moment(self, tenant_id: int) -> int:
        """The recording time: never earlier than any the tenant has seen."""
        return self.head(tenant_id).recorded_at

    def tell_apart(self, tenant_id: int) -> None:
        """Make what is decided next later than every activity there is, by their moments alone.

        They are of one moment in one transaction, and in all of them while a clock that was put
        back has not reached the last one again.
        """
        head = self.head(tenant_id)
        found = self._found[tenant_id]
        has_new = head.activity_position > found.activity_position
        if has_new or (found.activity_position and head.recorded_at <= found.recorded_at):
            head.recorded_at += 1
            # How much of an account has lapsed is known of a moment.
            self.accounts.clear()
            self.purses.clear()

    def next_number(self, tenant_id: int) -> int:
        """The next member's number."""
        head = self.head(tenant_id)
        head.member_number += 1
        self._unsealed.add((tenant_id, head.member_number))
        return head.member_number

    def next_row(self, tenant_id: int) -> int:
        """The next id for a row that needs one (outcomes, deliveries, movements ...)."""
        head = self.head(tenant_id)
        head.row_number += 1
        return head.row_number

    def count(self, tenant_id: int, name: str, change: int) -> int:
        """Change a counter; its total after the change."""
        key = (tenant_id, name)
        total = self._counts.get(key)
        if total is None:
            total = self.total(tenant_id, name)
        self._counts[key] = total = total + change
        return total

    def total(self, tenant_id: int, name: str) -> int:
        """A counter's total, this transaction's changes included."""
        key = (tenant_id, name)
        total = self._counts.get(key, self._totals.get(key))
        if total is None:
            row = self.rows.one("counter_total", tenant_id=tenant_id, name=name)
            # Kept apart from what changes: only looking writes no row.
            total = self._totals[key] = row[0] if row else 0
        return total

    # --- the journals -------------------------------------------------------------------------

    def append_activities(
        self, head: Head, key_id: int, rows: Sequence[tuple[int, int, int | None, str | None]]
    ) -> int:
        """Add (type_id, number, occurred_at, data) rows to the journal; the first one's position.

        A row without a time occurred when it was recorded.
        """
        first = head.activity_position + 1
        tenant_id, now = head.tenant_id, head.recorded_at
        self._activities += [
            (tenant_id, at, type_id, number, now if time is None else time, now, key_id, data)
            for at, (type_id, number, time, data) in enumerate(rows, first)
        ]
        head.activity_position += len(rows)
        return first

    def append_decision(self, tenant_id: int, decision: Decision) -> int:
        """Add one decision to the journal, its personal part sealed; its position."""
        head = self.head(tenant_id)
        head.decision_position = position = head.decision_position + 1
        ordinal = self.count(tenant_id, "decision:" + decision.type, 1)
        public, hole, fragment = decision.render()
        sealed = None
        if fragment is not None:
            number = decision.number or 0
            sealed = self.vault.seal(
                self.seal_key(tenant_id, number),
                tenant_id,
                number,
                f"decision:{position}",
                fragment,
            )
        row = (
            position,
            decision.type,
            decision.aggregate,
            decision.number,
            head.recorded_at,
            ordinal,
            public,
            sealed,
            hole[0] if sealed is not None else None,
            hole[1] if sealed is not None else None,
            self.actor or None,
        )
        head.decision_hash = chain(head.decision_hash, row)
        self._decisions.append((tenant_id, *row, head.decision_hash))
        return position

    def seal_key(self, tenant_id: int, number: int) -> bytes:
        """The member's wrapped key (number 0: the tenant's own), made when there is none yet."""
        key = self._seals.get((tenant_id, number))
        if key is None:
            is_new = (tenant_id, number) in self._unsealed
            row = None if is_new else self.rows.one("seal", tenant_id=tenant_id, number=number)
            if row is None:
                key = self.vault.new_key(tenant_id, number)
                self.rows.run("add_seal", tenant_id=tenant_id, number=number, wrapped=key)
            else:
                key = bytes(row[0])
            self._seals[tenant_id, number] = key
        return key

    def destroy_seal(self, tenant_id: int, number: int) -> None:
        """Make what is sealed under a number's key unreadable for good."""
        key = self._seals.pop((tenant_id, number), None)
        if key is not None:
            self.vault.forget(key)
        self._unsealed.discard((tenant_id, number))
        self.rows.run("remove_seal", tenant_id=tenant_id, number=number)

    # --- units --------------------------------------------------------------------------------

    def mark(self) -> tuple[Any, ...]:
        """Where this transaction stands, so that one unit's traces can be taken back."""
        return (
            self.rows.writes,
            len(self._activities),
            len(self._decisions),
            {key: msgspec.structs.replace(head) for key, head in self._heads.items()},
            dict(self._counts),
        )

    def take_back(self, mark: tuple[Any, ...]) -> bool:
        """Undo everything since `mark`; False when a statement has already written to the store."""
        writes, activities, decisions, heads, counts = mark
        if self.rows.writes != writes:
            return False
        del self._activities[activities:]
        del self._decisions[decisions:]
        for tenant_id, head in heads.items():
            self._heads[tenant_id] = head
        self._valid.clear()
        self._counts = counts
        return True

    @property
    def only_decides(self) -> bool:
        """Whether nothing but decisions was added to any tenant's journals, and no number given."""
        return not self._activities and all(
            _besides(head) == _besides(self._found[tenant_id])
            for tenant_id, head in self._heads.items()
        )

    def is_still_true(self) -> bool:
        """Whether one that only decides may go on where another transaction has come between.

        What it has read, and what follows from it, depends on decisions, since state tables are
        nothing but folds of their journal. So it is true as long as nobody has added one.
        Activities may have been added; its own decisions are still of the moment when it began.
        """
        for tenant_id, head in self._heads.items():
            row = self.rows.one("lock_head", tenant_id=tenant_id)
            was, now = self._found[tenant_id], Head(tenant_id, *row) if row else None
            if now is None or _decided(now) != _decided(was):
                return False
            self._found[tenant_id] = now
            head.activity_position, head.row_number = now.activity_position, now.row_number
        return True

    @property
    def has_changed(self) -> bool:
        """Whether there is anything to keep; one that only looked costs no sync."""
        collected = self._activities or self._decisions or self._counts
        return bool(collected) or self.rows.writes != self._writes

    def flush(self) -> None:
        """Write the collected journal rows, counters and heads."""
        if self._activities:
            self.rows.append_activities(self._activities)
            self._activities.clear()
        if self._decisions:
            self.rows.run_many("append_decision", self._decisions)
            self._note_types()
            self._decisions.clear()
        if self._counts:
            self.rows.run_many(
                "set_counter",
                [(tenant_id, name, total) for (tenant_id, name), total in self._counts.items()],
            )
            self._counts.clear()
        self._totals.clear()
        if self._heads:
            for tenant_id, head in self._heads.items():
                head.recorded_at = max(head.recorded_at, self._found[tenant_id].recorded_at)
            self.rows.run_many(
                "save_head",
                [
                    (*values, tenant_id)
                    for tenant_id, *values in map(msgspec.structs.astuple, self._heads.values())
                ],
            )

    def _note_types(self) -> None:
        """Write down of which types the decisions are, where they fill a block of the journal."""
        by_tenant = groupby(sorted(self._decisions, key=_TENANT), _TENANT)
        for tenant_id, rows in by_tenant:
            memory = self.memory(tenant_id)
            fresh = list(map(_ENTRY, rows))
            memory.newest = decision_blocks.note(self.rows, tenant_id, fresh, memory.newest)


def chain(previous: bytes, row: Row) -> bytes:
    """The hash of a decision: SHA-256 over the previous hash and the row as stored.

    `row` is (position, type, aggregate, number, recorded_at, ordinal, payload, sealed, sealed_at,
    sealed_chars, actor). The encoding is MessagePack, whose lengths make it unambiguous.
    """
    return hashlib.sha256(previous + _encode(row)).digest()
