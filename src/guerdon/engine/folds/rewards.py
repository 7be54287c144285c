"""Rewards: coupons in stock, bought and used."""

from __future__ import annotations

import json
from typing import Any

from guerdon.domain import coupons, moments
from guerdon.domain.points import hundredths
from guerdon.domain.rewards import PERCENTAGE
from guerdon.engine.folds.fact import Fact, Fold
from guerdon.store import rewards
from guerdon.store.rewards import BoughtCoupon
from guerdon.store.transaction import Transaction

_EVERYBODY = 0


def _stocked(tx: Transaction, fact: Fact) -> None:
    codes = fact.payload["codes"] or []
    of = {"tenant_id": fact.tenant_id, "reward_id": fact.aggregate}
    start = rewards.stock(tx.rows, fact.tenant_id, fact.aggregate).last_ordinal
    ordinals = {code: ordinal for ordinal, code in enumerate(codes, start + 1)}
    known = [row[0] for row in tx.rows.all("retired_codes", codes=_listed(codes), **of)]
    for code in known:
        tx.rows.run("restock_code", ordinal=ordinals.pop(code), code=code, **of)
    tx.rows.run_many(
        "add_code",
        [(fact.tenant_id, fact.aggregate, ordinal, code) for code, ordinal in ordinals.items()],
    )
    count = len(codes)
    _tally(tx, fact, fact.aggregate, last_ordinal=count, stocked=count, free=len(ordinals))


def _withdrawn(tx: Transaction, fact: Fact) -> None:
    codes = fact.payload["codes"] or []
    of = {"tenant_id": fact.tenant_id, "reward_id": fact.aggregate}
    tx.rows.run_many("withdraw_code", [(*of.values(), code) for code in codes])
    sold = tx.rows.run("retire_codes", codes=_listed(codes), **of)
    _tally(tx, fact, fact.aggregate, stocked=-len(codes), free=sold - len(codes))


def _bought(tx: Transaction, fact: Fact) -> None:
    payload = fact.payload
    reward_id = payload["campaignId"]["campaignId"]
    code = payload["coupon"]["code"]
    since, until = _moment(payload, "activeSince"), _moment(payload, "activeTo")
    status = payload["status"]
    tx.rows.run(
        "add_coupon",
        tenant_id=fact.tenant_id,
        ordinal=fact.position,
        coupon_id=payload["coupon"]["id"],
        number=fact.number,
        member_id=fact.aggregate,
        reward_id=reward_id,
        reward=payload["reward"],
        name=payload["campaignName"],
        code=code,
        cost=hundredths(payload["costInPoints"]),
        worth=int(code) if payload["reward"] == PERCENTAGE else 0,
        status=status,
        bought_at=fact.recorded_at,
        active_since=since,
        active_to=until,
        due_at=since if status == "inactive" else until,
        transaction_id=_transaction(payload),
    )
    sold = tx.rows.run("sell_code", tenant_id=fact.tenant_id, reward_id=reward_id, code=code)
    buyer = {"tenant_id": fact.tenant_id, "reward_id": reward_id, "number": fact.number}
    buyers = tx.rows.run("add_reward_buyer", **buyer)
    tx.rows.run("change_reward_buyer", change=1, **buyer)
    _tally(tx, fact, reward_id, free=-sold, bought=1, buyers=buyers)
    _tally_member(tx, fact, coupons=1)


def _usage_changed(tx: Transaction, fact: Fact) -> None:
    coupon = _coupon(tx, fact, fact.payload["coupon"]["id"])
    used = bool(fact.payload["used"])
    tx.rows.run(
        "set_coupon_usage",
        tenant_id=fact.tenant_id,
        coupon_id=coupon.coupon_id,
        used=int(used),
        used_at=fact.recorded_at if used else None,
        used_transaction_id=_transaction(fact.payload) if used else None,
        due_at=None if used or coupon.status != "active" else coupon.active_to,
    )
    change = int(used) - int(coupon.used)
    _tally(tx, fact, coupon.reward_id, used=change)
    _tally_member(tx, fact, used=change)


def _status_changed(tx: Transaction, fact: Fact) -> None:
    coupon = _coupon(tx, fact, fact.payload["coupon"]["id"])
    status = fact.payload["status"]
    ends = status == "active" and not coupon.used
    tx.rows.run(
        "set_coupon_status",
        tenant_id=fact.tenant_id,
        coupon_id=coupon.coupon_id,
        status=status,
        due_at=coupon.active_to if ends else None,
    )
    if status == "cancelled":
        _tally(tx, fact, coupon.reward_id, bought=-1)
        tx.rows.run(
            "change_reward_buyer",
            tenant_id=fact.tenant_id,
            reward_id=coupon.reward_id,
            number=fact.number,
            change=-1,
        )


def _code_changed(tx: Transaction, fact: Fact) -> None:
    coupon = fact.payload["newCoupon"]
    tx.rows.run(
        "set_coupon_code",
        tenant_id=fact.tenant_id,
        coupon_id=coupon["id"],
        code=coupon["code"],
    )


def _returned(tx: Transaction, fact: Fact) -> None:
    coupon = fact.payload["coupon"]
    tx.rows.run(
        "add_coupon_returned",
        tenant_id=fact.tenant_id,
        coupon_id=coupon["id"],
        value=int(coupon["code"]),
    )


def _delivery_changed(tx: Transaction, fact: Fact) -> None:
    _set_status(tx, fact, "set_coupon_delivery")


def _cashback_changed(tx: Transaction, fact: Fact) -> None:
    _set_status(tx, fact, "set_coupon_cashback")


def _set_status(tx: Transaction, fact: Fact, query: str) -> None:
    tx.rows.run(
        query,
        tenant_id=fact.tenant_id,
        coupon_id=fact.payload["couponId"],
        status=fact.payload["status"],
    )


def _listed(codes: list[str]) -> str:
    return json.dumps(codes, ensure_ascii=False)


def _coupon(tx: Transaction, fact: Fact, coupon_id: str) -> BoughtCoupon:
    return rewards.required_coupon(tx.rows, fact.tenant_id, coupon_id)


def _tally(tx: Transaction, fact: Fact, reward_id: str, **changes: int) -> None:
    counts = dict.fromkeys(("last_ordinal", "stocked", "free", "bought", "used", "buyers"), 0)
    tx.rows.run(
        "change_reward_tally",
        tenant_id=fact.tenant_id,
        reward_id=reward_id,
        **{**counts, **changes},
    )


def _tally_member(tx: Transaction, fact: Fact, coupons: int = 0, used: int = 0) -> None:
    for number in (fact.number, _EVERYBODY):
        tx.rows.run(
            "change_bought_tally",
            tenant_id=fact.tenant_id,
            number=number,
            coupons=coupons,
            used=used,
        )


def _moment(payload: dict[str, Any], name: str) -> int | None:
    text = payload.get(name)
    return moments.parse(text) if text else None


def _transaction(payload: dict[str, Any]) -> str | None:
    named = payload.get("transactionId")
    return str(named["transactionId"]) if named else None


FOLDS: dict[str, Fold] = {
    coupons.CODES_WERE_STOCKED: _stocked,
    coupons.CODES_WERE_WITHDRAWN: _withdrawn,
    coupons.WAS_BOUGHT: _bought,
    coupons.USAGE_WAS_CHANGED: _usage_changed,
    coupons.STATUS_WAS_CHANGED: _status_changed,
    coupons.COUPON_WAS_CHANGED: _code_changed,
    coupons.WAS_RETURNED: _returned,
    coupons.DELIVERY_STATUS_WAS_CHANGED: _delivery_changed,
    coupons.CASHBACK_STATUS_WAS_CHANGED: _cashback_changed,
}
CLEARED = (
    "clear_coupon_stock",
    "clear_bought_coupons",
    "clear_reward_tallies",
    "clear_reward_buyers",
    "clear_bought_tallies",
)
