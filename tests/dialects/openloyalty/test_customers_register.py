"""Registering: by an administrator, by a seller, by oneself; what is decided and in which order."""

import signal

import pytest

from dialects.openloyalty import crowd
from dialects.openloyalty.crowd import JOHN, WHOLE, code_in, enrol, errors, get, level, post, sent
from dialects.openloyalty.session import StillClock
from dialects.openloyalty.test_imports import CUSTOMERS, customer, file, send
from dialects.openloyalty.till import seller, token
from guerdon import limits
from guerdon.dialects.openloyalty import tokens
from guerdon.store import members, standing

USER = "OpenLoyalty.Domain.User.Event."


@pytest.fixture
def admin(house):
    return crowd.permanent(house)


def decided(house, headers, after=0):
    found = crowd.decided(house, headers, "OpenLoyalty.*")[after:]
    return [name for name, _, _ in found], {name: payload for name, _, payload in found}


def test_an_administrators_registration_decides_in_the_documented_order(house, admin):
    level_id = level(house)
    reply = post(house, "/DEFAULT/admin/customer/register", WHOLE, admin)
    assert reply.status == 200, reply.body
    member_id = reply.json()["customerId"]
    assert reply.json() == {"customerId": member_id, "email": "john3@example.com"}
    names, payloads = decided(house, admin)
    assert [name for name in names if name != "CustomerInvitationTokenWasCreated"] == [
        "CustomerWasRegistered",
        "AccountWasCreated",
        "AssignedAccountToCustomer",
        "CustomerWasAssignedToStore",
        "AccountWasAssignedToStore",
        "CustomerWasMovedToLevel",
        "CustomerAddressWasUpdated",
        "CustomerCompanyDetailsWereUpdated",
        "CustomerLoyaltyCardNumberWasUpdated",
        "CustomerWasActivated",
    ]
    who = {"customerId": member_id}
    address = {
        "street": "Street",
        "postal": "00-000",
        "city": "Wroclaw",
        "province": "Dolnoslaskie",
        "country": "Poland",
    }
    company = {"name": "Company name", "nip": "111-222-33-44"}
    moment = payloads["CustomerWasRegistered"]["updateAt"]
    assert payloads["CustomerWasRegistered"] == {
        "customerId": who,
        "customerData": {
            "firstName": "John",
            "lastName": "Kowalski",
            "email": "john3@example.com",
            "phone": "000000004000",
            "birthDate": "1990-01-01T00:00:00+00:00",
            "address": address,
            "company": company,
            "loyaltyCardNumber": "00000000000000002",
            "agreement1": True,
            "agreement2": True,
            "agreement3": True,
        },
        "updateAt": moment,
    }
    assert payloads["CustomerWasMovedToLevel"]["levelId"] == {"levelId": level_id}
    assert payloads["CustomerAddressWasUpdated"] == {
        "customerId": who,
        "addressData": address,
        "updateAt": moment,
    }
    assert payloads["CustomerCompanyDetailsWereUpdated"] == {
        "customerId": who,
        "companyData": company,
        "updateAt": moment,
    }
    assert payloads["CustomerLoyaltyCardNumberWasUpdated"] == {
        "customerId": who,
        "cardNumber": "00000000000000002",
        "updateAt": moment,
    }
    assert payloads["CustomerWasActivated"] == {"customerId": who, "activatedAt": moment}


def test_a_registration_assigns_the_place_the_level_and_the_seller_of_the_form(house, admin):
    level(house)
    chosen, pos_id = level(house, "level1", 20), crowd.pos(house)
    body = {"firstName": "S", "lastName": "S", "email": "s@example.com"}
    seller_id = crowd.define(house, "Seller", body)
    enrol(house, admin, levelId=chosen, posId=pos_id, sellerId=seller_id, phone=None)
    names, payloads = decided(house, admin)
    tail = [name for name in names if name != "CustomerInvitationTokenWasCreated"][5:]
    assert tail == [
        "CustomerWasMovedToLevel",
        "PosWasAssignedToCustomer",
        "CustomerWasMovedToLevel",
        "SellerWasAssignedToCustomer",
        "CustomerWasActivated",
    ]
    who = payloads["CustomerWasRegistered"]["customerId"]
    moment = payloads["CustomerWasRegistered"]["updateAt"]
    data = payloads["CustomerWasRegistered"]["customerData"]
    assert (data["levelId"], data["posId"], data["sellerId"]) == (chosen, pos_id, seller_id)
    assert payloads["PosWasAssignedToCustomer"] == {
        "customerId": who,
        "posId": {"posId": pos_id},
        "updateAt": moment,
    }
    assert payloads["SellerWasAssignedToCustomer"] == {
        "customerId": who,
        "sellerId": {"sellerId": seller_id},
        "updateAt": moment,
    }
    assert payloads["CustomerWasMovedToLevel"]["manually"] is True


def test_a_form_with_nothing_in_it_names_every_documented_field(house, admin):
    reply = post(house, "/DEFAULT/customer/register", ["customer[x]="], admin)
    assert reply.status == 400
    tree = reply.json()
    assert tree["errors"] == []
    assert set(tree["form"]["children"]) == {
        "firstName",
        "lastName",
        "gender",
        "email",
        "phone",
        "birthDate",
        "createdAt",
        "address",
        "company",
        "loyaltyCardNumber",
        "labels",
        "agreement1",
        "agreement2",
        "agreement3",
        "referral_customer_email",
        "levelId",
        "posId",
        "sellerId",
    }
    assert set(tree["form"]["children"]["address"]["children"]) == {
        "street",
        "address1",
        "address2",
        "postal",
        "city",
        "province",
        "country",
    }
    assert set(tree["form"]["children"]["company"]["children"]) == {"name", "nip"}
    blank = ["This value should not be blank."]
    assert errors(reply) == {
        "firstName": blank,
        "lastName": blank,
        "email": blank,
        "agreement1": ["This value should be true."],
    }


def test_what_is_wrong_is_said_beside_each_field_at_once(house, admin):
    level(house)
    enrol(house, admin, loyaltyCardNumber="7")
    wrong = {
        "email": "JOHN4@example.com",
        "phone": "000000005000",
        "loyaltyCardNumber": "7",
        "gender": "robot",
        "birthDate": "1990-13-01",
        "levelId": "00000000-0000-0000-0000-000000000000",
        "posId": "x",
        "sellerId": "00000000-0000-0000-0000-000000000000",
        "labels": "colour",
        "firstName": "x" * 256,
        "lastName": "K",
        "agreement1": 0,
    }
    reply = post(house, "/customer/register", {"customer": wrong}, admin)
    assert set(errors(reply)) == set(wrong) - {"lastName"}
    used = ["This value is already used."]
    found = errors(reply)
    assert (found["email"], found["phone"], found["loyaltyCardNumber"]) == (used, used, used)
    for phone in ("+440000000", "12", "abc", "+0123456789", "1" * 16):
        reply = post(house, "/customer/register", [*JOHN[:3], f"customer[phone]={phone}"], admin)
        assert errors(reply)["phone"] == ["This value is not a valid phone number."], phone
    reply = post(house, "/customer/register", {"customer": {"email": "no at sign"}}, admin)
    assert errors(reply)["email"] == ["This value is not a valid email address."]
    assert len([name for name in decided(house, admin)[0] if name == "CustomerWasRegistered"]) == 1


def test_labels_of_nothing_but_blanks_are_refused_at_once(house):
    def given_up(*_):
        raise TimeoutError("what is at stake are minutes of a processor, which serves nobody else")

    wrong = {"labels": "\t" * (limits.string_chars_max - 1) + "x"}
    before = signal.signal(signal.SIGALRM, given_up)
    signal.alarm(60)
    reply = post(house, "/customer/self_register", {"customer": wrong}, {})
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)
    assert errors(reply)["labels"] == ["This value is not valid."]


def test_labels_may_have_blanks_around_them_and_colons_in_their_values(house, admin):
    member_id = enrol(house, admin, labels=" colour : dark : red ; size:;")
    assert get(house, f"/customer/{member_id}", admin)["labels"] == [
        {"key": "colour", "value": "dark : red"},
        {"key": "size", "value": ""},
    ]


def test_where_no_level_begins_at_nothing_nobody_is_registered(house, admin):
    enrol(house, admin)  # a programme without levels takes anybody
    level(house, "level1", 20)
    fields = [*JOHN[:2], "customer[email]=b@example.com", "customer[agreement1]=1"]
    assert set(errors(post(house, "/customer/register", fields, admin))) == {"levelId"}
    level(house)
    reply = post(house, "/customer/register", fields, admin)
    assert reply.status == 200
    shown = get(house, f"/customer/{reply.json()['customerId']}", admin)
    assert shown["gender"] == "not_disclosed"


def test_nobody_is_put_on_a_level_that_is_not_active(house, admin):
    first = level(house)
    gone = crowd.define(house, "Level", {"name": "gone", "conditionValue": 20}, active=False)
    refusal = {"levelId": ["The level is not active."]}
    reply = post(house, "/customer/register", [*JOHN, f"customer[levelId]={gone}"], admin)
    assert errors(reply) == refusal
    assert decided(house, admin)[0] == []
    member_id = enrol(house, admin)
    after = len(decided(house, admin)[0])
    fields = [f"customer[levelId]={gone}", "customer[lastName]=Nowak"]
    assert errors(post(house, f"/customer/{member_id}", fields, admin, "PUT")) == refusal
    row = customer("i@example.com", "7").replace("</email>", f"</email><levelID>{gone}</levelID>")
    (item,) = send(house, CUSTOMERS, file("customers", row), admin).json()["items"]
    assert (item["status"], "The level is not active." in item["message"]) == ("error", True)
    assert decided(house, admin, after)[0] == []
    assert get(house, f"/customer/{member_id}", admin)["levelId"] == first


def test_the_same_address_at_once_registers_one(house, admin):
    level(house)
    first = post(house, "/customer/register", JOHN, admin)
    second = post(house, "/customer/register", [*JOHN[:3], "customer[agreement1]=1"], admin)
    assert (first.status, set(errors(second))) == (200, {"email"})
    other = house.tenant("other")
    there = crowd.permanent(house, tenant_id=other)
    assert post(house, "/customer/register", JOHN, there).status == 200


def test_a_registration_sent_again_with_its_key_registers_one(house, admin):
    level(house)
    keyed = {**admin, "idempotency-key": "first"}
    first, second = (post(house, "/customer/register", JOHN, keyed) for _ in range(2))
    assert (first.status, second.status, second.body) == (200, 200, first.body)
    keyed["idempotency-key"] = "second"
    used = ["This value is already used."]
    found = errors(post(house, "/customer/register", JOHN, keyed))
    assert found == {"email": used, "phone": used}


def test_whoever_registers_alone_is_active_once_the_token_comes_back(house, admin):
    level(house)
    fields = [*JOHN, "customer[plainPassword]=example123!", "customer[agreement2]=1"]
    reply = post(house, "/DEFAULT/customer/self_register", fields, {})
    assert reply.status == 200, reply.body
    member_id = reply.json()["customerId"]
    assert "CustomerWasActivated" not in decided(house, admin)[0]
    assert not log_in(house, "john4@example.com")
    ((kind, target, body),) = sent(house)
    assert (kind, target) == ("mail", "john4@example.com")
    token = code_in(body)
    assert len(token) == 20
    assert int(token, 16)
    assert house.call("POST", "/api/customer/activate/abcde").status == 404
    path = f"/api/DEFAULT/customer/activate/{token}"
    reply = house.call("POST", path)
    assert (reply.status, reply.body) == (200, b"")
    assert house.call("POST", path).status == 404
    names, payloads = decided(house, admin)
    assert names.count("CustomerWasActivated") == 1
    assert payloads["CustomerWasActivated"]["customerId"] == {"customerId": member_id}
    assert "plainPassword" not in payloads["CustomerWasRegistered"]["customerData"]
    assert not log_in(house, "john4@example.com", "wrong1234")
    for name in ("john4@example.com", "John4@example.com", "000000005000"):
        assert log_in(house, name), name
    own = [name for name, _, _ in crowd.decided(house, admin, "Guerdon.Member.*")]
    assert own.count("NewsletterWasSubscribed") == 1
    assert own.count("MemberLoggedIn") == 3


def log_in(house, name, password="example123!"):
    fields = [f"_username={name}", f"_password={password}"]
    reply = post(house, "/customer/login_check", fields, {})
    return reply.status == 200


def test_what_nobody_may_see_stands_in_no_answer(house, admin):
    level(house)
    post(house, "/customer/self_register", [*JOHN, "customer[plainPassword]=example123!"], {})
    token = code_in(sent(house)[0][2])
    journal = str(crowd.decided(house, admin))
    assert "argon2" not in journal
    assert token not in journal
    secrets = [
        payload["secret"]
        for name, _, payload in crowd.decided(house, admin, "Guerdon.Member.*")
        if name in ("PasswordWasChanged", "TokenWasIssued")
    ]
    assert secrets == [{}, {}]
    stored = house.read(lambda rows: rows.one("credential", tenant_id=house.tenant_id, number=1))
    assert b"argon2" not in bytes(stored[0])


def test_a_weak_password_or_no_consent_registers_nobody_alone(house):
    fields = [*JOHN[:4], "customer[plainPassword]=short"]
    reply = post(house, "/customer/self_register", fields, {})
    assert set(errors(reply)) == {"plainPassword", "agreement1"}
    assert set(errors(post(house, "/customer/self_register", JOHN, {}))) == {"plainPassword"}


def test_activation_by_sms_sends_a_code_to_the_phone(house, admin):
    level(house)
    house.setting("members.activation_method", "sms")
    fields = [*JOHN[:2], *JOHN[3:], "customer[plainPassword]=example123!"]
    assert set(errors(post(house, "/customer/self_register", [JOHN[0]], {}))) >= {"phone"}
    member_id = post(house, "/customer/self_register", fields, {}).json()["customerId"]
    ((kind, target, body),) = sent(house)
    first = code_in(body)
    assert (kind, target, len(first)) == ("sms", "000000005000", 6)
    again = "/customer/customer-phone/send-sms-code"
    assert post(house, again, ["phone=000000005000"], {}).status == 200
    assert post(house, again, ["phone=99999"], {}).status == 200  # nobody is told who exists
    ((_, _, body),) = sent(house)
    second = code_in(body)
    assert house.call("POST", f"/api/customer/activate-sms/{first}").status == 404
    reply = house.call("POST", f"/api/DEFAULT/customer/activate-sms/{second}")
    assert (reply.status, reply.body) == (204, b"")
    assert get(house, f"/customer/{member_id}", admin)["active"] is True
    reply = house.call("POST", f"/api/admin/customer/{member_id}/send-sms-code", headers=admin)
    assert reply.status == 400
    assert set(reply.json()) == {"error"}


@pytest.mark.parametrize("is_member", [False, True])
def test_nobody_has_letters_sent_to_others_without_end(house, admin, is_member):
    level(house)
    house.clock = house.engine.clock = StillClock()
    member_id = enrol(house, admin, email="me@example.com", phone="500600")
    headers = crowd.customer(house, member_id) if is_member else {}
    path, few = "/customer/self_register", limits.login_failures_per_minute_max
    fields = [*JOHN, "customer[plainPassword]=example123!"]
    tries = [post(house, path, fields, headers).status for _ in range(few + 1)]
    assert tries == [200] + [400] * (few - 1) + [429], "whether a name is taken"
    for number in range(limits.key_failures_per_minute_max - few):
        half = ["customer[firstName]=V", f"customer[email]={number}@example.com"]
        assert post(house, path, half, headers).status == 400
    sent(house)
    others = [line.replace("john4", "other").replace("5000", "6000") for line in fields]
    assert post(house, path, others, headers).status == 429
    assert sent(house) == []
    # A shop that registers its visitors has a credential.
    assert post(house, path, others, admin).status == 200


def test_a_gateway_is_told_of_sms_by_a_webhook(house, admin):
    house.setting("members.activation_method", "sms")
    house.setting("members.sms_url", "https://sms.example.com/send")
    fields = [*JOHN, "customer[plainPassword]=example123!"]
    assert post(house, "/customer/self_register", fields, {}).status == 200
    ((kind, target, body),) = sent(house)
    assert (kind, target) == ("webhook", "https://sms.example.com/send")
    assert '"to":"000000005000"' in body


def test_a_seller_registers_whom_he_looks_after(house, admin):
    level(house)
    headers = seller(house)
    fields = [
        "customer[firstName]=Lady",
        "customer[lastName]=Mini",
        "customer[email]=user@example.com",
        "customer[gender]=female",
        "customer[agreement1]=1",
    ]
    path = "/DEFAULT/seller/customer/register"
    reply = post(house, path, fields, headers)
    assert reply.status == 200
    assert reply.json()["email"] == "user@example.com"
    shown = get(house, f"/customer/{reply.json()['customerId']}", admin)
    assert shown["active"] is True
    assert shown["sellerId"]
    assert post(house, path, fields, admin).status == 403
    again = enrol(house, headers, path="/customer/register", email="c@example.com")
    assert get(house, f"/customer/{again}", admin)["sellerId"] == shown["sellerId"]
    house.setting("members.activation_method", "sms")
    member_id = enrol(house, headers, path=path, email="b@example.com", phone="500600700")
    assert get(house, f"/customer/{member_id}", admin)["active"] is False
    path = f"/api/DEFAULT/seller/customer/{member_id}/send-sms-code"
    assert house.call("POST", path, headers=headers).status == 200
    assert [target for _, target, _ in sent(house, "sms")] == ["500600700", "500600700"]


def test_whom_a_seller_registers_belongs_to_his_point_of_sale(house, admin):
    level(house)
    his, another = crowd.pos(house, "his"), crowd.pos(house, "another")
    body = {"firstName": "S", "lastName": "S", "email": "s@example.com", "posId": his}
    headers = token(house, tokens.SELLER, crowd.define(house, "Seller", body))
    for path in ("/seller/customer/register", "/customer/register"):
        member_id = enrol(house, headers, path=path, email=f"{len(path)}@example.com", phone=None)
        shown = get(house, f"/customer/{member_id}", admin)
        assert (shown["posId"], shown["posIdentifier"]) == (his, "his"), path
    names, payloads = decided(house, admin)
    assert names.count("PosWasAssignedToCustomer") == 2
    assert payloads["PosWasAssignedToCustomer"]["posId"] == {"posId": his}
    member_id = enrol(house, headers, path="/seller/customer/register", posId=another)
    assert get(house, f"/customer/{member_id}", admin)["posId"] == another


def test_members_that_partners_report_take_part_at_once(house, admin):
    level(house)
    house.member(("external", "u-1"), ("email", "a@example.com"), profile={"firstName": "A"})
    names, _ = decided(house, admin)
    assert "CustomerWasActivated" in names
    number = house.read(lambda rows: members.find(rows, house.tenant_id, "external", "u-1"))
    assert house.read(lambda rows: standing.of(rows, house.tenant_id, number)).is_active
    assert get(house, "/customer?email=a@example.com&strict=1", admin)["total"] == 1


def test_guessing_tokens_is_stopped(house):
    statuses = [
        house.call("POST", f"/api/customer/activate-sms/{code:06}").status for code in range(12)
    ]
    assert statuses[:10] == [404] * 10
    assert statuses[-1] == 429
