"""The committer: one transaction for many commands, answered after the commit that holds them.

Commands wait for an fsync together instead of one after another: that is what makes durable single
events cheap. A command that is refused leaves no trace in the transaction; one that fails half-way
takes the transaction down with it, and then everybody's commands are run again, each alone, so that
it fails by itself.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Generator, Sequence
from typing import Any

import msgspec
import structlog

from guerdon import limits
from guerdon.clock import Clock
from guerdon.engine.commands import Append, Command, Ingest
from guerdon.engine.commands.imports import ImportRow
from guerdon.engine.handlers import HANDLERS, read_ahead
from guerdon.errors import (
    Conflict,
    Defect,
    GuerdonError,
    NotFound,
    OutcomeUnknown,
    Refused,
    Stale,
    StoreBusy,
    StoreError,
    StoreFull,
    StoreReadOnly,
    StoreUnavailable,
)
from guerdon.faults import fault
from guerdon.store.port import Store, Writer
from guerdon.store.transaction import Memory, Transaction
from guerdon.store.vault import Vault

Outcome = Any
"""A command's answer, or the GuerdonError that came instead."""
Steps = Generator[None, None, bool]
"""A slice of background work, step by step; returns whether there is more of it."""
Task = Callable[[Transaction], bool | Steps]
"""A slice of background work in one go, which returns the same, or step by step."""


_EVERYBODYS = (StoreFull, StoreBusy, StoreReadOnly, StoreUnavailable, OutcomeUnknown)
"""Trouble of the store, not of one command."""


def _nobody_waits() -> bool:
    return False


class _Poisoned(Exception):
    """A command failed after it had written: the transaction cannot be kept."""


class _Slice(msgspec.Struct):
    """A slice that goes step by step.

    way_until: when it has made way for long enough (of the clock's `monotonic`).
    more:      what it returned, when all steps are done; None before.
    take_up:   while it is put aside: what puts off again what it was to write.
    """

    tx: Transaction
    steps: Steps
    way_until: float
    more: bool | None = None
    take_up: Callable[[], None] | None = None


class Committer:
    """Runs commands against the one writing connection of a store.

    Not thread-safe: whoever holds it runs one group at a time.
    """

    def __init__(self, store: Store, clock: Clock, vault: Vault) -> None:
        self.clock = clock
        self.vault = vault
        self.writer: Writer = store.writer()
        # An engine whose transactions are for all tenants has one writer.
        self.is_only_one = store.tenants_share_transactions
        self.is_awaited: Callable[[], bool] = _nobody_waits
        """Whether somebody's command has come while background work is done; the host tells."""
        self._memories: dict[int, Memory] = {}
        self._asked_at = -math.inf
        self._aside: _Slice | None = None
        self._is_open = False
        self._has_begun_anew = False
        self._locked: set[int] = set()
        """Tenants that were waited for in vain the last time."""
        self._log = structlog.get_logger()

    def run(self, commands: Sequence[Command]) -> list[Outcome]:
        """Each command's outcome, in order; everything answered well is durable."""
        try:
            if self.is_only_one or len(commands) == 1:
                return self._group(commands)
            return self._tenant_by_tenant(commands)
        finally:
            self._asked_at = self.clock.monotonic()

    def work(self, task: Task, tenant_id: int = 0) -> bool:
        """Run a slice of background work in a transaction of its own; whether there is more of it.

        tenant_id: whose it is, so that one whom somebody else has locked is not waited for again.

        One that goes step by step makes way when somebody's command comes between two: it is put
        aside, with all it would have written, its transaction is the next group's, and `go_on`
        takes it up again in another. When one comes while it writes, the next group joins its
        transaction, and both wait for one commit.
        """
        self._commit_open()
        tx = self._begin(tenant_id)
        tx.is_hurried = self.is_hurried
        if self.is_only_one:
            tx.is_awaited = self.is_awaited
        try:
            done = task(tx)
            if not isinstance(done, bool):
                return self._step(_Slice(tx, done, self._way_until()))
            self._keep(tx)
        except BaseException as trouble:
            self._abandon(tenant_id, trouble)
            raise
        if tx.holds(tenant_id):
            self._locked.discard(tenant_id)
        return done

    @property
    def gives_way(self) -> bool:
        """Whether the next turn is that of who waits: a slice was put aside, or is to be joined."""
        return self._aside is not None or self._is_open

    @property
    def has_put_aside(self) -> bool:
        """Whether a slice has made way and is not at its end yet."""
        return self._aside is not None

    def go_on(self) -> bool:
        """Go on with the slice that was put aside; whether there is more to do.

        When something was decided meanwhile, what it has read may be so no more: then it is given
        up, as it is when a command took its transaction down, and the next one does not make way.
        Nor does this one any more when it has done so for long. So each comes to its end, however
        many commands there are.
        """
        self._commit_open()
        aside, self._aside = self._aside, None
        if aside is None or aside.take_up is None:
            return False
        self.writer.begin()
        try:
            if not aside.tx.is_still_true():
                self._has_begun_anew = True
                self.writer.rollback()
                return True
            aside.take_up()
            return self._step(aside)
        except BaseException:
            self._abandon()
            raise

    @property
    def is_hurried(self) -> bool:
        """Whether a command came a moment ago: whoever sends the next one should not wait."""
        return self.clock.monotonic() - self._asked_at < limits.upkeep_hurried_seconds

    @property
    def is_broken(self) -> bool:
        """Whether a sync has failed: then the store must be opened again, by another committer."""
        return bool(getattr(self.writer, "failed", False))

    def maintain(self, *, busy: bool = False) -> bool:
        """Upkeep of the store between two groups; True while there is more of it."""
        self._commit_open()
        return self.writer.maintain(busy=busy)

    def close(self) -> None:
        """Let go of the store."""
        try:
            self._commit_open()
        finally:
            self.writer.close()

    def _keep(self, tx: Transaction) -> None:
        """Commit what a slice has done."""
        if tx.has_changed:
            tx.flush()
        self.writer.commit()

    def _is_joined(self) -> bool:
        """Write what a slice has done, and leave the commit to the group that waits, if one does.

        If nobody comes after all, or something else comes first, it is made then.
        """
        self.writer.catch_up()
        self._is_open = self.is_awaited()
        return self._is_open

    def _commit_open(self) -> None:
        """Make the commit that was left to a group which has not come."""
        if self._is_open:
            try:
                self.writer.commit()
            except BaseException:
                self._abandon()
                raise
            self._is_open = False

    def _way_until(self) -> float:
        """Until when a slice that begins now may make way."""
        if not self.is_only_one or self._has_begun_anew:
            return -math.inf
        return self.clock.monotonic() + limits.upkeep_way_seconds

    def _step(self, each: _Slice) -> bool:
        """Bring a slice to its end, unless it makes way; whether there is more to do."""
        may_make_way = self.clock.monotonic() < each.way_until
        while each.more is None:
            each.more = self._some(each.steps)
            if may_make_way and self._makes_way(each):
                return True
        if not each.tx.has_changed:
            self.writer.commit()
            return each.more
        each.tx.flush()
        if each.way_until > -math.inf and self._is_joined():
            return True
        self.writer.commit()
        # One that found nothing to do, or may still be lost, has not made up for another.
        self._has_begun_anew = False
        return each.more

    def _some(self, steps: Steps) -> bool | None:
        """A few steps of a slice: what it returns if they were the last."""
        until = self.clock.monotonic() + limits.upkeep_look_seconds
        try:
            while True:
                next(steps)
                if self.clock.monotonic() >= until:
                    return None
        except StopIteration as end:
            return bool(end.value)

    def _makes_way(self, each: _Slice) -> bool:
        """Put a slice aside if somebody waits, unless it has nothing left to do, or cannot be."""
        has_work_left = each.more is None or each.tx.has_changed
        if not (has_work_left and self.is_awaited() and each.tx.only_decides):
            return False
        each.take_up = self.writer.put_aside()
        if each.take_up is None:
            return False
        self._aside, self._is_open = each, True
        return True

    def _tenant_by_tenant(self, commands: Sequence[Command]) -> list[Outcome]:
        """A transaction touches one tenant (so it stays on one node): one group for each."""
        outcomes: list[Outcome] = [None] * len(commands)
        places: dict[int, list[int]] = {}
        for place, command in enumerate(commands):
            places.setdefault(command.tenant_id, []).append(place)
        for own in places.values():
            answers = self._group([commands[place] for place in own])
            for place, answer in zip(own, answers, strict=True):
                outcomes[place] = answer
        return outcomes

    def _group(self, commands: Sequence[Command]) -> list[Outcome]:
        if not commands:
            return []
        if len(commands) == 1:
            return [self._alone(commands[0])]
        try:
            return self._together(commands)
        except _Poisoned:
            return [self._alone(command) for command in commands]
        except GuerdonError as error:
            return [error] * len(commands)

    def _alone(self, command: Command) -> Outcome:
        """One command's outcome; it looks again when another process took its id or name first."""
        outcome: Outcome = None
        for _ in range(limits.conflict_tries_max):
            try:
                return self._together([command])[0]
            except Conflict as conflict:
                outcome = conflict
            except GuerdonError as error:
                return error
        return outcome

    def _together(self, commands: Sequence[Command]) -> list[Outcome]:
        tenant_id = commands[0].tenant_id
        tx = self._begin(tenant_id)
        alone = len(commands) == 1
        try:
            if not alone:
                if not self.is_only_one:
                    self._lock(tx, tenant_id)
                self._read_ahead(tx, commands)
            outcomes = [self._unit(tx, command, alone=alone) for command in commands]
            self._end(tx, alone=alone)
        except BaseException as trouble:
            self._abandon(tenant_id, trouble)
            raise
        if tx.holds(tenant_id):
            self._locked.discard(tenant_id)
        fault("after_commit")
        return outcomes

    @staticmethod
    def _lock(tx: Transaction, tenant_id: int) -> None:
        """Wait for the tenant of all commands once: in vain for one is in vain for each."""
        if tenant_id:
            with contextlib.suppress(NotFound):  # no such tenant: its commands will say so
                tx.head(tenant_id)

    @staticmethod
    def _read_ahead(tx: Transaction, commands: Sequence[Command]) -> None:
        """Ask for what several of them will need; one that cannot even be asked about is alone."""
        try:
            read_ahead(tx, commands)
        except _EVERYBODYS:
            raise
        except Exception as trouble:  # told to whoever caused it, when they are run by themselves
            raise _Poisoned from trouble

    def _unit(self, tx: Transaction, command: Command, *, alone: bool) -> Outcome:
        mark = None
        writes = tx.rows.writes
        try:
            mark = self._mark(tx, command)
            tx.actor = getattr(command, "actor", "")
            return HANDLERS[type(command)](tx, command)
        except Stale as stale:
            return stale
        except Refused as refused:
            clean = tx.rows.writes == writes if mark is None else tx.take_back(mark)
            if clean:
                return refused
            if alone:
                raise
            raise _Poisoned from refused
        except StoreError as failed:
            if alone:
                raise
            raise _Poisoned from failed
        except Exception as defect:
            # Last resort: a defect met by one command must not take the others' answers with it.
            if not alone:
                raise _Poisoned from defect
            self._log.exception("a command met a defect", command=type(command).__name__)
            raise Defect from defect

    @staticmethod
    def _mark(tx: Transaction, command: Command) -> tuple[Any, ...] | None:
        """Where to go back to when the command is refused; None if that leaves nothing."""
        if command.tenant_id:
            # Where several write, the second waits here, before it reads what the first changes.
            tx.head(command.tenant_id)
        return None if isinstance(command, (Append, Ingest, ImportRow)) else tx.mark()

    def _end(self, tx: Transaction, *, alone: bool) -> None:
        """Write and commit; some engines only say here that one of the commands cannot be had."""
        try:
            tx.flush()
            fault("before_commit")
            self.writer.commit()
        except _EVERYBODYS:
            raise
        except StoreError as failed:
            if alone:
                raise
            raise _Poisoned from failed
        except Exception as defect:
            # Last resort: a value the driver cannot take must not end the committer.
            if not alone:
                raise _Poisoned from defect
            self._log.exception("a command met a defect while it was written")
            raise Defect from defect
        self._is_open = False

    def _begin(self, tenant_id: int) -> Transaction:
        """Begin a transaction, or join the one that a slice has left open.

        A tenant whom somebody else has locked for long is waited for once, and from then on
        briefly until they can be had: all other tenants wait as well meanwhile.
        """
        if tenant_id in self._locked and not self._is_open:
            self.writer.begin(patient=False)
        elif not self._is_open:
            self.writer.begin()
        return Transaction(self.writer, self.clock, self.vault, self._memories)

    def _abandon(self, tenant_id: int = 0, trouble: BaseException | None = None) -> None:
        if isinstance(trouble, StoreBusy):
            self._locked.add(tenant_id)
        self._memories.clear()
        if self.gives_way:
            self._aside, self._is_open, self._has_begun_anew = None, False, True
        self.writer.rollback()
