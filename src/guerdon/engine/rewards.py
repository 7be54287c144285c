"""Rewards' use cases: offering them, and keeping their codes in stock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from guerdon import limits
from guerdon.domain import coupons, definitions
from guerdon.domain import rewards as decide
from guerdon.domain.rewards import Reward
from guerdon.engine.commands import Handlers
from guerdon.engine.commands.definitions import Defined
from guerdon.engine.commands.rewards import DefineReward, StockCodes, SwitchReward
from guerdon.engine.definitions import known, required
from guerdon.engine.record import record
from guerdon.errors import NotFound, TooLarge
from guerdon.store import rewards
from guerdon.store.transaction import Transaction

REWARD = "Reward"
_PARSED = "rewards:parsed"


def define(tx: Transaction, command: DefineReward) -> Defined:
    """See `DefineReward`."""
    tenant_id, reward_id = command.tenant_id, command.reward_id
    if reward_id:
        required(tx, tenant_id, REWARD, reward_id)
    added: list[str] = []
    withdrawn: list[str] = []
    body = msgspec.json.decode(command.body)
    if command.codes is not None:
        changes = _changes_of_single if body.get("singleCoupon") else _changes
        added, withdrawn = changes(tx, tenant_id, reward_id, command.codes)
    reward_id = reward_id or tx.uuid()
    record(tx, tenant_id, definitions.defined(REWARD, reward_id, body, active=command.active))
    for part in _parts(withdrawn):
        record(tx, tenant_id, coupons.withdrawn(reward_id, part))
    _stock(tx, tenant_id, reward_id, added)
    return Defined(reward_id)


def stock_codes(tx: Transaction, command: StockCodes) -> int:
    """See `StockCodes`."""
    tenant_id, reward_id = command.tenant_id, command.reward_id
    required(tx, tenant_id, REWARD, reward_id)
    there = dict(rewards.codes(tx.rows, tenant_id, reward_id, limits.codes_max))
    added = [code for code in dict.fromkeys(command.codes) if code not in there]
    _require_room(len(there) + len(added))
    _stock(tx, tenant_id, reward_id, added)
    return len(added)


def switch(tx: Transaction, command: SwitchReward) -> None:
    """See `SwitchReward`."""
    offered = required(tx, command.tenant_id, REWARD, command.reward_id)
    decision = definitions.defined(REWARD, command.reward_id, offered.body, active=command.active)
    record(tx, command.tenant_id, decision)


def offered(tx: Transaction, tenant_id: int, reward_id: str) -> Reward | None:
    """A reward as it is now; remembered between commits."""
    memory = tx.memory(tenant_id)
    parsed: dict[str, Reward] = memory.definitions.setdefault(_PARSED, {})
    if reward_id not in parsed:
        found = known(tx, tenant_id, REWARD).get(reward_id)
        if found is None:
            return None
        parsed[reward_id] = decide.parse(reward_id, found.body, active=found.active)
    return parsed[reward_id]


def unknown_reward() -> NotFound:
    """There is no such reward, or none for this member now."""
    return NotFound("no such reward", code="unknown_reward")


def _changes(
    tx: Transaction, tenant_id: int, reward_id: str, codes: Iterable[str]
) -> tuple[list[str], list[str]]:
    """The codes that come and those that go, so that the stock is `codes` (and what was sold)."""
    wanted = dict.fromkeys(codes)
    there = dict(rewards.codes(tx.rows, tenant_id, reward_id, limits.codes_max))
    added = [code for code in wanted if code not in there]
    withdrawn = [code for code, is_sold in there.items() if not is_sold and code not in wanted]
    _require_room(len(there) + len(added) - len(withdrawn))
    return added, withdrawn


def _changes_of_single(
    tx: Transaction, tenant_id: int, reward_id: str, codes: Iterable[str]
) -> tuple[list[str], list[str]]:
    """The same where everybody gets the first code: what was sold goes as well, and order counts.

    What is kept is what both begin with; all behind it is taken out, and put in as it should be.
    """
    wanted = list(dict.fromkeys(codes))
    _require_room(len(wanted))
    there = [code for code, _ in rewards.codes(tx.rows, tenant_id, reward_id, limits.codes_max)]
    kept = 0
    while kept < min(len(wanted), len(there)) and wanted[kept] == there[kept]:
        kept += 1
    return wanted[kept:], there[kept:]


def _require_room(count: int) -> None:
    if count > limits.codes_max:
        message = f"A reward has at most {limits.codes_max} codes."
        raise TooLarge(message, code="too_many_codes", field="coupons")


def _stock(tx: Transaction, tenant_id: int, reward_id: str, codes: list[str]) -> None:
    for part in _parts(codes):
        record(tx, tenant_id, coupons.stocked(reward_id, part))


def _parts(codes: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(codes), limits.codes_per_decision):
        yield codes[start : start + limits.codes_per_decision]


HANDLERS: Handlers = {DefineReward: define, StockCodes: stock_codes, SwitchReward: switch}
