"""Decisions of our own types: what an operator or a dialect defines or does besides loyalty.

Levels of history are not kept anywhere else: who made a key, when a setting changed and what was
deleted are read from the decision journal. Names are `Guerdon.<Noun>.Event.<PastTense>`.
"""

from __future__ import annotations

from typing import Any

from guerdon.domain.decisions import Decision

TENANT_WAS_CREATED = "Guerdon.Tenant.Event.TenantWasCreated"
KEY_WAS_CREATED = "Guerdon.Key.Event.KeyWasCreated"
KEY_WAS_REVOKED = "Guerdon.Key.Event.KeyWasRevoked"
ADMINISTRATOR_WAS_CREATED = "Guerdon.Administrator.Event.AdministratorWasCreated"
ADMINISTRATOR_WAS_CHANGED = "Guerdon.Administrator.Event.AdministratorWasChanged"
STORE_WAS_DEFINED = "Guerdon.Store.Event.StoreWasDefined"
SETTING_WAS_CHANGED = "Guerdon.Setting.Event.SettingWasChanged"
TYPE_WAS_ADDED = "Guerdon.Catalogue.Event.ActivityTypeWasAdded"
TYPE_WAS_HIDDEN = "Guerdon.Catalogue.Event.ActivityTypeWasHidden"
IDENTITIES_WERE_CHANGED = "Guerdon.Member.Event.IdentitiesWereChanged"
SUBSCRIPTION_WAS_CHANGED = "Guerdon.Member.Event.SubscriptionWasChanged"
ACTIVITY_WAS_DELETED = "Guerdon.Activity.Event.ActivityWasDeleted"
ACTIVITY_WAS_SKIPPED = "Guerdon.Activity.Event.ActivityWasSkipped"

KINDS = (
    "Level",
    "Reward",
    "RewardCategory",
    "Rule",
    "Segment",
    "Pos",
    "Seller",
    "Role",
    "AdministratorDetails",
    "AuditArchive",
)
"""What a programme is made of: each defined, changed and removed in the same way."""


def was_defined(kind: str) -> str:
    """The type of the decision that defines or changes something of a kind."""
    return f"Guerdon.{kind}.Event.{kind}WasDefined"


def was_removed(kind: str) -> str:
    """The type of the decision that removes something of a kind."""
    return f"Guerdon.{kind}.Event.{kind}WasRemoved"


def defined(
    kind: str, definition_id: str, body: dict[str, Any], *, active: bool, is_secret: bool = False
) -> Decision:
    """A definition as it is from now on, whole.

    is_secret: the body is sealed under the tenant's own key (it names a person, or has a password).
    """
    return Decision(
        type=was_defined(kind),
        aggregate=definition_id,
        payload={"kind": kind, "active": active, "body": body},
        personal="body" if is_secret else None,
    )


def removed(kind: str, definition_id: str) -> Decision:
    """A definition is gone."""
    return Decision(type=was_removed(kind), aggregate=definition_id, payload={"kind": kind})


def about_tenant(
    type: str, store_id: str, personal: str | None = None, /, **parts: Any
) -> Decision:
    """A decision about the tenant's own definitions; its aggregate is the default store's uuid."""
    return Decision(type=type, aggregate=store_id, payload=parts, personal=personal)


def identities_changed(
    member_id: str, number: int, *, bound: list[list[str]], removed: list[list[str]]
) -> Decision:
    """A member is called differently from now on: (kind, value) pairs, all of them personal."""
    return Decision(
        type=IDENTITIES_WERE_CHANGED,
        aggregate=member_id,
        number=number,
        payload={
            "customerId": {"customerId": member_id},
            "identities": {"bound": bound, "removed": removed},
        },
        personal="identities",
    )


def subscription_changed(
    member_id: str, number: int, action: str, subscription: dict[str, Any]
) -> Decision:
    """A member's subscription outside the programme changed."""
    return Decision(
        type=SUBSCRIPTION_WAS_CHANGED,
        aggregate=member_id,
        number=number,
        payload={
            "customerId": {"customerId": member_id},
            "action": action,
            "subscription": subscription,
        },
        personal="subscription",
    )
