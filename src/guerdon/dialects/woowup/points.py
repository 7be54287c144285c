"""Points: `POST .../points` and `GET .../transactions`, in both families.

A movement may be negative. Without a limit an answer holds all there are, up to a bound. Movements
of every origin are listed, so that they add up to the balance: what was added, spent, sent or
received, blocked or released, canceled or expired, here or in another dialect.

Errors: Refused `invalid_field` with the field; the ledger's `insufficient_points`, `balance_limit`.
Source: WoowUp's users pages: the five concepts, and points as a number or, as printed, a text. What
        a transaction looks like is documented nowhere.
"""

from __future__ import annotations

from typing import Any

from guerdon import limits
from guerdon.dialects.woowup import amounts, ids, params, who
from guerdon.dialects.woowup.bodies import Fields
from guerdon.dialects.woowup.visit import Visit
from guerdon.dialects.woowup.who import Finder
from guerdon.domain import moments
from guerdon.engine.commands.points import AddPoints, SpendPoints, Transferred
from guerdon.errors import Refused
from guerdon.store import movements
from guerdon.store.movements import Movement
from guerdon.store.port import Rows
from guerdon.web.answers import Answer

CONCEPTS = ("purchase", "gift", "survey_response", "register", "referrer")

_BETWEEN = ": "
"""What parts the concept from the description in a comment."""

_ITEMS_MAX = limits.woowup_transactions_max


async def add(visit: Visit) -> Answer:
    """Move the points of the path's member."""
    return await _moved(visit, who.in_path(visit), await visit.fields())


async def add_by_identity(visit: Visit) -> Answer:
    """Move the points of the member that the body's identity fields name."""
    fields = await visit.fields()
    return await _moved(visit, who.named(ids.required(fields)), fields)


async def show_all(visit: Visit) -> Answer:
    """The movements of the path's member, oldest first."""
    return await _shown(visit, who.in_path(visit))


async def show_all_by_identity(visit: Visit) -> Answer:
    """The movements of the member that the query's identity fields name."""
    return await _shown(visit, who.in_query(visit))


async def _moved(visit: Visit, finder: Finder, fields: Fields) -> Answer:
    concept, description = fields.get("concept"), fields.get("description")
    if concept not in CONCEPTS:
        raise _invalid("concept", f"must be one of {', '.join(CONCEPTS)}")
    hundredths = amounts.hundredths(fields.get("points"))
    if not hundredths:
        raise _invalid("points", "must not be 0")
    if not isinstance(description, str):
        raise _invalid("description", "must be a text")
    command = AddPoints if hundredths > 0 else SpendPoints
    moved: Transferred = await who.change(
        visit,
        finder,
        lambda number: command(
            visit.tenant_id,
            visit.key.key_id,
            number=number,
            points=abs(hundredths),
            comment=f"{concept}{_BETWEEN}{description}",
        ),
    )
    return visit.ok({"transaction_id": moved.position})


async def _shown(visit: Visit, finder: Finder) -> Answer:
    query = visit.query()
    page = params.page(query, items=_ITEMS_MAX, items_max=_ITEMS_MAX)
    span = params.span(query)
    number = await who.found(visit, finder)
    concept = query.get("concept")
    found = await visit.ask(
        lambda rows, tenant_id: _page(rows, tenant_id, number, concept, span, page)
    )
    return visit.ok([_shape(movement) for movement in found])


def _page(
    rows: Rows,
    tenant_id: int,
    number: int,
    concept: str | None,
    span: tuple[int, int],
    page: params.Page,
) -> list[Movement]:
    found: list[Movement] = []
    after = 0
    while len(found) < page.offset + page.limit:
        some = movements.page(
            rows,
            tenant_id,
            number,
            after=after,
            limit=_ITEMS_MAX,
            from_time=span[0],
            to_time=span[1],
        )
        found += [movement for movement in some if concept in (None, _said(movement)[0])]
        if len(some) < _ITEMS_MAX:
            break
        after = some[-1].position
    return found[page.offset : page.offset + page.limit]


def _said(movement: Movement) -> tuple[str, str]:
    """The concept and description: as they were given here, or what comes nearest to them."""
    comment = movement.comment or ""
    concept, between, description = comment.partition(_BETWEEN)
    if between and concept in CONCEPTS:
        return concept, description
    return ("purchase" if movement.transaction_id else "gift"), comment


def _shape(movement: Movement) -> dict[str, Any]:
    concept, description = _said(movement)
    return {
        "id": movement.position,
        "points": amounts.whole(movement.points),
        "concept": concept,
        "description": description,
        "createtime": moments.render(movement.recorded_at),
    }


def _invalid(field: str, what: str) -> Refused:
    return Refused(f"{field} {what}.", code="invalid_field", field=field)
