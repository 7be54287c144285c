"""The types of decision that Open Loyalty knows; ours live beside them as `Guerdon.…`.

Two of them share their last word (`CampaignUsageWasChanged`, of the member and of the campaign), so
a type is always its whole dotted name.

Source: Open Loyalty 4.3, "List of available events", in its order.
"""

from __future__ import annotations

USER = "OpenLoyalty.Domain.User.Event."
ACCOUNT = "OpenLoyalty.Domain.Account.Event."
CAMPAIGN = "OpenLoyalty.Domain.Campaign.Event."
TRANSACTION = "OpenLoyalty.Domain.Transaction.Event."

OPEN_LOYALTY_TYPES: tuple[str, ...] = (
    "OpenLoyalty.Domain.User.Event.AssignedAccountToCustomer",
    "OpenLoyalty.Domain.User.Event.AssignedTransactionToCustomer",
    "OpenLoyalty.Domain.User.Event.CampaignCouponWasChanged",
    "OpenLoyalty.Domain.User.Event.CampaignStatusWasChanged",
    "OpenLoyalty.Domain.User.Event.CampaignUsageWasChanged",
    "OpenLoyalty.Domain.User.Event.CampaignWasBoughtByCustomer",
    "OpenLoyalty.Domain.User.Event.CampaignWasReturned",
    "OpenLoyalty.Domain.User.Event.CustomerAddressWasUpdated",
    "OpenLoyalty.Domain.User.Event.CustomerAvatarWasRemoved",
    "OpenLoyalty.Domain.User.Event.CustomerAvatarWasSet",
    "OpenLoyalty.Domain.User.Event.CustomerCompanyDetailsWereUpdated",
    "OpenLoyalty.Domain.User.Event.CustomerDetailsWereUpdated",
    "OpenLoyalty.Domain.User.Event.CustomerInvitationTokenWasCreated",
    "OpenLoyalty.Domain.User.Event.CustomerLevelWasRecalculated",
    "OpenLoyalty.Domain.User.Event.CustomerLoyaltyCardNumberWasUpdated",
    "OpenLoyalty.Domain.User.Event.CustomerWasActivated",
    "OpenLoyalty.Domain.User.Event.CustomerWasAnonymized",
    "OpenLoyalty.Domain.User.Event.CustomerWasAssignedToStore",
    "OpenLoyalty.Domain.User.Event.CustomerWasAttachedToInvitation",
    "OpenLoyalty.Domain.User.Event.CustomerWasDeactivated",
    "OpenLoyalty.Domain.User.Event.CustomerWasDeleted",
    "OpenLoyalty.Domain.User.Event.CustomerWasMovedToLevel",
    "OpenLoyalty.Domain.User.Event.CustomerWasRegistered",
    "OpenLoyalty.Domain.User.Event.InvitationWasCreated",
    "OpenLoyalty.Domain.User.Event.PosWasAssignedToCustomer",
    "OpenLoyalty.Domain.User.Event.SellerWasAssignedToCustomer",
    "OpenLoyalty.Domain.Account.Event.AccountWasAssignedToStore",
    "OpenLoyalty.Domain.Account.Event.AccountWasCreated",
    "OpenLoyalty.Domain.Account.Event.PointsHasBeenReset",
    "OpenLoyalty.Domain.Account.Event.PointsTransferHasBeenCanceled",
    "OpenLoyalty.Domain.Account.Event.PointsTransferHasBeenExpired",
    "OpenLoyalty.Domain.Account.Event.PointsTransferHasBeenUnlocked",
    "OpenLoyalty.Domain.Account.Event.PointsWereAdded",
    "OpenLoyalty.Domain.Account.Event.PointsWereBlocked",
    "OpenLoyalty.Domain.Account.Event.PointsWereReturned",
    "OpenLoyalty.Domain.Account.Event.PointsWereSpent",
    "OpenLoyalty.Domain.Account.Event.PointsWereTransferred",
    "OpenLoyalty.Domain.Campaign.Event.CampaignBoughtDeliveryStatusWasChanged",
    "OpenLoyalty.Domain.Campaign.Event.CampaignBoughtCashbackStatusWasChanged",
    "OpenLoyalty.Domain.Campaign.Event.CampaignUsageWasChanged",
    "OpenLoyalty.Domain.Transaction.Event.TransactionWasRegistered",
    "OpenLoyalty.Domain.Transaction.Event.CustomerWasAssignedToTransaction",
)
