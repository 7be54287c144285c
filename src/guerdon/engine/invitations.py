"""Invitations' use cases: inviting, coming by invitation, and what a referral earns.

An invitation is for one person and counts once; a member can come by one invitation only. Nobody
invites themselves.
"""

from __future__ import annotations

from guerdon import limits
from guerdon.clock import DAY
from guerdon.domain import identities
from guerdon.domain import invitations as decide
from guerdon.domain.purchases import Purchase
from guerdon.domain.rules_decisions import Occasion
from guerdon.engine import credentials, deliveries, members, newcomers
from guerdon.engine.commands import Handlers
from guerdon.engine.commands.invitations import Invite, Invited
from guerdon.engine.programme import settings, timezone
from guerdon.engine.record import record
from guerdon.engine.rules import refer
from guerdon.errors import Refused
from guerdon.store import invitations, purchases, standing
from guerdon.store.invitations import Invitation, name_of
from guerdon.store.members import Member
from guerdon.store.transaction import Transaction

_TOKEN_BYTES = 20
_TIME_BYTES = 6  # of a uuid


def invite(tx: Transaction, command: Invite) -> Invited:
    """See `Invite`."""
    tenant_id = command.tenant_id
    referrer = members.required(tx, tenant_id, command.number)
    if not standing.of(tx.rows, tenant_id, command.number).is_active:
        raise Refused("only active customers can invite", code="member_status")
    since = tx.moment(tenant_id) - DAY
    row = tx.rows.one("invited_since", tenant_id=tenant_id, referrer=referrer.number, since=since)
    if row is not None and row[0] >= limits.invitations_per_day_max:
        raise Refused("too many invitations today", code="too_many_invitations")
    seal_number = -tx.next_row(tenant_id)
    email, phone = command.email, command.phone
    made = _create(tx, tenant_id, referrer, seal_number, email=email, phone=phone)
    link = settings(tx, tenant_id)["invitations.link"]
    subject, text = decide.letter(name_of(referrer), made.token, link)
    if email:
        deliveries.owe(
            tx,
            tenant_id,
            kind="mail",
            target=email,
            subject=subject,
            body=text,
            number=seal_number,
        )
    else:
        credentials.owe_sms(tx, tenant_id, seal_number, phone, text.strip())
    return made


def on_activated(tx: Transaction, tenant_id: int, number: int) -> None:
    """A member who takes part has a token to invite others with."""
    new = newcomers.of(tx, tenant_id, number)
    has_token = new.has_token if new else invitations.token_of(tx.rows, tenant_id, number)
    if has_token:
        return
    member = members.required(tx, tenant_id, number)
    # Tokens begin as their members' uuids do, with the time: so they lie in the order of members.
    begin = member.member_id.replace("-", "")[: 2 * _TIME_BYTES]
    token = begin + tx.secret(_TOKEN_BYTES - _TIME_BYTES).hex()
    zone = timezone(tx, tenant_id)
    made = decide.token_created(member.member_id, number, token, tx.moment(tenant_id), zone)
    record(tx, tenant_id, made)
    if new:
        new.has_token = True


def on_invited(
    tx: Transaction, tenant_id: int, number: int, *, token: str, referrer_email: str
) -> None:
    """Somebody registered who says that they were invited; a word that says nothing is ignored.

    token: an invitation's, a member's own, or where activation goes by SMS a member's telephone.
    """
    recipient = members.required(tx, tenant_id, number)
    if invitations.of_recipient(tx.rows, tenant_id, number) is not None:
        return
    invitation = invitations.by_token(tx.rows, tenant_id, token) if token else None
    if invitation is None:
        referrer = _referrer(tx, tenant_id, token, referrer_email)
        if referrer is None or referrer == number:
            return
        made = _on_the_spot(tx, tenant_id, referrer, recipient)
        invitation = invitations.by_token(tx.rows, tenant_id, made.token)
    if invitation is None or invitation.recipient is not None or invitation.referrer == number:
        return
    attached = decide.attached(invitation.invitation_id, recipient.member_id, number)
    record(tx, tenant_id, attached)
    occasion = Occasion(event="register", invitation_id=invitation.invitation_id)
    refer(tx, tenant_id, referrer=invitation.referrer, referred=number, occasion=occasion)


def on_further_purchase(
    tx: Transaction, tenant_id: int, number: int, *, purchase: Purchase
) -> None:
    """A member who came by invitation bought again: every purchase may earn."""
    invitation = invitations.of_recipient(tx.rows, tenant_id, number)
    if invitation is not None and not _is_first(tx, tenant_id, number):
        _mark(tx, tenant_id, number, invitation)
        _refer(tx, tenant_id, invitation, purchase, "every_purchase")


def on_first_purchase(tx: Transaction, tenant_id: int, number: int, *, purchase: Purchase) -> None:
    """A member who came by invitation bought for the first time."""
    invitation = invitations.of_recipient(tx.rows, tenant_id, number)
    if invitation is not None and _is_first(tx, tenant_id, number):
        _mark(tx, tenant_id, number, invitation)
        _refer(tx, tenant_id, invitation, purchase, "first_purchase")


def on_forgotten(tx: Transaction, tenant_id: int, number: int) -> None:
    """Whom a member invited, and by which address they were, is forgotten with them."""
    about = list(invitations.of_referrer(tx.rows, tenant_id, number))
    own = invitations.of_recipient(tx.rows, tenant_id, number)
    for invitation in [*about, *([own] if own is not None else [])]:
        if invitation.seal_number is None:
            continue
        tx.rows.run("remove_invitation_seal", tenant_id=tenant_id, number=invitation.seal_number)
        record(tx, tenant_id, decide.forgotten(invitation.invitation_id))


def _create(
    tx: Transaction,
    tenant_id: int,
    referrer: Member,
    seal_number: int,
    *,
    email: str,
    phone: str,
) -> Invited:
    invitation_id, token = tx.uuid(), tx.secret(_TOKEN_BYTES).hex()
    record(
        tx,
        tenant_id,
        decide.created(
            invitation_id, referrer.member_id, token, seal_number, email=email, phone=phone
        ),
    )
    return Invited(invitation_id, token)


def _on_the_spot(tx: Transaction, tenant_id: int, referrer: int, recipient: Member) -> Invited:
    """An invitation for who is here already; what names them is sealed with all that is theirs."""
    return _create(
        tx,
        tenant_id,
        members.required(tx, tenant_id, referrer),
        recipient.number,
        email=invitations.email_of(recipient),
        phone=invitations.phone_of(recipient),
    )


def _referrer(tx: Transaction, tenant_id: int, token: str, email: str) -> int | None:
    """The member a registration form names as the one who invited; nobody who was deleted."""
    if token:
        owner = invitations.owner_of(tx.rows, tenant_id, token)
        if owner is not None:
            is_gone = standing.of(tx.rows, tenant_id, owner).status == "deleted"
            return None if is_gone else owner
        if credentials.activation_way(tx, tenant_id) == "sms":
            return _named(tx, tenant_id, identities.PHONE, token)
    return _named(tx, tenant_id, identities.EMAIL, email) if email else None


def _named(tx: Transaction, tenant_id: int, kind: str, value: str) -> int | None:
    """The member an identity names; a value that could be nobody's names nobody."""
    wanted = value.strip().lower() if kind == identities.EMAIL else value.strip()
    row = tx.rows.one("identity_number", tenant_id=tenant_id, kind=kind, value=wanted)
    return row[0] if row else None


def _is_first(tx: Transaction, tenant_id: int, number: int) -> bool:
    return purchases.total_of(tx.rows, tenant_id, number).sales == 1


def _mark(tx: Transaction, tenant_id: int, number: int, invitation: Invitation) -> None:
    if invitation.status != "made_purchase":
        member = members.required(tx, tenant_id, number)
        made = decide.purchase_made(invitation.invitation_id, member.member_id, number)
        record(tx, tenant_id, made)


def _refer(
    tx: Transaction, tenant_id: int, invitation: Invitation, purchase: Purchase, event: str
) -> None:
    occasion = Occasion(
        event=event,
        transaction_id=purchase.purchase_id,
        invitation_id=invitation.invitation_id,
    )
    referred = invitation.recipient or 0
    refer(tx, tenant_id, referrer=invitation.referrer, referred=referred, occasion=occasion)


HANDLERS: Handlers = {Invite: invite}
