"""What can be asked of the engine that changes something: one frozen struct for each.

A command is a value: it crosses the committer's socket as MessagePack and means the same on either
side. Its class names the type of its answer. Handlers live beside what they handle (`ingest.py`,
`members.py`, ...); `handlers.py` is the table. This module has what every part needs; the modules
of this package are the loyalty programme's, a noun each.

Every command names its tenant first, and the key that asked (0: the operator or an administrator).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Literal

import msgspec

from guerdon import limits

Identity = tuple[str, str]
"""(kind, value); kinds are `external`, `token`, `email`, `phone`, `document`, `card`."""


class Command(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """The base of all commands.

    `Answer` is what `Engine.execute` returns for one. A command that people give has a field
    `actor`, on whose behalf it is, for the decision journal: `admin:<uuid>`, `seller:<uuid>` or
    `member:<uuid>`.
    """

    Answer: ClassVar[Any] = None
    tenant_id: int
    key_id: int

    @property
    def weight(self) -> int:
        """How much of a commit's room it takes, in events: see `limits.command_events`."""
        return limits.command_events


Handlers = dict[type[Command], Callable[[Any, Any], Any]]
"""Which function, given a transaction and the command, carries it out."""


# --- activities ----------------------------------------------------------------------------------


class Item(msgspec.Struct, frozen=True, array_like=True):
    """One activity to be stored.

    type:        a name in the catalogue.
    identities:  who did it; how several of them are read is `Ingest.match`.
    occurred_at: microseconds UTC, or None for "when it was received".
    data:        canonical JSON text, or None.
    bind:        identities the member does not have yet become theirs (Meditopia's `register`).
    event_id:    the sender's own id: an item whose id was stored before is not stored again.
    """

    type: str
    identities: tuple[Identity, ...]
    occurred_at: int | None = None
    data: str | None = None
    bind: bool = False
    event_id: str | None = None


class ReplayKey(msgspec.Struct, frozen=True, array_like=True):
    """Recognises a request that was sent before.

    key:         what the request is known by, hashed by the receiver (any bytes).
    fingerprint: a hash of its content: the same key with another content is `KeyReused`.
    seconds:     how long it is remembered.
    of_member:   the key is one of the member's whose activity comes with it, whichever of their
                 names was used: with another member's it is another key.
    """

    key: bytes
    fingerprint: bytes
    seconds: int
    of_member: bool = False


class Named(msgspec.Struct, frozen=True, array_like=True):
    """What the names of a request stood for, true while the head has this `version`.

    numbers:  the member of each item; 0 where the identities can come to mean another member
              under the same version, since some of them that count are nobody's yet.
    type_ids: the type of each item.
    """

    version: int
    numbers: tuple[int, ...]
    type_ids: tuple[int, ...]


class Ingested(msgspec.Struct, frozen=True, array_like=True):
    """Where activities were stored: `count` positions from `first_position` on.

    `replayed` is True when nothing was stored now because it had been stored before.
    `positions` is only given when they are not one run (items known by their event ids).
    `names` says who and what was meant, for whoever wants to remember it (see `names.py`).
    """

    first_position: int
    count: int
    replayed: bool = False
    positions: tuple[int, ...] = ()
    names: Named | None = None


class Ingest(Command, frozen=True):
    """Store activities, all or none, in the order given.

    match:          `all`: the first identity must be known and every other must name the same
                    member (or be bound); `any`: the first that is known decides.
    unknown_member: `create` registers the member with all given identities; `refuse`.
    unknown_type:   `add` puts the type into the catalogue; `refuse`.
    dialect:        the dialect's name; also the source within which `event_id` is unique.

    Errors: NotFound `unknown_member` or `unknown_type` with the item's `index`; KeyReused;
            Duplicate `duplicate` when `refuse_replay` is set and the key was seen before.
    """

    Answer: ClassVar[Any] = Ingested
    dialect: str
    items: tuple[Item, ...]
    match: Literal["all", "any"] = "any"
    unknown_member: Literal["create", "refuse"] = "refuse"
    unknown_type: Literal["add", "refuse"] = "refuse"
    replay: ReplayKey | None = None
    refuse_replay: bool = False

    @property
    def weight(self) -> int:
        """The events it adds to a journal."""
        return len(self.items)


Row = tuple[int, int, int | None, str | None]
"""(type_id, number, occurred_at, data): an item whose names have been looked up."""


class Append(Command, frozen=True):
    """Store activities whose names the sender remembers: an `Ingest` without the looking up.

    Errors: Stale when the names were learnt under another version; nothing was stored, and the
            sender asks again with the `Ingest`. KeyReused, Duplicate as there.
    """

    Answer: ClassVar[Any] = Ingested
    version: int
    rows: tuple[Row, ...]
    replay: ReplayKey | None = None
    refuse_replay: bool = False

    @property
    def weight(self) -> int:
        """The events it adds to a journal."""
        return len(self.rows)


class TypeAdded(msgspec.Struct, frozen=True, array_like=True):
    """A type's id in the catalogue and when it was added."""

    type_id: int
    name: str
    created_at: int


class AddActivityType(Command, frozen=True):
    """Add a type to the catalogue. Errors: Duplicate `type_exists`."""

    Answer: ClassVar[Any] = TypeAdded
    name: str


class HideActivityType(Command, frozen=True):
    """Take a type out of the catalogue; its activities stay. Errors: NotFound `unknown_type`."""

    type_id: int


class DeletionStarted(msgspec.Struct, frozen=True, array_like=True):
    """A bulk deletion's id and how many activities it takes away."""

    deletion_id: int
    deleted: int


class DeleteActivities(Command, frozen=True):
    """Hide a type's activities in a span of time at once and remove them bit by bit.

    A name that was hidden means the type that had it last. Both ends are inclusive, in
    microseconds. `counted_until` and `counts` (block, activities) say what the asker has already
    counted of `counted_type`, so that the committer only counts what came later; unless the name
    means another type by now, or there has been a deletion since `counted_deletion`, which may
    have taken some of them.
    Errors: NotFound `unknown_type`.
    """

    Answer: ClassVar[Any] = DeletionStarted
    type_name: str
    occurred_from: int
    occurred_to: int
    notify_to: str | None
    counted_until: int = 0
    counted_deletion: int = 0
    counts: tuple[tuple[int, int], ...] = ()
    counted_type: int = 0


# --- members -------------------------------------------------------------------------------------


class Registered(msgspec.Struct, frozen=True, array_like=True):
    """A member's number and ids."""

    number: int
    member_id: str
    account_id: str


class RegisterMember(Command, frozen=True):
    """Register a member; identities must be free.

    points:  what they begin with, in hundredths.
    profile: a JSON object text of details: Open Loyalty's names (firstName, lastName, gender,
             email, phone, birthDate, address{street, city, province, postal, country}) where it has
             them, and any further names of the dialect.
    Errors:  Duplicate `member_exists` with `field` the identity's kind.
    """

    Answer: ClassVar[Any] = Registered
    identities: tuple[Identity, ...]
    profile: str = "{}"
    store_code: str = "DEFAULT"
    points: int = 0


class UpdateMember(Command, frozen=True):
    """Change a member's details: names given are replaced, null removes, others are kept.

    Nothing is decided where nothing differs afterwards.

    identities: (kind, value) to set: replaces the member's identities of that kind; an empty value
                removes them, one the member has already changes nothing.
    The answer is the member's number, for whoever asks again under a name that is gone.
    Errors:     NotFound `unknown_member`; Duplicate `member_exists` with `field`; Refused
                `too_large`: more than `limits.member_details_bytes_max` of details in all.
    """

    Answer: ClassVar[Any] = int
    number: int
    profile: str = "{}"
    identities: tuple[Identity, ...] = ()


class TokenIssued(msgspec.Struct, frozen=True, array_like=True):
    """A member's new token."""

    token: str


class IssueMemberToken(Command, frozen=True):
    """Give a member a token (Meditopia) and owe the partner the `initial` status message."""

    Answer: ClassVar[Any] = TokenIssued
    number: int


class ChangeSubscription(Command, frozen=True):
    """Change a member's subscription and owe the partner a status message for each token.

    action: `initial`, `renewed`, `canceled`, `reactivated` or `planTypeChanged`.
    Times are microseconds UTC; a field left None keeps its value.
    Errors: NotFound `unknown_member`; Refused `no_token` when the member has none.
    """

    number: int
    action: str
    country: str | None = None
    plan_type: str | None = None
    starts_at: int | None = None
    ends_at: int | None = None


class RecordIntegrationStat(Command, frozen=True):
    """Keep what an integration reports about itself: JSON text. The answer is its id."""

    Answer: ClassVar[Any] = int
    body: str


# --- outcomes and deliveries ---------------------------------------------------------------------


class RecordOutcome(Command, frozen=True):
    """Keep what became of a request that did not reach the journal. The answer is its id.

    kind: `refused`, `duplicate` or `held`.
    """

    Answer: ClassVar[Any] = int
    kind: Literal["refused", "duplicate", "held"]
    code: str
    reason: str
    dialect: str
    method: str
    path: str
    body: bytes
    body_bytes: int


class MarkReplayed(Command, frozen=True):
    """A kept body was sent again and accepted."""

    outcome_id: int


class LeasedDelivery(msgspec.Struct, frozen=True, array_like=True):
    """A delivery taken for `limits.delivery_lease_seconds`; `attempt` counts from 1.

    owed_at: since when it is owed, in microseconds UTC.
    """

    tenant_id: int
    delivery_id: int
    kind: str
    target: str
    subject: str
    body: str
    attempt: int
    fence: int
    owed_at: int
    secret: str = ""


class LeaseDeliveries(Command, frozen=True):
    """Take up to `limit` due deliveries of all tenants (tenant_id 0).

    chosen: which, as (tenant's id, delivery's id), if they are still due; without any, the oldest.
    """

    Answer: ClassVar[Any] = tuple[LeasedDelivery, ...]
    limit: int
    chosen: tuple[tuple[int, int], ...] = ()


class SettleDelivery(Command, frozen=True):
    """Say how an attempt went; an old fence changes nothing. The answer: whether it counted.

    outcome: `delivered`, `failed` (given up) or `later` (again at `due_at`).
    """

    Answer: ClassVar[Any] = bool
    delivery_id: int
    fence: int
    outcome: Literal["delivered", "failed", "later"]
    due_at: int = 0
    status: int | None = None
    error: str | None = None


# --- definitions ---------------------------------------------------------------------------------


class CreateTenant(Command, frozen=True):
    """Make a tenant (tenant_id 0 in the command). The answer is its id.

    Errors: Duplicate; Refused `invalid_code`, `invalid_name`.
    """

    Answer: ClassVar[Any] = int
    code: str
    name: str


class KeyCreated(msgspec.Struct, frozen=True, array_like=True):
    """A key's id and its secret, shown this once."""

    key_id: int
    secret: str


class CreateKey(Command, frozen=True):
    """Make an API key for a dialect. `allow_ip` are CIDRs; none means any address."""

    Answer: ClassVar[Any] = KeyCreated
    dialect: str
    allow_ip: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()


class RevokeKey(Command, frozen=True):
    """Take a key out of use (tenant_id 0 in the command). Errors: NotFound `unknown_key`."""

    revoked_key_id: int


class CreateAdministrator(Command, frozen=True):
    """Make an administrator; the password comes hashed (argon2). The answer is the uuid.

    Errors: Duplicate; Refused `invalid_name`.
    """

    Answer: ClassVar[Any] = str
    username: str
    password_hash: str


class RecordLogin(Command, frozen=True):
    """Remember that somebody was let in, and their new refresh token's hash.

    kind: `admin`, `seller` or `customer`.
    """

    kind: Literal["admin", "seller", "customer"]
    person_id: str
    token_hash: bytes
    expires_at: int


class RefreshLogin(Command, frozen=True):
    """Prolong a refresh token. The answer is whose it is.

    Errors: Unauthenticated when it is unknown or expired.
    """

    Answer: ClassVar[Any] = str
    token_hash: bytes
    expires_at: int


class RevokeLogins(Command, frozen=True):
    """Forget a person's refresh tokens."""

    person_id: str


class AddSigningKey(Command, frozen=True):
    """Sign tokens with a new key from now on; older ones only verify (tenant_id 0)."""

    kid: str
    public_pem: str
    sealed_pem: bytes


class ChangeSetting(Command, frozen=True):
    """Set a setting to a JSON text, or back to its default with None. Errors: Refused."""

    name: str
    value: str | None


class ChangeSettings(Command, frozen=True):
    """Set several settings, all or none: (name, JSON text) pairs. Errors: as `ChangeSetting`."""

    changed: tuple[tuple[str, str], ...]
    actor: str = ""


class Rebuilt(msgspec.Struct, frozen=True, array_like=True):
    """How many decisions were folded again."""

    decisions: int


class RebuildState(Command, frozen=True):
    """Make a tenant's state tables again from its decision journal, in one transaction.

    index: empty the sorted tables of the activity journal too; the follower fills them again, and
           until then answers are read from the journal itself, which is slow when it is long.
           What is written down of decisions' types is written down anew.
    """

    Answer: ClassVar[Any] = Rebuilt
    index: bool = False
