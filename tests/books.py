"""An audit of a tenant's ledger: from the postings alone, compared with everything that sums them.

It shares no arithmetic with the code that keeps the ledger.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from guerdon.domain.points import OF_MEMBER, OF_PROGRAMME
from guerdon.store import movements

EVERYTHING = 1_000_000
_COUNTED = "points:"


def balance(rows: Any, tenant_id: int) -> dict[int, int]:
    """Each member's available points. Raises AssertionError where the books do not add up."""
    held: Counter[tuple[int, str]] = Counter()
    places: dict[int, list[int]] = defaultdict(list)
    postings = rows.all("points_postings", tenant_id=tenant_id)
    for position, leg, number, _, source, target, points in postings:
        assert points >= 0
        places[number] += [] if leg else [position]
        for account, change in ((source, -points), (target, points)):
            owner = number if account in OF_MEMBER else 0
            assert account in OF_MEMBER or account in OF_PROGRAMME, account
            held[owner, account] += change
            assert owner == 0 or account == "debt" or held[owner, account] >= 0, (number, account)
        assert held[number, "debt"] <= 0, number
        assert sum(held.values()) == 0, "points were made or lost"
    assert held[0, "transit"] == 0, "points are still on their way"
    for number, positions in places.items():
        found = movements.places(rows, tenant_id, number)
        assert [position for some in found for position in some] == positions, number
    _sums_agree(rows, tenant_id, held)
    _transfers_agree(rows, tenant_id, held)
    return {number: held[number, "available"] for number in _accounts(rows, tenant_id)}


def _accounts(rows: Any, tenant_id: int) -> dict[int, tuple[int, ...]]:
    found = rows.all("accounts_after", tenant_id=tenant_id, after=0, limit=EVERYTHING)
    return {row[0]: row[2:6] for row in found}


def _sums_agree(rows: Any, tenant_id: int, held: Counter[tuple[int, str]]) -> None:
    accounts = _accounts(rows, tenant_id)
    assert {owner for owner, _ in held} <= {0, *accounts}
    for number, (available, locked, blocked, debt) in accounts.items():
        kept = (available, locked, blocked, -debt)
        assert kept == tuple(held[number, name] for name in OF_MEMBER), number
    counters = dict(rows.all("counters", tenant_id=tenant_id))
    for name in OF_PROGRAMME:
        assert counters.get(_COUNTED + name, 0) == held[0, name], name


def _transfers_agree(rows: Any, tenant_id: int, held: Counter[tuple[int, str]]) -> None:
    """What is left in the lots is what the accounts hold."""
    found = rows.all("points_transfers_after", tenant_id=tenant_id, after=0, limit=EVERYTHING)
    left: dict[tuple[int, str], int] = defaultdict(int)
    kinds = Counter(f"{_COUNTED}of:{row[3]}:{row[4]}" for row in found)
    counters = dict(rows.all("counters", tenant_id=tenant_id))
    assert kinds == {
        name: total for name, total in counters.items() if total and name.startswith("points:of:")
    }
    for _, number, _, kind, state, value, _, _, _, remaining, *_ in found:
        if kind == "blocking":
            left[number, "blocked"] += value if state == "active" else 0
        elif remaining is not None:
            assert 0 <= remaining <= value
            assert state in ("active", "pending") or not remaining
            left[number, "locked" if state == "pending" else "available"] += remaining
    for number, account in held:
        if number and account != "debt":
            assert left[number, account] == held[number, account], (number, account)
