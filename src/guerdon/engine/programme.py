"""What every part of a programme asks inside a transaction: its settings and its time zone."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from guerdon.engine.directory import read_settings
from guerdon.store.transaction import Transaction


def settings(tx: Transaction, tenant_id: int) -> dict[str, Any]:
    """The tenant's settings as this transaction sees them; remembered between commits."""
    memory = tx.memory(tenant_id)
    if memory.settings is None:
        memory.settings = read_settings(tx.rows, tenant_id)
    return memory.settings


def timezone(tx: Transaction, tenant_id: int) -> tzinfo:
    """The programme's time zone."""
    memory = tx.memory(tenant_id)
    if memory.timezone is None:
        memory.timezone = ZoneInfo(settings(tx, tenant_id)["programme.timezone"])
    return memory.timezone
