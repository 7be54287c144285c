"""Purchases' use cases: registering them, finding out whose they are, and labelling them."""

from __future__ import annotations

import msgspec

from guerdon import limits
from guerdon.clock import SECOND
from guerdon.domain import identities, rules_on_purchases
from guerdon.domain import purchases as decide
from guerdon.domain.purchases import Exclusions, Purchase
from guerdon.domain.rules import ON_PURCHASE, Facts
from guerdon.engine import consequences, definitions, earning, levels, members, points, rules
from guerdon.engine.commands import Handlers
from guerdon.engine.commands.purchases import (
    AssignPurchase,
    LabelPurchase,
    PurchaseRegistered,
    RegisterPurchase,
    SimulatePurchase,
)
from guerdon.engine.record import record
from guerdon.errors import Duplicate, NotFound, Refused
from guerdon.store import purchases, standing
from guerdon.store.members import Member
from guerdon.store.port import Rows
from guerdon.store.transaction import Transaction

_IDENTITIES = {
    "phone": identities.PHONE,
    "loyaltyCardNumber": identities.CARD,
    "email": identities.EMAIL,
}


def exclusions(named: dict[str, object]) -> Exclusions:
    """What a tenant's settings say of items that count differently."""
    return msgspec.convert(
        [
            named["purchases.excluded_delivery_skus"],
            named["purchases.excluded_level_skus"],
            named["purchases.excluded_level_categories"],
        ],
        Exclusions,
    )


def recognised(rows: Rows, tenant_id: int, customer: dict[str, object], priority: list[str]) -> int:
    """The number of the first active member whom the buyer's details name; 0: nobody.

    priority: which details are looked at, and in which order.
    """
    for field in priority:
        given = str(customer.get(field) or "").strip()
        for value in dict.fromkeys((given.lower(), given)):
            row = value and rows.one(
                "identity_number", tenant_id=tenant_id, kind=_IDENTITIES[field], value=value
            )
            if row and standing.of(rows, tenant_id, row[0]).is_active:
                return int(row[0])
    return 0


def register_purchase(tx: Transaction, command: RegisterPurchase) -> PurchaseRegistered:
    """See `RegisterPurchase`."""
    tenant_id = command.tenant_id
    named = members.settings(tx, tenant_id)
    purchase = _purchase(tx, command, exclusions(named))
    original = _accepted(tx, tenant_id, purchase)
    number = command.number or recognised(
        tx.rows, tenant_id, purchase.customer, named["purchases.identification"]
    )
    # Nobody who was deleted is recognised by what they were called.
    whose = members.present if command.number else members.required
    buyer = whose(tx, tenant_id, number) if number else None
    if buyer is not None:
        _require_same_customer(original, buyer.number)
    seal_number = number or -tx.next_row(tenant_id)
    registered = decide.registered(purchase, seal_number, members.timezone(tx, tenant_id))
    record(tx, tenant_id, registered)
    if buyer is not None:
        _assign(tx, tenant_id, purchase, buyer, original)
    return PurchaseRegistered(purchase.purchase_id, number)


def assign_purchase(tx: Transaction, command: AssignPurchase) -> PurchaseRegistered:
    """See `AssignPurchase`."""
    tenant_id = command.tenant_id
    purchase = _documented(tx, tenant_id, command.document_number)
    if purchase.number:
        raise Refused(
            "Customer is already assigned to this transaction",
            code="already_assigned",
            field="transactionDocumentNumber",
        )
    buyer = members.present(tx, tenant_id, command.number)
    original = _original(tx, tenant_id, purchase) if purchase.is_return else None
    _require_same_customer(original, buyer.number)
    _assign(tx, tenant_id, purchase, buyer, original)
    return PurchaseRegistered(purchase.purchase_id, buyer.number)


def label_purchase(tx: Transaction, command: LabelPurchase) -> str:
    """See `LabelPurchase`."""
    tenant_id = command.tenant_id
    if command.purchase_id:
        found = purchases.by_id(tx.rows, tenant_id, command.purchase_id)
        purchase = found or _unknown("transactionId")
    else:
        purchase = _documented(tx, tenant_id, command.document_number)
    if command.number not in (0, purchase.number):
        _unknown("transactionDocumentNumber")
    before = purchase.labels if command.is_added else ()
    labels = tuple(dict.fromkeys((*before, *command.labels)))
    if len(labels) > limits.purchase_labels_max:
        message = f"A transaction has at most {limits.purchase_labels_max} labels."
        raise Refused(message, code="too_many_labels", field="labels")
    if labels != purchase.labels:
        record(tx, tenant_id, decide.labelled(purchase, labels))
    return purchase.purchase_id


def simulate_purchase(tx: Transaction, command: SimulatePurchase) -> int:
    """See `SimulatePurchase`."""
    tenant_id = command.tenant_id
    named = members.settings(tx, tenant_id)
    imagined = RegisterPurchase(
        tenant_id,
        command.key_id,
        document_number="",
        purchased_at=command.purchased_at,
        items=command.items,
        customer=command.customer,
        pos_id=command.pos_id,
    )
    purchase = _purchase(tx, imagined, exclusions(named))
    number = recognised(tx.rows, tenant_id, purchase.customer, named["purchases.identification"])
    if number:
        owned = msgspec.structs.replace(purchase, number=number)
        # Levels hear of a purchase before rules do.
        level_id = levels.foreseen(tx, tenant_id, owned)
        outcomes = rules.simulated(tx, tenant_id, owned, level_id)
    else:
        these = earning.active(tx, tenant_id, *ON_PURCHASE)
        outcomes = rules_on_purchases.evaluate(these, purchase, Facts())
    return max(0, sum(outcome.points for outcome in outcomes))


def _purchase(tx: Transaction, command: RegisterPurchase, excluded: Exclusions) -> Purchase:
    """What the command says, as a purchase that belongs to nobody."""
    return Purchase(
        position=tx.head(command.tenant_id).decision_position + 1,
        purchase_id=tx.uuid(),
        document_number=command.document_number,
        is_return=command.is_return,
        purchased_at=command.purchased_at // SECOND * SECOND,
        place=command.place,
        pos_id=command.pos_id,
        revised_document=command.revised_document if command.is_return else "",
        number=0,
        registered_at=tx.moment(command.tenant_id),
        assigned_at=None,
        returned=0,
        items=command.items,
        labels=tuple(dict.fromkeys(command.labels)),
        exclusions=excluded,
        customer=msgspec.json.decode(command.customer),
    )


def _accepted(tx: Transaction, tenant_id: int, purchase: Purchase) -> Purchase | None:
    """The original of a return that may be registered; None for a purchase that may."""
    document = purchase.document_number
    if purchases.by_document(tx.rows, tenant_id, document) is not None:
        raise Duplicate(
            "This value is already used.", code="document_exists", field="documentNumber"
        )
    if purchase.pos_id and purchase.pos_id not in definitions.known(tx, tenant_id, "Pos"):
        raise NotFound("This value is not valid.", code="unknown_pos", field="pos")
    least = -limits.money_ten_thousandths_max if purchase.is_return else 0
    if not least <= purchase.gross <= limits.money_ten_thousandths_max:
        message = "What the items cost together is out of range."
        raise Refused(message, code="invalid_total", field="items")
    return _returnable(tx, tenant_id, purchase) if purchase.is_return else None


def _returnable(tx: Transaction, tenant_id: int, purchase: Purchase) -> Purchase | None:
    """The original of a return; None when nobody registered it, as of what was bought before."""
    if not members.settings(tx, tenant_id)["purchases.returns"]:
        raise Refused("Returns are not enabled", code="returns_disabled", field="documentType")
    original = _original(tx, tenant_id, purchase)
    if original is not None and original.is_return:
        raise Refused("This value is not valid.", code="not_returnable", field="revisedDocument")
    return original


def _original(tx: Transaction, tenant_id: int, back: Purchase) -> Purchase | None:
    return purchases.by_document(tx.rows, tenant_id, back.revised_document)


def _require_same_customer(original: Purchase | None, number: int) -> None:
    """What is brought back must have been bought by the same member."""
    if original is not None and original.number != number:
        raise Refused(
            "The returned purchase is not this customer's.",
            code="other_customer",
            field="revisedDocument",
        )


def _assign(
    tx: Transaction, tenant_id: int, purchase: Purchase, buyer: Member, original: Purchase | None
) -> None:
    """The purchase is the member's, with everything that follows; documented in this order."""
    number = buyer.number
    email, phone = (buyer.profile.get(name) for name in ("email", "phone"))
    assigned = decide.assigned(purchase, number, buyer.member_id, email=email, phone=phone)
    record(tx, tenant_id, assigned)
    owned = msgspec.structs.replace(purchase, number=number, assigned_at=tx.moment(tenant_id))
    if original is not None:
        _revoke_points(tx, tenant_id, original, owned)
    record(tx, tenant_id, decide.counted(owned, number, buyer.member_id))
    if not owned.is_return:
        consequences.follow(tx, tenant_id, "purchase_assigned", number, purchase=owned)
    else:
        changed = _original(tx, tenant_id, owned)
        consequences.follow(
            tx, tenant_id, "return_assigned", number, purchase=owned, original=changed
        )


def _revoke_points(tx: Transaction, tenant_id: int, original: Purchase, back: Purchase) -> None:
    """Take back what the original earned, as much of it as of its money came back."""
    amount = decide.points_to_revoke(
        points.earned_with(tx, tenant_id, original.purchase_id),
        points.revoked_for(tx, tenant_id, original.purchase_id),
        original,
        back,
    )
    if amount:
        points.revoke(
            tx,
            tenant_id,
            back.number,
            amount,
            transaction_id=back.purchase_id,
            revised_id=original.purchase_id,
        )


def _documented(tx: Transaction, tenant_id: int, document_number: str) -> Purchase:
    found = purchases.by_document(tx.rows, tenant_id, document_number)
    return found or _unknown("transactionDocumentNumber")


def _unknown(field: str) -> Purchase:
    raise NotFound("No such transaction.", code="unknown_purchase", field=field)


HANDLERS: Handlers = {
    RegisterPurchase: register_purchase,
    AssignPurchase: assign_purchase,
    LabelPurchase: label_purchase,
    SimulatePurchase: simulate_purchase,
}
