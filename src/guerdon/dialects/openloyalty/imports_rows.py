"""What each row of a file asks for: one command, or why it is none.

Messages say which field is wrong and never quote what was in it, since they are kept when whoever
the row is about is long forgotten.
Source: Open Loyalty 4.3, "XML file structure" of customers, points transfers, transactions and
        matches, and the messages in its examples.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from guerdon import limits
from guerdon.dialects.openloyalty import imports_xml, transactions_forms
from guerdon.dialects.openloyalty.forms import BLANK, Form
from guerdon.dialects.openloyalty.visits import Visit
from guerdon.domain import identities
from guerdon.domain.registration import points_number
from guerdon.engine.commands.imports import Kind, Row
from guerdon.engine.commands.members import EnrolMember
from guerdon.engine.commands.points import AddPoints, SpendPoints
from guerdon.engine.commands.purchases import AssignPurchase, RegisterPurchase
from guerdon.store import definitions, members, standing
from guerdon.store.port import Rows

GENDERS = ("male", "female", "not_disclosed")
_AGREEMENTS = ("agreement1", "agreement2", "agreement3")
_ADDRESS = ("street", "address1", "address2", "postal", "city", "province", "country")
_NAMES = {"customerEmail": "email", "customerPhoneNumber": "phone"}
_CARD = "customerLoyaltyCardNumber"
_ONE_POINT = 100
_CONVERTING = "Convert exception: "


class Asked(msgspec.Struct, frozen=True):
    """What a row asks for: a command, or none and a `message`. `identifier` names the row."""

    identifier: str
    command: Row | None
    message: str = ""


class Shape(msgspec.Struct, frozen=True):
    """How a file of a kind looks, and how the answer shows what a row made."""

    root: str
    row: str
    convert: Callable[[Rows, Visit, Form], tuple[str, Row]]
    shown: Callable[[str], Any]


def asked(
    rows: Rows, visit: Visit, kind: Kind, given: imports_xml.Row | imports_xml.Unreadable
) -> Asked:
    """What one row asks for."""
    if isinstance(given, imports_xml.Unreadable):
        return Asked("", None, f"{_CONVERTING}{given.reason}")
    form = Form(given, visit.timezone)
    identifier, command = SHAPES[kind].convert(rows, visit, form)
    wrong = _first_wrong(form.tree())
    return Asked(identifier, None, _CONVERTING + wrong) if wrong else Asked(identifier, command)


def _customer(_rows: Rows, visit: Visit, form: Form) -> tuple[str, Row]:
    given: dict[str, Any] = {
        "firstName": form.text("firstName"),
        "lastName": form.text("lastName"),
        "gender": form.choice("gender", GENDERS),
        "email": _email(form),
        "phone": form.text("phone", required=False),
        "birthDate": form.date("birthDate", required=False),
        "loyaltyCardNumber": form.text("loyaltyCardNumber", required=False),
    }
    if given["email"] is None and given["phone"] is None:
        form.fail("email", BLANK)
    identifier = given["email"] or given["phone"] or given["loyaltyCardNumber"] or ""
    profile = {name: value for name, value in given.items() if value is not None}
    profile |= {name: bool(form.switch(name, required=False)) for name in _AGREEMENTS}
    profile |= _parts(form)
    is_active = form.switch("active", required=False) is not False
    return identifier, EnrolMember(
        visit.tenant_id,
        visit.key_id,
        by="admin" if is_active else "self",
        profile=msgspec.json.encode(profile).decode(),
        store_code=visit.store_code,
        level_id=_either(form, "levelID", "levelId"),
        pos_id=_either(form, "posId"),
        seller_id=_either(form, "sellerId"),
        is_quiet=not form.switch("sendActivationMail", required=False),
        actor=visit.actor,
    )


def _points(rows: Rows, visit: Visit, form: Form) -> tuple[str, Row]:
    number, who = _member(rows, visit, form)
    points = form.points("points", low=_ONE_POINT)
    comment = form.text("comment", required=False)
    days = form.whole("validityDuration", required=False, low=1, high=limits.points_days_max)
    kind = form.choice("type", ("adding", "spending"))
    amount = msgspec.json.encode(points_number(points)).decode()
    identifier = f"{who}/({_as_sent(form, 'type', kind)} {_as_sent(form, 'points', amount)})"
    moves = AddPoints if kind == "adding" else SpendPoints
    command = moves(
        visit.tenant_id,
        visit.key_id,
        number=number,
        points=points,
        comment=comment,
        issuer=visit.issuer,
        actor=visit.actor,
    )
    if isinstance(command, AddPoints):
        return identifier, msgspec.structs.replace(command, validity_days=days)
    return identifier, command


def _transaction(rows: Rows, visit: Visit, form: Form) -> tuple[str, Row]:
    sell, back = transactions_forms.SELL, transactions_forms.RETURN
    is_return = form.choice("documentType", (sell, back), required=False) == back
    document_number = form.text("documentNumber")
    return document_number, RegisterPurchase(
        visit.tenant_id,
        visit.key_id,
        document_number=document_number,
        purchased_at=form.moment("purchaseDate"),
        place=form.text("purchasePlace", required=False) or "",
        is_return=is_return,
        revised_document=form.text("revisedDocument", required=is_return) or "",
        items=transactions_forms.items(form),
        customer=transactions_forms.customer(form.child("customer")),
        pos_id=_pos(rows, visit, form),
        labels=transactions_forms.labels(form, "labels"),
        actor=visit.actor,
    )


def _match(rows: Rows, visit: Visit, form: Form) -> tuple[str, Row]:
    document_number = form.text("transactionDocumentNumber")
    number, _ = _member(rows, visit, form)
    return document_number, AssignPurchase(
        visit.tenant_id,
        visit.key_id,
        document_number=document_number,
        number=number,
        actor=visit.actor,
    )


SHAPES: dict[Kind, Shape] = {
    "customers": Shape("customers", "customer", _customer, str),
    "points": Shape(
        "pointsTransfers", "pointsTransfer", _points, lambda made: {"pointsTransferId": made}
    ),
    "transactions": Shape(
        "transactions", "transaction", _transaction, lambda made: {"transactionId": made}
    ),
    "matches": Shape(
        "matchCustomers", "matchCustomer", _match, lambda made: {"transactionId": made}
    ),
}


def _as_sent(form: Form, name: str, read: str) -> str:
    """What was read from a field, or what was in it when that could not be read."""
    return read if form.is_right(name) else form.text(name, required=False) or ""


def _email(form: Form) -> str | None:
    found = form.text("email", required=False)
    if found and not identities.is_roughly_email(found):
        form.fail("email", "is not a valid e-mail address")
    return found.lower() if found else found


def _parts(form: Form) -> dict[str, Any]:
    address, company = form.child("address"), form.child("company")
    parts: dict[str, Any] = {
        "address": {name: address.text(name, required=False) for name in _ADDRESS},
        "company": {name: company.text(name, required=False) for name in ("name", "nip")},
    }
    kept = {
        part: {name: text for name, text in given.items() if text is not None}
        for part, given in parts.items()
    }
    labels = transactions_forms.labels(form, "labels")
    kept_labels = {"labels": [{"key": key, "value": value} for key, value in labels]}
    return {part: given for part, given in (kept | kept_labels).items() if given}


def _either(form: Form, *names: str) -> str:
    """The id under one of several spellings; "" for none."""
    name = next((name for name in names if form.has(name)), names[0])
    return form.uuid(name, required=False) or ""


def _member(rows: Rows, visit: Visit, form: Form) -> tuple[int, str]:
    """The member whom a row names in one of several ways, and that name."""
    tenant_id = visit.tenant_id
    member_id = form.uuid("customerId", required=False)
    if member_id:
        member = standing.present(rows, tenant_id, member_id)
        return _known(form, "customerId", member.number if member else None), member_id
    for field, kind in _NAMES.items():
        name = form.text(field, required=False)
        if name:
            name = name.lower() if kind == "email" else name
            return _known(form, field, members.find(rows, tenant_id, kind, name)), name
    card = form.text(_CARD, required=False)
    if card:
        return _known(form, _CARD, members.find(rows, tenant_id, "card", card)), card
    form.fail("customerId", BLANK)
    return 0, ""


def _known(form: Form, field: str, number: int | None) -> int:
    if number is None:
        form.fail(field, "names no customer")
    return number or 0


def _pos(rows: Rows, visit: Visit, form: Form) -> str:
    """A POS by its uuid, or else by its identifier."""
    pos_id = form.uuid("posId", required=False)
    identifier = form.text("posIdentifier", required=False)
    if pos_id is not None or identifier is None:
        return pos_id or ""
    for place in definitions.of_kind(rows, visit.tenant_id, "Pos"):
        if place.body.get("identifier") == identifier:
            return place.definition_id
    form.fail("posIdentifier", "names no POS")
    return ""


def _first_wrong(tree: dict[str, Any], path: str = "") -> str:
    """The first thing that is wrong with a form, in the documented words where there are some."""
    for name, entry in tree.items():
        field = f"{path}{name}"
        for message in entry.get("errors", ()):
            return _worded(name, field, message)
        wrong = _first_wrong(entry.get("children", {}), field + ".")
        if wrong:
            return wrong
    return ""


def _worded(name: str, field: str, message: str) -> str:
    if message == BLANK:
        return f"{field} is required node"
    if name == "birthDate":
        return f"{field} has invalid date format (Y-m-d required)"
    if name.lower().endswith("id"):
        return f"{field} is not a valid UUID." if "names" not in message else f"{field} {message}"
    return f"{field} {message}"
