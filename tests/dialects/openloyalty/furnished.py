"""A programme in which there is one of everything that the documented requests speak of.

`spare_…` is what requests that change something are sent to, so that those that look find all
they need.
"""

from dialects.openloyalty.session import PASSWORD, USERNAME, bearer
from dialects.openloyalty.till import permanent, post, sale
from guerdon.engine.commands.credentials import ChangeMemberPassword
from guerdon.store import members
from guerdon.web import passwords

SECRET = "example123!@#"

ADDRESS = {
    "street": "Bagno",
    "address1": "12",
    "address2": "2",
    "province": "Mazowieckie",
    "city": "Warszawa",
    "postal": "00-800",
    "country": "PL",
}
SOMETIMES = {
    "campaignVisibility": {
        "allTimeVisible": 0,
        "visibleFrom": "2017-10-05 10:59",
        "visibleTo": "2037-10-05 10:59",
    },
    "campaignActivity": {
        "allTimeActive": 0,
        "activeFrom": "2017-09-05 10:59",
        "activeTo": "2037-09-05 10:59",
    },
}
TEXTS = (
    "name",
    "shortDescription",
    "conditionsDescription",
    "usageInstruction",
    "brandDescription",
)
SETTINGS = {
    "pointsDaysExpiryAfter": "after_x_days",
    "pointsDaysActiveCount": 20,
    "excludedLevelCategories": ["category_excluded_from_level"],
    "excludedLevelSKUs": ["s"],
    "returns": 1,
}


class Furnished:
    """`ids` by the names in the requests, `callers` by who sends them."""

    def __init__(self, house):
        self._house = house
        self._key = permanent(house)
        house.admin(USERNAME, PASSWORD)
        self.ids = {"documentNumber": "123", "identifier": "pos1"}
        self._make("/settings", {"settings": SETTINGS})
        self._places()
        self._people()
        self._rewards()
        self._rules()
        self._purchases()
        self.callers = {
            "admin": self._logged_in("admin", USERNAME, PASSWORD),
            "seller": self._logged_in("seller", "seller@example.com", SECRET),
            "customer": self._logged_in("customer", "customer@example.com", SECRET),
            "anyone": {},
        }
        invited = {"invitation": {"type": "email", "recipientEmail": "friend@example.com"}}
        self._make("/invitations/invite", invited, self.callers["customer"])

    def _places(self):
        for name, identifier in (("pos", "pos1"), ("spare_pos", "pos2")):
            place = {"name": "shop", "identifier": identifier, "description": "a shop"}
            place["location"] = {**ADDRESS, "lat": "52.1", "long": "21.0"}
            self.ids[name] = self._make("/pos", {"pos": place})["posId"]
        store = {"code": "SPARE", "name": "spare", "currency": "EUR", "active": 1}
        self.ids["spare_store"] = self._make("/store", {"store": store})["storeId"]
        self.ids["store"] = self._get("/store")["stores"][0]["storeId"]
        for name in ("role", "spare_role"):
            granted = [{"resource": "LEVEL", "access": "VIEW"}]
            self._make("/admin/acl/role", {"role": {"name": name, "permissions": granted}})
        roles = {role["name"]: role["id"] for role in self._get("/admin/acl/role")["roles"]}
        self.ids |= {name: roles[name] for name in ("role", "spare_role")}

    def _people(self):
        house = self._house
        levels = [self._level(condition) for condition in (0, 20, 2_000)]
        self.ids |= {"level": levels[1], "spare_level": levels[2]}
        self.levels = levels
        criterion = {"type": "bought_in_pos", "posIds": [self.ids["pos"]]}
        dated = {"type": "anniversary", "anniversaryType": "registration", "days": 2}
        amount = {"type": "transaction_amount", "fromAmount": 1, "toAmount": 10_000}
        count = {"type": "transaction_count", "min": 1, "max": 10}
        for name in ("segment", "spare_segment"):
            parts = [{"criteria": [criterion, dated, amount, count]}]
            segment = {"name": name, "active": 1, "description": "some", "parts": parts}
            self.ids[name] = self._make("/segment", {"segment": segment})["segmentId"]
        for name in ("seller", "spare_seller"):
            seller = {"firstName": "Max", "lastName": "Seller", "email": f"{name}@example.com"}
            seller |= {"phone": "555444333", "posId": self.ids["pos"], "active": 1}
            seller["plainPassword"] = SECRET
            self.ids[name] = self._make("/seller/register", {"seller": seller})["sellerId"]
        for number, name in enumerate(("customer", "other", "leaver")):
            person = {"firstName": "John", "lastName": "Doe", "email": f"{name}@example.com"}
            person |= {"gender": "male", "birthDate": "1990-09-11", "address": ADDRESS}
            person |= {"phone": f"4823423400{number}", "loyaltyCardNumber": f"00{number}"}
            person |= {"agreement1": 1, "labels": "a:b"}
            made = self._make("/admin/customer/register", {"customer": person})
            self.ids[name] = made["customerId"]
            self._make(f"/customer/{made['customerId']}/pos", {"posId": self.ids["pos"]})
            self._make(f"/customer/{made['customerId']}/level", {"levelId": self.ids["level"]})
        find = (house.tenant_id, "email", "customer@example.com")
        number = house.read(lambda rows: members.find(rows, *find))
        house.execute(
            ChangeMemberPassword(house.tenant_id, 0, number, passwords.password_hash(SECRET))
        )
        admin = {"email": "auditor@example.com", "external": 1, "apiKey": "anotherPermanentToken"}
        admin |= {"isActive": 1, "firstName": "A", "lastName": "A", "phone": "1"}
        self.ids["admin"] = self._make("/admin/data", {"admin": admin})["id"]

    def _level(self, condition):
        reward = {"name": "test", "value": condition + 1, "code": "abc"}
        special = {**reward, "startAt": "2016-10-10", "endAt": "2036-10-10", "active": 1}
        level = {"conditionValue": condition, "active": 1, "minOrder": 0, "reward": reward}
        level["specialRewards"] = [special]
        text = {"name": f"level{condition}", "description": "a level"}
        level["translations"] = {"en": text, "pl": text}
        return self._make("/level/create", {"level": level})["levelId"]

    def _rewards(self):
        category = {"translations": {"en": {"name": "category"}}, "active": 1, "sortOrder": 0}
        for name in ("campaignCategory", "spare_campaignCategory"):
            made = self._make("/campaignCategory", {"campaign_category": category})
            self.ids[name] = made["campaignCategoryId"]
        texts = {"translations": {"en": dict.fromkeys(TEXTS, "text")}}
        offered = {**SOMETIMES, **texts, "active": 1, "target": "level", "levels": self.levels}
        coupons = [str(number) for number in range(100, 120)]
        code = {**offered, "reward": "discount_code", "costInPoints": 10, "public": 1}
        code |= {"unlimited": 0, "singleCoupon": 0, "limit": 10, "limitPerUser": 9}
        code |= {"coupons": coupons, "daysInactive": 0, "daysValid": 9, "labels": "type:promotion"}
        code["categories"] = [self.ids["campaignCategory"]]
        for name in ("campaign", "spare_campaign"):
            self.ids[name] = self._make("/campaign", {"campaign": code})["campaignId"]
        chosen = {"target": "segment", "segments": [self.ids["segment"]], "levels": []}
        self._make("/campaign", {"campaign": {**code, **chosen}})
        later = {"allTimeActive": 0, "activeFrom": "2036-01-01", "activeTo": "2037-01-01"}
        self._make("/campaign", {"campaign": {**code, "active": 0, "campaignActivity": later}})
        back = {**offered, "reward": "cashback", "pointValue": 10}
        self.ids["cashback"] = self._make("/campaign", {"campaign": back})["campaignId"]

    def _rules(self):
        common = {"name": "rule", "description": "some", "active": 1, "allTimeActive": 0}
        common |= {"startAt": "2017-01-01 00:00", "endAt": "2037-01-01 00:00"}
        common |= {"target": "level", "levels": self.levels}
        limit = {"active": 1, "period": "day", "limit": 10}
        event = {"type": "custom_event", "eventName": "customerAttendedEvent", "pointsAmount": 5}
        place = {"latitude": "52.052240", "longitude": "-21.046587", "radius": 5}
        kinds = {
            "earningRule": {**event, "limit": limit},
            "spare_earningRule": {**event, "eventName": "another"},
            "qrcode": {"type": "qrcode", "code": "abccode", "pointsAmount": 10},
            "geolocation": {"type": "geolocation", "pointsAmount": 2, **place},
            "points": {"type": "points", "pointValue": 5},
        }
        for name, kind in kinds.items():
            made = self._make("/earningRule", {"earningRule": {**common, **kind}})
            self.ids[name] = made["earningRuleId"]

    def _purchases(self):
        ids = self.ids
        given = {"customer": ids["customer"], "points": 1_000, "comment": "a gift"}
        made = self._make("/points/transfer/add", {"transfer": given})
        ids["transfer"] = made["pointsTransferId"]
        self._make("/points/transfer/add", {"transfer": {**given, "customer": ids["other"]}})
        buyer = {"name": "John Doe", "loyaltyCardNumber": "000", "address": ADDRESS}
        buyer |= {"email": "customer@example.com", "phone": "48234234000", "nip": "1"}
        labels = [{"key": "scan_id", "value": "123"}]
        bought = sale("123", buyer=buyer, pos=ids["pos"], labels=labels)
        ids["transaction"] = self._make("/transaction", bought)["transactionId"]
        for number in ("001", "002"):
            self._make("/transaction", sale(number, buyer={"loyaltyCardNumber": number}))
        for number in ("888", "889", "890"):
            self._make("/transaction", sale(number, buyer={"name": "Nobody Known"}))
        path = f"/admin/customer/{ids['customer']}/campaign/{ids['campaign']}/buy"
        coupons = self._make(path, {"quantity": 3})["coupons"]
        for name, coupon in zip(("", "used_", "own_"), coupons, strict=True):
            ids |= {f"{name}coupon": coupon["id"], f"{name}code": coupon["code"]}

    def _logged_in(self, kind, username, password):
        login = {"_username": username, "_password": password}
        return bearer(post(self._house, f"/{kind}/login_check", login, {}).json()["token"])

    def _make(self, path, body, headers=None):
        reply = post(self._house, path, body, headers or self._key)
        assert reply.status < 300, (path, reply.status, reply.body)
        return reply.json() if reply.body else None

    def _get(self, path):
        return self._house.call("GET", "/api" + path, headers=self._key).json()
