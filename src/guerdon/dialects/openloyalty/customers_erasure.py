"""Customers who are to be forgotten.

Who is anonymised stays a number with a balance; who is deleted is on no list any more and is not
found (404). Both are final, and asking twice changes nothing.
Source: Open Loyalty 4.3, "Anonymize customer", "Delete customer".
"""

from __future__ import annotations

from guerdon.dialects.openloyalty.customers import found
from guerdon.dialects.openloyalty.desk import Answer, Endpoint, Visit
from guerdon.engine.commands.erasure import AnonymizeMember, DeleteMember


async def anonymize(visit: Visit) -> Answer:
    """`POST /admin/customer/{customer}/anonymize`."""
    return await _forget(visit, AnonymizeMember)


async def delete(visit: Visit) -> Answer:
    """`DELETE /customer/{customer}`."""
    return await _forget(visit, DeleteMember)


async def _forget(visit: Visit, wanted: type[AnonymizeMember | DeleteMember]) -> Answer:
    member = await found(visit)
    command = wanted(visit.tenant_id, visit.key_id, member.number, actor=visit.actor)
    # A key would add nothing: to forget somebody twice is to forget them once.
    await visit.engine.execute(command)
    return visit.nothing()


def endpoints() -> list[Endpoint]:
    """Both requests, for administrators alone."""
    modify = "CUSTOMER:MODIFY"
    return [
        Endpoint("POST", "/admin/customer/{customer}/anonymize", anonymize, "admin", modify),
        Endpoint("DELETE", "/customer/{customer}", delete, "admin", modify),
    ]
