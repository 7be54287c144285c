"""Sending a kept body again: through the same room, in this process, with the key it came with.

The room is told who sends by the request's scope, which only this process can set: no credential
is kept, so none can be sent. The query is not kept either, as one of WoowUp's may hold a key.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import msgspec

from guerdon import bootstrap
from guerdon.cli.call import one_line
from guerdon.cli.tenants import moment
from guerdon.config import Config
from guerdon.engine import directory
from guerdon.engine.commands import MarkReplayed
from guerdon.engine.directory import Key
from guerdon.engine.engine import Engine
from guerdon.web.app import Application, Probes
from guerdon.web.asgi import Message, Scope

_JSON_STARTS = (b"{", b"[")


class Outcome(msgspec.Struct, frozen=True):
    """A row of the table of outcomes; times are microseconds UTC."""

    outcome_id: int
    recorded_at: int
    kind: str
    code: str
    reason: str
    dialect: str
    key_id: int
    method: str
    path: str
    body: bytes
    body_bytes: int
    replayed_at: int | None

    def facts(self) -> dict[str, Any]:
        """As `--json` shows it."""
        return {
            "id": self.outcome_id,
            "recordedAt": moment(self.recorded_at),
            "outcome": self.kind,
            "code": self.code,
            "reason": self.reason,
            "dialect": self.dialect,
            "keyId": self.key_id,
            "method": self.method,
            "path": self.path,
            "bodyBytes": self.body_bytes,
            "replayedAt": None if self.replayed_at is None else moment(self.replayed_at),
        }


class Replayed(msgspec.Struct, frozen=True):
    """What the room answered; `status` is 0 when nothing could be sent."""

    outcome_id: int
    status: int
    answer: str

    @property
    def is_stored(self) -> bool:
        """Whether it was accepted this time."""
        return 200 <= self.status <= 299  # noqa: PLR2004 - the class of success

    def facts(self) -> dict[str, Any]:
        """As `--json` shows it."""
        return {"id": self.outcome_id, "status": self.status, "answer": self.answer}


async def replay(
    front: Engine, config: Config, tenant_id: int, kept: Sequence[Outcome], *, as_operator: bool
) -> list[Replayed]:
    """Send each again, in order; the ones that are accepted are marked.

    as_operator: also those whose key was revoked meanwhile.
    """
    app = bootstrap.application(front, config, Probes(_unasked, _unasked, dict), front.clock)
    done = []
    for each in kept:
        key = await front.read(functools.partial(directory.by_id, key_id=each.key_id))
        refusal = _refusal(each, key, as_operator=as_operator)
        if refusal or key is None:
            done.append(Replayed(each.outcome_id, 0, refusal))
            continue
        answered = await _sent(app, each, key[0])
        if answered.is_stored:
            await front.execute(MarkReplayed(tenant_id, 0, each.outcome_id))
        done.append(answered)
    return done


def _refusal(kept: Outcome, key: tuple[Key, bool] | None, *, as_operator: bool) -> str:
    """Why it cannot be sent again; empty when it can.

    One that was accepted is stored, and no key would tell it apart: the sender's own is not kept,
    and one made here would come before what the dialects know a repetition by.
    """
    if kept.replayed_at is not None:
        return f"it was sent again and accepted at {moment(kept.replayed_at)}"
    if len(kept.body) < kept.body_bytes:
        return f"only {len(kept.body)} of its {kept.body_bytes} bytes were kept"
    if key is None:
        return "its key does not exist"
    if not key[1] and not as_operator:
        return "its key was revoked (--as-operator sends it nevertheless)"
    return ""


async def _sent(app: Application, kept: Outcome, key: Key) -> Replayed:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": kept.body, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(_scope(kept, key), receive, send)
    body = b"".join(message.get("body", b"") for message in sent)
    return Replayed(kept.outcome_id, sent[0]["status"], one_line(body.decode("utf-8", "replace")))


def _scope(kept: Outcome, key: Key) -> Scope:
    is_json = kept.body.lstrip().startswith(_JSON_STARTS)
    content_type = b"application/json" if is_json else b"application/x-www-form-urlencoded"
    return {
        "type": "http",
        "http_version": "1.1",
        "scheme": "http",
        "method": kept.method,
        "path": kept.path,
        "raw_path": kept.path.encode("latin-1"),
        "query_string": b"",
        "headers": [
            (b"host", b"localhost"),
            (b"content-type", content_type),
            (b"content-length", str(len(kept.body)).encode()),
        ],
        "client": None,
        "server": None,
        "extensions": {},
        "guerdon.key": key,
    }


async def _unasked() -> Any:
    """Nobody asks this application's probes."""
