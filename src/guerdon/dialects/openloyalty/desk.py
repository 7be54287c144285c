"""The desk: from an endpoint, as the documents list it, to an answered request.

Each request is looked at in the same order: who is calling (401), which store (404), whether that
caller may do this (403), and then the endpoint's handler. An endpoint in a store is served with the
store's code after `/api` and without, which means the store `DEFAULT`. A closed store is there for
administrators only.

Whoever may call: `admin` is an administrator or a system with a permanent token, `seller`,
`customer`; `anyone` needs no credential, and is of the one tenant that has the store named.
Source: Open Loyalty 4.3, "Introduction", "Authorization", "ACL".
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from guerdon import errors, limits
from guerdon.dialects.openloyalty import people, refusals
from guerdon.dialects.openloyalty.callers import Callers
from guerdon.dialects.openloyalty.logins import Logins
from guerdon.dialects.openloyalty.people import Caller
from guerdon.dialects.openloyalty.programmes import Programme, Programmes
from guerdon.dialects.openloyalty.visits import Visit
from guerdon.engine.commands import Command
from guerdon.engine.engine import Engine
from guerdon.web import answers, idempotency
from guerdon.web.answers import Answer
from guerdon.web.request import Request
from guerdon.web.routing import Handler, Pending, Quick, Route

__all__ = ["Answer", "Context", "Desk", "Endpoint", "Short", "Visit"]

Context = Literal["admin", "seller", "customer", "anyone"]
DEFAULT_STORE = "DEFAULT"
STORE_PARAMETER = "storeCode"
NO_TENANT = 0
"""Whose visitor nobody can say; only where no store is named, and what is asked tells it."""


@dataclass(frozen=True, slots=True)
class Short:
    """An endpoint's shorter way, for a caller and a programme that are remembered.

    command: what the whole body asks for, or None when the handler must look; it must carry the
             programme's version if it rests on anything remembered.
    answer:  what the handler would answer.
    """

    command: Callable[[Visit, bytes], Command | None]
    answer: Callable[[Request, Any], Answer]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One documented request: `Endpoint("GET", "/level/{level}", show, "admin", "LEVEL:VIEW")`.

    path:       below `/api`, without the store code.
    permission: what an administrator's role must grant; others are not asked for it.
    in_store:   whether a store code may stand before the path.
    """

    method: str
    path: str
    handler: Callable[[Visit], Awaitable[Answer]]
    context: Context | tuple[Context, ...]
    permission: str = ""
    in_store: bool = True
    short: Short | None = None

    @property
    def contexts(self) -> tuple[Context, ...]:
        """Everybody who may call."""
        return self.context if isinstance(self.context, tuple) else (self.context,)


class Desk:
    """Serves endpoints."""

    def __init__(self, engine: Engine, callers: Callers, logins: Logins) -> None:
        self._engine = engine
        self._callers = callers
        self._logins = logins
        self._programmes = Programmes()

    def routes(self, endpoints: Iterable[Endpoint]) -> list[Route]:
        """Every endpoint's routes, and what a browser asks before it uses one from elsewhere."""
        routes = []
        paths = []
        for endpoint in endpoints:
            served = self._served(endpoint)
            quick = self._quick(endpoint, endpoint.short) if endpoint.short else None
            for prefix in ("", f"/{{{STORE_PARAMETER}}}") if endpoint.in_store else ("",):
                routes.append(Route(endpoint.method, prefix + endpoint.path, served, quick))
                paths.append(prefix + endpoint.path)
        routes += [Route("OPTIONS", path, refusals.preflight) for path in dict.fromkeys(paths)]
        return routes

    def _served(self, endpoint: Endpoint) -> Handler:
        async def served(request: Request) -> Answer:
            visit = await self._visit(request, endpoint)
            answer = await endpoint.handler(visit)
            limited: answers.Pairs | None = request.scope.get(refusals.RATE_LIMIT)
            if visit.is_replayed:
                answer = answer.with_headers(idempotency.REPLAYED)
            return answer.with_headers(*limited) if limited else answer

        return served

    async def _visit(self, request: Request, endpoint: Endpoint) -> Visit:
        store_code = request.params.get(STORE_PARAMETER, DEFAULT_STORE)
        caller = await self._caller(request, endpoint, store_code)
        tenant_id = caller.tenant_id
        programme = await self._engine.read(
            lambda rows: self._programmes.current(rows, tenant_id, store_code)
        )
        if tenant_id != NO_TENANT:
            _require(caller, endpoint, programme, store_code)
        return Visit(self._engine, request, caller, store_code, programme, self._logins)

    def _quick(self, endpoint: Endpoint, short: Short) -> Quick:
        def quick(request: Request, body: bytes) -> Pending | None:
            caller = self._callers.remembered(request)
            programme = self._programmes.remembered(caller.tenant_id) if caller else None
            if (
                caller is None
                or programme is None
                or len(body) > limits.body_bytes_max
                or b"content-encoding" in request.headers
                or idempotency.HEADER in request.headers
            ):
                return None
            store_code = request.params.get(STORE_PARAMETER, DEFAULT_STORE)
            _require(caller, endpoint, programme, store_code)
            visit = Visit(self._engine, request, caller, store_code, programme, self._logins)
            command = short.command(visit, body)
            return None if command is None else (self._engine.tell, command, short.answer)

        return quick

    async def _caller(self, request: Request, endpoint: Endpoint, store_code: str) -> Caller:
        if "anyone" not in endpoint.contexts or self._callers.presents(request):
            return await self._callers.caller(request)
        found = await self._engine.read(lambda rows: people.anyone(rows, store_code))
        if found is None and endpoint.in_store:
            raise errors.NotFound(code="unknown_store")
        return found or Caller(NO_TENANT, "anyone")


def _require(caller: Caller, endpoint: Endpoint, programme: Programme, store_code: str) -> None:
    is_open = programme.stores.get(store_code)
    if is_open is None or not (is_open or caller.kind in {"admin", "key"}):
        raise errors.NotFound(code="unknown_store")
    kind = "admin" if caller.kind == "key" else caller.kind
    contexts = endpoint.contexts
    if kind not in contexts and "anyone" not in contexts:
        raise errors.Forbidden("Access Denied.")
    if kind == "admin" and not caller.may(endpoint.permission):
        raise errors.Forbidden("Access Denied.")
