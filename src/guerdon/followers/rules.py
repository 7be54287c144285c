"""The follower that asks the rules about activities: each once, in order, soon after it was stored.

It reads the activity journal from its checkpoint on, but only the types that a custom event rule is
about: everything else is passed by inside the database. What activities earn and the checkpoint
that says so are one transaction. While nothing is earned the checkpoint stays where it is for a
while, and how far the journal was read is only remembered: reading it again costs little.

A rule holds for activities that were recorded after the rule was; likewise a change of a rule, and
its end. So the journal of decisions is read beside the other one, and what the follower makes of an
activity does not depend on when it gets there. What it asks of the member (level, segments, status)
is as it is then. An activity that was deleted before earns nothing, and neither does a member who
is gone; what had been earned stays.

An activity it cannot get past stops it, in that tenant only, until the defect is mended or somebody
decides that this one is skipped; it never goes on by itself.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Collection, Sequence
from functools import partial

import msgspec

from guerdon import limits
from guerdon.domain import definitions, rules
from guerdon.domain.rules import Rule
from guerdon.domain.rules_decisions import Occasion
from guerdon.engine import accounts
from guerdon.engine.earning import KIND, Asked, ask_about
from guerdon.engine.rules import FOLLOWER, asked_until, by_activity
from guerdon.errors import StoreBusy
from guerdon.faults import fault
from guerdon.store import decisions
from guerdon.store.port import Row, Rows
from guerdon.store.transaction import Transaction

_REMEMBERED = "Rule:timeline"
_LOOK_EVERY = 32  # activities, between two looks whether somebody waits
_NEVER = 2**62
_DEFINED, _REMOVED = definitions.was_defined(KIND), definitions.was_removed(KIND)


class Change(msgspec.Struct, frozen=True):
    """From `moment` on a rule reads like this; None: it is not about activities, or is no more."""

    moment: int
    rule_id: str
    rule: Rule | None


class Timeline:
    """The custom event rules as they follow each other, moved forward with the journal.

    read_to: how far the journal was read, at least as far as the checkpoint.
    skipped: the positions of activities that are passed by.
    """

    def __init__(self, changes: Collection[Change], skipped: Collection[int]) -> None:
        self.read_to = 0
        self.skipped = frozenset(skipped)
        self._coming = deque(changes)
        self._in_force: dict[str, Rule] = {}
        self._by_name: dict[str, list[Rule]] = {}

    def reach(self, moment: int) -> None:
        """Move on to the rules of a moment."""
        while self._coming and self._coming[0].moment <= moment:
            change = self._coming.popleft()
            self._in_force.pop(change.rule_id, None)
            if change.rule is not None:
                self._in_force[change.rule_id] = change.rule
            self._by_name = {}
            for rule in rules.in_order(self._in_force.values()):
                self._by_name.setdefault(rule.event_name, []).append(rule)

    def about(self, name: str) -> list[Rule]:
        """The rules in force about a type of activity."""
        return self._by_name.get(name, [])

    @property
    def changes_left(self) -> int:
        """How many changes it has not reached."""
        return len(self._coming)

    @property
    def names(self) -> set[str]:
        """The types that rules in force, or coming ones, are about."""
        coming = {change.rule.event_name for change in self._coming if change.rule is not None}
        return coming | set(self._by_name)

    @property
    def idle_until(self) -> int | None:
        """The moment before which no rule is in force; None: one is."""
        if self._in_force:
            return None
        return next((change.moment for change in self._coming if change.rule), _NEVER)


def has_rules(rows: Rows, tenant_id: int) -> bool:
    """Whether there has ever been a rule."""
    return rows.one("counter_total", tenant_id=tenant_id, name=f"decision:{_DEFINED}") is not None


def follow(tx: Transaction, tenant_id: int) -> bool:
    """Ask the rules about some activities; True while there are more."""
    head = tx.head(tenant_id).activity_position
    checkpoint = asked_until(tx.rows, tenant_id)
    timeline = _timeline(tx, tenant_id)
    start = _start(tx.rows, tenant_id, timeline, max(checkpoint, timeline.read_to), head)
    until = min(start + limits.rules_slice_positions, head)
    names = _types(tx.rows, tenant_id, timeline.names)
    limit = tx.portion(limits.rules_slice_activities, at_rest=limits.rules_rest_activities)
    found = _read(tx.rows, tenant_id, (start, until), names, limit) if names else []
    if len(found) == limit:
        until = found[-1][0]
    earned, stopped_at = _earn(tx, tenant_id, timeline, found, names)
    timeline.read_to = until = stopped_at or until
    if until == head:
        # Whatever comes is recorded later than this.
        timeline.reach(tx.moment(tenant_id))
    if earned or until - checkpoint >= limits.rules_slice_positions:
        fault("in_rules")
        _advance(tx, tenant_id, checkpoint, until)
    return until < head


def _earn(
    tx: Transaction, tenant_id: int, timeline: Timeline, found: list[Row], names: dict[int, str]
) -> tuple[bool, int]:
    """Whether rules were asked about anything; and where it stopped since somebody waits, or 0."""
    coming = []
    for row in found:
        timeline.reach(row[4])
        these = timeline.about(names[row[1]])
        if these and row[0] not in timeline.skipped:
            coming.append((row, these, timeline.changes_left))
    every = [rule for _, these, _ in coming for rule in these]
    members = _Members(tx, tenant_id, sorted({row[2] for row, _, _ in coming}), every)
    for done, (row, these, changes_left) in enumerate(coming, 1):
        position, type_id, number, occurred_at, _ = row
        asked = members.get(number)
        if asked is not None:
            occasion = Occasion(activity=position, event=names[type_id])
            try:
                earns = by_activity(tx, tenant_id, asked, these, occasion, occurred_at)
            except Exception as trouble:  # goes on its way with the place it happened at
                trouble.add_note(f"activity {position}")
                raise
            if earns:
                members.has_earned(number)
        if done % _LOOK_EVERY == 0 and tx.is_awaited is not None and tx.is_awaited():
            if timeline.changes_left < changes_left:
                # It has moved on to what the next slice begins before.
                del tx.memory(tenant_id).definitions[_REMEMBERED]
            return True, position
    return bool(coming), 0


class _Members:
    """What rules ask about a slice's members: all at once, and again of one who has earned since.

    Points may have moved them to another level, which matters where a rule is for some levels.
    """

    def __init__(
        self, tx: Transaction, tenant_id: int, numbers: Sequence[int], these: Sequence[Rule]
    ) -> None:
        self._ask = partial(ask_about, tx, tenant_id, these=these)
        self._is_lasting = not any(rule.levels for rule in these)
        self._known: dict[int, Asked | None] = dict.fromkeys(numbers)
        if numbers:
            self._known.update(self._ask(numbers=numbers))
            accounts.learn(tx, tenant_id, numbers)

    def get(self, number: int) -> Asked | None:
        """A member; None for one who is gone."""
        if number not in self._known:
            self._known[number] = self._ask(numbers=(number,)).get(number)
        return self._known[number]

    def has_earned(self, number: int) -> None:
        """What was known of the member may not be true any more."""
        if not self._is_lasting:
            del self._known[number]


def _read(
    rows: Rows, tenant_id: int, span: tuple[int, int], names: dict[int, str], limit: int
) -> list[Row]:
    return rows.all(
        "activities_of_types_between",
        tenant_id=tenant_id,
        after=span[0],
        until=span[1],
        type_ids=json.dumps(list(names)),
        limit=limit,
    )


def _types(rows: Rows, tenant_id: int, names: Collection[str]) -> dict[int, str]:
    """The ids of the types with some names; one that was hidden has activities, too."""
    if not names:
        return {}
    listed = json.dumps(sorted(names))
    return dict(rows.all("types_with_names", tenant_id=tenant_id, names=listed))


def _start(rows: Rows, tenant_id: int, timeline: Timeline, after: int, head: int) -> int:
    """Where to read from: what was recorded before there was any rule is passed by.

    Recording times never go back, so the first activity from a moment on is found by halving.
    """
    moment = timeline.idle_until
    if moment is None:
        return after
    low, high = after, head
    while low < high:
        middle = (low + high) // 2
        row = rows.one("next_recorded", tenant_id=tenant_id, position=middle + 1)
        if row is None or row[1] >= moment:
            high = middle
        else:
            low = row[0]
    return low


def _advance(tx: Transaction, tenant_id: int, before: int, position: int) -> None:
    place = {"tenant_id": tenant_id, "name": FOLLOWER}
    tx.rows.run("add_follower", **place)
    if not tx.rows.run("advance_follower", **place, before=before, position=position):
        # Somebody else did the same work: theirs counts.
        raise StoreBusy
    fault("after_rules")


def _timeline(tx: Transaction, tenant_id: int) -> Timeline:
    remembered = tx.memory(tenant_id).definitions
    found: Timeline | None = remembered.get(_REMEMBERED)
    if found is None:
        created: dict[str, int] = {}
        changes = [
            _change(row, created) for row in _history(tx.rows, tenant_id, _DEFINED, _REMOVED)
        ]
        skipped = [
            msgspec.json.decode(row[5])["position"]
            for row in _history(tx.rows, tenant_id, definitions.ACTIVITY_WAS_SKIPPED)
        ]
        found = remembered[_REMEMBERED] = Timeline(changes, skipped)
    return found


def _history(rows: Rows, tenant_id: int, *types: str) -> list[Row]:
    """Every decision of some types, in order."""
    found = [row for decided in types for row in decisions.of_type(rows, tenant_id, decided)]
    return sorted(found)


def _change(row: Row, created: dict[str, int]) -> Change:
    """What a decision changed. `created` has the position of each rule's first one."""
    position, decided, rule_id, _, recorded_at, payload = row[:6]
    ordinal = created.setdefault(rule_id, position)
    told = msgspec.json.decode(payload)
    if decided == _REMOVED or not told["active"] or told["body"].get("type") != "custom_event":
        return Change(recorded_at, rule_id, None)
    return Change(recorded_at, rule_id, rules.parse(rule_id, ordinal, told["body"]))
