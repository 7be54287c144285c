"""Levels' use cases: who stands where after what happened, what was set by hand, and reviews.

Source: Open Loyalty 4.3: a member has a first level from registration on, and is looked at again
        whenever points or purchases change, depending on what the programme counts.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import msgspec

from guerdon.domain import levels as decide
from guerdon.domain.levels import Level, Move, Place, Policy
from guerdon.domain.purchases import Purchase
from guerdon.engine import newcomers, points, sweeps
from guerdon.engine.accounts import account
from guerdon.engine.commands import Handlers
from guerdon.engine.commands.levels import MoveToLevel, RemoveManualLevel
from guerdon.engine.consequences import follow
from guerdon.engine.definitions import known, required
from guerdon.engine.directory import read_settings
from guerdon.engine.programme import settings, timezone
from guerdon.engine.record import record
from guerdon.errors import NotFound, Refused
from guerdon.store import purchases
from guerdon.store.port import Rows
from guerdon.store.transaction import Transaction

_DELETED = "deleted"
_SWEEP = "levels"
_POLICY, _LEVELS = "levels:policy", "levels:parsed"


class _Case(msgspec.Struct, frozen=True):
    """A member whose level is looked at: where they stand and what they have."""

    tenant_id: int
    number: int
    member_id: str
    place: Place
    amount: int
    is_deleted: bool


def policy(tx: Transaction, tenant_id: int) -> Policy:
    """What the tenant's settings say about levels."""
    memory = tx.memory(tenant_id)
    found: Policy | None = memory.definitions.get(_POLICY)
    if found is None:
        found = memory.definitions[_POLICY] = policy_of(settings(tx, tenant_id))
    return found


def policy_of(values: dict[str, Any]) -> Policy:
    """What settings say about levels."""
    return Policy(
        tier=values["levels.tier_assign_type"],
        mode=values["levels.downgrade_mode"],
        base=values["levels.downgrade_base"],
        days=values["levels.downgrade_days"],
        resets_points=values["levels.reset_points_on_downgrade"],
        without_delivery=values["levels.exclude_delivery_costs"],
    )


def defined(tx: Transaction, tenant_id: int) -> dict[str, Level]:
    """The tenant's levels by their ids; remembered between commits."""
    memory = tx.memory(tenant_id)
    found: dict[str, Level] | None = memory.definitions.get(_LEVELS)
    if found is None:
        found = memory.definitions[_LEVELS] = {
            each.definition_id: decide.level(
                each.definition_id, active=each.active, age=each.ordinal, body=each.body
            )
            for each in known(tx, tenant_id, "Level").values()
        }
    return found


def require_first(tx: Transaction, tenant_id: int) -> None:
    """Make sure that somebody new would get a level: Open Loyalty registers nobody without.

    Errors: Refused `no_first_level` with the field `levelId`.
    """
    if decide.first(defined(tx, tenant_id)) is None:
        message = "There is no active level that begins at 0."
        raise Refused(message, code="no_first_level", field="levelId")


def require_active(tx: Transaction, tenant_id: int, level_id: str) -> None:
    """Make sure that somebody can be put on a level.

    Errors: NotFound `unknown_definition`; Refused `inactive_level` with the field `levelId`.
    """
    if not required(tx, tenant_id, "Level", level_id).active:
        raise Refused("The level is not active.", code="inactive_level", field="levelId")


def foreseen(tx: Transaction, tenant_id: int, purchase: Purchase) -> str | None:
    """The level that a member would have once they had bought this; nothing is recorded."""
    rules = policy(tx, tenant_id)
    case = _case(tx, tenant_id, purchase.number, purchase)
    if case is None:
        return None
    known = defined(tx, tenant_id)
    if rules.tier != decide.TRANSACTIONS or not known:
        return case.place.level_id
    change = decide.move(known, case.place, case.amount, may_fall=rules.may_fall_at_once)
    return change.level_id if change is not None else case.place.level_id


# --- What others tell ----------------------------------------------------------------------------


def on_registered(tx: Transaction, tenant_id: int, number: int) -> None:
    """Somebody joined: they begin at the level of nothing."""
    if not defined(tx, tenant_id):
        return
    new = newcomers.of(tx, tenant_id, number)
    if new is None:
        _look(tx, tenant_id, number, may_fall=False)
        return
    case = _Case(tenant_id, number, new.member.member_id, Place(None, None), 0, is_deleted=False)
    change = decide.move(defined(tx, tenant_id), case.place, case.amount, may_fall=False)
    if change is not None:
        _carry_out(tx, case, change)


def level_of(tx: Transaction, tenant_id: int, number: int) -> str | None:
    """The id of the level that a member has now."""
    return _required(tx, tenant_id, number).place.level_id


def on_level_chosen(tx: Transaction, tenant_id: int, number: int, level_id: str) -> None:
    """A form named a member's level."""
    case = _required(tx, tenant_id, number)
    if case.place.manual_level_id != level_id:
        _carry_out(tx, case, Move(level_id, case.place.level_id), manually=True)


def on_points_changed(tx: Transaction, tenant_id: int, number: int, **_: Any) -> None:
    """A member's available points changed, or what they earned."""
    rules = policy(tx, tenant_id)
    if rules.tier == decide.POINTS and defined(tx, tenant_id):
        _look(tx, tenant_id, number, may_fall=rules.may_fall_at_once)


def on_purchase(tx: Transaction, tenant_id: int, number: int, **_: Any) -> None:
    """A member bought something, or brought it back."""
    rules = policy(tx, tenant_id)
    if rules.tier == decide.TRANSACTIONS and defined(tx, tenant_id):
        _look(tx, tenant_id, number, may_fall=rules.may_fall_at_once)


def on_forgotten(tx: Transaction, tenant_id: int, number: int) -> None:
    """Whoever was deleted leaves their level, so that it counts those who are there."""
    case = _case(tx, tenant_id, number)
    if case is not None and case.is_deleted and case.place.level_id is not None:
        removes_manual = case.place.manual_level_id is not None
        change = Move(None, case.place.level_id)
        _carry_out(tx, case, change, removes_manual=removes_manual, restarts=False)


# --- What people ask for -------------------------------------------------------------------------


def move_to_level(tx: Transaction, command: MoveToLevel) -> None:
    """See `MoveToLevel`."""
    tenant_id = command.tenant_id
    case = _present(tx, tenant_id, command.number)
    require_active(tx, tenant_id, command.level_id)
    change = Move(command.level_id, case.place.level_id)
    _carry_out(tx, case, change, manually=True)


def remove_manual_level(tx: Transaction, command: RemoveManualLevel) -> None:
    """See `RemoveManualLevel`."""
    tenant_id = command.tenant_id
    case = _present(tx, tenant_id, command.number)
    if case.place.manual_level_id is None:
        message = "Customer is not assigned to level manually"
        raise Refused(message, code="no_manual_level")
    earned = decide.best(defined(tx, tenant_id), case.amount)
    change = Move(earned.level_id if earned else None, case.place.level_id)
    _carry_out(tx, case, change, removes_manual=True)


# --- What is due ---------------------------------------------------------------------------------


def review(tx: Transaction, tenant_id: int, now: int, limit: int) -> Generator[None, None, int]:
    """Review members whose period is over, longest over first; returns how many there were.

    Each may fall, begins a new period, and loses their points where the programme says so.
    """
    rules = policy_of(read_settings(tx.rows, tenant_id))
    if not rules.is_reviewed or not _due(tx, tenant_id, rules, now, 1):
        return 0
    # Whoever else writes waits from here on, so that what is read now stays true.
    due = _due(tx, tenant_id, rules, tx.moment(tenant_id), limit)
    for number in due:
        yield
        _review(tx, tenant_id, number, rules)
    return len(due)


def _due(tx: Transaction, tenant_id: int, rules: Policy, now: int, limit: int) -> list[int]:
    until = rules.due_before(now)
    found = tx.rows.all("levels_due", tenant_id=tenant_id, until=until, limit=limit)
    return [number for (number,) in found]


def is_sweep_pending(rows: Rows, tenant_id: int) -> bool:
    """Whether levels, or their settings, changed and some members have not been looked at since."""
    return sweeps.is_pending(rows, tenant_id, _SWEEP, _target(rows, tenant_id))


def sweep(tx: Transaction, tenant_id: int) -> bool:
    """Look at the next members because levels or their settings changed; whether there are more."""
    may_fall = policy(tx, tenant_id).may_fall_at_once

    def visit(number: int) -> None:
        _look(tx, tenant_id, number, may_fall=may_fall)

    return sweeps.step(tx, tenant_id, _SWEEP, _target(tx.rows, tenant_id), visit)


def _target(rows: Rows, tenant_id: int) -> str:
    version = sweeps.version(rows, tenant_id, "Level")
    return f"{version} {policy_of(read_settings(rows, tenant_id))}" if version else ""


def _review(tx: Transaction, tenant_id: int, number: int, rules: Policy) -> None:
    _look(tx, tenant_id, number, may_fall=True, restarts=False)
    case = _required(tx, tenant_id, number)
    _recalculated(tx, case)
    if rules.base == decide.ACTIVE_POINTS and rules.resets_points and not case.is_deleted:
        points.reset(tx, tenant_id, number)


def _look(
    tx: Transaction, tenant_id: int, number: int, *, may_fall: bool, restarts: bool = True
) -> None:
    """Move a member to where they belong, if that is elsewhere."""
    case = _case(tx, tenant_id, number)
    if case is None or case.is_deleted:
        return
    change = decide.move(defined(tx, tenant_id), case.place, case.amount, may_fall=may_fall)
    if change is not None:
        _carry_out(tx, case, change, restarts=restarts)


def _carry_out(
    tx: Transaction,
    case: _Case,
    change: Move,
    *,
    manually: bool = False,
    removes_manual: bool = False,
    restarts: bool = True,
) -> None:
    tenant_id = case.tenant_id
    decision = decide.moved(
        member_id=case.member_id,
        number=case.number,
        change=change,
        moment=tx.moment(tenant_id),
        timezone=timezone(tx, tenant_id),
        manually=manually,
        removes_manual=removes_manual,
    )
    record(tx, tenant_id, decision)
    if restarts and policy(tx, tenant_id).restarts_when_moved:
        _recalculated(tx, case)
    if change.level_id != change.old_level_id:
        follow(
            tx,
            tenant_id,
            "level_changed",
            case.number,
            level_id=change.level_id,
            old_level_id=change.old_level_id,
        )


def _recalculated(tx: Transaction, case: _Case) -> None:
    decision = decide.recalculated(
        member_id=case.member_id,
        number=case.number,
        moment=tx.moment(case.tenant_id),
        timezone=timezone(tx, case.tenant_id),
    )
    record(tx, case.tenant_id, decision)


def _required(tx: Transaction, tenant_id: int, number: int) -> _Case:
    case = _case(tx, tenant_id, number)
    if case is None:
        raise NotFound("user not found", code="unknown_member")
    return case


def _present(tx: Transaction, tenant_id: int, number: int) -> _Case:
    """The same of a member who was not deleted."""
    case = _required(tx, tenant_id, number)
    if case.is_deleted:
        raise NotFound("user not found", code="unknown_member")
    return case


def _case(
    tx: Transaction, tenant_id: int, number: int, imagined: Purchase | None = None
) -> _Case | None:
    """imagined: a purchase that counts as if it had been made."""
    row = tx.rows.one("level_case", tenant_id=tenant_id, number=number)
    if row is None:
        return None
    member_id, level_id, manual_level_id, earned_before, *bought, status = row
    rules = policy(tx, tenant_id)
    held = None
    if rules.tier == decide.POINTS:
        held = account(tx, tenant_id, number)
    holdings = decide.Holdings(
        available=held.available if held else 0,
        earned=held.earned if held else 0,
        earned_before=earned_before,
        gross=bought[0],
        gross_without_delivery=bought[1],
        excluded=bought[2],
        excluded_delivery=_excluded_delivery(tx, tenant_id, number, rules),
    )
    if imagined is not None:
        holdings = holdings.after(imagined)
    return _Case(
        tenant_id,
        number,
        member_id,
        Place(level_id, manual_level_id),
        decide.amount(rules, holdings),
        status == _DELETED,
    )


def _excluded_delivery(tx: Transaction, tenant_id: int, number: int, rules: Policy) -> int:
    """Asked for where it matters only."""
    if rules.tier != decide.TRANSACTIONS or not rules.without_delivery:
        return 0
    return tx.total(tenant_id, purchases.excluded_delivery(number))


HANDLERS: Handlers = {MoveToLevel: move_to_level, RemoveManualLevel: remove_manual_level}
