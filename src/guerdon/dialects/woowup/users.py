"""Members, in both of WoowUp's families: `users` (one id in the path) and `multiusers`.

`POST /users`, `GET /users`, `GET` and `PUT /users/{id}`, `GET /users/{id}/exist` (and `exists`);
`PUT /multiusers`, `GET /multiusers/find` and `/exist` with identity fields. `user_id` and
`userapp_id` are the member's number.

Errors: NotFound `user_not_found`, `segment_not_found`; Duplicate `member_exists`, which is shown
        as `internal_error`, "usuario existente", because connectors look for exactly that.
Source: WoowUp's users pages; the vendor's PHP clients, which take 200 or 201 for a new user, and
        its WooCommerce plugin, which takes only 201.
"""

from __future__ import annotations

from typing import Any

import msgspec

from guerdon import limits
from guerdon.dialects.woowup import amounts, ids, params, profile, who
from guerdon.dialects.woowup.bodies import Fields
from guerdon.dialects.woowup.visit import Visit
from guerdon.dialects.woowup.who import Finder
from guerdon.engine.commands import Registered, RegisterMember, UpdateMember
from guerdon.errors import NotFound, Refused
from guerdon.store import members, points, registrations
from guerdon.store.members import Member
from guerdon.store.port import Rows
from guerdon.web import strictjson
from guerdon.web.answers import Answer

_NO_FILTERS = ("[]", "{}", "null")


async def create(visit: Visit) -> Answer:
    """Register a member; `points` are what they begin with."""
    fields = await visit.fields()
    named = ids.required(fields)
    details = profile.of_somebody_new(fields)
    initial = amounts.initial(fields)
    registered: Registered = await visit.execute(
        RegisterMember(
            visit.tenant_id,
            visit.key.key_id,
            identities=named,
            profile=strictjson.canonical(details),
            points=initial,
        )
    )
    return visit.ok(await _shown(visit, registered.number), status=201)


async def show(visit: Visit) -> Answer:
    """One member. `points_pending` stands here and nowhere else: the points that are locked."""
    number = await who.found(visit, who.in_path(visit))
    now = visit.engine.clock.now()
    account = await visit.ask(lambda rows, tenant_id: points.account(rows, tenant_id, number, now))
    pending = amounts.whole(account.locked) if account else 0
    return visit.ok({**await _shown(visit, number), "points_pending": pending})


async def show_by_identity(visit: Visit) -> Answer:
    """One member, by identity fields in the query."""
    return visit.ok(await _shown(visit, await who.found(visit, who.in_query(visit))))


async def exist(visit: Visit) -> Answer:
    """Whether there is such a member; never a 404."""
    return await _exist(visit, who.in_path(visit))


async def exist_by_identity(visit: Visit) -> Answer:
    """Whether there is such a member, by identity fields in the query."""
    return await _exist(visit, who.in_query(visit))


async def update(visit: Visit) -> Answer:
    """Change a member."""
    return await _update(visit, who.in_path(visit), await visit.fields())


async def update_by_identity(visit: Visit) -> Answer:
    """Change the member that the body's own identity fields name."""
    fields = await visit.fields()
    return await _update(visit, who.named(ids.required(fields)), fields)


async def search(visit: Visit) -> Answer:
    """A page of members by number; with `search`, of those whose identity, name or e-mail fits.

    Filters and segments do not exist yet. Ignoring them would give out the wrong members, so they
    are refused unless they are empty.
    """
    query = visit.query()
    page = params.page(query)
    for name in ("include", "exclude"):
        if query.get(name, "[]").strip() not in _NO_FILTERS:
            message = f"{name}: filters are not supported."
            raise Refused(message, code="invalid_parameter", field=name)
    if "segment_id" in query:
        raise NotFound(code="segment_not_found", field="segment_id")
    text = query.get("search", "").strip()
    if text:
        return await _search(visit, text, page)
    numbers, _ = await visit.ask(
        lambda rows, tenant_id: registrations.page(
            rows, tenant_id, offset=page.offset, limit=page.limit, descending=False
        )
    )
    return visit.ok(await _shapes(visit, numbers))


async def _exist(visit: Visit, finder: Finder) -> Answer:
    return visit.ok({"exist": await visit.ask(finder) is not None})


async def _update(visit: Visit, finder: Finder, fields: Fields) -> Answer:
    details = profile.changes(fields)
    named = ids.of_fields(fields)
    if not details and not named:
        return visit.ok(await _shown(visit, await who.found(visit, finder)))
    number: int = await who.change(
        visit,
        finder,
        lambda number: UpdateMember(
            visit.tenant_id,
            visit.key.key_id,
            number=number,
            profile=strictjson.canonical(details),
            identities=named,
        ),
    )
    return visit.ok(await _shown(visit, number))


async def _shown(visit: Visit, number: int) -> dict[str, Any]:
    shapes = await _shapes(visit, [number])
    if not shapes:
        raise NotFound(code="user_not_found")
    return shapes[0]


async def _shapes(visit: Visit, numbers: list[int]) -> list[dict[str, Any]]:
    now = visit.engine.clock.now()

    def shapes(rows: Rows, tenant_id: int) -> list[dict[str, Any]]:
        found = []
        for number in numbers:
            member = members.by_number(rows, tenant_id, number)
            if member is not None:
                names = members.identities(rows, tenant_id, number)
                account = points.account(rows, tenant_id, number, now)
                found.append(profile.shape(member, names, tenant_id, account))
        return found

    return await visit.ask(shapes)


class _Search(msgspec.Struct):
    """How far a search has come."""

    numbers: list[int]
    looked_at: int = 0
    after: int = 0
    is_finished: bool = False


async def _search(visit: Visit, text: str, page: params.Page) -> Answer:
    """Whoever has exactly this identity, then whoever's details hold the text, by number.

    The members are read in slices, so that others have their turn, and only so many of them.
    """
    wanted = page.offset + page.limit
    exact = await visit.ask(lambda rows, tenant_id: _named(rows, tenant_id, text))
    state = _Search(exact)
    while not state.is_finished and len(state.numbers) < wanted:
        if state.looked_at >= limits.search_members_max:
            break
        some = await visit.ask(
            lambda rows, tenant_id: members.after(
                rows, tenant_id, state.after, limits.search_slice_members
            )
        )
        _look_at(state, some, text.lower(), exact)
    numbers = state.numbers[page.offset : wanted]
    shown = await _shapes(visit, numbers)
    is_whole = state.is_finished or len(state.numbers) >= wanted
    message = "ok" if is_whole else f"only the first {state.looked_at} users were searched"
    return visit.ok(shown, message=message)


def _look_at(state: _Search, some: list[Member], text: str, exact: list[int]) -> None:
    state.is_finished = len(some) < limits.search_slice_members
    state.looked_at += len(some)
    if some:
        state.after = some[-1].number
    state.numbers += [
        one.number for one in some if one.number not in exact and profile.matches(one, text)
    ]


def _named(rows: Rows, tenant_id: int, text: str) -> list[int]:
    """The members with exactly this identity, of any kind."""
    numbers = []
    for field in ids.KINDS:
        try:
            number = ids.find(rows, tenant_id, ids.of_fields({field: text}))
        except Refused:
            continue  # too long for this kind of identity, so nobody's
        if number is not None and number not in numbers:
            numbers.append(number)
    return numbers
