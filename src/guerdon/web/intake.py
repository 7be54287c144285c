"""No event vanishes: a request that is refused, or was stored before, leaves an outcome.

An accepted event's outcome is its row in the journal. Every other request that carries events
comes through here on its way out, once its sender is known: what it was, why it was not stored,
and its body, so that an operator can see it and send it again. A kept body that is sent again and
refused again already has its outcome.

Errors: StoreError when the outcome itself cannot be kept; then the sender is told that instead
        (503, try again) and nothing is lost silently.
Cost:   nothing while all goes well; a commit of its own for each refusal.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Literal

from guerdon import errors, limits
from guerdon.engine.commands import RecordOutcome
from guerdon.engine.directory import Key
from guerdon.engine.engine import Engine
from guerdon.web import strictjson
from guerdon.web.answers import Answer
from guerdon.web.request import Request

Kind = Literal["refused", "duplicate"]
REPLAYED = "replayed"
"""The code of an outcome whose request was answered as if stored, because it had been before."""

_UTF8_BYTES_PER_CHAR = 4


async def recorded(
    engine: Engine,
    key: Key,
    dialect: str,
    request: Request,
    read: Callable[[], Awaitable[bytes]],
    work: Callable[[bytes], Awaitable[Answer]],
) -> Answer:
    """What `work` answers to the body; a refusal is kept as an outcome before it goes on.

    A body that `read` refuses is an outcome too, one of which nothing was kept.
    """
    body = b""
    try:
        body = await read()
        return await work(body)
    except errors.Refused as refusal:
        await keep(engine, key, dialect, request, body, refusal)
        raise


async def keep(
    engine: Engine,
    key: Key,
    dialect: str,
    request: Request,
    body: bytes,
    refusal: errors.Refused,
) -> None:
    """Keep a refusal as an outcome: `duplicate` for a Duplicate, else `refused`."""
    if is_replay(request):
        return
    kind: Kind = "duplicate" if isinstance(refusal, errors.Duplicate) else "refused"
    reason = _reason(refusal)
    outcome = _outcome(key, dialect, request, body, kind=kind, code=refusal.code, reason=reason)
    await engine.execute(outcome)


async def keep_replayed(
    engine: Engine, key: Key, dialect: str, request: Request, body: bytes, first_position: int
) -> None:
    """Keep that a request was answered from what had been stored before."""
    if is_replay(request):
        return
    reason = f"Stored before, at position {first_position}."
    outcome = _outcome(key, dialect, request, body, kind="duplicate", code=REPLAYED, reason=reason)
    await engine.execute(outcome)


def is_replay(request: Request) -> bool:
    """Whether an operator sends a kept body again; only set in process."""
    return request.scope.get("guerdon.key") is not None


def activity_data(value: object, field: str | None = None) -> str:
    """An activity's data as it is stored: what is in one field, or in all that is no other's.

    Errors: Refused `too_large`, with the field if it is one.
    """
    text = strictjson.canonical(value)
    bytes_max = limits.data_bytes_max
    if len(text) * _UTF8_BYTES_PER_CHAR > bytes_max and len(text.encode()) > bytes_max:
        message = f"{field or 'The event'} is larger than {bytes_max} bytes."
        raise errors.Refused(message, code="too_large", field=field)
    return text


def _reason(refusal: errors.Refused) -> str:
    """The message and where it points, in words."""
    where = []
    if refusal.index is not None:
        where.append(f"event {refusal.index}")
    if refusal.field is not None:
        where.append(f"field {refusal.field}")
    text = f"{refusal.message} ({', '.join(where)})" if where else refusal.message
    return text[: limits.log_field_chars_max]


def _outcome(
    key: Key,
    dialect: str,
    request: Request,
    body: bytes,
    *,
    kind: Kind,
    code: str,
    reason: str,
) -> RecordOutcome:
    # The path without its query: WoowUp's query may carry the key itself.
    return RecordOutcome(
        key.tenant_id,
        key.key_id,
        kind=kind,
        code=code,
        reason=reason,
        dialect=dialect,
        method=request.method,
        path=request.raw_path.decode("latin-1"),
        body=body[: limits.outcome_body_bytes_max],
        body_bytes=len(body),
    )
