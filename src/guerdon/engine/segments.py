"""Segments' use cases: who belongs where after what happened, and when to look again.

A member is looked at when something about them changes; everybody is, in slices, when segments are
defined, changed, put in or out of use, or removed; whom time alone moves, at the moment it does.
Whoever was deleted belongs to none.

Cost: a change of one member costs that member's segments, whatever the number of members.
"""

from __future__ import annotations

from collections.abc import Generator
from datetime import date
from functools import cache
from typing import Any

import msgspec

from guerdon.domain import segments as decide
from guerdon.domain.segments import MEMBER_WAS_ADDED, MEMBER_WAS_REMOVED, Person, Segment, When
from guerdon.engine import sweeps
from guerdon.engine.definitions import known
from guerdon.engine.directory import read_settings
from guerdon.engine.programme import timezone
from guerdon.engine.record import record
from guerdon.store.port import Row, Rows
from guerdon.store.purchases import bought_of, places_of
from guerdon.store.transaction import Transaction

_DELETED = "deleted"
_SWEEP = "segments"
_PARSED = "segments:parsed"


def active(tx: Transaction, tenant_id: int) -> dict[str, Segment]:
    """The tenant's active segments by their ids; remembered between commits."""
    memory = tx.memory(tenant_id)
    found: dict[str, Segment] | None = memory.definitions.get(_PARSED)
    if found is None:
        found = memory.definitions[_PARSED] = {
            each.definition_id: decide.segment(each.definition_id, each.body)
            for each in known(tx, tenant_id, "Segment").values()
            if each.active
        }
    return found


def on_changed(tx: Transaction, tenant_id: int, number: int, **_: Any) -> None:
    """Something about a member changed."""
    if active(tx, tenant_id):
        look(tx, tenant_id, number)


def on_forgotten(tx: Transaction, tenant_id: int, number: int, **_: Any) -> None:
    """A member was forgotten, so segments know of nothing personal any more."""
    look(tx, tenant_id, number)


def look_at_due(
    tx: Transaction, tenant_id: int, now: int, limit: int
) -> Generator[None, None, int]:
    """Look at members whom time may have moved, longest due first; returns how many there were."""
    if not _due(tx, tenant_id, now, 1):
        return 0
    # Whoever else writes waits from here on, so that what is read now stays true.
    due = _due(tx, tenant_id, tx.moment(tenant_id), limit)
    for number in due:
        yield
        look(tx, tenant_id, number)
    return len(due)


def _due(tx: Transaction, tenant_id: int, now: int, limit: int) -> list[int]:
    found = tx.rows.all("segment_reviews_due", tenant_id=tenant_id, now=now, limit=limit)
    return [number for (number,) in found]


def is_sweep_pending(rows: Rows, tenant_id: int) -> bool:
    """Whether segments changed and some members have not been looked at since."""
    return sweeps.is_pending(rows, tenant_id, _SWEEP, _target(rows, tenant_id))


def sweep(tx: Transaction, tenant_id: int) -> bool:
    """Look at the next members because segments changed; whether there are more."""
    target = _target(tx.rows, tenant_id)
    return sweeps.step(tx, tenant_id, _SWEEP, target, lambda number: look(tx, tenant_id, number))


def _target(rows: Rows, tenant_id: int) -> str:
    """Anniversaries follow the programme's calendar, so its time zone is part of it."""
    version = sweeps.version(rows, tenant_id, "Segment")
    if not version:
        return ""
    return f"{version} {read_settings(rows, tenant_id)['programme.timezone']}"


def look(tx: Transaction, tenant_id: int, number: int) -> None:
    """Add a member to the segments they belong to, and take them out of the others."""
    row = tx.rows.one("segment_case", tenant_id=tenant_id, number=number)
    if row is None:
        return
    is_deleted, due_at = row[6] == _DELETED, row[7]
    person = _person(tx, tenant_id, number, row)
    when = When(tx.moment(tenant_id), timezone(tx, tenant_id))
    asked = {} if is_deleted else active(tx, tenant_id)
    wanted = [each.segment_id for each in asked.values() if decide.belongs(each, person, when)]
    rows = tx.rows.all("memberships", tenant_id=tenant_id, number=number)
    present = [segment_id for segment_id, *_ in rows]
    changes = [(MEMBER_WAS_REMOVED, each) for each in present if each not in wanted]
    changes += [(MEMBER_WAS_ADDED, each) for each in wanted if each not in present]
    for change, segment_id in changes:
        decision = decide.membership_changed(change, segment_id, person.member_id, number, when)
        record(tx, tenant_id, decision)
    _plan(tx, tenant_id, number, due_at, _next(asked, person, when))


def _next(asked: dict[str, Segment], person: Person, when: When) -> int | None:
    moments = (decide.changes_at(each, person, when) for each in asked.values())
    return min((moment for moment in moments if moment is not None), default=None)


def _plan(
    tx: Transaction, tenant_id: int, number: int, before: int | None, due_at: int | None
) -> None:
    if due_at == before:
        return
    if due_at is None:
        tx.rows.run("drop_segment_review", tenant_id=tenant_id, number=number)
    else:
        tx.rows.run("plan_segment_review", tenant_id=tenant_id, number=number, due_at=due_at)


def _person(tx: Transaction, tenant_id: int, number: int, row: Row) -> Person:
    profile = msgspec.json.decode(row[2])

    @cache
    def places() -> dict[str, int]:
        return places_of(tx.rows, tenant_id, number)

    @cache
    def bought(kind: str) -> set[str]:
        return bought_of(tx.rows, tenant_id, number, kind)

    def bought_between(first: int, last: int) -> bool:
        found = tx.rows.one(
            "bought_between",
            tenant_id=tenant_id,
            number=number,
            from_time=first,
            to_time=last,
        )
        return found is not None

    return Person(
        member_id=row[0],
        registered_at=row[1],
        birth_date=_day(profile.get("birthDate")),
        labels=_labels(profile.get("labels")),
        purchases=row[3],
        gross=row[4],
        last_at=row[5],
        places=places,
        bought=bought,
        bought_between=bought_between,
    )


def _day(text: Any) -> date | None:
    """A day as details have it; what other dialects keep under that name may be no day."""
    try:
        return date.fromisoformat(text[:10])
    except (TypeError, ValueError):
        return None


def _labels(given: Any) -> frozenset[tuple[str, str]]:
    labels = given if isinstance(given, list) else ()
    return frozenset(
        (str(each.get("key")), str(each.get("value"))) for each in labels if isinstance(each, dict)
    )
