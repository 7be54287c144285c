"""Transactions: registering, assigning, labelling and listing them.

Source: Open Loyalty 4.3, "Transactions".
"""

from __future__ import annotations

from typing import Any

from guerdon.dialects.openloyalty import customers
from guerdon.dialects.openloyalty import transactions_forms as forms
from guerdon.dialects.openloyalty.desk import Answer, Endpoint, Visit
from guerdon.dialects.openloyalty.forms import Form
from guerdon.domain.purchases import Purchase, money_number, shown_item, shown_labels
from guerdon.domain.registration import local, points_number
from guerdon.engine.commands.purchases import AssignPurchase, LabelPurchase
from guerdon.errors import Forbidden, Refused
from guerdon.store import members, points, purchases
from guerdon.store.port import Rows
from guerdon.store.purchases import SORTS, Wanted

_NOBODY = -1
_OF_CUSTOMER = ("documentType", "documentNumber", "posId")
_OF_ALL = (
    "customerData_loyaltyCardNumber",
    "customerData_name",
    "customerData_email",
    "customerData_phone",
    "documentType",
    "documentNumber",
    "posId",
    "purchaseDateFrom",
    "purchaseDateTo",
    "grossValueFrom",
    "grossValueTo",
    "labels",
)


def endpoints() -> list[Endpoint]:
    """Everything about transactions besides their imports."""
    see, change = "TRANSACTION:VIEW", "TRANSACTION:MODIFY"
    one = "/transaction/{transaction}"
    assign = "transaction/customer/assign"
    of_member = "/seller/transaction/customer/{customer}"
    return [
        Endpoint("POST", "/transaction", register, "admin", change),
        Endpoint("GET", "/transaction", list_all, ("admin", "seller"), see),
        Endpoint("GET", one, show, "admin", see),
        Endpoint("POST", "/transaction/simulate", simulate, "admin", see),
        Endpoint("GET", "/transaction/item/labels", list_item_labels, "admin", see),
        Endpoint("POST", "/admin/transaction/labels", replace_labels, "admin", change),
        Endpoint("POST", f"/admin/{assign}", assign_to_customer, "admin", change),
        Endpoint("POST", f"/pos/{assign}", assign_to_customer, "seller"),
        Endpoint("GET", "/seller/transaction", list_all, "seller"),
        Endpoint("GET", "/seller/transaction/{documentNumber}", list_by_document, "seller"),
        Endpoint("GET", of_member, list_of_customer, "seller"),
        Endpoint("POST", f"/customer/{assign}", assign_to_me, "customer"),
        Endpoint("PUT", "/customer/transaction/labels/append", append_labels, "customer"),
        Endpoint("GET", "/customer/transaction", list_mine, ("customer", "admin"), see),
        Endpoint("GET", f"/customer{one}", show, "customer"),
    ]


async def register(visit: Visit) -> Answer:
    """`POST /transaction`."""
    form = await visit.form("transaction")
    command = forms.purchase(visit, form)
    form.check()
    try:
        registered = await visit.execute(command)
    except Refused as refused:
        part, name = forms.FIELDS.get(refused.field or "", ("", ""))
        _explain(form.child(part) if part else form, name, refused)
        form.check()
        raise
    return visit.ok({"transactionId": registered.purchase_id})


async def simulate(visit: Visit) -> Answer:
    """`POST /transaction/simulate`."""
    form = await visit.form("transaction")
    command = forms.simulation(visit, form)
    form.check()
    return visit.ok({"points": points_number(await visit.execute(command))})


async def assign_to_customer(visit: Visit) -> Answer:
    """`POST /{admin|pos}/transaction/customer/assign`."""
    form = await visit.form("assign")
    number = await visit.read(lambda rows: forms.buyer(rows, visit.tenant_id, form))
    return await _assign(visit, form, number)


async def assign_to_me(visit: Visit) -> Answer:
    """`POST /customer/transaction/customer/assign`: whom else the form names is ignored."""
    return await _assign(visit, await visit.form("assign"), visit.caller.number or 0)


async def replace_labels(visit: Visit) -> Answer:
    """`POST /admin/transaction/labels`: in place of those it has."""
    form = await visit.form("transaction_labels")
    command = LabelPurchase(
        visit.tenant_id,
        visit.key_id,
        purchase_id=form.uuid("transactionId") or "",
        labels=forms.labels_given(form),
        actor=visit.actor,
    )
    return await _label(visit, form, command, "transactionId")


async def append_labels(visit: Visit) -> Answer:
    """`PUT /customer/transaction/labels/append`: to those a transaction of theirs has."""
    form = await visit.form("append")
    command = LabelPurchase(
        visit.tenant_id,
        visit.key_id,
        document_number=forms.document_number(form),
        labels=forms.labels_given(form),
        is_added=True,
        number=visit.caller.number or 0,
        actor=visit.actor,
    )
    return await _label(visit, form, command, "transactionDocumentNumber")


async def list_all(visit: Visit) -> Answer:
    """`GET /transaction` and `GET /seller/transaction`."""
    member_id = visit.asked("customerId")
    number = await visit.read(lambda rows: _number(rows, visit, member_id)) if member_id else None
    return await _listed(visit, forms.wanted(visit, _OF_ALL, number))


async def list_mine(visit: Visit) -> Answer:
    """`GET /customer/transaction`: the caller's own, or all of them for an administrator.

    Shop extensions ask as an administrator, with a `customerId`.
    """
    if visit.caller.kind != "customer":
        return await list_all(visit)
    return await _listed(visit, forms.wanted(visit, _OF_CUSTOMER, visit.caller.number))


async def list_of_customer(visit: Visit) -> Answer:
    """`GET /seller/transaction/customer/{customer}`."""
    member = await customers.found(visit)
    return await _listed(visit, forms.wanted(visit, ("documentNumber",), member.number))


async def list_by_document(visit: Visit) -> Answer:
    """`GET /seller/transaction/{documentNumber}`: the one with that number, as a list."""
    document = visit.params["documentNumber"]

    def found(rows: Rows) -> list[dict[str, Any]]:
        purchase = purchases.by_document(rows, visit.tenant_id, document)
        return [_shown(rows, visit, purchase)] if purchase else []

    items = await visit.read(found)
    return visit.listed("transactions", items, len(items))


async def show(visit: Visit) -> Answer:
    """`GET /transaction/{transaction}` and the same for a customer, who may see their own."""
    purchase_id = visit.params["transaction"].lower()

    def found(rows: Rows) -> dict[str, Any] | None:
        purchase = purchases.by_id(rows, visit.tenant_id, purchase_id)
        if purchase is None:
            return None
        if visit.caller.kind == "customer" and purchase.number != visit.caller.number:
            raise Forbidden("Access Denied.")
        return _shown(rows, visit, purchase)

    shown = await visit.read(found)
    return visit.missing() if shown is None else visit.ok(shown)


async def list_item_labels(visit: Visit) -> Answer:
    """`GET /transaction/item/labels`: every value that a label of an item has, by key."""
    found = await visit.read(lambda rows: purchases.item_labels(rows, visit.tenant_id))
    return visit.ok({"labels": found})


async def _assign(visit: Visit, form: Form, number: int) -> Answer:
    command = AssignPurchase(
        visit.tenant_id,
        visit.key_id,
        document_number=forms.document_number(form),
        number=number,
        actor=visit.actor,
    )
    form.check()
    try:
        assigned = await visit.execute(command)
    except Refused as refused:
        _explain(form, "transactionDocumentNumber", refused)
        form.check()
        raise
    return visit.ok({"transactionId": assigned.purchase_id})


async def _label(visit: Visit, form: Form, command: LabelPurchase, name: str) -> Answer:
    form.check()
    try:
        purchase_id = await visit.execute(command)
    except Refused as refused:
        _explain(form, "labels" if refused.field == "labels" else name, refused)
        form.check()
        raise
    return visit.ok({"transactionId": purchase_id})


def _explain(form: Form, name: str, refused: Refused) -> None:
    """Tell a refusal that names a field beside that field."""
    if refused.field is not None and name:
        form.fail(name, refused.message)


async def _listed(visit: Visit, wanted: Wanted) -> Answer:
    page = visit.page(tuple(SORTS))

    def found(rows: Rows) -> tuple[list[dict[str, Any]], int]:
        several, total = purchases.page(
            rows,
            visit.tenant_id,
            wanted,
            sort=page.sort,
            descending=page.descending,
            offset=page.offset,
            limit=page.limit,
        )
        return [_shown(rows, visit, each) for each in several], total

    is_quick = wanted.number is not None or (wanted == purchases.ALL and not page.sort)
    items, total = await (visit.read if is_quick else visit.read_long)(found)
    return visit.listed("transactions", items, total)


def _number(rows: Rows, visit: Visit, member_id: str) -> int:
    """The number of the member with a uuid; `_NOBODY` when there is none."""
    member = members.by_id(rows, visit.tenant_id, member_id.lower())
    return member.number if member else _NOBODY


def _shown(rows: Rows, visit: Visit, purchase: Purchase) -> dict[str, Any]:
    member = members.by_number(rows, visit.tenant_id, purchase.number) if purchase.number else None
    earned = points.earned_with(rows, visit.tenant_id, purchase.purchase_id)
    assigned_at, excluded = purchase.assigned_at, purchase.exclusions
    shown: dict[str, Any] = {
        "grossValue": money_number(purchase.gross),
        "transactionId": purchase.purchase_id,
        "documentNumber": purchase.document_number,
        "purchaseDate": visit.date(purchase.purchased_at),
        "purchasePlace": purchase.place or None,
        "documentType": forms.RETURN if purchase.is_return else forms.SELL,
        "customerId": member.member_id if member else None,
        "assignedToCustomerDate": assigned_at and local(assigned_at, visit.timezone),
        "customerData": _present(purchase.customer),
        "labels": shown_labels(purchase.labels),
        "items": [shown_item(item) for item in purchase.items],
        "posId": purchase.pos_id or None,
        "excludedDeliverySKUs": list(excluded.delivery_skus) or None,
        "excludedLevelSKUs": list(excluded.level_skus) or None,
        "excludedLevelCategories": list(excluded.level_categories) or None,
        "revisedDocument": purchase.revised_document or None,
        "currency": visit.settings["programme.currency"].lower(),
        "pointsEarned": points_number(earned),
    }
    return _present(shown)


def _present(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
