"""Invitations: who invited whom, what became of it, and members' own tokens."""

from __future__ import annotations

from guerdon.domain import invitations
from guerdon.engine.folds.fact import Fact, Fold
from guerdon.store.transaction import Transaction


def _created(tx: Transaction, fact: Fact) -> None:
    payload, tenant_id = fact.payload, fact.tenant_id
    member_id = payload["referrerId"]["customerId"]
    row = tx.rows.one("member_by_id", tenant_id=tenant_id, member_id=member_id)
    tx.rows.run(
        "add_invitation",
        tenant_id=tenant_id,
        position=fact.position,
        invitation_id=fact.aggregate,
        referrer=row[0] if row else 0,
        recipient_email=payload.get("recipientEmail") or "",
        recipient_phone=payload.get("recipientPhone") or "",
        seal_number=fact.number,
        token=payload["token"],
        created_at=fact.recorded_at,
    )


def _attached(tx: Transaction, fact: Fact) -> None:
    tx.rows.run(
        "attach_invitation",
        tenant_id=fact.tenant_id,
        invitation_id=fact.aggregate,
        recipient=fact.number,
    )


def _purchase_made(tx: Transaction, fact: Fact) -> None:
    tx.rows.run(
        "set_invitation_status",
        tenant_id=fact.tenant_id,
        invitation_id=fact.aggregate,
        status="made_purchase",
    )


def _forgotten(tx: Transaction, fact: Fact) -> None:
    tx.rows.run("forget_invitation", tenant_id=fact.tenant_id, invitation_id=fact.aggregate)


def _token_created(tx: Transaction, fact: Fact) -> None:
    tx.rows.run(
        "add_invitation_token",
        tenant_id=fact.tenant_id,
        number=fact.number,
        token=fact.payload["invitationToken"],
    )


FOLDS: dict[str, Fold] = {
    invitations.INVITATION_WAS_CREATED: _created,
    invitations.CUSTOMER_WAS_ATTACHED: _attached,
    invitations.PURCHASE_WAS_MADE: _purchase_made,
    invitations.WAS_FORGOTTEN: _forgotten,
    invitations.TOKEN_WAS_CREATED: _token_created,
}
CLEARED = ("clear_invitations", "clear_invitation_tokens")
