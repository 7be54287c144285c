"""Members who were registered in this transaction: what is known of them without asking the store.

A registration is a dozen decisions about somebody of whom nothing is stored yet. Whoever asks for
them meanwhile gets what stands here, and their rows go to the store together with those of others.
Folds keep it as it is, and drop what they change in another way.
"""

from __future__ import annotations

from typing import Any

import msgspec

from guerdon.store.levels import MemberLevel
from guerdon.store.members import Member
from guerdon.store.transaction import Transaction


class Newcomer(msgspec.Struct):
    """Somebody new, where they stand, and whether they have a token to invite others with."""

    member: Member
    level: MemberLevel | None = None
    has_token: bool = False


def expect(tx: Transaction, tenant_id: int, member: Member) -> None:
    """Whoever is about to be registered."""
    tx.newcomers[tenant_id, member.number] = Newcomer(member)


def of(tx: Transaction, tenant_id: int, number: int) -> Newcomer | None:
    """Somebody who was registered in this transaction."""
    found: Newcomer | None = tx.newcomers.get((tenant_id, number))
    return found


def change(tx: Transaction, tenant_id: int, number: int, **values: Any) -> None:
    """Details of a member are different from now on."""
    found = of(tx, tenant_id, number)
    if found is not None:
        found.member = msgspec.structs.replace(found.member, **values)


def forget(tx: Transaction, tenant_id: int, number: int) -> None:
    """Something about a member changed that is not followed here."""
    tx.newcomers.pop((tenant_id, number), None)
