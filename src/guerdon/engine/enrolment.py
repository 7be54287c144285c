"""Members who come by a form, and what a form changes afterwards.

Everything that can be refused is found out before anything is written.
Source: Open Loyalty's order of decisions at a registration: the person and the account, what
        follows from those, the address, the company, the card, the point of sale, the level that
        was chosen, the seller, and last the activation and the newsletter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from guerdon.domain import identities
from guerdon.domain import members as decide
from guerdon.domain.members import Changes, Who
from guerdon.engine import credentials, levels, members, standing
from guerdon.engine.commands import Handlers, Identity, Registered
from guerdon.engine.commands.members import EditMember, EnrolMember
from guerdon.engine.consequences import follow
from guerdon.engine.record import record
from guerdon.errors import Refused
from guerdon.store.members import Member
from guerdon.store.transaction import Transaction

_NAMES = {
    "email": identities.EMAIL,
    "phone": identities.PHONE,
    "loyaltyCardNumber": identities.CARD,
}
_CONFIRMED = ("email", "phone")
_TOKEN = re.compile(r"[0-9a-f]{40}")


def enrol(tx: Transaction, command: EnrolMember) -> Registered:
    """See `EnrolMember`."""
    tenant_id = command.tenant_id
    profile, named = tx.forms.pop(command.profile, None) or _read(command)
    by_sms = credentials.activation_way(tx, tenant_id) == "sms"
    is_active = command.by == "admin" or (command.by == "seller" and not by_sms)
    members.require_free(tx, tenant_id, named, 0)
    _require_known(tx, command)
    # A programme that has levels gives everybody one; one without any takes everybody.
    if levels.defined(tx, tenant_id):
        levels.require_first(tx, tenant_id)
    is_invited = not is_active and not command.is_quiet
    if is_invited and ("phone" if by_sms else "email") not in profile:
        raise Refused("nothing to send the activation to", code="no_address")
    form = _form(command, profile)
    registered = members.enter(tx, tenant_id, named, form, command.store_code)
    member = members.required(tx, tenant_id, registered.number)
    who = members.who(tx, tenant_id, member)
    for decision in decide.updated(who, _parts(profile)):
        record(tx, tenant_id, decision)
    _assign(tx, command, who)
    if command.password_hash:
        credentials.set_password(tx, tenant_id, member, command.password_hash)
    if is_active:
        standing.let_in(tx, tenant_id, member, standing.NOBODY)
    if command.invitation_token or command.referrer_email:
        follow(
            tx,
            tenant_id,
            "invited",
            member.number,
            token=command.invitation_token,
            referrer_email=command.referrer_email,
        )
    if is_invited:
        credentials.invite_in(tx, tenant_id, member, by_sms=by_sms)
    return registered


def read_ahead(tx: Transaction, tenant_id: int, forms: Iterable[EnrolMember]) -> None:
    """Read several forms, and find out at once which of their names nobody has."""
    names: list[Identity] = []
    for form in forms:
        tx.forms[form.profile] = read = _read(form)
        names += read[1]
    members.read_ahead(tx, tenant_id, names)


def edit(tx: Transaction, command: EditMember) -> None:
    """See `EditMember`."""
    tenant_id = command.tenant_id
    member, stands = standing.present(tx, tenant_id, command.number)
    submitted = msgspec.json.decode(command.profile)
    members.require_free(tx, tenant_id, _named(submitted), command.number)
    _require_known(tx, command)
    pending = _held_back(member, submitted) if command.confirm else {}
    at_once = {name: value for name, value in submitted.items() if name not in pending}
    who = members.who(tx, tenant_id, member)
    changed = decide.changes(member.profile, at_once)
    if changed.details is not None:
        members.describe(tx, tenant_id, who, changed.details)
    for decision in decide.updated(who, changed):
        record(tx, tenant_id, decision)
    members.rename(tx, tenant_id, member, _renamed(at_once))
    level_id = levels.level_of(tx, tenant_id, member.number)
    _assign(tx, command, who, before=(stands.pos_id, level_id, stands.seller_id))
    agrees = (changed.details or {}).get(decide.NEWSLETTER)
    if agrees and stands.is_active and stands.newsletter_at is None:
        members.subscribe(tx, tenant_id, who)
    if pending:
        credentials.ask_to_confirm(tx, tenant_id, member, pending)


def _read(command: EnrolMember) -> tuple[dict[str, Any], tuple[Identity, ...]]:
    """The details, and what they name somebody by."""
    profile = msgspec.json.decode(command.profile)
    return profile, _named(profile)


def _held_back(member: Member, submitted: dict[str, Any]) -> dict[str, str]:
    """The new names to log in with that the member has to confirm first."""
    return {
        name: submitted[name]
        for name in _CONFIRMED
        if submitted.get(name) and submitted[name] != member.profile.get(name)
    }


def _named(profile: dict[str, Any]) -> tuple[Identity, ...]:
    """What the details name somebody by."""
    return tuple(pair for pair in _renamed(profile) if pair[1])


def _renamed(profile: dict[str, Any]) -> tuple[Identity, ...]:
    """The names the details set, and with an empty value those they take away."""
    return tuple(
        (kind, identities.normalise(kind, profile[field]) if profile[field] else "")
        for field, kind in _NAMES.items()
        if field in profile
    )


def _require_known(tx: Transaction, command: EnrolMember | EditMember) -> None:
    assigned = (
        ("Level", command.level_id, "levelId"),
        ("Pos", command.pos_id, "posId"),
        ("Seller", command.seller_id, "sellerId"),
    )
    for kind, definition_id, field in assigned:
        if definition_id:
            standing.named(tx, command.tenant_id, kind, definition_id, field)
    if command.level_id:
        levels.require_active(tx, command.tenant_id, command.level_id)
    if isinstance(command, EnrolMember):
        members.store(tx, command.tenant_id, command.store_code)


def _form(command: EnrolMember, profile: dict[str, Any]) -> dict[str, Any]:
    """The accepted form, as the first decision shows it, without what names somebody else.

    A referrer's e-mail or phone would outlive the referrer there; invitations say who it was.
    """
    token = command.invitation_token
    assigned = {
        "invitationToken": token if _TOKEN.fullmatch(token) else "",
        "levelId": command.level_id,
        "posId": command.pos_id,
        "sellerId": command.seller_id,
    }
    given = {name: value for name, value in assigned.items() if value}
    return {**profile, **given} if given else profile


def _parts(profile: dict[str, Any]) -> Changes:
    """The parts that a registration decides about one by one; a company only when it is whole."""
    company = profile.get("company") or {}
    is_whole = all(company.get(name) for name in decide.COMPANY)
    return Changes(
        address=profile.get("address") or None,
        company=company if is_whole else None,
        card=profile.get("loyaltyCardNumber") or None,
    )


def _assign(
    tx: Transaction,
    command: EnrolMember | EditMember,
    who: Who,
    before: tuple[str | None, str | None, str | None] = (None, None, None),
) -> None:
    """Assign what a form names besides the place, the level and the seller from `before`.

    Clients send back all that they were shown: a level the member has is not set by hand by that.
    """
    if command.pos_id and command.pos_id != before[0]:
        record(tx, command.tenant_id, decide.pos_assigned(who, command.pos_id))
    if command.level_id and command.level_id != before[1]:
        follow(tx, command.tenant_id, "level_chosen", who.number, level_id=command.level_id)
    if command.seller_id and command.seller_id != before[2]:
        record(tx, command.tenant_id, decide.seller_assigned(who, command.seller_id))


HANDLERS: Handlers = {EnrolMember: enrol, EditMember: edit}
