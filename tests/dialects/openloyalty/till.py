"""What tests about purchases share: who is asking, a purchase, and what was decided."""

import json
from urllib.parse import urlencode

from dialects.openloyalty.session import FORM, JSON, bearer
from guerdon.dialects.openloyalty import tokens
from guerdon.dialects.openloyalty.keyring import Keyring
from guerdon.engine.commands.definitions import Define

CUSTOMER = {
    "name": "Jan Nowak",
    "email": "user@example.com",
    "nip": "aaa",
    "phone": "123",
    "loyaltyCardNumber": "sa2222",
    "address": {
        "street": "Bagno",
        "address1": "12",
        "province": "Mazowieckie",
        "city": "Warszawa",
        "postal": "00-800",
        "country": "PL",
    },
}
ITEMS = [
    {
        "sku": {"code": "SKU1"},
        "name": "item 1",
        "quantity": 1,
        "grossValue": 1,
        "category": "aaa",
        "maker": "sss",
        "labels": [{"key": "test", "value": "label"}, {"key": "test", "value": "label2"}],
    },
    {
        "sku": {"code": "SKU2"},
        "name": "item 2",
        "quantity": 2,
        "grossValue": 2,
        "category": "bbb",
        "maker": "ccc",
        "labels": [],
    },
]


def permanent(house, **tenant):
    return {"x-auth-token": house.key("openloyalty", **tenant)}


def token(house, role, who, *, tenant_id=None):
    async def issued():
        kid, key = await Keyring(house.engine).private()
        holder = tokens.Holder(who, tenant_id or house.tenant_id, "somebody", None, role)
        return tokens.issued(holder, kid, key, house.clock.now())

    return bearer(house.run(issued()))


def customer(house, member_id):
    return token(house, tokens.CUSTOMER, member_id)


def seller(house):
    body = '{"firstName":"S","lastName":"S","email":"s@example.com"}'
    made = house.execute(Define(house.tenant_id, 0, "Seller", body))
    return token(house, tokens.SELLER, made.definition_id)


def sale(number, *, items=ITEMS, buyer=CUSTOMER, **more):
    """The form of a purchase; `more` are fields beside those of the document."""
    document = {
        "documentNumber": number,
        "purchaseDate": "2018-02-20 09:45",
        "purchasePlace": "wroclaw",
        "documentType": more.pop("kind", "sell"),
    }
    form = {"transactionData": document, "items": items, "customerData": buyer, **more}
    return {"transaction": form}


def back(number, original, *, items=ITEMS, **more):
    return sale(number, kind="return", revisedDocument=original, items=items, **more)


def post(house, path, body, headers, method="POST"):
    """Send JSON, or pairs as a form."""
    if isinstance(body, dict):
        headers = {**headers, **JSON}
        return house.call(method, "/api" + path, headers=headers, body=json.dumps(body))
    content = urlencode([tuple(pair.split("=", 1)) for pair in body])
    return house.call(method, "/api" + path, headers={**headers, **FORM}, body=content)


def decided(house, headers, type="*"):
    """Decisions of a type, oldest first: (last word of its type, uuid, payload)."""
    found, start = [], 1
    while True:
        reply = house.call(
            "GET", f"/api/event?perPage=100&fromId={start}&type={type}", headers=headers
        )
        events = reply.json()["events"]
        found += events
        if len(events) < 100:
            break
        start = events[-1]["id"] + 1
    return [(each["type"].rpartition(".")[2], each["uuid"], each["payload"]) for each in found]


def types(house, headers, after=0):
    """The last words of all decisions' types after the first `after`."""
    return [name for name, _, _ in decided(house, headers)][after:]
