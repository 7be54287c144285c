"""What several types of event share: pieces of payloads, and the requests that cause them."""

from __future__ import annotations

from acceptance.event_shapes import DATE, ID, NUMBER, TEXT, TOKEN

IN_STORE = "/api/{storeCode}"


def post(path: str) -> str:
    """A request in a store."""
    return f"POST {IN_STORE}{path}"


CUSTOMER = {"customerId": {"customerId": ID}}
ACCOUNT = {"accountId": {"accountId": ID}}
TRANSACTION = {"transactionId": {"transactionId": ID}}
CAMPAIGN = {"campaignId": {"campaignId": ID}}
INVITATION = {"invitationId": {"invitationId": ID}}
TRANSFER = {"pointsTransferId": {"pointsTransferId": ID}}
STORE = {"storeId": {"storeId": ID}, "storeCode": ("DEFAULT", "SHOP")}
WITH_TRANSACTION = {"transactionId?": {"transactionId": ID}}
COUPON = {"id": ID, "code": TEXT}
CASHBACK_COUPON = {"id": ID, "code": (TEXT, "")}
LABELS = [{"key": TEXT, "value": TEXT}]
ADDRESS = {
    "street": TEXT,
    "address1": TEXT,
    "address2": TEXT,
    "postal": TEXT,
    "city": TEXT,
    "province": TEXT,
    "country": TEXT,
}
FORM = {
    "firstName": TEXT,
    "lastName": TEXT,
    "gender?": ("male", "female", "not_disclosed"),
    "email": TEXT,
    "phone?": TEXT,
    "birthDate?": DATE,
    "createdAt?": DATE,
    "address?": ADDRESS,
    "company?": {"name": TEXT, "nip": TEXT},
    "loyaltyCardNumber?": TEXT,
    "labels?": LABELS,
    "agreement1": bool,
    "agreement2": bool,
    "agreement3": bool,
    "invitationToken?": TOKEN,
    "levelId?": ID,
    "posId?": ID,
    "sellerId?": ID,
}
BASE = {
    "id": {"pointsTransferId": ID},
    "comment?": TEXT,
    "createdAt": DATE,
    "value": NUMBER,
    "canceled": False,
    "issuer": ("admin", "seller", "system", "api", "internal"),
}
ADDED = {
    **BASE,
    "availableAmount": NUMBER,
    "expired": False,
    "expiresAt?": DATE,
    **WITH_TRANSACTION,
    "lockedUntil?": DATE,
    "locked": bool,
}
REGISTER = post("/admin/customer/register")
SELF_REGISTER = post("/customer/self_register")
EDIT = f"PUT {IN_STORE}/customer/{{customer}}"
AVATAR = f"{IN_STORE}/customer/{{customer}}/avatar"
ADD = post("/points/transfer/add")
REGISTER_SALE = post("/transaction")
BUY = post("/customer/campaign/{campaign}/buy")
USE = post("/admin/campaign/coupons/mark_as_used")
DELIVER = (
    f"PUT {IN_STORE}/admin/customer/{{customer}}/bought/coupon/{{coupon}}/changeDeliveryStatus"
)
REDEEM = post("/admin/campaign/cashback/redeem")
CALLBACK = post("/campaign/cashback/callback/{provider}")
INVITE = post("/invitations/invite")
CANCEL = post("/points/transfer/{transfer}/cancel")
