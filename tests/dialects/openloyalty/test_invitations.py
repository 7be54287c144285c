"""Invitations as documented: inviting, the list's keys and filters, and coming by invitation."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dialects.openloyalty.till import customer, permanent, post, seller
from guerdon.engine.commands.members import EnrolMember

KEYS = [
    "referrerId",
    "recipientId",
    "invitationId",
    "referrerEmail",
    "referrerName",
    "recipientEmail",
    "status",
    "token",
]


class Shop:
    def __init__(self, house: Any) -> None:
        self.house = house
        self.headers = permanent(house)
        self.member = self.enrol("user@example.com", by="admin")
        self.own = customer(house, self.member)

    def enrol(self, email: str, by: str = "self", **more: str) -> str:
        profile = {"firstName": "John", "lastName": "Doe", "email": email}
        enrol = EnrolMember(self.house.tenant_id, 0, by, json.dumps(profile), **more)
        return str(self.house.execute(enrol).member_id)

    def invite(self, **fields: str) -> Any:
        return post(self.house, "/invitations/invite", {"invitation": fields}, self.own)

    def listed(self, query: str = "", headers: Any = None) -> list[dict[str, Any]]:
        path = "/api/DEFAULT/invitations" + query
        reply = self.house.call("GET", path, headers=headers or self.headers)
        assert reply.status == 200, reply.body
        found = reply.json()
        assert list(found) == ["invitations", "total"]
        assert found["total"] == len(found["invitations"])
        return found["invitations"]


@pytest.fixture
def shop(house) -> Shop:
    return Shop(house)


def test_a_member_invites_and_the_list_shows_it_as_documented(shop) -> None:
    reply = shop.invite(type="email", recipientEmail="test1@example.com")
    assert (reply.status, reply.json()) == (200, None)
    (shown,) = shop.listed()
    assert list(shown) == KEYS
    assert all(isinstance(value, str) for value in shown.values())
    assert (shown["referrerId"], shown["recipientId"]) == (shop.member, "")
    assert (shown["referrerEmail"], shown["referrerName"]) == ("user@example.com", "John Doe")
    assert (shown["recipientEmail"], shown["status"]) == ("test1@example.com", "invited")
    assert len(shown["token"]) == 40


def test_whoever_registers_with_the_token_is_shown_as_the_recipient(shop) -> None:
    shop.invite(recipientEmail="guest@example.com")
    shop.invite(type="mobile", recipientPhone="+48500")
    token = shop.listed()[0]["token"]
    guest = shop.enrol("guest@example.com", invitation_token=token)
    (shown,) = shop.listed("?status=registered")
    assert (shown["recipientId"], shown["recipientName"]) == (guest, "John Doe")
    for query, count in [
        ("?referrerEmail=user@", 2),
        (f"?recipientId={guest}", 1),
        ("?recipientPhone=48500", 1),
        ("?recipientName=john", 1),
        ("?status=made_purchase", 0),
        (f"?referrerId={guest}", 0),
    ]:
        assert len(shop.listed(query)) == count, query


def test_wrong_invitations_are_refused_field_by_field(house, shop) -> None:
    for fields, wrong in [
        ({}, "recipientEmail"),
        ({"type": "email", "recipientEmail": "no address"}, "recipientEmail"),
        ({"type": "mobile"}, "recipientPhone"),
        ({"type": "pigeon", "recipientEmail": "a@example.com"}, "type"),
    ]:
        reply = shop.invite(**fields)
        assert reply.status == 400
        assert reply.json()["form"]["children"][wrong]["errors"]
    reply = house.call("GET", "/api/invitations?status=lost", headers=shop.headers)
    assert reply.status == 400


def test_the_latest_invitations_come_first_where_that_is_asked(shop) -> None:
    for name in "ab":
        shop.invite(recipientEmail=f"{name}@example.com")
    for query in (
        "?perPage=2",
        "?status=invited",
        "?sort=createdAt",
        "?sort=createdAt&status=invited",
    ):
        for direction, expected in (("asc", "ab"), ("desc", "ba")):
            found = shop.listed(f"{query}&direction={direction}")
            assert "".join(each["recipientEmail"][0] for each in found) == expected


def test_members_see_their_own_invitations_and_sellers_none(house, shop) -> None:
    shop.invite(recipientEmail="guest@example.com")
    other = customer(house, shop.enrol("other@example.com", by="admin"))
    assert len(shop.listed(headers=shop.own)) == 1
    assert shop.listed(f"?referrerId={shop.member}", headers=other) == []
    assert house.call("GET", "/api/invitations", headers=seller(house)).status == 403
    assert house.call("GET", "/api/invitations").status == 401
    reply = post(house, "/invitations/invite", {"invitation": {}}, shop.headers)
    assert reply.status == 403


def test_members_learn_no_address_of_whom_they_invited_by_another(shop) -> None:
    shop.invite(type="mobile", recipientPhone="+48500")
    (invited,) = shop.listed()
    shop.enrol("private@example.com", invitation_token=invited["token"])
    (whole,) = shop.listed("?recipientEmail=private")
    assert whole["recipientEmail"] == "private@example.com"
    (own,) = shop.listed(headers=shop.own)
    assert (own["recipientEmail"], own["recipientPhone"]) == ("", "+48500")
    assert shop.listed("?recipientEmail=private", shop.own) == []
    assert shop.listed("?recipientPhone=48500", shop.own) == [own]


def test_invitations_are_sorted_by_what_is_shown_of_them(shop) -> None:
    for name in "bca":
        shop.invite(recipientEmail=f"{name}@example.com")
    shop.enrol("c@example.com", invitation_token=shop.listed()[1]["token"])
    for query, expected in (
        ("sort=recipientEmail", "abc"),
        ("sort=recipientEmail&direction=desc", "cba"),
        ("sort=recipientName", "cba"),  # one has a name; the others follow in their order
        ("sort=status&direction=desc", "cba"),
        ("sort=recipientEmail&status=invited", "ab"),
        ("sort=referrerName&perPage=5", "bca"),
    ):
        found = "".join(each["recipientEmail"][0] for each in shop.listed(f"?{query}"))
        assert found == expected, query
