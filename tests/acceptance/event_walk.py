"""A walk through a programme: every documented type of event is caused once, over HTTP or by time.

After each request the walk reads what was decided through `GET /api/event`, so it knows which
request caused which event.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple
from urllib.parse import urlencode

from dialects.openloyalty.till import customer, token
from guerdon.clock import DAY, SECOND
from guerdon.dialects.openloyalty import tokens
from guerdon.engine.commands import CreateAdministrator

START = 1_602_756_398 * SECOND  # 2020-10-15 12:06:38 in Warsaw
BY_TIME = "(the clock)"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(64))
JSON = {"content-type": "application/json"}
Payload = dict[str, Any]

ANN = {
    "firstName": "Ann",
    "lastName": "Nowak",
    "gender": "female",
    "email": "ann@example.com",
    "phone": "+48123456789",
    "birthDate": "1990-01-01",
    "createdAt": "2020-10-01 09:00",
    "address": {
        "street": "Bagno",
        "address1": "12",
        "address2": "3",
        "postal": "00-800",
        "city": "Warszawa",
        "province": "Mazowieckie",
        "country": "PL",
    },
    "company": {"name": "Company", "nip": "111-222-33-44"},
    "loyaltyCardNumber": "00000000000000002",
    "labels": "club:gold",
    "agreement1": True,
    "agreement2": True,
    "agreement3": False,
}
BOB = {"firstName": "Bob", "lastName": "Kowalski", "email": "bob@example.com", "agreement1": True}
GUEST = {
    "firstName": "Guest",
    "lastName": "Kowalski",
    "email": "guest@example.com",
    "plainPassword": "Correct-horse-7",
    "agreement1": True,
}


class Seen(NamedTuple):
    """An event, and the request that caused it."""

    type: str
    uuid: str
    payload: Payload
    request: str


class Walk:
    """One tenant's administrator on their way, with a clock that moves when it is told to."""

    def __init__(self, house: Any) -> None:
        self._house = house
        self._moment = START
        house.clock.now = lambda: self._moment
        house.tenant_id = house.tenant("documented")
        self.seen: list[Seen] = []
        self._next_id = 1
        self._log_in()
        self.call("POST", "/api/{storeCode}/settings", {"settings": {"timezone": "Europe/Warsaw"}})

    def all(self) -> list[Seen]:
        """Everything, in the order in which it must happen; what forgets people comes last."""
        self._programme()
        self._people()
        self._points()
        self._rewards()
        self._purchases()
        self._invitations()
        self._time()
        self._reviews()
        self._farewells()
        return self.seen

    # --- Chapters --------------------------------------------------------------------------------

    def _programme(self) -> None:
        self._level("base", 0, 0)
        self.gold = self._level("gold", 50, 0.1)
        place = {"street": "Bagno", "address1": "12", "postal": "00-800", "city": "Warszawa"}
        place.update(province="Mazowieckie", country="PL")
        pos = {"name": "Bagno", "identifier": "pos1", "location": place}
        self.pos = self.call("POST", "/api/{storeCode}/pos", {"pos": pos})["posId"]
        self.seller = self.call(
            "POST",
            "/api/{storeCode}/seller/register",
            {
                "seller": {
                    "firstName": "Sam",
                    "lastName": "Seller",
                    "email": "sam@example.com",
                    "plainPassword": "Correct-horse-7",
                    "posId": self.pos,
                    "active": True,
                }
            },
        )["sellerId"]
        store = {"code": "SHOP", "name": "Shop", "currency": "EUR", "active": True}
        self.call("POST", "/api/store", {"store": store})

    def _people(self) -> None:
        register = "/api/{storeCode}/admin/customer/register"
        form = {**ANN, "posId": self.pos, "sellerId": self.seller, "levelId": self.gold}
        self.ann = self.call("POST", register, {"customer": form})["customerId"]
        self.bob = self.call("POST", register, {"customer": BOB})["customerId"]
        ann = {"customer": self.ann}
        self.call("POST", "/api/{storeCode}/customer/{customer}/remove-manually-level", **ann)
        changed: Payload = {"lastName": "Kowalska", "company": {"name": "", "nip": ""}}
        changed.update(address={"address2": "4"}, loyaltyCardNumber="00000000000000003")
        self.call("PUT", "/api/{storeCode}/customer/{customer}", {"customer": changed}, **ann)
        self._avatar()
        self.call(
            "POST",
            "/api/{storeCode}/customer/{customer}/pos",
            {"posId": self.pos},
            customer=self.bob,
        )
        level = {"levelId": self.gold}
        self.call("POST", "/api/{storeCode}/customer/{customer}/level", level, customer=self.bob)
        for switch in ("deactivate", "activate"):
            path = "/api/{storeCode}/admin/customer/{customer}/" + switch
            self.call("POST", path, customer=self.bob)

    def _points(self) -> None:
        transfer = self._add(self.ann, 500, comment="Welcome")
        self._add(self.ann, 12.5, validityDuration=10)
        spend = {"customer": self.ann, "points": 100, "comment": "A cup"}
        self.call("POST", "/api/{storeCode}/points/transfer/spend", {"transfer": spend})
        sent = {"sender": self.ann, "receiver": self.bob, "points": 50}
        self.call("POST", "/api/{storeCode}/admin/p2p-points-transfer", {"transfer": sent})
        block = {"customer": self.ann, "points": 9, "comment": "To be looked at"}
        path = "/api/{storeCode}/points/transfer/block"
        blocked = self.call("POST", path, {"transfer": block})["pointsTransferId"]
        cancel = "/api/{storeCode}/points/transfer/{transfer}/cancel"
        self.call("POST", cancel, transfer=blocked)
        again = self._add(self.bob, 5)
        assert again != transfer
        self.call("POST", cancel, transfer=again)

    def _rewards(self) -> None:
        tea = self._reward("Tea", costInPoints=100, coupons=["WINTER", "SPRING"], daysValid=30)
        later = self._reward("Coffee", coupons=["LATE"], daysInactive=2, daysValid=3)
        buy = "/api/{storeCode}/customer/campaign/{campaign}/buy"
        coupon = self._buy(buy, tea, self._as(self.ann))
        self._use(self.ann, tea, coupon)
        path = (
            "/api/{storeCode}/admin/customer/{customer}/bought/coupon/{coupon}/changeDeliveryStatus"
        )
        for status in ("shipped", "canceled"):
            body = {"deliveryStatus": {"status": status}}
            self.call("PUT", path, body, customer=self.ann, coupon=coupon["id"])
        self._buy("/api/{storeCode}/admin/customer/{customer}/campaign/{campaign}/buy", later)
        cash = {"pointValue": 0.01, "cashbackProvider": "paytm", "reward": "cashback"}
        self._reward("Cashback", **cash)
        redeem = "/api/{storeCode}/admin/campaign/cashback/redeem"
        self.call("POST", redeem, {"customerId": self.ann, "pointsAmount": 20})
        redeemed = next(e for e in reversed(self.seen) if e.type.endswith("WasBoughtByCustomer"))
        callback = "/api/{storeCode}/campaign/cashback/callback/{provider}"
        told = {"customerId": self.ann, "couponId": redeemed.payload["coupon"]["id"]}
        self.call("POST", callback, {**told, "code": "ACCEPTED"}, provider="paytm")
        told.update(code="FAILURE", message="The account is closed")
        self.call("POST", callback, told, provider="paytm")

    def _purchases(self) -> None:
        percent = self._reward(
            "A tenth", reward="percentage_discount_code", transactionPercentageValue=10
        )
        rule = "/api/{storeCode}/earningRule"
        spending = {"type": "points", "name": "General spending rule", "pointValue": 1}
        self.call("POST", rule, {"earningRule": spending})
        instant = {"type": "instant_reward", "name": "A tenth back", "rewardCampaignId": percent}
        self.call("POST", rule, {"earningRule": instant})
        excluded = {"excludedDeliverySKUs": ["DHL"], "excludedLevelSKUs": ["GIFT"]}
        excluded["excludedLevelCategories"] = ["books"]
        self.call("POST", "/api/{storeCode}/settings", {"settings": excluded})
        self._transaction("FV 1", 100, pos=self.pos)
        self._transaction("FV 1 back", 33, returns="FV 1")
        self._transaction("FV 1 rest", 67, returns="FV 1")
        sale = self._transaction("FV 2", 90)
        bought = [e for e in self.seen if e.type.endswith("WasBoughtByCustomer")][-1]
        self._use(self.ann, percent, bought.payload["coupon"], transactionId=sale)
        self._transaction("FV 2 back", 30, returns="FV 2")

    def _invitations(self) -> None:
        invite, me = "/api/{storeCode}/invitations/invite", self._as(self.ann)
        said = {"type": "email", "recipientEmail": GUEST["email"]}
        self.call("POST", invite, {"invitation": said}, headers=me)
        token = self.seen[-1].payload["token"]
        said = {"type": "mobile", "recipientPhone": "+48987654321"}
        self.call("POST", invite, {"invitation": said}, headers=me)
        form = {"customer": {**GUEST, "invitationToken": token}}
        path = "/api/{storeCode}/customer/self_register"
        self.guest = self.call("POST", path, form, headers={}, storeCode="SHOP")["customerId"]

    def _time(self) -> None:
        settings = {"pointsDaysExpiryAfter": "after_x_days", "pointsDaysActiveCount": 30}
        settings.update(allTimeNotLocked=False, pointsDaysLocked=7)
        self.call("POST", "/api/{storeCode}/settings", {"settings": settings})
        self._add(self.bob, 6.9)
        self.wait(3)
        self.wait(11)

    def _reviews(self) -> None:
        settings: Payload = {"tierAssignType": "points", "levelDowngradeMode": "after_x_days"}
        settings.update(levelDowngradeDays=30, levelDowngradeBase="active_points")
        settings.update(levelResetPointsOnDowngrade=True)
        self.call("POST", "/api/{storeCode}/settings", {"settings": settings})
        self.wait(31)

    def _farewells(self) -> None:
        anonymize = "/api/{storeCode}/admin/customer/{customer}/anonymize"
        self.call("POST", anonymize, customer=self.bob)
        self.call("DELETE", "/api/{storeCode}/customer/{customer}", customer=self.guest)
        self.wait(0)

    # --- Steps -----------------------------------------------------------------------------------

    def call(
        self,
        method: str,
        path: str,
        body: Payload | None = None,
        *,
        headers: dict[str, str] | None = None,
        content: tuple[str, bytes] | None = None,
        **named: str,
    ) -> Any:
        """Send a request as documented, `named` in the path; what was answered."""
        named.setdefault("storeCode", "DEFAULT")
        who = self._admin if headers is None else headers
        kind, text = content or ("application/json", json.dumps(body or {}).encode())
        reply = self._house.call(
            method, path.format(**named), headers={**who, "content-type": kind}, body=text
        )
        assert reply.status in (200, 204), (method, path, reply.status, reply.body)
        self._read(f"{method} {path}")
        return reply.json() if reply.body else None

    def wait(self, days: int) -> None:
        """Let time pass, and what is due happen."""
        self._moment += days * DAY
        self._log_in()
        self._house.settle()
        self._read(BY_TIME)

    def _read(self, request: str) -> None:
        while True:
            query = urlencode({"fromId": self._next_id, "perPage": 100})
            reply = self._house.call("GET", f"/api/event?{query}", headers=self._admin)
            events = reply.json()["events"]
            for event in events:
                assert list(event) == ["id", "uuid", "payload", "type", "recorderOn"]
                assert event["id"] == self._next_id
                self._next_id += 1
                self.seen.append(Seen(event["type"], event["uuid"], event["payload"], request))
            if len(events) < 100:
                return

    def _log_in(self) -> None:
        if not hasattr(self, "_admin_id"):
            tenant_id = self._house.tenant_id
            made = CreateAdministrator(tenant_id, 0, "documented", "no password")
            self._admin_id = self._house.execute(made)
        self._admin = token(self._house, tokens.ADMIN, self._admin_id)

    def _as(self, member_id: str) -> dict[str, str]:
        return customer(self._house, member_id)

    def _level(self, name: str, condition: int, value: float) -> str:
        reward = {"name": name, "value": value, "code": name}
        level = {
            "translations": {"en": {"name": name}},
            "conditionValue": condition,
            "reward": reward,
            "active": True,
        }
        return self.call("POST", "/api/{storeCode}/level/create", {"level": level})["levelId"]

    def _reward(self, name: str, **fields: Any) -> str:
        campaign = {"translations": {"en": {"name": name}}, "active": True, "unlimited": True}
        body = {"campaign": {"reward": "gift_code", **campaign, **fields}}
        return self.call("POST", "/api/{storeCode}/campaign", body)["campaignId"]

    def _buy(self, path: str, reward: str, headers: dict[str, str] | None = None) -> Payload:
        reply = self.call("POST", path, {}, headers=headers, campaign=reward, customer=self.ann)
        (coupon,) = reply["coupons"]
        return coupon

    def _use(self, member_id: str, reward: str, coupon: Payload, **more: str) -> None:
        row = {"customerId": member_id, "campaignId": reward, "couponId": coupon["id"]}
        row.update(code=coupon["code"], used=True, **more)
        path = "/api/{storeCode}/admin/campaign/coupons/mark_as_used"
        self.call("POST", path, {"coupons": [row]})

    def _add(self, member_id: str, points: float, **more: Any) -> str:
        transfer = {"customer": member_id, "points": points, **more}
        path = "/api/{storeCode}/points/transfer/add"
        return self.call("POST", path, {"transfer": transfer})["pointsTransferId"]

    def _transaction(self, number: str, gross: int, *, returns: str = "", pos: str = "") -> str:
        item = {"sku": {"code": "SKU1"}, "name": "A pot", "quantity": 1, "grossValue": gross}
        item.update(category="pots", maker="Bolesławiec")
        item["labels"] = [{"key": "colour", "value": "blue"}]
        document = {
            "documentType": "return" if returns else "sell",
            "documentNumber": number,
            "purchaseDate": "2020-10-15 09:28",
            "purchasePlace": "Wroclaw",
        }
        buyer = {"name": "Ann Nowak", "email": ANN["email"], "phone": ANN["phone"]}
        buyer["address"] = {"city": "Warszawa"}
        form = {"transactionData": document, "items": [item], "customerData": buyer}
        form["labels"] = [{"key": "till", "value": "1"}]
        form.update({"revisedDocument": returns} if returns else {})
        form.update({"pos": pos} if pos else {})
        path = "/api/{storeCode}/transaction"
        return self.call("POST", path, {"transaction": form})["transactionId"]

    def _avatar(self) -> None:
        edge = "edge7"
        head = 'Content-Disposition: form-data; name="avatar[file]"; filename="ann.png"'
        body = f"--{edge}\r\n{head}\r\n\r\n".encode() + PNG + f"\r\n--{edge}--\r\n".encode()
        path = "/api/{storeCode}/customer/{customer}/avatar"
        content = (f"multipart/form-data; boundary={edge}", body)
        self.call("POST", path, content=content, customer=self.ann)
        self.call("DELETE", path, customer=self.ann)
