"""Deliveries: what is owed to the outside, leased to whoever sends it.

A delivery is written in the transaction that owes it. A sender leases it for a while; its fence
number rises with each lease, so that a sender who comes back late cannot settle somebody else's
attempt.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from guerdon import limits
from guerdon.clock import SECOND
from guerdon.engine import secret_settings
from guerdon.engine.commands import LeasedDelivery, LeaseDeliveries, SettleDelivery
from guerdon.engine.directory import read_settings
from guerdon.store.port import Row, Rows
from guerdon.store.transaction import Transaction


def owe(
    tx: Transaction,
    tenant_id: int,
    *,
    kind: str,
    target: str,
    subject: str,
    body: str,
    number: int | None = None,
) -> int:
    """Owe the outside a message; due at once. Its id."""
    delivery_id = tx.next_row(tenant_id)
    tx.rows.run(
        "add_delivery",
        tenant_id=tenant_id,
        delivery_id=delivery_id,
        kind=kind,
        target=target,
        subject=subject,
        body=body,
        number=number,
        created_at=tx.moment(tenant_id),
    )
    return delivery_id


def due_beside(
    rows: Rows, now: int, limit: int, busy: Iterable[tuple[str, str]]
) -> tuple[tuple[int, int], ...]:
    """Which to lease so that none is of a busy lane (`Delivery.lane`); the oldest `limit`.

    It looks at all that these lanes have waiting before: 60 ms for ten thousand.
    """
    lanes = json.dumps(sorted(" ".join(lane) for lane in busy))
    found = rows.all("due_deliveries_beside", now=now, limit=limit, lanes=lanes)
    return tuple((tenant_id, delivery_id) for tenant_id, delivery_id in found)


def lease(tx: Transaction, command: LeaseDeliveries) -> tuple[LeasedDelivery, ...]:
    """See `LeaseDeliveries`."""
    until = tx.now + limits.delivery_lease_seconds * SECOND
    rows = list(_to_lease(tx, command))
    taken = set()
    # In one order whoever takes them: two who wait for each other's would not get on.
    for tenant_id, delivery_id, fence in sorted((row[0], row[1], row[7]) for row in rows):
        if tx.rows.run(
            "lease_delivery",
            tenant_id=tenant_id,
            delivery_id=delivery_id,
            fence=fence,
            lease_until=until,
        ):
            taken.add((tenant_id, delivery_id))
    secrets = {row[0]: "" for row in rows if row[2] == "webhook"}
    for tenant_id in secrets:
        secrets[tenant_id] = _status_secret(tx, tenant_id)
    return tuple(_leased(row, secrets) for row in rows if (row[0], row[1]) in taken)


def _leased(row: Row, secrets: dict[int, str]) -> LeasedDelivery:
    tenant_id, delivery_id, kind, target, subject, body, attempts, fence, owed_at = row
    return LeasedDelivery(
        tenant_id,
        delivery_id,
        kind,
        target,
        subject,
        body,
        attempts + 1,
        fence + 1,
        owed_at,
        secrets[tenant_id] if kind == "webhook" else "",
    )


def _to_lease(tx: Transaction, command: LeaseDeliveries) -> Iterator[Row]:
    if not command.chosen:
        yield from tx.rows.all("due_deliveries", now=tx.now, limit=command.limit)
    for tenant_id, delivery_id in command.chosen[: command.limit]:
        row = tx.rows.one("due_delivery", tenant_id=tenant_id, delivery_id=delivery_id, now=tx.now)
        if row is not None:
            yield row


def settle(tx: Transaction, command: SettleDelivery) -> bool:
    """See `SettleDelivery`."""
    one = {
        "tenant_id": command.tenant_id,
        "delivery_id": command.delivery_id,
        "fence": command.fence,
    }
    last = {"last_status": command.status, "last_error": command.error}
    if command.outcome == "later":
        return tx.rows.run("postpone_delivery", **one, **last, due_at=command.due_at) == 1
    ended = {"finished_at": tx.now, "outcome": command.outcome}
    if tx.rows.run("finish_delivery", **one, **last, **ended) == 1:
        tx.count(command.tenant_id, f"delivery:{command.outcome}", 1)
        return True
    return tx.rows.run("finish_forgotten_delivery", **one, finished_at=tx.now) == 1


def _status_secret(tx: Transaction, tenant_id: int) -> str:
    """What signs status messages; empty when the tenant has given none."""
    # Not as commands remember it: that takes the tenant's head, and who has it may wait for a
    # delivery that is leased here.
    value = read_settings(tx.rows, tenant_id)["meditopia.status_secret"]
    if value:
        # The decision that holds it may belong to a command of the same commit.
        tx.flush()
    return secret_settings.reveal(tx.rows, tx.vault, tenant_id, value)


def forget(
    tx: Transaction, tenant_id: int, *, number: int | None = None, target: str | None = None
) -> None:
    """Take away what was sent to or about somebody; what still waited is not sent any more.

    number: the member's, or that of a key of its own; target: an address, in place of it.
    """
    now = tx.moment(tenant_id)
    lapsed = now + limits.delivery_lease_seconds * SECOND
    common = {"tenant_id": tenant_id, "now": now, "due_at": lapsed}
    if number is not None:
        _count_forgotten(tx, tenant_id, "waiting_deliveries_of", number=number)
        tx.rows.run("forget_deliveries_of", **common, number=number)
    if target:
        _count_forgotten(tx, tenant_id, "waiting_deliveries_to", target=target)
        tx.rows.run("forget_deliveries_to", **common, target=target)


def _count_forgotten(tx: Transaction, tenant_id: int, query: str, **whose: int | str) -> None:
    """What has ended already ended as something else, and was counted then."""
    row = tx.rows.one(query, tenant_id=tenant_id, **whose)
    if row is not None and row[0]:
        tx.count(tenant_id, "delivery:forgotten", row[0])
