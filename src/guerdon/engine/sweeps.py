"""Carrying a change of definitions to every member, a slice at a time.

How far it has come is kept, so it goes on after a restart; a further change begins it anew. What
is done for a member must be right to do twice.

Cost: a look whether there is one to do takes no lock; a slice is at most
      `limits.sweep_members_max` members.
"""

from __future__ import annotations

from collections.abc import Callable

from guerdon import limits
from guerdon.domain import definitions
from guerdon.store.port import Rows
from guerdon.store.transaction import Transaction


def version(rows: Rows, tenant_id: int, kind: str) -> int:
    """How often something of a kind was defined, changed or removed."""
    found = rows.all(
        "definition_changes",
        tenant_id=tenant_id,
        defined="decision:" + definitions.was_defined(kind),
        removed="decision:" + definitions.was_removed(kind),
    )
    return sum(total for (total,) in found)


def is_pending(rows: Rows, tenant_id: int, name: str, target: str) -> bool:
    """Whether there are members left to visit.

    target: the state of the definitions that is carried to the members; "" when there are none.
    """
    if not target:
        return False
    row = rows.one("sweep", tenant_id=tenant_id, name=name)
    return row is None or row[0] != target or not row[2]


def step(
    tx: Transaction, tenant_id: int, name: str, target: str, visit: Callable[[int], object]
) -> bool:
    """Visit the next members by number; whether there are more."""
    tx.head(tenant_id)
    if not is_pending(tx.rows, tenant_id, name, target):
        return False
    row = tx.rows.one("sweep", tenant_id=tenant_id, name=name)
    reached = row[1] if row and row[0] == target else 0
    limit = tx.portion(limits.sweep_members_max)
    found = tx.rows.all("numbers_after", tenant_id=tenant_id, after=reached, limit=limit)
    for (number,) in found:
        visit(number)
    is_finished = len(found) < limit
    tx.rows.run(
        "set_sweep",
        tenant_id=tenant_id,
        name=name,
        target=target,
        number=found[-1][0] if found else reached,
        finished=int(is_finished),
    )
    return not is_finished
