"""Standing: status, seller, point of sale, log-in, tokens and avatar of a member."""

from __future__ import annotations

import base64
from typing import Any

from guerdon.domain import members
from guerdon.engine import newcomers
from guerdon.engine.folds.fact import Fact, Fold
from guerdon.store.transaction import Transaction


def _activated(tx: Transaction, fact: Fact) -> None:
    _run(tx, fact, "set_activated", activated_at=fact.recorded_at)
    if newcomers.of(tx, fact.tenant_id, fact.number) is not None:
        return  # who has not had a token yet
    for purpose in ("activation", "sms"):
        _run(tx, fact, "remove_member_token", purpose=purpose)


def _deactivated(tx: Transaction, fact: Fact) -> None:
    _run(tx, fact, "set_status", status="blocked")


def _pos_assigned(tx: Transaction, fact: Fact) -> None:
    _run(tx, fact, "set_pos", pos_id=fact.payload["posId"]["posId"])
    _run(tx, fact, "touch_member", updated_at=fact.recorded_at)


def _seller_assigned(tx: Transaction, fact: Fact) -> None:
    _run(tx, fact, "set_seller", seller_id=fact.payload["sellerId"]["sellerId"])
    _run(tx, fact, "touch_member", updated_at=fact.recorded_at)


def _newsletter_subscribed(tx: Transaction, fact: Fact) -> None:
    _run(tx, fact, "set_newsletter", newsletter_at=fact.recorded_at)


def _logged_in(tx: Transaction, fact: Fact) -> None:
    _run(tx, fact, "set_member_login", last_login_at=fact.recorded_at)


def _password_changed(tx: Transaction, fact: Fact) -> None:
    number = _number(tx, fact)
    values = {"tenant_id": fact.tenant_id, "number": number}
    sealed = base64.b64decode(fact.payload["secret"]["sealed"])
    tx.rows.run("set_credential", **values, sealed=sealed, changed_at=fact.recorded_at)
    # A code to change the address with may have been asked for by whoever knew the old password.
    for purpose in ("reset", "change"):
        tx.rows.run("remove_member_token", **values, purpose=purpose)


def _token_issued(tx: Transaction, fact: Fact) -> None:
    secret = fact.payload["secret"]
    number = _number(tx, fact)
    newcomers.forget(tx, fact.tenant_id, number)
    tx.rows.run(
        "add_member_token",
        tenant_id=fact.tenant_id,
        number=number,
        purpose=fact.payload["purpose"],
        token_hash=bytes.fromhex(secret["sha256"]),
        expires_at=secret["expiresAt"],
        sealed=base64.b64decode(secret["sealed"]),
    )


def _token_used(tx: Transaction, fact: Fact) -> None:
    _run(tx, fact, "remove_member_token", purpose=fact.payload["purpose"])


def _avatar_set(tx: Transaction, fact: Fact) -> None:
    _run(
        tx,
        fact,
        "set_avatar",
        path=fact.payload["path"],
        original_name=fact.payload["originalName"],
        mime=fact.payload["mime"],
        sealed=b"",
    )
    _run(tx, fact, "touch_member", updated_at=fact.recorded_at)


def _avatar_stored(tx: Transaction, fact: Fact) -> None:
    tx.rows.run(
        "set_avatar_content",
        tenant_id=fact.tenant_id,
        number=_number(tx, fact),
        path=fact.payload["path"],
        sealed=base64.b64decode(fact.payload["secret"]["sealed"]),
    )


def _avatar_removed(tx: Transaction, fact: Fact) -> None:
    _run(tx, fact, "remove_avatar")
    _run(tx, fact, "touch_member", updated_at=fact.recorded_at)


def _push_token_added(tx: Transaction, fact: Fact) -> None:
    if fact.payload["token"]:
        _run(tx, fact, "add_push_token", token=fact.payload["token"])


def _push_token_removed(tx: Transaction, fact: Fact) -> None:
    _run(tx, fact, "remove_push_token", token=fact.payload["token"])


def forget(tx: Transaction, tenant_id: int, number: int) -> None:
    """Take away whatever a forgotten member logged in with or was reached by."""
    for query in (
        "remove_credential",
        "remove_member_tokens",
        "remove_avatar",
        "remove_push_tokens",
    ):
        tx.rows.run(query, tenant_id=tenant_id, number=number)


def _run(tx: Transaction, fact: Fact, query: str, /, **values: Any) -> None:
    if query == "touch_member":
        newcomers.change(tx, fact.tenant_id, fact.number, **values)
    tx.rows.run(query, tenant_id=fact.tenant_id, number=fact.number, **values)


def _number(tx: Transaction, fact: Fact) -> int:
    """Whose secret it is: it is sealed under the tenant's key, so the decision has no number."""
    row = tx.rows.one("member_by_id", tenant_id=fact.tenant_id, member_id=fact.aggregate)
    return row[0] if row else 0


FOLDS: dict[str, Fold] = {
    members.WAS_ACTIVATED: _activated,
    members.WAS_DEACTIVATED: _deactivated,
    members.POS_WAS_ASSIGNED: _pos_assigned,
    members.SELLER_WAS_ASSIGNED: _seller_assigned,
    members.NEWSLETTER_WAS_SUBSCRIBED: _newsletter_subscribed,
    members.LOGGED_IN: _logged_in,
    members.PASSWORD_WAS_CHANGED: _password_changed,
    members.TOKEN_WAS_ISSUED: _token_issued,
    members.TOKEN_WAS_USED: _token_used,
    members.AVATAR_WAS_SET: _avatar_set,
    members.AVATAR_WAS_STORED: _avatar_stored,
    members.AVATAR_WAS_REMOVED: _avatar_removed,
    members.PUSH_TOKEN_WAS_ADDED: _push_token_added,
    members.PUSH_TOKEN_WAS_REMOVED: _push_token_removed,
}
CLEARED = (
    "clear_standings",
    "clear_credentials",
    "clear_member_tokens",
    "clear_avatars",
    "clear_push_tokens",
)
