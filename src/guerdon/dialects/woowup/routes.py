"""The room `/apiv3`: which path leads to what.

Deprecated endpoints with one id in the path stay beside their `multiusers` successors, since the
vendor's first client still calls them; `exist` and `exists` are both printed.
"""

from __future__ import annotations

from guerdon.config import Config
from guerdon.dialects.woowup import account, bulk, events, points, user_events, users
from guerdon.dialects.woowup.door import Door
from guerdon.dialects.woowup.visit import Handler, Visit
from guerdon.dialects.woowup.wire import Wire
from guerdon.engine.engine import Engine
from guerdon.web import routing
from guerdon.web.answers import Answer
from guerdon.web.request import Request
from guerdon.web.routing import Room, Route

ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/events", events.show_all),
    ("POST", "/events", events.create),
    ("DELETE", "/events/{id}", events.delete),
    ("GET", "/user-events", user_events.show_all),
    ("POST", "/user-events", user_events.create),
    ("DELETE", "/user-events/bulk", bulk.delete),
    ("GET", "/users", users.search),
    ("POST", "/users", users.create),
    ("GET", "/users/{id}", users.show),
    ("PUT", "/users/{id}", users.update),
    ("GET", "/users/{id}/exist", users.exist),
    ("GET", "/users/{id}/exists", users.exist),
    ("POST", "/users/{id}/points", points.add),
    ("GET", "/users/{id}/transactions", points.show_all),
    ("PUT", "/multiusers", users.update_by_identity),
    ("GET", "/multiusers/find", users.show_by_identity),
    ("GET", "/multiusers/exist", users.exist_by_identity),
    ("GET", "/multiusers/exists", users.exist_by_identity),
    ("POST", "/multiusers/points", points.add_by_identity),
    ("GET", "/multiusers/transactions", points.show_all_by_identity),
    ("GET", "/integration-stats", account.show_stats),
    ("POST", "/integration-stats", account.add_stat),
    ("GET", "/account/custom-attributes", account.show_custom_attributes),
)


def room(engine: Engine, config: Config) -> Room:
    """WoowUp's room over an engine."""
    wire = Wire(engine.clock)
    door = Door(engine, wire, config.trusted_proxies)

    def served(handler: Handler) -> routing.Handler:
        async def serve(request: Request) -> Answer:
            wire.start(request)
            key = await door.admit(request)
            return await handler(Visit(engine, wire, request, key))

        return serve

    return Room(
        name="woowup",
        prefix="/apiv3",
        routes=[Route(method, path, served(handler)) for method, path, handler in ROUTES],
        not_found=wire.not_found,
        method_not_allowed=wire.method_not_allowed,
        failed=wire.failed,
        crashed=wire.crashed,
    )
