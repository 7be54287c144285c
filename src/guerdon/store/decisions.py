"""Questions about the decision journal."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Iterator, Sequence

import msgspec
import structlog

from guerdon.errors import DoesNotOpen, StoreError
from guerdon.store import decision_blocks
from guerdon.store.port import Row, Rows
from guerdon.store.transaction import GENESIS, chain
from guerdon.store.vault import Vault

_PREFIX = "decision:"
_VERIFY_ROWS = 1_000
_PAGE_ROWS = 500
_log = structlog.get_logger(__name__)


class Recorded(msgspec.Struct, frozen=True):
    """A decision as its tenant may read it.

    `payload` is JSON text with the personal part in its place, or without it when the member was
    forgotten. `recorded_at` is microseconds UTC.
    """

    position: int
    type: str
    aggregate: str
    number: int | None
    recorded_at: int
    payload: str


class Verdict(msgspec.Struct, frozen=True):
    """What verification found: how many decisions hold, and the first that does not."""

    verified: int
    bad_position: int | None = None
    reason: str | None = None


def get(rows: Rows, vault: Vault, tenant_id: int, position: int) -> Recorded | None:
    """One decision."""
    row = rows.one("decision", tenant_id=tenant_id, position=position)
    return shown(rows, vault, tenant_id, [row])[0] if row else None


def page(
    rows: Rows,
    vault: Vault,
    tenant_id: int,
    *,
    start: int = 1,
    limit: int = 10,
    descending: bool = False,
    type: str | None = None,
) -> list[Recorded]:
    """Decisions from position `start` (inclusive) on, by position; newest first if `descending`.

    type: an exact name, or a pattern with `*`.
    """
    if type is None:
        query = "decisions_down_from" if descending else "decisions_from"
        found = rows.all(query, **{"tenant_id": tenant_id, "from": start, "limit": limit})
        return shown(rows, vault, tenant_id, found)
    merged: list[int] = []
    for name in _names(rows, tenant_id, type):
        merged += decision_blocks.positions(
            rows, tenant_id, name, low=start, limit=limit, descending=descending
        )
    merged.sort(reverse=descending)
    found = at(rows, tenant_id, merged[:limit])
    return shown(rows, vault, tenant_id, found[::-1] if descending else found)


def of_type(rows: Rows, tenant_id: int, type: str) -> Iterator[Row]:
    """Every decision of a type, in order, as stored."""
    low = 1
    while found := decision_blocks.positions(rows, tenant_id, type, low=low, limit=_PAGE_ROWS):
        yield from at(rows, tenant_id, found)
        low = found[-1] + 1


def at(rows: Rows, tenant_id: int, positions: Sequence[int]) -> list[Row]:
    """The decisions at some positions, as stored, in order; each with its actor last."""
    if not positions:
        return []
    return rows.all("decisions_at", tenant_id=tenant_id, positions=json.dumps(positions))


def total(rows: Rows, tenant_id: int, *, start: int = 1, type: str | None = None) -> int:
    """How many decisions there are from `start` on: by counters and ordinals, not by counting."""
    if type is None:
        head = rows.one("head", tenant_id=tenant_id)
        return max(0, (head[1] if head else 0) - max(start, 1) + 1)
    return sum(
        total_of(rows, tenant_id, name)
        - decision_blocks.count(rows, tenant_id, name, low=1, high=start - 1)
        for name in _names(rows, tenant_id, type)
    )


def total_of(rows: Rows, tenant_id: int, type: str) -> int:
    """How many decisions of one type were ever made."""
    row = rows.one("counter_total", tenant_id=tenant_id, name=_PREFIX + type)
    return row[0] if row else 0


def verify(rows: Rows, tenant_id: int) -> Verdict:
    """Walk the hash chain from the beginning to the head."""
    previous, position = GENESIS, 0
    head = rows.one("head", tenant_id=tenant_id)
    while True:
        found = rows.all("decision_rows", tenant_id=tenant_id, after=position, limit=_VERIFY_ROWS)
        for row in found:
            if row[0] != position + 1:
                return Verdict(position, position + 1, "missing")
            expected = chain(previous, _plain(row[:-1]))
            if expected != bytes(row[-1]):
                reason = f"hash is {bytes(row[-1]).hex()}, should be {expected.hex()}"
                return Verdict(position, row[0], reason)
            previous, position = expected, row[0]
        if len(found) < _VERIFY_ROWS:
            break
    if head is not None and (head[1] != position or bytes(head[2]) != previous):
        return Verdict(position, position + 1, f"the head stands at {head[1]}")
    return Verdict(position)


def secret(rows: Rows, vault: Vault, tenant_id: int, row: Row) -> Recorded:
    """A row with its sealed part in its place even when it is the tenant's own secret.

    For rebuilding state and for using a secret; nothing that answers a request may show it.
    Errors: StoreError when something does not open that nobody has asked to forget.
    """
    keys = _keys(rows, tenant_id, {row[3] or 0})
    if row[6] is not None and row[3] is None and not keys:
        raise StoreError("the tenant's own key is missing")
    try:
        return _whole(vault, tenant_id, row, keys.get(row[3] or 0))
    except DoesNotOpen:
        if _was_forgotten(rows, tenant_id, row[3]):
            return Recorded(*row[:6])
        raise


def shown(rows: Rows, vault: Vault, tenant_id: int, found: list[Row]) -> list[Recorded]:
    """Rows with their personal parts in place, where the member's key still exists.

    What does not open is left out, and told to the operator: the rest can still be read.
    """
    sealed = {row[3] for row in found if row[6] is not None and row[3] is not None}
    if not sealed:
        return [Recorded(*row[:6]) for row in found]
    keys = _keys(rows, tenant_id, sealed)
    return [
        Recorded(*row[:6])
        if row[6] is None or row[3] is None
        else _readable(rows, vault, tenant_id, row, keys.get(row[3]))
        for row in found
    ]


def _keys(rows: Rows, tenant_id: int, numbers: set[int]) -> dict[int, bytes]:
    found = rows.all("seals", tenant_id=tenant_id, numbers=json.dumps(sorted(numbers)))
    return {number: bytes(wrapped) for number, wrapped in found}


def _whole(vault: Vault, tenant_id: int, row: Row, wrapped: bytes | None) -> Recorded:
    position, kind, aggregate, number, recorded_at, payload, sealed, start, chars = row[:9]
    if sealed is not None and wrapped is not None:
        context = f"decision:{position}"
        fragment = vault.unseal(wrapped, tenant_id, number or 0, context, bytes(sealed))
        payload = payload[:start] + fragment + payload[start + chars :]
    return Recorded(position, kind, aggregate, number, recorded_at, payload)


def _readable(
    rows: Rows, vault: Vault, tenant_id: int, row: Row, wrapped: bytes | None
) -> Recorded:
    try:
        return _whole(vault, tenant_id, row, wrapped)
    except DoesNotOpen:
        if not _was_forgotten(rows, tenant_id, row[3]):
            _log.critical("decision_does_not_open", tenant_id=tenant_id, position=row[0])
        return Recorded(*row[:6])


def _was_forgotten(rows: Rows, tenant_id: int, number: int | None) -> bool:
    """Whether a member's key is not their first: what was sealed under that one is gone."""
    return rows.one("erasure", tenant_id=tenant_id, number=number or 0) is not None


def _plain(row: Row) -> Row:
    """Engines may hand bytes over as memoryviews; the hash wants bytes."""
    return tuple(bytes(value) if isinstance(value, memoryview) else value for value in row)


def _names(rows: Rows, tenant_id: int, pattern: str) -> list[str]:
    if "*" not in pattern:
        return [pattern]
    known = (name for name, _ in rows.all("counters", tenant_id=tenant_id))
    names = [name.removeprefix(_PREFIX) for name in known if name.startswith(_PREFIX)]
    escaped = pattern.replace("[", "[[]").replace("?", "[?]")
    return [name for name in names if fnmatch.fnmatchcase(name, escaped)]
