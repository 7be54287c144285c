"""Questions about purchases, and about what members bought altogether.

Units: money is 1/10,000, times are microseconds UTC.
"""

from __future__ import annotations

from typing import Any

import msgspec

from guerdon import limits
from guerdon.domain.purchases import TRANSACTION_WAS_REGISTERED, Exclusions, Item, Label, Purchase
from guerdon.store.port import Row, Rows

_EVERYTHING = 2**62
_items = msgspec.json.Decoder(tuple[Item, ...])
_labels = msgspec.json.Decoder(tuple[Label, ...])
_exclusions = msgspec.json.Decoder(Exclusions)

SORTS = {
    "purchaseDate": 1,
    "grossValue": 2,
    "documentType": 3,
    "customerId": 4,
    "documentNumber": 5,
    "purchasePlace": 6,
    "transactionId": 7,
}
"""What lists can be sorted by; the query knows each by its number."""


class Total(msgspec.Struct, frozen=True):
    """What a member bought altogether, returns taken off.

    sales:     how many were ever assigned; `purchases`: those that did not come back whole.
    first_at, last_at: when the first and the last of them were made; 0 when there is none.
    """

    sales: int = 0
    purchases: int = 0
    gross: int = 0
    gross_without_delivery: int = 0
    excluded_for_level: int = 0
    first_at: int = 0
    last_at: int = 0

    @property
    def average(self) -> int:
        """What one purchase came to on average, rounded down."""
        return self.gross // self.purchases if self.purchases else 0


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which purchases a list is about; what is left alone matches everything.

    document_number, name, email, phone, card: parts of the text, the last four in lower case.
    labels: pairs of a key and a value, either may be None for any; all of them must be there.
    """

    number: int | None = None
    is_return: bool | None = None
    pos_id: str = ""
    document_number: str = ""
    name: str = ""
    email: str = ""
    phone: str = ""
    card: str = ""
    labels: tuple[tuple[str | None, str | None], ...] = ()
    purchased_from: int = -_EVERYTHING
    purchased_to: int = _EVERYTHING
    gross_from: int = -_EVERYTHING
    gross_to: int = _EVERYTHING


ALL = Wanted()


def by_id(rows: Rows, tenant_id: int, purchase_id: str) -> Purchase | None:
    """The purchase with a uuid."""
    row = rows.one("purchase_by_id", tenant_id=tenant_id, purchase_id=purchase_id)
    return _purchase(row) if row else None


def by_document(rows: Rows, tenant_id: int, document_number: str) -> Purchase | None:
    """The purchase with a document's number."""
    row = rows.one("purchase_by_document", tenant_id=tenant_id, document_number=document_number)
    return _purchase(row) if row else None


def returns_of(rows: Rows, tenant_id: int, purchase: Purchase) -> list[Purchase]:
    """The returns of a purchase, assigned or not, in the order they were registered."""
    document = purchase.document_number
    found = rows.all("returns_of", tenant_id=tenant_id, document_number=document)
    return _several(rows, tenant_id, found)


def of_member(
    rows: Rows,
    tenant_id: int,
    number: int,
    *,
    from_time: int = -_EVERYTHING,
    to_time: int = _EVERYTHING,
    limit: int = limits.openloyalty_rows_deep_max,
) -> list[Purchase]:
    """A member's purchases made in a span of time (both ends included), oldest first."""
    found = rows.all(
        "purchases_of_member_between",
        tenant_id=tenant_id,
        number=number,
        from_time=from_time,
        to_time=to_time,
        limit=limit,
    )
    return _several(rows, tenant_id, found)


def page(
    rows: Rows,
    tenant_id: int,
    wanted: Wanted = ALL,
    *,
    sort: str = "",
    descending: bool = False,
    offset: int = 0,
    limit: int = 10,
) -> tuple[list[Purchase], int]:
    """A page of the purchases that match, and how many match in all.

    sort: one of `SORTS`, or "" for the order in which they were registered.
    Cost: whole lists in that order are read from their key and counted by a counter; any other is
          a walk over all purchases of the tenant (or of the member, where one is wanted).
    """
    if wanted == ALL and not sort:
        query = "purchases_down" if descending else "purchases_up"
        found = rows.all(query, tenant_id=tenant_id, limit=limit, offset=offset)
        return _several(rows, tenant_id, found), total(rows, tenant_id)
    values = _values(wanted)
    found = rows.all(
        "purchases_matching",
        tenant_id=tenant_id,
        sort=SORTS.get(sort, 0),
        direction=-1 if descending else 1,
        limit=limit,
        offset=offset,
        **values,
    )
    counted = rows.one("count_purchases_matching", tenant_id=tenant_id, **values)
    return _several(rows, tenant_id, found), counted[0] if counted else 0


def total(rows: Rows, tenant_id: int) -> int:
    """How many purchases and returns were ever registered."""
    name = "decision:" + TRANSACTION_WAS_REGISTERED
    row = rows.one("counter_total", tenant_id=tenant_id, name=name)
    return row[0] if row else 0


def total_of(rows: Rows, tenant_id: int, number: int) -> Total:
    """What a member bought altogether."""
    row = rows.one("purchase_total", tenant_id=tenant_id, number=number)
    return Total(*row) if row else Total()


def excluded_delivery(number: int) -> str:
    """The counter of a member's delivery costs that do not count towards a level either.

    It is there only for who has any: hardly a programme excludes the same thing for both reasons.
    """
    return f"excluded-delivery:{number}"


def excluded_delivery_of(rows: Rows, tenant_id: int, number: int) -> int:
    """How much of what does not count towards a member's level is delivery costs."""
    row = rows.one("counter_total", tenant_id=tenant_id, name=excluded_delivery(number))
    return row[0] if row else 0


def places_of(rows: Rows, tenant_id: int, number: int) -> dict[str, int]:
    """Where a member bought, by POS, and how often; what came back whole is not counted."""
    found = rows.all("purchase_places", tenant_id=tenant_id, number=number)
    return {pos_id: purchases for pos_id, purchases in found if purchases > 0}


def bought_of(rows: Rows, tenant_id: int, number: int, kind: str) -> set[str]:
    """Everything of a kind (`sku`, `maker`, `label`) that a member ever bought."""
    found = rows.all("bought_of_member", tenant_id=tenant_id, number=number, kind=kind)
    return {row[0] for row in found}


def buyers(
    rows: Rows, tenant_id: int, kind: str, value: str, *, after: int = 0, limit: int
) -> list[int]:
    """A page of the members who ever bought something, by number."""
    found = rows.all(
        "buyers", tenant_id=tenant_id, kind=kind, value=value, after=after, limit=limit
    )
    return [row[0] for row in found]


def label_text(label: Label) -> str:
    """A label as one text, which is how `bought` and lists know it."""
    return msgspec.json.encode(label).decode()


def item_labels(rows: Rows, tenant_id: int) -> dict[str, list[str]]:
    """The values that labels of items have, by key."""
    found = rows.all("item_labels", tenant_id=tenant_id, limit=limits.item_labels_listed_max)
    values: dict[str, list[str]] = {}
    for key, value in found:
        values.setdefault(key, []).append(value)
    return values


def _several(rows: Rows, tenant_id: int, positions: list[Row]) -> list[Purchase]:
    found = (rows.one("purchase", tenant_id=tenant_id, position=row[0]) for row in positions)
    return [_purchase(row) for row in found if row]


def _values(wanted: Wanted) -> dict[str, Any]:
    """The parameters of the queries that match."""
    values: dict[str, Any] = msgspec.structs.asdict(wanted)
    number, is_return = values.pop("number"), values.pop("is_return")
    values["number_from"] = 0 if number is None else number
    values["number_to"] = _EVERYTHING if number is None else number
    values["return_from"] = int(is_return is True)
    values["return_to"] = int(is_return is not False)
    parts = [_label_part(*label) for label in values.pop("labels")]
    for at in range(limits.purchase_labels_asked_max):
        values[f"label_{at + 1}"] = parts[at] if at < len(parts) else ""
    return values


def _label_part(key: str | None, value: str | None) -> str:
    """What the text of labels holds if one of them has that key and that value."""
    start = "," if key is None else f"[{_json(key)},"
    return start if value is None else f"{start}{_json(value)}]"


def _json(text: str) -> str:
    return msgspec.json.encode(text).decode()


def _purchase(row: Row) -> Purchase:
    return Purchase(
        position=row[0],
        purchase_id=row[1],
        document_number=row[2],
        is_return=bool(row[3]),
        purchased_at=row[4],
        place=row[5],
        pos_id=row[6],
        revised_document=row[7],
        number=row[8],
        registered_at=row[9],
        assigned_at=row[10],
        returned=row[11],
        items=_items.decode(row[12]),
        labels=_labels.decode(row[13]),
        exclusions=_exclusions.decode(row[14]),
        customer=msgspec.json.decode(row[15]),
    )
