"""Questions about invitations: who invited whom, and what became of it."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from guerdon import limits
from guerdon.domain.invitations import INVITATION_WAS_CREATED
from guerdon.store import members
from guerdon.store.members import Member
from guerdon.store.port import Row, Rows


class Invitation(msgspec.Struct, frozen=True):
    """One invitation.

    referrer, recipient: members' numbers; the recipient is None until they registered.
    recipient_email, recipient_phone: "" when not given, or forgotten.
    seal_number: whose key keeps the address in the journal, below zero the invitation's own.
    """

    position: int
    invitation_id: str
    referrer: int
    recipient: int | None
    recipient_email: str
    recipient_phone: str
    seal_number: int | None
    status: str
    token: str
    created_at: int


class Listed(msgspec.Struct, frozen=True):
    """An invitation with the people it is about, as far as they are known."""

    invitation: Invitation
    referrer: Member | None
    recipient: Member | None


class Wanted(msgspec.Struct, frozen=True):
    """Which invitations are wanted; an empty text means any.

    Ids and the status are compared exactly; the others are looked for anywhere in a name or
    address, whatever their case. as_invited: of the recipient's addresses only the one that the
    invitation was sent to counts, not those they registered with.
    """

    referrer_id: str = ""
    referrer_email: str = ""
    referrer_name: str = ""
    recipient_id: str = ""
    recipient_email: str = ""
    recipient_phone: str = ""
    recipient_name: str = ""
    status: str = ""
    as_invited: bool = False

    def takes(self, listed: Listed) -> bool:
        """Whether an invitation is one of these."""
        invitation = listed.invitation
        registered = None if self.as_invited else listed.recipient
        exact = (
            (self.referrer_id, listed.referrer.member_id if listed.referrer else ""),
            (self.recipient_id, listed.recipient.member_id if listed.recipient else ""),
            (self.status, invitation.status),
        )
        within = (
            (self.referrer_email, email_of(listed.referrer)),
            (self.referrer_name, name_of(listed.referrer)),
            (self.recipient_email, invitation.recipient_email or email_of(registered)),
            (self.recipient_phone, invitation.recipient_phone or phone_of(registered)),
            (self.recipient_name, name_of(listed.recipient)),
        )
        return all(wanted in ("", is_) for wanted, is_ in exact) and all(
            wanted.casefold() in is_.casefold() for wanted, is_ in within
        )


def by_token(rows: Rows, tenant_id: int, token: str) -> Invitation | None:
    """The invitation with a token."""
    row = rows.one("invitation_by_token", tenant_id=tenant_id, token=token)
    return Invitation(*row) if row else None


def of_recipient(rows: Rows, tenant_id: int, number: int) -> Invitation | None:
    """How a member was invited; None when they were not."""
    row = rows.one("invitations_of_recipient", tenant_id=tenant_id, recipient=number)
    return Invitation(*row) if row else None


def of_referrer(rows: Rows, tenant_id: int, number: int) -> Iterator[Invitation]:
    """Everybody a member invited, oldest first."""
    for row in _pages(rows, "invitations_of_referrer", tenant_id=tenant_id, referrer=number):
        yield Invitation(*row)


def token_of(rows: Rows, tenant_id: int, number: int) -> str | None:
    """A member's own token to invite with."""
    row = rows.one("invitation_token", tenant_id=tenant_id, number=number)
    return row[0] if row else None


def owner_of(rows: Rows, tenant_id: int, token: str) -> int | None:
    """The number of the member whose own token it is."""
    row = rows.one("invitation_token_owner", tenant_id=tenant_id, token=token)
    return row[0] if row else None


def search(
    rows: Rows,
    tenant_id: int,
    wanted: Wanted,
    *,
    offset: int,
    limit: int,
    latest_first: bool = False,
) -> tuple[list[Listed], int]:
    """A page of invitations, oldest first, and how many there are that are wanted.

    A search looks at no more than `limits.search_members_max` invitations.
    """
    if wanted == Wanted():
        query = "invitations_latest" if latest_first else "invitations_after"
        return _page(rows, tenant_id, query, offset, limit), _total(rows, tenant_id)
    people = _People(rows, tenant_id)
    found = [
        listed
        for invitation in _candidates(rows, tenant_id, wanted)
        if wanted.takes(listed := people.listed(invitation))
    ]
    ordered = found[::-1] if latest_first else found
    return ordered[offset : offset + limit], len(found)


def email_of(member: Member | None) -> str:
    """A member's e-mail address, "" when there is none."""
    return str(member.profile.get("email") or "") if member else ""


def phone_of(member: Member | None) -> str:
    """A member's telephone number, "" when there is none."""
    return str(member.profile.get("phone") or "") if member else ""


def name_of(member: Member | None) -> str:
    """A member's first and last name, as far as they are known."""
    if member is None:
        return ""
    names = (member.profile.get("firstName"), member.profile.get("lastName"))
    return " ".join(str(name) for name in names if name)


class _People:
    """Members, each asked for once."""

    def __init__(self, rows: Rows, tenant_id: int) -> None:
        self._rows = rows
        self._tenant_id = tenant_id
        self._known: dict[int, Member | None] = {}

    def listed(self, invitation: Invitation) -> Listed:
        """An invitation with its people."""
        return Listed(
            invitation, self._member(invitation.referrer), self._member(invitation.recipient)
        )

    def _member(self, number: int | None) -> Member | None:
        if number is None:
            return None
        if number not in self._known:
            self._known[number] = members.by_number(self._rows, self._tenant_id, number)
        return self._known[number]


def _candidates(rows: Rows, tenant_id: int, wanted: Wanted) -> Iterator[Invitation]:
    if wanted.recipient_id:
        recipient = members.by_id(rows, tenant_id, wanted.recipient_id)
        number = recipient.number if recipient else 0
        found = rows.all("invitations_of_recipient", tenant_id=tenant_id, recipient=number)
        return iter([Invitation(*row) for row in found])
    if wanted.referrer_id:
        referrer = members.by_id(rows, tenant_id, wanted.referrer_id)
        return of_referrer(rows, tenant_id, referrer.number if referrer else 0)
    return (Invitation(*row) for row in _pages(rows, "invitations_after", tenant_id=tenant_id))


def _pages(rows: Rows, query: str, /, **values: int) -> Iterator[Row]:
    after, left = 0, limits.search_members_max
    while left > 0:
        page = rows.all(query, **values, after=after, limit=limits.search_slice_members)
        yield from page
        if len(page) < limits.search_slice_members:
            return
        after, left = page[-1][0], left - len(page)


def _page(rows: Rows, tenant_id: int, query: str, offset: int, limit: int) -> list[Listed]:
    people = _People(rows, tenant_id)
    found = rows.all(query, tenant_id=tenant_id, after=0, limit=offset + limit)
    return [people.listed(Invitation(*row)) for row in found[offset:]]


def _total(rows: Rows, tenant_id: int) -> int:
    """An invitation is never removed, so those that were made are those there are."""
    name = f"decision:{INVITATION_WAS_CREATED}"
    row = rows.one("counter_total", tenant_id=tenant_id, name=name)
    return row[0] if row else 0
