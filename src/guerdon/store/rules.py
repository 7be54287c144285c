"""Questions about earning rules: how often they were used, and what they ask about members."""

from __future__ import annotations

import json
from collections.abc import Collection

import msgspec

from guerdon.store.port import Rows


class Person(msgspec.Struct, frozen=True):
    """What rules ask about a member; `status` is None for one who was never activated."""

    number: int
    member_id: str
    status: str | None
    pos_id: str | None
    level_id: str | None


def uses(rows: Rows, tenant_id: int, number: int, rule_id: str, window: str) -> int:
    """How often a member has used a rule in a calendar window."""
    row = rows.one("rule_uses", tenant_id=tenant_id, number=number, rule_id=rule_id, span=window)
    return row[0] if row else 0


def uses_of_member(rows: Rows, tenant_id: int, number: int) -> dict[str, dict[str, int]]:
    """A member's uses: rule id -> window -> how often."""
    found: dict[str, dict[str, int]] = {}
    for rule_id, window, count in rows.all("uses_of_member", tenant_id=tenant_id, number=number):
        found.setdefault(rule_id, {})[window] = count
    return found


def people(rows: Rows, tenant_id: int, numbers: Collection[int]) -> dict[int, Person]:
    """Some members by their numbers; those there are none of are left out."""
    listed = json.dumps(sorted(numbers))
    found = rows.all("rule_facts", tenant_id=tenant_id, numbers=listed)
    return {row[0]: Person(*row) for row in found}
