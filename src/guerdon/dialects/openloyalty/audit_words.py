"""How the audit log speaks of decisions: what was asked for, about what, by whom.

An entry is a decision, named after the command that led to it; a decision of our own keeps its
name. Who had it decided is shown by the name they log in with, as far as it is still known: a
forgotten member's is not, nor is anything else about them.
Source: Open Loyalty 4.3, "Audit log".
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from guerdon.domain.openloyalty_types import ACCOUNT, CAMPAIGN, TRANSACTION, USER
from guerdon.store import administrators, definitions, members
from guerdon.store.port import Rows

NOBODY = "<notlogged>"
"""Who is shown where nobody had logged in: what happens by itself, and what partners report."""

_ENTITIES = {USER: "customer", ACCOUNT: "account", CAMPAIGN: "campaign", TRANSACTION: "transaction"}
_OURS = {"Administrator": "user", "AdministratorDetails": "user"}
_OF_INVITATIONS = (USER + "InvitationWasCreated", USER + "CustomerWasAttachedToInvitation")
_COMMANDS = {
    USER + "AssignedAccountToCustomer": "AssignAccountToCustomer",
    USER + "AssignedTransactionToCustomer": "AssignTransactionToCustomer",
    USER + "CampaignCouponWasChanged": "UpdateBoughtCampaignCoupon",
    USER + "CampaignStatusWasChanged": "ChangeCampaignStatus",
    USER + "CampaignUsageWasChanged": "ChangeCampaignUsage",
    USER + "CampaignWasBoughtByCustomer": "BuyCampaign",
    USER + "CampaignWasReturned": "ReturnCustomerCampaign",
    USER + "CustomerAddressWasUpdated": "UpdateCustomerAddress",
    USER + "CustomerAvatarWasRemoved": "RemoveAvatar",
    USER + "CustomerAvatarWasSet": "SetAvatar",
    USER + "CustomerCompanyDetailsWereUpdated": "UpdateCustomerCompanyDetails",
    USER + "CustomerDetailsWereUpdated": "UpdateCustomerDetails",
    USER + "CustomerInvitationTokenWasCreated": "CreateInvitationToken",
    USER + "CustomerLevelWasRecalculated": "RecalculateCustomerLevel",
    USER + "CustomerLoyaltyCardNumberWasUpdated": "UpdateCustomerLoyaltyCardNumber",
    USER + "CustomerWasActivated": "ActivateCustomer",
    USER + "CustomerWasAnonymized": "AnonymizeCustomer",
    USER + "CustomerWasAssignedToStore": "AssignCustomerToStore",
    USER + "CustomerWasAttachedToInvitation": "AttachCustomerToInvitation",
    USER + "CustomerWasDeactivated": "DeactivateCustomer",
    USER + "CustomerWasDeleted": "DeleteCustomer",
    USER + "CustomerWasMovedToLevel": "MoveCustomerToLevel",
    USER + "CustomerWasRegistered": "RegisterCustomer",
    USER + "InvitationWasCreated": "CreateInvitation",
    USER + "PosWasAssignedToCustomer": "AssignPosToCustomer",
    USER + "SellerWasAssignedToCustomer": "AssignSellerToCustomer",
    ACCOUNT + "AccountWasAssignedToStore": "AssignAccountToStore",
    ACCOUNT + "AccountWasCreated": "CreateAccount",
    ACCOUNT + "PointsHasBeenReset": "ResetPoints",
    ACCOUNT + "PointsTransferHasBeenCanceled": "CancelPointsTransfer",
    ACCOUNT + "PointsTransferHasBeenExpired": "ExpirePointsTransfer",
    ACCOUNT + "PointsTransferHasBeenUnlocked": "UnlockPointsTransfer",
    ACCOUNT + "PointsWereAdded": "AddPoints",
    ACCOUNT + "PointsWereBlocked": "BlockPoints",
    ACCOUNT + "PointsWereReturned": "ReturnPoints",
    ACCOUNT + "PointsWereSpent": "SpendPoints",
    ACCOUNT + "PointsWereTransferred": "TransferPoints",
    CAMPAIGN + "CampaignBoughtDeliveryStatusWasChanged": "ChangeDeliveryStatus",
    CAMPAIGN + "CampaignBoughtCashbackStatusWasChanged": "ChangeCashbackStatus",
    CAMPAIGN + "CampaignUsageWasChanged": "ChangeCampaignUsage",
    TRANSACTION + "TransactionWasRegistered": "RegisterTransaction",
    TRANSACTION + "CustomerWasAssignedToTransaction": "AssignCustomerToTransaction",
}
_SECONDS = ("birthDate", "createdAt")


def event_type(type: str) -> str:
    """What was asked for: `MoveCustomerToLevel`."""
    return _COMMANDS.get(type) or type.rpartition(".")[2]


def entity_type(type: str) -> str:
    """What kind of thing it is about: `customer`."""
    if type in _OF_INVITATIONS:
        return "invitation"
    known = _ENTITIES.get(type[: type.rindex(".") + 1])
    noun = type.split(".")[1]
    return known or _OURS.get(noun) or noun[:1].lower() + noun[1:]


def log_id(tenant_id: int, position: int) -> str:
    """An entry's uuid, which says where its decision stands."""
    return str(uuid.UUID(fields=(tenant_id & 0xFFFF_FFFF, 0, 0x4000, 0x80, 0, position)))


def position_of(tenant_id: int, text: str) -> int:
    """Where the decision of an entry stands; 0 for what is no entry's uuid."""
    try:
        position = uuid.UUID(text).node
    except ValueError:
        return 0
    return position if log_id(tenant_id, position) == text.lower() else 0


def data(type: str, aggregate: str, payload: dict[str, Any]) -> Any:
    """What the command was given, besides whom it was about; an empty list for nothing."""
    rest = {
        name: value
        for name, value in payload.items()
        if name != "updateAt" and value != {name: aggregate}
    }
    if type == USER + "CustomerWasMovedToLevel":
        return [rest["levelId"]["levelId"]] if "levelId" in rest else []
    if list(rest) == ["customerData"]:
        rest = {name: _seconds(name, value) for name, value in rest["customerData"].items()}
    return rest or []


def _seconds(name: str, value: Any) -> Any:
    """A customer's times are told in seconds since 1970."""
    if name not in _SECONDS or not isinstance(value, str):
        return value
    moment = datetime.fromisoformat(value)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


class Names:
    """Who is behind an actor, and the other way round, in one tenant and one view of the store."""

    def __init__(self, rows: Rows, tenant_id: int) -> None:
        self._rows = rows
        self._tenant_id = tenant_id
        self._shown: dict[str, str] = {"": NOBODY}
        self._of: dict[str, Callable[[str], str | None]] = {
            "admin": self._administrator,
            "seller": self._seller,
            "member": self._member,
            "key": lambda who: f"key {who}",
        }

    def shown(self, actor: str) -> str:
        """What somebody is called; who is not known by a name any more keeps their id."""
        if actor not in self._shown:
            kind, _, who = actor.partition(":")
            name = self._of[kind](who) if kind in self._of else actor
            self._shown[actor] = name or who
        return self._shown[actor]

    def actors(self, name: str) -> tuple[str, ...]:
        """Everybody who is called so; nobody may be."""
        if name == NOBODY:
            return ("",)
        rows, tenant_id = self._rows, self._tenant_id
        found = []
        row = rows.one("administrator_by_username", username=name)
        if row is not None and row[1] == tenant_id:
            found.append(f"admin:{row[0]}")
        found += [
            f"seller:{each.definition_id}"
            for each in definitions.of_kind(rows, tenant_id, "Seller")
            if each.body.get("email") == name.lower()
        ]
        number = members.find(rows, tenant_id, "email", name.lower())
        member = None if number is None else members.by_number(rows, tenant_id, number)
        if member is not None:
            found.append(f"member:{member.member_id}")
        if name.startswith("key "):
            found.append(f"key:{name.removeprefix('key ')}")
        return tuple(found)

    def _administrator(self, admin_id: str) -> str | None:
        found = administrators.get(self._rows, self._tenant_id, admin_id)
        return found.username if found else None

    def _seller(self, seller_id: str) -> str | None:
        found = definitions.get(self._rows, self._tenant_id, "Seller", seller_id)
        return str(found.body.get("email") or "") if found else None

    def _member(self, member_id: str) -> str | None:
        found = members.by_id(self._rows, self._tenant_id, member_id)
        return str(found.profile.get("email") or "") if found else None
