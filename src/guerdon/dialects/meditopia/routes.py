"""Meditopia's two endpoints: `POST /default/v1/events` and `GET /default/v1/user-check`."""

from __future__ import annotations

import hashlib

from guerdon import errors, limits
from guerdon.config import Config
from guerdon.dialects.meditopia import events, plain, users, wire
from guerdon.engine.commands import Ingest, Ingested, Item, ReplayKey
from guerdon.engine.directory import Key
from guerdon.engine.engine import Engine
from guerdon.web import answers, credentials, idempotency, intake, strictjson
from guerdon.web import body as bodies
from guerdon.web.admission import Door
from guerdon.web.answers import Answer
from guerdon.web.request import Request
from guerdon.web.routing import Pending, Room, Route

NAME = "meditopia"
_AUTO_CREATE = "members.auto_create.meditopia"
_BATCH_REPLAY = "meditopia.batch_replay"
_BATCH_REPLAY_SECONDS = limits.batch_replay_hours * 3_600
_BEARER = b"Bearer "
_BEARER_BYTES = len(_BEARER)


def room(engine: Engine, config: Config) -> Room:
    """Everything below `/default/v1`."""
    partners = _Partners(engine, Door(engine, NAME, config.trusted_proxies))
    return Room(
        name=NAME,
        prefix="/default/v1",
        routes=(
            Route("POST", "/events", partners.post_events, partners.quick_events),
            Route("GET", "/user-check", partners.check_user),
        ),
        not_found=wire.not_found,
        method_not_allowed=wire.method_not_allowed,
        failed=wire.failed,
        crashed=wire.crashed,
    )


class _Partners:
    def __init__(self, engine: Engine, door: Door) -> None:
        self._clock = engine.clock
        self._door = door
        self._engine = engine
        self._execute = engine.execute

    async def post_events(self, request: Request) -> Answer:
        """Store a batch, all of it or nothing."""
        key = await self._key(request)
        body = b""
        try:
            body = await request.body()
            stored: Ingested = await self._execute(self._command(request, key, body))
        except errors.Refused as refusal:
            await intake.keep(self._engine, key, NAME, request, body, refusal)
            raise
        if stored.replayed:
            first = stored.first_position
            await intake.keep_replayed(self._engine, key, NAME, request, body, first)
            return wire.REPLAYED
        return wire.STORED

    def quick_events(self, request: Request, body: bytes) -> Pending | None:
        """The same for a sender let in a moment ago and a batch whose names are remembered."""
        headers = request.headers
        header = headers.get(b"authorization", b"")
        key = self._door.quick(request, header[_BEARER_BYTES:])
        if (
            key is None
            or not header.startswith(_BEARER)
            or len(body) > limits.body_bytes_max
            or b"content-encoding" in headers
        ):
            return None
        named = self._engine.quick(self._command(request, key, body))
        return None if named is None else (self._engine.tell, named, _answer)

    async def check_user(self, request: Request) -> Answer:
        """Tell what is known about the member behind a token."""
        key = await self._key(request)
        token = users.readable(request.query().get("token"))
        now = self._clock.now()
        status = await self._engine.read(lambda rows: users.status(rows, key.tenant_id, token, now))
        return answers.json_answer(200, {"success": True, "data": users.body(status)})

    async def _key(self, request: Request) -> Key:
        header = request.headers.get(b"authorization", b"")
        if header.startswith(_BEARER):
            key = self._door.quick(request, header[_BEARER_BYTES:])
            if key is not None:
                return key
        return await self._door.admit(request, credentials.meditopia_token(request))

    def _command(self, request: Request, key: Key, body: bytes) -> Ingest:
        headers = request.headers
        if headers.get(b"content-type") != b"application/json":
            bodies.require_json(headers)
        settings = key.settings
        replay = None
        if idempotency.HEADER in headers:
            replay = idempotency.replay_key(request, NAME, body)
        items, text = _read(body, self._clock.now())
        if replay is None and settings[_BATCH_REPLAY]:
            replay = _batch_key(text)
        return Ingest(
            key.tenant_id,
            key.key_id,
            NAME,
            items,
            "all",
            "create" if settings[_AUTO_CREATE] else "refuse",
            "add",
            replay,
        )


def _answer(_request: Request, stored: Ingested) -> Answer | None:
    """The answer to a batch stored the quick way; one stored before takes the ordinary way."""
    return None if stored.replayed else wire.STORED


def _read(body: bytes, now: int) -> tuple[tuple[Item, ...], bytes]:
    """The activities a body asks to store, and its canonical text."""
    items = plain.items(body, now)
    if items is not None:
        return items, body
    batch = strictjson.decode(body)
    return events.items(batch, now), strictjson.canonical(batch).encode()


def _batch_key(text: bytes) -> ReplayKey:
    """A batch is known by its own content: the pages give senders no other mark to send with it.

    White space is left out, so that a proxy which formats anew changes nothing.
    """
    digest = hashlib.sha256(text).digest()
    return ReplayKey(b"meditopia batch " + digest, digest, _BATCH_REPLAY_SECONDS)
