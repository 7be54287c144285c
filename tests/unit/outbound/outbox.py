"""A store's side of deliveries, and receivers that answer as told, both in memory."""

import asyncio
from collections import Counter

import msgspec

from guerdon.outbound.delivery import Attempt

SENT = Attempt(status=200)


class Outbox:
    """What the store does: leases what is due, in order, and settles by fence."""

    def __init__(self, clock, *owed):
        self.clock = clock
        self.pending = {each.delivery_id: (self.clock.now(), each) for each in owed}
        self.leased = {}
        self.settled = []
        self.claims = []
        self.claim_errors = []
        self.finish_errors = []
        self.changed = asyncio.Event()
        self.deaf = False  # to what the runner says of busy lanes

    async def claim(self, limit, busy):
        self.claims.append((limit, busy))
        if self.claim_errors:
            raise self.claim_errors.pop(0)
        due = [each for at, each in self.pending.values() if at <= self.clock.now()]
        taken = [each for each in due if self.deaf or each.lane not in busy][:limit]
        for each in taken:
            self.leased[each.delivery_id] = self.pending.pop(each.delivery_id)[1]
        return taken

    async def finish(self, owed, outcome):
        if self.finish_errors:
            raise self.finish_errors.pop(0)
        if self.leased.get(owed.delivery_id) == owed:
            del self.leased[owed.delivery_id]
            self.settled.append((owed, outcome))
            if outcome.result == "later":
                self.put(again(owed), outcome.due_at)
        self.changed.set()

    def put(self, owed, due_at=None):
        self.pending[owed.delivery_id] = (due_at or self.clock.now(), owed)

    async def until(self, count):
        """Wait until so many attempts are settled."""
        while len(self.settled) < count:
            self.changed.clear()
            await self.changed.wait()


def again(owed):
    """The same delivery, leased once more for its next attempt."""
    return msgspec.structs.replace(owed, attempt=owed.attempt + 1, fence=owed.fence + 1)


class Receivers:
    """Sends: answers by target with an attempt, or hangs while the target is closed."""

    def __init__(self, **answers):
        self.answers = answers
        self.opened = {}
        self.begun = []
        self.running = Counter()
        self.most = Counter()

    async def send(self, owed):
        self.begun.append(owed)
        self.running.update([owed.target, "all"])
        self.most |= self.running
        try:
            if owed.target in self.opened:
                await self.opened[owed.target].wait()
            answer = self.answers.get(owed.target, SENT)
            if isinstance(answer, Exception):
                raise answer
            return answer
        finally:
            self.running.subtract([owed.target, "all"])

    def close(self, target):
        self.opened[target] = asyncio.Event()
