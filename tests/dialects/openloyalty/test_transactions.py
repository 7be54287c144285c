"""Transactions as documented: requests, answers, refusals and who may do what."""

import pytest

from dialects.openloyalty.till import (
    CUSTOMER,
    ITEMS,
    back,
    customer,
    decided,
    permanent,
    post,
    sale,
    seller,
)
from guerdon.engine.commands.definitions import Define

DOCUMENTED_SALE = [
    "transaction[items][0][sku][code]=test0101",
    "transaction[items][0][name]=Product+name",
    "transaction[items][0][quantity]=1",
    "transaction[items][0][grossValue]=1500.00",
    "transaction[items][0][category]=Category+Name",
    "transaction[items][0][maker]=Marker+name",
    "transaction[items][0][labels][0][key]=Label+key",
    "transaction[items][0][labels][0][value]=Label+value",
    "transaction[customerData][name]=Firstname+Lastname",
    "transaction[customerData][email]=user@example.com",
    "transaction[customerData][phone]=00000000000000",
    "transaction[customerData][loyaltyCardNumber]=11111111111",
    "transaction[customerData][nip]=00000000000000",
    "transaction[customerData][address][street]=Street+name",
    "transaction[customerData][address][address1]=123",
    "transaction[customerData][address][postal]=00-000",
    "transaction[customerData][address][city]=Wroclaw",
    "transaction[customerData][address][province]=Dolnoslaskie",
    "transaction[customerData][address][country]=PL",
    "transaction[transactionData][documentNumber]=214124124125",
    "transaction[transactionData][purchaseDate]=2019-02-20 09:28",
    "transaction[transactionData][documentType]=sell",
]
DOCUMENTED_SIMULATION = [
    "transaction[items][0][sku][code]=SKU1",
    "transaction[items][0][name]=item+8",
    "transaction[items][0][quantity]=1",
    "transaction[items][0][grossValue]=1",
    "transaction[items][0][category]=aaa",
    "transaction[items][0][maker]=sss",
    "transaction[items][0][labels][0]=labels",
    "transaction[items][0][labels][0][key]=test",
    "transaction[items][0][labels][0][value]=label",
    "transaction[purchaseDate]=2022-02-20T09:45:04+0100",
]


@pytest.fixture
def member(house):
    house.setting("programme.timezone", "Europe/Warsaw")
    return house.member(("email", "user@example.com"), ("card", "7"), ("phone", "555"))


def shown(house, headers, path):
    return house.call("GET", "/api" + path, headers=headers).json()


def numbers(reply):
    return [each["documentNumber"] for each in reply["transactions"]], reply["total"]


def test_a_documented_purchase_is_registered_and_shown_as_documented(house, member):
    headers = permanent(house)
    reply = post(house, "/DEFAULT/transaction", DOCUMENTED_SALE, headers)
    assert (reply.status, list(reply.json())) == (200, ["transactionId"])
    documented = shown(house, headers, f"/transaction/{reply.json()['transactionId']}")
    assert documented["grossValue"] == 1500
    assert documented["purchaseDate"] == "2019-02-20T09:28:00+0100"

    made = post(
        house, "/transaction", sale("456", labels=[{"key": "scan_id", "value": "1"}]), headers
    )
    assert made.status == 200, made.body
    found = shown(house, headers, f"/DEFAULT/transaction/{made.json()['transactionId']}")
    assigned_at = found.pop("assignedToCustomerDate")
    assert assigned_at[10] == "T"
    assert assigned_at[-3] == ":"
    assert found == {
        "grossValue": 3,
        "transactionId": made.json()["transactionId"],
        "documentNumber": "456",
        "purchaseDate": "2018-02-20T09:45:00+0100",
        "purchasePlace": "wroclaw",
        "documentType": "sell",
        "customerId": member.member_id,
        "customerData": CUSTOMER,
        "labels": [{"key": "scan_id", "value": "1"}],
        "items": ITEMS,
        "currency": "eur",
        "pointsEarned": 0,
    }
    listed = shown(house, headers, "/transaction")
    assert numbers(listed) == (["214124124125", "456"], 2)
    labels = shown(house, headers, "/transaction/item/labels")
    assert labels == {"labels": {"Label+key": ["Label+value"], "test": ["label", "label2"]}}
    assert house.call("GET", "/api/transaction/nobody", headers=headers).status == 404


def test_amounts_may_be_sums_of_binary_fractions(house, member):
    headers = permanent(house)
    for number, (gross, shown) in enumerate([(0.1 + 0.2, 0.3), (1.1 + 2.2, 3.3), (1e-05, 0)]):
        items = [{**ITEMS[0], "grossValue": gross}]
        reply = post(house, "/transaction", sale(f"sum{number}", items=items), headers)
        assert reply.status == 200, reply.body
        made = f"/api/transaction/{reply.json()['transactionId']}"
        assert house.call("GET", made, headers=headers).json()["grossValue"] == shown


def test_what_is_wrong_with_a_purchase_is_said_beside_the_field(house, member):
    headers = permanent(house)
    post(house, "/transaction", sale("1"), headers)
    post(house, "/transaction", back("2", "1"), headers)
    house.member(("email", "other@example.com"))
    used, invalid = "This value is already used.", "This value is not valid."

    def errors_of(form):
        reply = post(house, "/transaction", form, headers)
        assert reply.status == 400, reply.body
        assert list(reply.json()) == ["form", "errors"]
        return reply.json()["form"]["children"]

    assert errors_of(sale("1"))["transactionData"]["children"]["documentNumber"]["errors"] == [used]
    unknown = "00000000-0000-474c-1111-b0dd880c07e2"
    assert errors_of(sale("3", pos=unknown))["pos"] == {"errors": [invalid]}
    assert errors_of(back("3", "2"))["revisedDocument"] == {"errors": [invalid]}
    assert errors_of(back("3", ""))["revisedDocument"] == {
        "errors": ["This value should not be blank."]
    }
    somebody = {**CUSTOMER, "email": "other@example.com"}
    assert "errors" in errors_of(back("3", "1", buyer=somebody))["revisedDocument"]
    assert "errors" in errors_of(sale("3", items=[]))["items"]
    assert "errors" in errors_of(sale("3", items=[{**ITEMS[0], "grossValue": -1}]))["items"]
    house.setting("purchases.returns", value=False)
    wrong = errors_of(back("3", "1"))["transactionData"]["children"]
    assert wrong["documentType"] == {"errors": ["Returns are not enabled"]}
    blank = errors_of({"transaction": {}})
    assert blank["transactionData"]["children"] == {
        "documentType": {},
        "documentNumber": {"errors": ["This value should not be blank."]},
        "purchaseDate": {"errors": ["This value should not be blank."]},
        "purchasePlace": {},
    }
    assert set(blank) == {
        "transactionData",
        "revisedDocument",
        "items",
        "customerData",
        "pos",
        "labels",
    }
    assert numbers(shown(house, headers, "/transaction")) == (["1", "2"], 2)


def test_quantities_may_be_written_as_shops_write_them(house, member):
    headers = permanent(house)
    for quantity, status in (("2.0000", 200), ("2.5", 400), ("2.", 400)):
        items = [{**ITEMS[0], "quantity": quantity}]
        reply = post(house, "/transaction", sale(f"Q{quantity}", items=items), headers)
        assert reply.status == status, quantity
    assert shown(house, headers, "/transaction")["transactions"][0]["items"][0]["quantity"] == 2


def test_a_return_of_a_purchase_that_nobody_registered_is_kept(house, member):
    headers = permanent(house)
    reply = post(house, "/transaction", back("R", "revised test"), headers)
    assert reply.status == 200, reply.body
    made = shown(house, headers, f"/transaction/{reply.json()['transactionId']}")
    assert (made["documentType"], made["revisedDocument"]) == ("return", "revised test")
    assert made["customerId"] == member.member_id


def test_a_purchase_of_nobody_known_is_assigned_once(house, member):
    headers = permanent(house)
    for number in "abcd":
        post(house, "/transaction", sale(number, buyer={"name": "X"}), headers)
    assert "customerId" not in shown(house, headers, "/transaction")["transactions"][0]
    sellers = seller(house)

    def assign(document, headers, path="/admin", **who):
        form = {"assign": {"transactionDocumentNumber": document, **who}}
        return post(house, f"/DEFAULT{path}/transaction/customer/assign", form, headers)

    assert list(assign("a", headers, customerId=member.member_id).json()) == ["transactionId"]
    assert assign("b", headers, customerLoyaltyCardNumber="7").status == 200
    assert assign("c", sellers, "/pos", customerPhoneNumber="555").status == 200
    me = customer(house, member.member_id)
    assert assign("d", me, "/customer").status == 200
    again = assign("d", headers, customerPhoneNumber="555")
    message = "Customer is already assigned to this transaction"
    assert (again.status, again.json()) == (
        400,
        {
            "form": {
                "children": {
                    "customerId": {},
                    "customerLoyaltyCardNumber": {},
                    "customerPhoneNumber": {},
                    "transactionDocumentNumber": {"errors": [message]},
                }
            },
            "errors": [],
        },
    )
    unknown = assign("d", headers, customerPhoneNumber="556").json()["form"]["children"]
    assert "errors" in unknown["customerPhoneNumber"]
    assert assign("nothing", headers, customerPhoneNumber="555").status == 400
    assert assign("d", headers).status == 400
    assert assign("d", me).status == 403
    mine = shown(house, me, "/customer/transaction")
    assert numbers(mine) == (["a", "b", "c", "d"], 4)


def test_labels_are_replaced_by_administrators_and_added_to_by_their_customer(house, member):
    headers, me = permanent(house), customer(house, member.member_id)
    other = customer(house, house.member(("email", "b@example.com")).member_id)
    first = {"key": "scan_id", "value": "1"}
    made = post(house, "/transaction", sale("1", labels=[first]), headers).json()["transactionId"]
    slip = [
        f"transaction_labels[transactionId]={made}",
        "transaction_labels[label][0][key]=some label",
        "transaction_labels[label][0][value]=some value",
    ]
    reply = post(house, "/DEFAULT/admin/transaction/labels", slip, headers)
    assert (reply.status, reply.json()) == (200, {"transactionId": made})
    for name in ("transactionDocumentNumber", "transactionDocumentNumebr"):
        added = [f"append[{name}]=1", f"append[labels][0][key]={name}"]
        added.append("append[labels][0][value]=v")
        path = "/DEFAULT/customer/transaction/labels/append"
        assert post(house, path, added, me, "PUT").json() == {"transactionId": made}
        assert post(house, path, added, other, "PUT").status == 400
        assert post(house, path, added, headers, "PUT").status == 403
    labels = shown(house, headers, f"/transaction/{made}")["labels"]
    assert [label["key"] for label in labels] == [
        "some label",
        "transactionDocumentNumber",
        "transactionDocumentNumebr",
    ]
    gone = {"transaction_labels": {"transactionId": member.member_id, "labels": []}}
    assert post(house, "/admin/transaction/labels", gone, headers).status == 400
    by_label = "/transaction?labels[0][key]=some+label&labels[0][value]=some+value"
    assert numbers(shown(house, headers, by_label)) == (["1"], 1)
    assert numbers(shown(house, headers, by_label + "s")) == ([], 0)
    for asked, found in (
        ("labels[0][key]=some+label", 1),
        ("labels[0][value]=some+value", 1),
        ("labels[0][key]=some+label&labels[1][value]=v", 1),
        ("labels[0][key]=some+label&labels[1][value]=other", 0),
        ("labels[0][key]=some", 0),
        ("labels[0][value]=value", 0),
    ):
        assert shown(house, headers, f"/transaction?{asked}")["total"] == found, asked
    path = "/api/transaction?labels[0][key]="
    assert house.call("GET", path, headers=headers).status == 400


def test_a_last_day_on_which_clocks_are_changed_is_listed_to_its_end_and_no_further(house):
    headers = permanent(house)
    house.setting("programme.timezone", "Europe/Warsaw")
    for number, moment in (("short", "2018-03-26 00:30"), ("long", "2018-10-28 23:30")):
        late = sale(number)
        late["transaction"]["transactionData"]["purchaseDate"] = moment
        assert post(house, "/transaction", late, headers).status == 200

    def until(day):
        return numbers(shown(house, headers, f"/transaction?purchaseDateTo={day}"))[0]

    assert until("2018-03-25") == []
    assert until("2018-03-26") == ["short"]
    assert until("2018-10-28") == ["short", "long"]


def test_lists_are_filtered_sorted_and_paged(house, member):
    headers, sellers = permanent(house), seller(house)
    pos = house.execute(Define(house.tenant_id, 0, "Pos", '{"name":"p"}')).definition_id
    dear = [{**ITEMS[0], "grossValue": "12.5"}]
    post(house, "/transaction", sale("R1/a", pos=pos), headers)
    post(house, "/transaction", sale("R2/b", buyer={"name": "Zoë", "phone": "9"}), headers)
    late = sale("R3/b", items=dear)
    late["transaction"]["transactionData"].update(purchaseDate="2020-01-02T23:00:00+01:00")
    post(house, "/transaction", late, headers)
    post(house, "/transaction", back("R4", "R1/a"), headers)

    def asked(query, path="/transaction", headers=headers):
        return numbers(shown(house, headers, f"/DEFAULT{path}?{query}"))

    assert asked("documentNumber=b") == (["R2/b", "R3/b"], 2)
    assert asked("documentType=return") == (["R4"], 1)
    assert asked("documentType=sell&direction=DESC") == (["R3/b", "R2/b", "R1/a"], 3)
    assert asked(f"posId={pos}") == (["R1/a"], 1)
    assert asked("customerData_name=zoë") == (["R2/b"], 1)
    assert asked("customerData_phone=9&customerData_name=o") == (["R2/b"], 1)
    assert asked("customerData_email=USER@") == (["R1/a", "R3/b", "R4"], 3)
    assert asked("customerData_loyaltyCardNumber=sa2222&perPage=1&page=2") == (["R3/b"], 3)
    assert asked(f"customerId={member.member_id}") == (["R1/a", "R3/b", "R4"], 3)
    assert asked("customerId=nobody") == ([], 0)
    assert asked("purchaseDateFrom=2018-02-21") == (["R3/b"], 1)
    assert asked("purchaseDateTo=2018-02-20") == (["R1/a", "R2/b", "R4"], 3)
    assert asked("grossValueFrom=3.01&grossValueTo=12.5") == (["R3/b"], 1)
    assert asked("sort=purchaseDate&direction=desc&perPage=1") == (["R3/b"], 4)
    assert asked("sort=documentNumber&direction=desc")[0] == ["R4", "R3/b", "R2/b", "R1/a"]
    assert asked("sort=grossValue&direction=desc&perPage=1")[0] == ["R3/b"]
    assert asked("direction=desc&perPage=2") == (["R4", "R3/b"], 4)
    for wrong in ("sort=secret", "documentType=x", "grossValueFrom=x", "purchaseDateTo=x"):
        assert house.call("GET", f"/api/transaction?{wrong}", headers=headers).status == 400
    path = f"/seller/transaction/customer/{member.member_id}"
    assert asked("documentNumber=R3", path, sellers) == (["R3/b"], 1)
    assert asked("", "/seller/transaction", sellers)[1] == 4
    assert asked("", "/seller/transaction/R4", sellers) == (["R4"], 1)
    assert asked("", "/seller/transaction/R1%2Fa", sellers) == (["R1/a"], 1)
    assert asked("", "/seller/transaction/none", sellers) == ([], 0)
    me = customer(house, member.member_id)
    assert asked("documentType=sell", "/customer/transaction", me) == (["R1/a", "R3/b"], 2)
    theirs = f"customerId={member.member_id}&documentType=sell"
    assert asked(theirs, "/customer/transaction") == (["R1/a", "R3/b"], 2)


def test_customers_see_their_own_and_nobody_elses(house, member):
    headers = permanent(house)
    other = house.member(("email", "b@example.com"))
    made = post(house, "/transaction", sale("1"), headers).json()["transactionId"]
    me, them = customer(house, member.member_id), customer(house, other.member_id)
    path = f"/api/DEFAULT/customer/transaction/{made}"
    assert house.call("GET", path, headers=me).json()["transactionId"] == made
    assert house.call("GET", path, headers=them).status == 403
    assert house.call("GET", path.replace(made, other.member_id), headers=them).status == 404
    assert numbers(shown(house, them, "/customer/transaction")) == ([], 0)
    for target in ("/api/transaction", f"/api/transaction/{made}", "/api/seller/transaction"):
        assert house.call("GET", target, headers=me).status == 403
        assert house.call("GET", target).status == 401
    second = house.tenant("second")
    foreign = permanent(house, tenant_id=second)
    assert house.call("GET", f"/api/transaction/{made}", headers=foreign).status == 404
    assert numbers(shown(house, foreign, "/transaction")) == ([], 0)
    assert post(house, "/transaction", sale("1"), foreign).status == 200
    assert numbers(shown(house, headers, "/transaction")) == (["1"], 1)


def test_a_simulation_tells_points_and_records_nothing(house, member):
    headers = permanent(house)
    before = len(decided(house, headers))
    reply = post(house, "/DEFAULT/transaction/simulate", DOCUMENTED_SIMULATION, headers)
    assert (reply.status, reply.json()) == (200, {"points": 0})
    assert len(decided(house, headers)) == before
    assert post(house, "/transaction/simulate", {"transaction": {}}, headers).status == 400
