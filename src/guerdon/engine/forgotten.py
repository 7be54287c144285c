"""What a restored backup has to forget again, because it was forgotten since.

A backup holds the keys of everybody who was known when it was made. So each member who is forgotten
has a line in a file beside the database, before anybody is told that they are forgotten; whoever
starts to serve compares it with the database, both ways, before the first request: what a crash
kept from the file is in the database.
"""

from __future__ import annotations

import structlog

from guerdon.engine import erasure
from guerdon.engine.commands.erasure import AnonymizeMember, DeleteMember
from guerdon.engine.committer import Committer
from guerdon.errors import GuerdonError
from guerdon.store import forgotten, members, standing
from guerdon.store.forgotten import Forgotten, Register


def agree(committer: Committer, register: Register) -> int:
    """Forget whom the file knows and the database does not, and note the others; how many.

    Errors: StoreError.
    """
    written, stored = register.all(), forgotten.everybody(committer.writer)
    listed = set(written)
    register.add([each for each in stored if each not in listed])
    known = {(each.tenant, each.member_id): each for each in stored}
    count = 0
    for each in written:
        there = known.get((each.tenant, each.member_id))
        if there is None or there.at < each.at or there.deleted < each.deleted:
            count += _forget(committer, each)
    if count:
        structlog.get_logger().warning("forgotten_again", members=count)
    return count


def _forget(committer: Committer, one: Forgotten) -> bool:
    """False for somebody who is not in this database, or forgotten in it."""
    rows = committer.writer
    tenant = rows.one("tenant_by_code", code=one.tenant)
    member = None if tenant is None else members.by_id(rows, tenant[0], one.member_id)
    if tenant is None or member is None:
        return False
    is_gone = standing.of(rows, tenant[0], member.number).status == "deleted"
    if is_gone or (not one.deleted and erasure.is_unknown(rows, tenant[0], member.number)):
        return False
    wanted = DeleteMember if one.deleted else AnonymizeMember
    (outcome,) = committer.run([wanted(tenant[0], 0, member.number)])
    if isinstance(outcome, GuerdonError):
        raise outcome
    # What is otherwise sought out in the background is sought out before anybody may ask.
    while committer.work(lambda tx: erasure.erase_some(tx, tenant[0])):
        pass
    return True
