"""Members' tokens and subscriptions, and the status messages a partner is owed for them.

Source: Meditopia's pages: the platform issues a token, tells the partner `initial`, and the partner
        sends `register` when the member first comes.
"""

from __future__ import annotations

import base64
from typing import Any

from guerdon import limits
from guerdon.domain import definitions, status_message
from guerdon.engine import deliveries, members
from guerdon.engine.commands import ChangeSubscription, IssueMemberToken, TokenIssued
from guerdon.engine.folds.fact import text
from guerdon.engine.record import record
from guerdon.errors import Refused
from guerdon.store.members import Member
from guerdon.store.transaction import Transaction

TOKEN = "token"  # noqa: S105 - a kind of identity


def issue_token(tx: Transaction, command: IssueMemberToken) -> TokenIssued:
    """See `IssueMemberToken`."""
    tenant_id = command.tenant_id
    member = members.present(tx, tenant_id, command.number)
    token = base64.urlsafe_b64encode(tx.secret(limits.member_token_bytes)).decode()
    members.bind(tx, tenant_id, member.number, ((TOKEN, token),))
    _apply(tx, tenant_id, member, "initial", {})
    return TokenIssued(token)


def change(tx: Transaction, command: ChangeSubscription) -> None:
    """See `ChangeSubscription`."""
    if command.action not in status_message.ACTIONS:
        raise Refused(
            f"an action is one of {', '.join(status_message.ACTIONS)}",
            code="invalid_action",
            field="action",
        )
    member = members.present(tx, command.tenant_id, command.number)
    given = {
        "country": command.country,
        "plan_type": command.plan_type,
        "starts_at": command.starts_at,
        "ends_at": command.ends_at,
    }
    changes = {name: value for name, value in given.items() if value is not None}
    _apply(tx, command.tenant_id, member, command.action, changes)


def _apply(
    tx: Transaction, tenant_id: int, member: Member, action: str, changes: dict[str, Any]
) -> None:
    """Record the change and owe a status message for each of the member's tokens."""
    tokens = [
        value
        for kind, value in tx.rows.all("identities", tenant_id=tenant_id, number=member.number)
        if kind == TOKEN
    ]
    if not tokens:
        raise Refused("the member has no token", code="no_token", field="number")
    before = member.subscription or {}
    subscription = {**before, **changes, "action": action, "acted_at": tx.moment(tenant_id)}
    record(
        tx,
        tenant_id,
        definitions.subscription_changed(member.member_id, member.number, action, subscription),
    )
    settings = members.settings(tx, tenant_id)
    target = settings["meditopia.status_url"]
    if not target:
        return
    for token in tokens:
        body = status_message.body(
            token,
            action,
            settings["meditopia.partner_id"],
            subscription,
            settings["meditopia.status_naming"],
        )
        deliveries.owe(
            tx,
            tenant_id,
            kind="webhook",
            target=target,
            subject=action,
            body=text(body),
            number=member.number,
        )
