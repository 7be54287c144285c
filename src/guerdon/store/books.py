"""The audit of a tenant's ledger: its postings, added up, against everything that sums them.

A posting takes points from one account and gives them to another, so it can make or lose none. What
can be wrong is a balance that was below zero at some position, a sum that no postings lead to, or a
lot that holds what its account does not.

Cost: every posting is read once, in pages; memory does not grow with their number.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from itertools import chain

import msgspec

from guerdon.domain.points import AVAILABLE, BLOCKED, DEBT, LOCKED, OF_PROGRAMME, TRANSIT
from guerdon.store import movements
from guerdon.store.port import Row, Rows

_ACCOUNTS = 1_000
_POSTINGS = 5_000
_RUNS = 500
_FAULTS_MAX = 20
_EVERYBODY = 2**62
_COUNTED = "points:"
Sums = Counter[str]


class _Span(msgspec.Struct, frozen=True):
    """Members `after` one number and up to another."""

    tenant_id: int
    after: int
    until: int


def faults(rows: Rows, tenant_id: int) -> list[str]:
    """What does not add up, in words: the first twenty, and none when the books are right."""
    found: list[str] = []
    programme: Sums = Counter()
    after = 0
    while after < _EVERYBODY and len(found) < _FAULTS_MAX:
        page = rows.all("accounts_after", tenant_id=tenant_id, after=after, limit=_ACCOUNTS)
        until = page[-1][0] if len(page) == _ACCOUNTS else _EVERYBODY
        found += _members(rows, _Span(tenant_id, after, until), page, programme)
        after = until
    if after == _EVERYBODY:
        found += _programme(rows, tenant_id, programme)
    return found[:_FAULTS_MAX]


def _members(rows: Rows, span: _Span, accounts: list[Row], programme: Sums) -> Iterator[str]:
    """A run of members: their accounts and lots against their postings."""
    balances = {number: _kept(*row) for number, _, *row, _ in accounts}
    lots = _lots(rows, span)
    moved: dict[int, Sums] = {}
    wrong: dict[int, int] = {}
    for number, position, source, target, points in _postings(rows, span, accounts):
        held = moved.setdefault(number, Counter())
        if not _add_up(held, source, target, points):
            wrong.setdefault(number, position)
    for number, position in wrong.items():
        yield f"member {number}: an account is on the wrong side of zero at position {position}"
    for held in moved.values():
        programme.update({name: held.pop(name) for name in OF_PROGRAMME if name in held})
    for number in sorted(balances.keys() | moved.keys() | lots.keys()):
        held = moved.get(number, Counter())
        # What is owed is in no lot.
        in_lots = Counter({name: points for name, points in held.items() if name != DEBT})
        for what, found, wanted in (
            ("account", balances.get(number, Counter()), held),
            ("lots", lots.get(number, Counter()), in_lots),
        ):
            if +found != +wanted or -found != -wanted:
                yield f"member {number}: {what} {_said(found)}, postings {_said(wanted)}"


def _kept(available: int, locked: int, blocked: int, debt: int, *_: int) -> Sums:
    return Counter({AVAILABLE: available, LOCKED: locked, BLOCKED: blocked, DEBT: -debt})


def _lots(rows: Rows, span: _Span) -> dict[int, Sums]:
    """What is left in each member's lots, and what is blocked."""
    found: dict[int, Sums] = {}
    for number, state, points in rows.all("points_left", **msgspec.structs.asdict(span)):
        name = LOCKED if state == "pending" else AVAILABLE
        found.setdefault(number, Counter())[name] += points
    for number, points in rows.all("points_blocked", **msgspec.structs.asdict(span)):
        found.setdefault(number, Counter())[BLOCKED] += points
    return found


def _add_up(held: Sums, source: str, target: str, points: int) -> bool:
    """Add one posting of a member's; whether both accounts may be as it leaves them."""
    held[source] -= points
    held[target] += points
    return not any(
        held[name] > 0 if name == DEBT else held[name] < 0
        for name in (source, target)
        if name not in OF_PROGRAMME
    )


def _postings(rows: Rows, span: _Span, accounts: list[Row]) -> Iterator[Row]:
    """A run of members' postings, each member's in order."""
    waiting: list[int] = []
    for moves in chain(_runs(rows, span), (row[-1] for row in accounts)):
        waiting += movements.read(moves)
        if len(waiting) >= _POSTINGS:
            yield from _postings_at(rows, span.tenant_id, waiting)
            waiting = []
    if waiting:
        yield from _postings_at(rows, span.tenant_id, waiting)


def _postings_at(rows: Rows, tenant_id: int, positions: list[int]) -> list[Row]:
    listed = json.dumps(positions)
    return rows.all("points_postings_at", tenant_id=tenant_id, positions=listed)


def _runs(rows: Rows, span: _Span) -> Iterator[str]:
    number, last = span.after, _EVERYBODY
    while True:
        page = rows.all(
            "points_runs_after",
            tenant_id=span.tenant_id,
            number=number,
            last_position=last,
            until=span.until,
            limit=_RUNS,
        )
        yield from (moves for _, _, moves in page)
        if len(page) < _RUNS:
            return
        number, last = page[-1][:2]


def _programme(rows: Rows, tenant_id: int, held: Sums) -> Iterator[str]:
    counters: dict[str, int] = dict(rows.all("counters", tenant_id=tenant_id))
    for name in OF_PROGRAMME:
        said = counters.get(_COUNTED + name, 0)
        if said != held[name]:
            yield f"{name} points are {said}, postings add up to {held[name]}"
    if held[TRANSIT]:
        yield f"{held[TRANSIT]} points are still on their way between two members"


def _said(sums: Sums) -> str:
    return ", ".join(f"{name} {points}" for name, points in sorted(sums.items()) if points) or "0"
