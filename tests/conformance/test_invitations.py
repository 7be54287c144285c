"""Members invite people; whoever comes counts once, and referrals earn."""

from __future__ import annotations

import json

import pytest

from conformance.programme import Programme, item
from guerdon import limits
from guerdon.engine import commands
from guerdon.engine.commands.erasure import DeleteMember
from guerdon.engine.commands.invitations import Invite
from guerdon.engine.commands.members import EnrolMember
from guerdon.errors import Refused
from guerdon.store import invitations
from guerdon.store.invitations import Wanted

CREATED = "OpenLoyalty.Domain.User.Event.InvitationWasCreated"
ATTACHED = "OpenLoyalty.Domain.User.Event.CustomerWasAttachedToInvitation"
TOKEN = "OpenLoyalty.Domain.User.Event.CustomerInvitationTokenWasCreated"
BOUGHT = "Guerdon.Invitation.Event.PurchaseWasMadeForThisInvitation"


class Guests(Programme):
    def enrol(self, email: str, by: str = "admin", **more: str) -> int:
        profile = {"firstName": email.partition("@")[0], "lastName": "Doe", "email": email}
        enrol = EnrolMember(self.tenant_id, 0, by, json.dumps(profile), **more)
        return self.house.execute(enrol).number

    def invite(self, number: int, email: str = "", phone: str = ""):
        return self.house.execute(Invite(self.tenant_id, 0, number, email, phone))

    def all(self, **wanted: str) -> list[invitations.Invitation]:
        found, total = self.house.read(
            lambda rows: invitations.search(
                rows, self.tenant_id, Wanted(**wanted), offset=0, limit=100
            )
        )
        assert total == len(found)
        return [each.invitation for each in found]

    def owed(self) -> list[tuple[str, str, str]]:
        found = self.house.read(lambda rows: rows.all("due_deliveries", now=2**62, limit=100))
        return [(row[2], row[3], row[5]) for row in found]


@pytest.fixture
def guests(house) -> Guests:
    return Guests(house)


def test_an_invitation_is_recorded_sealed_and_mailed(house, guests) -> None:
    ann = guests.enrol("ann@example.com")
    house.setting("invitations.link", "https://shop.example/join/{token}")
    made = guests.invite(ann, "guest@example.com")
    (told,) = guests.decided(CREATED)
    assert list(told) == ["invitationId", "referrerId", "recipientEmail", "status", "token"]
    assert told["invitationId"] == {"invitationId": made.invitation_id}
    assert (told["recipientEmail"], told["status"]) == ("guest@example.com", "invited")
    assert told["token"] == made.token
    assert len(made.token) == 40
    raw = house.read(
        lambda rows: rows.all("decisions_from", **{"tenant_id": 1, "from": 1, "limit": 99})
    )
    (row,) = [row for row in raw if row[1] == CREATED]
    assert "guest@" not in row[5]
    assert row[3] < 0
    [mail] = [each for each in guests.owed() if each[1] == "guest@example.com"]
    assert mail[0] == "mail"
    assert f"https://shop.example/join/{made.token}" in mail[2]
    guests.invite(ann, phone="+48500600700")
    assert [each.recipient_phone for each in guests.all()] == ["", "+48500600700"]
    assert [each[0] for each in guests.owed() if each[1] == "+48500600700"] == ["sms"]


def test_a_token_counts_once_and_both_may_earn(house, guests) -> None:
    ann = guests.enrol("ann@example.com")
    for at, reward_type in enumerate(("referrer", "referred", "both"), 1):
        guests.rule(
            "referral", reward_type, eventName="register", rewardType=reward_type, points=at
        )
    made = guests.invite(ann, "guest@example.com")
    bob = guests.enrol("bob@example.com", "self", invitation_token=made.token)
    cid = guests.enrol("cid@example.com", "self", invitation_token=made.token)
    assert guests.transfers(ann) == [(1, "referrer"), (3, "both")]
    assert guests.transfers(bob) == [(2, "referred"), (3, "both")]
    assert guests.transfers(cid) == []
    (attached,) = guests.decided(ATTACHED)
    assert list(attached) == ["invitationId", "customerId"]
    (kept,) = guests.all()
    assert (kept.recipient, kept.status) == (bob, "registered")
    told = guests.decided("Guerdon.Points.Event.PointsWereExplained", ann)[0]["explanation"][0]
    assert (told["event"], told["invitationId"]) == ("register", made.invitation_id)


def test_the_first_and_every_further_purchase_earn_for_who_invited(house, guests) -> None:
    ann = guests.enrol("ann@example.com")
    guests.rule("referral", "first", eventName="first_purchase", rewardType="both", points=10)
    guests.rule("referral", "every", eventName="every_purchase", rewardType="referrer", points=1)
    made = guests.invite(ann, "guest@example.com")
    bob = guests.enrol("bob@example.com", invitation_token=made.token)
    for document in "123":
        guests.buys(bob, document, item("A", 5))
    assert guests.transfers(ann) == [(10, "first"), (1, "every"), (1, "every")]
    assert guests.transfers(bob) == [(10, "first")]
    assert len(guests.decided(BOUGHT)) == 1
    assert [each.status for each in guests.all(status="made_purchase")] == ["made_purchase"]


def test_whoever_takes_part_has_a_token_of_their_own_for_anybody(house, guests) -> None:
    ann = guests.enrol("ann@example.com")
    guests.enrol("new@example.com", "self")
    (told,) = guests.decided(TOKEN)
    assert list(told) == ["customerId", "invitationToken", "createdAt"]
    guests.rule("referral", "come", eventName="register", rewardType="referrer", points=1)
    token = told["invitationToken"]
    for name in ("bob", "cid"):
        guests.enrol(f"{name}@example.com", "self", invitation_token=token)
    assert guests.transfers(ann) == [(1, "come"), (1, "come")]
    assert [each.recipient_email for each in guests.all()] == ["bob@example.com", "cid@example.com"]
    assert {each.status for each in guests.all()} == {"registered"}


def test_nobody_who_was_deleted_invites_by_their_token(house, guests) -> None:
    ann = guests.enrol("ann@example.com")
    (told,) = guests.decided(TOKEN)
    guests.rule("referral", "come", eventName="register", rewardType="both", points=1)
    house.execute(DeleteMember(house.tenant_id, 0, ann))
    bob = guests.enrol("bob@example.com", "self", invitation_token=told["invitationToken"])
    assert (guests.transfers(ann), guests.transfers(bob), guests.all()) == ([], [], [])


def test_a_referrer_can_be_named_by_mail_or_by_telephone_where_that_is_the_way(
    house, guests
) -> None:
    ann = guests.enrol("ann@example.com")
    guests.enrol("bob@example.com", "self", referrer_email="ANN@example.com")
    guests.enrol("cid@example.com", "self", referrer_email="nobody@example.com")
    guests.enrol("dan@example.com", "self", referrer_email="dan@example.com")
    assert [each.referrer for each in guests.all()] == [ann]
    profile = {"firstName": "E", "phone": "+481"}
    house.execute(EnrolMember(1, 0, "admin", json.dumps(profile)))
    guests.enrol("fay@example.com", invitation_token="+481")
    assert len(guests.all()) == 1
    house.setting("members.activation_method", "sms")
    guests.enrol("gus@example.com", invitation_token="+481")
    assert len(guests.all()) == 2


def test_only_active_members_invite_and_not_without_end(
    house, guests, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "invitations_per_day_max", 2)
    new = guests.enrol("new@example.com", "self")
    with pytest.raises(Refused, match="only active"):
        guests.invite(new, "a@example.com")
    ann = guests.enrol("ann@example.com")
    for name in "ab":
        guests.invite(ann, f"{name}@example.com")
    with pytest.raises(Refused, match="too many"):
        guests.invite(ann, "c@example.com")


def test_lists_find_invitations_by_who_is_concerned(house, guests) -> None:
    ann, bob = guests.enrol("ann@example.com"), guests.enrol("bob@example.com")
    first = guests.invite(ann, "x@example.com")
    guests.invite(ann, "y@example.com")
    guests.invite(bob, phone="+48500")
    cid = guests.enrol("cid@example.com", "self", invitation_token=first.token)
    ids = house.read(
        lambda rows: [rows.one("member", tenant_id=1, number=n)[1] for n in (ann, cid)]
    )
    for wanted, count in [
        ({}, 3),
        ({"referrer_id": ids[0]}, 2),
        ({"recipient_id": ids[1]}, 1),
        ({"referrer_email": "BOB@"}, 1),
        ({"referrer_name": "ann d"}, 2),
        ({"recipient_email": "@example"}, 2),
        ({"recipient_phone": "485"}, 1),
        ({"recipient_name": "cid"}, 1),
        ({"status": "invited"}, 2),
        ({"status": "invited", "referrer_id": ids[0]}, 1),
        ({"referrer_id": "no such"}, 0),
    ]:
        assert len(guests.all(**wanted)) == count, wanted


def test_a_rebuild_makes_the_same_invitations_and_tokens(house, guests) -> None:
    ann = guests.enrol("ann@example.com")
    made = guests.invite(ann, "x@example.com")
    bob = guests.enrol("bob@example.com", invitation_token=made.token)
    guests.buys(bob, "1", item("A", 1))

    def kept() -> list[object]:
        return [
            guests.all(),
            house.read(lambda rows: invitations.token_of(rows, 1, ann)),
            house.read(lambda rows: invitations.token_of(rows, 1, bob)),
        ]

    before = kept()
    house.execute(commands.RebuildState(house.tenant_id, 0))
    assert kept() == before
    assert before[0][0].status == "made_purchase"
    assert before[1] != before[2]
