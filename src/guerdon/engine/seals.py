"""Sealing for one member: what a decision keeps that nobody but the member's key opens.

Such a text goes into a decision as base64; the decision's own seal is the tenant's. So no answer
shows it, and it is gone for good when the member is forgotten.
"""

from __future__ import annotations

import base64

from guerdon.store.transaction import Transaction


def sealed(tx: Transaction, tenant_id: int, number: int, context: str, text: str) -> str:
    """A text sealed under the member's key, as base64; `store.standing.unsealed` opens it."""
    key = tx.seal_key(tenant_id, number)
    blob = tx.vault.seal(key, tenant_id, number, context, text)
    return base64.b64encode(blob).decode()
