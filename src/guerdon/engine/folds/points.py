"""Points: what each account holds and how it came to that.

Each decision becomes postings between two accounts, whose sums the accounts are. Which lots a spend
was taken from is not in its payload: it follows from the lots there were and from the order of
spending at that position, both of which a rebuild meets again.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

from guerdon.clock import from_datetime
from guerdon.domain import points, registration
from guerdon.domain.lots import FOREVER, Lot, Piece
from guerdon.domain.points import (
    AVAILABLE,
    BLOCKED,
    CANCELED,
    DEBT,
    EXPIRED,
    ISSUED,
    LOCKED,
    OF_MEMBER,
    SPENT,
    TRANSIT,
    hundredths,
)
from guerdon.engine import purses
from guerdon.engine.folds import levels
from guerdon.engine.folds.fact import Fact, Fold, Payload, text
from guerdon.errors import Defect
from guerdon.store import movements
from guerdon.store import points as ledger
from guerdon.store.transaction import Transaction

_DAY_CHARS = len("YYYY-MM-DD")
Leg = tuple[str, str, int]
"""Points that go from one account to another."""


def _account_created(tx: Transaction, fact: Fact) -> None:
    tenant_id, number = fact.tenant_id, fact.number
    account = tx.accounts[tenant_id, number] = ledger.Account.empty(number, fact.aggregate)
    tx.rows.run(
        "add_account",
        tenant_id=tenant_id,
        number=number,
        account_id=fact.aggregate,
        moves=account.moves,
    )


def _added(tx: Transaction, fact: Fact) -> None:
    if "senderId" in fact.payload["pointsTransfer"]:
        _came_in(tx, fact, "p2p_adding", TRANSIT)
    else:
        _came_in(tx, fact, "adding", ISSUED)


def _returned(tx: Transaction, fact: Fact) -> None:
    _came_in(tx, fact, "returning", SPENT)


def _came_in(tx: Transaction, fact: Fact, kind: str, source: str) -> None:
    transfer = fact.payload["pointsTransfer"]
    value, remaining = hundredths(transfer["value"]), hundredths(transfer["availableAmount"])
    is_locked = transfer["locked"]
    expires_at = _moment(transfer.get("expiresAt")) or FOREVER
    locked_until = _moment(transfer.get("lockedUntil"))
    _add_transfer(
        tx,
        fact,
        kind,
        state="pending" if is_locked else "active",
        remaining=remaining,
        expires_at=expires_at,
        locked_until=locked_until,
        due_at=locked_until if is_locked else _due(remaining, expires_at),
        other_account=_id(transfer, "senderId", "accountId"),
    )
    if is_locked:
        _post(tx, fact, fact.position, [(source, LOCKED, value)], lapsed=0)
        return
    legs = [(source, AVAILABLE, remaining), (source, DEBT, value - remaining)]
    lapsed = remaining if expires_at <= fact.recorded_at else 0
    if remaining and not lapsed:
        lot = Lot(fact.position, remaining, expires_at, fact.recorded_at)
        purses.put(tx, fact.tenant_id, fact.number, lot)
    earned = value if kind == "adding" else 0
    spent = -value if source == SPENT else 0
    received = value if source == TRANSIT else 0
    _post(
        tx,
        fact,
        fact.position,
        legs,
        lapsed=lapsed,
        earned=earned,
        spent=spent,
        received=received,
    )


def _spent(tx: Transaction, fact: Fact) -> None:
    transfer = fact.payload["pointsTransfer"]
    value = hundredths(transfer["value"])
    taken = sum(piece.points for piece in _take(tx, fact, value))
    _add_transfer(
        tx, fact, "spending", revised_id=_id(transfer, "revisedTransactionId", "transactionId")
    )
    legs = [(AVAILABLE, SPENT, taken), (DEBT, SPENT, value - taken)]
    _post(tx, fact, fact.position, legs, lapsed=0, spent=value)


def _transferred(tx: Transaction, fact: Fact) -> None:
    transfer = fact.payload["pointsTransfer"]
    value = hundredths(transfer["value"])
    _take(tx, fact, value)
    _add_transfer(tx, fact, "p2p_spending", other_account=_id(transfer, "receiverId", "accountId"))
    _post(tx, fact, fact.position, [(AVAILABLE, TRANSIT, value)], lapsed=0)


def _blocked(tx: Transaction, fact: Fact) -> None:
    value = hundredths(fact.payload["pointsTransfer"]["value"])
    pieces = [(piece.lot.position, piece.points) for piece in _take(tx, fact, value)]
    _add_transfer(tx, fact, "blocking", pieces=text(pieces))
    _post(tx, fact, fact.position, [(AVAILABLE, BLOCKED, value)], lapsed=0)


def _canceled(tx: Transaction, fact: Fact) -> None:
    transfer = _named(tx, fact)
    if transfer.kind == "blocking":
        _release(tx, fact, transfer)
        return
    _set_lot(tx, transfer, fact, "canceled", 0, None)
    was_pending = transfer.state == "pending"
    legs = [(LOCKED if was_pending else AVAILABLE, CANCELED, transfer.remaining or 0)]
    _post(tx, fact, transfer.position, legs, earned=0 if was_pending else -transfer.value)
    if not was_pending:
        levels.unearn(tx, fact.tenant_id, transfer)


def _release(tx: Transaction, fact: Fact, transfer: ledger.Transfer) -> None:
    """Blocked points go back to the lots they came from, as far as no debt waits for them.

    What a lot was that is canceled by now goes where the rest of it went.
    """
    _set_lot(tx, transfer, fact, "canceled", None, None)
    sources = [(ledger.at(tx.rows, fact.tenant_id, at), taken) for at, taken in transfer.pieces]
    kept = [(lot, taken) for lot, taken in sources if lot is None or lot.state != "canceled"]
    value = sum(taken for _, taken in kept)
    settled = min(_account(tx, fact).debt, value)
    left = value - settled
    legs = [
        (BLOCKED, AVAILABLE, left),
        (BLOCKED, DEBT, settled),
        (BLOCKED, CANCELED, transfer.value - value),
    ]
    for lot, taken in kept:
        given = min(taken, left)
        left -= given
        if lot is not None and given:
            remaining = (lot.remaining or 0) + given
            _set_lot(tx, lot, fact, "active", remaining, lot.expires_at)
    _post(tx, fact, transfer.position, legs)


def _expired(tx: Transaction, fact: Fact) -> None:
    lot = _named(tx, fact)
    remaining = lot.remaining or 0
    _turned(tx, lot, fact, "expired")
    tx.rows.later("expire_lot", (fact.tenant_id, lot.position))
    legs = [(AVAILABLE, EXPIRED, remaining)]
    _post(tx, fact, lot.position, legs, lapsed=-remaining, expired=remaining)


def _unlocked(tx: Transaction, fact: Fact) -> None:
    lot = _named(tx, fact)
    remaining = lot.remaining or 0
    settled = min(_account(tx, fact).debt, remaining)
    left = remaining - settled
    due_at = _due(left, lot.expires_at or FOREVER)
    _set_lot(tx, lot, fact, "active", left, due_at)
    legs = [(LOCKED, AVAILABLE, left), (LOCKED, DEBT, settled)]
    lapsed = left if (lot.expires_at or FOREVER) <= fact.recorded_at else 0
    _post(tx, fact, lot.position, legs, lapsed=lapsed, earned=lot.value)


def _reset(tx: Transaction, fact: Fact) -> None:
    account = _account(tx, fact)
    of = {"tenant_id": fact.tenant_id, "number": fact.number, "moment": fact.recorded_at}
    for kind, state, count in tx.rows.all("open_lots", **of):
        _count(tx, fact, kind, state, -count)
        _count(tx, fact, kind, "expired", count)
    tx.lots.clear()
    purses.forget(tx, fact.tenant_id, fact.number)
    tx.rows.run("empty_open_lots", **of)
    legs = [(AVAILABLE, EXPIRED, account.held), (LOCKED, EXPIRED, account.locked)]
    _post(tx, fact, 0, legs, expired=account.held + account.locked)


def _take(tx: Transaction, fact: Fact, value: int) -> list[Piece]:
    """Take points from the member's lots, as far as they go."""
    pieces = purses.take(tx, fact.tenant_id, fact.number, value, fact.recorded_at)
    for piece in pieces:
        tx.lots.pop((fact.tenant_id, piece.lot.position), None)
        place = fact.tenant_id, piece.lot.position
        tx.rows.later("take_from_lot", (piece.points, *place))
        if piece.is_all:
            tx.rows.later("close_lot", place)
    return pieces


def _add_transfer(  # noqa: PLR0913 - what kinds of transfers have of their own
    tx: Transaction,
    fact: Fact,
    kind: str,
    *,
    state: str = "active",
    remaining: int | None = None,
    expires_at: int | None = None,
    locked_until: int | None = None,
    due_at: int | None = None,
    revised_id: str | None = None,
    other_account: str | None = None,
    pieces: str | None = None,
) -> None:
    transfer = fact.payload["pointsTransfer"]
    tx.rows.later(
        "add_points_transfer",
        (
            fact.tenant_id,
            fact.position,
            fact.number,
            transfer["id"]["pointsTransferId"],
            kind,
            state,
            hundredths(transfer["value"]),
            transfer["issuer"],
            transfer.get("comment"),
            fact.recorded_at,
            remaining,
            1 if remaining else 0,
            expires_at,
            locked_until,
            due_at,
            _id(transfer, "transactionId", "transactionId"),
            revised_id,
            other_account,
            pieces,
        ),
    )
    _count(tx, fact, kind, state, 1)
    tx.count(fact.tenant_id, ledger.ON_DAY + transfer["createdAt"][:_DAY_CHARS], 1)


_MEMBERS = frozenset(OF_MEMBER)
"""The accounts each member has; the others are the programme's."""
_NO_CHANGE = dict.fromkeys((*OF_MEMBER, "earned", "spent", "expired", "received"), 0)
"""In the order of `change_account`."""


def _post(
    tx: Transaction,
    fact: Fact,
    about: int,
    legs: Iterable[Leg],
    *,
    lapsed: int | None = None,
    **totals: int,
) -> None:
    """Record movements and add them to the sums; the second of two only if it moves anything.

    lapsed: what else of the account's points is past its expiry now; None when that must be looked
            up.
    """
    tenant_id, number, position = fact.tenant_id, fact.number, fact.position
    change = {**_NO_CHANGE, **totals}
    for leg, (source, target, moved) in enumerate(legs):
        if leg and not moved:
            continue
        tx.rows.later(
            "add_points_posting",
            (tenant_id, position, leg, number, about, source, target, moved, fact.recorded_at),
        )
        for account, added in ((source, -moved), (target, moved)):
            if account in _MEMBERS:
                change[account] += added
            else:
                tx.count(tenant_id, ledger.PREFIX + account, added)
    change[DEBT] = -change[DEBT]
    known: ledger.Account | None = tx.accounts.get((tenant_id, number))
    before = known or _account(tx, fact)
    moves = _moves(tx, fact, before)
    tx.rows.later("change_account", (*change.values(), moves, tenant_id, number))
    if known is None:
        return  # what was read now may know of what this decision lets lapse
    if lapsed is None:
        del tx.accounts[tenant_id, number]
    else:
        tx.accounts[tenant_id, number] = before.after(change, lapsed, moves)


def _moves(tx: Transaction, fact: Fact, before: ledger.Account) -> str:
    """Where the account's latest movements are, this one included; a run of them is put away."""
    moves = before.moves
    if movements.is_run(moves):
        run = (fact.tenant_id, fact.number, movements.last(moves), moves)
        tx.rows.later("add_points_run", run)
        moves = movements.NONE
    return movements.and_then(moves, fact.position)


def _set_lot(
    tx: Transaction,
    lot: ledger.Transfer,
    fact: Fact,
    state: str,
    remaining: int | None,
    due_at: int | None,
) -> None:
    _turned(tx, lot, fact, state)
    is_open = 1 if remaining else 0
    tx.rows.later("set_lot", (state, remaining, is_open, due_at, fact.tenant_id, lot.position))


def _turned(tx: Transaction, lot: ledger.Transfer, fact: Fact, state: str) -> None:
    """A lot is in another state: it is counted there, and nobody remembers it as it was."""
    _count(tx, fact, lot.kind, lot.state, -1)
    _count(tx, fact, lot.kind, state, 1)
    tx.lots.pop((fact.tenant_id, lot.position), None)
    purses.forget(tx, fact.tenant_id, lot.number)


def _count(tx: Transaction, fact: Fact, kind: str, state: str, change: int) -> None:
    tx.count(fact.tenant_id, f"{ledger.OF_KIND}{kind}:{state}", change)


def _named(tx: Transaction, fact: Fact) -> ledger.Transfer:
    """The transfer that a decision is about."""
    transfer_id = fact.payload["pointsTransferId"]["pointsTransferId"]
    place = fact.tenant_id, points.position_of(transfer_id) or 0
    known: ledger.Transfer | None = tx.lots.get(place)
    if known is not None and known.transfer_id == transfer_id:
        return known
    transfer = ledger.transfer(tx.rows, fact.tenant_id, transfer_id)
    if transfer is None:
        raise Defect(f"decision {fact.position} is about a transfer there is not")
    return transfer


def _account(tx: Transaction, fact: Fact) -> ledger.Account:
    known: ledger.Account | None = tx.accounts.get((fact.tenant_id, fact.number))
    if known is not None:
        return known
    account = ledger.account(tx.rows, fact.tenant_id, fact.number, fact.recorded_at)
    if account is None:
        raise Defect(f"decision {fact.position} is about an account there is not")
    return account


def _due(remaining: int, expires_at: int) -> int | None:
    return expires_at if remaining and expires_at != FOREVER else None


@lru_cache(maxsize=256)
def _moment(shown: str | None) -> int | None:
    """Remembered, since lots of one commit last equally long."""
    return from_datetime(datetime.fromisoformat(shown)) if shown else None


def _id(transfer: Payload, name: str, key: str) -> str | None:
    named = transfer.get(name)
    return named[key] if named else None


FOLDS: dict[str, Fold] = {
    registration.ACCOUNT_WAS_CREATED: _account_created,
    points.POINTS_WERE_ADDED: _added,
    points.POINTS_WERE_RETURNED: _returned,
    points.POINTS_WERE_SPENT: _spent,
    points.POINTS_WERE_TRANSFERRED: _transferred,
    points.POINTS_WERE_BLOCKED: _blocked,
    points.TRANSFER_WAS_CANCELED: _canceled,
    points.TRANSFER_WAS_EXPIRED: _expired,
    points.TRANSFER_WAS_UNLOCKED: _unlocked,
    points.POINTS_WERE_RESET: _reset,
}
CLEARED = (
    "clear_points_postings",
    "clear_points_runs",
    "clear_points_transfers",
    "clear_accounts",
    "clear_points_counters",
)
