"""Activities: `POST /user-events`, `GET /user-events`.

An item's `id` is the activity's position. The answer to a POST is documented nowhere: it is the
stored item as far as the request itself tells it, so that storing needs no look-up afterwards.

Duplicates: the same member, event, explicit time to the second and metadata as within the
last `limits.idempotency_days` is the same activity sent again; the setting `woowup.duplicates`
says whether it is refused, answered as before or stored. Without a time nothing is a duplicate.
An `Idempotency-Key` decides instead, where one is sent.

Source: WoowUp's events page; the vendor's second client sends only one of the identity fields,
        and a field of its own that means nothing.
"""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from guerdon import limits
from guerdon.clock import DAY, SECOND
from guerdon.dialects.woowup import events, ids, params
from guerdon.dialects.woowup.bodies import Fields, required_object
from guerdon.dialects.woowup.door import DIALECT
from guerdon.dialects.woowup.visit import Visit
from guerdon.domain import identities, moments
from guerdon.engine.commands import Ingest, Ingested, Item, ReplayKey
from guerdon.errors import Refused
from guerdon.store import activities, catalogue, members
from guerdon.store.activities import Activity
from guerdon.store.catalogue import Type
from guerdon.store.port import Rows
from guerdon.web import idempotency, intake
from guerdon.web.answers import Answer

_REMEMBERED_SECONDS = limits.idempotency_days * DAY // SECOND
_DAY_CHARS = len("YYYY-MM-DD")
_FIELDS = {kind: field for field, kind in ids.KINDS.items()}
_sorted = msgspec.json.Encoder(order="deterministic").encode


async def create(visit: Visit) -> Answer:
    """Store one activity."""
    return await intake.recorded(
        visit.engine,
        visit.key,
        DIALECT,
        visit.request,
        visit.body,
        lambda body: _stored(visit, body),
    )


async def show_all(visit: Visit) -> Answer:
    """A page of activities by position, of one member or event if asked."""
    query = visit.query()
    page = params.page(query)
    service_uid, event = query.get("service_uid"), query.get("event")
    shown = await visit.ask(
        lambda rows, tenant_id: _page(rows, tenant_id, page, service_uid, event)
    )
    return visit.ok(shown)


async def _stored(visit: Visit, body: bytes) -> Answer:
    fields = required_object(visit.value(body))
    now = visit.engine.clock.now()
    item = read(fields, now)
    key = idempotency.replay_key(visit.request, DIALECT, body)
    policy = visit.key.settings["woowup.duplicates"]
    is_natural = key is None and policy != "accept" and bool(fields.get("datetime"))
    settings = visit.key.settings
    ingested: Ingested = await visit.engine.execute(
        Ingest(
            visit.tenant_id,
            visit.key.key_id,
            dialect=DIALECT,
            items=(item,),
            unknown_member="create" if settings["members.auto_create.woowup"] else "refuse",
            replay=natural_key(item, fields.get("metadata")) if is_natural else key,
            refuse_replay=is_natural and policy == "reject",
        )
    )
    position = ingested.first_position
    if not ingested.replayed:
        return visit.ok(_stored_shape(position, item))
    await intake.keep_replayed(visit.engine, visit.key, DIALECT, visit.request, body, position)
    answer = visit.ok(_stored_shape(position, await _as_stored(visit, position, item)))
    return answer.with_headers(idempotency.REPLAYED)


async def _as_stored(visit: Visit, position: int, item: Item) -> Item:
    """The item as it was stored the first time, when "now" was another moment."""
    stored = await visit.ask(lambda rows, tenant_id: activities.get(rows, tenant_id, position))
    if stored is None:
        return item  # deleted since, with its time
    return msgspec.structs.replace(item, occurred_at=stored.occurred_at, data=stored.data)


def read(fields: Fields, now: int) -> Item:
    """The activity that a body's fields describe. Errors: Refused with the field."""
    event = fields.get("event")
    if not isinstance(event, str) or not 0 < len(event) <= limits.woowup_name_chars_max:
        raise Refused("event is required.", code="invalid_field", field="event")
    metadata = fields.get("metadata")
    if metadata in (None, "", []):
        data = None
    elif isinstance(metadata, dict):
        data = intake.activity_data(metadata, "metadata")
    else:
        raise Refused("metadata must be an object.", code="invalid_field", field="metadata")
    return Item(event, ids.required(fields), _occurred_at(fields.get("datetime"), now), data)


def natural_key(item: Item, metadata: Any) -> ReplayKey:
    """What a member's activity with an explicit time is recognised by, metadata in any key order.

    Whose it is is found out where it is stored, since any of their identities may name them.
    """
    second = (item.occurred_at or 0) // SECOND
    content = _sorted([item.type, second, metadata if item.data else None])
    digest = hashlib.sha256(content).digest()
    return ReplayKey(b"woowup event " + digest, digest, _REMEMBERED_SECONDS, of_member=True)


def _occurred_at(value: Any, now: int) -> int:
    """The moment a `datetime` names; a date alone is its first second, none at all is now."""
    if value is None or value == "":
        return now
    try:
        if isinstance(value, str) and len(value) == _DAY_CHARS:
            moment = moments.parse_day(value)
        else:
            moment = moments.parse(value)
    except Refused as refusal:
        refusal.field = "datetime"
        raise
    if moment > moments.latest(now):
        raise moments.future("datetime")
    return moment


def _stored_shape(position: int, item: Item) -> dict[str, Any]:
    return {
        "id": position,
        "event": {"name": item.type},
        "user": {_FIELDS[kind]: value for kind, value in item.identities},
        "datetime": moments.render(item.occurred_at or 0),
        "metadata": _raw(item.data),
    }


def _page(
    rows: Rows, tenant_id: int, page: params.Page, service_uid: str | None, event: str | None
) -> list[dict[str, Any]]:
    number = type_id = None
    if service_uid is not None:
        number = ids.find_in_query(rows, tenant_id, service_uid)
        if number is None:
            return []
    types = catalogue.all_types(rows, tenant_id)
    if event is not None:
        type_id = catalogue.latest_named(types, event)
        if type_id is None:
            return []
    found = activities.page(
        rows, tenant_id, offset=page.offset, limit=page.limit, number=number, type_id=type_id
    )
    names = {
        number: dict(reversed(members.identities(rows, tenant_id, number)))
        for number in {one.number for one in found}
    }
    return [_shape(one, types[one.type_id], names[one.number]) for one in found]


def _shape(one: Activity, type: Type, names: dict[str, str]) -> dict[str, Any]:
    return {
        "id": one.position,
        "event": events.shape(type.type_id, type.name, type.created_at),
        "user": {
            "userapp_id": one.number,
            "user_id": one.number,
            "service_uid": names.get(identities.EXTERNAL),
            "email": names.get(identities.EMAIL),
        },
        "datetime": moments.render(one.occurred_at),
        "metadata": _raw(one.data),
    }


def _raw(data: str | None) -> msgspec.Raw | None:
    return None if data is None else msgspec.Raw(data.encode())
