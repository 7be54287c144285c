"""How members prove who they are: tokens and codes that are sent to them, passwords, log-ins.

A token is known by its SHA-256; what it will do is sealed under the member's key. A code is short
enough to be typed, so it is unique among those of its purpose and lives for an hour.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import msgspec

from guerdon import limits
from guerdon.clock import SECOND
from guerdon.domain import identities, letters
from guerdon.domain import members as decide
from guerdon.engine import deliveries, members, standing
from guerdon.engine.commands import Handlers, Identity
from guerdon.engine.commands.credentials import (
    ActivateByToken,
    ChangeMemberPassword,
    ConfirmChange,
    RecordMemberLogin,
    RequestPasswordReset,
    ResetMemberPassword,
    SendActivation,
)
from guerdon.engine.consequences import follow
from guerdon.engine.folds.fact import text
from guerdon.engine.record import record
from guerdon.engine.seals import sealed
from guerdon.errors import NotFound, Refused
from guerdon.store import members as kept
from guerdon.store import standing as stored
from guerdon.store.members import Member
from guerdon.store.standing import Purpose, Token
from guerdon.store.transaction import Transaction

_LINKS = {
    "activation": "members.activation_link",
    "reset": "members.reset_link",
    "change": "members.change_link",
}
_SECONDS: dict[Purpose, int] = {
    "activation": limits.activation_token_seconds,
    "sms": limits.member_code_seconds,
    "reset": limits.reset_token_seconds,
    "change": limits.member_code_seconds,
}
_TENANT_BYTES = 4


# --- tokens --------------------------------------------------------------------------------------


def issue(
    tx: Transaction,
    tenant_id: int,
    member: Member,
    purpose: Purpose,
    *,
    to: Identity,
    change: dict[str, Any] | None = None,
) -> None:
    """Make a token for a purpose, in place of an older one, and owe it to an e-mail or phone."""
    token = _made(tx, tenant_id, purpose)
    expires_at = tx.moment(tenant_id) + _SECONDS[purpose] * SECOND
    secret = {
        "sha256": digest(token).hex(),
        "expiresAt": expires_at,
        "sealed": sealed(tx, tenant_id, member.number, purpose, text(change or {})),
    }
    who = members.who(tx, tenant_id, member)
    issued = decide.secret_of_member(who, decide.TOKEN_WAS_ISSUED, secret, purpose=purpose)
    record(tx, tenant_id, issued)
    kind, address = to
    if kind == identities.PHONE:
        owe_sms(tx, tenant_id, member.number, address, letters.sms(purpose, token))
        return
    link = members.settings(tx, tenant_id)[_LINKS[purpose]] if purpose in _LINKS else ""
    letter = letters.mail(purpose, token, link, expires_at)
    deliveries.owe(
        tx,
        tenant_id,
        kind="mail",
        target=address,
        subject=letter.subject,
        body=letter.text,
        number=member.number,
    )


def activation_way(tx: Transaction, tenant_id: int) -> str:
    """How members of this programme are activated: `email` or `sms`."""
    way: str = members.settings(tx, tenant_id)["members.activation_method"]
    return way


def digest(token: str) -> bytes:
    """What a token is known by."""
    return hashlib.sha256(token.encode()).digest()


def tenant_of_reset(token: str) -> int | None:
    """The tenant a token for a new password was made in; None when it is no such token."""
    try:
        decoded = base64.urlsafe_b64decode(token + "=")
    except ValueError:
        return None
    if len(decoded) != _TENANT_BYTES + limits.reset_token_bytes:
        return None
    return int.from_bytes(decoded[:_TENANT_BYTES])


def _made(tx: Transaction, tenant_id: int, purpose: Purpose) -> str:
    if purpose == "activation":
        return tx.secret(limits.activation_token_bytes).hex()
    if purpose == "reset":
        made = tenant_id.to_bytes(_TENANT_BYTES) + tx.secret(limits.reset_token_bytes)
        return base64.urlsafe_b64encode(made).decode().rstrip("=")
    for _ in range(limits.member_code_tries_max):
        number = int.from_bytes(tx.secret(8)) % 10**limits.member_code_digits
        code = f"{number:0{limits.member_code_digits}}"
        if stored.token(tx.rows, tenant_id, purpose, digest(code)) is None:
            return code
    raise Refused("too many codes are waiting to be used", code="no_code_left")


def owe_sms(tx: Transaction, tenant_id: int, number: int, phone: str, line: str) -> None:
    """To the operator's own gateway where one is set, otherwise to a file."""
    gateway = members.settings(tx, tenant_id)["members.sms_url"]
    if not gateway:
        deliveries.owe(
            tx, tenant_id, kind="sms", target=phone, subject="", body=line, number=number
        )
        return
    body = text({"type": "sms", "data": {"to": phone, "text": line}})
    deliveries.owe(
        tx, tenant_id, kind="webhook", target=gateway, subject="sms", body=body, number=number
    )


def _pending(tx: Transaction, tenant_id: int, purpose: Purpose, token: str) -> Token:
    """A token that may be used now. Errors: NotFound `bad_token`."""
    found = stored.token(tx.rows, tenant_id, purpose, digest(token))
    if found is None or found.expires_at < tx.moment(tenant_id):
        raise NotFound("bad_token", code="bad_token")
    return found


# --- activation ----------------------------------------------------------------------------------


def activate_by_token(tx: Transaction, command: ActivateByToken) -> int:
    """See `ActivateByToken`."""
    tenant_id = command.tenant_id
    purpose: Purpose = "sms" if command.by_sms else "activation"
    found = _pending(tx, tenant_id, purpose, command.token)
    stands = stored.of(tx.rows, tenant_id, found.number)
    if stands.status != "new":
        raise NotFound("bad_token", code="bad_token")
    member = members.required(tx, tenant_id, found.number)
    standing.let_in(tx, tenant_id, member, stands)
    return found.number


def send_activation(tx: Transaction, command: SendActivation) -> None:
    """See `SendActivation`."""
    member, stands = standing.present(tx, command.tenant_id, command.number)
    if stands.is_active:
        raise Refused("the member is active already", code="already_active")
    invite_in(tx, command.tenant_id, member, by_sms=command.by_sms)


def invite_in(tx: Transaction, tenant_id: int, member: Member, *, by_sms: bool) -> None:
    """Send what activates a member. Errors: Refused `no_address`."""
    kind = identities.PHONE if by_sms else identities.EMAIL
    to = _address(tx, tenant_id, member, kind)
    issue(tx, tenant_id, member, "sms" if by_sms else "activation", to=to)


def _address(tx: Transaction, tenant_id: int, member: Member, *kinds: str) -> Identity:
    """The first address of these kinds that the member has. Errors: Refused `no_address`."""
    names = dict(kept.identities(tx.rows, tenant_id, member.number))
    for kind in kinds:
        if kind in names:
            return kind, names[kind]
    raise Refused("the member has no such address", code="no_address", field=kinds[0])


# --- changing what a member logs in with ---------------------------------------------------------


def ask_to_confirm(tx: Transaction, tenant_id: int, member: Member, change: dict[str, str]) -> None:
    """Send a code to a new e-mail or phone: to the e-mail first when both are new."""
    kind = _confirmed_first(change)
    issue(tx, tenant_id, member, "change", to=(kind, change[kind]), change=change)


def _confirmed_first(change: dict[str, str]) -> str:
    """Which address of a change its code goes to, and puts in force."""
    return identities.EMAIL if identities.EMAIL in change else identities.PHONE


def confirm_change(tx: Transaction, command: ConfirmChange) -> int:
    """See `ConfirmChange`."""
    tenant_id = command.tenant_id
    found = _pending(tx, tenant_id, "change", command.token)
    member, _ = standing.present(tx, tenant_id, found.number)
    whose = (tenant_id, found.number)
    opened = stored.unsealed(tx.rows, tx.vault, whose, "change", found.sealed)
    rest = msgspec.json.decode(opened or "{}")
    kind = _confirmed_first(rest)
    address = rest.pop(kind, "")
    if not address:
        raise NotFound("bad_token", code="bad_token")
    named = ((kind, identities.normalise(kind, address)),)
    members.require_free(tx, tenant_id, named, member.number)
    who = members.who(tx, tenant_id, member)
    members.describe(tx, tenant_id, who, {kind: address})
    members.rename(tx, tenant_id, member, named)
    used = decide.of_member(who, decide.TOKEN_WAS_USED, purpose="change")
    record(tx, tenant_id, used)
    if rest:  # nobody has shown yet that the other address is theirs
        ask_to_confirm(tx, tenant_id, member, rest)
    return found.number


# --- passwords -----------------------------------------------------------------------------------


def set_password(tx: Transaction, tenant_id: int, member: Member, password_hash: str) -> None:
    """From now on the member logs in with this password."""
    secret = {"sealed": sealed(tx, tenant_id, member.number, "password", password_hash)}
    who = members.who(tx, tenant_id, member)
    record(tx, tenant_id, decide.secret_of_member(who, decide.PASSWORD_WAS_CHANGED, secret))


def change_password(tx: Transaction, command: ChangeMemberPassword) -> None:
    """See `ChangeMemberPassword`."""
    member, _ = standing.present(tx, command.tenant_id, command.number)
    _replace_password(tx, command.tenant_id, member, command.password_hash)


def request_reset(tx: Transaction, command: RequestPasswordReset) -> None:
    """See `RequestPasswordReset`."""
    tenant_id = command.tenant_id
    member, _ = standing.present(tx, tenant_id, command.number)
    to = _address(tx, tenant_id, member, identities.EMAIL, identities.PHONE)
    issue(tx, tenant_id, member, "reset", to=to)


def reset_password(tx: Transaction, command: ResetMemberPassword) -> int:
    """See `ResetMemberPassword`."""
    found = _pending(tx, command.tenant_id, "reset", command.token)
    member, _ = standing.present(tx, command.tenant_id, found.number)
    _replace_password(tx, command.tenant_id, member, command.password_hash)
    return found.number


def _replace_password(tx: Transaction, tenant_id: int, member: Member, password_hash: str) -> None:
    """Set a password, and let nobody in any more who came with the one before.

    In one commit: a token to reset with is good once, so nobody could ask for the rest again.
    """
    set_password(tx, tenant_id, member, password_hash)
    tx.rows.run("revoke_refresh_tokens", tenant_id=tenant_id, person_id=member.member_id)


def record_login(tx: Transaction, command: RecordMemberLogin) -> None:
    """See `RecordMemberLogin`."""
    member, stands = standing.present(tx, command.tenant_id, command.number)
    if not stands.is_active:
        raise Refused("the member is not active", code="not_active")
    who = members.who(tx, command.tenant_id, member)
    record(tx, command.tenant_id, decide.of_member(who, decide.LOGGED_IN))
    follow(tx, command.tenant_id, "logged_in", member.number)


HANDLERS: Handlers = {
    ActivateByToken: activate_by_token,
    SendActivation: send_activation,
    ConfirmChange: confirm_change,
    ChangeMemberPassword: change_password,
    RequestPasswordReset: request_reset,
    ResetMemberPassword: reset_password,
    RecordMemberLogin: record_login,
}
