"""A leased delivery becomes a signed one, and what became of it reaches the store."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from guerdon import limits
from guerdon.cli import outgoing
from guerdon.engine.commands import IssueMemberToken, LeasedDelivery, SettleDelivery
from guerdon.outbound import sign
from guerdon.outbound.delivery import Attempt, Outcome

KEY = bytes(range(32))
TOKENS = 28


def leased(**changes: Any) -> LeasedDelivery:
    fields = {
        "tenant_id": 1,
        "delivery_id": 7,
        "kind": "webhook",
        "target": "https://example.com/hook",
        "subject": "initial",
        "body": "{}",
        "attempt": 1,
        "fence": 3,
        "owed_at": 1_700_000_000_000_000,
    }
    return LeasedDelivery(**{**fields, **changes})


def test_a_webhook_is_always_signed() -> None:
    delivery = outgoing.delivery_of(leased(), KEY)
    (secret,) = delivery.secrets
    assert secret == outgoing.made_secret(KEY, 1)
    assert secret != outgoing.made_secret(KEY, 2)
    assert secret != outgoing.made_secret(bytes(32), 1)
    assert len(sign.key_of(secret)) == 32
    assert KEY not in sign.key_of(secret)


def test_a_tenants_own_secret_signs_when_there_is_one() -> None:
    secret = outgoing.made_secret(bytes(32), 9)
    assert outgoing.delivery_of(leased(secret=secret), KEY).secrets == (secret,)


def test_mail_is_not_signed_and_keeps_its_id_from_one_attempt_to_the_next() -> None:
    first = outgoing.delivery_of(leased(kind="mail", target="a@b.example"), KEY)
    second = outgoing.delivery_of(leased(kind="mail", target="a@b.example", attempt=2), KEY)
    assert first.secrets == ()
    assert first.message_id == second.message_id
    assert first.message_id != outgoing.delivery_of(leased(delivery_id=8), KEY).message_id


def test_an_attempt_is_settled_with_its_fence_and_its_reason() -> None:
    delivery = outgoing.delivery_of(leased(), KEY)
    outcome = Outcome(result="later", due_at=5, status=500, error="http_500", detail="x" * 5_000)
    settled = outgoing.settlement(delivery, outcome)
    assert (settled.tenant_id, settled.delivery_id, settled.fence) == (1, 7, 3)
    assert (settled.outcome, settled.due_at, settled.status) == ("later", 5, 500)
    assert settled.error is not None
    assert settled.error.startswith("http_500: x")
    assert len(settled.error) < 2_000
    assert outgoing.settlement(delivery, Outcome(result="delivered")).error is None


def test_what_is_owed_is_sent_and_settled(house: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    house.setting("meditopia.status_url", "https://127.0.0.1/hook")
    member = house.member(("external", "user-1"))
    house.execute(IssueMemberToken(house.tenant_id, 0, member.number))

    async def deliver() -> None:
        sender = outgoing.deliverer(house.engine, house.config)
        running = asyncio.create_task(sender.run())
        while not settled:  # noqa: ASYNC110 - a store has no bell
            await asyncio.sleep(0)
        sender.stop()
        await running

    def execute(command: Any) -> Any:
        answer = execute_really(command)
        if isinstance(command, SettleDelivery):
            settled.append(command)
        return answer

    settled: list[SettleDelivery] = []
    execute_really = house.engine.execute
    monkeypatch.setattr(house.engine, "execute", execute)
    house.run(deliver())
    (row,) = house.read(lambda rows: rows.all("due_deliveries", now=2**62, limit=10))
    assert json.loads(row[5])["action"] == "initial"
    # A private address is never reached, and that is told.
    assert (row[6], settled[0].error.partition(":")[0]) == (1, "target_not_public")


def test_no_more_is_taken_for_a_receiver_than_may_wait(
    house: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.setting("meditopia.status_url", "https://example.com/hook")
    member = house.member(("external", "user-1"))
    for _ in range(TOKENS):  # every token's message is sent again
        house.execute(IssueMemberToken(house.tenant_id, 0, member.number))
    (owed,) = house.read(lambda rows: rows.one("deliveries_waiting"))
    taken: list[int] = []
    settled: list[SettleDelivery] = []
    # A claim is of so many whatever is under way, and made while less than enough wait.
    waiting = limits.deliveries_waiting_per_target_max + limits.deliveries_running_max
    bound = waiting + limits.deliveries_per_target_max
    assert owed > 2 * bound
    is_over = asyncio.Event()
    execute_really = house.engine.execute

    async def send(_delivery: Any) -> Attempt:
        return Attempt(status=204)

    async def execute(command: Any) -> Any:
        answer = await execute_really(command)
        if isinstance(command, SettleDelivery):
            settled.append(command)
        else:
            taken.extend(each.delivery_id for each in answer)
        if len(settled) == owed or len(taken) - len(settled) > bound:
            is_over.set()
        return answer

    async def deliver() -> None:
        sender = outgoing.deliverer(house.engine, house.config)
        running = asyncio.create_task(sender.run())
        await is_over.wait()
        sender.stop()
        await running

    monkeypatch.setattr(outgoing.webhook, "sender", lambda *_, **__: send)
    monkeypatch.setattr(house.engine, "execute", execute)
    house.run(deliver())
    assert len(settled) == len(taken) == owed
