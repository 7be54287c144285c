"""XML files: documented answers, hostile content, and no row twice."""

import asyncio

import pytest

from dialects.openloyalty.till import decided, permanent, post, sale
from guerdon import limits
from guerdon.engine.commands.definitions import Define
from guerdon.engine.commands.imports import ImportRow
from guerdon.errors import StoreBusy
from guerdon.store import members, points

CUSTOMERS, POINTS = "/admin/customer/import", "/points/transfer/import"
TRANSACTIONS = "/admin/transaction/import"
MATCHES = "/admin/transaction/customer/assign/import"
BOUNDARY = "xxBOUNDARYxx"

CUSTOMER = """
  <customer>
    <active>true</active><sendActivationMail>false</sendActivationMail>
    <address><address1>1</address1><city>Wroclaw</city><country>PL</country></address>
    <agreement1>true</agreement1><agreement2>true</agreement2>
    <birthDate>{born}</birthDate>
    <company><name>Company</name><nip>1</nip></company>
    <email>{email}</email><firstName>John</firstName><lastName>Doe</lastName>{gender}
    <labels><label><key>group</key><value>wholesaler</value></label></labels>
    <loyaltyCardNumber>{card}</loyaltyCardNumber>
  </customer>"""
TRANSACTION = """
  <transaction>
    <documentNumber>{number}</documentNumber><purchasePlace>Wroclaw</purchasePlace>
    <purchaseDate>2018-08-15T15:52:01+00:00</purchaseDate><documentType>{kind}</documentType>{more}
    <customer><name>John Doe</name><email> jdoe@example.com</email>
      <address><street> Main road</street></address></customer>
    <items>
      <item><sku><code>SKU1</code></sku><name>Item 1</name><quantity>1</quantity>
        <grossValue>100</grossValue><category>category1</category><maker>maker</maker>
        <labels><label><key>key1</key><value>value1</value></label></labels></item>
    </items>
  </transaction>"""


def customer(email, card, *, born="1985-02-03", gender="<gender>male</gender>"):
    return CUSTOMER.format(email=email, card=card, born=born, gender=gender)


def transaction(number, kind="sell", more=""):
    return TRANSACTION.format(number=number, kind=kind, more=more)


def file(root, *rows):
    text = '<?xml version="1.0" encoding="UTF-8"?>\n<{0}>{1}\n</{0}>\n'
    return text.format(root, "".join(rows)).encode()


def upload(content, headers, name="file[file]"):
    """The headers and the body of a request that carries a file."""
    body = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="a.xml"\r\n'
        "Content-Type: text/xml\r\n\r\n"
    ).encode()
    body += content + f"\r\n--{BOUNDARY}--\r\n".encode()
    return {**headers, "content-type": f"multipart/form-data; boundary={BOUNDARY}"}, body


def send(house, path, content, headers, name="file[file]"):
    headers, body = upload(content, headers, name)
    return house.call("POST", "/api/DEFAULT" + path, headers=headers, body=body)


def at_once(house, path, content, headers):
    """The same file sent twice at the same time."""
    headers, body = upload(content, headers)
    request = ("POST", "/api/DEFAULT" + path, headers, body, "203.0.113.9")

    async def both():
        return await asyncio.gather(house._call(*request), house._call(*request))

    return house.run(both())


def named(house, email):
    return house.read(lambda rows: members.find(rows, house.tenant_id, "email", email))


def balance(house, number):
    now = house.clock.now()
    return house.read(lambda rows: points.account(rows, house.tenant_id, number, now)).available


def test_customers_are_imported_and_answered_as_documented(house):
    headers = permanent(house)
    rows = [
        customer("a@example.com", "1"),
        customer("b@example.com", "2", born="03.02.1985"),
        customer("c@example.com", "3", gender=""),
        customer("A@example.com", "4"),
    ]
    reply = send(house, CUSTOMERS, file("customers", *rows), headers)
    assert reply.status == 200, reply.body
    items = reply.json().pop("items")
    number = named(house, "a@example.com")
    member = house.read(lambda rows: members.by_number(rows, house.tenant_id, number))
    assert items == [
        {
            "status": "success",
            "processImportResult": {"object": member.member_id},
            "identifier": "a@example.com",
        },
        {
            "status": "error",
            "message": "Convert exception: birthDate has invalid date format (Y-m-d required)",
            "identifier": "b@example.com",
        },
        {
            "status": "error",
            "message": "Convert exception: gender is required node",
            "identifier": "c@example.com",
        },
        {
            "status": "error",
            "message": "Processing exception: that member exists already",
            "identifier": "a@example.com",
        },
    ]
    assert {name: value for name, value in reply.json().items() if name != "items"} == {
        "totalProcessed": 4,
        "totalSuccess": 1,
        "totalFailed": 3,
    }
    assert member.profile["company"] == {"name": "Company", "nip": "1"}
    assert member.profile["labels"] == [{"key": "group", "value": "wholesaler"}]
    names = [name for name, _, _ in decided(house, headers)]
    assert names.count("CustomerWasRegistered") == names.count("CustomerWasActivated") == 1


def test_points_are_imported_by_any_name_of_a_member(house):
    headers = permanent(house)
    who = house.member(("email", "a@example.com"), ("phone", "+48"), ("card", "9"))
    row = "<pointsTransfer>{}<points>{}</points><type>{}</type></pointsTransfer>".format
    rows = [
        row(f"<customerId>{who.member_id}</customerId>", "15", "adding"),
        row("<customerEmail>A@example.com</customerEmail>", "2.5", "adding"),
        row("<customerPhoneNumber>+48</customerPhoneNumber>", "100", "spending"),
        row("<customerLoyaltyCardNumber>9</customerLoyaltyCardNumber>", "7", "spending"),
        row("<customerEmail>x@example.com</customerEmail>", "1", "adding"),
        row("<customerId>11000000-0000-474c-b092-b0dd880c07e2x</customerId>", "1", "adding"),
        row("<customerEmail>a@example.com</customerEmail>", "0", "moving"),
    ]
    reply = send(house, POINTS, file("pointsTransfers", *rows), headers)
    items = reply.json()["items"]
    assert [item["status"] for item in items] == ["success"] * 2 + ["error", "success"] + [
        "error"
    ] * 3
    assert list(items[0]["processImportResult"]["object"]) == ["pointsTransferId"]
    assert items[0]["identifier"] == f"{who.member_id}/(adding 15)"
    assert items[1]["identifier"] == "a@example.com/(adding 2.5)"
    assert items[2]["message"] == "Processing exception: not enough points"
    assert items[4]["message"] == "Convert exception: customerEmail names no customer"
    assert items[5]["message"] == "Convert exception: customerId is not a valid UUID."
    assert balance(house, who.number) == 10_50
    assert all("11000000" not in item.get("message", "") for item in items)


def test_a_row_says_what_in_it_is_not_taken(house):
    unknown = "00000000-0000-4000-8000-000000000009"
    odd = {
        "Processing exception: levelId names no level": f"<levelID>{unknown}</levelID>",
        "Processing exception: posId names no pos": f"<posId>{unknown}</posId>",
        "Processing exception: sellerId names no seller": f"<sellerId>{unknown}</sellerId>",
        "Convert exception: labels This value is not valid.": "<labels>group:wholesaler</labels>",
    }
    row = (
        "<customer><firstName>Jo</firstName><lastName>Doe</lastName><gender>male</gender>"
        "<email>{}@example.com</email>{}</customer>"
    ).format
    rows = [row(place, field) for place, field in enumerate(odd.values())]
    reply = send(house, CUSTOMERS, file("customers", *rows), permanent(house))
    assert [item.get("message") for item in reply.json()["items"]] == list(odd)
    nothing = (
        transaction("T-1")
        .replace("<items>", "<items>one of each<!--")
        .replace("</items>", "--></items>")
    )
    reply = send(house, TRANSACTIONS, file("transactions", nothing), permanent(house))
    (item,) = reply.json()["items"]
    assert item["message"] == "Convert exception: items This value is not valid."


@pytest.mark.parametrize(
    ("kind", "sent"), [("adding", "1.005"), ("adding", "0"), ("moving", "15"), ("spending", "-3")]
)
def test_points_that_are_not_moved_are_reported_as_they_were_sent(house, kind, sent):
    who = house.member(("card", "9"))
    row = (
        "<pointsTransfer><customerLoyaltyCardNumber>9</customerLoyaltyCardNumber>"
        f"<points>{sent}</points><type>{kind}</type></pointsTransfer>"
    )
    (item,) = send(house, POINTS, file("pointsTransfers", row), permanent(house)).json()["items"]
    assert (item["status"], item["identifier"]) == ("error", f"9/({kind} {sent})")
    assert balance(house, who.number) == 0


def test_transactions_and_matches_are_imported(house):
    headers = permanent(house)
    who = house.member(("email", "jdoe@example.com"), ("card", "9"))
    pos = Define(house.tenant_id, 0, "Pos", '{"name":"p","identifier":"pos1"}')
    pos_id = house.execute(pos).definition_id
    rows = [
        transaction("R1", more="<posIdentifier>pos1</posIdentifier>"),
        transaction("R2", more="<posId>00000000-0000-474c-1111-b0dd880c07e</posId>"),
        transaction("R1"),
        transaction("R3", "return", "<revisedDocument>R1</revisedDocument>"),
    ]
    reply = send(house, TRANSACTIONS, file("transactions", *rows), headers)
    items = reply.json()["items"]
    assert [item["status"] for item in items] == ["success", "error", "error", "success"]
    assert items[1]["message"] == "Convert exception: posId is not a valid UUID."
    assert [item["identifier"] for item in items] == ["R1", "R2", "R1", "R3"]
    made = items[0]["processImportResult"]["object"]["transactionId"]
    shown = house.call("GET", f"/api/transaction/{made}", headers=headers).json()
    assert (shown["posId"], shown["customerId"]) == (pos_id, who.member_id)

    post(house, "/transaction", sale("M1", buyer={"name": "X"}), headers)
    row = (
        "<matchCustomer>{}<transactionDocumentNumber>{}</transactionDocumentNumber></matchCustomer>"
    )
    card = "<customerLoyaltyCardNumber>9</customerLoyaltyCardNumber>"
    rows = [row.format(card, "M1"), row.format(card, "M1"), row.format("", "M1")]
    matched = send(house, MATCHES, file("matchCustomers", *rows), headers).json()
    assert [item["status"] for item in matched["items"]] == ["success", "error", "error"]
    message = "Processing exception: Customer is already assigned to this transaction"
    assert matched["items"][1] == {"status": "error", "message": message, "identifier": "M1"}


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
HOSTILE = [
    (b"", "invalid"),
    (b"hello", "invalid"),
    (b"\xff\xfe\x00", "invalid"),
    (file("customers", customer("a@example.com", "1"))[:-20], "broken half-way"),
    (file("customers", customer("a@example.com", "1"), "<customer><a></customer>"), "broken"),
    (f'<!DOCTYPE x [<!ENTITY l0 "lol">{LAUGHS}]><customers>&l9;</customers>'.encode(), "laughs"),
    (b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><customers>&e;</customers>', "XXE"),
    (b'<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd"><customers/>', "external type"),
    (b"<customers><customer><firstName>&nothing;</firstName></customer></customers>", "entity"),
    (file("people", customer("a@example.com", "1")), "another root"),
    (file("customers", customer("a@example.com", "1"), "<other/>"), "another row"),
    (file("customers", "text"), "text between rows"),
]


@pytest.mark.parametrize(("content", "why"), HOSTILE, ids=[why for _, why in HOSTILE])
def test_a_file_that_is_no_good_has_no_effect_at_all(house, content, why):
    headers = permanent(house)
    before = len(decided(house, headers))
    reply = send(house, CUSTOMERS, content, headers)
    assert (reply.status, list(reply.json())) == (400, ["error"]), why
    assert b"root:" not in reply.body
    assert len(decided(house, headers)) == before
    assert house.call("GET", "/api/import", headers=headers).json() == {"imports": [], "total": 0}


def test_what_is_too_large_is_refused_before_anything_happens(house, monkeypatch):
    headers = permanent(house)
    monkeypatch.setattr(limits, "import_rows_max", 2)
    good = [customer(f"{n}@example.com", str(n)) for n in range(3)]
    wide = "<customer>" + "".join(f"<a{n}/>" for n in range(20_000)) + "</customer>"
    for rows in (good, [wide]):
        assert send(house, CUSTOMERS, file("customers", *rows), headers).status == 413
    monkeypatch.setattr(limits, "import_bytes_max", 100)
    assert send(house, CUSTOMERS, file("customers", *good[:1]), headers).status == 413
    assert named(house, "0@example.com") is None


def test_what_is_wrong_in_one_row_stops_no_other(house):
    odd = {
        "a name is given twice": "<a>1</a><a>2</a>",
        "there is text between its fields": "<a/>1",
        "it is too deep": "<a>" * 20 + "</a>" * 20,
        "a field is too long": f"<firstName>{'x' * 9_000}</firstName>",
    }
    rows = [f"<customer>{fields}</customer>" for fields in odd.values()]
    rows.insert(2, customer("a@example.com", "1"))
    reply = send(house, CUSTOMERS, file("customers", *rows), permanent(house)).json()
    assert (reply["totalSuccess"], reply["totalFailed"]) == (1, 4)
    del reply["items"][2]
    assert reply["items"] == [
        {"status": "error", "message": f"Convert exception: {reason}", "identifier": ""}
        for reason in odd
    ]
    assert named(house, "a@example.com") is not None


def test_only_administrators_import_and_only_a_file(house):
    headers = permanent(house)
    assert send(house, CUSTOMERS, file("customers"), {}).status == 401
    wrong = send(house, CUSTOMERS, file("customers"), headers, name="other")
    assert wrong.status == 400
    assert wrong.json()["form"]["children"]["file"] == {
        "errors": ["This value should not be blank."]
    }
    slip = ["file[file]=C:\\fakepath\\customers.xml"]
    assert post(house, CUSTOMERS, slip, headers).status == 400
    empty = send(house, CUSTOMERS, file("customers"), headers).json()
    assert empty == {"items": [], "totalProcessed": 0, "totalSuccess": 0, "totalFailed": 0}


def test_the_same_file_again_counts_nothing_twice(house, monkeypatch):
    headers = permanent(house)
    who = house.member(("card", "9"))
    row = (
        "<pointsTransfer><customerLoyaltyCardNumber>9</customerLoyaltyCardNumber>"
        "<points>1</points><type>adding</type><comment>{}</comment></pointsTransfer>"
    )
    content = file("pointsTransfers", *(row.format(n) for n in range(20)))
    monkeypatch.setattr(limits, "import_group_rows", 3)
    execute, seen = house.engine.execute, []

    async def cut_off(command):
        if isinstance(command, ImportRow):
            seen.append(command.place)
            if command.place >= 10:
                raise StoreBusy
        return await execute(command)

    monkeypatch.setattr(house.engine, "execute", cut_off)
    assert send(house, POINTS, content, headers).status == 503
    assert balance(house, who.number) == 10_00
    assert max(seen) < 19
    monkeypatch.setattr(house.engine, "execute", execute)
    (cut,) = house.call("GET", "/api/import", headers=headers).json()["imports"]
    assert (cut["totalRows"], cut["totalProcessed"], cut["finishedAt"]) == (20, 10, None)

    first, again = at_once(house, POINTS, content, headers)
    assert first.json() == again.json()
    assert first.json()["totalSuccess"] == 20
    assert balance(house, who.number) == 20_00
    (through,) = house.call("GET", "/api/DEFAULT/import", headers=headers).json()["imports"]
    shown = house.call(
        "GET", f"/api/import/{through['importId']}?perPage=2&page=10", headers=headers
    ).json()
    assert [item["row"] for item in shown["items"]] == [19, 20]
    assert shown["kind"] == "points"
    assert shown["totalSuccess"] == 20
    assert shown["finishedAt"]
    other = permanent(house, tenant_id=house.tenant("second"))
    assert house.call("GET", f"/api/import/{through['importId']}", headers=other).status == 404
    assert house.call("GET", "/api/import/x", headers=headers).status == 404
    foreign = send(house, POINTS, content, other).json()
    assert foreign["totalFailed"] == 20


def test_what_became_of_rows_is_forgotten_after_a_while(house, monkeypatch):
    headers = permanent(house)
    send(house, CUSTOMERS, file("customers", customer("a@example.com", "1")), headers)
    house.settle()
    (kept,) = house.call("GET", "/api/import", headers=headers).json()["imports"]
    every = {"tenant_id": house.tenant_id, "import_id": kept["importId"], "place": 0, "limit": 9}
    assert len(house.read(lambda rows: rows.all("file_import_rows", **every))) == 1
    monkeypatch.setattr(limits, "import_days", -1)
    house.settle()
    assert house.call("GET", "/api/import", headers=headers).json()["total"] == 0
    assert house.read(lambda rows: rows.all("file_import_rows", **every)) == []
