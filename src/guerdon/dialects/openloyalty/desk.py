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
from typing import Literal

from guerdon import errors
from guerdon.dialects.openloyalty import people, refusals
from guerdon.dialects.openloyalty.callers import Callers
from guerdon.dialects.openloyalty.logins import Logins
from guerdon.dialects.openloyalty.people import Caller
from guerdon.dialects.openloyalty.visits import Visit
from guerdon.engine.directory import read_settings
from guerdon.engine.engine import Engine
from guerdon.store.port import Row, Rows
from guerdon.web import answers
from guerdon.web.answers import Answer
from guerdon.web.request import Request
from guerdon.web.routing import Handler, Route

__all__ = ["Answer", "Context", "Desk", "Endpoint", "Visit"]

Context = Literal["admin", "seller", "customer", "anyone"]
DEFAULT_STORE = "DEFAULT"
STORE_PARAMETER = "storeCode"
NO_TENANT = 0
"""Whose visitor nobody can say; only where no store is named, and what is asked tells it."""


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

    def routes(self, endpoints: Iterable[Endpoint]) -> list[Route]:
        """Every endpoint's routes, and what a browser asks before it uses one from elsewhere."""
        routes = []
        paths = []
        for endpoint in endpoints:
            served = self._served(endpoint)
            for prefix in ("", f"/{{{STORE_PARAMETER}}}") if endpoint.in_store else ("",):
                routes.append(Route(endpoint.method, prefix + endpoint.path, served))
                paths.append(prefix + endpoint.path)
        routes += [Route("OPTIONS", path, refusals.preflight) for path in dict.fromkeys(paths)]
        return routes

    def _served(self, endpoint: Endpoint) -> Handler:
        async def served(request: Request) -> Answer:
            visit = await self._visit(request, endpoint)
            answer = await endpoint.handler(visit)
            limited: answers.Pairs | None = request.scope.get(refusals.RATE_LIMIT)
            return answer.with_headers(*limited) if limited else answer

        return served

    async def _visit(self, request: Request, endpoint: Endpoint) -> Visit:
        store_code = request.params.get(STORE_PARAMETER, DEFAULT_STORE)
        caller = await self._caller(request, endpoint, store_code)
        tenant_id = caller.tenant_id
        settings, store = await self._engine.read(
            lambda rows: (read_settings(rows, tenant_id), _store(rows, tenant_id, store_code))
        )
        if tenant_id == NO_TENANT:
            return Visit(self._engine, request, caller, store_code, settings, self._logins)
        if store is None or not (store[5] or caller.kind in {"admin", "key"}):
            raise errors.NotFound(code="unknown_store")
        _require(caller, endpoint)
        return Visit(self._engine, request, caller, store_code, settings, self._logins)

    async def _caller(self, request: Request, endpoint: Endpoint, store_code: str) -> Caller:
        if "anyone" not in endpoint.contexts or self._callers.presents(request):
            return await self._callers.caller(request)
        found = await self._engine.read(lambda rows: people.anyone(rows, store_code))
        if found is None and endpoint.in_store:
            raise errors.NotFound(code="unknown_store")
        return found or Caller(NO_TENANT, "anyone")


def _store(rows: Rows, tenant_id: int, code: str) -> Row | None:
    return rows.one("store_by_code", tenant_id=tenant_id, code=code)


def _require(caller: Caller, endpoint: Endpoint) -> None:
    kind = "admin" if caller.kind == "key" else caller.kind
    contexts = endpoint.contexts
    if kind not in contexts and "anyone" not in contexts:
        raise errors.Forbidden("Access Denied.")
    if kind == "admin" and not caller.may(endpoint.permission):
        raise errors.Forbidden("Access Denied.")
