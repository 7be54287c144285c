"""What tests about rewards share: a counter that offers and sells them, and likeness of answers."""

from dialects.openloyalty.till import back, customer, permanent, post, sale, seller
from guerdon.engine.commands.points import AddPoints

ANN = {"firstName": "Ann", "lastName": "Nowak", "address": {"city": "Warszawa"}}
BUYER = {"email": "ann@example.com"}


class Counter:
    """A programme in Warsaw with one member, and everybody who may ask it for something."""

    def __init__(self, house):
        house.setting("programme.timezone", "Europe/Warsaw")
        self.house = house
        self.admin = permanent(house)
        self.ann = house.member(
            ("email", "ann@example.com"), ("phone", "+48600100200"), profile=ANN
        )
        self.own = customer(house, self.ann.member_id)

    @property
    def seller(self):
        return seller(self.house)

    def offer(self, kind="discount_code", codes=("a", "b"), **fields):
        """A reward's id; everybody may have it unless it is said otherwise."""
        texts = {"en": {"name": fields.pop("name", kind)}}
        body = {"active": True, "unlimited": True, "coupons": list(codes), "reward": kind}
        whole = {"campaign": {**body, **fields, "translations": texts}}
        reply = post(self.house, "/campaign", whole, self.admin)
        assert reply.status == 200, reply.body
        return reply.json()["campaignId"]

    def gives(self, points, member=None):
        number = (member or self.ann).number
        self.house.execute(AddPoints(self.house.tenant_id, 0, number, points * 100))

    def sells(self, document, gross=100):
        """A purchase's id."""
        return self._register(sale(document, items=_goods(gross), buyer=BUYER))

    def returns(self, document, original, gross):
        """The id of a return."""
        return self._register(back(document, original, items=_goods(gross), buyer=BUYER))

    def _register(self, form):
        reply = post(self.house, "/transaction", form, self.admin)
        assert reply.status == 200, reply.body
        return reply.json()["transactionId"]

    def get(self, path, headers=None):
        reply = self.house.call("GET", "/api" + path, headers=headers or self.admin)
        assert reply.status == 200, (path, reply.body)
        return reply.json()

    def ask(self, path, body, headers=None, method="POST"):
        return post(self.house, path, body, headers or self.admin, method)

    def buy(self, reward_id, **more):
        """What an administrator buys for Ann: [(id, code)]."""
        path = f"/admin/customer/{self.ann.member_id}/campaign/{reward_id}/buy"
        reply = self.ask(path, more)
        assert reply.status == 200, reply.body
        return [(each["id"], each["code"]) for each in reply.json()["coupons"]]

    def owned(self):
        """Ann's coupons by their codes."""
        listed = self.get("/customer/campaign/bought", self.own)["campaigns"]
        return {each["coupon"]["code"]: each for each in listed}

    def balance(self):
        return self.get("/customer/customer/" + self.ann.member_id + "/status", self.own)["points"]


def _goods(gross):
    item = {"sku": {"code": "A"}, "name": "a", "quantity": 1, "category": "c"}
    return [{**item, "grossValue": gross}]


def differences(documented, shown, at=""):
    """Where an answer lacks a documented key, or has another type of JSON there."""
    if isinstance(documented, bool) or documented is None or isinstance(documented, str):
        return [] if type(shown) is type(documented) else [at]
    if isinstance(documented, int | float):
        is_number = isinstance(shown, int | float) and not isinstance(shown, bool)
        return [] if is_number else [at]
    if isinstance(documented, dict):
        if not isinstance(shown, dict):
            return [at]
        missing = [f"{at}.{name}" for name in documented if name not in shown]
        return missing + [
            found
            for name, value in documented.items()
            if name in shown
            for found in differences(value, shown[name], f"{at}.{name}")
        ]
    if not isinstance(shown, list):
        return [at]
    return [found for each in shown for found in differences(documented[0], each, at + "[]")]
