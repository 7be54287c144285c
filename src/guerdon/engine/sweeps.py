"""Carrying a change of definitions to every member, a slice at a time.

How far it has come is kept, so it goes on after a restart; a further change begins it anew. What
is done for a member must be right to do twice.
"""

from __future__ import annotations

from collections.abc import Callable

from guerdon.domain import definitions
from guerdon.store.transaction import Transaction


def version(tx: Transaction, tenant_id: int, kind: str) -> int:
    """How often something of a kind was defined, changed or removed."""
    kinds = (definitions.was_defined(kind), definitions.was_removed(kind))
    return sum(tx.total(tenant_id, "decision:" + each) for each in kinds)


def step(
    tx: Transaction,
    tenant_id: int,
    name: str,
    target: str,
    limit: int,
    visit: Callable[[int], object],
) -> int:
    """Visit the next members by number; how many there were, 0 when all have been.

    target: the state of the definitions that is carried to the members.
    """
    memory = tx.memory(tenant_id)
    if memory.definitions.get(f"swept:{name}") == target:
        return 0
    row = tx.rows.one("sweep", tenant_id=tenant_id, name=name)
    reached, is_finished = (row[1], row[2]) if row and row[0] == target else (0, 0)
    numbers: list[int] = []
    if not is_finished:
        found = tx.rows.all("numbers_after", tenant_id=tenant_id, after=reached, limit=limit)
        numbers = [number for (number,) in found]
        for number in numbers:
            visit(number)
        is_finished = int(len(numbers) < limit)
        tx.rows.run(
            "set_sweep",
            tenant_id=tenant_id,
            name=name,
            target=target,
            number=numbers[-1] if numbers else reached,
            finished=is_finished,
        )
    if is_finished:
        # Whatever changes definitions or settings makes every committer forget this.
        tx.memory(tenant_id).definitions[f"swept:{name}"] = target
    return len(numbers)
