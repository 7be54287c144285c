"""Members' use cases: registering, naming, describing them, and moving their points."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from guerdon import limits
from guerdon.domain import definitions, registration
from guerdon.engine.commands import (
    Identity,
    Moved,
    MovePoints,
    Registered,
    RegisterMember,
    UpdateMember,
)
from guerdon.engine.directory import read_settings
from guerdon.engine.folds.fact import text
from guerdon.engine.record import record
from guerdon.errors import Duplicate, NotFound, Refused
from guerdon.store.members import Member, by_number
from guerdon.store.transaction import Transaction


def timezone(tx: Transaction, tenant_id: int) -> tzinfo:
    """The programme's time zone."""
    return ZoneInfo(settings(tx, tenant_id)["programme.timezone"])


def settings(tx: Transaction, tenant_id: int) -> dict[str, Any]:
    """The tenant's settings as this transaction sees them."""
    memory = tx.memory(tenant_id)
    if memory.settings is None:
        memory.settings = read_settings(tx.rows, tenant_id)
    return memory.settings


def required(tx: Transaction, tenant_id: int, number: int) -> Member:
    """The member with a number. Errors: NotFound `unknown_member`."""
    member = by_number(tx.rows, tenant_id, number)
    if member is None:
        raise NotFound("user not found", code="unknown_member")
    return member


def register(
    tx: Transaction,
    tenant_id: int,
    identities: tuple[Identity, ...],
    profile: dict[str, Any],
    store_code: str = "DEFAULT",
) -> Registered:
    """Register a member: five decisions about the person, one about their names."""
    store = tx.rows.one("store_by_code", tenant_id=tenant_id, code=store_code)
    if store is None:
        raise NotFound("no such store", code="unknown_store")
    number = tx.next_number(tenant_id)
    member_id, account_id = tx.uuid(), tx.uuid()
    for decision in registration.decisions(
        member_id=member_id,
        account_id=account_id,
        store_id=store[0],
        store_code=store_code,
        number=number,
        customer_data=profile,
        moment=tx.moment(tenant_id),
        timezone=timezone(tx, tenant_id),
    ):
        record(tx, tenant_id, decision)
    _change_identities(tx, tenant_id, member_id, number, list(identities), [])
    return Registered(number, member_id, account_id)


def register_member(tx: Transaction, command: RegisterMember) -> Registered:
    """See `RegisterMember`."""
    _require_free(tx, command.tenant_id, command.identities, 0)
    profile = msgspec.json.decode(command.profile)
    registered = register(tx, command.tenant_id, command.identities, profile, command.store_code)
    _notice_custom_attributes(tx, command.tenant_id, profile)
    if command.points:
        opening = MovePoints(
            command.tenant_id,
            command.key_id,
            number=registered.number,
            points=command.points,
            concept="register",
            description="",
        )
        move_points(tx, opening)
    return registered


def update_member(tx: Transaction, command: UpdateMember) -> None:
    """See `UpdateMember`."""
    tenant_id = command.tenant_id
    member = required(tx, tenant_id, command.number)
    _require_free(tx, tenant_id, command.identities, command.number)
    changes = msgspec.json.decode(command.profile)
    if changes:
        record(
            tx,
            tenant_id,
            registration.details_updated(
                member_id=member.member_id,
                number=member.number,
                customer_data=changes,
                moment=tx.moment(tenant_id),
                timezone=timezone(tx, tenant_id),
            ),
        )
        _notice_custom_attributes(tx, tenant_id, changes)
    _rename(tx, tenant_id, member, command.identities)


def bind(tx: Transaction, tenant_id: int, number: int, identities: tuple[Identity, ...]) -> None:
    """Give a member the identities nobody has yet."""
    known = tx.memory(tenant_id).identities
    new = [identity for identity in identities if known.get(identity) != number]
    if new:
        member = required(tx, tenant_id, number)
        _require_free(tx, tenant_id, tuple(new), number)
        mine = {tuple(row) for row in _names(tx, tenant_id, number)}
        unknown = [identity for identity in new if identity not in mine]
        _change_identities(tx, tenant_id, member.member_id, number, unknown, [])


def move_points(tx: Transaction, command: MovePoints) -> Moved:
    """See `MovePoints`."""
    tenant_id = command.tenant_id
    member = required(tx, tenant_id, command.number)
    balance = member.balance + command.points
    if balance < 0:
        raise Refused("not enough points", code="insufficient_points", field="points")
    if balance > limits.points_hundredths_max:
        raise Refused("the balance would be too large", code="balance_limit", field="points")
    decide = registration.points_added if command.points > 0 else registration.points_spent
    transfer_id = tx.uuid()
    movement_id = record(
        tx,
        tenant_id,
        decide(
            account_id=member.account_id,
            number=member.number,
            transfer_id=transfer_id,
            points=abs(command.points),
            comment=f"{command.concept}: {command.description}",
            issuer="api",
            moment=tx.moment(tenant_id),
            timezone=timezone(tx, tenant_id),
        ),
    )
    return Moved(movement_id, transfer_id)


def _names(tx: Transaction, tenant_id: int, number: int) -> list[tuple[str, str]]:
    rows = tx.rows.all("identities", tenant_id=tenant_id, number=number)
    return [(kind, value) for kind, value in rows]


def _require_free(
    tx: Transaction, tenant_id: int, identities: tuple[Identity, ...], number: int
) -> None:
    for kind, value in identities:
        row = tx.rows.one("identity_number", tenant_id=tenant_id, kind=kind, value=value)
        if value and row is not None and row[0] != number:
            raise Duplicate("that member exists already", code="member_exists", field=kind)


def _rename(
    tx: Transaction, tenant_id: int, member: Member, identities: tuple[Identity, ...]
) -> None:
    if not identities:
        return
    before = _names(tx, tenant_id, member.number)
    kinds = {kind for kind, _ in identities}
    bound = [pair for pair in identities if pair[1] and pair not in before]
    removed = [pair for pair in before if pair[0] in kinds and pair not in identities]
    if bound or removed:
        _change_identities(tx, tenant_id, member.member_id, member.number, bound, removed)


def _change_identities(
    tx: Transaction,
    tenant_id: int,
    member_id: str,
    number: int,
    bound: list[Identity],
    removed: list[Identity],
) -> None:
    record(
        tx,
        tenant_id,
        definitions.identities_changed(
            member_id,
            number,
            bound=[list(pair) for pair in bound],
            removed=[list(pair) for pair in removed],
        ),
    )


def _notice_custom_attributes(tx: Transaction, tenant_id: int, profile: dict[str, Any]) -> None:
    attributes = profile.get("custom_attributes")
    if not isinstance(attributes, dict):
        return
    for name, value in attributes.items():
        tx.rows.run(
            "add_custom_attribute",
            tenant_id=tenant_id,
            name=name,
            type=_attribute_type(value),
            created_at=tx.moment(tenant_id),
        )


def _attribute_type(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    return "text" if isinstance(value, str) else text(type(value).__name__).strip('"')
