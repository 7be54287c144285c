"""Sent twice, counted once: an answer is kept in the transaction that made it true, by its key.

Keys are random, so one all-time index of them would slow every append down; they are kept in
windows of `limits.idempotency_window_days`; a look-up asks the few a key may stand in.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

import msgspec

from guerdon import limits
from guerdon.clock import DAY, SECOND
from guerdon.engine.commands import Ingested, ReplayKey
from guerdon.errors import Duplicate, KeyReused
from guerdon.store.transaction import Transaction

_WINDOW = limits.idempotency_window_days * DAY
_REMOVE_ROWS = 200
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Ingested).decode


def recall(
    tx: Transaction, tenant_id: int, replay: ReplayKey, *, refuse: bool = False
) -> Ingested | None:
    """What was answered to this key before, marked as replayed; None for a new key.

    Errors: KeyReused when it came with another content; Duplicate instead of the answer if
            `refuse`.
    """
    answer = recall_answer(tx, tenant_id, replay)
    if answer is None:
        return None
    if refuse:
        raise Duplicate("duplicated event")
    return msgspec.structs.replace(_decode(answer), replayed=True)


def of_member(replay: ReplayKey, number: int) -> ReplayKey:
    """A key as it is kept, once it is known whose activity comes with it."""
    if not replay.of_member:
        return replay
    return msgspec.structs.replace(replay, key=b"%b member %d" % (replay.key, number))


def read_ahead(tx: Transaction, tenant_id: int, replays: Sequence[ReplayKey]) -> None:
    """Look at once which of several keys are new, as nearly all of them are."""
    now = tx.moment(tenant_id)
    new = {_hash(replay.key) for replay in replays}
    listed = json.dumps([key_hash.hex() for key_hash in new])
    oldest = now - max(replay.seconds for replay in replays) * SECOND
    for window in _windows(now, oldest):
        found = tx.rows.all(
            "answered_keys", tenant_id=tenant_id, key_window=window, key_hashes=listed
        )
        new.difference_update(bytes(row[0]) for row in found)
    tx.unanswered.update((tenant_id, key_hash) for key_hash in new)


def recall_answer(tx: Transaction, tenant_id: int, replay: ReplayKey) -> bytes | None:
    """The same for any answer, as it was kept. Errors: KeyReused."""
    now = tx.moment(tenant_id)
    oldest = now - replay.seconds * SECOND
    key_hash = _hash(replay.key)
    if (tenant_id, key_hash) in tx.unanswered:
        return None
    for window in _windows(now, oldest):
        row = tx.rows.one(
            "idempotent_answer", tenant_id=tenant_id, key_window=window, key_hash=key_hash
        )
        if row is not None:
            break
    else:
        return None
    if row[2] < oldest:
        return None
    if bytes(row[0]) != replay.fingerprint:
        raise KeyReused
    return bytes(row[1])


def remember(tx: Transaction, tenant_id: int, replay: ReplayKey, answer: Ingested) -> None:
    """Keep the answer to a key."""
    remember_answer(tx, tenant_id, replay, _encode(answer))


def remember_answer(tx: Transaction, tenant_id: int, replay: ReplayKey, answer: bytes) -> None:
    """The same for any answer."""
    now = tx.moment(tenant_id)
    key_hash = _hash(replay.key)
    tx.unanswered.discard((tenant_id, key_hash))
    tx.rows.run(
        "add_idempotent_answer",
        tenant_id=tenant_id,
        key_window=now // _WINDOW,
        key_hash=key_hash,
        fingerprint=replay.fingerprint,
        answer=answer,
        recorded_at=now,
    )


def remove_old(tx: Transaction, tenant_id: int) -> bool:
    """Remove a few answers to keys that count no more; True while there may be more."""
    oldest = tx.moment(tenant_id) - limits.idempotency_days * DAY
    removed = tx.rows.run(
        "remove_old_answers",
        tenant_id=tenant_id,
        key_window=oldest // _WINDOW,
        limit=_REMOVE_ROWS,
    )
    return removed == _REMOVE_ROWS


def _windows(now: int, oldest: int) -> range:
    """The windows a key may stand in that came at `oldest` or later, the newest first."""
    return range(now // _WINDOW, oldest // _WINDOW - 1, -1)


def _hash(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()
