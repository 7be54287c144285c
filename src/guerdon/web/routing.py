r"""From a raw path to a handler: decoded once, after the split, and never guessed.

A path is split at its raw slashes and only then are its segments percent-decoded, each once, so
that `%2F` stays inside its segment. Refused with `bad_path` (400), before any handler or
credential is looked at: empty segments (`//`), `.` and `..` in any spelling, NUL, bad escapes,
bytes that are not UTF-8, a raw `;`, `\` or `#`. One trailing slash is ignored. TRACE, CONNECT and
every other method without a route answer 405 with `Allow`; HEAD is served by GET's handler.
Method-override headers are not read at all: a request is what its request line says.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote_to_bytes

from guerdon import errors, limits
from guerdon.web import answers
from guerdon.web.answers import Answer
from guerdon.web.asgi import App
from guerdon.web.request import Request

Handler = Callable[[Request], Awaitable[Answer]]
Tell = Callable[[Any, Callable[[Any], None]], None]
"""Takes a command, and calls back with its answer or with the GuerdonError that came instead."""
Pending = tuple[Tell, Any, Callable[[Request, Any], Answer | None]]
Quick = Callable[[Request, bytes], Pending | None]
"""A shorter way to the same answer, for the case in which nothing is unusual.

It is called with the whole body and, without waiting, either says what is to be done and how the
answer is then rendered, or gives None (as it may when rendering): then the handler does everything
from the beginning. So a quick way never answers anything the handler would not, and refuses
nothing.
"""

NO_PARAMS: Mapping[str, str] = MappingProxyType({})
_PATH = re.compile(rb"/[!-\"$-:<-\[\]-~]*")
_SEGMENT = re.compile(rb"(?:[^%]|%[0-9A-Fa-f]{2})*")
_PARAMETER = re.compile(r"\{([A-Za-z_]+)\}")


@dataclass(frozen=True, slots=True)
class Route:
    """One method on one path below its room's prefix: `Route("GET", "/users/{id}", show)`."""

    method: str
    path_template: str
    handler: Handler
    quick: Quick | None = None


def problem_not_found(_request: Request) -> Answer:
    """The 404 of a room that has no shape of its own."""
    return answers.problem(404, code="not_found")


def problem_method_not_allowed(_request: Request, allow: str) -> Answer:
    """The 405 of a room that has no shape of its own."""
    return answers.problem(405, code="method_not_allowed", detail=f"Allowed: {allow}.")


def problem_failed(_request: Request, error: errors.GuerdonError) -> Answer:
    """A refusal or store failure in a room that has no shape of its own."""
    return answers.problem_of(error)


def problem_crashed(_request: Request, request_id: str) -> Answer:
    """The 500 of a room that has no shape of its own."""
    return answers.problem(500, code="internal_error", requestId=request_id)


@dataclass(frozen=True, slots=True)
class Room:
    """A closed set of routes under one prefix, with its own words for what goes wrong."""

    name: str
    prefix: str
    routes: Sequence[Route]
    not_found: Callable[[Request], Answer] = problem_not_found
    method_not_allowed: Callable[[Request, str], Answer] = problem_method_not_allowed
    failed: Callable[[Request, errors.GuerdonError], Answer] = problem_failed
    crashed: Callable[[Request, str], Answer] = problem_crashed
    asgi: App | None = None  # takes whatever below the prefix no route takes
    is_always_open: bool = False  # answers even when too many requests are in flight
    elsewhere: Sequence[Route] = ()  # the few whose paths are whole, outside the prefix


class Match:
    """What a request's path leads to: a room, and a handler unless `allow` or `error` says why not.

    `allow` names the methods the path has (405); None and no handler: the path has none (404).
    """

    __slots__ = ("allow", "error", "handler", "params", "quick", "room")

    def __init__(
        self,
        room: Room,
        handler: Handler | None = None,
        params: Mapping[str, str] = NO_PARAMS,
        *,
        allow: str | None = None,
        error: errors.Refused | None = None,
        quick: Quick | None = None,
    ) -> None:
        self.room = room
        self.quick = quick
        self.handler = handler
        self.params = params
        self.allow = allow
        self.error = error


@dataclass(frozen=True, slots=True)
class _Endpoint:
    room: Room
    handler: Handler
    quick: Quick | None
    names: tuple[str, ...]


class _Node:
    __slots__ = ("endpoints", "literals", "parameter")

    def __init__(self) -> None:
        self.literals: dict[str, _Node] = {}
        self.parameter: _Node | None = None
        self.endpoints: dict[str, _Endpoint] = {}


class Router:
    """All rooms' routes in one tree of segments; literals win over parameters."""

    def __init__(self, rooms: Sequence[Room], outside: Room) -> None:
        """`outside` answers for the paths under no room's prefix."""
        self._root = _Node()
        self._outside = outside
        self._rooms: dict[tuple[str, ...], Room] = {}
        self._cache: dict[tuple[str, bytes], Match] = {}
        for room in rooms:
            self._add_room(room)
        self._prefix_depth = max((len(prefix) for prefix in self._rooms), default=0)

    def resolve(self, method: str, raw_path: bytes) -> Match:
        """The match for a request line; the same path is worked out once."""
        key = (method, raw_path)
        match = self._cache.get(key)
        if match is None:
            match = self._resolved(method, raw_path)
            if match.handler and len(raw_path) <= limits.route_cache_path_bytes_max:
                if len(self._cache) >= limits.route_cache_max:
                    self._cache.clear()
                self._cache[key] = match
        return match

    def _resolved(self, method: str, raw_path: bytes) -> Match:
        try:
            segments = split(raw_path)
        except errors.Refused as error:
            return Match(self._room_by_start(raw_path), error=error)
        allowed: set[str] = set()
        for node, values in _leaves(self._root, segments, 0, ()):
            endpoint = node.endpoints.get(method)
            if endpoint is None and method == "HEAD":
                endpoint = node.endpoints.get("GET")
            if endpoint is not None:
                params = MappingProxyType(dict(zip(endpoint.names, values, strict=True)))
                return Match(endpoint.room, endpoint.handler, params, quick=endpoint.quick)
            allowed.update(node.endpoints)
        if "GET" in allowed:
            allowed.add("HEAD")
        return Match(self._room_of(segments), allow=", ".join(sorted(allowed)) or None)

    def _room_of(self, segments: tuple[str, ...]) -> Room:
        for depth in range(min(len(segments), self._prefix_depth), -1, -1):
            room = self._rooms.get(segments[:depth])
            if room is not None:
                return room
        return self._outside

    def _room_by_start(self, raw_path: bytes) -> Room:
        """The room a malformed path seems to mean; it only chooses the words of the refusal."""
        found = self._outside
        for room in self._rooms.values():
            start = room.prefix.encode() + b"/"
            if raw_path.startswith(start) and len(room.prefix) >= len(found.prefix):
                found = room
        return found

    def _add_room(self, room: Room) -> None:
        prefix = split(room.prefix.encode() or b"/")
        if prefix in self._rooms:
            raise errors.Misconfigured(f"Two rooms claim the prefix {room.prefix!r}.")
        self._rooms[prefix] = room
        for route in room.routes:
            self._add_route(room, prefix, route)
        for route in room.elsewhere:
            self._add_route(room, (), route)

    def _add_route(self, room: Room, prefix: tuple[str, ...], route: Route) -> None:
        node = self._root
        names: list[str] = []
        template = tuple(piece for piece in route.path_template.split("/") if piece)
        for piece in (*prefix, *template):
            parameter = _PARAMETER.fullmatch(piece)
            if parameter:
                names.append(parameter.group(1))
                node.parameter = node.parameter or _Node()
                node = node.parameter
            else:
                node = node.literals.setdefault(piece, _Node())
        if route.method in node.endpoints:
            where = f"{route.method} /{'/'.join((*prefix, *template))}"
            raise errors.Misconfigured(f"Two routes claim {where}.")
        node.endpoints[route.method] = _Endpoint(room, route.handler, route.quick, tuple(names))


def split(raw_path: bytes) -> tuple[str, ...]:
    """The decoded segments of a raw path, without query and trailing slash."""
    path = raw_path.partition(b"?")[0]
    if not _PATH.fullmatch(path) or b"//" in path:
        raise errors.Refused("The path is malformed.", code="bad_path")
    pieces = path[1:].split(b"/")
    if not pieces[-1]:
        pieces.pop()
    return tuple([_decoded(piece) for piece in pieces])


def _decoded(piece: bytes) -> str:
    if b"%" in piece:
        if not _SEGMENT.fullmatch(piece):
            raise errors.Refused("The path has a bad percent escape.", code="bad_path")
        piece = unquote_to_bytes(piece)
    try:
        segment = piece.decode()
    except UnicodeDecodeError as bad:
        raise errors.Refused("The path is not UTF-8.", code="bad_path") from bad
    if segment in (".", "..") or "\0" in segment:
        raise errors.Refused("The path is malformed.", code="bad_path")
    return segment


def _leaves(
    node: _Node, segments: tuple[str, ...], depth: int, values: tuple[str, ...]
) -> Iterator[tuple[_Node, tuple[str, ...]]]:
    """Every node with routes that the segments lead to, the most literal first."""
    if depth == len(segments):
        if node.endpoints:
            yield node, values
        return
    segment = segments[depth]
    literal = node.literals.get(segment)
    if literal is not None:
        yield from _leaves(literal, segments, depth + 1, values)
    if node.parameter is not None:
        yield from _leaves(node.parameter, segments, depth + 1, (*values, segment))
