"""Passwords as documented: changed by who knows the old one, reset by who was sent a token."""

import io
import json
import re
from types import SimpleNamespace

import pytest

from dialects.openloyalty.crowd import code_in, enrol, level
from dialects.openloyalty.crowd import sent as letters
from dialects.openloyalty.session import JSON, StillClock, bearer
from dialects.openloyalty.staff import BLANK, children, everything, get, send
from dialects.openloyalty.till import permanent
from guerdon import limits
from guerdon.dialects.openloyalty import logins
from guerdon.engine import credentials
from guerdon.engine.commands import LeaseDeliveries, SettleDelivery
from guerdon.engine.commands.administrators import DefineAdministrator
from guerdon.engine.commands.credentials import ChangeMemberPassword, ResetMemberPassword
from guerdon.store import members
from guerdon.web import logs, passwords

CHANGE = ["currentPassword=example123!@#", "plainPassword=example321!@#"]
OLD, NEW = "example123!@#", "example321!@#"
NOT_CURRENT = {"errors": ["This value should be the user's current password."]}
DONE = {"success": True}
JOINING = {"firstName": "V", "lastName": "V", "agreement1": 1}


def login(house, kind, username, password, **call):
    body = json.dumps({"_username": username, "_password": password})
    path = f"/api/{kind}/login_check"
    return house.call("POST", path, headers=JSON, body=body, **call)


def refreshed(house, pair):
    return send(house, {}, "/token/refresh", [f"refresh_token={pair['refresh_token']}"]).status


def token_in(letter):
    return max(re.findall(r"[0-9A-Za-z_-]+", letter), key=len)


@pytest.fixture
def people(house):
    """One of each kind, with the password of the documents: (kind, username)."""
    headers = permanent(house)
    level(house)
    enrol(house, headers, email="user@example.com")
    number = house.read(
        lambda rows: members.find(rows, house.tenant_id, "email", "user@example.com")
    )
    house.execute(ChangeMemberPassword(house.tenant_id, 0, number, passwords.password_hash(OLD)))
    location = [f"pos[location][{name}]=x" for name in ("street", "address1", "province")]
    location += [f"pos[location][{name}]=x" for name in ("city", "postal", "country")]
    pos = send(house, headers, "/pos", ["pos[name]=p", "pos[identifier]=p", *location]).json()
    seller = ["firstName=S", "lastName=S", "email=s@example.com", f"posId={pos['posId']}"]
    seller = [f"seller[{name}]={value}" for name, value in (each.split("=") for each in seller)]
    reply = send(house, headers, "/seller/register", [*seller, f"seller[plainPassword]={OLD}"])
    assert reply.status == 200, reply.body
    house.admin("admin", OLD)
    return (("customer", "user@example.com"), ("seller", "s@example.com"), ("admin", "admin"))


def test_everybody_changes_their_own_password(house, people):
    for kind, username in people:
        pair = login(house, kind, username, OLD).json()
        headers = bearer(pair["token"])
        path = f"/DEFAULT/{kind}/password/change"
        wrong = send(house, headers, path, ["currentPassword=shut", CHANGE[1]])
        assert children(wrong) == {"currentPassword": NOT_CURRENT, "plainPassword": {}}
        for short in ("", "seven77"):
            reply = send(house, headers, path, [CHANGE[0], f"plainPassword={short}"])
            assert children(reply)["plainPassword"]["errors"], (kind, short)
        assert refreshed(house, pair) == 200
        reply = send(house, headers, path, CHANGE)
        assert (reply.status, reply.json()) == (200, DONE), kind
        # Whoever was logged in with the old one does not come back by their refresh token.
        assert refreshed(house, pair) == 401, kind
        assert login(house, kind, username, OLD).status == 401
        again = login(house, kind, username, NEW)
        assert again.status == 200, kind
        for other in {"customer", "seller", "admin"} - {kind}:
            others = f"/{other}/password/change"
            assert send(house, bearer(again.json()["token"]), others, CHANGE).status == 403
    system = permanent(house)
    assert send(house, system, "/admin/password/change", CHANGE).status == 403
    assert send(house, {}, "/admin/password/change", CHANGE).status == 401


def test_blanks_at_the_ends_of_a_password_belong_to_it(house, people):
    spaced = "  a long phrase "
    for kind, username in people:
        pair = login(house, kind, username, OLD).json()
        path = f"/{kind}/password/change"
        fields = [f"currentPassword={OLD}", f"plainPassword={spaced}"]
        assert send(house, bearer(pair["token"]), path, fields).status == 200, kind
        assert login(house, kind, username, spaced.strip()).status == 401, kind
        pair = login(house, kind, username, spaced).json()
        fields = [f"currentPassword={spaced}", f"plainPassword={NEW}"]
        assert send(house, bearer(pair["token"]), path, fields).status == 200, kind
    headers = permanent(house)
    seller = {"firstName": "T", "lastName": "T", "email": "t@example.com", "plainPassword": spaced}
    seller["posId"] = get(house, headers, "/pos").json()["pos"][0]["posId"]
    admin = {"email": "u@example.com", "plainPassword": spaced}
    member = {**JOINING, "email": "v@example.com", "plainPassword": spaced}
    for kind, path, root, fields in (
        ("seller", "/seller/register", "seller", {**seller, "active": 1}),
        ("admin", "/admin/data", "admin", {**admin, "isActive": 1}),
        ("customer", "/customer/self_register", "customer", member),
    ):
        lines = [f"{root}[{name}]={value}" for name, value in fields.items()]
        reply = send(house, headers, path, lines)
        assert reply.status == 200, (kind, reply.body)
        if kind == "customer":
            activate = f"/admin/customer/{reply.json()['customerId']}/activate"
            assert send(house, headers, activate, []).status == 200
        assert login(house, kind, fields["email"], spaced).status == 200, kind


def test_a_password_is_set_anew_with_the_token_that_was_sent(house, people, monkeypatch):
    body = json.dumps({"email": "admin@example.com"})
    (admin_id,) = house.read(
        lambda rows: [row[0] for row in rows.all("administrators", tenant_id=house.tenant_id)]
    )
    house.execute(DefineAdministrator(house.tenant_id, 0, body, True, admin_id))
    letters(house)
    for kind, username, address, path in (
        ("admin", "admin", "admin@example.com", "/password/reset/request"),
        (
            "customer",
            "user@example.com",
            "user@example.com",
            "/DEFAULT/customer/password/reset/request",
        ),
    ):
        pair = login(house, kind, username, OLD).json()
        for _ in range(2):
            reply = send(house, {}, path, [f"username={username}"])
            assert (reply.status, reply.json()) == (200, DONE)
        (_, to, first), (_, _, second) = letters(house, "mail")
        assert to == address
        first, second = (token_in(body) for body in (first, second))
        new = f"reset[plainPassword]={NEW}"
        voided = send(house, {}, "/password/reset", [new, f"token={first}"])
        assert (voided.status, list(voided.json())) == (400, ["error"]), "the newer one counts"
        blank = children(send(house, {}, "/password/reset", []))
        assert blank == {"token": BLANK, "reset": {"children": {"plainPassword": BLANK}}}
        reply = send(house, {}, "/password/reset", [new, f"token={second}"])
        assert (reply.status, reply.json()) == (200, DONE), kind
        assert send(house, {}, "/password/reset", [new, f"token={second}"]).status == 400, "once"
        assert refreshed(house, pair) == 401, kind
        assert login(house, kind, username, OLD).status == 401
        assert login(house, kind, username, NEW).status == 200, kind
        # One that came too late is worth nothing.
        with monkeypatch.context() as patch:
            patch.setattr(limits, "reset_token_seconds", -1)
            patch.setitem(credentials._SECONDS, "reset", -1)
            send(house, {}, path, [f"username={username}"])
        ((_, _, late),) = letters(house, "mail")
        lines = [f"reset[plainPassword]={OLD}", f"token={token_in(late)}"]
        assert send(house, {}, "/password/reset", lines).status == 400, kind


def test_a_new_password_and_the_end_of_older_logins_are_one_change(house, people):
    pairs = {kind: login(house, kind, username, OLD).json() for kind, username in people}
    number = house.read(
        lambda rows: members.find(rows, house.tenant_id, "email", "user@example.com")
    )
    new = passwords.password_hash(NEW)
    # No command besides: whatever ends the request here, the old log-in has ended.
    house.execute(ChangeMemberPassword(house.tenant_id, 0, number, new))
    assert refreshed(house, pairs["customer"]) == 401
    pair = login(house, "customer", "user@example.com", NEW).json()
    letters(house)
    send(house, {}, "/DEFAULT/customer/password/reset/request", ["username=user@example.com"])
    ((_, _, body),) = letters(house, "mail")
    token = token_in(body)
    house.execute(ResetMemberPassword(house.tenant_id, 0, token, new))
    assert refreshed(house, pair) == 401


def test_a_new_password_voids_an_address_that_waits_to_be_confirmed(house, people):
    letters(house)
    kind, username = people[0]
    headers = bearer(login(house, kind, username, OLD).json()["token"])
    me = house.read(
        lambda rows: members.by_number(
            rows, house.tenant_id, members.find(rows, house.tenant_id, "email", username)
        )
    ).member_id
    for spoil in ("change", "reset"):
        fields = [f"customer[email]={spoil}@thief.example"]
        assert send(house, headers, f"/customer/{me}", fields, "PUT").status == 200
        ((_, to, body),) = letters(house, "mail")
        assert to == f"{spoil}@thief.example"
        if spoil == "change":
            assert send(house, headers, "/customer/password/change", CHANGE).status == 200
        else:
            send(house, {}, "/DEFAULT/customer/password/reset/request", [f"username={username}"])
            ((_, _, letter),) = letters(house, "mail")
            lines = [f"token={token_in(letter)}", f"reset[plainPassword]={OLD}"]
            assert send(house, {}, "/password/reset", lines).status == 200
        reply = send(house, {}, f"/DEFAULT/customer/confirm-change/{code_in(body)}", [])
        assert reply.status == 404, spoil
        assert login(house, kind, f"{spoil}@thief.example", NEW).status == 401


def test_nobody_learns_who_is_known_by_asking_for_a_new_password(house, people):
    letters(house)
    for path in ("/password/reset/request", "/customer/password/reset/request"):
        for username in ("nobody", "s@example.com", "admin", "' OR 1=1 --"):
            reply = send(house, {}, path, [f"username={username}"])
            assert (reply.status, reply.json()) == (200, DONE), (path, username)
    assert letters(house) == []
    assert children(send(house, {}, "/password/reset/request", []))["username"] == BLANK


def test_the_time_does_not_tell_who_is_known_either(house, people, monkeypatch):
    pauses = []

    async def noted(seconds):
        pauses.append(seconds)

    class Stopped(StillClock):
        def monotonic(self):
            return 0.0

    house.engine.clock = Stopped()
    monkeypatch.setattr(logins, "asyncio", SimpleNamespace(sleep=noted))
    for path, field in (
        ("/password/reset/request", "username"),
        ("/customer/password/reset/request", "username"),
        ("/customer/customer-phone/send-sms-code", "phone"),
    ):
        for name in ("nobody", "user@example.com", "admin"):
            assert send(house, {}, path, [f"{field}={name}"]).status == 200
    assert pauses == [limits.even_answer_seconds] * 9


def test_tries_at_passwords_are_counted_wherever_they_are_made(house, people):
    house.engine.clock = StillClock()
    headers = bearer(login(house, "admin", "admin", OLD).json()["token"])
    few = limits.login_failures_per_minute_max
    for path, lines, status in (
        ("/admin/password/change", ["currentPassword=shut", CHANGE[1]], 400),
        ("/password/reset", ["token=x", f"reset[plainPassword]={NEW}"], 400),
        ("/password/reset/request", ["username=nobody"], 200),
    ):
        tries = [send(house, headers, path, lines).status for _ in range(few + 1)]
        assert tries == [status] * few + [429], path
    for kind, username in people:
        tries = [login(house, kind, username, "shut").status for _ in range(few)]
        assert tries == [401] * few
        refused = login(house, kind, username, OLD)
        assert (refused.status, list(refused.json())) == (429, ["message"]), kind
        assert login(house, kind, username, OLD, peer="198.51.100.7").status == 200


def test_no_password_and_no_token_is_kept_or_logged_in_clear(house, people):
    lines = io.StringIO()
    logs.install(stream=lines)
    headers = bearer(login(house, "customer", "user@example.com", OLD).json()["token"])
    assert send(house, headers, "/customer/password/change", CHANGE).status == 200
    assert send(house, headers, "/customer/password/change", CHANGE).status == 400
    assert login(house, "customer", "user@example.com", OLD).status == 401
    assert send(house, headers, f"/customer/passwords?token={OLD}", CHANGE).status == 405
    send(house, {}, "/customer/password/reset/request", ["username=user@example.com"])
    leased = house.execute(LeaseDeliveries(0, 0, 100))
    token = token_in(leased[-1].body)
    for each in leased:
        settle = SettleDelivery(each.tenant_id, 0, each.delivery_id, each.fence, "delivered")
        house.execute(settle)
    stored = everything(house)
    answers = get(house, permanent(house), "/event?perPage=100").body.decode()
    for secret in (OLD, NEW, token):
        assert secret not in stored
        assert secret not in answers
        assert secret not in lines.getvalue()
    assert "argon2" not in answers
    assert lines.getvalue().count("request_refused") == 3


def test_a_token_told_to_a_gateway_is_kept_no_longer_than_one_in_a_letter(house, people):
    house.setting("members.sms_url", "https://sms.example.com/send")
    house.setting("members.activation_method", "sms")
    enrol(house, permanent(house), email=None, phone="500600700")
    send(house, {}, "/customer/password/reset/request", ["username=500600700"])
    leased = [each for each in house.execute(LeaseDeliveries(0, 0, 100)) if each.kind == "webhook"]
    token = token_in(leased[-1].body)
    for each in leased:
        settle = SettleDelivery(each.tenant_id, 0, each.delivery_id, each.fence, "delivered")
        house.execute(settle)
    assert token not in everything(house)
