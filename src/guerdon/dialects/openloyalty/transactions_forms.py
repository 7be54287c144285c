"""What forms about transactions say: as commands, and as filters of lists.

Source: Open Loyalty 4.3, "Transactions". Its examples spell `labels` as `label` in one place, and
`transactionDocumentNumber` wrongly in another: both are taken.
"""

from __future__ import annotations

from typing import Any

import msgspec

from guerdon import limits
from guerdon.dialects.openloyalty.forms import BLANK, WRONG, Form
from guerdon.dialects.openloyalty.visits import Visit
from guerdon.domain.purchases import Item, Label
from guerdon.engine.commands.purchases import RegisterPurchase, SimulatePurchase
from guerdon.errors import Refused
from guerdon.store import members, standing
from guerdon.store.port import Rows
from guerdon.store.purchases import Wanted

SELL, RETURN = "sell", "return"
_CUSTOMER = ("name", "email", "nip", "phone", "loyaltyCardNumber")
_ADDRESS = ("street", "address1", "address2", "province", "city", "postal", "country")
_WITHIN = limits.money_ten_thousandths_max

FIELDS = {
    "documentNumber": ("transactionData", "documentNumber"),
    "documentType": ("transactionData", "documentType"),
    "pos": ("", "pos"),
    "revisedDocument": ("", "revisedDocument"),
    "items": ("", "items"),
}
"""Where in the form the field stands that a refusal names: part and name."""


def purchase(visit: Visit, form: Form) -> RegisterPurchase:
    """The purchase or return that a form registers."""
    document = form.child("transactionData")
    is_return = document.choice("documentType", (SELL, RETURN), required=False) == RETURN
    return RegisterPurchase(
        visit.tenant_id,
        visit.key_id,
        document_number=document.text("documentNumber"),
        purchased_at=document.moment("purchaseDate"),
        place=document.text("purchasePlace", required=False) or "",
        is_return=is_return,
        revised_document=form.text("revisedDocument", required=is_return) or "",
        items=items(form),
        customer=customer(form.child("customerData")),
        pos_id=form.uuid("pos", required=False) or "",
        labels=labels(form, "labels"),
        actor=visit.actor,
    )


def simulation(visit: Visit, form: Form) -> SimulatePurchase:
    """The purchase that a form only imagines; without a date it is made now."""
    document = form.child("transactionData")
    made_at = form.moment("purchaseDate", required=False)
    if made_at is None:
        made_at = document.moment("purchaseDate", required=False)
    return SimulatePurchase(
        visit.tenant_id,
        visit.key_id,
        items=items(form),
        purchased_at=visit.now if made_at is None else made_at,
        customer=customer(form.child("customerData")),
        pos_id=form.uuid("pos", required=False) or "",
    )


def items(form: Form) -> tuple[Item, ...]:
    """What was bought: at least one item."""
    given = form.children("items")
    if not given:
        form.fail("items", BLANK)
    if len(given) > limits.purchase_items_max:
        form.fail("items", f"There can be {limits.purchase_items_max} items or less.")
        return ()
    return tuple(_item(each) for each in given)


def labels(form: Form, name: str) -> tuple[Label, ...]:
    """Labels; one without a value has an empty one."""
    given = form.children(name)
    if len(given) > limits.purchase_labels_max:
        form.fail(name, f"There can be {limits.purchase_labels_max} labels or less.")
        return ()
    return tuple((each.text("key"), each.text("value", required=False) or "") for each in given)


def customer(form: Form) -> str:
    """What a document says of the buyer, as JSON text; everything may be missing."""
    said: dict[str, Any] = {name: form.text(name, required=False) for name in _CUSTOMER}
    address = form.child("address")
    said["address"] = {
        name: text for name in _ADDRESS if (text := address.text(name, required=False)) is not None
    }
    return msgspec.json.encode(said).decode()


def labels_given(form: Form) -> tuple[Label, ...]:
    """The labels of a form that is about nothing else."""
    name = "label" if form.has("label") and not form.has("labels") else "labels"
    return labels(form, name)


def document_number(form: Form) -> str:
    """The document that a form is about."""
    misspelt = "transactionDocumentNumebr"
    name = "transactionDocumentNumber"
    if form.has(misspelt) and not form.has(name):
        return form.text(misspelt)
    return form.text(name)


def buyer(rows: Rows, tenant_id: int, form: Form) -> int:
    """The number of the member that a form names in one of several ways; 0 when it names none."""
    member_id = form.text("customerId", required=False)
    card = form.text("customerLoyaltyCardNumber", required=False)
    phone = form.text("customerPhoneNumber", required=False)
    if member_id is not None:
        member = standing.present(rows, tenant_id, member_id.lower())
        return _found(form, "customerId", member.number if member else None)
    if card is not None:
        number = members.find(rows, tenant_id, "card", card)
        return _found(form, "customerLoyaltyCardNumber", number)
    if phone is not None:
        number = members.find(rows, tenant_id, "phone", phone)
        return _found(form, "customerPhoneNumber", number)
    form.fail("customerId", BLANK)
    return 0


def wanted(visit: Visit, names: tuple[str, ...], number: int | None = None) -> Wanted:
    """The filters of a list, out of those it has. Errors: Refused `invalid_parameter`."""
    asked = {name: value for name, value in visit.query.items() if name in names}
    form = Form(asked, visit.timezone)
    kind = form.choice("documentType", (SELL, RETURN), required=False)
    given = form.children("labels") if "labels" in asked else []
    if len(given) > limits.purchase_labels_asked_max:
        form.fail("labels", WRONG)
    found = Wanted(
        number=number,
        is_return=None if kind is None else kind == RETURN,
        pos_id=(form.text("posId", required=False) or "").lower(),
        document_number=form.text("documentNumber", required=False) or "",
        name=_lower(form, "customerData_name"),
        email=_lower(form, "customerData_email"),
        phone=_lower(form, "customerData_phone"),
        card=_lower(form, "customerData_loyaltyCardNumber"),
        labels=tuple(map(_asked_label, given)),
        **_spans(form),
    )
    if not form.is_valid:
        field = next(name for name, entry in form.tree().items() if _is_wrong(entry))
        raise Refused(f"{field}: {WRONG}", code="invalid_parameter", field=field)
    return found


def _asked_label(form: Form) -> tuple[str | None, str | None]:
    """A key, a value, or both."""
    value = form.text("value", required=False)
    return form.text("key", required=value is None), value


def _item(form: Form) -> Item:
    return Item(
        sku=form.child("sku").text("code"),
        name=form.text("name"),
        quantity=form.whole("quantity", high=limits.item_quantity_max),
        gross=form.money("grossValue", low=-_WITHIN, high=_WITHIN),
        category=form.text("category"),
        maker=form.text("maker", required=False) or "",
        labels=labels(form, "labels"),
    )


def _found(form: Form, name: str, number: int | None) -> int:
    if number is None:
        form.fail(name, "Such customer does not exist.")
    return number or 0


def _lower(form: Form, name: str) -> str:
    return (form.text(name, required=False) or "").lower()


def _spans(form: Form) -> dict[str, int]:
    """The bounds that are given; a last day is meant to its end."""
    bounds = {
        "purchased_from": form.moment("purchaseDateFrom", required=False),
        "purchased_to": form.end("purchaseDateTo", required=False),
        "gross_from": form.money("grossValueFrom", required=False, low=-_WITHIN),
        "gross_to": form.money("grossValueTo", required=False, low=-_WITHIN),
    }
    return {name: bound for name, bound in bounds.items() if bound is not None}


def _is_wrong(entry: dict[str, Any]) -> bool:
    return bool(entry.get("errors")) or any(map(_is_wrong, entry.get("children", {}).values()))
