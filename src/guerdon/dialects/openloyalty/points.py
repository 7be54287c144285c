"""Points: adding, spending, sending, blocking and canceling them.

An amount is a number from 0.01 on with at most two decimals. A member is named by uuid; whoever
sends points may name the receiver by e-mail, phone or loyalty card number too.
Source: Open Loyalty 4.3, "Points transfers", "Customer points transfers"; its
        3.2 code for the seller's routes.
"""

from __future__ import annotations

from collections.abc import Callable

from guerdon import limits
from guerdon.dialects.openloyalty import points_lists, refusals
from guerdon.dialects.openloyalty.desk import Answer, Endpoint, Short, Visit
from guerdon.dialects.openloyalty.forms import Form
from guerdon.domain import identities
from guerdon.engine.commands import Command
from guerdon.engine.commands.points import (
    AddPoints,
    BlockPoints,
    CancelPointsTransfer,
    SpendPoints,
    TransferPoints,
    Transferred,
)
from guerdon.errors import Refused
from guerdon.store import members, standing
from guerdon.store.port import Rows
from guerdon.web import answers
from guerdon.web.request import Request

_NOBODY = 0
_POINTS_MIN = 1
_NAMES = (identities.EMAIL, identities.PHONE, identities.CARD)
_MESSAGES = {
    "insufficient_points": "Not enough points.",
    "same_member": "You cannot transfer points to yourself.",
    "unknown_member": "This customer does not exist.",
}


def endpoints() -> list[Endpoint]:
    """Everything about points besides their import."""
    see, change = "POINTS_TRANSFER:VIEW", "POINTS_TRANSFER:MODIFY"
    return [
        Endpoint("GET", "/points/transfer", points_lists.list_all, "admin", see),
        Endpoint("GET", "/points/transfers", points_lists.histogram, "admin", see),
        Endpoint("POST", "/points/transfer/add", add, "admin", change, short=_SHORT_ADD),
        Endpoint("POST", "/points/transfer/spend", spend, "admin", change, short=_SHORT_SPEND),
        Endpoint("POST", "/points/transfer/block", block, "admin", change),
        Endpoint("POST", "/points/transfer/{transfer}/cancel", cancel, "admin", change),
        Endpoint("POST", "/admin/p2p-points-transfer", send, "admin", change),
        Endpoint("GET", "/seller/points/transfer", points_lists.list_all, "seller"),
        Endpoint("POST", "/pos/points/transfer/add", add, "seller", short=_SHORT_ADD),
        Endpoint("POST", "/pos/points/transfer/spend", spend, "seller", short=_SHORT_SPEND),
        Endpoint("GET", "/customer/points/transfer", points_lists.list_mine, "customer"),
        Endpoint("POST", "/customer/points/p2p-transfer", send_mine, "customer"),
    ]


async def add(visit: Visit) -> Answer:
    """`POST /points/transfer/add` and `POST /pos/points/transfer/add`."""
    form = await visit.form("transfer")
    number = await _customer(visit, form, "customer")
    return await _moved(visit, form, _adding(visit, form, number))


async def spend(visit: Visit) -> Answer:
    """`POST /points/transfer/spend` and `POST /pos/points/transfer/spend`."""
    form = await visit.form("transfer")
    number = await _customer(visit, form, "customer")
    return await _moved(visit, form, _spending(visit, form, number))


async def block(visit: Visit) -> Answer:
    """`POST /points/transfer/block`; canceling the transfer releases the points."""
    form = await visit.form("transfer")
    command = BlockPoints(
        visit.tenant_id,
        visit.key_id,
        number=await _customer(visit, form, "customer"),
        points=form.points("points", low=_POINTS_MIN),
        comment=form.text("comment", required=False),
        issuer=visit.issuer,
        actor=visit.actor,
    )
    return await _moved(visit, form, command)


async def send(visit: Visit) -> Answer:
    """`POST /admin/p2p-points-transfer`."""
    form = await visit.form("transfer")
    return await _sent(visit, form, await _customer(visit, form, "sender", _NAMES))


async def send_mine(visit: Visit) -> Answer:
    """`POST /customer/points/p2p-transfer`: the caller's own points."""
    return await _sent(visit, await visit.form("transfer"), visit.caller.number or _NOBODY)


async def cancel(visit: Visit) -> Answer:
    """`POST /points/transfer/{transfer}/cancel`."""
    transfer_id = visit.params["transfer"].lower()
    try:
        await visit.execute(
            CancelPointsTransfer(visit.tenant_id, visit.key_id, transfer_id, actor=visit.actor)
        )
    except Refused as refused:
        if refused.code == "unknown_transfer":
            return visit.missing()
        return visit.problem(refused.message)
    return visit.ok()


def _adding(visit: Visit, form: Form, number: int, version: int = 0) -> AddPoints:
    return AddPoints(
        visit.tenant_id,
        visit.key_id,
        number=number,
        points=form.points("points", low=_POINTS_MIN),
        comment=form.text("comment", required=False),
        issuer=visit.issuer,
        validity_days=form.whole(
            "validityDuration", required=False, low=1, high=limits.points_days_max
        ),
        actor=visit.actor,
        version=version,
    )


def _spending(visit: Visit, form: Form, number: int, version: int = 0) -> SpendPoints:
    return SpendPoints(
        visit.tenant_id,
        visit.key_id,
        number=number,
        points=form.points("points", low=_POINTS_MIN),
        comment=form.text("comment", required=False),
        issuer=visit.issuer,
        actor=visit.actor,
        version=version,
    )


def _short(make: Callable[[Visit, Form, int, int], Command]) -> Short:
    """The shorter way, for a member who is remembered and a form that is right."""

    def command(visit: Visit, body: bytes) -> Command | None:
        form = visit.form_of(body, "transfer")
        number = visit.programme.members.get(form.text("customer").lower())
        if number is None:
            return None
        found = make(visit, form, number, visit.programme.version)
        return found if form.is_valid else None

    return Short(command, _answer)


async def _sent(visit: Visit, form: Form, sender: int) -> Answer:
    command = TransferPoints(
        visit.tenant_id,
        visit.key_id,
        sender=sender,
        receiver=await _customer(visit, form, "receiver", _NAMES),
        points=form.points("points", low=_POINTS_MIN),
        issuer=visit.issuer,
        actor=visit.actor,
    )
    return await _moved(visit, form, command)


async def _moved(visit: Visit, form: Form, command: Command) -> Answer:
    form.check()
    try:
        made: Transferred = await visit.execute(command)
    except Refused as refused:
        if refused.field is None and refused.code not in _MESSAGES:
            raise  # it is about no field, as when a key comes back with something else
        # What the form could not know is told beside the field it is about.
        form.fail(refused.field or "customer", _MESSAGES.get(refused.code, refused.message))
        form.check()
        raise
    return _answer(visit.request, made)


def _answer(_request: Request, made: Transferred) -> Answer:
    return answers.json_answer(200, {"pointsTransferId": made.transfer_id}, refusals.JSON)


async def _customer(visit: Visit, form: Form, field: str, names: tuple[str, ...] = ()) -> int:
    """The number of the member a field names, by uuid or by one of these kinds of name."""
    text = form.text(field)
    if not text:
        return _NOBODY
    number = await visit.read(lambda rows: _find(rows, visit.tenant_id, text, names))
    if number == _NOBODY:
        form.fail(field, _MESSAGES["unknown_member"])
    elif not names:
        visit.programme.learn(text.lower(), number)
    return number


def _find(rows: Rows, tenant_id: int, text: str, names: tuple[str, ...]) -> int:
    member = members.by_id(rows, tenant_id, text.lower())
    found = member.number if member else None
    for kind in names:
        if found is None:
            found = members.find(rows, tenant_id, kind, identities.normalise(kind, text))
    if found is None or standing.of(rows, tenant_id, found).status == "deleted":
        return _NOBODY
    return found


_SHORT_ADD, _SHORT_SPEND = _short(_adding), _short(_spending)
