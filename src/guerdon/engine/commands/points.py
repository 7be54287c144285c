"""Moving points."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from guerdon.domain.registration import Issuer
from guerdon.engine.commands import Command


class Transferred(msgspec.Struct, frozen=True, array_like=True):
    """A transfer's uuid, and the position of the decision that made it."""

    transfer_id: str
    position: int


class AddPoints(Command, frozen=True):
    """Give a member points, in hundredths.

    validity_days:  how long they last; None: as the programme's settings say.
    transaction_id: the purchase they were earned with.
    explain:        which rules gave what, as JSON text of a list of objects; empty: nothing to say.
    version:        of the tenant's head when the member's number was learnt, if it was remembered.

    Errors: NotFound `unknown_member`; Refused `invalid_points`, `balance_limit`; Stale when the
            number was learnt under another version.
    """

    Answer: ClassVar[Any] = Transferred
    number: int
    points: int
    comment: str | None = None
    issuer: Issuer = "api"
    validity_days: int | None = None
    transaction_id: str | None = None
    explain: str = ""
    actor: str = ""
    version: int = 0


class SpendPoints(Command, frozen=True):
    """Spend a member's points, in hundredths.

    version: as that of `AddPoints`.
    Errors:  NotFound `unknown_member`; Refused `invalid_points`, `insufficient_points`; Stale.
    """

    Answer: ClassVar[Any] = Transferred
    number: int
    points: int
    comment: str | None = None
    issuer: Issuer = "api"
    transaction_id: str | None = None
    actor: str = ""
    version: int = 0


class TransferPoints(Command, frozen=True):
    """Send points, in hundredths, from one member to another; each lot keeps its expiry.

    The answer is the sender's transfer.
    Errors: NotFound `unknown_member` with `field` sender or receiver; Refused `same_member`,
            `invalid_points`, `insufficient_points`, `balance_limit`.
    """

    Answer: ClassVar[Any] = Transferred
    sender: int
    receiver: int
    points: int
    issuer: Issuer = "api"
    actor: str = ""


class BlockPoints(Command, frozen=True):
    """Put a member's points aside, in hundredths, until the transfer is canceled.

    Errors: as those of `SpendPoints`.
    """

    Answer: ClassVar[Any] = Transferred
    number: int
    points: int
    comment: str | None = None
    issuer: Issuer = "api"
    actor: str = ""


class CancelPointsTransfer(Command, frozen=True):
    """Take back what was added, or release what was blocked.

    Errors: NotFound `unknown_transfer`; Refused `not_cancelable`, `already_cancelled`.
    """

    transfer_id: str
    actor: str = ""


class ReturnPoints(Command, frozen=True):
    """Give spent points back, as a fresh lot: the reward `coupon_id` was not given after all.

    Errors: as those of `AddPoints`.
    """

    Answer: ClassVar[Any] = Transferred
    number: int
    points: int
    coupon_id: str | None = None
    comment: str | None = None
    actor: str = ""


class ResetPoints(Command, frozen=True):
    """Let all available and locked points of a member expire. Errors: NotFound `unknown_member`."""

    number: int
    actor: str = ""
