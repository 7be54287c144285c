"""A path leads to one handler, whatever its spelling, and a malformed one leads to none."""

from __future__ import annotations

import pytest

from guerdon import errors, limits
from guerdon.web.answers import NO_CONTENT, Answer
from guerdon.web.request import Request
from guerdon.web.routing import Match, Room, Route, Router, split


async def users(request: Request) -> Answer:
    return NO_CONTENT


async def user(request: Request) -> Answer:
    return NO_CONTENT


async def exist(request: Request) -> Answer:
    return NO_CONTENT


async def bulk(request: Request) -> Answer:
    return NO_CONTENT


OUTSIDE = Room("house", "", ())
SHOP = Room(
    "shop",
    "/apiv3",
    (
        Route("GET", "/users", users),
        Route("GET", "/users/{id}", user),
        Route("PUT", "/users/{id}", user),
        Route("GET", "/users/{id}/exist", exist),
        Route("DELETE", "/users/bulk", bulk),
    ),
)


@pytest.fixture
def router() -> Router:
    return Router((SHOP,), outside=OUTSIDE)


def test_an_encoded_slash_stays_inside_its_segment(router: Router):
    match = router.resolve("GET", b"/apiv3/users/Pz8%2Bfn4%2FZDRk/exist")
    assert match.handler is exist
    assert match.params == {"id": "Pz8+fn4/ZDRk"}


def test_an_escape_is_decoded_once(router: Router):
    assert router.resolve("GET", b"/apiv3/users/a%252Fb").params == {"id": "a%2Fb"}


def test_a_trailing_slash_changes_nothing(router: Router):
    assert router.resolve("GET", b"/apiv3/users/").handler is users
    assert router.resolve("GET", b"/apiv3/users").handler is users


def test_an_escaped_letter_is_the_letter(router: Router):
    assert router.resolve("GET", b"/apiv3/%75sers").handler is users


def test_the_query_is_no_part_of_the_path(router: Router):
    assert router.resolve("GET", b"/apiv3/users?page=0").handler is users


def test_a_literal_wins_over_a_parameter(router: Router):
    assert router.resolve("DELETE", b"/apiv3/users/bulk").handler is bulk


def test_a_parameter_answers_the_methods_its_literal_neighbour_lacks(router: Router):
    match = router.resolve("PUT", b"/apiv3/users/bulk")
    assert match.handler is user
    assert match.params == {"id": "bulk"}


def test_head_is_served_by_the_handler_of_get(router: Router):
    assert router.resolve("HEAD", b"/apiv3/users").handler is users


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "POST", "OPTIONS", "get"])
def test_a_method_without_a_route_names_those_the_path_has(router: Router, method: str):
    match = router.resolve(method, b"/apiv3/users/7")
    assert match.handler is None
    assert match.allow == "GET, HEAD, PUT"
    assert match.room is SHOP


@pytest.mark.parametrize("path", [b"/apiv3/nothing", b"/apiv3", b"/apiv3/users/1/exist/more"])
def test_an_unknown_path_belongs_to_the_room_of_its_prefix(router: Router, path: bytes):
    match = router.resolve("GET", path)
    assert (match.handler, match.allow, match.error, match.room) == (None, None, None, SHOP)


@pytest.mark.parametrize("path", [b"/", b"/nowhere", b"/apiv3x/users", b"/x/apiv3/users"])
def test_a_path_under_no_prefix_belongs_to_the_outside(router: Router, path: bytes):
    assert router.resolve("GET", path).room is OUTSIDE


HOSTILE = [
    b"",
    b"*",
    b"apiv3/users",
    b"//apiv3/users",
    b"/apiv3//users",
    b"/apiv3/users//",
    b"/apiv3/./users",
    b"/apiv3/../users",
    b"/apiv3/%2e%2e/users",
    b"/apiv3/%2E./users",
    b"/apiv3/users/%00",
    b"/apiv3/users/a%00b",
    b"/apiv3/users/%ff",
    b"/apiv3/users/%c0%ae",
    b"/apiv3/users/%ed%a0%80",
    b"/apiv3/users/%",
    b"/apiv3/users/%4",
    b"/apiv3/users/%zz",
    b"/apiv3/users;admin=1",
    b"/apiv3\\users",
    b"/apiv3/users#x",
    b"/apiv3/us ers",
    b"/apiv3/us\ters",
    b"/apiv3/us\x7fers",
    "/apiv3/é".encode(),
]


@pytest.mark.parametrize("path", HOSTILE)
def test_a_malformed_path_is_refused_before_any_handler(router: Router, path: bytes):
    match = router.resolve("GET", path)
    assert match.handler is None
    assert match.error is not None
    assert match.error.code == "bad_path"


def test_a_malformed_path_is_refused_in_the_words_of_its_room(router: Router):
    assert router.resolve("GET", b"/apiv3/%2e%2e/admin").room is SHOP
    assert router.resolve("GET", b"/%2e%2e/admin").room is OUTSIDE


def test_dots_inside_a_name_are_only_dots():
    assert split(b"/a..b/...") == ("a..b", "...")


def test_a_path_seen_before_gives_the_same_match(router: Router):
    assert router.resolve("GET", b"/apiv3/users/7") is router.resolve("GET", b"/apiv3/users/7")


def test_only_a_bounded_number_of_short_paths_is_remembered(router: Router):
    for number in range(limits.route_cache_max + 10):
        router.resolve("GET", b"/apiv3/users/%d" % number)
    router.resolve("GET", b"/apiv3/users/" + b"a" * limits.route_cache_path_bytes_max)
    router.resolve("GET", b"/apiv3/nothing")
    assert len(router._cache) <= limits.route_cache_max
    assert max(len(path) for _, path in router._cache) <= limits.route_cache_path_bytes_max
    assert all(isinstance(match, Match) and match.handler for match in router._cache.values())


def test_parameters_cannot_be_changed_by_a_handler(router: Router):
    match = router.resolve("GET", b"/apiv3/users/7")
    with pytest.raises(TypeError):
        match.params["id"] = "8"  # type: ignore[index]


def test_two_rooms_of_one_prefix_are_a_mistake():
    with pytest.raises(errors.Misconfigured):
        Router((SHOP, Room("other", "/apiv3", ())), outside=OUTSIDE)


def test_two_routes_of_one_method_and_path_are_a_mistake():
    routes = (Route("GET", "/a/{x}", user), Route("GET", "/a/{y}", user))
    with pytest.raises(errors.Misconfigured):
        Router((Room("other", "/v1", routes),), outside=OUTSIDE)


def test_the_longest_prefix_owns_a_path():
    inner = Room("inner", "/api/admin", ())
    outer = Room("outer", "/api", ())
    router = Router((outer, inner), outside=OUTSIDE)
    assert router.resolve("GET", b"/api/admin/x").room is inner
    assert router.resolve("GET", b"/api/x").room is outer


def test_a_room_may_have_a_path_outside_its_prefix():
    room = Room("shop", "/apiv3", (), elsewhere=(Route("GET", "/terms", users),))
    router = Router((room,), outside=OUTSIDE)
    assert router.resolve("GET", b"/terms").handler is users
    assert router.resolve("GET", b"/terms").room is room
    assert router.resolve("GET", b"/apiv3/terms").handler is None
    assert router.resolve("GET", b"/other").room is OUTSIDE
    twice = Room("other", "/api", (), elsewhere=room.elsewhere)
    with pytest.raises(errors.Misconfigured):
        Router((room, twice), outside=OUTSIDE)
