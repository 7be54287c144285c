"""Questions about a tenant's stores."""

from __future__ import annotations

import msgspec

from guerdon.store.port import Rows


class Store(msgspec.Struct, frozen=True):
    """A shop or a channel. `currency` is empty where it is the programme's."""

    store_id: str
    code: str
    name: str
    currency: str
    active: bool
    created_at: int


def of_tenant(rows: Rows, tenant_id: int) -> list[Store]:
    """Every store, oldest first."""
    found = rows.all("stores", tenant_id=tenant_id)
    return [
        Store(store_id, code, name, currency, bool(active), created_at)
        for store_id, code, name, currency, active, created_at in found
    ]
