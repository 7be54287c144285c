"""The 42 documented types of event: what causes each, and what its payload must look like.

Source: Open Loyalty 4.3, "List of available events" and "Event API"; names, order and nesting as
        its 3.2 kept them. The payloads of eight types were never published: ours follow the style
        of the others, and are marked.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from acceptance.event_parts import (
    ACCOUNT,
    ADD,
    ADDED,
    ADDRESS,
    AVATAR,
    BASE,
    BUY,
    CALLBACK,
    CAMPAIGN,
    CANCEL,
    CASHBACK_COUPON,
    COUPON,
    CUSTOMER,
    DELIVER,
    EDIT,
    FORM,
    IN_STORE,
    INVITATION,
    INVITE,
    LABELS,
    REDEEM,
    REGISTER,
    REGISTER_SALE,
    SELF_REGISTER,
    STORE,
    TRANSACTION,
    TRANSFER,
    USE,
    WITH_TRANSACTION,
    post,
)
from acceptance.event_shapes import DATE, ID, NUMBER, TEXT, TOKEN
from acceptance.event_walk import BY_TIME


class Told(NamedTuple):
    """One type.

    cause:    what happens, in a few words.
    requests: what the walk causes it by; each must.
    uuid:     the path of the id that the event's `uuid` repeats.
    is_ours:  whether the documents have nothing but its name.
    """

    cause: str
    requests: tuple[str, ...]
    uuid: str
    shape: dict[str, Any]
    is_ours: bool = False


_USER = {
    "AssignedAccountToCustomer": Told(
        "a member is registered",
        (REGISTER, SELF_REGISTER),
        "customerId.customerId",
        {**CUSTOMER, **ACCOUNT},
    ),
    "AssignedTransactionToCustomer": Told(
        "a purchase or a return finds its member",
        (REGISTER_SALE,),
        "customerId.customerId",
        {
            **CUSTOMER,
            **TRANSACTION,
            "grossValue": NUMBER,
            "grossValueWithoutDeliveryCosts": NUMBER,
            "documentNumber": TEXT,
            "amountExcludedForLevel": NUMBER,
            "isReturn": bool,
            "revisedDocument?": TEXT,
        },
    ),
    "CampaignCouponWasChanged": Told(
        "part of the purchase comes back that a percentage code came with",
        (REGISTER_SALE,),
        "customerId.customerId",
        {**CUSTOMER, **CAMPAIGN, **TRANSACTION, "createdAt": DATE, "newCoupon": COUPON},
    ),
    "CampaignStatusWasChanged": Told(
        "a coupon's time comes or is over; its purchase comes back, or its delivery is canceled",
        (BY_TIME, DELIVER, CALLBACK, REGISTER_SALE),
        "customerId.customerId",
        {
            **CUSTOMER,
            **CAMPAIGN,
            "coupon": CASHBACK_COUPON,
            "status": ("inactive", "active", "expired", "cancelled"),
            **WITH_TRANSACTION,
        },
    ),
    "CampaignUsageWasChanged": Told(
        "a coupon is used, or was not after all",
        (USE,),
        "customerId.customerId",
        {
            **CUSTOMER,
            **CAMPAIGN,
            "coupon": COUPON,
            "used": bool,
            **WITH_TRANSACTION,
            "usageDate?": DATE,
        },
    ),
    "CampaignWasBoughtByCustomer": Told(
        "a reward is bought, redeemed as cashback, or granted by a rule",
        (BUY, post("/admin/customer/{customer}/campaign/{campaign}/buy"), REDEEM, REGISTER_SALE),
        "customerId.customerId",
        {
            **CUSTOMER,
            **CAMPAIGN,
            "createdAt": DATE,
            "costInPoints": NUMBER,
            "coupon": CASHBACK_COUPON,
            "campaignName": TEXT,
            "reward": ("gift_code", "cashback", "percentage_discount_code"),
            "status": ("inactive", "active"),
            "activeSince?": DATE,
            "activeTo?": DATE,
            **WITH_TRANSACTION,
        },
    ),
    "CampaignWasReturned": Told(
        "part of the purchase comes back that was paid with a percentage code",
        (REGISTER_SALE,),
        "customerId.customerId",
        {**CUSTOMER, "purchaseId": TEXT, "coupon": COUPON},
    ),
    "CustomerAddressWasUpdated": Told(
        "a member is registered with an address, or it is edited",
        (REGISTER, EDIT),
        "customerId.customerId",
        {**CUSTOMER, "addressData": ADDRESS, "updateAt": DATE},
    ),
    "CustomerAvatarWasRemoved": Told(
        "a member's picture is taken away",
        (f"DELETE {AVATAR}",),
        "customerId.customerId",
        {**CUSTOMER},
    ),
    "CustomerAvatarWasSet": Told(
        "a member has a new picture",
        (f"POST {AVATAR}",),
        "customerId.customerId",
        {**CUSTOMER, "path": TEXT, "originalName": "ann.png", "mime": "image/png"},
    ),
    "CustomerCompanyDetailsWereUpdated": Told(
        "a member is registered with a company, or it is edited",
        (REGISTER, EDIT),
        "customerId.customerId",
        {**CUSTOMER, "companyData": ({"name": TEXT, "nip": TEXT}, []), "updateAt": DATE},
    ),
    "CustomerDetailsWereUpdated": Told(
        "a member's details are edited: the payload has what was sent",
        (EDIT,),
        "customerId.customerId",
        {**CUSTOMER, "customerData": {"lastName": "Kowalska"}, "updateAt": DATE},
    ),
    "CustomerInvitationTokenWasCreated": Told(
        "a member is active, and has a token to invite others with",
        (REGISTER,),
        "customerId.customerId",
        {**CUSTOMER, "invitationToken": TOKEN, "createdAt": DATE},
        is_ours=True,
    ),
    "CustomerLevelWasRecalculated": Told(
        "a member's level is reviewed, every so many days",
        (BY_TIME,),
        "customerId.customerId",
        {**CUSTOMER, "date": DATE},
    ),
    "CustomerLoyaltyCardNumberWasUpdated": Told(
        "a member is registered with a card, or it is edited",
        (REGISTER, EDIT),
        "customerId.customerId",
        {**CUSTOMER, "cardNumber": TEXT, "updateAt": DATE},
    ),
    "CustomerWasActivated": Told(
        "a member is let in: by an administrator, a seller, or a token",
        (REGISTER, post("/admin/customer/{customer}/activate")),
        "customerId.customerId",
        {**CUSTOMER, "activatedAt": DATE},
    ),
    "CustomerWasAnonymized": Told(
        "a member is forgotten, but for a number and a balance",
        (post("/admin/customer/{customer}/anonymize"),),
        "customerId.customerId",
        {**CUSTOMER, "anonymizedAt": DATE},
        is_ours=True,
    ),
    "CustomerWasAssignedToStore": Told(
        "a member is registered",
        (REGISTER, SELF_REGISTER),
        "customerId.customerId",
        {**CUSTOMER, **STORE, "updateAt": DATE},
        is_ours=True,
    ),
    "CustomerWasAttachedToInvitation": Told(
        "somebody registers who was invited",
        (SELF_REGISTER,),
        "invitationId.invitationId",
        {**INVITATION, **CUSTOMER},
    ),
    "CustomerWasDeactivated": Told(
        "a member is locked out",
        (post("/admin/customer/{customer}/deactivate"),),
        "customerId.customerId",
        {**CUSTOMER, "deactivatedAt": DATE},
    ),
    "CustomerWasDeleted": Told(
        "a member is forgotten, and on no list any more",
        (f"DELETE {IN_STORE}/customer/{{customer}}",),
        "customerId.customerId",
        {**CUSTOMER, "deletedAt": DATE},
        is_ours=True,
    ),
    "CustomerWasMovedToLevel": Told(
        "a member's level changes, by what they have or by hand",
        (
            REGISTER,
            post("/customer/{customer}/level"),
            post("/customer/{customer}/remove-manually-level"),
            REGISTER_SALE,
        ),
        "customerId.customerId",
        {
            **CUSTOMER,
            "levelId?": {"levelId": ID},
            "oldLevelId?": {"levelId": ID},
            "updateAt": DATE,
            "manually": bool,
            "removeLevelManually": bool,
        },
    ),
    "CustomerWasRegistered": Told(
        "a member is registered: the payload has the form, without the password",
        (REGISTER, SELF_REGISTER),
        "customerId.customerId",
        {**CUSTOMER, "customerData": FORM, "updateAt": DATE},
    ),
    "InvitationWasCreated": Told(
        "a member invites somebody by mail or telephone",
        (INVITE,),
        "invitationId.invitationId",
        {
            **INVITATION,
            "referrerId": {"customerId": ID},
            "recipientEmail?": TEXT,
            "recipientPhone?": TEXT,
            "status": "invited",
            "token": TOKEN,
        },
    ),
    "PosWasAssignedToCustomer": Told(
        "a member belongs to a point of sale",
        (post("/customer/{customer}/pos"), REGISTER),
        "customerId.customerId",
        {**CUSTOMER, "posId": {"posId": ID}, "updateAt": DATE},
    ),
    "SellerWasAssignedToCustomer": Told(
        "a seller looks after a member",
        (REGISTER,),
        "customerId.customerId",
        {**CUSTOMER, "sellerId": {"sellerId": ID}, "updateAt": DATE},
    ),
}
_ACCOUNT = {
    "AccountWasAssignedToStore": Told(
        "a member is registered",
        (REGISTER, SELF_REGISTER),
        "accountId.accountId",
        {**ACCOUNT, **STORE},
        is_ours=True,
    ),
    "AccountWasCreated": Told(
        "a member is registered",
        (REGISTER, SELF_REGISTER),
        "accountId.accountId",
        {**ACCOUNT, **CUSTOMER},
    ),
    "PointsHasBeenReset": Told(
        "a review of active points ends with none left",
        (BY_TIME,),
        "accountId.accountId",
        {**ACCOUNT, "date": DATE},
    ),
    "PointsTransferHasBeenCanceled": Told(
        "added points are taken back, or blocked ones released",
        (CANCEL,),
        "accountId.accountId",
        {**ACCOUNT, **TRANSFER},
    ),
    "PointsTransferHasBeenExpired": Told(
        "added points have lasted as long as they could",
        (BY_TIME,),
        "accountId.accountId",
        {**ACCOUNT, **TRANSFER},
    ),
    "PointsTransferHasBeenUnlocked": Told(
        "locked points can be spent from now on",
        (BY_TIME,),
        "accountId.accountId",
        {**ACCOUNT, **TRANSFER},
    ),
    "PointsWereAdded": Told(
        "points are added: by hand, by a rule, from another member",
        (ADD, REGISTER_SALE, post("/admin/p2p-points-transfer")),
        "accountId.accountId",
        {**ACCOUNT, "pointsTransfer": {**ADDED, "senderId?": {"accountId": ID}}},
    ),
    "PointsWereBlocked": Told(
        "points are put aside, until the transfer is canceled",
        (post("/points/transfer/block"),),
        "accountId.accountId",
        {**ACCOUNT, "pointsTransfer": BASE},
        is_ours=True,
    ),
    "PointsWereReturned": Told(
        "a reward's cost comes back: its delivery was canceled, or its cashback failed",
        (DELIVER, CALLBACK),
        "accountId.accountId",
        {
            **ACCOUNT,
            "pointsTransfer": {
                **{name.rstrip("?"): each for name, each in BASE.items()},
                "issuer": "system",
                "availableAmount": NUMBER,
                "expired": False,
                "locked": False,
            },
            "couponId": ID,
        },
        is_ours=True,
    ),
    "PointsWereSpent": Told(
        "points are spent: by hand, on a reward; or a return revokes them",
        (post("/points/transfer/spend"), BUY, REDEEM, REGISTER_SALE),
        "accountId.accountId",
        {
            **ACCOUNT,
            "pointsTransfer": {
                **BASE,
                **WITH_TRANSACTION,
                "revisedTransactionId?": {"transactionId": ID},
            },
        },
    ),
    "PointsWereTransferred": Told(
        "a member sends points to another",
        (post("/admin/p2p-points-transfer"),),
        "accountId.accountId",
        {
            **ACCOUNT,
            "pointsTransfer": {
                **{name: each for name, each in BASE.items() if name != "comment?"},
                "receiverId": {"accountId": ID},
            },
        },
    ),
}
_CAMPAIGN = {
    "CampaignBoughtDeliveryStatusWasChanged": Told(
        "what was bought is ordered, shipped, delivered or canceled",
        (DELIVER, USE),
        "customerId",
        {
            "couponId": ID,
            "status": ("ordered", "canceled", "shipped", "delivered"),
            "customerId": ID,
        },
    ),
    "CampaignBoughtCashbackStatusWasChanged": Told(
        "whoever pays cashback out says what became of it",
        (CALLBACK,),
        "customerId",
        {
            "couponId": ID,
            "status": ("accepted", "success", "failed"),
            "customerId": ID,
            "provider": "paytm",
            "message": TEXT,
        },
        is_ours=True,
    ),
    "CampaignUsageWasChanged": Told(
        "the same as of the member: a coupon is used, or was not after all",
        (USE,),
        "campaignId",
        {
            "campaignId": ID,
            "customerId": ID,
            "couponId": ID,
            "couponCode": TEXT,
            "used": bool,
            "transactionId?": ID,
        },
    ),
}
_TRANSACTION = {
    "TransactionWasRegistered": Told(
        "a purchase or a return is reported",
        (REGISTER_SALE,),
        "transactionId.transactionId",
        {
            **TRANSACTION,
            "transactionData": {
                "documentType": ("sell", "return"),
                "documentNumber": TEXT,
                "purchasePlace": TEXT,
                "purchaseDate": DATE,
            },
            "customerData": {
                "name": TEXT,
                "email": TEXT,
                "nip": None,
                "phone": TEXT,
                "loyaltyCardNumber": None,
                "address": {"city": TEXT},
            },
            "items": [
                {
                    "sku": {"code": TEXT},
                    "name": TEXT,
                    "quantity": NUMBER,
                    "grossValue": NUMBER,
                    "category": TEXT,
                    "maker": TEXT,
                    "labels": LABELS,
                }
            ],
            "posId?": {"posId": ID},
            "excludedDeliverySKUs": [TEXT],
            "excludedLevelSKUs": [TEXT],
            "excludedLevelCategories": [TEXT],
            "revisedDocument?": TEXT,
            "labels": LABELS,
        },
    ),
    "CustomerWasAssignedToTransaction": Told(
        "a purchase or a return finds its member",
        (REGISTER_SALE,),
        "transactionId.transactionId",
        {**TRANSACTION, **CUSTOMER, "email": TEXT, "phone": TEXT},
    ),
}
CATALOGUE: dict[str, Told] = {
    f"OpenLoyalty.Domain.{noun}.Event.{name}": told
    for noun, several in (
        ("User", _USER),
        ("Account", _ACCOUNT),
        ("Campaign", _CAMPAIGN),
        ("Transaction", _TRANSACTION),
    )
    for name, told in several.items()
}
