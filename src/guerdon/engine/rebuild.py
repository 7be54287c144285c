"""State made again: throw a tenant's state tables away and fold its decision journal once more.

Every row in a state table was written by a fold from a decision and nothing else (`record`), so the
same bytes come back. What is not decided is kept as it is: refresh tokens and last log-ins, which
say who is logged in, and the names of custom attributes.

Cost: one transaction that folds every decision of the tenant; changes of that tenant wait meanwhile
      (with SQLite everybody's), readers do not.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from guerdon.engine.commands import RebuildState, Rebuilt
from guerdon.engine.folds.fact import Fact
from guerdon.engine.record import CLEARED, FOLDS
from guerdon.faults import fault
from guerdon.store import activities, decision_blocks, decisions
from guerdon.store.decisions import Recorded
from guerdon.store.port import Row
from guerdon.store.transaction import Transaction

_PAGE_ROWS = 500
_ACCOUNTS_MAX = 100_000  # remembered: enough that hardly any is asked for again
_SORTED = ("clear_postings", "clear_blocks")


def rebuild_state(tx: Transaction, command: RebuildState) -> Rebuilt:
    """See `RebuildState`. Errors: NotFound `unknown_tenant`; StoreError: a secret does not open."""
    tenant_id = command.tenant_id
    tx.head(tenant_id)
    # Decisions of the commands before this one belong to the journal as well.
    tx.flush()
    logins = tx.rows.all("logins", tenant_id=tenant_id)
    tokens = tx.rows.all("refresh_tokens", tenant_id=tenant_id)
    for query in CLEARED:
        tx.rows.run(query, tenant_id=tenant_id)
    tx.forget(tenant_id)
    tx.accounts.clear()
    tx.lots.clear()
    tx.purses.clear()
    count = 0
    for recorded in _journal(tx, tenant_id):
        _fold(tx, tenant_id, recorded)
        count += 1
        if len(tx.accounts) > _ACCOUNTS_MAX:
            tx.accounts.clear()
    _log_in_again(tx, logins, tokens)
    if command.index:
        _sort_again(tx, tenant_id)
    # Whoever remembered something of this tenant asks again.
    tx.forget(tenant_id)
    return Rebuilt(count)


def _journal(tx: Transaction, tenant_id: int) -> Iterator[Recorded]:
    """Every decision in order, with the tenant's own secrets in their place."""
    position = 1
    while True:
        page: list[Row] = tx.rows.all(
            "decisions_from", **{"tenant_id": tenant_id, "from": position, "limit": _PAGE_ROWS}
        )
        fault("in_rebuild")
        for row in page:
            yield decisions.secret(tx.rows, tx.vault, tenant_id, row)
        if len(page) < _PAGE_ROWS:
            return
        position = page[-1][0] + 1


def _fold(tx: Transaction, tenant_id: int, recorded: Recorded) -> None:
    fold = FOLDS.get(recorded.type)
    if fold is None:
        return
    fact = Fact(
        tenant_id,
        recorded.position,
        recorded.aggregate,
        recorded.number or 0,
        recorded.recorded_at,
        msgspec.json.decode(recorded.payload),
    )
    fold(tx, fact)


def _log_in_again(tx: Transaction, logins: list[Row], tokens: list[Row]) -> None:
    for admin_id, last_login_at in logins:
        tx.rows.run("set_last_login", admin_id=admin_id, last_login_at=last_login_at)
    for token_hash, tenant_id, kind, person_id, created_at, expires_at in tokens:
        tx.rows.run(
            "add_refresh_token",
            token_hash=bytes(token_hash),
            tenant_id=tenant_id,
            kind=kind,
            person_id=person_id,
            created_at=created_at,
            expires_at=expires_at,
        )


def _sort_again(tx: Transaction, tenant_id: int) -> None:
    for query in _SORTED:
        tx.rows.run(query, tenant_id=tenant_id)
    tx.rows.run("reset_follower", tenant_id=tenant_id, name=activities.INDEX)
    decision_blocks.note_again(tx.rows, tenant_id, tx.head(tenant_id).decision_position)
