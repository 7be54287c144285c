"""Conscent's one endpoint: `POST /reward/{partner_id}/api/user_event`."""

from __future__ import annotations

from guerdon import errors, limits
from guerdon.config import Config
from guerdon.dialects.conscent import events, wire
from guerdon.engine.commands import Ingest, Ingested
from guerdon.engine.directory import Key
from guerdon.engine.engine import Engine
from guerdon.web import body as bodies
from guerdon.web import credentials, idempotency, intake, strictjson
from guerdon.web.admission import Door
from guerdon.web.answers import Answer
from guerdon.web.request import Request
from guerdon.web.routing import Pending, Room, Route

NAME = "conscent"
_AUTO_CREATE = "members.auto_create.conscent"
_BODY_BYTES_MAX = limits.conscent_body_bytes_max


def room(engine: Engine, config: Config) -> Room:
    """Everything below `/reward`."""
    events_route = _Events(engine, Door(engine, NAME, config.trusted_proxies))
    return Room(
        name=NAME,
        prefix="/reward",
        routes=(
            Route("POST", "/{partner_id}/api/user_event", events_route.post, events_route.quick),
        ),
        not_found=wire.not_found,
        method_not_allowed=wire.method_not_allowed,
        failed=wire.failed,
        crashed=wire.crashed,
    )


class _Events:
    def __init__(self, engine: Engine, door: Door) -> None:
        self._clock = engine.clock
        self._door = door
        self._engine = engine
        self._execute = engine.execute

    async def post(self, request: Request) -> Answer:
        """Store one event."""
        secret = request.headers.get(b"x-api-key")
        key = self._door.quick(request, secret) if secret is not None else None
        if key is None:
            key = await self._door.admit(request, credentials.conscent_key(request))
        if key.tenant_code != request.params["partner_id"]:
            raise errors.Unauthenticated(code="wrong_partner")
        body = b""
        try:
            body = await request.body(_BODY_BYTES_MAX)
            stored: Ingested = await self._execute(self._command(request, key, body))
        except errors.Refused as refusal:
            await intake.keep(self._engine, key, NAME, request, body, refusal)
            raise
        position = stored.positions[0] if stored.positions else stored.first_position
        if stored.replayed:
            await intake.keep_replayed(self._engine, key, NAME, request, body, position)
        return wire.stored(request, position, is_replayed=stored.replayed)

    def quick(self, request: Request, body: bytes) -> Pending | None:
        """The same for a sender let in a moment ago and an event whose names are remembered."""
        headers = request.headers
        key = self._door.quick(request, headers.get(b"x-api-key", b""))
        if (
            key is None
            or key.tenant_code != request.params["partner_id"]
            or len(body) > _BODY_BYTES_MAX
            or b"content-encoding" in headers
        ):
            return None
        named = self._engine.quick(self._command(request, key, body))
        return None if named is None else (self._engine.tell, named, _answer)

    def _command(self, request: Request, key: Key, body: bytes) -> Ingest:
        headers = request.headers
        if headers.get(b"content-type") != b"application/json":
            bodies.require_json(headers)
        replay = None
        if idempotency.HEADER in headers:
            replay = idempotency.replay_key(request, NAME, body)
        event = strictjson.decode(body)
        return Ingest(
            key.tenant_id,
            key.key_id,
            NAME,
            (events.item(event, self._clock.now()),),
            "any",
            "create" if key.settings[_AUTO_CREATE] else "refuse",
            "add",
            replay,
        )


def _answer(request: Request, stored: Ingested) -> Answer | None:
    """The answer to an event stored the quick way; one stored before takes the ordinary way."""
    if stored.replayed:
        return None
    return wire.stored(request, stored.first_position, is_replayed=False)
