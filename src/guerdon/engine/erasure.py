"""Forgetting a person: their key is destroyed at once, every trace in the open is sought out.

What decisions say of a member is sealed under a key of the member's own, so destroying the key
forgets it in the journal, whose hash chain and balances stay as they are. State tables lose what
their folds would not give any more. What lies elsewhere - the data of activities, requests that
were refused, purchases and invitations that never found their member - is hidden or sought out in
slices between commits, which go on after a crash because how far they came is in a table.

Source: erasure by destroying keys; NIST SP 800-88, "cryptographic erase".
"""

from __future__ import annotations

import msgspec

from guerdon import limits
from guerdon.domain import erasure as decide
from guerdon.domain import invitations as invited
from guerdon.domain.decisions import Decision
from guerdon.engine import deliveries, members, standing
from guerdon.engine.commands import Handlers, Identity
from guerdon.engine.commands.erasure import AnonymizeMember, DeleteMember
from guerdon.engine.consequences import follow
from guerdon.engine.folds.fact import text
from guerdon.engine.record import record
from guerdon.engine.traces import mentions
from guerdon.faults import fault
from guerdon.store import activities, invitations
from guerdon.store import members as kept
from guerdon.store.members import Member
from guerdon.store.port import Row, Rows
from guerdon.store.transaction import Transaction


class Erasure(msgspec.Struct, frozen=True):
    """A member of whom something may still be found, up to the position `position_max`.

    words: what they were called. phase, reached: how far the search has come.
    """

    number: int
    position_max: int
    words: decide.Words
    phase: int
    reached: int

    @property
    def contacts(self) -> set[str]:
        """What names the member alone, in lower case."""
        return {parts[0].lower() for parts in self.words if len(parts) == 1}


def anonymize(tx: Transaction, command: AnonymizeMember) -> None:
    """See `AnonymizeMember`."""
    tenant_id = command.tenant_id
    member, _ = standing.present(tx, tenant_id, command.number)
    if is_unknown(tx.rows, tenant_id, member.number):
        return
    who = members.who(tx, tenant_id, member)
    _forget(tx, tenant_id, member, decide.anonymized(who))


def delete(tx: Transaction, command: DeleteMember) -> None:
    """See `DeleteMember`."""
    member, _ = standing.present(tx, command.tenant_id, command.number)
    who = members.who(tx, command.tenant_id, member)
    _forget(tx, command.tenant_id, member, decide.deleted(who))


def is_unknown(rows: Rows, tenant_id: int, number: int) -> bool:
    """Whether the member was forgotten, and nothing has been learnt of them since."""
    whose = {"tenant_id": tenant_id, "number": number}
    return rows.one("erasure", **whose) is not None and rows.one("seal", **whose) is None


def _forget(tx: Transaction, tenant_id: int, member: Member, decision: Decision) -> None:
    number = member.number
    former, former_names = _former(tx.rows, tenant_id, number)
    names = [*kept.identities(tx.rows, tenant_id, number), *former]
    contacts = decide.contacts(names, member.profile)
    words = decide.words(names, member.profile, former_names)
    numbers = [number, *_own_seals(tx.rows, tenant_id, number)]
    record(tx, tenant_id, decision)
    follow(tx, tenant_id, "forgotten", number)
    for each in numbers:
        tx.destroy_seal(tenant_id, each)
        deliveries.forget(tx, tenant_id, number=each)
    for address in contacts:
        deliveries.forget(tx, tenant_id, target=address)
    tx.rows.run("revoke_refresh_tokens", tenant_id=tenant_id, person_id=member.member_id)
    tx.rows.run(
        "add_erasure",
        tenant_id=tenant_id,
        number=number,
        requested_at=tx.moment(tenant_id),
        position_max=tx.head(tenant_id).activity_position,
        words=text([*_still_sought(tx, tenant_id, number), *words]),
    )
    fault("in_erasure")


def _former(rows: Rows, tenant_id: int, number: int) -> tuple[list[Identity], list[list[str]]]:
    """Identities a member had before, and first and last names."""
    found = rows.all("former_identities", tenant_id=tenant_id, number=number)
    names = [msgspec.json.decode(value) for kind, value in found if kind == decide.FULL_NAME]
    return [(kind, value) for kind, value in found if kind != decide.FULL_NAME], names


def _still_sought(tx: Transaction, tenant_id: int, number: int) -> decide.Words:
    """What an earlier request for the same member has not found all of yet."""
    row = tx.rows.one("erasure_words", tenant_id=tenant_id, number=number)
    return msgspec.json.decode(row[0], type=decide.Words) if row else []


def _own_seals(rows: Rows, tenant_id: int, number: int) -> list[int]:
    """Keys below zero that seal something about a member.

    Of purchases that came before they were known to be theirs, and of the invitations between them
    and others.
    """
    found = [row[0] for row in rows.all("purchase_seals", tenant_id=tenant_id, number=number)]
    about = list(invitations.of_referrer(rows, tenant_id, number))
    own = invitations.of_recipient(rows, tenant_id, number)
    found += [each.seal_number for each in [*about, *([own] if own else [])] if each.seal_number]
    return sorted({each for each in found if each < 0})


# --- what is sought out in the background --------------------------------------------------------


def are_open(rows: Rows, tenant_id: int) -> bool:
    """Whether something is still to be sought out."""
    return rows.one("open_erasures", tenant_id=tenant_id, limit=1) is not None


def erase_some(tx: Transaction, tenant_id: int) -> bool:
    """A slice of the oldest search; True while something is left to do."""
    row = tx.rows.one("open_erasures", tenant_id=tenant_id, limit=1)
    if row is None:
        return False
    number, position_max, words, phase, reached = row
    erasure = Erasure(number, position_max, msgspec.json.decode(words), phase, reached)
    whose = {"tenant_id": tenant_id, "number": number}
    further = _PHASES[phase](tx, tenant_id, erasure)
    if further is not None:
        tx.rows.run("move_erasure", **whose, phase=phase, reached=further)
    elif phase + 1 < len(_PHASES):
        tx.rows.run("move_erasure", **whose, phase=phase + 1, reached=0)
    else:
        tx.rows.run("finish_erasure", **whose, finished_at=tx.moment(tenant_id))
        tx.rows.purge()
    fault("in_erasure_slice")
    return True


def _activities(tx: Transaction, tenant_id: int, erasure: Erasure) -> int | None:
    """What was reported with the member's activities; that there was something stays."""
    found = activities.positions(tx.rows, tenant_id, erasure.number, erasure.reached)
    mine = [each for each in found if each <= erasure.position_max]
    some = mine[: limits.erasure_slice_rows]
    if not some:
        return None
    tx.rows.run(
        "forget_activities", tenant_id=tenant_id, number=erasure.number, positions=text(some)
    )
    return some[-1]


def _purchases(tx: Transaction, tenant_id: int, erasure: Erasure) -> int | None:
    """Purchases of nobody's that say the member made them."""
    found = _of_nobody(tx, tenant_id, erasure, "purchases_of_nobody")
    for position, seal_number, *named in found:
        if seal_number < 0 and not erasure.contacts.isdisjoint(named):
            tx.destroy_seal(tenant_id, seal_number)
            tx.rows.run("forget_purchase_customer", tenant_id=tenant_id, position=position)
    return found[-1][0] if found else None


def _invitations(tx: Transaction, tenant_id: int, erasure: Erasure) -> int | None:
    """Invitations that were sent to the member and never taken."""
    found = _of_nobody(tx, tenant_id, erasure, "invitations_of_nobody")
    for _, invitation_id, seal_number, *named in found:
        is_own = seal_number is not None and seal_number < 0
        if is_own and not erasure.contacts.isdisjoint(each.lower() for each in named):
            tx.destroy_seal(tenant_id, seal_number)
            deliveries.forget(tx, tenant_id, number=seal_number)
            record(tx, tenant_id, invited.forgotten(invitation_id))
    return found[-1][0] if found else None


def _of_nobody(tx: Transaction, tenant_id: int, erasure: Erasure, query: str) -> list[Row]:
    """The next of what never found its member; each row begins with its position."""
    if not erasure.contacts:
        return []
    page = {"after": erasure.reached, "limit": limits.erasure_slice_rows}
    return tx.rows.all(query, tenant_id=tenant_id, **page)


def _outcomes(tx: Transaction, tenant_id: int, erasure: Erasure) -> int | None:
    """Requests that were refused and name the member."""
    found = tx.rows.all(
        "outcomes_from",
        tenant_id=tenant_id,
        after=erasure.reached,
        limit=limits.erasure_slice_outcomes,
    )
    if not erasure.words or not found:
        return None
    for outcome_id, path, reason, body in found:
        if mentions(f"{path}\n{reason}".encode(), bytes(body), words=erasure.words):
            tx.rows.run("forget_outcome", tenant_id=tenant_id, outcome_id=outcome_id, body=b"")
    return int(found[-1][0])


_PHASES = (_activities, _purchases, _invitations, _outcomes)

HANDLERS: Handlers = {AnonymizeMember: anonymize, DeleteMember: delete}
