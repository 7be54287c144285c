"""Purchases: what was bought or brought back, and what is decided about it.

A purchase is Open Loyalty's transaction: a document with items. A return is a document too, which
names the one it takes back. Settings say which items are delivery costs and which do not count
towards a level; they are written down with the purchase, so that a later change leaves it alone.

Units:  money is whole 1/10,000 (`gross` of an item is its line's), moments microseconds UTC.
Source: Open Loyalty 4.3, "Transactions" and "Event API".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import tzinfo
from decimal import Decimal
from typing import Any

import msgspec

from guerdon.domain.amounts import rounded
from guerdon.domain.decisions import Decision
from guerdon.domain.openloyalty_types import TRANSACTION, USER
from guerdon.domain.registration import local

TRANSACTION_WAS_REGISTERED = TRANSACTION + "TransactionWasRegistered"
CUSTOMER_WAS_ASSIGNED = TRANSACTION + "CustomerWasAssignedToTransaction"
ASSIGNED_TO_CUSTOMER = USER + "AssignedTransactionToCustomer"
LABELS_WERE_CHANGED = "Guerdon.Purchase.Event.LabelsWereChanged"

_MONEY_DIGITS = 4
_MONEY_UNIT = 10_000

Label = tuple[str, str]
"""(key, value)"""


class Item(msgspec.Struct, frozen=True, array_like=True):
    """One line of a purchase: `gross` is what all of its `quantity` cost together."""

    sku: str
    name: str
    quantity: int
    gross: int
    category: str
    maker: str = ""
    labels: tuple[Label, ...] = ()


class Exclusions(msgspec.Struct, frozen=True, array_like=True):
    """What settings said when the purchase was registered."""

    delivery_skus: tuple[str, ...] = ()
    level_skus: tuple[str, ...] = ()
    level_categories: tuple[str, ...] = ()


class Purchase(msgspec.Struct, frozen=True):
    """A purchase, or a return (`is_return`) of the purchase `revised_document`.

    position: the place of the decision that registered it; 0 when it is only imagined.
    number:   the member it belongs to, 0 for nobody.
    pos_id:   where it was made, "" when that is not known.
    customer: what the document says of the buyer, in Open Loyalty's names.
    returned: how much of it came back so far.
    """

    position: int
    purchase_id: str
    document_number: str
    is_return: bool
    purchased_at: int
    place: str
    pos_id: str
    revised_document: str
    number: int
    registered_at: int
    assigned_at: int | None
    returned: int
    items: tuple[Item, ...]
    labels: tuple[Label, ...]
    exclusions: Exclusions
    customer: dict[str, Any]

    @property
    def gross(self) -> int:
        """What all items cost together."""
        return sum(item.gross for item in self.items)

    @property
    def gross_without_delivery(self) -> int:
        """The same without delivery costs."""
        delivery = self.exclusions.delivery_skus
        return sum(item.gross for item in self.items if item.sku not in delivery)

    @property
    def excluded_for_level(self) -> int:
        """How much of it does not count towards a level.

        An item that is excluded for two reasons is taken off once.
        """
        return sum(item.gross for item in self.items if self._is_excluded(item))

    @property
    def excluded_delivery(self) -> int:
        """How much of that is delivery costs."""
        delivery = self.exclusions.delivery_skus
        items = (item for item in self.items if item.sku in delivery)
        return sum(item.gross for item in items if self._is_excluded(item))

    def _is_excluded(self, item: Item) -> bool:
        excluded = self.exclusions
        return item.sku in excluded.level_skus or item.category in excluded.level_categories


def registered(purchase: Purchase, seal_number: int, timezone: tzinfo) -> Decision:
    """A purchase is on record.

    seal_number: under whose key the buyer's details are sealed: the member's the purchase is known
                 to belong to, or a negative number of its own.
    """
    excluded = purchase.exclusions
    payload = {
        "transactionId": _id(purchase),
        "transactionData": {
            "documentType": "return" if purchase.is_return else "sell",
            "documentNumber": purchase.document_number,
            "purchasePlace": purchase.place or None,
            "purchaseDate": local(purchase.purchased_at, timezone),
        },
        "customerData": purchase.customer,
        "items": [shown_item(item) for item in purchase.items],
        "posId": {"posId": purchase.pos_id} if purchase.pos_id else None,
        "excludedDeliverySKUs": list(excluded.delivery_skus) or None,
        "excludedLevelSKUs": list(excluded.level_skus) or None,
        "excludedLevelCategories": list(excluded.level_categories) or None,
        "revisedDocument": purchase.revised_document or None,
        "labels": shown_labels(purchase.labels),
    }
    return Decision(
        type=TRANSACTION_WAS_REGISTERED,
        aggregate=purchase.purchase_id,
        number=seal_number,
        payload=payload,
        personal="customerData",
    )


def assigned(
    purchase: Purchase, number: int, member_id: str, *, email: str | None, phone: str | None
) -> Decision:
    """A purchase belongs to a member from now on."""
    payload = {
        "transactionId": _id(purchase),
        "customerId": {"customerId": member_id},
        "email": email or None,
        "phone": phone or None,
    }
    return Decision(
        type=CUSTOMER_WAS_ASSIGNED,
        aggregate=purchase.purchase_id,
        number=number,
        payload=payload,
        personal=("email", "phone"),
    )


def counted(purchase: Purchase, number: int, member_id: str) -> Decision:
    """A purchase counts among a member's own."""
    payload = {
        "customerId": {"customerId": member_id},
        "transactionId": _id(purchase),
        "grossValue": money_number(purchase.gross),
        "grossValueWithoutDeliveryCosts": money_number(purchase.gross_without_delivery),
        "documentNumber": purchase.document_number,
        "amountExcludedForLevel": money_number(purchase.excluded_for_level),
        "isReturn": purchase.is_return,
        "revisedDocument": purchase.revised_document or None,
    }
    return Decision(type=ASSIGNED_TO_CUSTOMER, aggregate=member_id, number=number, payload=payload)


def labelled(purchase: Purchase, labels: Iterable[Label]) -> Decision:
    """A purchase has these labels from now on, all of them."""
    return Decision(
        type=LABELS_WERE_CHANGED,
        aggregate=purchase.purchase_id,
        number=purchase.number or None,
        payload={"transactionId": _id(purchase), "labels": shown_labels(labels)},
    )


def points_to_revoke(earned: int, revoked: int, original: Purchase, returned: Purchase) -> int:
    """The points (hundredths) that a return takes back: as much of them as of the money.

    earned:  what the original brought. revoked: what earlier returns of it have taken back.
    """
    if not original.gross:
        return 0
    share = rounded(earned * abs(returned.gross), abs(original.gross))
    return max(0, min(share, earned - revoked))


def came_back(
    part: Callable[[Purchase], int],
    original: Purchase | None,
    earlier: Iterable[Purchase],
    back: Purchase,
) -> int:
    """What a return takes back of some sum of its purchase: at most what is left of it.

    When nothing is left of the whole, nothing is of any part, whatever the returned lines say.
    original: None when nobody registered it. earlier: its returns that were counted before.
    """
    if original is None:
        return abs(part(back))
    before = tuple(earlier)
    return _left(part, original, before) - _left(part, original, (*before, back))


def _left(part: Callable[[Purchase], int], original: Purchase, returns: Iterable[Purchase]) -> int:
    returned = tuple(returns)
    if returned and sum(abs(each.gross) for each in returned) >= abs(original.gross):
        return 0
    return max(0, abs(part(original)) - sum(abs(part(each)) for each in returned))


def shown_item(item: Item) -> dict[str, Any]:
    """An item as Open Loyalty writes it; an unknown maker is left out."""
    shown: dict[str, Any] = {
        "sku": {"code": item.sku},
        "name": item.name,
        "quantity": item.quantity,
        "grossValue": money_number(item.gross),
        "category": item.category,
    }
    if item.maker:
        shown["maker"] = item.maker
    shown["labels"] = shown_labels(item.labels)
    return shown


def shown_labels(labels: Iterable[Label]) -> list[dict[str, str]]:
    """Labels as Open Loyalty writes them."""
    return [{"key": key, "value": value} for key, value in labels]


def money_number(amount: int) -> int | msgspec.Raw:
    """Money as a JSON number without a superfluous digit: 10000 -> 1, 125000 -> 12.5.

    A fraction is a piece of JSON text, since a binary fraction would not be exact.
    """
    whole, rest = divmod(abs(amount), _MONEY_UNIT)
    if not rest:
        return amount // _MONEY_UNIT
    sign = "-" if amount < 0 else ""
    return msgspec.Raw(f"{sign}{whole}.{rest:0{_MONEY_DIGITS}}".rstrip("0").encode())


def money_amount(number: Any) -> int:
    """A JSON number of money as whole 1/10,000, not through a binary fraction."""
    written = bytes(number).decode() if isinstance(number, msgspec.Raw) else repr(number)
    return int(Decimal(written).scaleb(_MONEY_DIGITS).to_integral_value())


def _id(purchase: Purchase) -> dict[str, str]:
    return {"transactionId": purchase.purchase_id}
