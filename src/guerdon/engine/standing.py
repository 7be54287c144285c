"""Where members stand: active or blocked, whose they are, and what is kept for them."""

from __future__ import annotations

import base64

from guerdon import limits
from guerdon.domain import members as decide
from guerdon.domain import pictures
from guerdon.domain.members import Who
from guerdon.engine import definitions, members
from guerdon.engine.commands import Handlers
from guerdon.engine.commands.standing import (
    ActivateMember,
    AddPushToken,
    AssignPos,
    AssignSeller,
    DeactivateMember,
    RemoveAvatar,
    RemovePushToken,
    SetAvatar,
)
from guerdon.engine.record import record
from guerdon.engine.seals import sealed
from guerdon.errors import NotFound, Refused, TooLarge
from guerdon.store import standing
from guerdon.store.members import Member
from guerdon.store.transaction import Transaction

NOBODY = standing.Standing()
"""Where somebody stands who has just been registered."""


def present(tx: Transaction, tenant_id: int, number: int) -> tuple[Member, standing.Standing]:
    """A member who was not deleted, and where they stand. Errors: NotFound `unknown_member`."""
    member = members.required(tx, tenant_id, number)
    stands = standing.of(tx.rows, tenant_id, number)
    if stands.status == "deleted":
        raise NotFound("user not found", code="unknown_member")
    return member, stands


def named(tx: Transaction, tenant_id: int, kind: str, definition_id: str, field: str) -> None:
    """Errors: NotFound `unknown_definition` with the field that names it."""
    if definition_id not in definitions.known(tx, tenant_id, kind):
        message = f"{field} names no {kind.lower()}"
        raise NotFound(message, code="unknown_definition", field=field)


def activate(tx: Transaction, command: ActivateMember) -> None:
    """See `ActivateMember`."""
    member, stands = present(tx, command.tenant_id, command.number)
    if not stands.is_active:
        let_in(tx, command.tenant_id, member, stands)


def let_in(tx: Transaction, tenant_id: int, member: Member, stands: standing.Standing) -> None:
    """Activate a member, and the newsletter they agreed to before they could have it."""
    who = members.who(tx, tenant_id, member)
    members.activate(tx, tenant_id, who)
    if member.profile.get(decide.NEWSLETTER) and stands.newsletter_at is None:
        members.subscribe(tx, tenant_id, who)


def deactivate(tx: Transaction, command: DeactivateMember) -> None:
    """See `DeactivateMember`."""
    member, stands = present(tx, command.tenant_id, command.number)
    if stands.status != "blocked":
        who = members.who(tx, command.tenant_id, member)
        record(tx, command.tenant_id, decide.deactivated(who))
        # For good: whoever was switched off because of a stolen log-in may be let in again.
        tx.rows.run(
            "revoke_refresh_tokens", tenant_id=command.tenant_id, person_id=member.member_id
        )


def assign_pos(tx: Transaction, command: AssignPos) -> None:
    """See `AssignPos`."""
    who, stands = _assigned(tx, command, "Pos", command.pos_id, "posId")
    if stands.pos_id != command.pos_id:
        record(tx, command.tenant_id, decide.pos_assigned(who, command.pos_id))


def assign_seller(tx: Transaction, command: AssignSeller) -> None:
    """See `AssignSeller`."""
    who, stands = _assigned(tx, command, "Seller", command.seller_id, "sellerId")
    if stands.seller_id != command.seller_id:
        record(tx, command.tenant_id, decide.seller_assigned(who, command.seller_id))


def _assigned(
    tx: Transaction, command: AssignPos | AssignSeller, kind: str, definition_id: str, field: str
) -> tuple[Who, standing.Standing]:
    member, stands = present(tx, command.tenant_id, command.number)
    named(tx, command.tenant_id, kind, definition_id, field)
    return members.who(tx, command.tenant_id, member), stands


def set_avatar(tx: Transaction, command: SetAvatar) -> None:
    """See `SetAvatar`."""
    tenant_id, content = command.tenant_id, command.content
    member, _ = present(tx, tenant_id, command.number)
    if len(content) > limits.avatar_bytes_max:
        raise TooLarge(f"An avatar has at most {limits.avatar_bytes_max} bytes.", field="file")
    picture = pictures.recognised(content)
    if picture is None:
        raise Refused("not an image", code="invalid_image", field="file")
    who = members.who(tx, tenant_id, member)
    path = f"avatar/{tx.uuid()}.{picture.ending}"
    record(tx, tenant_id, decide.avatar_set(who, path, command.original_name, picture.mime))
    text = base64.b64encode(content).decode()
    secret = {"sealed": sealed(tx, tenant_id, member.number, "avatar", text)}
    stored = decide.secret_of_member(who, decide.AVATAR_WAS_STORED, secret, path=path)
    record(tx, tenant_id, stored)


def remove_avatar(tx: Transaction, command: RemoveAvatar) -> None:
    """See `RemoveAvatar`."""
    member, _ = present(tx, command.tenant_id, command.number)
    if standing.avatar_description(tx.rows, command.tenant_id, command.number) is None:
        raise NotFound(code="no_avatar")
    who = members.who(tx, command.tenant_id, member)
    record(tx, command.tenant_id, decide.of_member(who, decide.AVATAR_WAS_REMOVED))


def add_push_token(tx: Transaction, command: AddPushToken) -> None:
    """See `AddPushToken`."""
    member, _ = present(tx, command.tenant_id, command.number)
    known = standing.push_tokens(tx.rows, command.tenant_id, command.number)
    if command.token in known:
        return
    if len(known) >= limits.push_tokens_max:
        raise TooLarge(
            f"A member has at most {limits.push_tokens_max} devices.", field="pushyToken"
        )
    _record_push_token(tx, command, member, decide.PUSH_TOKEN_WAS_ADDED)


def remove_push_token(tx: Transaction, command: RemovePushToken) -> None:
    """See `RemovePushToken`."""
    member, _ = present(tx, command.tenant_id, command.number)
    if command.token not in standing.push_tokens(tx.rows, command.tenant_id, command.number):
        raise NotFound(code="unknown_token")
    _record_push_token(tx, command, member, decide.PUSH_TOKEN_WAS_REMOVED)


def _record_push_token(
    tx: Transaction, command: AddPushToken | RemovePushToken, member: Member, type: str
) -> None:
    who = members.who(tx, command.tenant_id, member)
    decision = decide.of_member(who, type, personal="token", token=command.token)
    record(tx, command.tenant_id, decision)


HANDLERS: Handlers = {
    ActivateMember: activate,
    DeactivateMember: deactivate,
    AssignPos: assign_pos,
    AssignSeller: assign_seller,
    SetAvatar: set_avatar,
    RemoveAvatar: remove_avatar,
    AddPushToken: add_push_token,
    RemovePushToken: remove_push_token,
}
