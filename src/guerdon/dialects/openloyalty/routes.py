"""The room: which path leads where.

Source: Open Loyalty 4.3, "Authorization", "Event API", "Introduction".
"""

from __future__ import annotations

from guerdon.config import Config
from guerdon.dialects.openloyalty import events, nouns, passports, refusals, terms
from guerdon.dialects.openloyalty.callers import Callers
from guerdon.dialects.openloyalty.desk import DEFAULT_STORE, STORE_PARAMETER, Desk
from guerdon.dialects.openloyalty.keyring import Keyring
from guerdon.dialects.openloyalty.logins import Logins
from guerdon.dialects.openloyalty.people import Caller
from guerdon.engine.commands import RevokeLogins
from guerdon.engine.engine import Engine
from guerdon.errors import Forbidden, StoreError
from guerdon.store.port import Rows
from guerdon.web import answers
from guerdon.web.answers import Answer
from guerdon.web.request import Request
from guerdon.web.routing import Handler, Room, Route

SPOKEN = {"name": "OpenLoyalty", "version": "4.3.0"}
"""What clients look at before they go on: the wire format spoken here, not the product's own."""


class Api:
    """The handlers; each answers one documented request."""

    def __init__(self, engine: Engine, config: Config) -> None:
        keyring = Keyring(engine)
        self._engine = engine
        self.callers = Callers(engine, keyring, config.trusted_proxies)
        self.logins = Logins(engine, keyring, config.trusted_proxies)

    def log_in(self, kind: passports.Kind) -> Handler:
        """`POST /api/{admin|seller|customer}/login_check`, below a store's code or not."""

        async def logged_in(request: Request) -> Answer:
            store_code = request.params.get(STORE_PARAMETER, DEFAULT_STORE)
            pair = await self.logins.logged_in(request, kind, store_code)
            return answers.json_answer(200, pair, refusals.JSON)

        return logged_in

    async def refresh(self, request: Request) -> Answer:
        """`POST /api/token/refresh`."""
        return answers.json_answer(200, await self.logins.refreshed(request), refusals.JSON)

    async def revoke(self, request: Request) -> Answer:
        """`GET /api/token/revoke`: the caller's refresh tokens are forgotten; a key has none."""
        caller = await self.callers.caller(request)
        if caller.id:
            command = RevokeLogins(caller.tenant_id, caller.key_id, person_id=caller.id)
            await self._engine.execute(command)
        return _shown(request, Answer(200, refusals.CORS))

    async def list_events(self, request: Request) -> Answer:
        """`GET /api/event`."""
        tenant_id = (await self._reader(request)).tenant_id
        query = events.parsed(request.query())
        vault = self._engine.vault
        page = await self._engine.read(lambda rows: events.page(rows, vault, tenant_id, query))
        return _shown(request, Answer(200, refusals.JSON, page))

    async def show_event(self, request: Request) -> Answer:
        """`GET /api/event/{event_id}`."""
        tenant_id = (await self._reader(request)).tenant_id
        event_id = request.params["event_id"]
        vault = self._engine.vault
        event = await self._engine.read(lambda rows: events.event(rows, vault, tenant_id, event_id))
        answer = refusals.not_found(request) if event is None else Answer(200, refusals.JSON, event)
        return _shown(request, answer)

    async def _reader(self, request: Request) -> Caller:
        """Who may read every decision: an administrator whose roles say so, or a key."""
        caller = await self.callers.caller(request)
        if caller.kind not in {"admin", "key"} or not caller.may("EVENT:VIEW"):
            raise Forbidden("Access Denied.")
        return caller

    async def version(self, _request: Request) -> Answer:
        """`GET /api/`."""
        return answers.json_answer(200, SPOKEN, refusals.JSON)

    async def health(self, _request: Request) -> Answer:
        """`GET /api/healthcheck`: one entry for each part; 503 when one of them has a problem."""
        entry = {"name": "Store", "status": "OK"}
        try:
            await self._engine.read(_looked)
        except StoreError as broken:
            message = broken.without_particulars().message
            entry = {"name": "Store", "status": "Problem", "message": message}
            return answers.json_answer(503, [entry], refusals.JSON)
        return answers.json_answer(200, [entry], refusals.JSON)


def room(engine: Engine, config: Config) -> Room:
    """Open Loyalty's room."""
    api = Api(engine, config)
    paths: dict[tuple[str, str], Handler] = {
        ("POST", "/admin/login_check"): api.log_in("admin"),
        ("POST", "/seller/login_check"): api.log_in("seller"),
        ("POST", "/customer/login_check"): api.log_in("customer"),
        ("POST", "/{storeCode}/seller/login_check"): api.log_in("seller"),
        ("POST", "/{storeCode}/customer/login_check"): api.log_in("customer"),
        ("POST", "/token/refresh"): api.refresh,
        ("GET", "/token/revoke"): api.revoke,
        ("GET", "/event"): api.list_events,
        ("GET", "/event/{event_id}"): api.show_event,
        ("GET", "/"): api.version,
        ("GET", "/healthcheck"): api.health,
    }
    routes = [Route(method, path, handler) for (method, path), handler in paths.items()]
    routes += [Route("OPTIONS", path, refusals.preflight) for _, path in paths]
    desk = Desk(engine, api.callers, api.logins)
    routes += desk.routes(nouns.endpoints())
    return Room(
        "openloyalty",
        "/api",
        routes,
        not_found=refusals.not_found,
        method_not_allowed=refusals.method_not_allowed,
        failed=refusals.failed,
        crashed=refusals.crashed,
        elsewhere=desk.routes(terms.beside_the_api()),
    )


def _shown(request: Request, answer: Answer) -> Answer:
    """The answer, with the caller's rate limit if there is one."""
    limited: answers.Pairs | None = request.scope.get(refusals.RATE_LIMIT)
    return answer.with_headers(*limited) if limited else answer


def _looked(rows: Rows) -> None:
    rows.all("signing_keys", since=0)
