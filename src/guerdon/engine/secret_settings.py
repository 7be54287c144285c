"""Settings that are secrets: their table says only in which decision the sealed value stands.

So nothing but the journal keeps a secret, sealed under the tenant's own key, and a rebuild writes
the same bytes again.
"""

from __future__ import annotations

from typing import Any

import msgspec

from guerdon.errors import StoreError
from guerdon.store import decisions
from guerdon.store.port import Rows
from guerdon.store.vault import Vault

_STANDS_AT = "sealedAt"


def is_secret(name: str) -> bool:
    """Whether a setting's value is one."""
    return name.endswith("secret")


def kept(position: int) -> str:
    """What the table of settings keeps of the secret that a decision holds."""
    return msgspec.json.encode({_STANDS_AT: position}).decode()


def reveal(rows: Rows, vault: Vault, tenant_id: int, value: Any) -> str:
    """The secret behind a setting's value; a default stands for itself.

    Errors: StoreError when the sealed part does not open.
    """
    if isinstance(value, str):
        return value
    row = rows.one("decision", tenant_id=tenant_id, position=value[_STANDS_AT])
    if row is None:
        raise StoreError(f"decision {value[_STANDS_AT]}, which holds a secret, is missing")
    recorded = decisions.secret(rows, vault, tenant_id, row)
    return str(msgspec.json.decode(msgspec.json.decode(recorded.payload)["value"]["json"]))
