"""Forgetting a person: what is decided, and the words that would still name them.

A member who is *anonymised* stays a number with a balance; one who is *deleted* is on no list any
more. Both lose everything that is personal.

Source: Open Loyalty 4.3, "Anonymize customer", "Delete customer"; neither payload is documented.
        Ours has the moment and nothing personal.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from guerdon.domain.decisions import Decision
from guerdon.domain.members import Who, of_member
from guerdon.domain.openloyalty_types import USER

WAS_ANONYMIZED = USER + "CustomerWasAnonymized"
WAS_DELETED = USER + "CustomerWasDeleted"

_ALONE_CHARS_MIN = 4
_CONTACTS = ("email", "phone", "loyaltyCardNumber")
_NAMES = ("firstName", "lastName")

FULL_NAME = "fullName"
"""What a former first and last name are kept as, beside former identities."""

Words = list[list[str]]
"""What would name a member in a text: any one of these, each with all of its parts."""


def anonymized(who: Who) -> Decision:
    """Nothing of a member is known any more but a number."""
    return of_member(who, WAS_ANONYMIZED, anonymizedAt=who.now)


def deleted(who: Who) -> Decision:
    """A member is gone, and so is all that was known of them."""
    return of_member(who, WAS_DELETED, deletedAt=who.now)


def contacts(identities: Iterable[tuple[str, str]], profile: dict[str, Any]) -> list[str]:
    """What names the member and nobody else."""
    given = [profile.get(name) for name in _CONTACTS] + [value for _, value in identities]
    return sorted({str(value).strip() for value in given if value} - {""})


def full_name(profile: dict[str, Any]) -> list[str]:
    """First and last name; nothing for a member who has not given both."""
    name = [str(profile.get(part) or "").strip() for part in _NAMES]
    return name if all(name) else []


def words(
    identities: Iterable[tuple[str, str]],
    profile: dict[str, Any],
    former_names: Iterable[list[str]] = (),
) -> Words:
    """What to look for. A word of three letters says nothing alone, nor does half a name."""
    found = [[each] for each in contacts(identities, profile) if len(each) >= _ALONE_CHARS_MIN]
    return [*found, *(name for name in [full_name(profile), *former_names] if name)]
