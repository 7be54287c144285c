"""Members' accounts of points as a transaction sees them, and what they must be able to bear.

An account that was read is remembered for as long as the transaction lasts, since the tenant's head
is held: only folds change it, and they change what is remembered with it.
"""

from __future__ import annotations

from collections.abc import Collection

from guerdon import limits
from guerdon.domain.points import ISSUED
from guerdon.errors import NotFound, Refused
from guerdon.store import points as ledger
from guerdon.store import standing
from guerdon.store.points import Account
from guerdon.store.transaction import Transaction


def account(tx: Transaction, tenant_id: int, number: int) -> Account:
    """A member's account as it is now. Errors: NotFound `unknown_member`."""
    found: Account | None = tx.accounts.get((tenant_id, number))
    if found is None or found.lapsed is None:
        found = ledger.account(tx.rows, tenant_id, number, tx.moment(tenant_id))
        if found is None:
            raise NotFound("user not found", code="unknown_member")
        tx.accounts[tenant_id, number] = found
    return found


def learn(
    tx: Transaction, tenant_id: int, numbers: Collection[int], *, books_only: bool = False
) -> None:
    """Read several members' accounts at once, so that each is there when it is asked for.

    books_only: enough for whoever records what has lapsed. How much that is would be added up lot
                by lot, again and again until the last one is through.
    """
    new = [number for number in numbers if (tenant_id, number) not in tx.accounts]
    moment = None if books_only else tx.moment(tenant_id)
    for found in ledger.accounts(tx.rows, tenant_id, new, moment) if new else ():
        tx.accounts[tenant_id, found.number] = found


def books(tx: Transaction, tenant_id: int, number: int) -> Account:
    """What the books have of a member's account. Errors: NotFound `unknown_member`."""
    return tx.accounts.get((tenant_id, number)) or account(tx, tenant_id, number)


def covering(
    tx: Transaction, tenant_id: int, number: int, amount: int, field: str | None = None
) -> Account:
    """The account, if it covers the amount. Errors: Refused `insufficient_points`."""
    require_amount(amount)
    of = named(tx, tenant_id, number, field)
    if of.available < amount:
        raise Refused("not enough points", code="insufficient_points", field="points")
    return of


def named(tx: Transaction, tenant_id: int, number: int, field: str | None = None) -> Account:
    """A member's account; `field` is what the request calls the member.

    Errors: NotFound `unknown_member`.
    """
    try:
        return account(tx, tenant_id, number)
    except NotFound as unknown:
        unknown.field = field
        raise


def require_present(tx: Transaction, tenant_id: int, number: int, field: str | None = None) -> None:
    """Make sure that a member was not deleted; `field` is what the request calls the member.

    Errors: NotFound `unknown_member`.
    """
    if standing.of(tx.rows, tenant_id, number).status == "deleted":
        raise NotFound("user not found", code="unknown_member", field=field)


def require_amount(amount: int) -> None:
    """An amount that can be moved. Errors: Refused `invalid_points`."""
    if not 0 < amount <= limits.points_hundredths_max:
        raise Refused("points must be above zero", code="invalid_points", field="points")


def require_room(tx: Transaction, tenant_id: int, to: Account, amount: int) -> None:
    """Keep balances readable for JavaScript, and the programme's sums within the database's range.

    Errors: Refused `balance_limit`.
    """
    issued = -tx.total(tenant_id, ledger.PREFIX + ISSUED)
    if (
        to.total + amount > limits.points_hundredths_max
        or issued + amount > limits.points_issued_hundredths_max
    ):
        raise Refused("the balance would be too large", code="balance_limit", field="points")
