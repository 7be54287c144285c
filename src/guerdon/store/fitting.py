"""Whether a secret key is the one a database was sealed under.

Sealing under another would go well, and what was sealed before would not open any more: after that
no key opens everything. So the first wrapped key in the database is tried before anything changes.
Tenant 0, which nobody is, gets one as soon as somebody may write: so a database that holds nothing
personal yet belongs to a secret key as well, and of two processes with different ones at its very
beginning, the second is refused.
"""

from __future__ import annotations

from guerdon.errors import Conflict, Misconfigured, StoreError
from guerdon.store.port import Rows, Writer
from guerdon.store.vault import Vault

_NOBODY = 0


def is_sealed(rows: Rows) -> bool:
    """Whether the database belongs to a secret key already."""
    return rows.one("first_seal") is not None


def require(rows: Rows, vault: Vault) -> None:
    """Refuse a secret key under which the database was not sealed.

    Errors: Misconfigured.
    """
    first = rows.one("first_seal")
    if first is None:
        return
    tenant_id, number, wrapped = first
    try:
        vault.require_opens(bytes(wrapped), tenant_id, number)
    except StoreError as wrong:
        raise Misconfigured(
            "the secret key does not fit the database: what is sealed there does not open with it"
        ) from wrong


def settle(writer: Writer, vault: Vault) -> None:
    """Have the database belong to the vault's secret key from now on.

    Errors: Misconfigured when it belongs to another; StoreError.
    """
    require(writer, vault)
    if writer.one("seal", tenant_id=_NOBODY, number=_NOBODY) is not None:
        return
    writer.begin()
    try:
        wrapped = vault.new_key(_NOBODY, _NOBODY)
        writer.run("add_seal", tenant_id=_NOBODY, number=_NOBODY, wrapped=wrapped)
        writer.commit()
    except Conflict:
        writer.rollback()
        require(writer, vault)
    except BaseException:
        writer.rollback()
        raise
