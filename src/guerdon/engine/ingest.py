"""Storing activities: all of a request or none of it, each by a known member and of a known type.

Everything that can be refused is decided before anything is written, so a refused request leaves
no trace in the transaction it shares with others.
"""

from __future__ import annotations

from itertools import pairwise

from guerdon import limits
from guerdon.engine import catalogue, idempotency, members
from guerdon.engine.commands import Append, Identity, Ingest, Ingested, Item, Named, Row
from guerdon.errors import NotFound, Stale, TooLarge
from guerdon.faults import fault
from guerdon.store.transaction import Memory, Transaction

_NOBODY = 0


def append(tx: Transaction, command: Append) -> Ingested:
    """See `Append`."""
    head = tx.head(command.tenant_id)
    if command.version != head.identity_version:
        raise Stale
    replay = command.replay
    if replay is not None:
        if replay.of_member:
            replay = idempotency.of_member(replay, command.rows[0][1])
        seen = idempotency.recall(tx, command.tenant_id, replay, refuse=command.refuse_replay)
        if seen is not None:
            return seen
    answer = Ingested(tx.append_activities(head, command.key_id, command.rows), len(command.rows))
    if replay is not None:
        idempotency.remember(tx, command.tenant_id, replay, answer)
    fault("after_first_row")
    return answer


def ingest(tx: Transaction, command: Ingest) -> Ingested:
    """See `Ingest`."""
    if len(command.items) > limits.append_events_max:
        raise TooLarge(f"at most {limits.append_events_max} activities at once")
    seen = _seen(tx, command)
    if seen is not None:
        return seen
    memory = tx.memory(command.tenant_id)
    known = _known_positions(tx, command)
    if known and all(item.event_id in known for item in command.items):
        return _stored_before(tx, command, known)
    resolve = _Resolver(tx, memory, command).member
    numbers = [resolve(at, item) for at, item in enumerate(command.items)]
    seen = _seen(tx, command, numbers)
    if seen is not None:
        return seen
    type_ids = _types(tx, memory, command)
    answer = _store(tx, command, numbers, type_ids, known)
    _remember(tx, command, numbers, answer)
    fault("after_first_row")
    return answer


def _stored_before(tx: Transaction, command: Ingest, known: dict[str, int]) -> Ingested:
    """The answer to what was stored before, whatever its names stand for now.

    Nobody is looked up: an old event sent once more must not register anew who was forgotten.
    """
    positions = [known[item.event_id] for item in command.items if item.event_id]
    answer = Ingested(positions[0], len(positions), True, _apart(positions))
    _remember(tx, command, [], answer)
    return answer


def _remember(tx: Transaction, command: Ingest, numbers: list[int], answer: Ingested) -> None:
    """Keep the answer for the command's key; numbers: whose activities, none if not looked up."""
    if command.replay is not None:
        replay = idempotency.of_member(command.replay, numbers[0] if numbers else _NOBODY)
        idempotency.remember(tx, command.tenant_id, replay, _without_names(answer))


def _seen(tx: Transaction, command: Ingest, numbers: list[int] | None = None) -> Ingested | None:
    """The answer to the command's key; to one of a member, when their number is known."""
    replay = command.replay
    if replay is None or replay.of_member is not bool(numbers):
        return None
    if numbers:
        replay = idempotency.of_member(replay, numbers[0])
    return idempotency.recall(tx, command.tenant_id, replay, refuse=command.refuse_replay)


def _without_names(answer: Ingested) -> Ingested:
    return Ingested(answer.first_position, answer.count, answer.replayed, answer.positions)


def _store(
    tx: Transaction,
    command: Ingest,
    numbers: list[int],
    type_ids: list[int],
    known: dict[str, int],
) -> Ingested:
    """Register who is new, bind what is to be bound, and append what is not there yet."""
    head = tx.head(command.tenant_id)
    first = head.activity_position + 1
    rows: list[Row] = []
    positions: list[int] = []
    newcomers: dict[int, int] = {}
    for at, item in enumerate(command.items):
        if numbers[at] < _NOBODY:
            numbers[at] = _registered(tx, command, item, numbers[at], newcomers)
        if item.bind:
            members.bind(tx, command.tenant_id, numbers[at], item.identities)
        if item.event_id is not None:
            if item.event_id in known:
                positions.append(known[item.event_id])
                continue
            known[item.event_id] = first + len(rows)
            _remember_source(tx, command, item.event_id, first + len(rows))
        positions.append(first + len(rows))
        rows.append((type_ids[at], numbers[at], item.occurred_at, item.data))
    tx.append_activities(head, command.key_id, rows)
    return Ingested(
        positions[0] if positions else first,
        len(positions),
        not rows,
        _apart(positions),
        Named(head.identity_version, _lasting(tx, command, numbers), tuple(type_ids)),
    )


def _apart(positions: list[int]) -> tuple[int, ...]:
    """The positions, unless they are one run."""
    is_run = all(after == before + 1 for before, after in pairwise(positions))
    return () if is_run else tuple(positions)


def _lasting(tx: Transaction, command: Ingest, numbers: list[int]) -> tuple[int, ...]:
    """See `Named.numbers`: an identity that a member has stays theirs while the version does."""
    known = tx.memory(command.tenant_id).identities.get
    count = 1 if command.match == "any" else None
    return tuple(
        number if all(known(each) == number for each in item.identities[:count]) else _NOBODY
        for number, item in zip(numbers, command.items, strict=True)
    )


def _remember_source(tx: Transaction, command: Ingest, event_id: str, position: int) -> None:
    tx.rows.run(
        "add_source",
        tenant_id=command.tenant_id,
        source=command.dialect,
        event_id=event_id,
        position=position,
    )


def _known_positions(tx: Transaction, command: Ingest) -> dict[str, int]:
    known: dict[str, int] = {}
    for item in command.items:
        if item.event_id is not None:
            row = tx.rows.one(
                "source_position",
                tenant_id=command.tenant_id,
                source=command.dialect,
                event_id=item.event_id,
            )
            if row is not None:
                known[item.event_id] = row[0]
    return known


def _types(tx: Transaction, memory: Memory, command: Ingest) -> list[int]:
    types = memory.types
    unknown = []
    for at, item in enumerate(command.items):
        if item.type in types:
            continue
        found = catalogue.find(tx, command.tenant_id, item.type)
        if found is not None:
            types[item.type] = found
        elif command.unknown_type == "refuse":
            raise NotFound("unknown event type", code="unknown_type", field="type", index=at)
        elif item.type not in unknown:
            unknown.append(item.type)
    for name in unknown:
        types[name] = catalogue.add(tx, command.tenant_id, name).type_id
    return [types[item.type] for item in command.items]


class _Resolver:
    """Finds whose activities a request's items are, before anything is written.

    Somebody to be registered has a negative number until they are, and from then on the identities
    of the item that named them: what later items say is held against it.
    """

    def __init__(self, tx: Transaction, memory: Memory, command: Ingest) -> None:
        self._bound: dict[Identity, int] = {}
        self._newcomers = 0
        self._command = command
        self._creates = command.unknown_member == "create"
        self._memory = memory
        self._tx = tx

    def member(self, at: int, item: Item) -> int:
        """The member's number, or a newcomer's. Errors: NotFound."""
        identities = item.identities
        number: int | None = self._lookup(identities[0])
        if len(identities) > 1:
            if self._command.match == "any":
                for identity in identities[1:]:
                    number = number or self._lookup(identity)
            else:
                number = self._all_of(item, number or _NOBODY)
        is_new = number == _NOBODY and self._creates
        if is_new:
            self._newcomers += 1
            number = -self._newcomers
        if not number:
            kind = identities[0][0]
            raise NotFound("user not found", code="unknown_member", field=kind, index=at)
        if is_new or item.bind:
            self._bound.update((identity, number) for identity in identities)
        return number

    def _all_of(self, item: Item, number: int) -> int | None:
        """The member all identities name; None when they disagree.

        What nobody has is no disagreement for an item that binds: it becomes the member's, and
        where unknown members are taken in that holds for the first identity, too.
        """
        for identity in item.identities[1:]:
            other = self._lookup(identity)
            if other == number:
                continue
            if not item.bind:
                return None
            if number == _NOBODY and self._creates:
                number = other
            elif other != _NOBODY:
                return None
        return number

    def _lookup(self, identity: Identity) -> int:
        known = self._memory.identities.get(identity) or self._bound.get(identity)
        return known or _lookup(self._tx, self._memory, self._command.tenant_id, identity)


def _lookup(tx: Transaction, memory: Memory, tenant_id: int, identity: Identity) -> int:
    row = tx.rows.one("identity_number", tenant_id=tenant_id, kind=identity[0], value=identity[1])
    if row is None:
        return _NOBODY
    number: int = row[0]
    memory.identities[identity] = number
    return number


def _registered(
    tx: Transaction, command: Ingest, item: Item, number: int, newcomers: dict[int, int]
) -> int:
    """The number of a newcomer, registered as the first item that names them does."""
    if number not in newcomers:
        registered = members.register(tx, command.tenant_id, item.identities, {})
        newcomers[number] = registered.number
    return newcomers[number]
