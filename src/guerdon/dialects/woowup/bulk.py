"""Bulk deletion of activities: `DELETE /user-events/bulk`, a DELETE with a body.

It answers at once; the activities are gone from every answer then, the rows follow in the
background, and when the last is gone one mail goes to `notify_to`. The page names the field
`event_name` and prints `event-name`, and asks for times where it prints dates: all are taken. Both
ends are inclusive; a date is the whole day, a time the whole second. No end has a default, since
what would be deleted by mistake cannot be brought back.

Source: WoowUp's events page, "Delete user events (bulk)", its table, samples and answers.
"""

from __future__ import annotations

import msgspec

from guerdon import limits
from guerdon.dialects.woowup.bodies import Fields
from guerdon.dialects.woowup.visit import Visit
from guerdon.domain import moments
from guerdon.engine.commands import DeleteActivities, DeletionStarted
from guerdon.errors import Refused
from guerdon.outbound.mail import is_address
from guerdon.store import activities, catalogue
from guerdon.store.port import Rows
from guerdon.web.answers import Answer

_NO_SCHEMA = "Failed matching any of the provided schemas."
_Counts = tuple[int, int, int, tuple[tuple[int, int], ...]]


class Range(msgspec.Struct, frozen=True):
    """What is to be deleted; both ends inclusive, in microseconds."""

    event: str
    first: int
    last: int
    notify_to: str


async def delete(visit: Visit) -> Answer:
    """Delete a range of one event. Checked in this order: the fields, the address, the event."""
    wanted = read(await visit.fields())
    if wanted is None:
        return visit.refusal(400, "bad_request", "bad request", [_NO_SCHEMA])
    if not is_address(wanted.notify_to):
        raise Refused("Invalid email to notify", code="invalid_email", field="notify_to")
    counted = await visit.engine.read_long(lambda rows: _counted(rows, visit.tenant_id, wanted))
    if counted is None:
        return visit.refusal(404, "not_found", "event not found", ["event not found"])
    counted_type, counted_until, counted_deletion, counts = counted
    started: DeletionStarted = await visit.engine.execute(
        DeleteActivities(
            visit.tenant_id,
            visit.key.key_id,
            type_name=wanted.event,
            occurred_from=wanted.first,
            occurred_to=wanted.last,
            notify_to=wanted.notify_to,
            counted_until=counted_until,
            counted_deletion=counted_deletion,
            counts=counts,
            counted_type=counted_type,
        )
    )
    return visit.ok({"request_id": started.deletion_id})


def read(fields: Fields) -> Range | None:
    """The range a body describes, or None when it matches no documented form."""
    event = fields.get("event_name", fields.get("event-name"))
    notify_to = fields.get("notify_to")
    if not isinstance(event, str) or not isinstance(notify_to, str) or not event:
        return None
    if len(event) > limits.woowup_name_chars_max:
        return None
    try:
        first = moments.span(fields.get("from"))[0]
        last = moments.span(fields.get("to"))[1]
    except Refused:
        # Every fault of these fields has the one documented answer.
        return None
    return Range(event, first, last, notify_to) if first <= last else None


def _counted(rows: Rows, tenant_id: int, wanted: Range) -> _Counts | None:
    type_id = catalogue.latest_named(catalogue.all_types(rows, tenant_id), wanted.event)
    if type_id is None:
        return None
    until, counts = activities.range_counts(rows, tenant_id, type_id, wanted.first, wanted.last)
    return type_id, until, activities.newest_deletion(rows, tenant_id), counts
