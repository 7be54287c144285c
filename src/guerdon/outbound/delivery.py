"""A delivery: something owed to the outside, what one attempt gave, and what follows from it.

Times are microseconds since the epoch, UTC; durations are seconds.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Literal

import msgspec

Pairs = tuple[tuple[str, str], ...]


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery, leased by this process until `limits.delivery_lease_seconds` have passed.

    message_id: the same at every attempt, so that a receiver can drop what it has seen.
    target:     a URL (webhook), an address (mail) or a phone number (sms); "": what was sent
                before is to be forgotten, as far as it lies in a file of ours (mail, sms).
    subject:    the event's type (webhook) or the subject line (mail).
    body:       exactly what is sent and signed (webhook), or the text (mail, sms).
    headers:    further HTTP headers (webhook).
    secrets:    `whsec_...`; two while one replaces the other (webhook).
    attempt:    counts from 1.
    fence:      grows with every lease; settling with an old one must change nothing.
    """

    tenant_id: int
    delivery_id: int
    kind: Literal["webhook", "mail", "sms"]
    message_id: str
    target: str
    body: str
    attempt: int
    fence: int
    subject: str = ""
    headers: Pairs = ()
    secrets: tuple[str, ...] = ()

    @property
    def lane(self) -> Lane:
        """Deliveries of one lane share a fate: one receiver, or the one mail server."""
        if self.kind == "webhook":
            return (str(self.tenant_id), self.target)
        return (self.kind, "")


Lane = tuple[str, str]


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """What one attempt gave. It delivered when `error` is None.

    status:  the receiver's HTTP or SMTP status, where one came.
    error:   a stable code: `target_not_public`, `timeout`, `http_404` ...
    detail:  for the operator: the start of the receiver's answer, or what the machine said.
    retry_after_seconds: what the receiver asked for, within `limits.retry_after_seconds_max`.
    give_up: trying this one again would be useless, or the receiver wants nothing more (410).
    only_it: what is wrong is wrong with this one, and says nothing about the next of its lane.
    """

    status: int | None = None
    error: str | None = None
    detail: str = ""
    retry_after_seconds: int | None = None
    give_up: bool = False
    only_it: bool = False


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a delivery.

    `later`: again at `due_at`. `failed`: given up, a dead letter.
    """

    result: Literal["delivered", "later", "failed"]
    due_at: int | None = None
    status: int | None = None
    error: str | None = None
    detail: str = ""


def message_id(installation_key: bytes, *, tenant_id: int, delivery_id: int, owed_at: int) -> str:
    """The id a receiver sees: stable, needs no column, and used for no other message ever.

    A receiver that drops known ids would otherwise drop the first messages of a second
    installation, whose deliveries are counted from 1 again, and those of one that was restored from
    a copy, which counts on from there; so the moment it was owed is part of the name.
    """
    name = f"message:{tenant_id}:{delivery_id}:{owed_at}".encode()
    return f"msg_{hmac.new(installation_key, name, hashlib.sha256).hexdigest()[:32]}"
