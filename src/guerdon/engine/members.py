"""Members' use cases: registering, naming, describing them, and moving their points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from guerdon import limits
from guerdon.domain import definitions, registration
from guerdon.domain.members import (
    NEWSLETTER,
    NEWSLETTER_WAS_SUBSCRIBED,
    Who,
    activated,
    of_member,
)
from guerdon.engine import newcomers, points, programme
from guerdon.engine.commands import (
    Identity,
    Registered,
    RegisterMember,
    UpdateMember,
)
from guerdon.engine.consequences import follow
from guerdon.engine.folds.fact import text
from guerdon.engine.folds.members import merged
from guerdon.engine.record import record
from guerdon.errors import Duplicate, NotFound, Refused
from guerdon.store import standing
from guerdon.store.members import Member, by_number
from guerdon.store.transaction import Transaction

_STORE = "store:"

settings = programme.settings
timezone = programme.timezone


def required(tx: Transaction, tenant_id: int, number: int) -> Member:
    """The member with a number. Errors: NotFound `unknown_member`."""
    new = newcomers.of(tx, tenant_id, number)
    member = new.member if new is not None else by_number(tx.rows, tenant_id, number)
    if member is None:
        raise NotFound("user not found", code="unknown_member")
    return member


def present(tx: Transaction, tenant_id: int, number: int) -> Member:
    """The same of one who was not deleted. Errors: NotFound `unknown_member`."""
    member = required(tx, tenant_id, number)
    if standing.of(tx.rows, tenant_id, number).status == "deleted":
        raise NotFound("user not found", code="unknown_member")
    return member


def who(tx: Transaction, tenant_id: int, member: Member) -> Who:
    """A member as decisions name them, now."""
    return Who(member.member_id, member.number, tx.moment(tenant_id), timezone(tx, tenant_id))


def register(
    tx: Transaction,
    tenant_id: int,
    identities: tuple[Identity, ...],
    profile: dict[str, Any],
    store_code: str = "DEFAULT",
) -> Registered:
    """Register a member who takes part at once, as whoever a partner reports does."""
    registered = enter(tx, tenant_id, identities, profile, store_code)
    they = Who(
        registered.member_id, registered.number, tx.moment(tenant_id), timezone(tx, tenant_id)
    )
    activate(tx, tenant_id, they)
    if profile.get(NEWSLETTER):
        subscribe(tx, tenant_id, they)
    return registered


def enter(
    tx: Transaction,
    tenant_id: int,
    identities: tuple[Identity, ...],
    profile: dict[str, Any],
    store_code: str = "DEFAULT",
) -> Registered:
    """The beginning of a registration: five decisions about the person, one about their names.

    The identities must be free. Errors: NotFound `unknown_store`.
    """
    store_id = store(tx, tenant_id, store_code)
    number = tx.next_number(tenant_id)
    member_id, account_id = tx.uuid(), tx.uuid()
    moment = tx.moment(tenant_id)
    member = Member(number, member_id, account_id, store_code, moment, moment, {}, None)
    newcomers.expect(tx, tenant_id, member)
    for decision in registration.decisions(
        member_id=member_id,
        account_id=account_id,
        store_id=store_id,
        store_code=store_code,
        number=number,
        customer_data=profile,
        moment=moment,
        timezone=timezone(tx, tenant_id),
    ):
        record(tx, tenant_id, decision)
    _change_identities(tx, tenant_id, member_id, number, list(identities), [])
    follow(tx, tenant_id, "registered", number)
    return Registered(number, member_id, account_id)


def store(tx: Transaction, tenant_id: int, code: str) -> str:
    """The uuid of the store with a code. Errors: NotFound `unknown_store`."""
    remembered = tx.memory(tenant_id).definitions
    found: str | None = remembered.get(_STORE + code)
    if found is None:
        row = tx.rows.one("store_by_code", tenant_id=tenant_id, code=code)
        if row is None:
            raise NotFound("no such store", code="unknown_store")
        found = remembered[_STORE + code] = str(row[0])
    return found


def activate(tx: Transaction, tenant_id: int, who: Who) -> None:
    """Let a member take part who did not."""
    record(tx, tenant_id, activated(who))
    follow(tx, tenant_id, "activated", who.number)


def subscribe(tx: Transaction, tenant_id: int, who: Who) -> None:
    """A member takes the newsletter for the first time; it is rewarded once only."""
    record(tx, tenant_id, of_member(who, NEWSLETTER_WAS_SUBSCRIBED))
    follow(tx, tenant_id, "subscribed_to_newsletter", who.number)


def register_member(tx: Transaction, command: RegisterMember) -> Registered:
    """See `RegisterMember`."""
    require_free(tx, command.tenant_id, command.identities, 0)
    profile = msgspec.json.decode(command.profile)
    registered = register(tx, command.tenant_id, command.identities, profile, command.store_code)
    _notice_custom_attributes(tx, command.tenant_id, profile)
    if command.points:
        points.add(
            tx,
            command.tenant_id,
            registered.number,
            command.points,
            comment="register: ",
            issuer="api",
        )
    return registered


def update_member(tx: Transaction, command: UpdateMember) -> int:
    """See `UpdateMember`."""
    tenant_id = command.tenant_id
    member = present(tx, tenant_id, command.number)
    require_free(tx, tenant_id, command.identities, command.number)
    changes = msgspec.json.decode(command.profile)
    before, after = text(member.profile), text(merged(member.profile, changes))
    if after != before:  # as texts: True is not 1
        _require_bounded(before, after)
        describe(tx, tenant_id, who(tx, tenant_id, member), changes)
        _notice_custom_attributes(tx, tenant_id, changes)
    rename(tx, tenant_id, member, command.identities)
    return member.number


def _require_bounded(before: str, after: str) -> None:
    """Each change is bounded; what many of them add up to would be read with every answer."""
    bytes_max = limits.member_details_bytes_max
    size_bytes = len(after.encode())
    if size_bytes > bytes_max and size_bytes > len(before.encode()):
        message = f"The member's details would be larger than {bytes_max} bytes."
        raise Refused(message, code="too_large")


def describe(tx: Transaction, tenant_id: int, they: Who, changes: dict[str, Any]) -> None:
    """Change a member's details: what is given replaces, None removes."""
    decision = registration.details_updated(
        member_id=they.member_id,
        number=they.number,
        customer_data=changes,
        moment=they.moment,
        timezone=they.timezone,
    )
    record(tx, tenant_id, decision)
    follow(tx, tenant_id, "details_changed", they.number)


def bind(tx: Transaction, tenant_id: int, number: int, identities: tuple[Identity, ...]) -> None:
    """Give a member the identities nobody has yet."""
    known = tx.memory(tenant_id).identities
    new = [identity for identity in identities if known.get(identity) != number]
    if new:
        member = required(tx, tenant_id, number)
        require_free(tx, tenant_id, tuple(new), number)
        mine = {tuple(row) for row in _names(tx, tenant_id, number)}
        unknown = [identity for identity in new if identity not in mine]
        _change_identities(tx, tenant_id, member.member_id, number, unknown, [])


def _names(tx: Transaction, tenant_id: int, number: int) -> list[tuple[str, str]]:
    rows = tx.rows.all("identities", tenant_id=tenant_id, number=number)
    return [(kind, value) for kind, value in rows]


def read_ahead(tx: Transaction, tenant_id: int, names: Sequence[Identity]) -> None:
    """Find out at once which of many names nobody has, for `require_free`."""
    if not names:
        return
    listed = msgspec.json.encode(names).decode()
    found = tx.rows.all("identity_numbers", tenant_id=tenant_id, names=listed)
    taken = {(kind, value) for kind, value, _ in found}
    tx.free.update((tenant_id, *name) for name in names if name not in taken)


def require_free(
    tx: Transaction, tenant_id: int, identities: tuple[Identity, ...], number: int
) -> None:
    """Errors: Duplicate `member_exists` when another member than this one has one of them."""
    for kind, value in identities:
        if (tenant_id, kind, value) in tx.free:
            continue
        row = tx.rows.one("identity_number", tenant_id=tenant_id, kind=kind, value=value)
        if value and row is not None and row[0] != number:
            raise Duplicate("that member exists already", code="member_exists", field=kind)


def rename(
    tx: Transaction, tenant_id: int, member: Member, identities: tuple[Identity, ...]
) -> None:
    """Bind these identities in place of the member's others of the same kinds; empty: none.

    One the member has already only says who is meant, so the others of its kind stay.
    """
    if not identities:
        return
    before = _names(tx, tenant_id, member.number)
    new = [pair for pair in identities if pair not in before]
    kinds = {kind for kind, _ in new}
    bound = [pair for pair in new if pair[1]]
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
        if value is None:
            continue  # nobody was given what is taken away
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
