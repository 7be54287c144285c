"""Purchases and returns, and whom they belong to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from operator import attrgetter
from typing import Any

import msgspec

from guerdon.clock import from_datetime
from guerdon.domain import purchases
from guerdon.domain.purchases import Item, Label, Purchase
from guerdon.engine.folds.fact import Fact, Fold, Payload, text
from guerdon.store import tallies
from guerdon.store.purchases import (
    Total,
    by_document,
    by_id,
    excluded_delivery,
    label_text,
    returns_of,
    total_of,
)
from guerdon.store.transaction import Transaction

_Part = Callable[[Purchase], int]
_GROSS: _Part = attrgetter("gross")
_WITHOUT_DELIVERY: _Part = attrgetter("gross_without_delivery")
_EXCLUDED: _Part = attrgetter("excluded_for_level")
_EXCLUDED_DELIVERY: _Part = attrgetter("excluded_delivery")

_SEARCHED = {
    "customer_name": "name",
    "customer_email": "email",
    "customer_phone": "phone",
    "customer_card": "loyaltyCardNumber",
}


def _registered(tx: Transaction, fact: Fact) -> None:
    payload = fact.payload
    items = _items(payload["items"])
    customer = payload.get("customerData") or {}
    document = payload["transactionData"]
    made_at = from_datetime(datetime.fromisoformat(document["purchaseDate"]))
    tx.rows.run(
        "add_purchase",
        tenant_id=fact.tenant_id,
        position=fact.position,
        purchase_id=fact.aggregate,
        document_number=document["documentNumber"],
        is_return=int(document["documentType"] == "return"),
        purchased_at=made_at,
        place=document["purchasePlace"] or "",
        pos_id=(payload.get("posId") or {}).get("posId", ""),
        revised_document=payload.get("revisedDocument") or "",
        seal_number=fact.number,
        registered_at=fact.recorded_at,
        gross=sum(item.gross for item in items),
        items=text(items),
        labels=text(_labels(payload["labels"])),
        exclusions=text(_exclusions(payload)),
        customer=text(customer),
        **{column: str(customer.get(name) or "").lower() for column, name in _SEARCHED.items()},
    )
    _tally(tx, fact, items, made_at)
    for key, value in dict.fromkeys(label for item in items for label in item.labels):
        tx.rows.run("add_item_label", tenant_id=fact.tenant_id, key=key, value=value)


def _tally(tx: Transaction, fact: Fact, items: tuple[Item, ...], made_at: int) -> None:
    """Add it to what was bought altogether."""
    is_return = fact.payload["transactionData"]["documentType"] == "return"
    delivery = fact.payload.get("excludedDeliverySKUs") or []
    gross = sum(item.gross for item in items)
    net = sum(item.gross for item in items if item.sku not in delivery)
    if is_return:
        gross, net = _taken_back(tx, fact)
    changes = tallies.changes(
        (fact.payload.get("posId") or {}).get("posId", ""),
        is_return=is_return,
        gross=gross,
        gross_without_delivery=net,
    )
    for name, change in changes.items():
        tx.count(fact.tenant_id, name, change)
    if not is_return:
        hour = made_at // tallies.HOUR
        tx.rows.run("add_purchase_hour", tenant_id=fact.tenant_id, hour=hour)


def _taken_back(tx: Transaction, fact: Fact) -> tuple[int, int]:
    """What a return that was just registered takes back, with delivery and without."""
    back = by_id(tx.rows, fact.tenant_id, fact.aggregate)
    if back is None:
        return 0, 0
    original = by_document(tx.rows, fact.tenant_id, back.revised_document)
    earlier: list[Purchase] = []
    if original is not None:
        known = returns_of(tx.rows, fact.tenant_id, original)
        earlier = [each for each in known if original.position < each.position < back.position]
    return (
        purchases.came_back(_GROSS, original, earlier, back),
        purchases.came_back(_WITHOUT_DELIVERY, original, earlier, back),
    )


def _assigned(tx: Transaction, fact: Fact) -> None:
    tx.rows.run(
        "assign_purchase",
        tenant_id=fact.tenant_id,
        purchase_id=fact.aggregate,
        number=fact.number,
        assigned_at=fact.recorded_at,
    )


def _counted(tx: Transaction, fact: Fact) -> None:
    tenant_id, number = fact.tenant_id, fact.number
    purchase = by_id(tx.rows, tenant_id, fact.payload["transactionId"]["transactionId"])
    if purchase is None:
        return
    total = total_of(tx.rows, tenant_id, number)
    changed = _less(tx, fact, total, purchase) if purchase.is_return else _more(total, purchase)
    tx.rows.run(
        "set_purchase_total",
        tenant_id=tenant_id,
        number=number,
        **msgspec.structs.asdict(changed),
    )
    if not purchase.is_return:
        _count_excluded_delivery(tx, fact, purchase.excluded_delivery)
        _remember_bought(tx, fact, purchase)


def _labelled(tx: Transaction, fact: Fact) -> None:
    tx.rows.run(
        "set_purchase_labels",
        tenant_id=fact.tenant_id,
        purchase_id=fact.aggregate,
        labels=text(_labels(fact.payload["labels"])),
    )


def _more(total: Total, purchase: Purchase) -> Total:
    """What a member bought altogether after a purchase."""
    made_at = purchase.purchased_at
    return Total(
        sales=total.sales + 1,
        purchases=total.purchases + 1,
        gross=total.gross + purchase.gross,
        gross_without_delivery=total.gross_without_delivery + purchase.gross_without_delivery,
        excluded_for_level=total.excluded_for_level + purchase.excluded_for_level,
        first_at=min(total.first_at, made_at) if total.sales else made_at,
        last_at=max(total.last_at, made_at) if total.sales else made_at,
    )


def _less(tx: Transaction, fact: Fact, total: Total, back: Purchase) -> Total:
    """The same after a return; the purchase itself is gone once all of it came back.

    What is taken off is never more than is left of that purchase, so the others stay as they are.
    """
    original = by_document(tx.rows, fact.tenant_id, back.revised_document)
    earlier = _counted_before(tx, fact, original, back) if original else []

    def less(before: int, part: _Part) -> int:
        return max(0, before - purchases.came_back(part, original, earlier, back))

    twice = purchases.came_back(_EXCLUDED_DELIVERY, original, earlier, back)
    _count_excluded_delivery(tx, fact, -twice)
    is_whole = _took_back_whole(tx, fact, original, back) if original else False
    return msgspec.structs.replace(
        total,
        purchases=max(0, total.purchases - is_whole),
        gross=less(total.gross, _GROSS),
        gross_without_delivery=less(total.gross_without_delivery, _WITHOUT_DELIVERY),
        excluded_for_level=less(total.excluded_for_level, _EXCLUDED),
    )


def _count_excluded_delivery(tx: Transaction, fact: Fact, change: int) -> None:
    if change:
        name = excluded_delivery(fact.number)
        tx.count(fact.tenant_id, name, max(change, -tx.total(fact.tenant_id, name)))


def _counted_before(
    tx: Transaction, fact: Fact, original: Purchase, back: Purchase
) -> list[Purchase]:
    """The returns that were taken off before, and from this purchase.

    What came back before the purchase was on record was taken from others; within one commit all
    is of one moment, and positions tell.
    """
    on_record = (original.registered_at, original.position)
    return [
        each
        for each in returns_of(tx.rows, fact.tenant_id, original)
        if each.assigned_at is not None
        and (each.assigned_at, each.position) > on_record
        and each.position != back.position
    ]


def _took_back_whole(tx: Transaction, fact: Fact, original: Purchase, back: Purchase) -> bool:
    """Note what came back on the original; whether that was the last of it."""
    returned = original.returned + abs(back.gross)
    tx.rows.run(
        "set_purchase_returned",
        tenant_id=fact.tenant_id,
        position=original.position,
        returned=returned,
    )
    is_whole = original.returned < abs(original.gross) <= returned
    if is_whole:
        _count_place(tx, fact, original, -1)
    return is_whole


def _remember_bought(tx: Transaction, fact: Fact, purchase: Purchase) -> None:
    _count_place(tx, fact, purchase, 1)
    things = dict.fromkeys(
        thing
        for item in purchase.items
        for thing in (
            ("sku", item.sku),
            ("maker", item.maker),
            *(("label", label_text(label)) for label in item.labels),
        )
        if thing[1]
    )
    for kind, value in things:
        tx.rows.run(
            "add_bought", tenant_id=fact.tenant_id, kind=kind, value=value, number=fact.number
        )


def _count_place(tx: Transaction, fact: Fact, purchase: Purchase, change: int) -> None:
    if purchase.pos_id:
        tx.rows.run(
            "add_purchase_place",
            tenant_id=fact.tenant_id,
            pos_id=purchase.pos_id,
            number=fact.number,
            change=change,
        )


def _items(shown: list[Payload]) -> tuple[Item, ...]:
    return tuple(
        Item(
            sku=item["sku"]["code"],
            name=item["name"],
            quantity=item["quantity"],
            gross=purchases.money_amount(item["grossValue"]),
            category=item["category"],
            maker=item.get("maker") or "",
            labels=_labels(item["labels"]),
        )
        for item in shown
    )


def _labels(shown: list[dict[str, str]]) -> tuple[Label, ...]:
    return tuple((label["key"], label["value"]) for label in shown)


def _exclusions(payload: Payload) -> list[Any]:
    names = ("excludedDeliverySKUs", "excludedLevelSKUs", "excludedLevelCategories")
    return [payload.get(name) or [] for name in names]


FOLDS: dict[str, Fold] = {
    purchases.TRANSACTION_WAS_REGISTERED: _registered,
    purchases.CUSTOMER_WAS_ASSIGNED: _assigned,
    purchases.ASSIGNED_TO_CUSTOMER: _counted,
    purchases.LABELS_WERE_CHANGED: _labelled,
}
CLEARED: tuple[str, ...] = (
    "clear_purchases",
    "clear_purchase_totals",
    "clear_purchase_places",
    "clear_purchase_hours",
    "clear_bought",
    "clear_item_labels",
    "clear_purchase_counters",
)
