"""What a fold is given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from guerdon.store.transaction import Transaction

Payload = dict[str, Any]


class Fact(msgspec.Struct, frozen=True):
    """A recorded decision as a fold sees it."""

    tenant_id: int
    position: int
    aggregate: str
    number: int
    recorded_at: int
    payload: Payload


Fold = Callable[[Transaction, Fact], None]


def text(value: Any) -> str:
    """A value as the JSON text state tables keep."""
    return msgspec.json.encode(value).decode()
