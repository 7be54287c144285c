"""The runner: takes what is due, sends it, says what became of it.

Deliveries live in the store; this task leases them, and everything it knows beyond that is lost
without harm. A process that dies leaves leases that lapse, and the deliveries are taken again: at
least once, always under the same id. A lease's fence keeps a late answer of the dead one from
undoing what the next one settled.

One receiver that hangs must not delay the others. So deliveries run in lanes, one for each
receiver (`Delivery.lane`): a lane runs a few at once, and a lane whose last attempt failed runs
one. What a lane cannot start soon is let go: its lease lapses, and it is taken again later.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import structlog

from guerdon import limits
from guerdon.clock import Clock
from guerdon.errors import GuerdonError
from guerdon.outbound import schedule
from guerdon.outbound.delivery import Attempt, Delivery, Lane, Outcome

Claim = Callable[[int, frozenset[Lane]], Awaitable[Sequence[Delivery]]]
"""(limit, busy lanes) -> up to `limit` due deliveries, leased for `delivery_lease_seconds`.

Those of busy lanes are best left out: taken, they would be let go again. Raises GuerdonError.
"""
Finish = Callable[[Delivery, Outcome], Awaitable[object]]
"""Settles a delivery, unless its fence is an old one. Raises GuerdonError."""
Send = Callable[[Delivery], Awaitable[Attempt]]
"""One attempt. A failure is its answer, not an exception."""

_log = structlog.get_logger(__name__)


class Deliverer:
    """Runs deliveries until told to stop. `run` is the task; `wake` and `stop` only set a flag."""

    def __init__(
        self,
        *,
        claim: Claim,
        finish: Finish,
        send_webhook: Send,
        send_mail: Send,
        send_sms: Send,
        clock: Clock,
        interval_seconds: float = 1.0,
    ) -> None:
        self._claim = claim
        self._finish = finish
        self._send = {"webhook": send_webhook, "mail": send_mail, "sms": send_sms}
        self._clock = clock
        self._interval_seconds = interval_seconds
        self._lanes: dict[Lane, _Traffic] = {}
        self._failing: set[Lane] = set()
        self._running: set[asyncio.Task[None]] = set()
        self._barren: frozenset[Lane] | None = None  # lanes beside which nothing was due lately
        self._barren_until = -math.inf
        self._woken = asyncio.Event()
        self._stopping = False

    def wake(self) -> None:
        """Look for due deliveries now instead of at the next interval."""
        self._barren = None
        self._woken.set()

    def stop(self) -> None:
        """Take nothing more; `run` returns when the attempts under way have ended."""
        self._stopping = True
        self._woken.set()

    async def run(self) -> None:
        """Deliver until `stop`. Attempts that outlast `shutdown_seconds_max` are cut off."""
        try:
            while not self._stopping:
                self._woken.clear()
                self._start()
                if not await self._take():
                    await self._pause()
            if self._running:
                await asyncio.wait(self._running, timeout=limits.shutdown_seconds_max)
        finally:
            for task in self._running:
                task.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)

    async def _take(self) -> bool:
        """Claim what there is room for; whether there may be more."""
        waiting = sum(len(traffic.waiting) for traffic in self._lanes.values())
        room = min(limits.deliveries_waiting_max - waiting, limits.deliveries_running_max)
        if room <= 0 or len(self._running) >= limits.deliveries_running_max:
            return False
        claimed_at = self._clock.monotonic()
        busy = frozenset(filter(self._is_busy, self._lanes))
        if self._barren is not None and busy >= self._barren and claimed_at < self._barren_until:
            return False  # Looking through a long line costs more than the attempt that ended.
        try:
            taken = await self._claim(room, busy)
        except GuerdonError as error:
            _log.warning("deliveries_not_claimed", code=error.code, reason=error.message)
            return False
        if self._stopping:
            return False
        self._barren = None if taken else busy
        self._barren_until = claimed_at + self._interval_seconds
        for delivery in taken:
            self._keep(delivery, claimed_at)
        self._start()
        return bool(taken)

    def _is_busy(self, lane: Lane) -> bool:
        """Whether more of this lane would only wait: it is failing, or has enough."""
        traffic = self._lanes[lane]
        if lane in self._failing:
            return bool(traffic.waiting or traffic.running)
        return len(traffic.waiting) >= limits.deliveries_waiting_per_target_max

    def _keep(self, delivery: Delivery, claimed_at: float) -> None:
        # A lane just short of enough may get one whole claim more. What is beyond that, or has no
        # place in a failing lane, is let go.
        traffic = self._lanes.setdefault(delivery.lane, _Traffic())
        bound = limits.deliveries_waiting_per_target_max + limits.deliveries_running_max
        if delivery.lane in self._failing:
            bound = 1 - traffic.running
        if len(traffic.waiting) < bound:
            traffic.waiting.append((delivery, claimed_at))

    def _start(self) -> None:
        for lane, traffic in list(self._lanes.items()):
            # To the end of the queue of lanes, so that each gets its turn when places are few.
            self._lanes[lane] = self._lanes.pop(lane)
            bound = 1 if lane in self._failing else limits.deliveries_per_target_max
            while traffic.waiting and traffic.running < bound:
                if len(self._running) >= limits.deliveries_running_max:
                    return
                self._begin(traffic, *traffic.waiting.popleft())
            if not traffic.waiting and not traffic.running:
                del self._lanes[lane]

    def _begin(self, traffic: _Traffic, delivery: Delivery, claimed_at: float) -> None:
        if self._clock.monotonic() - claimed_at > limits.delivery_start_seconds_max:
            return  # Let go: its lease would lapse during the attempt.
        traffic.running += 1
        task = asyncio.create_task(self._deliver(delivery, claimed_at))
        self._running.add(task)
        task.add_done_callback(lambda ended: self._end(traffic, ended))

    def _end(self, traffic: _Traffic, task: asyncio.Task[None]) -> None:
        traffic.running -= 1
        self._running.discard(task)
        self._woken.set()

    async def _deliver(self, delivery: Delivery, claimed_at: float) -> None:
        try:
            attempt = await self._send[delivery.kind](delivery)
        except Exception as error:
            # The last resort: a fault of ours must cost this delivery an attempt, or it would be
            # taken again for ever.
            _log.exception("delivery_broke", **_named(delivery))
            attempt = Attempt(error="internal_error", detail=type(error).__name__)
        self._remember(delivery.lane, attempt)
        fraction = schedule.jitter_fraction(self._clock.secret(2))
        outcome = outcome_of(delivery, attempt, self._clock.now(), fraction)
        await self._settle(delivery, outcome, claimed_at)

    def _remember(self, lane: Lane, attempt: Attempt) -> None:
        if attempt.error is None or attempt.give_up or attempt.only_it:
            # A refusal of this one message says nothing about the next.
            self._failing.discard(lane)
            return
        if len(self._failing) >= limits.failing_targets_max:
            self._failing.clear()
        self._failing.add(lane)
        # What waits in the lane is let go, so that it holds no place while others could go.
        self._lanes[lane].waiting.clear()

    async def _settle(self, delivery: Delivery, outcome: Outcome, claimed_at: float) -> None:
        """Say it until it is heard or the lease has lapsed, when the delivery is taken again."""
        while True:
            try:
                await self._finish(delivery, outcome)
            except GuerdonError as error:
                _log.warning("delivery_not_settled", code=error.code, **_named(delivery))
            else:
                return
            held_seconds = self._clock.monotonic() - claimed_at
            if self._stopping or held_seconds > limits.delivery_lease_seconds:
                return
            await asyncio.sleep(self._interval_seconds)

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(self._interval_seconds):
                await self._woken.wait()
        except TimeoutError:
            self._barren = None


def outcome_of(delivery: Delivery, attempt: Attempt, now: int, fraction: float) -> Outcome:
    """What follows from an attempt: done, again later, or given up."""
    due_at = None
    result: Literal["delivered", "later", "failed"] = "delivered" if not attempt.error else "failed"
    if attempt.error and not attempt.give_up:
        due_at = schedule.next_attempt(delivery.attempt, now, fraction, attempt.retry_after_seconds)
        result = "failed" if due_at is None else "later"
    return Outcome(
        result=result,
        due_at=due_at,
        status=attempt.status,
        error=attempt.error,
        detail=attempt.detail,
    )


@dataclass
class _Traffic:
    """What one lane has under way and waiting; each waiting one with when it was claimed."""

    running: int = 0
    waiting: deque[tuple[Delivery, float]] = field(default_factory=deque)


def _named(delivery: Delivery) -> dict[str, int]:
    # Never the target or the body: a webhook's URL often carries a token, a mail's is a person.
    return {"tenant_id": delivery.tenant_id, "delivery_id": delivery.delivery_id}
