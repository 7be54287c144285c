"""A worker's deliveries: leased from the store, sent, and settled there.

Every webhook is signed: with the secret the tenant has set, or with one made from the
installation's key and the tenant, so that there is always one and it is always the same.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from typing import Literal, cast

from guerdon import limits
from guerdon.config import Config
from guerdon.engine import deliveries
from guerdon.engine.commands import LeasedDelivery, LeaseDeliveries, SettleDelivery
from guerdon.engine.engine import Engine
from guerdon.faults import fault
from guerdon.outbound import mail, sign, sms, webhook, wire
from guerdon.outbound.deliver import Deliverer
from guerdon.outbound.delivery import Delivery, Lane, Outcome, message_id

_MAKER = b"webhook-secret:%d"


def deliverer(front: Engine, config: Config) -> Deliverer:
    """What sends this installation's deliveries, not yet running."""

    async def claim(limit: int, busy: frozenset[Lane]) -> Sequence[Delivery]:
        now = front.clock.now()
        chosen: tuple[tuple[int, int], ...] = ()
        if busy:
            # Not in the committer: behind a long line of theirs it takes a while.
            chosen = await front.read_long(
                lambda rows: deliveries.due_beside(rows, now, limit, busy)
            )
            is_due = bool(chosen)
        else:
            due = await front.read(lambda rows: rows.one("next_due_delivery"))
            is_due = due is not None and due[0] is not None and due[0] <= now
        if not is_due:
            return ()
        leased = await front.execute(LeaseDeliveries(0, 0, limit, chosen))
        fault("delivery_leased")
        return [delivery_of(each, config.secret_key) for each in leased]

    async def finish(delivery: Delivery, outcome: Outcome) -> object:
        fault("delivery_sent")
        return await front.execute(settlement(delivery, outcome))

    return Deliverer(
        claim=claim,
        finish=finish,
        send_webhook=webhook.sender(
            front.clock, wire.SystemResolver(), allow_private=config.webhooks_allow_private
        ),
        send_mail=mail.sender(front.clock, config),
        send_sms=sms.sender(config),
        clock=front.clock,
    )


def delivery_of(leased: LeasedDelivery, secret_key: bytes) -> Delivery:
    """A leased delivery as the sender knows it."""
    secret = leased.secret or made_secret(secret_key, leased.tenant_id)
    return Delivery(
        tenant_id=leased.tenant_id,
        delivery_id=leased.delivery_id,
        kind=cast("Literal['webhook', 'mail', 'sms']", leased.kind),
        message_id=message_id(
            secret_key,
            tenant_id=leased.tenant_id,
            delivery_id=leased.delivery_id,
            owed_at=leased.owed_at,
        ),
        target=leased.target,
        subject=leased.subject,
        body=leased.body,
        secrets=(secret,) if leased.kind == "webhook" else (),
        attempt=leased.attempt,
        fence=leased.fence,
    )


def made_secret(secret_key: bytes, tenant_id: int) -> str:
    """The tenant's `whsec_...` secret where none was set: `setting list` shows it."""
    key = hmac.new(secret_key, _MAKER % tenant_id, hashlib.sha256).digest()
    return sign.spelled(key[: limits.webhook_secret_bytes])


def settlement(delivery: Delivery, outcome: Outcome) -> SettleDelivery:
    """What the store is told about an attempt."""
    error = ": ".join(filter(None, (outcome.error, outcome.detail))) or None
    return SettleDelivery(
        delivery.tenant_id,
        0,
        delivery.delivery_id,
        delivery.fence,
        outcome.result,
        due_at=outcome.due_at or 0,
        status=outcome.status,
        error=error[: limits.delivery_detail_chars_max] if error else None,
    )
