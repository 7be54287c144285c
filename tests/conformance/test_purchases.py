"""Purchases through the engine: what is decided, in which order, and what it comes to."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from conformance.programme import AT, MONEY, Programme
from guerdon.clock import DAY, SECOND
from guerdon.domain.purchases import Item
from guerdon.engine import commands
from guerdon.engine.commands.definitions import Define
from guerdon.engine.commands.purchases import (
    AssignPurchase,
    LabelPurchase,
    RegisterPurchase,
    SimulatePurchase,
)
from guerdon.engine.commands.standing import DeactivateMember
from guerdon.errors import Duplicate, GuerdonError, NotFound, Refused
from guerdon.store import decisions, purchases, tallies

SHIRT = Item("SKU1", "Shirt", 1, 100 * MONEY, "wear", "acme", (("colour", "red"),))
SHOES = Item("SKU2", "Shoes", 2, 50 * MONEY + 5_000, "wear", "", ())
POST = Item("POST", "Postage", 1, 7 * MONEY, "service", "", ())


@pytest.fixture
def shop(house) -> Programme:
    return Programme(house)


def buyer(shop: Programme, *identities: tuple[str, str], **profile: str) -> Any:
    return shop.house.member(*identities, profile=profile)


def register(shop: Programme, document: str, *items: Item, **more: Any) -> Any:
    customer = json.dumps(more.pop("customer", {}))
    bought = RegisterPurchase(
        shop.tenant_id, 0, document, more.pop("at", AT), items, customer, **more
    )
    return shop.house.execute(bought)


def bring_back(shop: Programme, document: str, original: str, *items: Item, **more: Any) -> Any:
    return register(shop, document, *items, is_return=True, revised_document=original, **more)


def total(shop: Programme, number: int) -> purchases.Total:
    return shop.house.read(lambda rows: purchases.total_of(rows, shop.tenant_id, number))


def journal(shop: Programme, after: int = 0) -> list[Any]:
    """Decisions after a position: (last word of the type, aggregate, payload)."""
    vault = shop.house.engine.vault

    def page(rows: Any) -> list[Any]:
        return decisions.page(rows, vault, shop.tenant_id, start=after + 1, limit=1_000)

    return [
        (each.type.rpartition(".")[2], each.aggregate, json.loads(each.payload))
        for each in shop.house.read(page)
    ]


def position(shop: Programme) -> int:
    return len(journal(shop))


def state(shop: Programme) -> list[Any]:
    tenant_id = shop.tenant_id

    def asked(rows: Any) -> list[Any]:
        found, _ = purchases.page(rows, tenant_id, limit=100)
        numbers = sorted({each.number for each in found if each.number})
        return [
            found,
            [purchases.total_of(rows, tenant_id, number) for number in numbers],
            [purchases.places_of(rows, tenant_id, number) for number in numbers],
            [
                purchases.bought_of(rows, tenant_id, number, kind)
                for number in numbers
                for kind in ("sku", "maker", "label")
            ],
            purchases.item_labels(rows, tenant_id),
        ]

    return shop.house.read(asked)


SHOWN_ITEMS = [
    {
        "sku": {"code": "SKU1"},
        "name": "Shirt",
        "quantity": 1,
        "grossValue": 100,
        "category": "wear",
        "maker": "acme",
        "labels": [{"key": "colour", "value": "red"}],
    },
    {
        "sku": {"code": "SKU2"},
        "name": "Shoes",
        "quantity": 2,
        "grossValue": 50.5,
        "category": "wear",
        "labels": [],
    },
    {
        "sku": {"code": "POST"},
        "name": "Postage",
        "quantity": 1,
        "grossValue": 7,
        "category": "service",
        "labels": [],
    },
]
NAMES_OF_A_SALE = [
    "transactionId",
    "transactionData",
    "customerData",
    "items",
    "posId",
    "excludedDeliverySKUs",
    "excludedLevelSKUs",
    "excludedLevelCategories",
    "labels",
]


def test_a_sale_is_decided_in_the_documented_order_and_words(shop: Programme) -> None:
    house = shop.house
    house.setting("programme.timezone", "Europe/Warsaw")
    house.setting("purchases.excluded_delivery_skus", ["POST"])
    house.setting("purchases.excluded_level_skus", ["SKU2"])
    house.setting("purchases.excluded_level_categories", ["wear"])
    pos_id = house.execute(Define(shop.tenant_id, 0, "Pos", '{"name":"p"}')).definition_id
    who = buyer(shop, ("email", "user@example.com"), email="user@example.com", phone="+48")
    shop.rule("points", pointValue=10_000)
    after = position(shop)
    customer = {"name": "J D", "email": "USER@example.com ", "nip": None, "address": {}}
    made = register(
        shop,
        "123",
        SHIRT,
        SHOES,
        POST,
        customer=customer,
        place="Wroclaw",
        pos_id=pos_id,
        labels=(("scan", "1"), ("scan", "1")),
    )
    assert made.number == who.number
    decided = journal(shop, after)
    assert [name for name, _, _ in decided][:3] == [
        "TransactionWasRegistered",
        "CustomerWasAssignedToTransaction",
        "AssignedTransactionToCustomer",
    ]
    transaction = {"transactionId": made.purchase_id}
    assert decided[0][1:] == (
        made.purchase_id,
        {
            "transactionId": transaction,
            "transactionData": {
                "documentType": "sell",
                "documentNumber": "123",
                "purchasePlace": "Wroclaw",
                "purchaseDate": "2023-11-14T23:13:20+01:00",
            },
            "customerData": customer,
            "items": SHOWN_ITEMS,
            "posId": {"posId": pos_id},
            "excludedDeliverySKUs": ["POST"],
            "excludedLevelSKUs": ["SKU2"],
            "excludedLevelCategories": ["wear"],
            "labels": [{"key": "scan", "value": "1"}],
        },
    )
    assert list(decided[0][2]) == NAMES_OF_A_SALE
    check_the_assignment(shop, made, who, decided)


def check_the_assignment(shop: Programme, made: Any, who: Any, decided: list[Any]) -> None:
    """Whose the sale is, in both aggregates' words, and what it adds to their total."""
    transaction = {"transactionId": made.purchase_id}
    assert decided[1][1:] == (
        made.purchase_id,
        {
            "transactionId": transaction,
            "customerId": {"customerId": who.member_id},
            "email": "user@example.com",
            "phone": "+48",
        },
    )
    assert decided[2][1] == who.member_id
    assert list(decided[2][2].items()) == [
        ("customerId", {"customerId": who.member_id}),
        ("transactionId", transaction),
        ("grossValue", 157.5),
        ("grossValueWithoutDeliveryCosts", 150.5),
        ("documentNumber", "123"),
        ("amountExcludedForLevel", 150.5),
        ("isReturn", False),
    ]
    assert total(shop, who.number) == purchases.Total(
        sales=1,
        purchases=1,
        gross=157 * MONEY + 5_000,
        gross_without_delivery=150 * MONEY + 5_000,
        excluded_for_level=150 * MONEY + 5_000,
        first_at=AT,
        last_at=AT,
    )


def test_a_buyer_is_recognised_by_the_first_detail_that_names_an_active_member(
    shop: Programme,
) -> None:
    phone = buyer(shop, ("phone", "555")).number
    card = buyer(shop, ("card", "Card7")).number
    email = buyer(shop, ("email", "user@example.com")).number
    everything = {"phone": "555", "loyaltyCardNumber": "Card7", "email": "User@Example.com"}
    assert register(shop, "1", SHIRT, customer=everything).number == phone
    shop.house.execute(DeactivateMember(shop.tenant_id, 0, phone))
    assert register(shop, "2", SHIRT, customer=everything).number == card
    shop.house.setting("purchases.identification", ["email", "phone"])
    assert register(shop, "3", SHIRT, customer=everything).number == email
    assert register(shop, "4", SHIRT, customer={"loyaltyCardNumber": "Card7"}).number == 0
    assert register(shop, "5", SHIRT, number=card).number == card
    with pytest.raises(NotFound):
        register(shop, "6", SHIRT, number=99)


def test_a_return_takes_points_back_in_proportion_and_never_more_than_were_earned(
    shop: Programme,
) -> None:
    number = shop.member("a")
    shop.rule("points", pointValue=10_000)
    first = shop.buys(number, "s1", SHIRT)
    assert shop.balance(number) == 100
    after = position(shop)
    third = Item("SKU1", "Shirt", 1, 33 * MONEY + 3_333, "wear")
    made = bring_back(shop, "r1", "s1", third, number=number)
    decided = journal(shop, after)
    assert [name for name, _, _ in decided][:4] == [
        "TransactionWasRegistered",
        "CustomerWasAssignedToTransaction",
        "PointsWereSpent",
        "AssignedTransactionToCustomer",
    ]
    spent = decided[2][2]["pointsTransfer"]
    assert spent["value"] == 33.33
    assert spent["transactionId"] == {"transactionId": made.purchase_id}
    assert spent["revisedTransactionId"] == {"transactionId": first}
    assert decided[3][2]["isReturn"] is True
    assert decided[3][2]["revisedDocument"] == "s1"
    assert decided[0][2]["transactionData"]["documentType"] == "return"
    negative = Item("SKU1", "Shirt", 1, -90 * MONEY, "wear")
    bring_back(shop, "r2", "s1", negative, number=number)
    assert shop.balance(number) == 0
    bring_back(shop, "r3", "s1", SHIRT, number=number)
    assert shop.balance(number) == 0
    assert total(shop, number).gross == 0


def test_what_was_bought_before_the_programme_may_come_back(shop: Programme) -> None:
    number = shop.member("a")
    shop.rule("points", pointValue=10_000)
    shop.buys(number, "s1", SHIRT)
    known = bring_back(shop, "r1", "old", SHOES, number=number)
    unknown = bring_back(shop, "r2", "older", SHOES)
    assert (known.number, unknown.number) == (number, 0)
    shop.house.execute(AssignPurchase(shop.tenant_id, 0, "r2", number))
    now = total(shop, number)
    assert (now.sales, now.purchases, now.gross) == (1, 1, 0)
    assert shop.balance(number) == 100


def test_totals_lose_what_comes_back_and_a_purchase_once_all_of_it_did(shop: Programme) -> None:
    number = shop.member("a")
    pos_id = shop.house.execute(Define(shop.tenant_id, 0, "Pos", '{"name":"p"}')).definition_id
    shop.buys(number, "s1", SHIRT, SHOES, pos_id=pos_id)
    shop.buys(number, "s2", SHIRT, at=AT + DAY)
    shop.buys(number, "s0", SHOES, at=AT - DAY, pos_id=pos_id)
    bring_back(shop, "r1", "s1", SHOES, number=number)
    half = total(shop, number)
    assert (half.sales, half.purchases, half.gross) == (3, 3, 250 * MONEY + 5_000)
    assert (half.first_at, half.last_at) == (AT - DAY, AT + DAY)
    assert half.average == half.gross // 3
    bring_back(shop, "r2", "s1", SHIRT, number=number)
    whole = total(shop, number)
    assert (whole.sales, whole.purchases, whole.gross) == (3, 2, 150 * MONEY + 5_000)
    bring_back(shop, "r3", "s1", SHIRT, number=number)
    assert total(shop, number).purchases == 2

    def known(rows: Any) -> list[Any]:
        tenant_id = shop.tenant_id
        late = purchases.of_member(rows, tenant_id, number, from_time=AT + SECOND)
        original = purchases.by_document(rows, tenant_id, "s1")
        return [
            purchases.places_of(rows, tenant_id, number),
            purchases.bought_of(rows, tenant_id, number, "sku"),
            purchases.bought_of(rows, tenant_id, number, "maker"),
            purchases.bought_of(rows, tenant_id, number, "label"),
            purchases.buyers(rows, tenant_id, "sku", "SKU1", limit=9),
            [each.document_number for each in late],
            [each.document_number for each in purchases.returns_of(rows, tenant_id, original)],
        ]

    assert shop.house.read(known) == [
        {pos_id: 1},
        {"SKU1", "SKU2"},
        {"acme"},
        {'["colour","red"]'},
        [number],
        ["s2"],
        ["r1", "r2", "r3"],
    ]


def test_what_comes_back_twice_is_taken_off_once(shop: Programme) -> None:
    shop.house.setting("purchases.excluded_delivery_skus", ["POST"])
    shop.house.setting("purchases.excluded_level_skus", ["SKU2"])
    number = shop.member("a")
    shop.buys(number, "s0", SHIRT, SHOES, POST)
    before = total(shop, number)
    tallied = shop.house.read(lambda rows: tallies.of_tenant(rows, shop.tenant_id))
    shop.buys(number, "s1", SHIRT, SHOES, POST)
    bring_back(shop, "r1", "s1", SHOES, number=number)
    bring_back(shop, "r2", "s1", SHIRT, SHOES, POST)
    bring_back(shop, "r3", "s1", SHIRT, SHOES, POST, number=number)
    shop.house.execute(AssignPurchase(shop.tenant_id, 0, "r2", number))
    now = total(shop, number)
    assert (now.sales, now.purchases, now.gross) == (2, 1, before.gross)
    assert now.gross_without_delivery == before.gross_without_delivery
    assert now.excluded_for_level == before.excluded_for_level
    known = shop.house.read(lambda rows: tallies.of_tenant(rows, shop.tenant_id))
    assert (known.amount, known.amount_without_delivery) == (
        tallied.amount,
        tallied.amount_without_delivery,
    )
    # What came back before its purchase was on record was taken from others.
    bring_back(shop, "r4", "s2", SHIRT, number=number)
    less = total(shop, number)
    assert less.gross == before.gross - SHIRT.gross
    shop.buys(number, "s2", SHIRT)
    bring_back(shop, "r5", "s2", SHIRT, number=number)
    assert total(shop, number).gross == less.gross
    kept = state(shop)
    shop.house.execute(commands.RebuildState(shop.tenant_id, 0))
    assert state(shop) == kept
    assert shop.house.read(lambda rows: tallies.of_tenant(rows, shop.tenant_id)).count == 3


def test_a_return_before_its_purchase_is_told_apart_within_one_moment(shop: Programme) -> None:
    number, moment = shop.member("a"), shop.house.clock.now()
    shop.house.clock.now = lambda: moment
    shop.buys(number, "s1", SHIRT)
    bring_back(shop, "r1", "s2", SHIRT, number=number)
    shop.buys(number, "s2", SHIRT)
    bring_back(shop, "r2", "s2", SHIRT, number=number)
    assert total(shop, number).gross == 0


def test_a_return_belongs_to_whoever_bought(shop: Programme) -> None:
    number, other = shop.member("a"), shop.member("b")
    shop.buys(number, "s1", SHIRT)
    register(shop, "s2", SHIRT)
    with pytest.raises(Refused) as refused:
        bring_back(shop, "r1", "s1", SHIRT, number=other)
    assert (refused.value.code, refused.value.field) == ("other_customer", "revisedDocument")
    with pytest.raises(Refused):
        bring_back(shop, "r1", "s2", SHIRT, number=number)
    bring_back(shop, "r1", "s1", SHIRT)
    assert total(shop, number).gross == 100 * MONEY
    with pytest.raises(Refused):
        shop.house.execute(AssignPurchase(shop.tenant_id, 0, "r1", other))
    shop.house.execute(AssignPurchase(shop.tenant_id, 0, "r1", number))
    assert total(shop, number).gross == 0
    with pytest.raises(Refused) as again:
        shop.house.execute(AssignPurchase(shop.tenant_id, 0, "r1", number))
    assert again.value.code == "already_assigned"


def test_one_document_is_on_record_once_however_many_send_it(shop: Programme) -> None:
    number = shop.member("a")
    shop.rule("points", pointValue=10_000)

    async def all_at_once() -> list[Any]:
        same = RegisterPurchase(shop.tenant_id, 0, "s1", AT, (SHIRT,), number=number)
        sent = [shop.house.engine.execute(same) for _ in range(20)]
        return await asyncio.gather(*sent, return_exceptions=True)

    outcomes = shop.house.run(all_at_once())
    refused = [each for each in outcomes if isinstance(each, GuerdonError)]
    assert len(refused) == 19
    assert all(isinstance(each, Duplicate) and each.code == "document_exists" for each in refused)
    assert shop.balance(number) == 100
    assert total(shop, number).sales == 1


def test_nothing_is_kept_of_what_is_refused(shop: Programme) -> None:
    register(shop, "s1", SHIRT)
    after = position(shop)
    large = Item("SKU1", "Shirt", 1, 10**13, "wear")
    for wrong in (
        {"pos_id": "nowhere"},
        {"document_number": "s1"},
        {"items": (Item("SKU1", "Shirt", 1, -1, "wear"),)},
        {"items": (large, large)},
    ):
        values = {"document_number": "s2", "items": (SHIRT,), "purchased_at": AT, **wrong}
        with pytest.raises(Refused):
            shop.house.execute(RegisterPurchase(shop.tenant_id, 0, **values))
    with pytest.raises(NotFound):
        shop.house.execute(LabelPurchase(shop.tenant_id, 0, (("a", "b"),), "nobody"))
    many = tuple((str(at), "x") for at in range(51))
    with pytest.raises(Refused):
        shop.house.execute(LabelPurchase(shop.tenant_id, 0, many, document_number="s1"))
    assert position(shop) == after


def test_labels_are_decided_only_when_they_change(shop: Programme) -> None:
    made = register(shop, "s1", SHIRT, labels=(("a", "1"),)).purchase_id
    after = position(shop)
    add = LabelPurchase(shop.tenant_id, 0, (("b", "2"),), document_number="s1", is_added=True)
    assert shop.house.execute(add) == made
    assert shop.house.execute(add) == made
    decided = journal(shop, after)
    assert decided == [
        (
            "LabelsWereChanged",
            made,
            {
                "transactionId": {"transactionId": made},
                "labels": [{"key": "a", "value": "1"}, {"key": "b", "value": "2"}],
            },
        )
    ]


def test_a_simulation_gives_what_the_purchase_would(shop: Programme) -> None:
    number = buyer(shop, ("card", "7")).number
    shop.rule("points", pointValue=23_000)
    one = Item("SKU1", "Item", 1, MONEY, "aaa")
    for customer in ("{}", '{"loyaltyCardNumber":"7"}'):
        simulate = SimulatePurchase(shop.tenant_id, 0, (one,), AT, customer)
        assert shop.house.execute(simulate) == 2_30
    assert total(shop, number) == purchases.Total()


def test_a_simulation_sees_the_level_that_the_purchase_leads_to(shop: Programme) -> None:
    levels = [
        shop.house.execute(
            Define(shop.tenant_id, 0, "Level", json.dumps({"conditionValue": condition}))
        ).definition_id
        for condition in (0, 100)
    ]
    number = buyer(shop, ("card", "7")).number
    shop.rule("points", pointValue=10_000, levels=levels[1:])
    for gross, expected in ((99, 0), (200, 200)):
        one = Item("SKU1", "Item", 1, gross * MONEY, "aaa")
        simulate = SimulatePurchase(shop.tenant_id, 0, (one,), AT, '{"loyaltyCardNumber":"7"}')
        after = position(shop)
        assert shop.house.execute(simulate) == expected * 100
        assert position(shop) == after
        shop.buys(number, f"s{gross}", one)
        assert shop.balance(number) == expected
    # Where points make a level, a purchase alone leads nowhere.
    shop.house.setting("levels.tier_assign_type", "points")
    new = buyer(shop, ("card", "8")).number
    simulate = SimulatePurchase(shop.tenant_id, 0, (one,), AT, '{"loyaltyCardNumber":"8"}')
    assert shop.house.execute(simulate) == 0
    shop.buys(new, "p", one)
    assert shop.balance(new) == 0


def test_a_rebuild_gives_the_same_purchases(shop: Programme) -> None:
    number, _ = shop.member("a"), shop.member("b")
    pos_id = shop.house.execute(Define(shop.tenant_id, 0, "Pos", '{"name":"p"}')).definition_id
    shop.buys(number, "s1", SHIRT, SHOES, POST, pos_id=pos_id, labels=(("a", "1"),))
    register(shop, "s2", SHOES, customer={"name": "Zoë", "email": "Z@example.com"}, place="x")
    bring_back(shop, "r1", "s1", SHOES, number=number)
    add = LabelPurchase(shop.tenant_id, 0, (("b", "2"),), document_number="s2", is_added=True)
    shop.house.execute(add)
    before = state(shop)
    assert len(before[0]) == 3
    shop.house.execute(commands.RebuildState(shop.tenant_id, 0))
    assert state(shop) == before
